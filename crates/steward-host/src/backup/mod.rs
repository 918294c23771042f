//! Backups of Steward's own state as files: what goes in, how it is sealed, opened and put back.
//!
//! A backup is a tar archive in the `age` format, so that the `age` tool opens it too. Its first file
//! is the manifest: a look at the beginning says what the rest must be. Nothing here knows SQL; who
//! asks has the database copied before, and looks at it after.
//!
//! All of this blocks; it is called from threads that may.

mod collect;
mod error;
mod folder;
mod key;
mod seal;
mod swap;
#[cfg(test)]
mod swap_tests;
#[cfg(test)]
mod tests;
mod unseal;

pub use collect::{Contents, collect, hash, member};
pub use error::BackupError;
pub use folder::{BackupFolder, MARKER, free_space};
pub use key::{BackupKey, KEY_FILE};
pub use seal::{Sealed, seal};
pub use swap::{Point, Restored, empty_folder, finish, install, remove_folder, stage};
pub use unseal::{extract, look};

/// Tells long work to end; it looks at every piece.
pub type Stop = std::sync::atomic::AtomicBool;

/// The most files in a backup.
pub const MOST_MEMBERS: usize = 100_000;
/// The largest file in a backup, the database apart, in bytes.
pub const LARGEST_MEMBER: u64 = 64 * 1024 * 1024;
/// The largest manifest, in bytes.
pub const LARGEST_MANIFEST: u64 = 64 * 1024 * 1024;
