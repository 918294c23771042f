//! The engine's times: RFC 3339 in UTC with up to nine digits after the second.

use std::time::{SystemTime, UNIX_EPOCH};

use steward_core::time::Timestamp;

/// Nanoseconds since 1970, which an i64 holds until the year 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Nanos(pub(crate) i64);

impl Nanos {
    /// The machine's clock, which is the engine's as well.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp(self.0.div_euclid(1_000_000))
    }

    /// As the engine takes it in `since`: seconds and nanoseconds.
    pub(crate) fn since(self) -> String {
        format!("{}.{:09}", self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000))
    }
}

/// Parses `2026-11-21T07:00:00.123456789Z`, also with an offset instead of `Z`. The engine's zero time (year 1)
/// means "never" and is none.
pub(crate) fn parse(text: &str) -> Option<Nanos> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes.get(from..to)?.iter().try_fold(0_i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, want)| bytes.get(at) != Some(&want)) {
        return None;
    }
    let days = days_since_1970(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    let seconds = days * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let (fraction, rest) = fraction(bytes.get(19..)?);
    let seconds = seconds - offset(rest)?;
    if seconds < 0 {
        return None;
    }
    Some(Nanos(seconds.checked_mul(1_000_000_000)?.checked_add(fraction)?))
}

/// The part after the second in nanoseconds, and what follows it.
fn fraction(bytes: &[u8]) -> (i64, &[u8]) {
    let Some(digits) = bytes.strip_prefix(b".") else { return (0, bytes) };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let nanos = (0..9).fold(0_i64, |sum, i| sum * 10 + digits.get(i).filter(|_| i < count).map_or(0, |b| i64::from(b - b'0')));
    (nanos, digits.get(count..).unwrap_or_default())
}

/// Seconds east of UTC.
fn offset(rest: &[u8]) -> Option<i64> {
    if rest == b"Z" {
        return Some(0);
    }
    let text = std::str::from_utf8(rest).ok()?;
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

/// Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap
/// day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let century_day = (year.rem_euclid(400)) * 365 + year.rem_euclid(400) / 4 - year.rem_euclid(400) / 100 + day_of_year;
    Some(year.div_euclid(400) * 146_097 + century_day - 719_468)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2000-02-29T12:00:00.5Z", 951_825_600, 500_000_000),
            ("2026-11-21T07:00:00.123456789Z", 1_795_244_400, 123_456_789),
            ("2026-11-21T08:00:00+01:00", 1_795_244_400, 0),
            ("2100-03-01T00:00:00.000000001Z", 4_107_542_400, 1),
        ] {
            assert_eq!(parse(text), Some(Nanos(seconds * 1_000_000_000 + nanos)), "{text}");
        }
        assert_eq!(Nanos(1_500_000_001).since(), "1.500000001");
        assert_eq!(Nanos(1_500_000_001).timestamp(), Timestamp(1500));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "0001-01-01T00:00:00Z",
            "2026-11-21",
            "2026-13-01T00:00:00Z",
            "2026-11-21T07:00:00",
            "2026-11-21T07:00:00.1",
            "x026-11-21T07:00:00Z",
            "ä026-11-21T07:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
