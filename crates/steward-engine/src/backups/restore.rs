//! Puts a backup in the place of a data folder, while no server has it.
//!
//! The backup is unpacked beside what is there, checked as a whole, and only then swapped in. The state
//! from before stays in a folder of its own. What is broken off goes on, or is undone, by [`finish`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use steward_core::Timestamp;
use steward_core::backup::{CATALOG, DATABASE, Manifest, PROJECTS, TLS};
use steward_core::name::BackupName;
use steward_host::backup::{self, BackupError, BackupKey, KEY_FILE, Point, Stop};
use steward_store::{FolderLock, StoreError, put_meta};

use super::check::{CheckError, Checked, look_into};
use super::restored::NOTE;

/// Room that is left on the disk, in bytes.
const ROOM: u64 = 16 * 1024 * 1024;

/// Why a backup was not put back. The state is as it was, unless `Unfinished`.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The data folder cannot be had.
    #[error(transparent)]
    Folder(StoreError),
    /// The backup is not good.
    #[error(transparent)]
    Backup(#[from] CheckError),
    /// There is not enough room to unpack it.
    #[error("it needs {needed} bytes in {}, and {free} are free", .folder.display())]
    NoRoom {
        /// The data folder.
        folder: PathBuf,
        /// What it needs.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// Files were being moved when it failed; it goes on when it is asked for again, or at the next start.
    #[error("{0}; what has begun is finished by the next start, or by another restore")]
    Unfinished(BackupError),
}

impl From<BackupError> for RestoreError {
    fn from(error: BackupError) -> Self {
        Self::Backup(error.into())
    }
}

/// What was put back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The backup.
    pub checked: Checked,
    /// Where the state from before is; there is nothing in it when the folder was empty.
    pub before: PathBuf,
}

/// Goes on with a restore that was broken off. Must be called with the folder taken, and before its
/// database is opened. Gives the folder with the state from before when there was one.
///
/// # Errors
/// When something cannot be moved.
pub fn finish(data: &Path) -> Result<Option<PathBuf>, BackupError> {
    Ok(backup::finish(data, &mut || Ok(()))?.map(|restored| restored.before))
}

/// Restores a file into a data folder, which is made when it is missing. `key` becomes its key when it
/// has none, or another one.
///
/// # Errors
/// Why not.
pub async fn restore(data: &Path, file: &Path, key: BackupKey, now: Timestamp) -> Result<Restored, RestoreError> {
    restore_with(data, file, key, now, &mut || Ok(())).await
}

/// The same; `point` is called before each change, so that a test can break off there.
///
/// # Errors
/// Why not.
pub async fn restore_with(data: &Path, file: &Path, key: BackupKey, now: Timestamp, point: Point<'_>) -> Result<Restored, RestoreError> {
    let _lock = FolderLock::take(data).map_err(RestoreError::Folder)?;
    backup::finish(data, point).map_err(RestoreError::Unfinished)?;
    let unpacked = unpack(data, file, key, now).await;
    let checked = match unpacked {
        Ok(checked) => checked,
        Err(error) => {
            // What was unpacked is of no use; a start would remove it too.
            let _ = backup::finish(data, &mut || Ok(()));
            return Err(error);
        }
    };
    let before = BackupName::of(now).map_or_else(|_| "before-restore".to_owned(), |name| before(&name));
    let mut leave: Vec<&str> =
        [PROJECTS, CATALOG].into_iter().filter(|part| checked.manifest.left_out.iter().any(|path| path == part)).collect();
    // Devices trust the authority that is there; a backup that has none knows of no better one.
    if !checked.manifest.members.iter().any(|member| member.path.top() == TLS) {
        leave.push(TLS);
    }
    match backup::install(data, &before, &leave, point) {
        Ok(restored) => Ok(Restored { checked, before: restored.before }),
        Err(error) => Err(RestoreError::Unfinished(error)),
    }
}

/// `before-restore-20250704T101112.123Z`.
fn before(name: &BackupName) -> String {
    let time = name.as_str().trim_start_matches("steward-").trim_end_matches(".tar.age");
    format!("before-restore-{time}")
}

async fn unpack(data: &Path, file: &Path, key: BackupKey, now: Timestamp) -> Result<Checked, RestoreError> {
    let (folder, from, key) = (data.to_owned(), file.to_owned(), Arc::new(key));
    let with = key.clone();
    let unpacking = tokio::task::spawn_blocking(move || unpack_files(&folder, &from, &with)).await;
    let (staging, manifest) = unpacking.unwrap_or_else(|error| Err(BackupError::Damaged(error.to_string()).into()))?;
    let database = staging.join(DATABASE);
    let checked = look_into(&database, manifest).await?;
    let note = json!({
        "backup": file.file_name().map(|name| name.to_string_lossy()),
        "made_at": checked.manifest.made_at,
        "made_by": checked.manifest.program,
        "restored_at": now,
        "restored_by": env!("CARGO_PKG_VERSION"),
    });
    put_meta(&database, NOTE, &note.to_string()).await.map_err(CheckError::from)?;
    let present = BackupKey::load(data).ok().flatten().map(|present| present.recipient());
    if present.as_ref() != Some(&key.recipient()) {
        key.write(&staging.join(KEY_FILE))?;
    }
    Ok(checked)
}

fn unpack_files(data: &Path, file: &Path, key: &BackupKey) -> Result<(PathBuf, Manifest), RestoreError> {
    let needed = backup::look(file, key)?.size().saturating_add(ROOM);
    let free = backup::free_space(data)?;
    if free < needed {
        return Err(RestoreError::NoRoom { folder: data.to_owned(), needed, free });
    }
    let staging = backup::stage(data)?;
    let manifest = backup::extract(file, key, &staging, |_| true, &Stop::new(false))?;
    Ok((staging, manifest))
}
