//! Shows the key that opens the backups, with a row in the audit that says to whom.

use serde_json::json;
use steward_core::Refusal;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_host::backup::BackupKey;
use steward_store::{audit, meta};

use super::{blocking, refusal};
use crate::engine::{Engine, Inner};
use crate::error;

/// Under this name the public key is remembered of which somebody said that it is kept elsewhere.
pub(super) const SAVED: &str = "backup_key_saved";
/// What audit rows about the key are about.
const TARGET: &str = "steward";

impl Engine {
    /// The key file's text, as it has to be kept where the backups are not.
    ///
    /// # Errors
    /// `not_allowed`; `storage_unavailable` when there is no key, or the audit row cannot be written:
    /// then nothing is shown.
    pub async fn reveal_backup_key(&self, actor: &Actor) -> Result<BackupKey, Refusal> {
        self.inner.with_backup_key(actor, None).await
    }

    /// Remembers that the key with this public key is kept elsewhere too.
    ///
    /// # Errors
    /// `not_allowed`; `conflict` when the key is another one.
    pub async fn backup_key_is_saved(&self, actor: &Actor, recipient: &str) -> Result<(), Refusal> {
        self.inner.with_backup_key(actor, Some(recipient)).await.map(|_| ())
    }
}

impl Inner {
    /// Whether somebody said that the key is kept elsewhere; or why there is none.
    pub async fn backup_key_state(&self) -> Result<Result<bool, Refusal>, Refusal> {
        let key = match self.own.key() {
            Ok(Some(key)) => key,
            // One is made by the first backup, where nothing is there that it could not open.
            Ok(None) => {
                let folder = self.own.folder.clone();
                let listed = blocking(move || folder.list(None, "")).await;
                return Ok(match listed {
                    Ok(listed) if listed.is_empty() => Ok(false),
                    Ok(_) => Err(self.own.key_is_missing()),
                    Err(error) => Err(refusal(error)),
                });
            }
            Err(error) => return Ok(Err(refusal(error))),
        };
        let mut reader = self.store.read().await.map_err(error::store)?;
        let saved = meta::get(&mut reader, SAVED).await.map_err(error::store)?;
        Ok(Ok(saved == Some(key.recipient())))
    }

    async fn with_backup_key(&self, actor: &Actor, saved: Option<&str>) -> Result<BackupKey, Refusal> {
        let result = self.audited_backup_key(actor, saved).await;
        if let Err(refusal) = &result {
            self.audit_refusal(actor, Permission::RevealBackupKey.as_str(), TARGET, refusal).await?;
        }
        result
    }

    async fn audited_backup_key(&self, actor: &Actor, saved: Option<&str>) -> Result<BackupKey, Refusal> {
        self.authorize(actor, Permission::RevealBackupKey)?;
        self.own.ensure(&self.store).await?;
        let key = self.own.key().map_err(refusal)?.ok_or_else(|| self.own.key_is_missing())?;
        let recipient = key.recipient();
        if saved.is_some_and(|saved| saved != recipient) {
            return Err(Refusal::new(steward_core::Code::Conflict, "the key of the backups is another one by now").with_field("recipient"));
        }
        let mut tx = self.store.begin().await.map_err(error::store)?;
        if saved.is_some() {
            meta::put(&mut tx, SAVED, &recipient).await.map_err(error::store)?;
        }
        let entry = AuditEntry {
            actor: actor.display().to_owned(),
            address: actor.address().to_owned(),
            action: Permission::RevealBackupKey.as_str().to_owned(),
            target: TARGET.to_owned(),
            phase: AuditPhase::Accepted,
            operation_id: None,
            detail: json!({ "recipient": recipient, "saved": saved.is_some() }),
        };
        audit::append(&mut tx, &entry, self.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(key)
    }
}
