//! The folder that backups are in. It touches nothing in it that is not named as a backup is.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use steward_core::backup::{Backup, BackupState};
use steward_core::name::BackupName;

use super::error::{BackupError, Result, at, os};
use super::{BackupKey, Sealed, look};

/// What says that the folder is the one that backups were in before: the disk that it is on could be
/// away, and an empty folder in its place.
pub const MARKER: &str = ".steward-backups";
/// The most backups that are looked at.
const MOST: usize = 500;

/// A folder with backups.
#[derive(Clone, Debug)]
pub struct BackupFolder {
    path: PathBuf,
}

/// Bytes that can be written to the file system of a folder, which need not be there yet.
///
/// # Errors
/// When nothing of the path is there.
pub fn free_space(folder: &Path) -> Result<u64> {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
    let found = rustix::fs::statvfs(there).map_err(os(there))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

impl BackupFolder {
    /// The folder at a path. It need not be there.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a backup is.
    pub fn file(&self, name: &BackupName) -> PathBuf {
        self.path.join(name.as_str())
    }

    /// Where a backup is while it is made.
    pub fn partial(&self, name: &BackupName) -> PathBuf {
        self.with(name, "partial")
    }

    fn with(&self, name: &BackupName, suffix: &str) -> PathBuf {
        self.path.join(format!("{name}.{suffix}"))
    }

    /// Makes the folder and its marker, as far as they are missing.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn make(&self) -> Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(at(&self.path))?;
        let marker = self.path.join(MARKER);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&marker) {
            Ok(mut file) => {
                let text = b"Steward keeps its backups here. Without this file it takes the disk to be away.\n";
                file.write_all(text).and_then(|()| file.sync_all()).map_err(at(&marker))?;
                self.sync()
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(at(&marker)(error)),
        }
    }

    /// Whether backups were in it before.
    pub fn is_marked(&self) -> bool {
        self.path.join(MARKER).exists()
    }

    /// The backups, newest first, at most five hundred. `key` opens them, `instance` is the
    /// installation that they should be of. A folder that is not there has none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, key: Option<&BackupKey>, instance: &str) -> Result<Vec<Backup>> {
        let mut names = self.names("")?;
        names.sort_by(|a, b| b.cmp(a));
        names.truncate(MOST);
        Ok(names.into_iter().filter_map(|name| self.one(name, key, instance)).collect())
    }

    /// The names of all files that are named as backups are, with something behind it.
    fn names(&self, suffix: &str) -> Result<Vec<BackupName>> {
        let entries = match std::fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(at(&self.path))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(at(&self.path))?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(suffix));
            names.extend(name.and_then(|name| BackupName::parse(name).ok()));
        }
        Ok(names)
    }

    /// None when it is gone meanwhile.
    fn one(&self, name: BackupName, key: Option<&BackupKey>, instance: &str) -> Option<Backup> {
        let path = self.file(&name);
        let size = std::fs::metadata(&path).ok()?.len();
        let looked = match key {
            Some(key) => look(&path, key),
            None => Err(BackupError::WrongKey),
        };
        let state = match &looked {
            Ok(manifest) if manifest.instance == instance => BackupState::Good,
            Ok(_) => BackupState::OtherInstance,
            Err(BackupError::WrongKey) => BackupState::OtherKey,
            Err(BackupError::Newer { .. }) => BackupState::Newer,
            Err(_) => BackupState::Damaged,
        };
        let manifest = looked.ok();
        Some(Backup {
            made_at: manifest.as_ref().map_or_else(|| name.made_at(), |manifest| manifest.made_at),
            size,
            state,
            program: manifest.as_ref().map(|manifest| manifest.program.clone()),
            schema: manifest.as_ref().map(|manifest| manifest.schema),
            sha256: self.noted_hash(&name),
            left_out: manifest.map(|manifest| manifest.left_out).unwrap_or_default(),
            name,
        })
    }

    /// The hash that stands beside a backup, as `sha256sum` writes it.
    fn noted_hash(&self, name: &BackupName) -> Option<String> {
        let mut text = String::new();
        File::open(self.with(name, "sha256")).ok()?.take(256).read_to_string(&mut text).ok()?;
        let hash = text.split_whitespace().next()?;
        (hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then(|| hash.to_owned())
    }

    /// Gives a backup that was written and checked its name, and notes its hash beside it.
    ///
    /// # Errors
    /// `Exists` when there is one of this name; `Io`.
    pub fn publish(&self, name: &BackupName, sealed: &Sealed) -> Result<()> {
        let note = self.with(name, "sha256");
        remove(&note)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&note).map_err(at(&note))?;
        let text = format!("{}  {name}\n", sealed.sha256);
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&note))?;
        let partial = self.partial(name);
        // Done already: what comes after may have failed and be tried again.
        if partial.exists() || !self.file(name).exists() {
            rename(&partial, &self.file(name))?;
        }
        self.sync()
    }

    /// Removes a backup, its hash and what was written of it, as far as they are there.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove(&self, name: &BackupName) -> Result<()> {
        remove(&self.partial(name))?;
        remove(&self.file(name))?;
        remove(&self.with(name, "sha256"))?;
        self.sync()
    }

    /// Removes what was written of a backup that never got its name.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_partial(&self, name: &BackupName) -> Result<()> {
        remove(&self.partial(name))?;
        self.sync()
    }

    /// Takes a backup out of the list. It is still there, and can be brought back.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn set_aside(&self, name: &BackupName) -> Result<()> {
        if self.file(name).exists() {
            rename(&self.file(name), &self.with(name, "pruned"))?;
        }
        self.sync()
    }

    /// Brings back a backup that was set aside.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn bring_back(&self, name: &BackupName) -> Result<()> {
        if self.with(name, "pruned").exists() {
            rename(&self.with(name, "pruned"), &self.file(name))?;
        }
        self.sync()
    }

    /// The backups that were set aside.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn aside(&self) -> Result<Vec<BackupName>> {
        self.names(".pruned")
    }

    /// Removes these backups that were set aside; how many there were. Those that another key or another
    /// installation made stay.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn sweep(&self, names: &[BackupName], key: &BackupKey, instance: &str) -> Result<usize> {
        let mut removed = 0;
        for name in names {
            let path = self.with(name, "pruned");
            if look(&path, key).is_ok_and(|manifest| manifest.instance == instance) {
                remove(&path)?;
                removed += 1;
                if !self.file(name).exists() {
                    remove(&self.with(name, "sha256"))?;
                }
            }
        }
        Ok(removed)
    }

    fn sync(&self) -> Result<()> {
        match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.and_then(|folder| folder.sync_all()).map_err(at(&self.path)),
        }
    }
}

/// Removes a file; one that is not there is no error.
fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Renames without writing over what is there.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(BackupError::Exists(to.to_owned())),
        // Network file systems cannot do both at once.
        Err(Errno::INVAL | Errno::NOSYS) if to.symlink_metadata().is_ok() => Err(BackupError::Exists(to.to_owned())),
        Err(Errno::INVAL | Errno::NOSYS) => std::fs::rename(from, to).map_err(at(from)),
        Err(error) => Err(os(from)(error)),
    }
}
