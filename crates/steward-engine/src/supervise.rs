//! Sees each operation through: runs it as a task of its own, and takes it up again when the run
//! broke off because the store could not be written or because of a defect.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::json;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::event::Event;
use steward_core::operation::{Kind, Operation, State};
use steward_core::{OperationId, Refusal};
use steward_store::{audit, locks, operations as rows};

use crate::engine::Inner;
use crate::error;
use crate::operations::{self, Ending};
use crate::recovery::BrokeOff;
use crate::run::{Runner, Stopped};

/// Which way an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On from the first step that is not done.
    Forward,
    /// Back from this step, last first.
    Backward(usize),
}

impl Inner {
    /// Runs an operation as a task of its own until it is at rest.
    pub fn spawn_run(self: &Arc<Self>, operation: Operation, way: Way) {
        // Counted as started before the task gets its turn: the worker must not start it again.
        self.running.start(&operation);
        self.tasks.spawn(self.clone().see_through(operation, way));
    }

    async fn see_through(self: Arc<Self>, mut operation: Operation, mut way: Way) {
        let id = operation.id.clone();
        loop {
            let cancel = self.running.start(&operation);
            let engine = self.clone();
            let run = async move {
                let runner = Runner::new(engine, operation, cancel).await?;
                match way {
                    Way::Forward => runner.forward().await,
                    Way::Backward(last) => runner.backward(last).await,
                }
            };
            // A panic ends this run alone: its journal is whole, and says what is to be undone.
            let why = match AssertUnwindSafe(run).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(Stopped::Abandoned)) => return self.leave(&id).await,
                Ok(Err(Stopped::Store(refusal))) => BrokeOff::Store(refusal),
                Err(_) => BrokeOff::Defect,
            };
            tracing::error!(operation = %id, ?why, "the run of an operation broke off; it is taken up again");
            match self.take_up_again(&id, &why).await {
                Some(next) => (operation, way) = next,
                None => return,
            }
        }
    }

    /// Waits until the store can be read and written, and says how the operation goes on. None when
    /// it is at rest, or when Steward stops.
    async fn take_up_again(&self, id: &OperationId, why: &BrokeOff) -> Option<(Operation, Way)> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.timing.retry_store) => {}
                () = self.stop.cancelled() => return None,
            }
            match self.goes_on(id, why).await {
                Ok(next) => return next,
                Err(refusal) => tracing::warn!(operation = %id, error = %refusal, "the operation waits for the store"),
            }
        }
    }

    /// An operation that a new process will take over. When Steward was asked to stop, the operation
    /// has not brought it down.
    async fn leave(&self, id: &OperationId) {
        if !self.stop.is_cancelled() {
            return;
        }
        let forgotten = async {
            let mut tx = self.store.begin().await?;
            rows::forget_recoveries(&mut tx, id).await?;
            tx.commit().await
        };
        if let Err(failure) = forgotten.await {
            tracing::warn!(operation = %id, error = %failure, "cannot record that the operation was left in good order");
        }
    }

    /// The end of an operation: its record, its outcome row, its own rows and its locks, in one
    /// transaction.
    pub async fn bring_to_rest(&self, operation: &mut Operation, ending: Option<Ending>) -> Result<(), Refusal> {
        let now = self.clock.now();
        operation.finished_at = Some(now);
        operation.current_step = None;
        operation.waiting = None;
        let mut tx = self.store.begin().await.map_err(error::store)?;
        rows::update(&mut tx, operation).await.map_err(error::store)?;
        if let Some(ending) = ending {
            operations::conclude(self, &mut tx, operation, ending).await?;
        }
        locks::release(&mut tx, &operation.id).await.map_err(error::store)?;
        audit::append(&mut tx, &outcome(operation), now).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        self.running.ended(&operation.id);
        self.look_at(&operation.device_id).await;
        self.tell_of_rest(operation);
        self.wake.notify_one();
        Ok(())
    }

    fn tell_of_rest(&self, operation: &Operation) {
        self.bus.send(Event::Operation { id: operation.id.clone(), deployment_id: operation.deployment_id.clone() });
        if let Some(id) = &operation.deployment_id {
            let removed = operation.kind == Kind::DeploymentRemove && operation.state == State::Succeeded;
            self.bus.send(Event::Deployment { id: id.clone(), what: if removed { "removed" } else { "status_change" } });
        }
    }
}

/// The audit row of how an operation ended.
pub(crate) fn outcome(operation: &Operation) -> AuditEntry {
    AuditEntry {
        actor: operation.actor.clone(),
        address: String::new(),
        action: operation.kind.as_str().to_owned(),
        target: operation.target.clone(),
        phase: AuditPhase::Outcome,
        operation_id: Some(operation.id.clone()),
        detail: json!({ "state": operation.state, "failed_step": operation.failed_step, "error": operation.error }),
    }
}
