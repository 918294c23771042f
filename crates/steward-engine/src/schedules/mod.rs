//! Schedules: operations that are asked for at due times.
//!
//! A schedule is a row of Steward's own; changing one passes the same check as an operation and
//! leaves the same audit rows. What it asks for goes through the door like every other request, with
//! the rights that its owner has at that moment. The row that says that a due time was decided is
//! written with the operation, in one transaction: whatever happens, there is one run or none, and
//! none only until Steward looks again.

mod calendar;
mod change;
mod due;
mod keep;
mod view;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use steward_core::name::ScheduleName;
use steward_core::schedule::Schedule;
use steward_core::{Refusal, ScheduleId, Timestamp};
use steward_store::{Connection, schedules};
use tokio::sync::Notify;

pub use calendar::{CalendarDay, CalendarQuery};
pub(crate) use due::Due;
pub use view::{RunView, SchedulePreview, ScheduleView};

use crate::error;

/// What schedules need beyond the store.
pub(crate) struct Schedules {
    /// A schedule changed, or a run of one was decided.
    wake: Notify,
    /// Schedules for which a request is on its way through the door.
    deciding: Mutex<HashSet<ScheduleId>>,
    /// Why the last decision of a schedule could not be recorded.
    unrecorded: Mutex<BTreeMap<ScheduleId, Refusal>>,
    /// What was due before is made up for, not late.
    started_at: Timestamp,
}

impl Schedules {
    pub fn new(now: Timestamp) -> Self {
        Self { wake: Notify::new(), deciding: Mutex::default(), unrecorded: Mutex::default(), started_at: now }
    }

    /// Returns when a schedule changed, or a run of one was decided.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    fn is_deciding(&self, id: &ScheduleId) -> bool {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    fn begin(&self, id: &ScheduleId) {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    }

    fn end(&self, id: &ScheduleId) {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Notes whether a decision could be recorded. The first failure is told at once; after that the
    /// reconciler comes again by itself.
    fn recorded(&self, id: &ScheduleId, failure: Option<&Refusal>) {
        let mut unrecorded = self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(refusal) if unrecorded.insert(id.clone(), refusal.clone()).is_none() => self.wake.notify_one(),
            Some(_) => {}
            None => drop(unrecorded.remove(id)),
        }
    }

    /// Why decisions of these schedules cannot be recorded; what was noted of others is forgotten.
    fn failure(&self, of: &[ScheduleId]) -> Option<Refusal> {
        let mut unrecorded = self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner);
        unrecorded.retain(|id, _| of.contains(id));
        unrecorded.values().next().cloned()
    }
}

/// A schedule by its id or its name. Whoever asks for it comes by [`Inner::schedule_for`](crate::engine::Inner::schedule_for).
pub(crate) async fn find(conn: &mut Connection, which: &str) -> Result<Option<Schedule>, Refusal> {
    Ok(match (ScheduleId::parse(which), ScheduleName::parse(which)) {
        (Ok(id), _) => schedules::get(conn, &id).await.map_err(error::store)?,
        (_, Ok(name)) => schedules::by_name(conn, &name).await.map_err(error::store)?,
        _ => None,
    })
}
