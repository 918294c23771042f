//! The worker: takes queued operations when their locks are free, oldest first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use steward_core::event::Event;
use steward_core::operation::{Kind, Operation, State};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, OperationId, Refusal};
use steward_store::{locks, operations as rows};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Inner};
use crate::error;
use crate::run::{Runner, Stopped};

/// How many operations that pull and start containers run at once on a device.
const DEPLOYS_AT_ONCE: usize = 2;

/// What is known about operations of this process beyond their records.
#[derive(Default)]
pub(crate) struct Running {
    table: Mutex<HashMap<OperationId, Entry>>,
}

struct Entry {
    digest: String,
    cancel: CancellationToken,
    started: Option<Kind>,
}

impl Running {
    fn table(&self) -> MutexGuard<'_, HashMap<OperationId, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an accepted request, so that the same one again is known.
    pub fn accepted(&self, id: &OperationId, digest: &str) {
        self.table().insert(id.clone(), Entry { digest: digest.to_owned(), cancel: CancellationToken::new(), started: None });
    }

    /// The digest of the request behind an operation.
    pub fn digest(&self, id: &OperationId) -> Option<String> {
        self.table().get(id).map(|entry| entry.digest.clone())
    }

    /// Marks it as started; gives the token that cancels it.
    pub fn start(&self, id: &OperationId, kind: Kind) -> CancellationToken {
        let mut table = self.table();
        let entry =
            table.entry(id.clone()).or_insert_with(|| Entry { digest: String::new(), cancel: CancellationToken::new(), started: None });
        entry.started = Some(kind);
        entry.cancel.clone()
    }

    /// Forgets an operation that came to rest.
    pub fn ended(&self, id: &OperationId) {
        self.table().remove(id);
    }

    fn cancel(&self, id: &OperationId) {
        if let Some(entry) = self.table().get(id) {
            entry.cancel.cancel();
        }
    }

    fn is_started(&self, id: &OperationId) -> bool {
        self.table().get(id).is_some_and(|entry| entry.started.is_some())
    }

    fn deploys(&self) -> usize {
        self.table().values().filter(|entry| entry.started.is_some_and(is_deploy)).count()
    }
}

fn is_deploy(kind: Kind) -> bool {
    matches!(kind, Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback)
}

impl Inner {
    /// Takes up work until the engine stops.
    pub async fn work(self: Arc<Self>) {
        loop {
            if let Err(refusal) = self.take_up().await {
                tracing::error!(error = %refusal, "cannot take up operations");
            }
            tokio::select! {
                () = self.wake.notified() => {}
                // A wake-up that was lost to an error of the store must not leave the queue waiting.
                () = tokio::time::sleep(std::time::Duration::from_secs(30)) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn take_up(self: &Arc<Self>) -> Result<(), Refusal> {
        let queued: Vec<Operation> = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            rows::unfinished(&mut reader).await.map_err(error::store)?
        };
        for operation in queued.into_iter().filter(|o| o.state == State::Queued && !self.running.is_started(&o.id)) {
            if is_deploy(operation.kind) && self.running.deploys() >= DEPLOYS_AT_ONCE {
                continue;
            }
            self.try_start(operation).await?;
        }
        Ok(())
    }

    /// Starts an operation when its locks are free; else says what it waits for.
    async fn try_start(self: &Arc<Self>, operation: Operation) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        // Looked at again: it may have been cancelled since the queue was read.
        let now = rows::get(&mut tx, &operation.id).await.map_err(error::store)?;
        let Some(mut operation) = now.filter(|o| o.state == State::Queued && !o.cancel_requested) else { return Ok(()) };
        let names = rows::locks_of(&mut tx, &operation.id).await.map_err(error::store)?;
        let waiting = locks::acquire(&mut tx, &names, &operation.id).await.map_err(error::store)?;
        if waiting.is_some() && waiting == operation.waiting {
            return Ok(());
        }
        if waiting.is_none() {
            operation.state = State::Running;
            operation.started_at = Some(self.clock.now());
        }
        operation.waiting = waiting;
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        self.bus.send(Event::Operation { id: operation.id.clone(), deployment_id: operation.deployment_id.clone() });
        if operation.waiting.is_none() {
            self.spawn_run(operation, None);
        }
        Ok(())
    }

    /// Runs an operation as a task of its own: forward, or backward from a step.
    pub fn spawn_run(self: &Arc<Self>, operation: Operation, backward_from: Option<usize>) {
        let cancel = self.running.start(&operation.id, operation.kind);
        let engine = self.clone();
        let id = operation.id.clone();
        self.tasks.spawn(async move {
            let run = async {
                let runner = Runner::new(engine.clone(), operation, cancel).await;
                match backward_from {
                    Some(last) => runner.backward(last).await,
                    None => runner.forward().await,
                }
            };
            // A panic ends this operation's task alone; its journal is whole, and recovery unwinds it.
            match std::panic::AssertUnwindSafe(run).catch_unwind().await {
                Ok(Ok(()) | Err(Stopped::Abandoned)) => {}
                Ok(Err(Stopped::Store(refusal))) => {
                    tracing::error!(operation = %id, error = %refusal, "an operation cannot be recorded; it goes on when Steward starts again");
                }
                Err(_) => tracing::error!(operation = %id, "an operation's task panicked; it goes on when Steward starts again"),
            }
        });
    }
}

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
        let detail = serde_json::json!({ "operation_id": id });
        let row = steward_core::audit::AuditEntry {
            action: Permission::OperationCancel.as_str().to_owned(),
            detail,
            ..crate::door::entry(actor, &operation, steward_core::audit::AuditPhase::Accepted, serde_json::Value::Null)
        };
        steward_store::audit::append(&mut tx, &row, inner.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        if began {
            inner.running.cancel(id);
        } else {
            // It never began: there is nothing to undo but its draft.
            inner.spawn_run(operation.clone(), Some(0));
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
        let row = steward_core::audit::AuditEntry {
            action: Permission::OperationRetry.as_str().to_owned(),
            ..crate::door::entry(actor, &operation, steward_core::audit::AuditPhase::Accepted, serde_json::Value::Null)
        };
        steward_store::audit::append(&mut tx, &row, inner.clock.now()).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        inner.spawn_run(operation.clone(), Some(usize::MAX));
        Ok(operation)
    }
}
