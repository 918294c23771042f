//! Log lines, as they were and as they come.

mod hub;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use steward_core::log::LogLine;
use steward_core::name::ServiceName;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{DeploymentId, Refusal};
use steward_host::{HostError, LogsRequest};

pub(crate) use self::hub::LogHub;
use self::hub::{BATCH, SHARED_TAIL};
use crate::engine::Engine;
use crate::error;

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
    /// How many lines this viewer missed before these, because it was too slow.
    pub dropped: u64,
    /// Why no more lines come, on the last batch of a stream that broke off.
    pub error: Option<String>,
}

/// Puts what came together into a batch.
fn gather(chunk: Vec<Result<LogLine, HostError>>) -> LogBatch {
    let mut batch = LogBatch::default();
    for line in chunk {
        match line {
            Ok(line) => batch.lines.push(line),
            Err(failure) => batch.error = Some(failure.message),
        }
    }
    batch
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
        let deployment = inner.deployment_for(actor, Permission::ReadLogs, which).await?;
        let host = inner.host(&deployment.device_id)?;
        let tail = query.tail.unwrap_or(200).min(MAX_TAIL);
        let keep = keep(&query);
        let shared = query.follow && query.since.is_none() && query.service.is_none() && query.grep.is_none() && tail <= SHARED_TAIL;
        let source = if shared { inner.log_hub.source(&deployment.id, &deployment.name, &host, tail) } else { None };
        if let Some(source) = source {
            return Ok((deployment.id, source.view(tail).boxed()));
        }
        let request = LogsRequest {
            project: deployment.name.project(),
            service: query.service.clone(),
            tail,
            since: query.since,
            follow: query.follow,
        };
        let stream = host.logs(&request).await.map_err(|e| error::host(&e))?;
        let batches = stream.ready_chunks(BATCH).map(gather).map(move |mut batch| {
            batch.lines.retain(|line| keep(line));
            batch
        });
        Ok((deployment.id, batches.boxed()))
    }
}
