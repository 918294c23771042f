//! Steward's own log: to standard error, as lines for people or as JSON for programs.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One line each, for people.
    #[default]
    Text,
    /// One JSON object each, for programs.
    Json,
}

/// Starts the log. `filter` names levels, of all or of one part, such as `info` or
/// `warn,steward=debug`; one that does not parse counts as `info`, and is said.
pub fn start(format: LogFormat, filter: &str) {
    let (filter, complaint) = match filter.parse::<Targets>() {
        Ok(filter) => (filter, None),
        Err(error) => (Targets::new().with_default(LevelFilter::INFO), Some(error)),
    };
    let log = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr);
    // A subscriber that is there already, in a test, stays.
    let _ = match format {
        LogFormat::Text => log.with(lines.with_ansi(false)).try_init(),
        LogFormat::Json => log.with(lines.json().flatten_event(true)).try_init(),
    };
    if let Some(error) = complaint {
        tracing::warn!(%error, "the log filter does not parse; using `info`");
    }
    log_panics();
}

/// A panic ends one task; it must be seen in the log, with its place, in the log's own format.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "a defect: {text}");
    }));
}
