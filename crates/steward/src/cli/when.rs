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

/// The name of this machine's time zone; UTC when it has none.
pub fn zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// `2026-11-21 14:02 (Europe/Berlin)`, and the time here when it is another.
pub fn both(at: i64, zone: &str) -> String {
    let here = format(at, "%Y-%m-%d %H:%M");
    let there = TimeZone::get(zone).ok().zip(Timestamp::from_millisecond(at).ok());
    let there = there.map(|(rules, at)| at.to_zoned(rules).strftime("%Y-%m-%d %H:%M").to_string());
    match there {
        Some(there) if there != here => format!("{there} ({zone}), {here} here"),
        _ => here,
    }
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
