//! The store: one writer, a few readers, one file.

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Sqlite, SqlitePool, Transaction};

use crate::clean;
use crate::error::{Result, StoreError};
use crate::faults::WriteFaults;
use crate::open::{self, FolderLock};

/// What the functions of this crate's modules run on.
pub type Connection = sqlx::SqliteConnection;

/// How many connections read at the same time; each has a thread and a page cache of its own.
const READERS: u32 = 3;
/// Page cache of each connection in KiB; SQLite writes it as a negative number.
const CACHE: &str = "-2000";
/// How long SQLite waits for a lock of another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a task waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
/// A reader that is not needed for so long is closed, with its memory.
const READER_IDLE: Duration = Duration::from_secs(60);

/// The open database. Clones are the same one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held as long as the database is open; nobody else opens it meanwhile.
    lock: Option<File>,
    folder: PathBuf,
    faults: WriteFaults,
    /// Whether the folder is removed when the store goes; only for tests.
    temporary: bool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.temporary {
            // A left-over temporary folder harms nobody, and there is nobody left to tell.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Whether writes wait for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A commit returns when it is on the disk.
    Full,
    /// A commit returns at once; for tests.
    None,
}

/// How the file is opened for writing.
pub(crate) fn writing(file: &Path, durability: Durability) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        // Holds for a database that is made: what retention empties can be given back bit by bit.
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::None => SqliteSynchronous::Off,
        })
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", CACHE)
        .statement_cache_capacity(64)
}

fn reading(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", CACHE)
        .statement_cache_capacity(32)
}

impl Store {
    /// Opens the database in a folder, or makes both.
    ///
    /// # Errors
    /// `InUse`, `Corrupt`, `Foreign`, `Newer` and `TooOldSqlite` mean that the file was not touched;
    /// `Full` when the folder or a file cannot be made or written.
    pub async fn open(folder: &Path) -> Result<Store> {
        Store::open_taken(FolderLock::take(folder)?).await
    }

    /// Opens the database in a folder that was taken before, or makes it.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub async fn open_taken(lock: FolderLock) -> Result<Store> {
        let (file, lock) = open::prepare(lock, Durability::Full).await?;
        Store::over(&file, Durability::Full, Some(lock), false).await
    }

    /// A database for tests: in a temporary folder that goes with it, and without waiting for the
    /// disk. It is a file like the real one, because databases in memory lock differently.
    ///
    /// # Errors
    /// `Full` when the temporary folder cannot be made.
    pub async fn in_memory() -> Result<Store> {
        let folder = open::temporary_folder()?;
        let (file, lock) = open::prepare(FolderLock::take(&folder)?, Durability::None).await?;
        Store::over(&file, Durability::None, Some(lock), true).await
    }

    /// Opens or makes a database without waiting for the disk: for tests that open the same one again.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub async fn open_without_sync(folder: &Path) -> Result<Store> {
        let (file, lock) = open::prepare(FolderLock::take(folder)?, Durability::None).await?;
        Store::over(&file, Durability::None, Some(lock), false).await
    }

    /// The data folder: where the database is.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Whether no connection is in use: nobody waits for an answer of the database.
    pub fn is_idle(&self) -> bool {
        [&self.inner.writer, &self.inner.readers].iter().all(|pool| pool.num_idle() == usize::try_from(pool.size()).unwrap_or(usize::MAX))
    }

    async fn over(file: &Path, durability: Durability, lock: Option<File>, temporary: bool) -> Result<Store> {
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(TURN_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            // After a full disk or a failed write SQLite has rolled back by itself, the driver's own
            // ROLLBACK then fails, and it goes on counting a transaction that is over. Such a
            // connection would refuse every later transaction: it is replaced.
            .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
            .connect_with(writing(file, durability))
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(TURN_TIMEOUT)
            .idle_timeout(READER_IDLE)
            .max_lifetime(None)
            .connect_lazy_with(reading(file));
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Store { inner: Arc::new(Inner { writer, readers, lock, folder, faults: WriteFaults::default(), temporary }) })
    }

    /// Begins a transaction that may write. There is one at a time; others wait for their turn.
    ///
    /// It takes the write lock at once: a transaction that reads first and writes later could find
    /// that another one has written in between, and fail.
    ///
    /// # Errors
    /// `Busy` when the turn does not come within ten seconds.
    pub async fn begin(&self) -> Result<Tx<'_>> {
        // SQLite adds up how long it meant to sleep, which on a loaded machine is much less than it slept.
        let begun = tokio::time::timeout(TURN_TIMEOUT, self.inner.writer.begin_with("BEGIN IMMEDIATE")).await;
        let tx = begun.map_err(|_| StoreError::Busy)??;
        self.inner.faults.pass()?;
        Ok(Tx { tx, faults: &self.inner.faults })
    }

    /// A connection that can only read. It sees what was committed when each statement begins.
    ///
    /// # Errors
    /// `Busy` when none becomes free within ten seconds.
    pub async fn read(&self) -> Result<Reader> {
        Ok(Reader { conn: self.inner.readers.acquire().await? })
    }

    /// Looks at every page of the open database, while others go on reading and writing.
    ///
    /// # Errors
    /// `Corrupt` with the first complaint; those of the database.
    pub async fn check(&self) -> Result<()> {
        let mut reader = self.read().await?;
        open::judge(&mut reader, open::Thoroughly::Quick).await
    }

    /// Lets writes fail as on a full disk: for tests, none in a server.
    pub fn write_faults(&self) -> &WriteFaults {
        &self.inner.faults
    }

    /// Waits for what is under way, writes the log into the file, and lets others open it.
    ///
    /// An end in order is marked, so that the next start need not look through every page.
    pub async fn close(self) {
        // Readers first: the last connection to go is the one that empties the log, and it must be
        // able to write.
        self.inner.readers.close().await;
        self.inner.writer.close().await;
        // Without a mark the next start looks at everything, which is always right.
        if let Err(error) = clean::leave(&self.inner.folder, &self.inner.folder.join(open::FILE)) {
            tracing::warn!(%error, "the clean end could not be marked");
        }
        if let Some(Err(error)) = self.inner.lock.as_ref().map(File::unlock) {
            tracing::warn!(%error, "the lock of the data folder could not be released");
        }
    }
}

/// A transaction that may write. Dropped without [`Tx::commit`], it has not happened.
///
/// After an error other than `NotUnique` it is over and must be dropped: a full disk makes SQLite roll
/// back at once, and what came after that would stand on its own.
pub struct Tx<'a> {
    tx: Transaction<'static, Sqlite>,
    faults: &'a WriteFaults,
}

impl Tx<'_> {
    /// Makes it happen; when this returns, it is on the disk.
    ///
    /// # Errors
    /// `Full` when the disk refuses; then nothing of it has happened.
    pub async fn commit(self) -> Result<()> {
        self.faults.pass()?;
        Ok(self.tx.commit().await?)
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.tx
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.tx
    }
}

/// A connection that can only read.
pub struct Reader {
    conn: PoolConnection<Sqlite>,
}

impl Deref for Reader {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }
}
