//! Reads one container's log.

use std::collections::VecDeque;
use std::sync::Arc;

use steward_core::name::ServiceName;
use tokio::time::timeout;

use super::frames::{Decoder, Stamped};
use super::position::Position;
use crate::error::HostError;
use crate::host::Result;
use crate::local::docker::{ANSWER, Engine};
use crate::local::http::{Body, get};

/// How much is read at a time: large enough that a busy log costs few calls.
const CHUNK: usize = 64 * 1024;

/// The most lines of the past.
const MOST_LINES: u32 = 100_000;

/// The most text of the past of one container; the oldest lines give way.
const MOST_TEXT: usize = 32 * 1024 * 1024;

/// How many lines before the end are read again to find the place where reading ended. The engine
/// would otherwise go through the whole log, which can be gigabytes.
const WINDOW: u32 = 2_000;

/// The end of a container's log.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) lines: VecDeque<Stamped>,
    pub(crate) position: Position,
    pub(crate) error: Option<HostError>,
}

impl Past {
    /// Reads up to `tail` lines. When none are wanted one is read all the same, for its position.
    pub(crate) async fn read(engine: &Engine, id: &str, service: &ServiceName, tail: u32, since: Option<i64>) -> Result<Past> {
        let tail = tail.clamp(1, MOST_LINES);
        let since = since.map(|since| since.to_string());
        let mut body = open(engine, id, false, Some(tail), since.as_deref()).await?;
        let mut decoder = Decoder::new(service.clone(), Position::default());
        let (mut past, mut size) = (Past::default(), 0);
        let (mut chunk, mut batch) = (vec![0; CHUNK], Vec::new());
        loop {
            let Ok(read) = timeout(ANSWER, body.read(&mut chunk)).await else {
                return Err(engine.silent("reading a log", ANSWER));
            };
            match read {
                Ok(count) if count > 0 => decoder.feed(&chunk[..count], &mut batch),
                _ => decoder.finish(&mut batch),
            }
            let is_end = !matches!(read, Ok(1..));
            size += batch.iter().map(|stamped| stamped.line.text.len()).sum::<usize>();
            past.lines.extend(batch.drain(..));
            while size > MOST_TEXT {
                size -= past.lines.pop_front().map_or(size, |oldest| oldest.line.text.len());
            }
            if is_end {
                past.position = decoder.position().clone();
                return Ok(past);
            }
        }
    }
}

async fn open(engine: &Engine, id: &str, follow: bool, tail: Option<u32>, since: Option<&str>) -> Result<Body> {
    let tail = tail.map_or_else(|| "all".to_owned(), |tail| tail.to_string());
    let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
    let path = format!("/containers/{id}/logs?stdout=1&stderr=1&timestamps=1&follow={}&tail={tail}{since}", u8::from(follow));
    get(engine, "reading a log", &path).await
}

/// Follows one container's log until the container stops.
pub(crate) struct Reader {
    engine: Arc<Engine>,
    pub(crate) id: String,
    service: ServiceName,
    from: Position,
    since: Option<i64>,
    decoder: Decoder,
    body: Option<Body>,
    windowed: bool,
    chunk: Box<[u8]>,
}

/// What reading on has brought.
pub(crate) enum Step {
    /// Lines; possibly none.
    Lines(Vec<Stamped>),
    /// The end, with the last lines.
    End(Vec<Stamped>),
}

impl Reader {
    /// A reader that goes on after `from`; without a position, from `since` on or from the beginning.
    pub(crate) fn new(engine: Arc<Engine>, id: String, service: ServiceName, from: Position, since: Option<i64>) -> Self {
        let decoder = Decoder::new(service.clone(), from.clone());
        let windowed = !from.is_start();
        Self { engine, id, service, from, since, decoder, body: None, windowed, chunk: vec![0; CHUNK].into_boxed_slice() }
    }

    pub(crate) fn position(&self) -> &Position {
        self.decoder.position()
    }

    /// Reads on once.
    pub(crate) async fn step(&mut self) -> Result<Step> {
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let tail = self.windowed.then_some(WINDOW);
                let since = self.from.horizon().map(|at| at.since()).or_else(|| self.since.map(|since| since.to_string()));
                let opened = open(&self.engine, &self.id, true, tail, since.as_deref()).await?;
                self.body.insert(opened)
            }
        };
        let count = body.read(&mut self.chunk).await.unwrap_or(0);
        let mut lines = Vec::new();
        if count == 0 {
            self.decoder.finish(&mut lines);
            return Ok(Step::End(lines));
        }
        self.decoder.feed(&self.chunk[..count], &mut lines);
        if self.windowed && self.decoder.overlaps() == Some(false) {
            // More was written meanwhile than the window holds, so the whole log has to be asked for.
            self.windowed = false;
            self.body = None;
            self.decoder = Decoder::new(self.service.clone(), self.from.clone());
            return Ok(Step::Lines(Vec::new()));
        }
        self.windowed = self.windowed && self.decoder.overlaps().is_none();
        Ok(Step::Lines(lines))
    }
}
