//! What can be asked of an operation that exists: to stop, and to try its undo again.

use serde_json::{Value, json};
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::operation::{Operation, State};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, OperationId, Refusal};
use steward_store::{audit, locks, operations as rows};

use crate::door::entry;
use crate::engine::Engine;
use crate::error;
use crate::supervise::Way;

impl Engine {
    /// Asks an operation to stop; what it did is undone.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is at rest or being undone.
    pub async fn cancel(&self, actor: &Actor, id: &OperationId) -> Result<Operation, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::OperationCancel)?;
        let mut tx = inner.store.begin().await.map_err(error::store)?;
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
        let detail = json!({ "operation_id": id });
        let row = AuditEntry {
            action: Permission::OperationCancel.as_str().to_owned(),
            detail,
            ..entry(actor, &operation, AuditPhase::Accepted, Value::Null)
        };
        audit::append(&mut tx, &row, inner.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        if began {
            inner.running.cancel(id);
        } else {
            // It never began: there is nothing to undo but its draft.
            inner.spawn_run(operation.clone(), Way::Backward(0));
        }
        Ok(operation)
    }

    /// Tries the undo of an operation that needs attention again.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it does not need attention.
    pub async fn retry(&self, actor: &Actor, id: &OperationId) -> Result<Operation, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::OperationRetry)?;
        let mut tx = inner.store.begin().await.map_err(error::store)?;
        let mut operation = rows::get(&mut tx, id).await.map_err(error::store)?.ok_or_else(|| Refusal::not_found("operation", id))?;
        if operation.state != State::NeedsAttention {
            return Err(Refusal::new(
                Code::WrongState,
                format!("the operation is {}: there is nothing to try again", operation.state.as_str()),
            ));
        }
        let names = rows::locks_of(&mut tx, id).await.map_err(error::store)?;
        if let Some(waiting) = locks::acquire(&mut tx, &names, id).await.map_err(error::store)? {
            return Err(Refusal::new(Code::Locked, format!("the operation {} holds `{}`", waiting.held_by, waiting.lock)));
        }
        operation.state = State::RollingBack;
        operation.finished_at = None;
        operation.left_over = Vec::new();
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        rows::forget_recoveries(&mut tx, id).await.map_err(error::store)?;
        let row = AuditEntry {
            action: Permission::OperationRetry.as_str().to_owned(),
            ..entry(actor, &operation, AuditPhase::Accepted, Value::Null)
        };
        audit::append(&mut tx, &row, inner.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        inner.spawn_run(operation.clone(), Way::Backward(usize::MAX));
        Ok(operation)
    }
}
