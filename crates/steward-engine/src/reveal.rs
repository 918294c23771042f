//! Shows the value of a secret setting, with a row in the audit that says to whom.

use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::name::SettingKey;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, Refusal};
use steward_store::audit;

use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations::open_secrets;

impl Engine {
    /// A secret setting of the revision in force, and its value. `which` is a deployment's id or name.
    ///
    /// # Errors
    /// `not_allowed`; `not_found` when there is no such deployment, or no such secret is set;
    /// `storage_unavailable`, also when the audit row cannot be written: then nothing is shown.
    pub async fn reveal_secret(&self, actor: &Actor, which: &str, key: &str) -> Result<(SettingKey, String), Refusal> {
        let result = self.inner.reveal(actor, which, key).await;
        if let Err(refusal) = &result {
            self.inner.audit_refusal(actor, Permission::SecretReveal.as_str(), &target(which, key), refusal).await?;
        }
        result
    }
}

fn target(which: &str, key: &str) -> String {
    format!("{which}/{key}")
}

impl Inner {
    async fn reveal(&self, actor: &Actor, which: &str, key: &str) -> Result<(SettingKey, String), Refusal> {
        let deployment = self.deployment_for(actor, Permission::SecretReveal, which).await?;
        let (_, revision) = crate::operations::in_force(self, &deployment.id).await?;
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let mut secrets = open_secrets(self, &mut tx, &deployment.id, revision.number).await?;
        let Some(found) = SettingKey::parse(key).ok().and_then(|key| secrets.remove_entry(&key)) else {
            return Err(Refusal::new(Code::NotFound, format!("`{}` has no secret `{key}` that is set", deployment.name)).with_field("key"));
        };
        let entry = AuditEntry {
            actor: actor.display().to_owned(),
            address: actor.address().to_owned(),
            action: Permission::SecretReveal.as_str().to_owned(),
            target: target(deployment.name.as_str(), key),
            phase: AuditPhase::Accepted,
            operation_id: None,
            detail: serde_json::json!({ "revision": revision.number }),
        };
        audit::append(&mut tx, &entry, self.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(found)
    }
}
