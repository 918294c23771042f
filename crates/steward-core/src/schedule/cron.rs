//! Cron expressions of five fields.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil;
use serde::{Deserialize, Serialize};

use super::words;
use crate::refusal::{Code, Refusal};

/// The longest expression, in bytes.
const MAX: usize = 120;
/// How far ahead a due time is looked for, in years. The rarest pattern that ever comes is a
/// weekday on 29 February, which can take forty years around 2100.
pub(super) const HORIZON_YEARS: i16 = 45;

/// A cron expression: minute, hour, day of the month, month, day of the week. One that no date ever
/// matches does not exist.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "0 3 * * *")]
pub struct Cron(Expression);

#[derive(Clone)]
struct Expression {
    text: String,
    parsed: croner::Cron,
}

impl Cron {
    /// Parses an expression; spaces between the fields are made single.
    ///
    /// # Errors
    /// `invalid_value` when it has other than five fields, a field is out of range, or no date ever
    /// matches it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |why: String| {
            Refusal::new(Code::InvalidValue, why)
                .with_field("cron")
                .with_hint("Write minute, hour, day of the month, month and day of the week, such as `0 3 * * *` for every day at 03:00.")
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b" */,-#?+".contains(&b);
        if text.len() > MAX || !text.bytes().all(allowed) {
            return Err(refuse(format!("a cron expression has at most {MAX} letters, digits, spaces and `* / , - # ? +`")));
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = text.split(' ').filter(|field| !field.is_empty()).count();
        if fields != 5 {
            return Err(refuse(format!("a cron expression has five fields, this one has {fields}")));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let parsed = parser.parse(&text).map_err(|error| refuse(said(&text, &error.to_string())))?;
        let cron = Self(Expression { text, parsed });
        // Any start will do: the horizon is longer than every rhythm of the calendar.
        if cron.civil_after(civil::date(2024, 1, 1).at(0, 0, 0, 0), true).is_none() {
            return Err(refuse(format!("no date is ever like `{}`", cron.0.text)));
        }
        Ok(cron)
    }

    /// The expression as text.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// What it means, in plain words, such as `Mondays and Thursdays at 04:30`.
    pub fn words(&self) -> String {
        words::of(&self.0.parsed)
    }

    /// The pattern.
    pub(super) fn pattern(&self) -> &croner::Cron {
        &self.0.parsed
    }

    /// The first time on the wall clock after one, or from it on.
    pub(super) fn civil_after(&self, from: civil::DateTime, inclusive: bool) -> Option<civil::DateTime> {
        // Without this, a date that never comes would be looked for until the year 5000.
        if !self.has_days() {
            return None;
        }
        let found = self.0.parsed.find_next_occurrence(&from, inclusive).ok()?;
        (found.year() - from.year() <= HORIZON_YEARS).then_some(found)
    }

    /// Whether any month has a day like this. Only days that no month has can make a pattern of
    /// known fields impossible.
    fn has_days(&self) -> bool {
        let pattern = &self.0.parsed.pattern;
        if pattern.is_dom_wildcard() || pattern.days.has_modifiers() || (!pattern.is_dow_wildcard() && !pattern.matches_dom_and_dow()) {
            return true;
        }
        let longest = |month: u16| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let first = pattern.days.values().first().copied().unwrap_or(32);
        pattern.months.values().into_iter().any(|month| first <= longest(month))
    }
}

/// What the parser said, with the expression instead of what it made of it.
fn said(text: &str, error: &str) -> String {
    let why = error.split_once(": ").map_or(error, |(_, why)| why).trim_end_matches('.');
    format!("`{text}` is no cron expression: {}", why.replace("CronPattern", "the expression"))
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Cron {}

impl TryFrom<String> for Cron {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> String {
        cron.0.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_five_fields() {
        for good in [
            "* * * * *",
            "0 3 * * *",
            "*/15 8-18 * * MON-FRI",
            " 0  0 1,15 * * ",
            "0 0 29 2 *",
            "0 0 L * *",
            "30 4 * * 1#2",
            "0 0 29 2 +MON",
        ] {
            assert!(Cron::parse(good).is_ok(), "{good}: {:?}", Cron::parse(good));
        }
        let long = format!("{} * * * *", "0,".repeat(100));
        for bad in [
            "",
            "x",
            "* * * *",
            "* * * * * *",
            "0 0 3 * * * 2027",
            "@daily",
            "60 * * * *",
            "* 24 * * *",
            "0 0 0 * *",
            "0 0 * 13 *",
            "0 0 * * 8",
            "-1 * * * *",
            "*/0 * * * *",
            "5-1-2 * * * *",
            "; ls * * *",
            "* * * * *\n* * * * *",
            long.as_str(),
        ] {
            let refusal = Cron::parse(bad).map(|cron| cron.0.text).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::InvalidValue, Some("cron")), "{bad}");
        }
        assert_eq!(Cron::parse(" 0  3 * *   *").map(|cron| cron.0.text), Ok("0 3 * * *".to_owned()));
    }

    /// A date that never comes is refused, and at once.
    #[test]
    fn impossible_dates_are_refused() {
        let begun = std::time::Instant::now();
        for never in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30,31 FEB *", "0 0 31 4 +MON"] {
            let refusal = Cron::parse(never).map(|cron| cron.0.text).unwrap_err();
            assert!(refusal.message.contains("no date is ever"), "{never}: {refusal}");
        }
        // Either the day or the weekday is enough, so this one comes on Mondays in February.
        assert!(Cron::parse("0 0 30 2 1").is_ok());
        assert!(begun.elapsed() < std::time::Duration::from_secs(2));
    }
}
