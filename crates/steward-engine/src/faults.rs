//! Named fault points of the operation engine: a seam like the clock, which only tests fill.

use steward_core::operation::Kind;

/// Where in a step a fault can be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Before the intent is written.
    BeforeIntent,
    /// The intent is written, nothing is done.
    BeforeAct,
    /// It is done, that is not written.
    AfterAct,
    /// Before the step's undo.
    BeforeUndo,
    /// The undo is done, that is not written.
    AfterUndo,
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The step fails.
    Error,
    /// Steward dies: nothing more is written.
    Crash,
    /// It never ends.
    Hang,
    /// A defect of Steward's own: a panic.
    Panic,
}

/// Decides about faults.
pub trait Faults: Send + Sync + 'static {
    /// Called at every fault point.
    fn at(&self, kind: Kind, step: &str, moment: Moment) -> Fault;
}
