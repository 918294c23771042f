//! Due times: a cron expression in a time zone, with clocks that go forward and back.
//!
//! A schedule that runs in some hours of the day is about times on the wall clock. One that a change
//! of the clock leaves out runs at the first moment after the change, once; one that comes twice
//! runs the first time only. A schedule that runs in every hour is about the time between runs: it
//! goes on through the change, so that no hour is without a run or has one too many.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Zoned, civil};

use super::cron::HORIZON_YEARS;
use super::{Cron, ZoneName};
use crate::time::Timestamp;

/// When a cron expression is due in a time zone.
#[derive(Clone, Copy)]
pub struct DueTimes<'a> {
    cron: &'a Cron,
    zone: &'a TimeZone,
}

impl<'a> DueTimes<'a> {
    /// The due times of an expression in a zone.
    pub fn new(cron: &'a Cron, zone: &'a ZoneName) -> Self {
        Self { cron, zone: zone.rules() }
    }

    /// The first due time after a moment; none within 45 years.
    pub fn next(self, after: Timestamp) -> Option<Timestamp> {
        let after = self.zoned(after)?;
        if self.is_about_intervals() {
            let next = self.cron.pattern().find_next_occurrence(&after, false).ok()?;
            return (next.year() - after.year() <= HORIZON_YEARS).then(|| moment(&next));
        }
        // Wall times rise and their moments never fall, so the first later moment is that of the first
        // later wall time, or of one soon after it when the clock has just gone back.
        let mut wall = after.datetime();
        loop {
            wall = self.cron.civil_after(wall, false)?;
            let found = self.moment_of(wall)?;
            if found > moment(&after) {
                return Some(found);
            }
        }
    }

    /// The last due time up to a moment.
    pub fn last(self, until: Timestamp) -> Option<Timestamp> {
        let until = self.zoned(until)?;
        if self.is_about_intervals() {
            return self.cron.pattern().find_previous_occurrence(&until, true).ok().map(|last| moment(&last));
        }
        let mut wall = self.latest_wall(&until)?;
        let mut inclusive = true;
        loop {
            wall = self.cron.pattern().find_previous_occurrence(&wall, inclusive).ok()?;
            let found = self.moment_of(wall)?;
            if found <= moment(&until) {
                return Some(found);
            }
            inclusive = false;
        }
    }

    /// Every due time after a moment.
    pub fn after(self, moment: Timestamp) -> impl Iterator<Item = Timestamp> + 'a {
        std::iter::successors(self.next(moment), move |last| self.next(*last))
    }

    /// Whether it runs in every hour.
    fn is_about_intervals(self) -> bool {
        self.cron.pattern().pattern.hours.values().len() == 24
    }

    /// A moment in the zone, to the second: due times have no parts of one.
    fn zoned(self, at: Timestamp) -> Option<Zoned> {
        let at = jiff::Timestamp::from_second(at.0.div_euclid(1000)).ok()?;
        Some(at.to_zoned(self.zone.clone()))
    }

    /// The latest wall time that can have come by a moment: later than the clock shows when it has
    /// gone back since.
    fn latest_wall(self, until: &Zoned) -> Option<civil::DateTime> {
        let wall = until.datetime();
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Fold { before, after } if until.offset() == after => {
                wall.checked_add(SignedDuration::from_secs(i64::from(before.seconds() - after.seconds()))).ok()
            }
            _ => Some(wall),
        }
    }

    /// When a wall time is: the first of two, or the first moment after the gap that it is in.
    fn moment_of(self, wall: civil::DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        let at = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset.to_timestamp(wall).ok()?,
            AmbiguousOffset::Gap { after, .. } => {
                let before = after.to_timestamp(wall).ok()?;
                self.zone.following(before).next()?.timestamp()
            }
        };
        Some(Timestamp(at.as_millisecond()))
    }
}

fn moment(zoned: &Zoned) -> Timestamp {
    // Due times are whole minutes on the wall clock; zones of the past with odd seconds keep theirs.
    Timestamp(zoned.timestamp().as_second() * 1000)
}

/// The last millisecond before a moment.
pub(super) fn before(at: Timestamp) -> Timestamp {
    at.plus(-1)
}
