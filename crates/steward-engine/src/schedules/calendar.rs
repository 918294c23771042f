//! Schedules on a calendar: what was and what will be, day by day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use steward_core::name::ScheduleName;
use steward_core::role::Permission;
use steward_core::schedule::{RunOutcome, Schedule, ScheduleRun, ZoneName};
use steward_core::user::Actor;
use steward_core::{Code, Refusal, ScheduleId, Timestamp};
use steward_store::schedule_runs;

use crate::engine::Engine;
use crate::error;

const DAY: i64 = 24 * 3600 * 1000;
/// The longest range: a month with the weeks around it, and some more.
const MAX_DAYS: i64 = 62;
/// How many due times of one schedule are counted on one day.
const COUNTED: u32 = 100;

/// Which part of the calendar is wanted.
#[derive(Clone, Debug)]
pub struct CalendarQuery {
    /// From this moment on.
    pub from: Timestamp,
    /// Up to this moment, which is not part of it.
    pub to: Timestamp,
    /// The time zone whose days these are.
    pub time_zone: String,
}

/// What one schedule did, and will do, on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalendarDay {
    /// The day, such as `2026-11-21`.
    pub date: String,
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// Its name.
    pub name: ScheduleName,
    /// The first due time of the day, past or to come.
    pub first_at: Timestamp,
    /// Due times to come; at most 100 are counted.
    pub upcoming: u32,
    /// Runs that led to an operation.
    pub started: u32,
    /// Runs that found everything as it should be.
    pub unchanged: u32,
    /// Runs that were refused.
    pub refused: u32,
    /// Due times that were missed.
    pub missed: u32,
    /// Runs that were left out because an earlier one was under way.
    pub skipped: u32,
}

impl CalendarDay {
    fn new(schedule: &Schedule, date: String, first_at: Timestamp) -> Self {
        Self {
            date,
            schedule_id: schedule.id.clone(),
            name: schedule.name.clone(),
            first_at,
            upcoming: 0,
            started: 0,
            unchanged: 0,
            refused: 0,
            missed: 0,
            skipped: 0,
        }
    }

    fn count(&mut self, run: &ScheduleRun) {
        match run.outcome {
            RunOutcome::Started => self.started += 1,
            RunOutcome::Unchanged => self.unchanged += 1,
            RunOutcome::Refused => self.refused += 1,
            RunOutcome::Missed => self.missed += 1,
            RunOutcome::Skipped => self.skipped += 1,
        }
    }
}

impl Engine {
    /// What schedules did and will do in a range of at most 62 days, by day and name.
    ///
    /// # Errors
    /// `not_allowed`; `invalid_value` with the field.
    pub async fn calendar(&self, actor: &Actor, query: &CalendarQuery) -> Result<Vec<CalendarDay>, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::SignedIn)?;
        let zone = ZoneName::parse(&query.time_zone)?;
        let length = query.to.0.saturating_sub(query.from.0);
        if query.from.0 < 0 || !(1..=MAX_DAYS * DAY).contains(&length) {
            return Err(Refusal::new(Code::InvalidValue, format!("the range is up to {MAX_DAYS} days")).with_field("to"));
        }
        let now = inner.clock.now();
        let mut days = Vec::new();
        let mut reader = inner.store.read().await.map_err(error::store)?;
        for schedule in inner.seen_schedules(&mut reader, actor).await? {
            let runs = schedule_runs::between(&mut reader, &schedule.id, query.from, query.to).await.map_err(error::store)?;
            days.extend(days_of(&schedule, &runs, query, &zone, now));
        }
        days.sort_by(|a, b| (&a.date, a.first_at, &a.name).cmp(&(&b.date, b.first_at, &b.name)));
        Ok(days)
    }
}

fn days_of(schedule: &Schedule, runs: &[ScheduleRun], query: &CalendarQuery, zone: &ZoneName, now: Timestamp) -> Vec<CalendarDay> {
    let mut days: BTreeMap<String, CalendarDay> = BTreeMap::new();
    for run in runs {
        let Some((date, _)) = zone.date(run.due_at) else { continue };
        days.entry(date.clone()).or_insert_with(|| CalendarDay::new(schedule, date, run.due_at)).count(run);
    }
    let mut after = now.max(query.from.plus(-1));
    while schedule.enabled
        && let Some(due) = schedule.due_times().next(after).filter(|due| *due < query.to)
        && let Some((date, next_date)) = zone.date(due)
    {
        let day = days.entry(date.clone()).or_insert_with(|| CalendarDay::new(schedule, date, due));
        day.upcoming += 1;
        // What is due every few minutes fills a day; the rest of it adds nothing.
        after = if day.upcoming == COUNTED { next_date.plus(-1) } else { due };
    }
    days.into_values().collect()
}
