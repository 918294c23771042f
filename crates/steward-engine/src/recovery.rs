//! Recovery: what an earlier process left unfinished comes to rest.
//!
//! Queued operations stay queued. A running one is unwound, or goes on from the first step that is
//! not done, as its kind says. One that was being undone goes on being undone. Locks are still
//! held by the operations that took them.

use std::sync::Arc;

use steward_core::operation::{State, StepState};
use steward_core::{Code, Refusal};
use steward_store::{journal, locks, operations as rows};

use crate::engine::Inner;
use crate::error;
use crate::operations::{self, OnCrash};

impl Inner {
    /// Takes over what is unfinished.
    pub async fn recover(self: &Arc<Self>) -> Result<(), Refusal> {
        let unfinished = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            rows::unfinished(&mut reader).await.map_err(error::store)?
        };
        self.release_orphaned_locks().await?;
        for mut operation in unfinished {
            if operation.state == State::Queued {
                continue;
            }
            let resumes =
                operation.state == State::Running && operations::on_crash(operation.kind) == OnCrash::Resume && !operation.cancel_requested;
            tracing::warn!(operation = %operation.id, kind = operation.kind.as_str(), resumes, "taking over an interrupted operation");
            if resumes {
                self.spawn_run(operation, None);
                continue;
            }
            if operation.state == State::Running {
                self.mark_interrupted(&mut operation).await?;
            }
            self.spawn_run(operation, Some(usize::MAX));
        }
        Ok(())
    }

    async fn mark_interrupted(&self, operation: &mut steward_core::operation::Operation) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let steps = journal::steps(&mut tx, &operation.id).await.map_err(error::store)?;
        let interrupted = steps.iter().rev().find(|step| step.state != StepState::Pending && step.state != StepState::Done);
        let refusal = Refusal::new(Code::StepFailed, "Steward was stopped while this was under way");
        if let Some(step) = interrupted {
            let finished = step.state == StepState::Failed;
            if !finished {
                journal::failed(&mut tx, &operation.id, step.ordinal, &refusal, self.clock.now()).await.map_err(error::store)?;
            }
            operation.error = step.error.clone().or(Some(refusal));
            operation.failed_step = Some(step.name.clone());
        } else {
            // Between two steps: the one that did not begin is where it ended.
            let next = steps.iter().find(|step| step.state == StepState::Pending);
            operation.error = Some(refusal);
            operation.failed_step = next.map(|step| step.name.clone()).or(operation.current_step.clone());
        }
        operation.state = State::RollingBack;
        rows::update(&mut tx, operation).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)
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
