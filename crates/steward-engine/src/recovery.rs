//! Recovery: what broke off comes to rest, whether an earlier process left it or a run of this one.
//!
//! Queued operations stay queued. A running one is unwound, or goes on from the first step that is
//! not done, as its kind says. One that was being undone goes on being undone. Locks are still
//! held by the operations that took them.

use std::sync::Arc;

use steward_core::operation::{Operation, State, StepRecord, StepState};
use steward_core::{Code, OperationId, Refusal};
use steward_store::{journal, locks, operations as rows};

use crate::engine::Inner;
use crate::error;
use crate::operations::{self, OnCrash};
use crate::supervise::Way;

/// How often an operation may be taken over by a new process without coming to rest.
const TAKEOVERS: u32 = 3;

/// Why a run ended before its operation was at rest.
#[derive(Clone, Debug)]
pub(crate) enum BrokeOff {
    /// The process ended.
    Process,
    /// The store could not be read or written.
    Store(Refusal),
    /// A panic: a defect of Steward's own.
    Defect,
}

impl BrokeOff {
    fn refusal(&self) -> Refusal {
        match self {
            BrokeOff::Process => Refusal::new(Code::StepFailed, "Steward was stopped while this was under way"),
            BrokeOff::Store(refusal) => refusal.clone(),
            BrokeOff::Defect => Refusal::new(Code::Internal, "a defect of Steward ended this; the server's log has the details"),
        }
    }
}

impl Inner {
    /// Takes over what an earlier process left unfinished.
    pub async fn recover(self: &Arc<Self>) -> Result<(), Refusal> {
        let unfinished = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            rows::unfinished(&mut reader).await.map_err(error::store)?
        };
        self.release_orphaned_locks().await?;
        for operation in unfinished.into_iter().filter(|operation| operation.state != State::Queued) {
            let id = operation.id.clone();
            // One that cannot be taken over must not keep the others waiting, nor the server from starting.
            if let Err(refusal) = self.take_over(operation).await {
                tracing::error!(operation = %id, error = %refusal, "an interrupted operation cannot be taken over");
            }
        }
        Ok(())
    }

    async fn take_over(self: &Arc<Self>, operation: Operation) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let takeovers = rows::count_recovery(&mut tx, &operation.id).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        if takeovers > TAKEOVERS {
            let why = format!("Steward ended {TAKEOVERS} times while it took this operation over; it was left as it is");
            return self.park(operation, Refusal::new(Code::StepFailed, why)).await;
        }
        tracing::warn!(operation = %operation.id, kind = operation.kind.as_str(), takeovers, "taking over an interrupted operation");
        if let Some((operation, way)) = self.way_on(operation, &BrokeOff::Process).await? {
            self.spawn_run(operation, way);
        }
        Ok(())
    }

    /// How an operation whose run broke off goes on. None when it is at rest.
    pub async fn goes_on(&self, id: &OperationId, why: &BrokeOff) -> Result<Option<(Operation, Way)>, Refusal> {
        let operation = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            rows::get(&mut reader, id).await.map_err(error::store)?
        };
        match operation {
            None => Ok(None),
            // The undo has the defect: trying it for ever would help nobody.
            Some(operation) if operation.state == State::RollingBack && matches!(why, BrokeOff::Defect) => {
                self.park(operation, why.refusal()).await?;
                Ok(None)
            }
            Some(operation) => self.way_on(operation, why).await,
        }
    }

    async fn way_on(&self, mut operation: Operation, why: &BrokeOff) -> Result<Option<(Operation, Way)>, Refusal> {
        match operation.state {
            State::Running => {}
            State::RollingBack => return Ok(Some((operation, Way::Backward(usize::MAX)))),
            _ => return Ok(None),
        }
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let steps = journal::steps(&mut tx, &operation.id).await.map_err(error::store)?;
        let all_done = steps.iter().all(|step| step.state == StepState::Done);
        let resumes = operations::on_crash(operation.kind) == OnCrash::Resume && !matches!(why, BrokeOff::Defect);
        let failed = steps.iter().any(|step| step.state == StepState::Failed);
        if all_done || (resumes && !failed && !operation.cancel_requested) {
            return Ok(Some((operation, Way::Forward)));
        }
        let refusal = why.refusal();
        match steps.iter().rev().find(|step| !matches!(step.state, StepState::Pending | StepState::Done)) {
            Some(step) => {
                if step.state != StepState::Failed {
                    journal::failed(&mut tx, &operation.id, step.ordinal, &refusal, self.clock.now()).await.map_err(error::store)?;
                }
                operation.error = step.error.clone().or(Some(refusal));
                operation.failed_step = Some(step.name.clone());
            }
            None => {
                // Between two steps: the one that did not begin is where it ended.
                let next = steps.iter().find(|step| step.state == StepState::Pending);
                operation.error = Some(refusal);
                operation.failed_step = next.map(|step| step.name.clone()).or(operation.current_step.clone());
            }
        }
        operation.state = State::RollingBack;
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(Some((operation, Way::Backward(usize::MAX))))
    }

    /// Lets an operation rest as it is. Its steps are not even built: that may be what does the harm.
    async fn park(&self, mut operation: Operation, why: Refusal) -> Result<(), Refusal> {
        tracing::error!(operation = %operation.id, %why, "an operation is left as it is and needs attention");
        let steps = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            journal::steps(&mut reader, &operation.id).await.map_err(error::store)?
        };
        operation.left_over = left_over(&operation, &steps, &why);
        operation.failed_step = operation.failed_step.or(operation.current_step.take());
        operation.error.get_or_insert(why);
        operation.state = State::NeedsAttention;
        self.bring_to_rest(&mut operation, None).await
    }

    /// A lock whose owner is at rest is held by nobody.
    async fn release_orphaned_locks(&self) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        for (name, owner) in locks::all(&mut tx).await.map_err(error::store)? {
            let owner_row = rows::get(&mut tx, &owner).await.map_err(error::store)?;
            if owner_row.is_none_or(|operation| operation.state.is_at_rest()) {
                tracing::warn!(lock = name, operation = %owner, "released a lock that nobody holds");
                locks::release(&mut tx, &owner).await.map_err(error::store)?;
            }
        }
        tx.commit().await.map_err(error::store)
    }
}

/// What a parked operation leaves, as far as its journal says.
fn left_over(operation: &Operation, steps: &[StepRecord], why: &Refusal) -> Vec<String> {
    let undone = |step: &&StepRecord| !matches!(step.state, StepState::Pending | StepState::Undone);
    let what = |step: &StepRecord| format!("what the step `{}` did on `{}` is not undone", step.name, operation.target);
    let mut lines = vec![why.message.clone()];
    lines.extend(steps.iter().rev().filter(undone).map(what));
    lines.push(format!("to try the undo again: steward ops retry {}", operation.id));
    lines
}
