//! One due time, and what comes of it.

use steward_core::operation::Operation;
use steward_core::schedule::{RunOutcome, Schedule, ScheduleRun};
use steward_core::user::Actor;
use steward_core::{Code, Refusal, Timestamp};
use steward_store::{Connection, StoreError, schedule_runs, schedules, users};

use crate::door::{Refused, Submission, target_of};
use crate::engine::Inner;
use crate::error;

/// The due time of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub schedule: Schedule,
    pub due_at: Timestamp,
    pub missed_before: u32,
}

impl Due {
    /// The record of what came of it.
    fn run(&self, outcome: RunOutcome, now: Timestamp) -> ScheduleRun {
        ScheduleRun {
            schedule_id: self.schedule.id.clone(),
            due_at: self.due_at,
            decided_at: now,
            outcome,
            operation_id: None,
            refusal: None,
            missed_before: self.missed_before,
        }
    }

    /// Whether the schedule is still as it was when it became due.
    async fn is_open(&self, conn: &mut Connection) -> Result<bool, Refusal> {
        let now = schedules::get(conn, &self.schedule.id).await.map_err(error::store)?;
        Ok(now.is_some_and(|now| now.enabled && now.version == self.schedule.version))
    }

    /// Records that an operation was accepted, in the transaction that accepts it.
    pub async fn started(&self, conn: &mut Connection, operation: &Operation, now: Timestamp) -> Result<(), Refusal> {
        let over = || Refusal::new(Code::Conflict, "the schedule was changed, or this due time is decided already");
        if !self.is_open(conn).await? {
            return Err(over());
        }
        let outcome = if operation.changed { RunOutcome::Started } else { RunOutcome::Unchanged };
        let run = ScheduleRun { operation_id: Some(operation.id.clone()), ..self.run(outcome, now) };
        schedule_runs::insert(conn, &run).await.map_err(|failure| match failure {
            StoreError::NotUnique(_) => over(),
            other => error::store(other),
        })
    }

    /// The moment after which nothing is tried any more.
    fn give_up_at(&self, engine: &Inner) -> Timestamp {
        let from = self.schedule.starts_at(self.due_at).max(engine.schedules.started_at);
        from.plus(i64::from(self.schedule.window_minutes) * 60_000)
    }
}

/// What is in the way may be gone in a moment: the engine is starting, another change is under way.
fn is_temporary(refused: &Refused) -> bool {
    let engine_is_away = refused.plan.as_ref().and_then(|plan| plan.failed()).is_some_and(|check| check.code == "engine");
    let code = refused.refusal.code;
    engine_is_away || matches!(code, Code::DeviceUnreachable | Code::TimedOut | Code::Locked | Code::StorageUnavailable)
}

impl Inner {
    /// Decides a due time that has come. False when it is to be tried again.
    ///
    /// # Errors
    /// When what came of it cannot be recorded; then it is to be tried again, too.
    pub(super) async fn decide_due(&self, due: Due) -> Result<bool, Refusal> {
        let schedule = &due.schedule;
        if schedule.overlap == steward_core::schedule::Overlap::Skip && self.is_under_way(schedule).await? {
            self.record_idle(&due, RunOutcome::Skipped, None).await?;
            return Ok(true);
        }
        let actor = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            self.actor_of(&mut reader, schedule).await?
        };
        let submission = Submission { due: Some(due.clone()), ..Submission::default() };
        let Err(refused) = self.submit(&actor, &schedule.request, &submission).await else {
            return Ok(true);
        };
        let next_try = self.clock.now().plus(i64::try_from(self.timing.look_at_schedules.as_millis()).unwrap_or(i64::MAX));
        if is_temporary(&refused) && next_try < due.give_up_at(self) {
            if refused.refusal.code == Code::StorageUnavailable {
                return Err(refused.refusal);
            }
            tracing::warn!(schedule = %schedule.name, error = %refused.refusal, "a run of a schedule is tried again");
            return Ok(false);
        }
        self.record_idle(&due, RunOutcome::Refused, Some((&actor, refused.refusal))).await?;
        Ok(true)
    }

    async fn is_under_way(&self, schedule: &Schedule) -> Result<bool, Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        Ok(schedule_runs::under_way(&mut reader, &schedule.id).await.map_err(error::store)?.is_some())
    }

    /// Who asks: the schedule, with the rights that its owner has now.
    pub(super) async fn actor_of(&self, conn: &mut Connection, schedule: &Schedule) -> Result<Actor, Refusal> {
        let rights = match users::get(conn, &schedule.owner_id).await.map_err(error::store)? {
            Some(owner) => Some(self.rights_of(conn, &owner).await?),
            None => None,
        };
        Ok(Actor::Schedule { id: schedule.id.clone(), rights, shown: schedule.shown() })
    }

    /// Records a due time that led to no operation; a refusal with its audit row.
    pub(super) async fn record_idle(&self, due: &Due, outcome: RunOutcome, refused: Option<(&Actor, Refusal)>) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await.map_err(error::store)?;
        if !due.is_open(&mut tx).await? {
            return Ok(());
        }
        let run = ScheduleRun { refusal: refused.as_ref().map(|(_, refusal)| refusal.clone()), ..due.run(outcome, now) };
        match schedule_runs::insert(&mut tx, &run).await {
            // Decided by somebody else meanwhile: that is what counts.
            Err(StoreError::NotUnique(_)) => return Ok(()),
            inserted => inserted.map_err(error::store)?,
        }
        if let Some((actor, refusal)) = &refused {
            let request = &due.schedule.request;
            crate::door::append_refusal(&mut tx, actor, request.kind().as_str(), &target_of(request), refusal, now).await?;
        }
        tx.commit().await.map_err(error::store)?;
        self.tell_of_schedule(&due.schedule.id);
        Ok(())
    }
}
