//! What can be asked of an operation that exists: to stop, and to try its undo again.

use std::sync::Arc;

use serde_json::Value;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::operation::{Kind, Operation, Request, State};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, OperationId, Refusal};
use steward_store::{audit, journal, locks, operations as rows, targets};

use crate::door::entry;
use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations::prepare_targets;
use crate::supervise::Way;

impl Engine {
    /// Asks an operation to stop; what it did is undone.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is at rest or being undone.
    pub async fn cancel(&self, actor: &Actor, id: &OperationId) -> Result<Operation, Refusal> {
        let cancelled = match self.inner.may_control(actor, Permission::OperationCancel, id).await {
            Ok(()) => self.inner.cancel(actor, id).await,
            Err(refusal) => Err(refusal),
        };
        let operation = self.audited(actor, Permission::OperationCancel, id, cancelled).await?;
        self.inner.shown(actor, operation).await
    }

    /// Tries the undo of an operation that needs attention again; of one on many, those that are not done.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it does not need attention; `locked` when another one is in its way.
    pub async fn retry(&self, actor: &Actor, id: &OperationId) -> Result<Operation, Refusal> {
        let retried = match self.inner.may_control(actor, Permission::OperationRetry, id).await {
            Ok(()) => self.inner.retry(actor, id).await,
            Err(refusal) => Err(refusal),
        };
        let operation = self.audited(actor, Permission::OperationRetry, id, retried).await?;
        self.inner.shown(actor, operation).await
    }

    /// A refusal has its row before anybody hears of it.
    async fn audited<T>(&self, actor: &Actor, action: Permission, id: &OperationId, answer: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(refusal) = &answer {
            self.inner.audit_refusal(actor, action.as_str(), id.as_str(), refusal).await?;
        }
        answer
    }
}

impl Inner {
    async fn may_control(&self, actor: &Actor, permission: Permission, id: &OperationId) -> Result<(), Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        self.operation_for(&mut reader, actor, permission, id).await.map(|_| ())
    }

    /// Asks an operation to stop; what it did is undone.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is at rest or being undone.
    pub async fn cancel(self: &Arc<Self>, actor: &Actor, id: &OperationId) -> Result<Operation, Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let mut operation = rows::get(&mut tx, id).await.map_err(error::store)?.ok_or_else(|| Refusal::not_found("operation", id))?;
        if operation.state.is_at_rest() || operation.state == State::RollingBack {
            return Err(Refusal::new(Code::WrongState, format!("the operation is {} and cannot be cancelled", operation.state.as_str())));
        }
        rows::request_cancel(&mut tx, id).await.map_err(error::store)?;
        operation.cancel_requested = true;
        let began = operation.state != State::Queued;
        if !began {
            operation.state = State::RollingBack;
            rows::update(&mut tx, &operation).await.map_err(error::store)?;
        }
        let row = control_row(actor, &operation, Permission::OperationCancel);
        audit::append(&mut tx, &row, self.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        if began {
            self.running.cancel(id);
        } else {
            // It never began: there is nothing to undo but its draft.
            self.spawn_run(operation.clone(), Way::Backward(0));
        }
        Ok(operation)
    }

    async fn retry(self: &Arc<Self>, actor: &Actor, id: &OperationId) -> Result<Operation, Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let mut operation = rows::get(&mut tx, id).await.map_err(error::store)?.ok_or_else(|| Refusal::not_found("operation", id))?;
        if operation.state != State::NeedsAttention {
            let message = format!("the operation is {}: there is nothing to try again", operation.state.as_str());
            return Err(Refusal::new(Code::WrongState, message));
        }
        if operation.kind == Kind::DeploymentBulk {
            drop(tx);
            return self.retry_bulk(actor, operation).await;
        }
        let names = rows::locks_of(&mut tx, id).await.map_err(error::store)?;
        if let Some(waiting) = locks::acquire(&mut tx, &names, id).await.map_err(error::store)? {
            let seen = self.operation_for(&mut tx, actor, Permission::Read, &waiting.held_by).await.is_ok();
            let message = format!("the operation {} holds `{}`", waiting.held_by, waiting.lock);
            return Err(Refusal::new(Code::Locked, if seen { message } else { "another operation is in the way".to_owned() }));
        }
        operation.state = State::RollingBack;
        operation.finished_at = None;
        operation.left_over = Vec::new();
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        rows::begin_again(&mut tx, id).await.map_err(error::store)?;
        let row = control_row(actor, &operation, Permission::OperationRetry);
        audit::append(&mut tx, &row, self.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        self.spawn_run(operation.clone(), Way::Backward(usize::MAX));
        Ok(operation)
    }

    /// Tries those targets of an operation on many again that are not done.
    async fn retry_bulk(self: &Arc<Self>, actor: &Actor, mut operation: Operation) -> Result<Operation, Refusal> {
        let request: Request = serde_json::from_value(operation.request.clone())
            .map_err(|why| Refusal::new(Code::Internal, format!("the recorded request cannot be read: {why}")))?;
        let Request::DeploymentBulk(asked) = request else {
            return Err(Refusal::new(Code::Internal, "the recorded request is of another kind"));
        };
        let results = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            targets::list(&mut reader, &operation.id).await.map_err(error::store)?
        };
        let again: Vec<_> = results.into_iter().enumerate().filter(|(_, target)| !target.is_done()).collect();
        let ids: Vec<_> = again.iter().map(|(_, target)| target.deployment_id.clone()).collect();
        let prepared = prepare_targets(self, actor, asked.action, &ids).await;
        let _accepting = self.accept.lock().await;
        let now = self.clock.now();
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let state = rows::get(&mut tx, &operation.id).await.map_err(error::store)?.map(|now| now.state);
        if state != Some(State::NeedsAttention) {
            return Err(Refusal::new(Code::WrongState, "somebody else tries it again already"));
        }
        let mut recorded = Vec::new();
        for ((ordinal, _), target) in again.iter().zip(&prepared) {
            recorded.extend(self.record_target(&mut tx, actor, &operation.id, (*ordinal, target), now).await?);
        }
        operation.state = State::Running;
        operation.error = None;
        operation.failed_step = None;
        operation.finished_at = None;
        operation.left_over = Vec::new();
        journal::reset(&mut tx, &operation.id, 0).await.map_err(error::store)?;
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        rows::begin_again(&mut tx, &operation.id).await.map_err(error::store)?;
        let row = control_row(actor, &operation, Permission::OperationRetry);
        audit::append(&mut tx, &row, now).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        self.announce(recorded);
        self.spawn_run(operation.clone(), Way::Forward);
        Ok(operation)
    }
}

/// The audit row of what was asked of an operation.
fn control_row(actor: &Actor, operation: &Operation, asked: Permission) -> AuditEntry {
    AuditEntry { action: asked.as_str().to_owned(), ..entry(actor, operation, AuditPhase::Accepted, Value::Null) }
}
