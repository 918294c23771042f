//! What was done: operations and the audit.

use steward_core::audit::{AuditCut, AuditRow, AuditVerdict};
use steward_core::operation::{Operation, OperationDetail};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{OperationId, Refusal};
use steward_store::audit::AuditFilter;
use steward_store::operations::OperationFilter;
use steward_store::{audit, commands, journal, operations as rows, revisions, targets};

use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations::open_secrets;

impl Engine {
    /// Operations, newest first. `deployment` is an id or a name; it may be of one that is gone.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn operations(&self, actor: &Actor, filter: OperationFilter) -> Result<Vec<Operation>, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::SignedIn)?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let sight = inner.sight(&mut reader, actor).await?;
        if let Some(sight) = &sight {
            // What cannot be seen is before nothing, and has no parts.
            let named: Vec<OperationId> = filter.before.iter().chain(&filter.parent).cloned().collect();
            if rows::seen(&mut reader, &named, sight).await.map_err(error::store)?.len() < named.len() {
                return Ok(Vec::new());
            }
        }
        let mut found = rows::list(&mut reader, &OperationFilter { sight: sight.clone(), ..filter }).await.map_err(error::store)?;
        inner.hide_others(&mut reader, &sight, &mut found).await?;
        Ok(found)
    }

    /// One operation with everything that belongs to it.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn operation(&self, actor: &Actor, id: &str) -> Result<OperationDetail, Refusal> {
        let inner = &self.inner;
        let missing = || Refusal::not_found("operation", id);
        let id = OperationId::parse(id).map_err(|_| inner.absent(actor, Permission::Read, missing()))?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let operation = inner.operation_for(&mut reader, actor, Permission::Read, &id).await?;
        let sees_files = inner.authorize_operation(&mut reader, actor, Permission::ReadFiles, &operation).await.is_ok();
        let mut plan = rows::plan(&mut reader, &id).await.map_err(error::store)?.ok_or_else(missing)?;
        let mut steps = journal::steps(&mut reader, &id).await.map_err(error::store)?;
        let commands = if sees_files { commands::list(&mut reader, &id).await.map_err(error::store)? } else { Vec::new() };
        let targets = targets::list(&mut reader, &id).await.map_err(error::store)?;
        if !sees_files {
            plan.files.clear();
            steps.iter_mut().for_each(|step| step.intent = None);
        }
        Ok(OperationDetail { operation, plan, steps, commands, targets })
    }

    /// Audit rows, newest first unless those after one are asked for.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn audit(&self, actor: &Actor, filter: AuditFilter) -> Result<Vec<AuditRow>, Refusal> {
        self.inner.authorize(actor, Permission::ReadAudit)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        audit::list(&mut reader, &filter).await.map_err(error::store)
    }

    /// Where retention cut the audit; none while it never did.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn audit_cut(&self, actor: &Actor) -> Result<Option<AuditCut>, Refusal> {
        self.inner.authorize(actor, Permission::ReadAudit)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        audit::last_cut(&mut reader).await.map_err(error::store)
    }

    /// Walks along the whole audit and says whether it is as it was written.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn verify_audit(&self, actor: &Actor) -> Result<AuditVerdict, Refusal> {
        self.inner.authorize(actor, Permission::ReadAudit)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        audit::verify(&mut reader).await.map_err(error::store)
    }
}

impl Inner {
    /// The secrets that an operation works with, for the redactor.
    pub async fn secrets_of(&self, operation: &Operation) -> Result<Vec<String>, Refusal> {
        let Some(id) = &operation.deployment_id else { return Ok(Vec::new()) };
        let mut reader = self.store.read().await.map_err(error::store)?;
        let mut secrets = Vec::new();
        let all = revisions::list(&mut reader, id).await.map_err(error::store)?;
        for revision in all.iter().filter(|r| r.operation_id == operation.id || r.activated_at.is_some()) {
            secrets.extend(open_secrets(self, &mut reader, id, revision.number).await?.into_values());
        }
        Ok(secrets)
    }
}
