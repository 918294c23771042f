//! How failures of the store and of hosts become refusals.

use steward_core::{Code, Refusal};
use steward_host::{HostError, HostErrorKind};
use steward_store::StoreError;

/// A failure of the store, in words that give nothing away.
pub(crate) fn store(error: StoreError) -> Refusal {
    match error {
        StoreError::Busy => Refusal::new(Code::StorageUnavailable, "the database is busy; try again in a moment"),
        StoreError::Full(why) => {
            tracing::error!(%why, "the database cannot be written");
            Refusal::new(Code::StorageUnavailable, "Steward's data folder cannot be written: the disk is full, read-only or failing")
        }
        StoreError::NotUnique(_) => Refusal::new(Code::NameTaken, "this name is taken"),
        other => {
            tracing::error!(error = %other, "store");
            Refusal::new(Code::Internal, "an internal error happened; the server's log has the details")
        }
    }
}

/// A failure of a host.
pub(crate) fn host(error: &HostError) -> Refusal {
    let code = match error.kind {
        HostErrorKind::Unreachable => Code::DeviceUnreachable,
        HostErrorKind::TimedOut => Code::TimedOut,
        HostErrorKind::NotFound => Code::NotFound,
        HostErrorKind::Conflict | HostErrorKind::Failed | HostErrorKind::BadAnswer => Code::StepFailed,
    };
    Refusal::new(code, error.message.clone())
}
