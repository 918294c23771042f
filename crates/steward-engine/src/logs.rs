//! Log lines: one stream from the engine for each deployment that somebody follows, any number of
//! viewers on it, each with a bounded queue. A slow viewer is told how much it missed; it never
//! slows another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use steward_core::log::LogLine;
use steward_core::name::{DeploymentName, ServiceName};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{DeploymentId, Refusal};
use steward_host::{Host, LogsRequest};
use tokio::sync::broadcast;

use crate::engine::Engine;
use crate::error;

/// Lines that are kept for viewers who come later.
const RING_LINES: usize = 1000;
/// And bytes.
const RING_BYTES: usize = 2 * 1024 * 1024;
/// Batches that a viewer may be behind.
const QUEUE: usize = 256;
/// Lines in one batch.
const BATCH: usize = 512;
/// The longest tail that can be asked for.
const MAX_TAIL: u32 = 100_000;

/// Which lines are wanted.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// How many lines from the end; 200 when absent.
    pub tail: Option<u32>,
    /// Only lines since this time, in seconds since 1970.
    pub since: Option<i64>,
    /// One service only.
    pub service: Option<ServiceName>,
    /// Only lines that contain this text, whatever the case.
    pub grep: Option<String>,
    /// Whether to go on with lines as they come.
    pub follow: bool,
}

/// Lines that arrived together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogBatch {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// How many batches this viewer missed before these, because it was too slow.
    pub dropped: u64,
    /// Why no more lines come, on the last batch of a stream that broke off.
    pub error: Option<String>,
}

/// The followed deployments.
#[derive(Default)]
pub(crate) struct LogHub {
    sources: Mutex<HashMap<DeploymentId, Weak<Source>>>,
}

struct Source {
    /// How many lines from the end the stream began with. Whoever wants more needs another stream.
    tail: u32,
    sender: broadcast::Sender<Arc<LogBatch>>,
    ring: Mutex<Ring>,
    pump: Mutex<Option<tokio::task::AbortHandle>>,
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(pump) = self.pump.lock().unwrap_or_else(PoisonError::into_inner).take() {
            pump.abort();
        }
    }
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    ended: bool,
}

impl Ring {
    fn push(&mut self, line: LogLine) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > RING_LINES || self.bytes > RING_BYTES {
            if let Some(old) = self.lines.pop_front() {
                self.bytes -= old.text.len();
            }
        }
    }
}

impl LogHub {
    /// The source of a deployment, started when nobody follows it yet; none when the one that is
    /// there began with fewer lines than are wanted.
    fn source(&self, id: &DeploymentId, name: &DeploymentName, host: &Arc<dyn Host>, tail: u32) -> Option<Arc<Source>> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let live = sources.get(id).and_then(Weak::upgrade);
        if let Some(source) = live.filter(|source| !source.ring.lock().unwrap_or_else(PoisonError::into_inner).ended) {
            return (source.tail >= tail).then_some(source);
        }
        let source = Arc::new(Source { tail, sender: broadcast::channel(QUEUE).0, ring: Mutex::default(), pump: Mutex::default() });
        let request = LogsRequest { project: name.project(), service: None, tail, since: None, follow: true };
        let pump = tokio::spawn(pump(Arc::downgrade(&source), host.clone(), request));
        *source.pump.lock().unwrap_or_else(PoisonError::into_inner) = Some(pump.abort_handle());
        sources.retain(|_, source| source.strong_count() > 0);
        sources.insert(id.clone(), Arc::downgrade(&source));
        Some(source)
    }
}

/// Reads the engine's stream into the ring and to the viewers, until the last viewer goes.
async fn pump(source: Weak<Source>, host: Arc<dyn Host>, request: LogsRequest) {
    let error = match host.logs(&request).await {
        Err(failure) => Some(failure.message),
        Ok(stream) => {
            let mut batches = stream.ready_chunks(BATCH);
            let mut error = None;
            while let Some(batch) = batches.next().await {
                let Some(source) = source.upgrade() else { return };
                let mut lines = Vec::with_capacity(batch.len());
                for line in batch {
                    match line {
                        Ok(line) => lines.push(line),
                        Err(failure) => error = Some(failure.message),
                    }
                }
                source.publish(lines, None);
            }
            error
        }
    };
    if let Some(source) = source.upgrade() {
        source.publish(Vec::new(), Some(error.unwrap_or_else(|| "the log ended".to_owned())));
    }
}

impl Source {
    /// To the ring and to the viewers under one lock, so that a viewer that comes in between gets
    /// each line once.
    fn publish(&self, lines: Vec<LogLine>, error: Option<String>) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        for line in &lines {
            ring.push(line.clone());
        }
        ring.ended = ring.ended || error.is_some();
        let _ = self.sender.send(Arc::new(LogBatch { lines, dropped: 0, error }));
    }

    fn view(self: Arc<Self>, tail: usize) -> impl Stream<Item = LogBatch> {
        let (first, receiver) = {
            let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            let skip = ring.lines.len().saturating_sub(tail);
            (ring.lines.iter().skip(skip).cloned().collect::<Vec<_>>(), self.sender.subscribe())
        };
        let first = LogBatch { lines: first, dropped: 0, error: None };
        stream::iter(Some(first)).chain(stream::unfold(
            (self, receiver, 0, false),
            |(source, mut receiver, mut dropped, ended)| async move {
                if ended {
                    return None;
                }
                loop {
                    match receiver.recv().await {
                        Ok(batch) => {
                            let batch = LogBatch { dropped, ..(*batch).clone() };
                            let ended = batch.error.is_some();
                            return Some((batch, (source, receiver, 0, ended)));
                        }
                        Err(broadcast::error::RecvError::Lagged(missed)) => dropped += missed,
                        Err(broadcast::error::RecvError::Closed) => return None,
                    }
                }
            },
        ))
    }
}

fn keep(query: &LogQuery) -> impl Fn(&LogLine) -> bool + Send + Sync + 'static {
    let service = query.service.clone();
    let grep = query.grep.as_ref().map(|text| text.to_lowercase());
    move |line: &LogLine| {
        service.as_ref().is_none_or(|service| &line.service == service)
            && grep.as_ref().is_none_or(|text| line.text.to_lowercase().contains(text))
    }
}

impl Engine {
    /// The log of a deployment.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`, `device_unreachable`.
    pub async fn logs(&self, actor: &Actor, which: &str, query: LogQuery) -> Result<(DeploymentId, BoxStream<'static, LogBatch>), Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::ReadLogs)?;
        let deployment = inner.find_deployment(which).await?;
        let host = inner.host(&deployment.device_id)?;
        let tail = query.tail.unwrap_or(200).min(MAX_TAIL);
        let keep = keep(&query);
        let filter = move |mut batch: LogBatch| {
            batch.lines.retain(|line| keep(line));
            batch
        };
        let shared =
            query.follow && query.since.is_none() && query.service.is_none() && query.grep.is_none() && tail as usize <= RING_LINES;
        let source = if shared { inner.log_hub.source(&deployment.id, &deployment.name, &host, tail) } else { None };
        if let Some(source) = source {
            return Ok((deployment.id, source.view(tail as usize).boxed()));
        }
        let request = LogsRequest {
            project: deployment.name.project(),
            service: query.service.clone(),
            tail,
            since: query.since,
            follow: query.follow,
        };
        let stream = host.logs(&request).await.map_err(|e| error::host(&e))?;
        let batches = stream.ready_chunks(BATCH).map(move |chunk| {
            let mut batch = LogBatch::default();
            for line in chunk {
                match line {
                    Ok(line) => batch.lines.push(line),
                    Err(failure) => batch.error = Some(failure.message),
                }
            }
            filter(batch)
        });
        Ok((deployment.id, batches.boxed()))
    }
}
