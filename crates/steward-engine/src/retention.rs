//! How long what was done is remembered: reading and changing the settings of `retention`.

use serde::{Deserialize, Serialize};
use serde_json::json;
use steward_core::retention::{Retention, RetentionChange};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, Refusal, Timestamp};
use steward_store::{Connection, meta, retention};

use crate::accounts::done;
use crate::engine::{Engine, Inner};
use crate::error;

/// Where the settings are kept.
const KEY: &str = "retention";

/// The retention, and what is remembered now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetentionView {
    /// The settings in force.
    pub settings: Retention,
    /// The settings of a new installation.
    pub defaults: Retention,
    /// How many operations are remembered.
    pub operations: u64,
    /// When the oldest of them was accepted.
    pub oldest_operation_at: Option<Timestamp>,
    /// How many rows the audit has.
    pub audit_rows: u64,
    /// When the oldest of them was written.
    pub oldest_audit_at: Option<Timestamp>,
    /// The size of the database file in bytes.
    pub file_bytes: u64,
    /// How much of the file is empty and will be used again, in bytes.
    pub free_bytes: u64,
}

impl Engine {
    /// The retention, and what is remembered now.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn retention(&self, actor: &Actor) -> Result<RetentionView, Refusal> {
        self.inner.authorize(actor, Permission::Read)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        let settings = read(&mut reader).await?;
        let amounts = retention::amounts(&mut reader).await.map_err(error::store)?;
        Ok(RetentionView {
            settings,
            defaults: Retention::default(),
            operations: amounts.operations,
            oldest_operation_at: amounts.oldest_operation_at,
            audit_rows: amounts.audit_rows,
            oldest_audit_at: amounts.oldest_audit_at,
            file_bytes: amounts.file_bytes,
            free_bytes: amounts.free_bytes,
        })
    }

    /// Changes the retention. The background task `retention` acts by it from its next activation on.
    ///
    /// # Errors
    /// `not_allowed`; `invalid_value` with the field that is out of range.
    pub async fn change_retention(&self, actor: &Actor, change: &RetentionChange) -> Result<RetentionView, Refusal> {
        let result = self.inner.change_retention(actor, change).await;
        self.inner.audited(actor, Permission::RetentionManage.as_str(), KEY, result).await?;
        self.retention(actor).await
    }
}

impl Inner {
    /// The settings in force.
    pub async fn retention(&self) -> Result<Retention, Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        read(&mut reader).await
    }

    async fn change_retention(&self, actor: &Actor, change: &RetentionChange) -> Result<(), Refusal> {
        self.authorize(actor, Permission::RetentionManage)?;
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let before = read(&mut tx).await?;
        let after = before.changed(change)?;
        let text = serde_json::to_string(&after).map_err(|why| Refusal::new(Code::Internal, why.to_string()))?;
        meta::put(&mut tx, KEY, &text).await.map_err(error::store)?;
        let detail = json!({ "before": before, "after": after });
        done(&mut tx, actor, Permission::RetentionManage.as_str(), KEY, detail, self.clock.now()).await?;
        tx.commit().await.map_err(error::store)
    }
}

/// The settings as they are stored. What is out of range is not acted by: it could forget too much.
async fn read(conn: &mut Connection) -> Result<Retention, Refusal> {
    let Some(text) = meta::get(conn, KEY).await.map_err(error::store)? else { return Ok(Retention::default()) };
    let stored = serde_json::from_str::<Retention>(&text).map_err(|why| Refusal::new(Code::InvalidValue, why.to_string()));
    let checked = stored.and_then(|settings| settings.check().map(|()| settings));
    checked.map_err(|refusal| Refusal::new(Code::Internal, format!("the retention that is stored cannot be used: {}", refusal.message)))
}
