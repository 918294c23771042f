//! Where a reader stands in a container's log, so that reading can go on in another request without
//! a line twice and without a line missing.

use std::collections::{HashMap, VecDeque};

use crate::local::moment::Nanos;

/// The engine stamps standard output and standard error in two threads, so neighbours can stand in
/// the log a moment out of order. Within this time pieces are told apart one by one.
const BLUR: i64 = 20_000_000;

/// How many times are remembered; more than that within the blur no engine writes.
const MOST: usize = 65_536;

/// The times of the last pieces that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    recent: VecDeque<Nanos>,
    newest: Option<Nanos>,
}

impl Position {
    /// Whether anything has been read.
    pub(crate) fn is_start(&self) -> bool {
        self.newest.is_none()
    }

    /// From when the engine has to be asked again.
    pub(crate) fn horizon(&self) -> Option<Nanos> {
        self.newest.map(|newest| Nanos(newest.0.saturating_sub(BLUR)))
    }

    fn read(&mut self, at: Nanos) {
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        self.newest = Some(newest);
        self.recent.push_back(at);
        while self.recent.len() > MOST || self.recent.front().is_some_and(|front| front.0 < newest.0.saturating_sub(BLUR)) {
            self.recent.pop_front();
        }
    }
}

/// Keeps the position up to date and sorts out what was read before.
#[derive(Debug)]
pub(crate) struct Resume {
    position: Position,
    horizon: Option<Nanos>,
    newest: Option<Nanos>,
    known: HashMap<Nanos, u32>,
    overlaps: Option<bool>,
}

impl Resume {
    pub(crate) fn new(position: Position) -> Self {
        let mut known = HashMap::new();
        for &at in &position.recent {
            *known.entry(at).or_insert(0) += 1;
        }
        Self { horizon: position.horizon(), newest: position.newest, known, position, overlaps: None }
    }

    /// Takes the time of the next piece; says whether it is new.
    pub(crate) fn is_new(&mut self, at: Nanos) -> bool {
        let Some((newest, horizon)) = self.newest.zip(self.horizon) else {
            self.position.read(at);
            return true;
        };
        self.overlaps.get_or_insert(at <= newest);
        if at > newest {
            self.position.read(at);
            return true;
        }
        if at < horizon {
            return false;
        }
        match self.known.get_mut(&at) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => {
                self.position.read(at);
                true
            }
        }
    }

    /// Whether the engine reached back to what was read before; if it did not, something may be
    /// missing in between. None before the first piece.
    pub(crate) fn overlaps(&self) -> Option<bool> {
        self.overlaps
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(resume: &mut Resume, times: &[i64]) -> Vec<i64> {
        times.iter().copied().filter(|&at| resume.is_new(Nanos(at))).collect()
    }

    #[test]
    fn reading_goes_on_where_it_ended() {
        let mut first = Resume::new(Position::default());
        assert_eq!(run(&mut first, &[1, 2, 2, 3]), [1, 2, 2, 3]);
        let mut second = Resume::new(first.position().clone());
        assert_eq!(run(&mut second, &[1, 2, 2, 3, 3, 4]), [3, 4]);
        assert_eq!(second.overlaps(), Some(true));
        let mut third = Resume::new(second.position().clone());
        assert_eq!(run(&mut third, &[2, 3, 3, 4, 5]), [5]);
        let mut late = Resume::new(third.position().clone());
        assert_eq!(run(&mut late, &[6, 7]), [6, 7]);
        assert_eq!(late.overlaps(), Some(false));
    }

    #[test]
    fn neighbours_out_of_order_are_neither_lost_nor_doubled() {
        let mut first = Resume::new(Position::default());
        assert_eq!(run(&mut first, &[10, 30, 20]), [10, 30, 20]);
        let mut second = Resume::new(first.position().clone());
        assert_eq!(run(&mut second, &[10, 30, 20, 25, 40]), [25, 40]);
    }

    #[test]
    fn what_lies_far_back_is_old() {
        let mut first = Resume::new(Position::default());
        run(&mut first, &[0, 100 * BLUR]);
        assert_eq!(first.position().recent.len(), 1);
        let mut second = Resume::new(first.position().clone());
        assert_eq!(run(&mut second, &[5, 100 * BLUR, 100 * BLUR + 1]), [100 * BLUR + 1]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut resume = Resume::new(Position::default());
        run(&mut resume, &vec![7; MOST + 10]);
        assert_eq!(resume.position().recent.len(), MOST);
    }
}
