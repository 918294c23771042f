//! What is to be done for a schedule at a moment.

use super::Schedule;
use super::due::before;
use crate::time::Timestamp;

/// How many passed due times are counted.
const COUNTED: u32 = 1000;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing until then; nothing ever when there is no time.
    Wait(Option<Timestamp>),
    /// The run of this due time.
    Run {
        /// The due time.
        due_at: Timestamp,
        /// How many before it were passed over.
        missed_before: u32,
    },
    /// To record that this due time was missed.
    Missed {
        /// The due time.
        due_at: Timestamp,
        /// How many before it were passed over too.
        missed_before: u32,
    },
}

/// Decides for a schedule that runs. Everything up to `decided` has been decided before. Of several
/// due times that have passed, the newest one counts.
pub fn decide(schedule: &Schedule, decided: Timestamp, now: Timestamp) -> Decision {
    let times = schedule.due_times();
    let wait = |from: Timestamp| Decision::Wait(times.next(from).map(|due| schedule.starts_at(due)));
    let Some(mut due_at) = times.last(now).filter(|due| *due > decided) else { return wait(now) };
    if schedule.starts_at(due_at) > now {
        // Its share of the jitter is still to come; one before it may have been passed over.
        let starts_at = schedule.starts_at(due_at);
        match times.last(before(due_at)).filter(|due| *due > decided && schedule.starts_at(*due) <= now) {
            Some(earlier) => due_at = earlier,
            None => return Decision::Wait(Some(starts_at)),
        }
    }
    let older = std::iter::successors(times.last(before(due_at)), |due| times.last(before(*due)));
    let counted = older.take_while(|due| *due > decided).take(COUNTED as usize).count();
    let missed_before = u32::try_from(counted).unwrap_or(COUNTED);
    let late = now.since(schedule.starts_at(due_at));
    if late <= u64::from(schedule.window_minutes) * 60_000 || schedule.catch_up {
        Decision::Run { due_at, missed_before }
    } else {
        Decision::Missed { due_at, missed_before }
    }
}
