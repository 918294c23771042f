//! What happens before the first statement: the folder, the lock, the look at what is there.
//!
//! The order matters. A file that is damaged, newer or somebody else's is found out by connections
//! that cannot write; only after that is it opened for writing.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};

use crate::error::{Result, StoreError, on_disk};
use crate::store::{Connection, Durability, writing};
use crate::{clean, migrate};

/// The database within the data folder.
pub const FILE: &str = "steward.db";
/// The file whose lock says that the data folder is in use.
pub const LOCK_FILE: &str = "steward.lock";
/// What marks a file as a database of Steward: `Stwd`.
pub const APPLICATION_ID: i64 = 0x5374_7764;

/// A database that is being made has this name until it is complete.
const NEW_FILE: &str = "steward.db.new";
/// What the lock file says once there has been a database.
const MADE: &str = "A database was made in this folder. Without steward.db, put back a backup;\n\
                    to start empty on purpose, remove this file.\n";

/// The right to change what is in a data folder; nobody else has it meanwhile. It ends when this is
/// dropped, or with the process.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
    folder: PathBuf,
}

impl FolderLock {
    /// Takes a folder, which is made when it is missing.
    ///
    /// # Errors
    /// `InUse` when another process has it; `Full` when it cannot be made or written.
    pub fn take(folder: &Path) -> Result<Self> {
        make_folder(folder)?;
        Ok(Self { file: take_lock(&folder.join(LOCK_FILE))?, folder: folder.to_owned() })
    }
}

/// Brings the database of a folder to the newest version.
pub(crate) async fn prepare(lock: FolderLock, durability: Durability) -> Result<(PathBuf, File)> {
    check_sqlite().await?;
    let FolderLock { file: mut lock, folder } = lock;
    let folder = folder.as_path();
    let file = folder.join(FILE);
    if exists(&file)? {
        look(&file, clean::holds(folder, &file)?).await?;
        clean::take(folder)?;
        for path in [file.clone(), beside(&file, "-wal"), beside(&file, "-shm")] {
            if exists(&path)? {
                set_mode(&path, 0o600)?;
            }
        }
        let mut conn = writing(&file, durability).connect().await?;
        migrate::run(&mut conn).await?;
        conn.close().await?;
    } else {
        if exists(&beside(&file, "-wal"))? || was_made(&mut lock, folder)? {
            return Err(StoreError::Corrupt(format!(
                "{} is missing, but there was a database in this folder; put back a backup, or remove {LOCK_FILE} to start empty",
                file.display()
            )));
        }
        make(folder, &file, durability).await?;
    }
    mark_made(&mut lock, folder)?;
    Ok((file, lock))
}

/// A new folder of our own below the system's temporary one.
pub(crate) fn temporary_folder() -> Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let parent = std::env::temp_dir();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("steward-store-{}-{number}", std::process::id()));
        // Somebody else's folder of this name is left alone: making it fails, and the next number is tried.
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(on_disk(&folder)(error)),
        }
    }
}

/// Refuses a SQLite with the WAL reset defect, which loses commits: all before 3.51.3, and 3.52.0.
async fn check_sqlite() -> Result<()> {
    let mut conn = SqliteConnectOptions::new().in_memory(true).connect().await?;
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut conn).await?;
    conn.close().await?;
    if is_good_sqlite(&version) { Ok(()) } else { Err(StoreError::TooOldSqlite(version)) }
}

fn is_good_sqlite(version: &str) -> bool {
    let parts: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
    parts.is_some_and(|parts| parts >= vec![3, 51, 3] && parts != [3, 52, 0])
}

fn exists(path: &Path) -> Result<bool> {
    path.try_exists().map_err(on_disk(path))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(on_disk(path))
}

/// Makes the folder if it is missing. One that is there keeps its mode: somebody chose it.
fn make_folder(folder: &Path) -> Result<()> {
    if exists(folder)? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(on_disk(folder))?;
    set_mode(folder, 0o700)
}

/// How files are made that only their owner may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).mode(0o600);
    options
}

fn take_lock(path: &Path) -> Result<File> {
    let lock = private().create(true).open(path).map_err(on_disk(path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => return Err(on_disk(path)(error)),
    }
    lock.set_permissions(Permissions::from_mode(0o600)).map_err(on_disk(path))?;
    Ok(lock)
}

fn was_made(lock: &mut File, folder: &Path) -> Result<bool> {
    let mut text = String::new();
    lock.read_to_string(&mut text).map_err(on_disk(&folder.join(LOCK_FILE)))?;
    Ok(!text.is_empty())
}

/// Remembers outside of the database that there is one, so that a lost file is not taken for a first start.
fn mark_made(lock: &mut File, folder: &Path) -> Result<()> {
    let path = folder.join(LOCK_FILE);
    if lock.metadata().map_err(on_disk(&path))?.len() > 0 {
        return Ok(());
    }
    lock.write_all(MADE.as_bytes()).and_then(|()| lock.sync_all()).map_err(on_disk(&path))
}

/// Looks at a file that is there, without writing to it. One that is as its clean end left it needs no
/// look at every page, which takes seconds when there are gigabytes of them.
async fn look(file: &Path, unchanged: bool) -> Result<()> {
    // SQLite takes an empty file for a new database. It cannot be ours: ours get their name when
    // they are complete.
    if fs::metadata(file).map_err(on_disk(file))?.len() == 0 {
        return Err(StoreError::Corrupt(format!("{} is empty", file.display())));
    }
    // Without a log the file is all there is, and it can be read without leaving even a `-shm` file
    // beside it. With one, only SQLite's own locking shows what is in force.
    let alone = !exists(&beside(file, "-wal"))?;
    let mut conn = SqliteConnectOptions::new().filename(file).read_only(true).immutable(alone).connect().await?;
    let verdict = judge(&mut conn, if unchanged && alone { Thoroughly::Header } else { Thoroughly::Quick }).await;
    conn.close().await?;
    verdict
}

/// How much of a file is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thoroughly {
    /// Whose it is, and which version.
    Header,
    /// Every page as well.
    Quick,
    /// Indexes too.
    Every,
}

pub(crate) async fn judge(conn: &mut Connection, thoroughly: Thoroughly) -> Result<()> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *conn).await?;
    if application != APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    let found = migrate::version(conn).await?;
    if found > migrate::KNOWN_VERSION {
        return Err(StoreError::Newer { found, known: migrate::KNOWN_VERSION });
    }
    let check = match thoroughly {
        Thoroughly::Header => return Ok(()),
        Thoroughly::Quick => "PRAGMA quick_check(1)",
        Thoroughly::Every => "PRAGMA integrity_check(1)",
    };
    // A damaged file can have any number of complaints; the first one is enough.
    let complaint: String = sqlx::query_scalar(check).fetch_one(conn).await?;
    if complaint == "ok" { Ok(()) } else { Err(StoreError::Corrupt(complaint)) }
}

/// Makes a new database under another name and gives it its own when it is complete: whenever this
/// is interrupted, there is a whole database afterwards or none.
async fn make(folder: &Path, file: &Path, durability: Durability) -> Result<()> {
    let new = folder.join(NEW_FILE);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = beside(&new, suffix);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(on_disk(&path)(error)),
        }
    }
    private().create_new(true).open(&new).map_err(on_disk(&new))?;
    set_mode(&new, 0o600)?;
    let mut conn = writing(&new, durability).connect().await?;
    // A pragma takes no placeholder.
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"))).execute(&mut conn).await?;
    migrate::run(&mut conn).await?;
    // Closing the only connection moves the log into the file.
    conn.close().await?;
    if exists(&beside(&new, "-wal"))? {
        return Err(StoreError::Full(format!("{}: the log could not be emptied", new.display())));
    }
    fs::rename(&new, file).map_err(on_disk(file))?;
    if durability == Durability::Full {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(on_disk(folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_good_sqlite;

    #[test]
    fn defective_versions_of_sqlite_are_known() {
        for good in ["3.51.3", "3.51.10", "3.52.1", "3.53.0", "4.0.0"] {
            assert!(is_good_sqlite(good), "{good}");
        }
        for bad in ["3.51.2", "3.52.0", "3.9.9", "3.50.100", "2.99.99", "", "x.y.z"] {
            assert!(!is_good_sqlite(bad), "{bad}");
        }
    }
}
