//! Exit codes. Stable: scripts decide by them.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// Done, or nothing to do.
    pub const DONE: Exit = Exit(0);
    /// Another failure.
    pub const OTHER: Exit = Exit(1);
    /// Wrong usage, missing or bad input.
    pub const USAGE: Exit = Exit(2);
    /// There is no such thing.
    pub const NOT_FOUND: Exit = Exit(3);
    /// Not signed in, or not allowed.
    pub const NOT_ALLOWED: Exit = Exit(4);
    /// A pre-flight check failed; nothing was changed.
    pub const PREFLIGHT: Exit = Exit(5);
    /// It failed and all was undone.
    pub const ROLLED_BACK: Exit = Exit(6);
    /// It failed and something is left.
    pub const NEEDS_ATTENTION: Exit = Exit(7);
    /// Locked, or changed since it was looked at.
    pub const CONFLICT: Exit = Exit(8);
    /// The server or the device does not answer.
    pub const UNREACHABLE: Exit = Exit(9);
    /// Another process has the data folder open.
    pub const IN_USE: Exit = Exit(10);
    /// The database or the backup is damaged, or the database is missing where there was one.
    pub const CORRUPT: Exit = Exit(11);
    /// A newer Steward has written the database or the backup.
    pub const NEWER: Exit = Exit(12);
    /// The file is of some other program.
    pub const FOREIGN: Exit = Exit(13);
    /// No key opens the backup.
    pub const WRONG_KEY: Exit = Exit(14);
    /// The wait was too long; the work goes on.
    pub const TIMED_OUT: Exit = Exit(124);
    /// Ctrl-C; the work goes on.
    pub const DETACHED: Exit = Exit(130);
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit.0)
    }
}

/// The exit code of an HTTP status whose code this program does not know.
pub fn of_status(status: u16) -> Exit {
    match status {
        400 | 405 | 413 | 415 | 422 => Exit::USAGE,
        401 | 403 | 421 | 429 => Exit::NOT_ALLOWED,
        404 => Exit::NOT_FOUND,
        409 | 412 => Exit::CONFLICT,
        502..=504 => Exit::UNREACHABLE,
        _ => Exit::OTHER,
    }
}
