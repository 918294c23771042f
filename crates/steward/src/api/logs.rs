//! `/deployments/{id}/logs`: log lines, once or as they come.

use axum::extract::State;
use axum::response::Response;
use futures_util::{StreamExt, stream as streams};
use serde::Deserialize;
use steward_core::log::{LogLine, LogStream};
use steward_core::name::ServiceName;
use steward_core::{Code, Refusal, Timestamp};
use steward_engine::{LogBatch, LogQuery};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Credential, Path, Query, Signed};
use super::problem::{Failure, Problem};
use super::{Shared, stream};

/// The longest text that is looked for.
const MAX_GREP: usize = 256;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get_logs))
}

/// Which lines are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LogParams {
    /// How many lines from the end of each container's log; 200 when absent.
    #[param(maximum = 100_000)]
    tail: Option<u32>,
    /// Only lines since then: seconds since 1970, or so long ago, such as `10m`.
    #[param(pattern = "^[0-9]{1,10}[smhd]?$")]
    since: Option<String>,
    /// Only lines that contain this text, whatever the case.
    #[param(max_length = 256)]
    grep: Option<String>,
    /// Only lines of this service.
    #[param(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 40)]
    service: Option<String>,
    /// Whether to go on with lines as they come.
    #[serde(default)]
    #[param(required = false)]
    follow: bool,
}

impl LogParams {
    fn into_query(self, now: Timestamp) -> Result<LogQuery, Refusal> {
        let grep = self.grep.filter(|text| !text.is_empty());
        if grep.as_ref().is_some_and(|text| text.len() > MAX_GREP) {
            return Err(Refusal::new(Code::InvalidValue, format!("`grep` has at most {MAX_GREP} bytes")).with_field("grep"));
        }
        Ok(LogQuery {
            tail: self.tail,
            since: self.since.as_deref().map(|since| parse_since(since, now)).transpose()?,
            service: self.service.as_deref().map(ServiceName::parse).transpose()?,
            grep,
            follow: self.follow,
        })
    }
}

/// A time in seconds since 1970, from such a time or from how long ago it was.
fn parse_since(text: &str, now: Timestamp) -> Result<i64, Refusal> {
    let wrong = || {
        let message = "`since` is a time in seconds since 1970, or how long ago, such as `30s`, `10m`, `2h` or `1d`";
        Refusal::new(Code::InvalidValue, message).with_field("since")
    };
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, text.bytes().last()),
        None => (text, None),
    };
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: i64 = digits.parse().map_err(|_| wrong())?;
    let ago = |seconds: i64| now.0 / 1000 - number.saturating_mul(seconds);
    Ok(match unit {
        Some(b's') => ago(1),
        Some(b'm') => ago(60),
        Some(b'h') => ago(3600),
        Some(_) => ago(24 * 3600),
        None => number,
    }
    .max(0))
}

/// The log of a deployment, one JSON object per line, oldest first.
#[utoipa::path(get, path = "/deployments/{id}/logs", tag = "deployments",
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"), LogParams),
    responses((status = 200, body = LogLine, content_type = "application/x-ndjson"),
        (status = 503, description = "The device does not answer.", body = Problem)),
    extensions(("x-permission" = json!("logs.read"))))]
async fn get_logs(
    State(app): State<Shared>,
    credential: Credential,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Query(params): Query<LogParams>,
) -> Result<Response, Failure> {
    let query = params.into_query(app.clock.now())?;
    let (_, batches) = app.engine.logs(&actor, &id, query).await?;
    let lines = batches.flat_map(|batch| streams::iter(with_gap(batch)));
    Ok(stream::ndjson(lines, stream::rights_end(app, credential, actor)))
}

/// The lines of a batch. What was left out because this reader is too slow is said in a line of
/// Steward's own, so that nobody takes the log for whole.
fn with_gap(batch: LogBatch) -> Vec<LogLine> {
    let gap = (batch.dropped > 0).then(|| {
        let service = ServiceName::parse("steward").ok()?;
        let text = format!("… {} lines were left out: this reader is too slow", batch.dropped);
        Some(LogLine { at: None, service, stream: LogStream::Stderr, text })
    });
    gap.flatten().into_iter().chain(batch.lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_an_age() {
        let now = Timestamp(1_000_000_000);
        for (text, seconds) in [("5", 5), ("30s", 999_970), ("10m", 999_400), ("1h", 996_400), ("2d", 827_200), ("9999999999d", 0)] {
            assert_eq!(parse_since(text, now), Ok(seconds), "{text}");
        }
        for text in ["", "m", "-5", "5w", "1.5h", "5 m", "99999999999", "٣"] {
            assert!(parse_since(text, now).is_err(), "{text}");
        }
    }
}
