//! Answers that go on: one JSON object per line, until there is no more to say.

use std::future::Future;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use steward_core::event::Event;
use steward_core::operation::OperationDetail;
use steward_core::user::Actor;
use steward_core::{Code, Refusal};
use tokio::sync::broadcast::{self, error::RecvError};

use super::Shared;
use super::extract::Credential;
use super::types::OperationEvent;

/// The content type of such an answer.
pub const NDJSON: &str = "application/x-ndjson";
/// How often it is looked whether somebody may still see what is sent, also when nobody says that
/// rights changed: what is revoked is to be dead within five seconds.
const RIGHTS: Duration = Duration::from_secs(4);
/// An operation is looked at this often even when no event says that it changed.
const LOOK: Duration = Duration::from_secs(10);

/// An answer of lines that ends when `until` does.
pub fn ndjson<T: Serialize + 'static>(
    lines: impl Stream<Item = T> + Send + 'static,
    until: impl Future<Output = ()> + Send + 'static,
) -> Response {
    ndjson_or_broken(lines.map(Ok), until)
}

/// The same for lines that may fail to come: then the answer breaks off, so that nobody takes it for whole.
pub fn ndjson_or_broken<T: Serialize + 'static>(
    lines: impl Stream<Item = Result<T, Refusal>> + Send + 'static,
    until: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let text = |line: Result<T, Refusal>| {
        let mut text = serde_json::to_vec(&line?).unwrap_or_default();
        text.push(b'\n');
        Ok::<_, Refusal>(Bytes::from(text))
    };
    let body = Body::from_stream(lines.map(text).take_until(Box::pin(until)));
    // A proxy that collects the lines would hold them back.
    ([(header::CONTENT_TYPE, NDJSON), (header::HeaderName::from_static("x-accel-buffering"), "no")], body).into_response()
}

/// Returns when somebody is signed out, when their rights are others than they were, or when the
/// server stops.
pub async fn rights_end(app: Shared, credential: Credential, actor: Actor) {
    let mut changes = app.engine.rights_changes();
    loop {
        tokio::select! {
            () = tokio::time::sleep(RIGHTS) => {}
            _ = changes.changed() => {}
            () = app.stop.cancelled() => return,
        }
        match credential.actor(&app).await {
            Ok(now) if now.rights() == actor.rights() => {}
            // A database that is busy takes nobody's rights away.
            Err(refusal) if refusal.code == Code::StorageUnavailable => {}
            _ => return,
        }
    }
}

/// Every change of an operation, from how it is now until it is at rest.
///
/// # Errors
/// `not_found`.
pub async fn operation_events(
    app: Shared,
    actor: Actor,
    id: String,
) -> Result<impl Stream<Item = OperationEvent> + Send + 'static, Refusal> {
    // Heard before looked at: what happens in between is not missed.
    let events = app.engine.events();
    let now = app.engine.operation(&actor, &id).await?;
    let first = OperationEvent::Operation { operation: Box::new(now.clone()) };
    let follower = Follower { app, actor, id, events, seen: now };
    let rest = stream::unfold(follower, |mut follower| async move { follower.next().await.map(|event| (event, follower)) });
    Ok(stream::iter([first]).chain(rest))
}

struct Follower {
    app: Shared,
    actor: Actor,
    id: String,
    events: broadcast::Receiver<Event>,
    seen: OperationDetail,
}

impl Follower {
    async fn next(&mut self) -> Option<OperationEvent> {
        while !self.seen.operation.state.is_at_rest() {
            let event = tokio::select! {
                event = self.events.recv() => Some(event),
                () = tokio::time::sleep(LOOK) => None,
            };
            match event {
                Some(Ok(Event::Progress(progress))) if progress.operation_id.as_ref().is_some_and(|id| id.as_str() == self.id) => {
                    return Some(OperationEvent::Progress { progress });
                }
                Some(Ok(Event::Operation { id, .. })) if id.as_str() == self.id => {}
                Some(Ok(_)) => continue,
                Some(Err(RecvError::Closed)) => return None,
                Some(Err(RecvError::Lagged(_))) | None => {}
            }
            let now = self.app.engine.operation(&self.actor, &self.id).await.ok()?;
            if now != self.seen {
                self.seen = now.clone();
                return Some(OperationEvent::Operation { operation: Box::new(now) });
            }
        }
        None
    }
}
