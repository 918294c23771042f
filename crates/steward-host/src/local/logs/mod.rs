//! Log lines of a project: first the ends of all logs, sorted by time, then lines as they come.

mod follow;
mod frames;
mod position;
mod reader;

use std::sync::Arc;

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use steward_core::device::LABEL_SERVICE;
use steward_core::log::LogLine;
use steward_core::name::ServiceName;

use super::containers::summaries;
use super::docker::Engine;
use super::events;
use super::moment::Nanos;
use crate::error::{HostError, HostErrorKind};
use crate::host::{LogsRequest, Result};
use crate::project;
use follow::{Follower, Place};
use frames::Stamped;
use reader::Past;

/// How many logs are read at the same time before following.
const AT_ONCE: usize = 4;

/// The logs of a project.
pub(crate) async fn logs(engine: Arc<Engine>, request: &LogsRequest) -> Result<BoxStream<'static, Result<LogLine>>> {
    let project = project::check(&request.project)?.to_owned();
    // Listening begins before looking: a container that starts in between is in both.
    let starts = match request.follow {
        true => Some(events::follow(&engine, Nanos::now(), Some(&project), &["start", "destroy"]).await?),
        false => None,
    };
    let sources = sources(&engine, &project, request.service.as_ref()).await?;
    let pasts = stream::iter(sources.into_iter().map(|source| past(Arc::clone(&engine), source, request.clone())));
    let pasts: Vec<(Source, Past)> = pasts.buffered(AT_ONCE).try_collect().await?;

    let mut lines: Vec<Stamped> = Vec::new();
    let mut errors: Vec<HostError> = Vec::new();
    let mut places = Vec::new();
    for (source, past) in pasts {
        if request.tail > 0 {
            lines.extend(past.lines);
        }
        let readable = past.error.is_none();
        errors.extend(past.error);
        places.push((source.id, Place::new(source.service, past.position), source.running && readable));
    }
    lines.sort_by_key(|stamped| stamped.at);
    let past = errors.into_iter().map(Err).chain(lines.into_iter().map(|stamped| Ok(stamped.line)));
    let past = stream::iter(past.collect::<Vec<_>>());
    let Some(starts) = starts else { return Ok(past.boxed()) };
    let follower = Follower::new(engine, request, starts, places);
    Ok(past.chain(follower.into_stream().flat_map(stream::iter)).boxed())
}

/// A container whose log is wanted.
struct Source {
    id: String,
    service: ServiceName,
    running: bool,
}

async fn sources(engine: &Engine, project: &str, service: Option<&ServiceName>) -> Result<Vec<Source>> {
    let listed = summaries(engine, Some(project)).await?;
    Ok(listed.into_iter().filter_map(source).filter(|source| service.is_none_or(|service| *service == source.service)).collect())
}

fn source(summary: ContainerSummary) -> Option<Source> {
    let service = service_name(summary.labels?.get(LABEL_SERVICE)?);
    let running = matches!(
        summary.state,
        Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED | ContainerSummaryStateEnum::STOPPING)
    );
    Some(Source { id: summary.id?, service: service?, running })
}

/// The service's name. Compose allows more than Steward does; an adopted project's lines are shown
/// under the nearest name rather than not at all.
fn service_name(text: &str) -> Option<ServiceName> {
    let near: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let words: Vec<&str> = near.split('-').filter(|word| !word.is_empty()).collect();
    let near = words.join("-");
    let short = near.get(..ServiceName::MAX).unwrap_or(&near).trim_end_matches('-');
    ServiceName::parse(text).or_else(|_| ServiceName::parse(short)).ok()
}

/// Reads the end of one log. A container that has gone meanwhile has none; one whose log cannot be
/// read keeps nobody from reading the others.
async fn past(engine: Arc<Engine>, source: Source, request: LogsRequest) -> Result<(Source, Past)> {
    let past = match Past::read(&engine, &source.id, &source.service, request.tail, request.since).await {
        Ok(past) => past,
        Err(error) if error.kind == HostErrorKind::NotFound => Past::default(),
        Err(error) if error.kind == HostErrorKind::Failed => Past { error: Some(error), ..Past::default() },
        Err(error) => return Err(error),
    };
    Ok((source, past))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_foreign_services() {
        let name = |text| service_name(text).map(|name| name.to_string());
        assert_eq!(name("web").as_deref(), Some("web"));
        assert_eq!(name("My_App.1").as_deref(), Some("my-app-1"));
        assert_eq!(name("__").as_deref(), None);
        assert_eq!(name(&"a".repeat(60)).map(|name| name.len()), Some(40));
    }
}
