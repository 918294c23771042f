//! Time zones by their name in the IANA database.

use std::fmt;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;

/// The longest name, in bytes.
const MAX: usize = 64;

/// The name of a time zone, such as `Europe/Berlin`, with its rules. They come with the program, so
/// that a due time is the same on every machine.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "Europe/Berlin")]
pub struct ZoneName(Zone);

#[derive(Clone)]
struct Zone {
    name: String,
    rules: TimeZone,
}

impl ZoneName {
    /// Parses a name; its case does not matter.
    ///
    /// # Errors
    /// `invalid_value` when there is no such zone.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_+-/".contains(&b);
        let unknown = || {
            Refusal::new(Code::InvalidValue, "there is no such time zone")
                .with_field("time_zone")
                .with_hint("Write its name in the IANA database, such as Europe/Berlin, America/New_York or UTC.")
        };
        if text.is_empty() || text.len() > MAX || !text.bytes().all(plain) {
            return Err(unknown());
        }
        // Names with these are tables for programs, and no zones for people.
        if text.contains("posixrules") || text.contains("Factory") {
            return Err(unknown());
        }
        let rules = TimeZoneDatabase::bundled().get(text).map_err(|_| unknown())?;
        let name = rules.iana_name().unwrap_or(text).to_owned();
        Ok(Self(Zone { name, rules }))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0.name
    }

    /// The date of a moment here, as `2026-11-21`, and the moment at which the next date begins.
    pub fn date(&self, at: Timestamp) -> Option<(String, Timestamp)> {
        let here = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.0.rules.clone());
        let next = here.tomorrow().ok()?.start_of_day().ok()?;
        Some((here.strftime("%Y-%m-%d").to_string(), Timestamp(next.timestamp().as_millisecond())))
    }

    /// Its rules.
    pub(super) fn rules(&self) -> &TimeZone {
        &self.0.rules
    }
}

impl PartialEq for ZoneName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for ZoneName {}

impl TryFrom<String> for ZoneName {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<ZoneName> for String {
    fn from(zone: ZoneName) -> String {
        zone.0.name
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl fmt::Debug for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R3: only names of the database, and they need no file of the machine.
    #[test]
    fn zones_are_known_by_their_name() {
        for (text, name) in
            [("Europe/Berlin", "Europe/Berlin"), ("america/new_york", "America/New_York"), ("UTC", "UTC"), ("Etc/GMT+5", "Etc/GMT+5")]
        {
            assert_eq!(ZoneName::parse(text).map(|zone| zone.0.name), Ok(name.to_owned()), "{text}");
        }
        let long = "a".repeat(65);
        for bad in
            ["", "Europe/Nowhere", "CEST+1", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\n", "+01:00", "local", long.as_str()]
        {
            assert_eq!(ZoneName::parse(bad).map_err(|refusal| refusal.code), Err(Code::InvalidValue), "{bad:?}");
        }
    }
}
