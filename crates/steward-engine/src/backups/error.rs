//! How what is wrong with a backup becomes a refusal.

use steward_core::{Code, Refusal};
use steward_host::backup::BackupError;

/// A failure of a file, a key or an archive.
pub(crate) fn refusal(error: BackupError) -> Refusal {
    let code = match &error {
        BackupError::Io(..) | BackupError::NoKey(..) => Code::StorageUnavailable,
        BackupError::Exists(_) => Code::Conflict,
        BackupError::WrongKey
        | BackupError::Foreign(_)
        | BackupError::Newer { .. }
        | BackupError::Damaged(_)
        | BackupError::Changed(_)
        | BackupError::Stopped => Code::StepFailed,
    };
    Refusal::new(code, error.to_string())
}
