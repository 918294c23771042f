//! Retention: how long what was done is remembered.

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};

/// The shortest time that the audit reaches back, in days.
pub const AUDIT_AT_LEAST: u32 = 30;
/// The longest time that can be set, in days.
const LONGEST: u32 = 36_500;
/// The most operations that can be kept whatever their age.
const MOST: u32 = 10_000_000;

/// How long what was done is remembered. Times are whole days of 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Operations at rest are forgotten when they are older than so many days and not among the
    /// newest `operations_kept`.
    #[schema(minimum = 1, maximum = 36_500)]
    pub operations_days: u32,
    /// The newest so many operations are kept whatever their age.
    #[schema(maximum = 10_000_000)]
    pub operations_kept: u32,
    /// What commands printed is forgotten after so many days.
    #[schema(minimum = 1, maximum = 36_500)]
    pub output_days: u32,
    /// The audit reaches back so many days.
    #[schema(minimum = 30, maximum = 36_500)]
    pub audit_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { operations_days: 365, operations_kept: 100_000, output_days: 90, audit_days: 730 }
    }
}

/// A change of the retention: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionChange {
    /// Days after which operations are forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 36_500)]
    pub operations_days: Option<u32>,
    /// How many operations are kept whatever their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 10_000_000)]
    pub operations_kept: Option<u32>,
    /// Days after which what commands printed is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 36_500)]
    pub output_days: Option<u32>,
    /// Days that the audit reaches back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 30, maximum = 36_500)]
    pub audit_days: Option<u32>,
}

impl Retention {
    /// The retention after a change.
    ///
    /// # Errors
    /// `invalid_value` with the field that is out of range.
    pub fn changed(&self, change: &RetentionChange) -> Result<Self, Refusal> {
        let changed = Self {
            operations_days: change.operations_days.unwrap_or(self.operations_days),
            operations_kept: change.operations_kept.unwrap_or(self.operations_kept),
            output_days: change.output_days.unwrap_or(self.output_days),
            audit_days: change.audit_days.unwrap_or(self.audit_days),
        };
        changed.check()?;
        Ok(changed)
    }

    /// Whether every value is within its range.
    ///
    /// # Errors
    /// `invalid_value` with the field that is out of range.
    pub fn check(&self) -> Result<(), Refusal> {
        let ranges = [
            ("operations_days", self.operations_days, 1, LONGEST, "days"),
            ("operations_kept", self.operations_kept, 0, MOST, "operations"),
            ("output_days", self.output_days, 1, LONGEST, "days"),
            ("audit_days", self.audit_days, AUDIT_AT_LEAST, LONGEST, "days"),
        ];
        match ranges.into_iter().find(|(_, value, least, most, _)| !(*least..=*most).contains(value)) {
            None => Ok(()),
            Some((field, value, least, most, unit)) => {
                Err(Refusal::new(Code::InvalidValue, format!("{value} is not within {least} to {most} {unit}")).with_field(field))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R38: the audit never reaches back less than thirty days.
    #[test]
    fn what_is_out_of_range_is_refused_with_its_field() {
        let field = |change: RetentionChange| Retention::default().changed(&change).map_err(|refusal| refusal.field.unwrap_or_default());
        assert_eq!(field(RetentionChange { audit_days: Some(29), ..Default::default() }), Err("audit_days".to_owned()));
        assert_eq!(field(RetentionChange { operations_days: Some(0), ..Default::default() }), Err("operations_days".to_owned()));
        assert_eq!(field(RetentionChange { output_days: Some(40_000), ..Default::default() }), Err("output_days".to_owned()));
        assert_eq!(field(RetentionChange { operations_kept: Some(u32::MAX), ..Default::default() }), Err("operations_kept".to_owned()));
        let changed = field(RetentionChange { audit_days: Some(30), operations_kept: Some(0), ..Default::default() });
        assert_eq!(changed, Ok(Retention { audit_days: 30, operations_kept: 0, ..Retention::default() }));
    }
}
