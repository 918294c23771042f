//! Backups of Steward's own state: where they are, which key opens them, what is said of them.
//!
//! Making one is the operation `steward.backup`; putting one back happens while no server runs, in
//! [`restore`].

mod check;
mod error;
mod key;
pub mod restore;
mod restored;
mod scratch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steward_core::backup::{BackupState, Backups};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, Refusal};
use steward_host::backup::{BackupError, BackupFolder, BackupKey, Stop};
use steward_store::{Store, meta};
use tokio::sync::Notify;

pub(crate) use check::look_into as check_unpacked;
pub use check::{CheckError, Checked, check, newest_good};
pub(crate) use error::refusal;

use crate::engine::{Engine, Inner};
use crate::error as engine_error;

/// The folder of backups within the data folder, when no other is named.
pub const FOLDER: &str = "backups";
/// Where a copy is made and looked at, within the data folder.
const STAGING: &str = "backup.staging";
/// How long a look at the folder may take: its disk can be somewhere else.
const LOOK: Duration = Duration::from_secs(20);
/// Under this name the folder is remembered that backups were made in.
const USED_FOLDER: &str = "backup_folder";

/// How many backups are kept when nothing else is said.
pub const KEEP: u32 = 14;

/// Where backups of Steward's own state go.
#[derive(Clone, Debug)]
pub struct BackupConfig {
    /// The folder; [`FOLDER`] in the data folder when absent.
    pub folder: Option<PathBuf>,
    /// How many are kept; at least one is.
    pub keep: u32,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { folder: None, keep: KEEP }
    }
}

/// What the engine knows of them.
pub(crate) struct Own {
    pub data: PathBuf,
    pub folder: BackupFolder,
    pub keep: usize,
    /// Told when an operation on it is about to be over.
    pub ended: Notify,
    /// Held by whoever works in the staging folder: an undo waits for a thread that was given up.
    turn: Arc<Mutex<()>>,
}

impl Own {
    pub fn new(data: &Path, config: BackupConfig) -> Self {
        let folder = config.folder.unwrap_or_else(|| data.join(FOLDER));
        let keep = usize::try_from(config.keep.max(1)).unwrap_or(usize::MAX);
        Self { data: data.to_owned(), folder: BackupFolder::new(folder), keep, ended: Notify::new(), turn: Arc::default() }
    }

    pub fn staging(&self) -> PathBuf {
        self.data.join(STAGING)
    }

    /// Whether the folder is on the same disk as the data by its place, and so always there.
    fn is_within_data(&self) -> bool {
        self.folder.path().starts_with(&self.data)
    }

    /// Works in the staging folder, one at a time, on a thread that may block. When the caller goes
    /// away, the work is told to stop.
    pub async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Stop) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let stop = StopOnDrop(Arc::default());
        let (turn, flag) = (self.turn.clone(), stop.0.clone());
        blocking(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            work(&flag)
        })
        .await
    }

    /// The key, if there is one.
    pub fn key(&self) -> Result<Option<BackupKey>, BackupError> {
        BackupKey::load(&self.data)
    }

    /// Makes the folder and the key, as far as they are missing and may be made.
    ///
    /// # Errors
    /// When the folder is not the one that backups were in, or a new key could not open what is there.
    pub async fn ensure(&self, store: &Store) -> Result<(), Refusal> {
        self.folder_is_the_one(store).await?;
        let (data, folder) = (self.data.clone(), self.folder.clone());
        let made = blocking(move || {
            folder.make()?;
            if BackupKey::load(&data)?.is_none() {
                if !folder.list(None, "")?.is_empty() {
                    return Ok(false);
                }
                BackupKey::make(&data)?;
            }
            Ok(true)
        });
        if !made.await.map_err(refusal)? {
            return Err(self.key_is_missing());
        }
        let mut tx = store.begin().await.map_err(engine_error::store)?;
        let path = self.folder.path().to_string_lossy();
        if meta::get(&mut tx, USED_FOLDER).await.map_err(engine_error::store)?.as_deref() != Some(&path) {
            meta::put(&mut tx, USED_FOLDER, &path).await.map_err(engine_error::store)?;
            tx.commit().await.map_err(engine_error::store)?;
        }
        Ok(())
    }

    /// R43: an empty folder in the place of a disk that is away is not written to.
    pub async fn folder_is_the_one(&self, store: &Store) -> Result<(), Refusal> {
        let mut reader = store.read().await.map_err(engine_error::store)?;
        let used = meta::get(&mut reader, USED_FOLDER).await.map_err(engine_error::store)?;
        let folder = self.folder.clone();
        let known = used.as_deref() == Some(&*folder.path().to_string_lossy());
        if self.is_within_data() || !known || blocking(move || Ok(folder.is_marked())).await.map_err(refusal)? {
            return Ok(());
        }
        let path = self.folder.path().display();
        Err(Refusal::new(Code::StorageUnavailable, format!("{path} is not the folder that the backups were in: its disk may be away"))
            .with_hint(format!("Mount it. If the disk is a new one: touch {path}/{}", steward_host::backup::MARKER)))
    }

    pub fn key_is_missing(&self) -> Refusal {
        let key = self.data.join(steward_host::backup::KEY_FILE);
        Refusal::new(Code::StorageUnavailable, format!("the key of the backups, {}, is missing", key.display())).with_hint(format!(
            "Put back the copy that you keep. Without one, move the backups in {} away: then a new key is made.",
            self.folder.path().display()
        ))
    }
}

/// Does what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, BackupError> + Send + 'static) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(BackupError::Damaged(format!("the work broke off: {error}"))))
}

struct StopOnDrop(Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Engine {
    /// The backups of Steward's own state, newest first, and whether they can be opened.
    ///
    /// # Errors
    /// `not_allowed`; `timed_out` when the folder's disk does not answer.
    pub async fn backups(&self, actor: &Actor) -> Result<Backups, Refusal> {
        self.inner.authorize(actor, Permission::ReadBackups)?;
        let looking = self.inner.look_at_backups();
        tokio::time::timeout(LOOK, looking)
            .await
            .map_err(|_| Refusal::new(Code::TimedOut, format!("the folder of backups did not answer within {} seconds", LOOK.as_secs())))?
    }
}

impl Inner {
    /// Makes the folder and the key. A server without backups is better than none.
    pub async fn prepare_backups(&self) {
        if let Err(refusal) = self.own.ensure(&self.store).await {
            tracing::warn!(error = %refusal, hint = refusal.hint, "backups of Steward's own state cannot be made");
        }
    }

    async fn look_at_backups(&self) -> Result<Backups, Refusal> {
        let own = &self.own;
        let instance = self.instance().await?;
        let mut reader = self.store.read().await.map_err(engine_error::store)?;
        let saved = meta::get(&mut reader, key::SAVED).await.map_err(engine_error::store)?;
        drop(reader);
        let mut problem = own.folder_is_the_one(&self.store).await.err();
        let key = own.key().unwrap_or_else(|error| {
            problem.get_or_insert(refusal(error));
            None
        });
        let recipient = key.as_ref().map(BackupKey::recipient);
        let folder = own.folder.clone();
        let listing = blocking(move || folder.list(key.as_ref(), &instance)).await;
        let backups = listing.unwrap_or_else(|error| {
            problem.get_or_insert(refusal(error));
            Vec::new()
        });
        if recipient.is_none() && !backups.is_empty() {
            problem.get_or_insert(own.key_is_missing());
        }
        Ok(Backups {
            folder: own.folder.path().display().to_string(),
            keep: u32::try_from(own.keep).unwrap_or(u32::MAX),
            latest_good_at: backups.iter().filter(|backup| backup.state == BackupState::Good).map(|backup| backup.made_at).max(),
            key_saved: recipient.is_some() && saved == recipient,
            recipient,
            problem,
            backups,
        })
    }

    /// The name of this installation; empty in tests that give none.
    pub async fn instance(&self) -> Result<String, Refusal> {
        let mut reader = self.store.read().await.map_err(engine_error::store)?;
        Ok(meta::get(&mut reader, "instance").await.map_err(engine_error::store)?.unwrap_or_default())
    }
}
