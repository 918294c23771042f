//! How Steward's process is replaced by a new one: a seam, because the engine starts no programs.

use serde::{Deserialize, Serialize};
use steward_core::{OperationId, Refusal};

/// One process of Steward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Random, and another one in every process: what replaces a process may get the same number.
    pub boot: String,
    /// Its number in the operating system.
    pub pid: u32,
}

/// Replaces this process by a new one of the same program.
pub trait Restart: Send + Sync + 'static {
    /// This process.
    fn process(&self) -> Process;

    /// What would be started.
    ///
    /// # Errors
    /// Why it cannot be started: then this process must not be given up.
    fn program(&self) -> Result<String, Refusal>;

    /// Asks the server to stop in good order, and to start the program. Returns at once; the engine
    /// is then shut down. Asking again changes nothing.
    ///
    /// # Errors
    /// When it was tried for this operation, and the system did not start the program.
    fn ask(&self, operation: &OperationId) -> Result<(), Refusal>;
}
