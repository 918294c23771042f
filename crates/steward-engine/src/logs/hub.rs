//! One stream from the engine for each deployment that somebody follows, and any number of viewers on
//! it. Each viewer reads the kept lines at its own pace: a slow one is told how many lines it missed,
//! and never slows another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use steward_core::DeploymentId;
use steward_core::log::LogLine;
use steward_core::name::DeploymentName;
use steward_host::{Host, LogsRequest};
use tokio::sync::watch;

use super::{LogBatch, gather};

/// Lines that a viewer may be behind.
const KEPT_LINES: usize = 32 * 1024;
/// And bytes of text.
const KEPT_BYTES: usize = 8 * 1024 * 1024;
/// Lines in one batch.
pub(super) const BATCH: usize = 1024;
/// Lines that come in a burst are collected for so long: handed on one by one they cost Steward and the
/// viewer a multiple.
const COLLECT: Duration = Duration::from_millis(5);
/// The longest tail that a viewer of a shared stream can ask for; longer ones get a stream of their own.
pub(super) const SHARED_TAIL: u32 = 1000;

/// The followed deployments.
#[derive(Default)]
pub(crate) struct LogHub {
    sources: Mutex<HashMap<DeploymentId, Weak<Source>>>,
}

/// The stream of one deployment.
pub(super) struct Source {
    /// How many lines from the end the stream began with. Whoever wants more needs another stream.
    tail: u32,
    kept: Mutex<Kept>,
    news: watch::Sender<()>,
    pump: Mutex<Option<tokio::task::AbortHandle>>,
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(pump) = lock(&self.pump).take() {
            pump.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last lines. Every line of a stream has a number, from 0.
#[derive(Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// The number of the next line.
    end: u64,
    /// Why no more lines come.
    ended: Option<String>,
}

impl Kept {
    fn push(&mut self, line: LogLine) {
        self.bytes += line.text.len();
        self.end += 1;
        self.lines.push_back(line);
        while self.lines.len() > KEPT_LINES || self.bytes > KEPT_BYTES {
            if let Some(old) = self.lines.pop_front() {
                self.bytes -= old.text.len();
            }
        }
    }

    /// What somebody has not seen who has seen the lines before this number; none when there is nothing
    /// new. Moves the number on.
    fn since(&self, seen: &mut u64) -> Option<LogBatch> {
        let oldest = self.end - self.lines.len() as u64;
        let dropped = oldest.saturating_sub(*seen);
        let from = usize::try_from((*seen).max(oldest) - oldest).unwrap_or(usize::MAX);
        let lines: Vec<LogLine> = self.lines.iter().skip(from).take(BATCH).cloned().collect();
        *seen = (*seen).max(oldest) + lines.len() as u64;
        let error = if *seen == self.end { self.ended.clone() } else { None };
        (!lines.is_empty() || error.is_some()).then_some(LogBatch { lines, dropped, error })
    }
}

impl LogHub {
    /// The source of a deployment, started when nobody follows it yet; none when the one that is
    /// there began with fewer lines than are wanted.
    pub(super) fn source(&self, id: &DeploymentId, name: &DeploymentName, host: &Arc<dyn Host>, tail: u32) -> Option<Arc<Source>> {
        let mut sources = lock(&self.sources);
        let live = sources.get(id).and_then(Weak::upgrade);
        if let Some(source) = live.filter(|source| lock(&source.kept).ended.is_none()) {
            return (source.tail >= tail).then_some(source);
        }
        let source = Arc::new(Source { tail, kept: Mutex::default(), news: watch::Sender::new(()), pump: Mutex::default() });
        let request = LogsRequest { project: name.project(), service: None, tail, since: None, follow: true };
        let pump = tokio::spawn(pump(Arc::downgrade(&source), host.clone(), request));
        *lock(&source.pump) = Some(pump.abort_handle());
        sources.retain(|_, source| source.strong_count() > 0);
        sources.insert(id.clone(), Arc::downgrade(&source));
        Some(source)
    }
}

/// Reads the engine's stream until it ends or the last viewer goes.
async fn pump(source: Weak<Source>, host: Arc<dyn Host>, request: LogsRequest) {
    let error = match host.logs(&request).await {
        Err(failure) => Some(failure.message),
        Ok(stream) => {
            let mut batches = stream.ready_chunks(BATCH).map(gather);
            let mut error = None;
            while let Some(batch) = batches.next().await {
                let Some(source) = source.upgrade() else { return };
                source.publish(batch.lines, None);
                error = batch.error.or(error);
            }
            error
        }
    };
    if let Some(source) = source.upgrade() {
        source.publish(Vec::new(), Some(error.unwrap_or_else(|| "the log ended".to_owned())));
    }
}

/// What a viewer does before it looks for more.
enum Next {
    Look,
    Collect,
    End,
}

impl Source {
    fn publish(&self, lines: Vec<LogLine>, ended: Option<String>) {
        {
            let mut kept = lock(&self.kept);
            lines.into_iter().for_each(|line| kept.push(line));
            kept.ended = ended;
        }
        self.news.send_replace(());
    }

    /// The last lines, then each as it comes.
    pub(super) fn view(self: Arc<Self>, tail: u32) -> impl Stream<Item = LogBatch> {
        let news = self.news.subscribe();
        let seen = {
            let kept = lock(&self.kept);
            kept.end - u64::from(tail).min(kept.lines.len() as u64)
        };
        stream::unfold((self, news, seen, Next::Look), |(source, mut news, mut seen, next)| async move {
            match next {
                Next::Look => {}
                Next::Collect => tokio::time::sleep(COLLECT).await,
                Next::End => return None,
            }
            loop {
                let batch = lock(&source.kept).since(&mut seen);
                if let Some(batch) = batch {
                    let next = match batch.lines.len() {
                        _ if batch.error.is_some() => Next::End,
                        BATCH.. => Next::Look,
                        _ => Next::Collect,
                    };
                    return Some((batch, (source, news, seen, next)));
                }
                news.changed().await.ok()?;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use steward_core::log::LogStream;
    use steward_core::name::ServiceName;

    use super::*;

    fn kept(count: usize, text: &str) -> Kept {
        let mut kept = Kept::default();
        for _ in 0..count {
            let service = ServiceName::parse("web").unwrap();
            kept.push(LogLine { at: None, service, stream: LogStream::Stdout, text: text.to_owned() });
        }
        kept
    }

    /// What a slow viewer missed is counted in lines.
    #[test]
    fn a_slow_viewer_is_told_how_many_lines_it_missed() {
        let kept = kept(KEPT_LINES + 10, "x");
        let mut seen = 4;
        let first = kept.since(&mut seen).unwrap();
        assert_eq!((first.dropped, first.lines.len(), seen), (6, BATCH, 10 + BATCH as u64));
        assert_eq!(kept.since(&mut seen).unwrap().dropped, 0);
    }

    #[test]
    fn long_lines_take_no_more_than_their_bytes() {
        let kept = kept(1000, &"x".repeat(16 * 1024));
        assert_eq!(kept.lines.len(), KEPT_BYTES / (16 * 1024));
        assert_eq!(kept.bytes, KEPT_BYTES);
    }

    /// The end is said after the last line, once, also to somebody who has seen all.
    #[test]
    fn the_end_comes_last() {
        let mut kept = kept(BATCH + 1, "x");
        let mut seen = 0;
        kept.ended = Some("over".to_owned());
        assert_eq!(kept.since(&mut seen).unwrap().error, None);
        assert_eq!(kept.since(&mut seen).unwrap().error.as_deref(), Some("over"));
        assert_eq!(kept.since(&mut seen).unwrap().lines, []);
    }
}
