//! What every command works with.

use std::path::PathBuf;

use super::args::Global;
use super::client::Named;
use super::client::{self, Client};
use super::environment::Environment;
use super::failure::Failure;
use super::output::{Format, Printer};
use super::sign_in;
use super::trust::Trust;

/// The server when none is named.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The options that hold for every command, and where output goes.
pub struct Context {
    /// Prints.
    pub printer: Printer,
    environment: Environment,
    url: Option<String>,
    ca: Option<PathBuf>,
    verbose: bool,
}

impl Context {
    /// From the command line and the environment.
    pub fn new(global: Global, environment: Environment) -> Self {
        let format = if global.json { Format::Json } else { global.output };
        let printer = Printer::new(format, global.quiet, global.color, &environment);
        let url = global.url.or_else(|| environment.url.clone());
        let ca = global.ca.or_else(|| environment.ca.clone());
        Self { printer, environment, url, ca, verbose: global.verbose }
    }

    /// The folder where the sign-in is kept.
    pub fn folder(&self) -> Option<&PathBuf> {
        self.environment.config_dir.as_ref()
    }

    /// Whether `STEWARD_TOKEN` is used in place of what is kept.
    pub fn token_is_from_environment(&self) -> bool {
        self.environment.token.is_some()
    }

    /// Whether every request is shown.
    pub fn verbose(&self) -> bool {
        self.verbose
    }

    /// Whom the command line believes of itself.
    pub fn trust(&self) -> Trust {
        Trust { file: self.ca.clone(), pinned: None, system: true }
    }

    /// The authority that is kept for a server.
    ///
    /// # Errors
    /// When the kept sign-in cannot be read.
    pub fn pinned_for(&self, base: &reqwest::Url) -> Result<Option<String>, Failure> {
        Ok(sign_in::load(self.folder())?.filter(|kept| is_for(&kept.url, base)).and_then(|kept| kept.authority))
    }

    /// Whether a server was named, on the command line or in the environment.
    pub fn names_a_server(&self) -> bool {
        self.url.is_some()
    }

    /// The address that was named, or the one that is kept, and what came with it.
    ///
    /// # Errors
    /// When it is no address.
    pub fn address(&self) -> Result<Named, Failure> {
        match &self.url {
            Some(url) => client::address(url),
            None => {
                let kept = sign_in::load(self.folder())?;
                client::address(kept.as_ref().map_or(DEFAULT_URL, |kept| kept.url.as_str()))
            }
        }
    }

    /// A client that is nobody yet, for a server that was met: `pinned` is the authority that it is believed
    /// by, when the system does not vouch for it.
    ///
    /// # Errors
    /// When the address is none.
    pub fn anonymous(&self, url: reqwest::Url, pinned: Option<String>) -> Result<Client, Failure> {
        Client::new(url, None, &Trust { pinned, ..self.trust() }, self.verbose)
    }

    /// A client that shows the token of the environment or of the kept sign-in.
    ///
    /// # Errors
    /// When the address is none, or the kept sign-in cannot be read.
    pub fn client(&self) -> Result<Client, Failure> {
        let base = self.address()?.url;
        let trust = Trust { pinned: self.pinned_for(&base)?, ..self.trust() };
        let token = match &self.environment.token {
            Some(token) => Some(token.clone()),
            None => sign_in::load(self.folder())?.filter(|kept| is_for(&kept.url, &base)).and_then(|kept| kept.token),
        };
        Client::new(base, token, &trust, self.verbose)
    }
}

/// A kept token is shown to the server that gave it and to no other.
fn is_for(kept: &str, base: &reqwest::Url) -> bool {
    client::address(kept).is_ok_and(|kept| client::shown(&kept.url) == client::shown(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_server_only() -> Result<(), Failure> {
        let base = client::address("http://nas:8080")?.url;
        assert!(is_for("http://nas:8080/", &base));
        for other in ["https://nas:8080", "http://nas:8081", "http://nas.evil:8080", "not an address"] {
            assert!(!is_for(other, &base), "{other}");
        }
        Ok(())
    }
}
