//! Schedules: any typed operation, made at due times.
//!
//! Everything here is pure: the time is given, never read.

mod cron;
mod decision;
mod due;
mod words;
mod zone;

pub use cron::Cron;
pub use decision::{Decision, decide};
pub use due::DueTimes;
pub use zone::ZoneName;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{OperationId, ScheduleId, UserId};
use crate::name::{ScheduleName, UserName};
use crate::operation::Request;
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;

/// The longest window, in minutes: a day.
pub const MAX_WINDOW_MINUTES: u32 = 24 * 60;
/// The longest jitter, in seconds: an hour.
pub const MAX_JITTER_SECONDS: u32 = 3600;
/// The window when none is given, in minutes.
pub const DEFAULT_WINDOW_MINUTES: u32 = 60;
/// Names that no schedule can have: they follow `/schedules/` in the API.
const RESERVED: [&str; 2] = ["calendar", "preview"];
/// How many due times ahead are looked at to find the shortest time between two of them.
const LOOKED_AT: usize = 32;

/// What happens when a run is due while an earlier one is still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The later one is left out.
    #[default]
    Skip,
    /// The later one waits in the queue.
    Wait,
}

/// What a person says about a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleInput {
    /// What people call it; no two have the same.
    pub name: ScheduleName,
    /// What is asked for at each due time.
    pub request: Request,
    /// When.
    pub cron: Cron,
    /// The time zone in which the cron expression is meant.
    pub time_zone: ZoneName,
    /// How late a run may still start, in minutes: 1 to 1440.
    pub window_minutes: u32,
    /// By how many seconds at most a run is put off, so that not everything starts at once: 0 to
    /// 3600, and less than the time between two due times.
    pub jitter_seconds: u32,
    /// What happens when an earlier run is still under way.
    pub overlap: Overlap,
    /// Whether one run is made up for after a downtime that was longer than the window.
    pub catch_up: bool,
}

/// The same as it comes in: what is wrong with it becomes a refusal with its field.
#[derive(Clone, Debug)]
pub struct ScheduleDraft {
    /// What people call it.
    pub name: String,
    /// What is asked for, or why that is no request.
    pub request: Result<Request, Refusal>,
    /// When: a cron expression of five fields.
    pub cron: String,
    /// The name of a time zone.
    pub time_zone: String,
    /// How late a run may still start, in minutes.
    pub window_minutes: u32,
    /// By how many seconds at most a run is put off.
    pub jitter_seconds: u32,
    /// What happens when an earlier run is still under way.
    pub overlap: Overlap,
    /// Whether one run is made up for after a long downtime.
    pub catch_up: bool,
}

impl ScheduleDraft {
    /// Reads and checks it.
    ///
    /// # Errors
    /// `invalid_name`, `invalid_value` and those of the request, with the field.
    pub fn read(self, now: Timestamp) -> Result<ScheduleInput, Refusal> {
        if RESERVED.contains(&self.name.as_str()) {
            return Err(
                Refusal::new(Code::InvalidName, format!("`{}` is a place of the API; choose another name", self.name)).with_field("name")
            );
        }
        let input = ScheduleInput {
            name: ScheduleName::parse(&self.name)?,
            request: self.request.map_err(in_request)?,
            cron: Cron::parse(&self.cron)?,
            time_zone: ZoneName::parse(&self.time_zone)?,
            window_minutes: self.window_minutes,
            jitter_seconds: self.jitter_seconds,
            overlap: self.overlap,
            catch_up: self.catch_up,
        };
        input.check(now)?;
        Ok(input)
    }
}

/// A refusal of a schedule's request, with the field where the schedule has it.
pub fn in_request(mut refusal: Refusal) -> Refusal {
    refusal.field = Some(refusal.field.map_or_else(|| "request".to_owned(), |field| format!("request.{field}")));
    refusal
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// What people call it.
    pub name: ScheduleName,
    /// What is asked for at each due time.
    pub request: Request,
    /// When: a cron expression of five fields.
    pub cron: Cron,
    /// The time zone in which the cron expression is meant.
    pub time_zone: ZoneName,
    /// How late a run may still start, in minutes.
    pub window_minutes: u32,
    /// By how many seconds at most a run is put off.
    pub jitter_seconds: u32,
    /// What happens when an earlier run is still under way.
    pub overlap: Overlap,
    /// Whether one run is made up for after a long downtime.
    pub catch_up: bool,
    /// Whether it runs; a paused one keeps its history.
    pub enabled: bool,
    /// The account whose rights it has: who made it or changed it last.
    pub owner_id: UserId,
    /// That account's name; the account may be gone.
    pub owner: UserName,
    /// Rises with each change.
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Due times after this one count: when it was made, given another time, or resumed.
    pub since: Timestamp,
}

impl Schedule {
    /// When it is due.
    pub fn due_times(&self) -> DueTimes<'_> {
        DueTimes::new(&self.cron, &self.time_zone)
    }

    /// When the run of a due time starts: later by its share of the jitter, which is the same
    /// whenever it is asked for.
    pub fn starts_at(&self, due_at: Timestamp) -> Timestamp {
        if self.jitter_seconds == 0 {
            return due_at;
        }
        let digest = Sha256::digest(format!("{} {}", self.id, due_at.0).as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        let spread = u64::from(self.jitter_seconds) * 1000 + 1;
        due_at.plus(i64::try_from(number % spread).unwrap_or(0))
    }

    /// Takes over what a person says.
    pub fn apply(&mut self, input: ScheduleInput) {
        let ScheduleInput { name, request, cron, time_zone, window_minutes, jitter_seconds, overlap, catch_up } = input;
        *self = Self { name, request, cron, time_zone, window_minutes, jitter_seconds, overlap, catch_up, ..self.clone() };
    }

    /// Its name and its owner's, as audit rows and pages show them.
    pub fn shown(&self) -> String {
        format!("schedule {} ({})", self.name, self.owner)
    }
}

impl ScheduleInput {
    /// Checks what the types do not: the window, and the jitter against the time between runs.
    ///
    /// # Errors
    /// `invalid_value` with the field.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let refuse = |field: &str, why: String| Err(Refusal::new(Code::InvalidValue, why).with_field(field));
        if !(1..=MAX_WINDOW_MINUTES).contains(&self.window_minutes) {
            return refuse("window_minutes", format!("the window is 1 to {MAX_WINDOW_MINUTES} minutes"));
        }
        if self.jitter_seconds > MAX_JITTER_SECONDS {
            return refuse("jitter_seconds", format!("the jitter is 0 to {MAX_JITTER_SECONDS} seconds"));
        }
        let next: Vec<Timestamp> = DueTimes::new(&self.cron, &self.time_zone).after(now).take(LOOKED_AT).collect();
        if next.is_empty() {
            return refuse("cron", "no time like this comes any more".to_owned());
        }
        let shortest = next.windows(2).map(|pair| pair[1].since(pair[0])).min().unwrap_or(u64::MAX);
        if self.jitter_seconds > 0 && u64::from(self.jitter_seconds) * 1000 >= shortest {
            return refuse("jitter_seconds", format!("the jitter must be shorter than the time between two runs, {} s", shortest / 1000));
        }
        Ok(())
    }
}

/// What came of a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// An operation was accepted.
    Started,
    /// Everything was so already; nothing was done.
    Unchanged,
    /// The request was refused.
    Refused,
    /// Steward did not run in time.
    Missed,
    /// An earlier run was still under way.
    Skipped,
}

impl RunOutcome {
    /// Every outcome.
    pub const ALL: [RunOutcome; 5] =
        [RunOutcome::Started, RunOutcome::Unchanged, RunOutcome::Refused, RunOutcome::Missed, RunOutcome::Skipped];

    /// The outcome as text.
    pub fn as_str(self) -> &'static str {
        match self {
            RunOutcome::Started => "started",
            RunOutcome::Unchanged => "unchanged",
            RunOutcome::Refused => "refused",
            RunOutcome::Missed => "missed",
            RunOutcome::Skipped => "skipped",
        }
    }

    /// Reads an outcome.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// What came of one due time. There is one for each, at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScheduleRun {
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// The due time.
    pub due_at: Timestamp,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// What came of it.
    pub outcome: RunOutcome,
    /// The operation, when there is one.
    pub operation_id: Option<OperationId>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// How many due times before this one were passed over, because Steward did not run; at most
    /// 1000 are counted.
    pub missed_before: u32,
}
