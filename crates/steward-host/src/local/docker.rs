//! The connection to the engine: made when it is needed, told apart when it fails.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use tokio::time::timeout;

use crate::error::{HostError, HostErrorKind};
use crate::host::Result;

/// How long the engine may take for an answer when nothing else is said.
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

/// bollard's own limit up to the head of an answer, in seconds. It is only a backstop: every call
/// here has a deadline of its own, and a pull may be silent for long before it begins.
const BACKSTOP: u64 = 3600;

/// The engine of a machine.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Where it listens: `unix:///path` or `tcp://host:port`.
    pub(crate) address: String,
    client: Mutex<Option<Docker>>,
}

impl Engine {
    pub(crate) fn new(address: String) -> Self {
        Self { address, client: Mutex::new(None) }
    }

    /// The client. bollard keeps no connection open between requests, so one client serves for
    /// ever, also when the engine goes away and comes back. Its requests carry no API version: the
    /// engine answers in its newest, which every engine since 1.24 can be read in.
    pub(crate) fn client(&self) -> Result<Docker> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let version = bollard::API_DEFAULT_VERSION;
        let made = match self.address.split_once("://") {
            Some(("unix", _)) => Docker::connect_with_unix(&self.address, BACKSTOP, version),
            Some(("tcp" | "http", _)) => Docker::connect_with_http(&self.address, BACKSTOP, version),
            _ => {
                return Err(HostError::new(
                    HostErrorKind::Unreachable,
                    format!("`{}` is no address of an engine that Steward can reach", self.address),
                ));
            }
        };
        let client = made.map_err(|error| self.explain("connecting", error))?;
        Ok(slot.insert(client).clone())
    }

    /// Asks the engine, within the usual time.
    pub(crate) async fn ask<T, F: Future<Output = std::result::Result<T, Error>>>(
        &self,
        what: &str,
        call: impl FnOnce(Docker) -> F,
    ) -> Result<T> {
        let client = self.client()?;
        match timeout(ANSWER, call(client)).await {
            Ok(answer) => answer.map_err(|error| self.explain(what, error)),
            Err(_) => Err(self.silent(what, ANSWER)),
        }
    }

    /// The error for an engine that did not say anything for a while.
    pub(crate) fn silent(&self, what: &str, waited: Duration) -> HostError {
        let message = format!("{what}: the Docker engine at {} said nothing for {} seconds", self.address, waited.as_secs());
        HostError::new(HostErrorKind::TimedOut, message)
    }

    /// Turns bollard's error into ours.
    pub(crate) fn explain(&self, what: &str, error: Error) -> HostError {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                let kind = match status_code {
                    404 => HostErrorKind::NotFound,
                    409 => HostErrorKind::Conflict,
                    _ => HostErrorKind::Failed,
                };
                HostError::new(kind, format!("{what}: {}", message.trim()))
            }
            Error::DockerStreamError { error } => HostError::new(kind_of_text(&error), format!("{what}: {}", error.trim())),
            Error::RequestTimeoutError => self.silent(what, Duration::from_secs(BACKSTOP)),
            Error::SocketNotFoundError(_) => self.unreachable(io::ErrorKind::NotFound),
            Error::JsonDataError { .. } | Error::JsonSerdeError { .. } | Error::APIVersionParseError {} => {
                HostError::new(HostErrorKind::BadAnswer, format!("{what}: the engine's answer cannot be understood: {error}"))
            }
            other => match io_kind(&other) {
                Some(kind) => self.unreachable(kind),
                None => HostError::new(
                    HostErrorKind::Unreachable,
                    format!("{what}: the Docker engine at {} broke off: {}", self.address, chain(&other)),
                ),
            },
        }
    }

    /// The error for an engine that cannot be reached.
    pub(crate) fn unreachable(&self, kind: io::ErrorKind) -> HostError {
        let address = &self.address;
        let message = match kind {
            io::ErrorKind::PermissionDenied => format!(
                "Steward may not use the Docker engine at {address}: permission denied. The user it runs as must be in the group `docker`"
            ),
            io::ErrorKind::NotFound => format!("there is no Docker engine at {address}: no such file. Is Docker installed and running?"),
            io::ErrorKind::ConnectionRefused => format!("the Docker engine at {address} does not run: connection refused"),
            other => format!("the Docker engine at {address} cannot be reached: {other}"),
        };
        HostError::new(HostErrorKind::Unreachable, message)
    }
}

/// The kind of an error that the engine reports as text within a stream.
pub(crate) fn kind_of_text(text: &str) -> HostErrorKind {
    let text = text.to_ascii_lowercase();
    let missing = ["manifest unknown", "not found", "repository does not exist", "name unknown", "no such image"];
    if missing.iter().any(|word| text.contains(word)) { HostErrorKind::NotFound } else { HostErrorKind::Failed }
}

/// The first I/O error in the chain of causes.
fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    async fn error_of(address: &str) -> HostError {
        let engine = Engine::new(address.to_owned());
        engine.ask("asking", |docker| async move { docker.version().await }).await.expect_err("no engine")
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_unreachable() {
        let folder = tempfile::tempdir().unwrap();
        let missing = format!("unix://{}/none.sock", folder.path().display());
        let error = error_of(&missing).await;
        assert_eq!(error.kind, HostErrorKind::Unreachable);
        assert!(error.message.contains("no such file"), "{error}");

        let path = folder.path().join("closed.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let error = error_of(&format!("unix://{}", path.display())).await;
        assert_eq!(error.kind, HostErrorKind::Unreachable);
        assert!(error.message.contains("connection refused"), "{error}");

        assert_eq!(error_of("ssh://somewhere").await.kind, HostErrorKind::Unreachable);
    }

    #[tokio::test]
    async fn one_that_talks_nonsense_or_hangs_up_is_not_fatal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            drop(stream);
        });
        let error = error_of(&format!("unix://{}", path.display())).await;
        server.await.unwrap();
        assert_eq!(error.kind, HostErrorKind::Unreachable, "{error}");
    }

    #[test]
    fn permission_denied_says_what_to_do() {
        let engine = Engine::new("unix:///run/docker.sock".to_owned());
        assert!(engine.unreachable(io::ErrorKind::PermissionDenied).message.contains("group `docker`"));
    }

    #[test]
    fn errors_of_registries_are_told_apart() {
        assert_eq!(kind_of_text("manifest for nginx:9.9 not found: manifest unknown: manifest unknown"), HostErrorKind::NotFound);
        assert_eq!(
            kind_of_text("pull access denied for x, repository does not exist or may require 'docker login'"),
            HostErrorKind::NotFound
        );
        assert_eq!(kind_of_text("Get \"https://r/v2/\": dial tcp: i/o timeout"), HostErrorKind::Failed);
    }
}
