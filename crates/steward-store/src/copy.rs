//! Copies of the database: made while it is in use, looked at, and given back.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection as _};

use crate::error::{Result, StoreError, on_disk};
use crate::open;
use crate::store::{Durability, Store, writing};
use crate::{audit, meta, migrate};

/// What a look at a copy found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The version of its schema; not newer than [`KNOWN_VERSION`](crate::KNOWN_VERSION).
    pub schema: i64,
    /// How many rows its audit has.
    pub audit_rows: i64,
}

impl Store {
    /// Writes all that is committed now into a new file. Others go on reading and writing meanwhile.
    ///
    /// # Errors
    /// `Full` when the file cannot be written, or is there and not empty.
    pub async fn copy_to(&self, file: &Path) -> Result<()> {
        // Made here, because SQLite would let the umask decide who may read it.
        open::private().create(true).truncate(false).open(file).map_err(on_disk(file))?;
        let name = file.to_str().ok_or_else(|| StoreError::Full(format!("{}: the path is no text", file.display())))?;
        let mut reader = self.read().await?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&mut *reader).await?;
        Ok(())
    }

    /// How large a copy would be at most, in bytes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn size(&self) -> Result<u64> {
        let mut reader = self.read().await?;
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *reader).await?;
        let page: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *reader).await?;
        Ok(u64::try_from(pages.saturating_mul(page)).unwrap_or(0))
    }
}

/// Looks at every page of a copy and follows its audit from end to end, without writing to it.
///
/// # Errors
/// `Corrupt`, `Foreign`, `Newer`; `Full` when it cannot be read.
pub async fn inspect(file: &Path) -> Result<Copy> {
    if std::fs::metadata(file).map_err(on_disk(file))?.len() == 0 {
        return Err(StoreError::Corrupt(format!("{} is empty", file.display())));
    }
    let mut conn = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true).connect().await?;
    let found = look(&mut conn).await;
    conn.close().await?;
    found
}

async fn look(conn: &mut sqlx::SqliteConnection) -> Result<Copy> {
    open::judge(conn, open::Thoroughly::Every).await?;
    let schema = migrate::version(conn).await?;
    let verdict = audit::verify(conn).await?;
    match verdict.broken_at {
        None => Ok(Copy { schema, audit_rows: verdict.rows }),
        Some(at) => Err(StoreError::Corrupt(format!("its audit is not as it was written, from row {at} on"))),
    }
}

/// Sets a value of Steward's own in a database that nobody has open, as [`meta::put`] does.
///
/// # Errors
/// Those of the database.
pub async fn put_meta(file: &Path, key: &str, value: &str) -> Result<()> {
    // Without a log: afterwards the file is all there is.
    let mut conn = writing(file, Durability::Full).journal_mode(SqliteJournalMode::Delete).connect().await?;
    let put = meta::put(&mut conn, key, value).await;
    conn.close().await?;
    put
}
