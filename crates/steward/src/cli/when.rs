//! Times for people: in the zone of this machine, or how long ago.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use steward_engine::{Clock, SystemClock};

use super::text;

/// Milliseconds since 1970.
pub fn now() -> i64 {
    SystemClock.now().0
}

fn format(at: i64, pattern: &str) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(at) => at.to_zoned(TimeZone::system()).strftime(pattern).to_string(),
        Err(_) => "—".to_owned(),
    }
}

/// `14:02:11`.
pub fn clock(at: i64) -> String {
    format(at, "%H:%M:%S")
}

/// `2026-11-21 14:02:11`.
pub fn date_time(at: i64) -> String {
    format(at, "%Y-%m-%d %H:%M:%S")
}

/// `2026-11-21T14:02:11.123+01:00`, for log lines.
pub fn exact(at: i64) -> String {
    format(at, "%Y-%m-%dT%H:%M:%S.%3f%:z")
}

/// `3 min ago` for a day, then the date.
pub fn ago(at: i64) -> String {
    let seconds = now().saturating_sub(at) / 1000;
    match seconds {
        i64::MIN..=59 => "just now".to_owned(),
        60..=3599 => format!("{} min ago", seconds / 60),
        3600..=86_399 => format!("{} h ago", seconds / 3600),
        _ => format(at, "%Y-%m-%d %H:%M"),
    }
}

/// How long it took, from two times of the server.
pub fn between(from: i64, to: i64) -> String {
    text::duration(Duration::from_millis(u64::try_from(to.saturating_sub(from)).unwrap_or(0)))
}
