//! Images: looking, pulling with progress, loading, removing.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{BuildInfo, CreateImageInfo};
use bollard::query_parameters::{CreateImageOptionsBuilder, ImportImageOptionsBuilder, RemoveImageOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use steward_core::capture::Tail;
use steward_core::device::Image;
use steward_core::name::ImageRef;
use tokio::time::{Instant, timeout};

use super::docker::{Engine, kind_of_text};
use super::layers::Layers;
use crate::error::{HostError, HostErrorKind};
use crate::host::{CommandReport, ProgressSink, Result};

/// How long the engine may be silent while it unpacks an archive.
const LOADING: Duration = Duration::from_secs(300);

/// The image, when the engine has it.
pub(crate) async fn image(engine: &Engine, reference: &ImageRef) -> Result<Option<Image>> {
    let name = reference.as_str().to_owned();
    let what = format!("looking at image `{reference}`");
    let found = engine.ask(&what, |docker| async move { docker.inspect_image(&name).await });
    let found = match found.await {
        Ok(found) => found,
        Err(error) if error.kind == HostErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // `NONE` as the first word switches a health check of a base image off.
    let check = found.config.and_then(|config| config.healthcheck).and_then(|check| check.test).unwrap_or_default();
    Ok(Some(Image {
        reference: reference.clone(),
        id: found.id.unwrap_or_default(),
        architecture: found.architecture.unwrap_or_default(),
        size: found.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        has_health_check: check.first().is_some_and(|word| word != "NONE"),
    }))
}

/// Pulls an image. `silence` is the longest time without a word from the engine.
pub(crate) async fn pull(engine: &Engine, reference: &ImageRef, silence: Duration, sink: &dyn ProgressSink) -> Result<CommandReport> {
    let what = format!("pulling `{reference}`");
    let (name, tag) = name_and_tag(reference.as_str());
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let docker = engine.client()?;
    let mut run = Run::new(engine, what.clone(), &["docker", "pull", reference.as_str()]);
    let mut layers = Layers::new(what);
    run.drain(Box::pin(docker.create_image(Some(options), None, None)), silence, |info: CreateImageInfo| {
        if let Some(progress) = layers.take(&info) {
            sink.progress(progress);
        }
        // The counts of a progress bar are not for the record.
        let is_bar = info.progress_detail.is_some_and(|detail| detail.current.is_some());
        let status = info.status.filter(|_| !is_bar)?;
        Some(info.id.map_or(status.clone(), |id| format!("{id}: {status}")))
    })
    .await?;
    Ok(run.succeeded())
}

/// Loads an archive and looks whether the image came with it.
pub(crate) async fn load(engine: &Engine, reference: &ImageRef, archive: Bytes) -> Result<CommandReport> {
    let docker = engine.client()?;
    let mut run = Run::new(engine, format!("loading `{reference}`"), &["docker", "load"]);
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let stream = docker.import_image(options, bollard::body_full(archive), None);
    run.drain(Box::pin(stream), LOADING, |info: BuildInfo| info.stream.or(info.status).map(|text| text.trim_end().to_owned())).await?;
    if image(engine, reference).await?.is_none() {
        return Err(run.failed(HostErrorKind::Failed, "the archive does not hold this image"));
    }
    Ok(run.succeeded())
}

/// Removes an image unless a container uses it.
pub(crate) async fn remove(engine: &Engine, reference: &ImageRef) -> Result<CommandReport> {
    let what = format!("removing image `{reference}`");
    let mut run = Run::new(engine, what.clone(), &["docker", "image", "rm", reference.as_str()]);
    let name = reference.as_str().to_owned();
    let options = RemoveImageOptionsBuilder::new().force(false).build();
    let answer = engine.ask(&what, |docker| async move { docker.remove_image(&name, Some(options), None).await }).await;
    match answer {
        Ok(removed) => {
            for item in removed {
                let untagged = item.untagged.map(|name| format!("Untagged: {name}"));
                let deleted = item.deleted.map(|id| format!("Deleted: {id}"));
                untagged.iter().chain(&deleted).for_each(|line| run.output.push(line));
            }
        }
        Err(error) if error.kind == HostErrorKind::NotFound => run.output.push(&format!("{reference} is not there")),
        Err(error) if error.kind == HostErrorKind::Conflict => run.output.push(&format!("{reference} stays: {}", error.message)),
        Err(error) => return Err(error),
    }
    Ok(run.succeeded())
}

/// Splits a reference as the engine wants it. Without a tag it would pull every tag there is; a
/// digest takes the place of the tag.
fn name_and_tag(reference: &str) -> (&str, &str) {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (rest, "latest"),
    };
    (name, digest.unwrap_or(tag))
}

/// An engine request that reports like the command that would do the same.
pub(crate) struct Run<'a> {
    engine: &'a Engine,
    what: String,
    argv: Vec<String>,
    started: Instant,
    pub(crate) output: Tail,
}

impl<'a> Run<'a> {
    pub(crate) fn new(engine: &'a Engine, what: String, argv: &[&str]) -> Self {
        let argv = argv.iter().map(|&arg| arg.to_owned()).collect();
        Self { engine, what, argv, started: Instant::now(), output: Tail::default() }
    }

    fn report(&mut self, exit_code: Option<i32>) -> CommandReport {
        CommandReport {
            argv: self.argv.clone(),
            exit_code,
            duration: self.started.elapsed(),
            output: std::mem::take(&mut self.output).into_text(),
        }
    }

    pub(crate) fn succeeded(mut self) -> CommandReport {
        self.report(Some(0))
    }

    pub(crate) fn failed(&mut self, kind: HostErrorKind, text: &str) -> HostError {
        self.output.push(text);
        let report = self.report(Some(1));
        HostError::new(kind, format!("{}: {text}", self.what)).with_report(report)
    }

    /// Reads a stream to its end. `line` says what of an item belongs into the record.
    async fn drain<T>(
        &mut self,
        mut stream: impl Stream<Item = std::result::Result<T, Error>> + Unpin,
        silence: Duration,
        mut line: impl FnMut(T) -> Option<String>,
    ) -> Result<()> {
        loop {
            let Ok(next) = timeout(silence, stream.next()).await else {
                let report = self.report(None);
                return Err(self.engine.silent(&self.what, silence).with_report(report));
            };
            match next {
                None => return Ok(()),
                Some(Ok(item)) => line(item).iter().for_each(|text| self.output.push(text)),
                Some(Err(Error::DockerStreamError { error })) => return Err(self.failed(kind_of_text(&error), error.trim())),
                Some(Err(error)) => {
                    let mut error = self.engine.explain(&self.what, error);
                    if error.kind == HostErrorKind::Failed {
                        // Some registries' refusals come as an answer of 500 with the text.
                        error.kind = kind_of_text(&error.message);
                    }
                    let report = self.report(Some(1));
                    return Err(error.with_report(report));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_as_the_engine_wants_them() {
        for (reference, want) in [
            ("nginx", ("nginx", "latest")),
            ("nginx:1.28", ("nginx", "1.28")),
            ("localhost:5000/a/b", ("localhost:5000/a/b", "latest")),
            ("localhost:5000/a/b:c", ("localhost:5000/a/b", "c")),
            ("a/b@sha256:12", ("a/b", "sha256:12")),
            ("a/b:1@sha256:12", ("a/b", "sha256:12")),
        ] {
            assert_eq!(name_and_tag(reference), want);
        }
    }
}
