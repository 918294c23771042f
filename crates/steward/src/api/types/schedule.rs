//! Schedules.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::operation;
use steward_core::schedule::{DEFAULT_WINDOW_MINUTES, Overlap, ScheduleDraft};

use super::operation::read_request;

fn default_window() -> u32 {
    DEFAULT_WINDOW_MINUTES
}

macro_rules! said_of_a_schedule {
    ($(#[$doc:meta])* $name:ident { $($(#[$more:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// What people call it: lower-case letters, digits and single hyphens.
            pub name: String,
            /// What is asked for at each due time: the body of `POST /operations`. It must hold no secret.
            #[schema(value_type = operation::Request)]
            pub request: Value,
            /// When: minute, hour, day of the month, month, day of the week.
            #[schema(example = "0 3 * * *")]
            pub cron: String,
            /// The time zone in which that is meant, by its name in the IANA database.
            #[schema(example = "Europe/Berlin")]
            pub time_zone: String,
            /// How late a run may still start, in minutes.
            #[serde(default = "default_window")]
            #[schema(minimum = 1, maximum = 1440, default = 60)]
            pub window_minutes: u32,
            /// By how many seconds at most a run is put off; less than the time between two runs.
            #[serde(default)]
            #[schema(minimum = 0, maximum = 3600, default = 0)]
            pub jitter_seconds: u32,
            /// What happens when an earlier run is still under way.
            #[serde(default)]
            pub overlap: Overlap,
            /// Whether one run is made up for after a downtime that was longer than the window.
            #[serde(default)]
            pub catch_up: bool,
            $($(#[$more])* pub $field: $type,)*
        }

        impl From<$name> for ScheduleDraft {
            fn from(said: $name) -> Self {
                Self {
                    name: said.name,
                    request: read_request(said.request),
                    cron: said.cron,
                    time_zone: said.time_zone,
                    window_minutes: said.window_minutes,
                    jitter_seconds: said.jitter_seconds,
                    overlap: said.overlap,
                    catch_up: said.catch_up,
                }
            }
        }
    };
}

said_of_a_schedule! {
    /// Makes a schedule.
    ScheduleRequest {}
}

said_of_a_schedule! {
    /// Replaces what a schedule is; whoever does it owns it.
    ScheduleChange {
        /// The version that the change was made to; refused when another one is in force.
        expected_version: u32,
    }
}

/// Asks what a cron expression means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// Minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The name of a time zone.
    pub time_zone: String,
    /// How many due times are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100, default = 3)]
    pub count: Option<u32>,
}
