//! The first start after a restore.

use serde_json::Value;
use steward_core::Refusal;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::user::Actor;
use steward_store::{audit, meta, sessions};

use crate::engine::Inner;
use crate::error;

/// Under this name a restored database says what it was restored from.
pub(super) const NOTE: &str = "restored";

impl Inner {
    /// Writes into the audit that the state is that of a backup, and ends every session: who signed out
    /// or lost an account after the backup must not be signed in again. Once for each restore, because
    /// the note goes in the same transaction.
    pub async fn note_restore(&self) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let Some(note) = meta::get(&mut tx, NOTE).await.map_err(error::store)? else { return Ok(()) };
        let entry = AuditEntry {
            actor: Actor::System.display().to_owned(),
            address: String::new(),
            action: "steward.restore".to_owned(),
            target: "steward".to_owned(),
            phase: AuditPhase::Outcome,
            operation_id: None,
            detail: serde_json::from_str(&note).unwrap_or(Value::String(note)),
        };
        audit::append(&mut tx, &entry, self.clock.now()).await.map_err(error::store)?;
        let ended = sessions::delete_all(&mut tx).await.map_err(error::store)?;
        meta::delete(&mut tx, NOTE).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        tracing::warn!(sessions = ended, "the state was restored from a backup; every session of it has ended");
        Ok(())
    }
}
