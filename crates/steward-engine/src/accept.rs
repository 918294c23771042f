//! Accepting: an operation becomes durable, with all that belongs to it, or it does not exist.
//!
//! The record, its audit row, its locks' names, its draft, its parts and the idempotency key are
//! committed before anybody is told.

use serde_json::json;
use steward_core::audit::AuditPhase;
use steward_core::event::Event;
use steward_core::operation::{Kind, Operation, State};
use steward_core::user::Actor;
use steward_core::{OperationId, Refusal, Timestamp};
use steward_store::{Connection, audit, idempotency, journal, operations as rows, targets};

use crate::door::{Accepted, Submission, digest, entry, scope};
use crate::engine::Inner;
use crate::error;
use crate::operations::{Prepared, PreparedTarget};
use crate::seams::id_bytes;

/// An operation that is written and not yet committed, and the digest of its request.
pub(crate) struct Recorded {
    operation: Operation,
    digest: String,
}

impl Inner {
    /// Commits the record, its audit row, its draft, its parts and its idempotency key, all or nothing.
    pub async fn accept(&self, actor: &Actor, prepared: &Prepared, submission: &Submission, digest: &str) -> Result<Accepted, Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let operation = self.record(&mut tx, actor, prepared, None, now).await?;
        let mut recorded = Vec::new();
        for (ordinal, target) in prepared.targets.iter().enumerate() {
            recorded.extend(self.record_target(&mut tx, actor, &operation.id, (ordinal, target), now).await?);
        }
        if let Some(key) = &submission.idempotency_key {
            idempotency::insert(&mut tx, &scope(actor), key, digest, &operation.id, now).await.map_err(error::store)?;
        }
        if let Some(due) = &submission.due {
            due.started(&mut tx, &operation, now).await?;
        }
        tx.commit().await.map_err(error::store)?;
        recorded.insert(0, Recorded { operation: operation.clone(), digest: digest.to_owned() });
        self.announce(recorded);
        Ok(Accepted { unchanged: !operation.changed, operation })
    }

    /// Writes an operation with its steps, its draft and its audit row.
    async fn record(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        prepared: &Prepared,
        parent_id: Option<&OperationId>,
        now: Timestamp,
    ) -> Result<Operation, Refusal> {
        let changed = prepared.plan.changed;
        let operation = Operation {
            id: OperationId::from_random(id_bytes(self.random.as_ref())),
            kind: prepared.plan.kind,
            state: if changed { State::Queued } else { State::Succeeded },
            target: prepared.plan.target.clone(),
            deployment_id: prepared.deployment_id.clone(),
            device_id: prepared.device_id.clone(),
            actor: actor.display().to_owned(),
            request: prepared.request.clone(),
            changed,
            created_at: now,
            started_at: None,
            finished_at: (!changed).then_some(now),
            current_step: None,
            failed_step: None,
            error: None,
            left_over: Vec::new(),
            waiting: None,
            cancel_requested: false,
            parent_id: parent_id.cloned(),
        };
        let steps: Vec<String> = if changed { prepared.plan.steps.iter().map(|step| step.name.clone()).collect() } else { Vec::new() };
        rows::insert(conn, &operation, &prepared.plan, &prepared.locks).await.map_err(error::store)?;
        journal::insert_steps(conn, &operation.id, &steps).await.map_err(error::store)?;
        if let Some(draft) = &prepared.draft {
            draft.store(self, conn, &operation.id, actor.display(), now).await?;
        }
        let row = entry(actor, &operation, AuditPhase::Accepted, operation.request.clone());
        audit::append(conn, &row, now).await.map_err(error::store)?;
        if !changed {
            let outcome = json!({ "state": operation.state, "changed": false });
            audit::append(conn, &entry(actor, &operation, AuditPhase::Outcome, outcome), now).await.map_err(error::store)?;
        }
        Ok(operation)
    }

    /// Writes one target of an operation on many: the operation it gets, or why it gets none.
    pub async fn record_target(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        parent: &OperationId,
        (ordinal, target): (usize, &PreparedTarget),
        now: Timestamp,
    ) -> Result<Option<Recorded>, Refusal> {
        let about = (&target.deployment_id, target.name.as_str());
        let refused = match &target.outcome {
            Err(refusal) => refusal.clone(),
            Ok((request, prepared)) => {
                let digest = digest(request);
                // Under way already: the same request is the same operation, another one is in the way.
                match self.under_way(actor, request, &digest).await {
                    Ok(Some(same)) => {
                        targets::put(conn, parent, ordinal, about, Ok(&same.operation.id)).await.map_err(error::store)?;
                        return Ok(None);
                    }
                    Ok(None) => {
                        let operation = self.record(conn, actor, prepared, Some(parent), now).await?;
                        targets::put(conn, parent, ordinal, about, Ok(&operation.id)).await.map_err(error::store)?;
                        return Ok(Some(Recorded { operation, digest }));
                    }
                    Err(refused) => refused.refusal,
                }
            }
        };
        targets::put(conn, parent, ordinal, about, Err(&refused)).await.map_err(error::store)?;
        Ok(None)
    }

    /// Tells of what was committed, and sets the worker to work.
    pub fn announce(&self, recorded: Vec<Recorded>) {
        for Recorded { operation, digest } in recorded {
            let what = if operation.kind == Kind::DeploymentDeploy { "created" } else { "status_change" };
            self.bus.send(Event::Operation { id: operation.id.clone(), deployment_id: operation.deployment_id.clone() });
            if !operation.changed {
                continue;
            }
            self.running.accepted(&operation.id, &digest);
            if let Some(id) = operation.deployment_id {
                self.bus.send(Event::Deployment { id, what });
            }
        }
        self.wake.notify_one();
    }
}
