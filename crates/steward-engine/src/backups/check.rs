//! Whether a backup is good: it opens, nothing of it is missing or changed, and the database in it is
//! one that this program can go on with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use steward_core::backup::{DATABASE, Manifest, Member};
use steward_host::backup::{BackupError, BackupFolder, BackupKey, Stop, extract};
use steward_store::{Copy, StoreError, inspect};

use super::blocking;
use super::scratch::Scratch;

/// Why a backup is not good, or cannot be said to be.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The file.
    #[error(transparent)]
    File(#[from] BackupError),
    /// The database in it.
    #[error("the database in it: {0}")]
    Database(#[from] StoreError),
}

/// A good backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What is in it.
    pub manifest: Manifest,
    /// What its database is.
    pub database: Copy,
}

/// Reads a whole backup and compares it with its manifest, then every page of its database, then its
/// audit. The database is written into a folder of its own for that.
///
/// # Errors
/// What is wrong with it.
pub async fn check(file: &Path, key: Arc<BackupKey>) -> Result<Checked, CheckError> {
    let scratch = Scratch::new()?;
    let (file, to) = (file.to_owned(), scratch.path().to_owned());
    let manifest = blocking(move || extract(&file, &key, &to, is_database, &Stop::new(false))).await?;
    look_into(&scratch.path().join(DATABASE), manifest).await
}

pub(crate) fn is_database(member: &Member) -> bool {
    member.path.as_str() == DATABASE
}

/// Looks into the database of a backup that was unpacked.
pub(crate) async fn look_into(database: &Path, manifest: Manifest) -> Result<Checked, CheckError> {
    let found = inspect(database).await?;
    if found.schema != manifest.schema {
        return Err(
            BackupError::Damaged(format!("its database has version {}, its manifest says {}", found.schema, manifest.schema)).into()
        );
    }
    Ok(Checked { manifest, database: found })
}

/// The newest backup in a folder that is good as a whole. No more than a few are looked at: each is read from end to end.
pub async fn newest_good(folder: &BackupFolder, key: Arc<BackupKey>) -> Option<(PathBuf, Checked)> {
    /// How many are looked at.
    const TRIES: usize = 3;
    let (listing, with) = (folder.clone(), key.clone());
    let listed = blocking(move || listing.list(Some(&with), "")).await.ok()?;
    // Of which installation they are cannot be said without a database to compare with.
    let opens = listed.into_iter().filter(|backup| backup.program.is_some());
    for backup in opens.take(TRIES) {
        let file = folder.file(&backup.name);
        if let Ok(checked) = check(&file, key.clone()).await {
            return Some((file, checked));
        }
    }
    None
}
