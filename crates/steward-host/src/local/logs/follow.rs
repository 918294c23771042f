//! Follows the logs of a project's containers, also of those that start later, all within the
//! stream that is handed out: there is no task behind it, so dropping it closes every connection,
//! and a reader that does not read holds the engine back instead of filling memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, FuturesUnordered, SelectAll};
use futures_util::{FutureExt, Stream, StreamExt, future::BoxFuture};
use steward_core::device::LABEL_SERVICE;
use steward_core::log::LogLine;
use steward_core::name::ServiceName;
use tokio::time::{sleep, timeout};

use super::frames::Stamped;
use super::position::Position;
use super::reader::{Reader, Step};
use super::service_name;
use crate::error::{HostError, HostErrorKind};
use crate::host::{LogsRequest, Result};
use crate::local::docker::Engine;
use crate::local::events::ContainerEvent;

/// How long after the end of a log it is looked whether its container runs again.
const AGAIN: Duration = Duration::from_millis(300);

/// The longest such pause, for containers whose log ends again and again.
const AGAIN_MOST: u32 = 7;

/// How long lines that are on their way are still taken when the engine goes away.
const REST: Duration = Duration::from_millis(300);

/// What is known of one container.
pub(crate) struct Place {
    service: ServiceName,
    position: Position,
    open: bool,
    /// How often in a row its log ended without a line.
    vain: u32,
}

impl Place {
    pub(crate) fn new(service: ServiceName, position: Position) -> Self {
        Self { service, position, open: false, vain: 0 }
    }
}

/// News of one container's log.
enum Piece {
    Lines(String, Vec<Stamped>),
    End(String, Vec<Stamped>, Position, Option<HostError>),
}

/// Everything that is followed.
pub(crate) struct Follower {
    engine: Arc<Engine>,
    service: Option<ServiceName>,
    since: Option<i64>,
    starts: BoxStream<'static, ContainerEvent>,
    open: SelectAll<BoxStream<'static, Piece>>,
    /// Looks at containers whose log has ended: the id, and whether it runs.
    looks: FuturesUnordered<BoxFuture<'static, (String, bool)>>,
    places: HashMap<String, Place>,
    ending: bool,
}

type Batch = Vec<Result<LogLine>>;

impl Follower {
    /// Follows the places that are marked as running, and every container that `starts` tells of.
    pub(crate) fn new(
        engine: Arc<Engine>,
        request: &LogsRequest,
        starts: BoxStream<'static, ContainerEvent>,
        places: Vec<(String, Place, bool)>,
    ) -> Self {
        let running: Vec<String> = places.iter().filter(|(_, _, running)| *running).map(|(id, _, _)| id.clone()).collect();
        let mut follower = Self {
            engine,
            service: request.service.clone(),
            since: request.since,
            starts,
            open: SelectAll::new(),
            looks: FuturesUnordered::new(),
            places: places.into_iter().map(|(id, place, _)| (id, place)).collect(),
            ending: false,
        };
        running.iter().for_each(|id| follower.open(id));
        follower
    }

    /// Batches of lines, until the engine goes away.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Batch> {
        stream::unfold(self, |mut follower| async move { Some((follower.next().await?, follower)) })
    }

    async fn next(&mut self) -> Option<Batch> {
        loop {
            if self.ending {
                let piece = timeout(REST, self.open.next()).await.ok()??;
                return Some(self.take(piece));
            }
            tokio::select! {
                Some(piece) = self.open.next() => {
                    let batch = self.take(piece);
                    if !batch.is_empty() {
                        return Some(batch);
                    }
                }
                Some((id, runs)) = self.looks.next() => {
                    if runs {
                        self.open(&id);
                    }
                }
                event = self.starts.next() => match event {
                    Some(event) => self.changed(event),
                    None => self.ending = true,
                },
            }
        }
    }

    fn changed(&mut self, event: ContainerEvent) {
        if event.action == "destroy" {
            self.places.remove(&event.container);
            return;
        }
        let Some(service) = event.labels.get(LABEL_SERVICE).and_then(|text| service_name(text)) else { return };
        if self.service.as_ref().is_some_and(|wanted| *wanted != service) {
            return;
        }
        // A container that was not there before is read from its first line on.
        self.places.entry(event.container.clone()).or_insert_with(|| Place::new(service, Position::default()));
        self.open(&event.container);
    }

    /// Opens a log unless it is open: one that is still being read to its end is looked at again after it.
    fn open(&mut self, id: &str) {
        let Some(place) = self.places.get_mut(id).filter(|place| !place.open) else { return };
        place.open = true;
        let reader = Reader::new(Arc::clone(&self.engine), id.to_owned(), place.service.clone(), place.position.clone(), self.since);
        self.open.push(pieces(reader).boxed());
    }

    fn take(&mut self, piece: Piece) -> Batch {
        match piece {
            Piece::Lines(id, lines) => {
                if let Some(place) = self.places.get_mut(&id) {
                    place.vain = 0;
                }
                batch(lines)
            }
            Piece::End(id, lines, position, error) => {
                if let Some(place) = self.places.get_mut(&id) {
                    place.open = false;
                    place.position = position;
                    if error.is_none() {
                        self.looks.push(look(Arc::clone(&self.engine), id, pause(place.vain)).boxed());
                        place.vain = (place.vain + 1).min(AGAIN_MOST);
                    }
                }
                let mut batch = batch(lines);
                // One that has gone is no news, and an engine that has gone ends the whole stream.
                let telling = error.filter(|error| !matches!(error.kind, HostErrorKind::NotFound | HostErrorKind::Unreachable));
                batch.extend(telling.map(Err));
                batch
            }
        }
    }
}

fn batch(lines: Vec<Stamped>) -> Batch {
    lines.into_iter().map(|stamped| Ok(stamped.line)).collect()
}

fn pause(vain: u32) -> Duration {
    AGAIN * 2_u32.pow(vain.min(AGAIN_MOST))
}

async fn look(engine: Arc<Engine>, id: String, after: Duration) -> (String, bool) {
    sleep(after).await;
    let asked = id.clone();
    let found = engine.ask("looking at a container", |docker| async move { docker.inspect_container(&asked, None).await }).await;
    let runs = found.ok().and_then(|found| found.state).and_then(|state| state.running).unwrap_or(false);
    (id, runs)
}

/// One container's log as a stream that ends with [`Piece::End`].
fn pieces(reader: Reader) -> impl Stream<Item = Piece> + Send {
    stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        let id = reader.id.clone();
        match reader.step().await {
            Ok(Step::Lines(lines)) => Some((Piece::Lines(id, lines), Some(reader))),
            Ok(Step::End(lines)) => Some((Piece::End(id, lines, reader.position().clone(), None), None)),
            Err(error) => Some((Piece::End(id, Vec::new(), reader.position().clone(), Some(error)), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_growing() {
        assert_eq!(pause(0), AGAIN);
        assert!(pause(AGAIN_MOST) == pause(u32::MAX) && pause(AGAIN_MOST) < Duration::from_secs(60));
    }
}
