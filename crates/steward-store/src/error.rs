//! What can go wrong, sorted by what a caller does about it.

/// What the functions of this crate answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data folder open.
    #[error("the data folder is in use by another process")]
    InUse,
    /// The file is no database, is damaged, or is missing where there was one.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A newer program has written the file.
    #[error("the database has version {found}, this program knows versions up to {known}")]
    Newer {
        /// The version of the file.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The file is a database of some other program.
    #[error("the file is a database of another program")]
    Foreign,
    /// The linked SQLite has a known defect.
    #[error("SQLite {0} is linked, 3.51.3 or later is needed, and not 3.52.0")]
    TooOldSqlite(String),
    /// Others were writing for longer than the deadline.
    #[error("the database is busy")]
    Busy,
    /// The disk is full, read-only or failing.
    #[error("the disk refused: {0}")]
    Full(String),
    /// A value that must be unique is there already.
    #[error("not unique: {0}")]
    NotUnique(String),
    /// A stored value does not parse.
    #[error("a stored value does not parse: {0}")]
    Decode(String),
    /// Anything else that the database answered.
    #[error("the database refused a statement: {0}")]
    Other(sqlx::Error),
}

// Primary result codes of SQLite, the low byte of the extended ones.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(answer) => {
                if answer.is_unique_violation() {
                    return StoreError::NotUnique(answer.message().to_owned());
                }
                let code = answer.code().and_then(|code| code.parse::<i32>().ok());
                match code.map(|code| code & 0xff) {
                    Some(BUSY | LOCKED) => StoreError::Busy,
                    Some(READ_ONLY | IO | FULL | CANNOT_OPEN) => StoreError::Full(answer.to_string()),
                    Some(CORRUPT | NOT_A_DATABASE) => StoreError::Corrupt(answer.to_string()),
                    _ => StoreError::Other(error),
                }
            }
            sqlx::Error::PoolTimedOut => StoreError::Busy,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Decode(error.to_string()),
            _ => StoreError::Other(error),
        }
    }
}

/// A failed file operation, with the path it was about.
pub(crate) fn on_disk(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> StoreError {
    move |error| StoreError::Full(format!("{}: {error}", path.display()))
}
