//! What can be wrong with a backup, sorted by what a person does about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a backup cannot be made, read or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
    /// It is encrypted for another key.
    #[error("the key does not open it")]
    WrongKey,
    /// The file that should be a key is none.
    #[error("{}: {}", .0.display(), .1)]
    NoKey(PathBuf, &'static str),
    /// It is no backup of Steward's.
    #[error("it is no backup of Steward: {0}")]
    Foreign(String),
    /// A newer Steward made it.
    #[error("a newer Steward made it: its form is {found}, this program knows forms up to {known}")]
    Newer {
        /// The form of the backup.
        found: u32,
        /// The newest one that this program knows.
        known: u32,
    },
    /// It breaks off, or what is in it is not what its manifest says.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A file changed while it was read.
    #[error("`{0}` changed while it was read")]
    Changed(String),
    /// There is something in the way.
    #[error("{}: is there already", .0.display())]
    Exists(PathBuf),
    /// Whoever asked does not want it any more.
    #[error("stopped")]
    Stopped,
}

/// The result of working on a backup.
pub(crate) type Result<T> = std::result::Result<T, BackupError>;

/// A failed file operation, with the path it was about.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |error| BackupError::Io(path.to_owned(), error)
}

/// The same, for errors of the system itself.
pub(crate) fn os(path: &Path) -> impl FnOnce(rustix::io::Errno) -> BackupError {
    move |error| BackupError::Io(path.to_owned(), error.into())
}
