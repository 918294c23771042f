//! Looks at the schedules: finds what is due, and lets it ask.

use std::sync::Arc;
use std::time::Duration;

use steward_core::event::Event;
use steward_core::schedule::{Decision, RunOutcome, Schedule, decide};
use steward_core::{Refusal, ScheduleId, Timestamp};
use steward_store::{schedule_runs, schedules};

use super::Due;
use crate::engine::Inner;
use crate::error;

/// Marks a schedule as being decided, also when deciding ends in a panic.
struct Deciding {
    engine: Arc<Inner>,
    id: ScheduleId,
}

impl Deciding {
    fn begin(engine: &Arc<Inner>, id: &ScheduleId) -> Self {
        engine.schedules.begin(id);
        Self { engine: engine.clone(), id: id.clone() }
    }
}

impl Drop for Deciding {
    fn drop(&mut self) {
        self.engine.schedules.end(&self.id);
    }
}

/// What a look at all schedules found.
pub(crate) struct Look {
    /// How many are not paused.
    pub schedules: usize,
    /// How many of them were due.
    pub due: usize,
    /// How long nothing is due.
    pub pause: Duration,
}

/// What a look at one schedule found.
enum Seen {
    /// It is not due; when it is next, if ever.
    Idle(Option<Timestamp>),
    /// It is due, and asks in a task of its own.
    Due,
    /// It was due too long ago; there may be a later due time.
    Missed,
}

impl Inner {
    /// Says that a schedule changed or was decided: to whoever listens, and to the reconciler.
    pub(crate) fn tell_of_schedule(&self, id: &ScheduleId) {
        self.bus.send(Event::Schedule { id: id.clone() });
        self.schedules.wake.notify_one();
    }

    /// Looks at every schedule once. The wall clock may jump, so the pause after it is never long.
    ///
    /// # Errors
    /// When the store cannot be read, or what came of a due time cannot be recorded.
    pub(crate) async fn look_at_schedules(self: &Arc<Self>) -> Result<Look, Refusal> {
        let mut all = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            schedules::list(&mut reader).await.map_err(error::store)?
        };
        all.retain(|schedule| schedule.enabled);
        let ids: Vec<_> = all.iter().map(|schedule| schedule.id.clone()).collect();
        let mut look = Look { schedules: all.len(), due: 0, pause: self.timing.look_at_schedules };
        for schedule in all {
            if self.schedules.is_deciding(&schedule.id) {
                continue;
            }
            let now = self.clock.now();
            match self.look_at_schedule(schedule, now).await? {
                Seen::Idle(None) => {}
                Seen::Idle(Some(next)) => look.pause = look.pause.min(Duration::from_millis(next.since(now))),
                Seen::Due => look.due += 1,
                Seen::Missed => look.pause = Duration::ZERO,
            }
        }
        self.schedules.failure(&ids).map_or(Ok(look), Err)
    }

    /// Looks at one schedule, and lets it ask when it is due.
    async fn look_at_schedule(self: &Arc<Self>, mut schedule: Schedule, now: Timestamp) -> Result<Seen, Refusal> {
        let decided = self.decided(&mut schedule, now).await?;
        match decide(&schedule, decided, now) {
            Decision::Wait(next) => Ok(Seen::Idle(next)),
            Decision::Missed { due_at, missed_before } => {
                let due = Due { schedule, due_at, missed_before };
                tracing::warn!(schedule = %due.schedule.name, due_at = due_at.0, missed_before, "a run of a schedule was missed");
                self.record_idle(&due, RunOutcome::Missed, None).await?;
                Ok(Seen::Missed)
            }
            Decision::Run { due_at, missed_before } => {
                // Planning looks at a device, which can be slow: the other schedules do not wait.
                let deciding = Deciding::begin(self, &schedule.id);
                let engine = self.clone();
                self.tasks.spawn(async move {
                    let name = schedule.name.clone();
                    let id = schedule.id.clone();
                    let outcome = engine.decide_due(Due { schedule, due_at, missed_before }).await;
                    drop(deciding);
                    engine.schedules.recorded(&id, outcome.as_ref().err());
                    match outcome {
                        Ok(true) => engine.tell_of_schedule(&id),
                        Ok(false) => {}
                        Err(refusal) => tracing::error!(schedule = %name, error = %refusal, "a run of a schedule cannot be recorded"),
                    }
                });
                Ok(Seen::Due)
            }
        }
    }

    /// The time up to which everything is decided.
    async fn decided(&self, schedule: &mut Schedule, now: Timestamp) -> Result<Timestamp, Refusal> {
        let (newest, idle_ahead) = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            let newest = schedule_runs::newest(&mut reader, &schedule.id, now).await.map_err(error::store)?;
            (newest, schedule_runs::any_idle_after(&mut reader, &schedule.id, now).await.map_err(error::store)?)
        };
        if idle_ahead || schedule.since > now {
            self.after_the_clock_went_back(schedule, now).await?;
        }
        Ok(newest.map_or(schedule.since, |newest| newest.max(schedule.since)))
    }

    /// What lies ahead has not happened: due times that led to nothing come again, and due times
    /// count from now on when the schedule was made while the clock was ahead. Those that led to an
    /// operation stay decided.
    async fn after_the_clock_went_back(&self, schedule: &mut Schedule, now: Timestamp) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        schedule_runs::forget_idle_after(&mut tx, &schedule.id, now).await.map_err(error::store)?;
        if schedule.since > now {
            schedule.since = now;
            schedules::set_since(&mut tx, &schedule.id, now).await.map_err(error::store)?;
        }
        tx.commit().await.map_err(error::store)
    }
}
