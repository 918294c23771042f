//! The engine's events about containers.

use std::collections::HashMap;

use bollard::models::EventMessage;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::json;
use steward_core::device::LABEL_PROJECT;

use super::docker::Engine;
use super::http::{Body, encode, get};
use super::moment::Nanos;
use crate::host::{EngineEvent, Result};

/// What counts as a change. `exec_*` does not: every health check would make two of them.
const CHANGES: [&str; 13] =
    ["create", "start", "restart", "die", "stop", "kill", "oom", "pause", "unpause", "rename", "update", "destroy", "health_status"];

/// The longest event that is read; a container may have many labels.
const LONGEST: usize = 1024 * 1024;

/// An event, with what the streams here need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerEvent {
    pub(crate) container: String,
    pub(crate) action: String,
    pub(crate) labels: HashMap<String, String>,
}

impl From<ContainerEvent> for EngineEvent {
    fn from(event: ContainerEvent) -> Self {
        Self { project: event.labels.get(LABEL_PROJECT).cloned(), action: event.action }
    }
}

/// Events from `since` on, of one project or of all. Ends when the engine goes away. The engine
/// replays what happened since then, so nothing is missed between a look at the world and this.
pub(crate) async fn follow(
    engine: &Engine,
    since: Nanos,
    project: Option<&str>,
    actions: &[&str],
) -> Result<BoxStream<'static, ContainerEvent>> {
    let mut filters = json!({ "type": ["container"], "event": actions });
    if let Some(project) = project {
        filters["label"] = json!([format!("{LABEL_PROJECT}={project}")]);
    }
    let path = format!("/events?since={}&filters={}", since.since(), encode(&filters.to_string()));
    let body = get(engine, "watching containers", &path).await?;
    let reader = Reader { body, buffer: Vec::new() };
    Ok(stream::unfold(reader, |mut reader| async move { Some((reader.next().await?, reader)) }).boxed())
}

/// Every change of a container from now on.
pub(crate) async fn watch(engine: &Engine) -> Result<BoxStream<'static, EngineEvent>> {
    Ok(follow(engine, Nanos::now(), None, &CHANGES).await?.map(EngineEvent::from).boxed())
}

/// Reads one JSON value a line. A broken stream and an ended one are the same to the reader, who
/// looks at the world again in both cases.
struct Reader {
    body: Body,
    buffer: Vec<u8>,
}

impl Reader {
    async fn next(&mut self) -> Option<ContainerEvent> {
        let mut chunk = vec![0; 16 * 1024];
        loop {
            while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                if let Some(event) = read(&line) {
                    return Some(event);
                }
            }
            let count = self.body.read(&mut chunk).await.ok().filter(|&count| count > 0)?;
            self.buffer.extend_from_slice(&chunk[..count]);
            if self.buffer.len() > LONGEST {
                return None;
            }
        }
    }
}

fn read(line: &[u8]) -> Option<ContainerEvent> {
    let event: EventMessage = serde_json::from_slice(line).ok()?;
    let actor = event.actor?;
    Some(ContainerEvent { container: actor.id?, action: event.action?, labels: actor.attributes.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_event_is_read() {
        let text = br#"{"Type":"container","Action":"health_status: healthy","scope":"local","time":1,"timeNano":1000000001,
            "Actor":{"ID":"c0ffee","Attributes":{"com.docker.compose.project":"steward-web","name":"web"}}}"#;
        let event = EngineEvent::from(read(text).unwrap());
        assert_eq!(event, EngineEvent { project: Some("steward-web".into()), action: "health_status: healthy".into() });
        assert_eq!(read(b"{}"), None);
        assert_eq!(read(b"nonsense"), None);
    }
}
