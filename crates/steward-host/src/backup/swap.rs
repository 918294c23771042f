//! Puts a backup in the place of what is in a data folder.
//!
//! Everything is first in a folder of its own. Then a journal is written, and from there on there is
//! only forward: each part of the present state is moved aside, each part of the backup is moved in.
//! Where a part is says whether it was moved already, so that this can be broken off at any moment and
//! taken up again; nobody opens the database before the journal is gone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use steward_core::backup::{CATALOG, DATABASE, MASTER_KEY, PROJECTS, TLS};

use super::KEY_FILE;
use super::error::{BackupError, Result, at};
use super::folder::rename;
use super::unseal::sync_folders;

/// Where a backup is unpacked within the data folder.
const STAGING: &str = "restore.staging";
/// Says that a restore is under way.
const JOURNAL: &str = "restore.json";
/// The journal while it is written.
const NEW_JOURNAL: &str = "restore.json.new";
/// Everything that a backup can replace. The database's log belongs to the database.
const PARTS: [&str; 9] = [DATABASE, "steward.db-wal", "steward.db-shm", "steward.db-journal", MASTER_KEY, KEY_FILE, PROJECTS, CATALOG, TLS];

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the state from before is.
    pub before: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Journal {
    /// The folder for the state from before, within the data folder.
    before: String,
    /// Parts that the backup has.
    install: Vec<String>,
    /// Parts that are moved aside.
    retire: Vec<String>,
}

/// Called before each change, so that a test can break off there; a server passes one that does nothing.
pub type Point<'a> = &'a mut dyn FnMut() -> io::Result<()>;

/// Makes the empty folder that a backup is unpacked into; what an earlier one left there goes.
///
/// # Errors
/// When it cannot be made.
pub fn stage(data: &Path) -> Result<PathBuf> {
    empty_folder(&data.join(STAGING))
}

/// Makes a folder that only its owner may look into; what is in it already goes.
///
/// # Errors
/// When it cannot be made.
pub fn empty_folder(path: &Path) -> Result<PathBuf> {
    remove_folder(path)?;
    DirBuilder::new().mode(0o700).create(path).map_err(at(path))?;
    Ok(path.to_owned())
}

/// Puts what is in the staging folder into the data folder. `before` names the folder for what is there
/// now. Parts in `leave` stay as they are, because the backup says nothing of them.
///
/// # Errors
/// `Io`, `Exists`. After one, the data folder is as before, or [`finish`] goes on.
pub fn install(data: &Path, before: &str, leave: &[&str], point: Point<'_>) -> Result<Restored> {
    let staging = data.join(STAGING);
    let in_backup = |part: &&str| staging.join(part).symlink_metadata().is_ok();
    let install: Vec<String> = PARTS.into_iter().filter(|part| in_backup(part)).map(str::to_owned).collect();
    // The key that opens the backups is not in them: the one that is there stays unless another is given.
    let stays = |part: &str| (part == KEY_FILE || leave.contains(&part)) && !install.iter().any(|name| name == part);
    let retire: Vec<String> = PARTS.into_iter().filter(|part| !stays(part)).map(str::to_owned).collect();
    let device = data.metadata().map_err(at(data))?.dev();
    for part in &retire {
        let path = data.join(part);
        // A mounted folder cannot be moved; that is found out before anything is.
        if path.symlink_metadata().is_ok_and(|about| about.dev() != device) {
            let busy =
                io::Error::new(io::ErrorKind::ResourceBusy, "it is on a file system of its own, and cannot be moved aside; unmount it");
            return Err(at(&path)(busy));
        }
    }
    if data.join(before).symlink_metadata().is_ok() {
        return Err(BackupError::Exists(data.join(before)));
    }
    sync_folders(&staging)?;
    let journal = Journal { before: before.to_owned(), install, retire };
    point().map_err(at(data))?;
    write_journal(data, &journal)?;
    go_on(data, &journal, point)
}

/// Takes up a restore that was broken off. Removes what one left that had not begun to move anything.
///
/// # Errors
/// `Damaged` when its journal cannot be read; `Io` when something cannot be moved.
pub fn finish(data: &Path, point: Point<'_>) -> Result<Option<Restored>> {
    let path = data.join(JOURNAL);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            remove_folder(&data.join(STAGING))?;
            // Half a journal says nothing.
            let _ = std::fs::remove_file(data.join(NEW_JOURNAL));
            return Ok(None);
        }
        other => other.map_err(at(&path))?,
    };
    let journal: Journal = serde_json::from_slice(&text).map_err(|error| BackupError::Damaged(format!("{}: {error}", path.display())))?;
    // Parsed again: nothing but these names, in this folder, is ever moved.
    let known = |part: &String| PARTS.contains(&part.as_str());
    if !journal.install.iter().chain(&journal.retire).all(known) || journal.before.contains('/') || journal.before.starts_with("..") {
        return Err(BackupError::Damaged(format!("{} names what no restore moves", path.display())));
    }
    go_on(data, &journal, point).map(Some)
}

fn go_on(data: &Path, journal: &Journal, point: Point<'_>) -> Result<Restored> {
    let (staging, before) = (data.join(STAGING), data.join(&journal.before));
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    point().map_err(at(data))?;
    DirBuilder::new().recursive(true).mode(0o700).create(&before).map_err(at(&before))?;
    sync(data)?;
    for part in &journal.retire {
        // What is in place and not in staging any more came from there.
        let is_old = !journal.install.contains(part) || is_there(&staging.join(part));
        if is_old && is_there(&data.join(part)) {
            point().map_err(at(data))?;
            rename(&data.join(part), &before.join(part))?;
        }
    }
    sync(&before)?;
    sync(data)?;
    for part in journal.install.iter().filter(|part| is_there(&staging.join(part))) {
        point().map_err(at(data))?;
        rename(&staging.join(part), &data.join(part))?;
    }
    sync(data)?;
    point().map_err(at(data))?;
    remove_folder(&staging)?;
    sync(data)?;
    point().map_err(at(data))?;
    let journal = data.join(JOURNAL);
    std::fs::remove_file(&journal).map_err(at(&journal))?;
    sync(data)?;
    Ok(Restored { before })
}

/// There is a whole journal afterwards or none.
fn write_journal(data: &Path, journal: &Journal) -> Result<()> {
    let (path, new) = (data.join(JOURNAL), data.join(NEW_JOURNAL));
    let text = serde_json::to_vec(journal).map_err(|error| BackupError::Damaged(error.to_string()))?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(at(&new))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(at(&new))?;
    std::fs::rename(&new, &path).map_err(at(&path))?;
    sync(data)
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(at(folder))
}

/// Removes a folder with all that is in it; one that is not there is no error.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}
