//! What can go wrong when a machine is touched.

use crate::host::CommandReport;

/// Kinds of failure that callers treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostErrorKind {
    /// The machine or its engine does not answer.
    Unreachable,
    /// What was asked for is not there.
    NotFound,
    /// It is in use, or a port or name is taken.
    Conflict,
    /// A program or the engine answered with an error.
    Failed,
    /// It took too long.
    TimedOut,
    /// An answer that cannot be understood.
    BadAnswer,
}

/// A failure, with the command that failed when there was one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct HostError {
    /// What kind.
    pub kind: HostErrorKind,
    /// One sentence that names the thing and the place.
    pub message: String,
    /// The command, when one ran.
    pub report: Option<Box<CommandReport>>,
}

impl HostError {
    /// A failure without a command.
    pub fn new(kind: HostErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), report: None }
    }

    /// Adds the command that failed.
    #[must_use]
    pub fn with_report(mut self, report: CommandReport) -> Self {
        self.report = Some(Box::new(report));
        self
    }
}
