//! The door: a request becomes an operation, or a refusal.
//!
//! authorize → plan → refuse or [accept](crate::accept).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::name::DeploymentName;
use steward_core::operation::{Kind, Operation, Request};
use steward_core::plan::Plan;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, OperationId, Refusal, Timestamp};
use steward_store::{Connection, StoreError, audit, idempotency, operations as rows};

use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations::{self, Prepared};
use crate::schedules::Due;

/// What comes with a request.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The same key gives the same operation, for a day.
    pub idempotency_key: Option<String>,
    /// The hash of the plan that the person saw; another plan is refused.
    pub plan_hash: Option<String>,
    /// The due time of the schedule that asks.
    pub(crate) due: Option<Due>,
}

impl Submission {
    /// What a person sends with a request.
    pub fn new(idempotency_key: Option<String>, plan_hash: Option<String>) -> Self {
        Self { idempotency_key, plan_hash, due: None }
    }
}

/// An accepted request.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The operation.
    pub operation: Operation,
    /// Whether everything was so already, and nothing is done.
    pub unchanged: bool,
}

/// A refusal that brings the plan it is about.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// The plan, when one was made.
    pub plan: Option<Box<Plan>>,
    /// The operation that is in the way, when there is one.
    pub operation_id: Option<OperationId>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, plan: None, operation_id: None }
    }
}

/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 200;

impl Engine {
    /// The plan of a request, without doing anything.
    ///
    /// # Errors
    /// `not_allowed`, or what makes the request impossible.
    pub async fn plan(&self, actor: &Actor, request: &Request) -> Result<Plan, Refusal> {
        // The plan of a backup says where backups are.
        let needed = |kind| if kind == Kind::StewardBackup { Permission::ReadBackups } else { Permission::Read };
        self.inner.authorize_request_as(actor, request, needed).await?;
        let mut plan = operations::prepare(&self.inner, actor, request).await?.plan;
        // As in the plan of what was done: the files say more than the plan's own words.
        if self.inner.authorize_request_as(actor, request, |_| Permission::ReadFiles).await.is_err() {
            plan.files.clear();
        }
        Ok(plan)
    }

    /// Takes a request. When this returns an operation, it is durable and will come to rest.
    ///
    /// # Errors
    /// Why not; nothing was changed, and an audit row says so.
    pub async fn submit(&self, actor: &Actor, request: Request, submission: Submission) -> Result<Accepted, Refused> {
        match self.inner.submit(actor, &request, &submission).await {
            Ok(accepted) => Ok(Accepted { operation: self.inner.shown(actor, accepted.operation).await?, ..accepted }),
            Err(refused) => {
                let target = target_of(&request);
                self.inner.audit_refusal(actor, request.kind().as_str(), &target, &refused.refusal).await?;
                Err(refused)
            }
        }
    }
}

/// What a request is about, as far as it says so itself.
pub(crate) fn target_of(request: &Request) -> String {
    if let Some(id) = request.deployment_id() {
        return id.to_string();
    }
    match request {
        Request::DeploymentDeploy(p) => p.name.as_ref().map_or_else(|| p.application.to_string(), ToString::to_string),
        Request::DeploymentBulk(p) => format!("{} apps", p.deployment_ids.len()),
        Request::VolumeDelete(p) => p.volume.to_string(),
        Request::ScriptRun(p) => p.script.to_string(),
        Request::StewardBackup(_) | Request::StewardRestart(_) => "steward".to_owned(),
        _ => String::new(),
    }
}

/// A fingerprint of a request, secrets included, that gives none of them away.
pub(crate) fn digest(request: &Request) -> String {
    let text = serde_json::to_string(request).unwrap_or_default();
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Inner {
    pub async fn submit(&self, actor: &Actor, request: &Request, submission: &Submission) -> Result<Accepted, Refused> {
        self.authorize_request(actor, request).await?;
        let digest = digest(request);
        if let Some(accepted) = self.already(actor, request, submission, &digest).await? {
            return Ok(accepted);
        }
        let prepared = operations::prepare(self, actor, request).await?;
        if let Err(refusal) = self.may_touch(&prepared.device_id).await {
            return Err(Refused { refusal, plan: Some(Box::new(prepared.plan)), operation_id: None });
        }
        check(&prepared, submission)?;
        // The look at the device took time and is not under the lock: a slow device must not hold up
        // the others. So somebody else may have come first, which is looked at again.
        let _accepting = self.accept.lock().await;
        if let Some(accepted) = self.already(actor, request, submission, &digest).await? {
            return Ok(accepted);
        }
        self.accept(actor, &prepared, submission, &digest).await.map_err(Refused::from)
    }

    /// The operation that this request has become already.
    async fn already(&self, actor: &Actor, request: &Request, submission: &Submission, digest: &str) -> Result<Option<Accepted>, Refused> {
        if let Some(accepted) = self.known(actor, submission, digest).await? {
            return Ok(Some(accepted));
        }
        // A run of a schedule is an operation of its own, also while the same one is under way.
        let digest_of_run = if submission.due.is_some() { "a run of a schedule" } else { digest };
        let under_way = self.under_way(actor, request, digest_of_run).await?;
        if let (Some(accepted), Some(key)) = (&under_way, &submission.idempotency_key) {
            self.remember(actor, key, digest, &accepted.operation.id).await?;
        }
        Ok(under_way)
    }

    /// Keeps a key for the operation that it has come to: asked again when that is over, it is the same.
    async fn remember(&self, actor: &Actor, key: &str, digest: &str, id: &OperationId) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        match idempotency::insert(&mut tx, &scope(actor), key, digest, id, self.clock.now()).await {
            Ok(()) => tx.commit().await.map_err(error::store),
            // The same request at the same moment was quicker.
            Err(StoreError::NotUnique(_)) => Ok(()),
            Err(failure) => Err(error::store(failure)),
        }
    }

    /// The operation that an idempotency key stands for.
    async fn known(&self, actor: &Actor, submission: &Submission, digest: &str) -> Result<Option<Accepted>, Refused> {
        let Some(key) = &submission.idempotency_key else { return Ok(None) };
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
            let message = format!("an idempotency key is 1 to {MAX_KEY} printable characters without spaces");
            return Err(Refusal::new(Code::InvalidValue, message).with_field("Idempotency-Key").into());
        }
        let mut reader = self.store.read().await.map_err(error::store)?;
        let found = idempotency::find(&mut reader, &scope(actor), key, self.clock.now()).await.map_err(error::store)?;
        let Some((earlier, id)) = found else { return Ok(None) };
        if earlier != digest {
            return Err(Refusal::new(Code::IdempotencyKeyReused, "this idempotency key was used for another request")
                .with_field("Idempotency-Key")
                .into());
        }
        let operation = rows::get(&mut reader, &id).await.map_err(error::store)?;
        Ok(operation.map(|operation| Accepted { unchanged: !operation.changed, operation }))
    }

    /// A second click while the first is under way gives the same operation; another request that
    /// cannot wait is refused with the name of what is in its way.
    pub async fn under_way(&self, actor: &Actor, request: &Request, digest: &str) -> Result<Option<Accepted>, Refused> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        let active = match request {
            Request::DeploymentDeploy(p) => {
                let name = p.name.as_ref().map_or(p.application.as_str(), |name| name.as_str());
                rows::unfinished(&mut reader)
                    .await
                    .map_err(error::store)?
                    .into_iter()
                    .find(|o| o.target == name && o.deployment_id.is_some())
            }
            Request::VolumeDelete(p) => {
                rows::unfinished(&mut reader).await.map_err(error::store)?.into_iter().find(|o| o.target == p.volume.as_str())
            }
            Request::ScriptRun(p) => rows::unfinished(&mut reader)
                .await
                .map_err(error::store)?
                .into_iter()
                .find(|o| o.kind == Kind::ScriptRun && o.device_id == p.device_id && o.target == p.script.as_str()),
            Request::DeploymentBulk(_) => {
                let same = |o: &Operation| self.running.digest(&o.id).as_deref() == Some(digest);
                rows::unfinished(&mut reader).await.map_err(error::store)?.into_iter().find(same)
            }
            // Every request for a backup is the same one, and so is every request for a restart.
            Request::StewardBackup(_) | Request::StewardRestart(_) => {
                let unfinished = rows::unfinished(&mut reader).await.map_err(error::store)?;
                let active = unfinished.into_iter().find(|o| o.kind == request.kind());
                return Ok(active.map(|operation| Accepted { operation, unchanged: false }));
            }
            other => match other.deployment_id() {
                Some(id) => rows::active_for(&mut reader, id).await.map_err(error::store)?,
                None => None,
            },
        };
        let Some(active) = active else { return Ok(None) };
        if let Request::DeploymentDeploy(_) = request
            && self.authorize_operation(&mut reader, actor, Permission::Read, &active).await.is_err()
        {
            return Err(operations::not_free(&DeploymentName::parse(&active.target)?).into());
        }
        if self.running.digest(&active.id).as_deref() == Some(digest) {
            return Ok(Some(Accepted { operation: active, unchanged: false }));
        }
        if operations::refuses_to_wait(request.kind()) || active.kind == Kind::DeploymentDeploy {
            let message = format!("`{}` is busy: {} by {} is under way", active.target, active.kind.as_str(), active.actor);
            let hint = format!("Wait for the operation {} to end.", active.id);
            return Err(Refused {
                refusal: Refusal::new(Code::Locked, message).with_hint(hint),
                plan: None,
                operation_id: Some(active.id),
            });
        }
        Ok(None)
    }

    /// Writes the row of a refusal. When that cannot be written either, the caller hears of the store.
    pub async fn audit_refusal(&self, actor: &Actor, action: &str, target: &str, refusal: &Refusal) -> Result<(), Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        append_refusal(&mut tx, actor, action, target, refusal, self.clock.now()).await?;
        tx.commit().await.map_err(error::store)
    }
}

/// Adds the row of a refusal to a transaction.
pub(crate) async fn append_refusal(
    conn: &mut Connection,
    actor: &Actor,
    action: &str,
    target: &str,
    refusal: &Refusal,
    now: Timestamp,
) -> Result<(), Refusal> {
    let entry = AuditEntry {
        actor: actor.display().to_owned(),
        address: actor.address().to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        phase: AuditPhase::Refused,
        operation_id: None,
        detail: json!({ "code": refusal.code, "message": refusal.message }),
    };
    audit::append(conn, &entry, now).await.map_err(error::store).map(|_| ())
}

/// Whose idempotency keys are one set.
pub(crate) fn scope(actor: &Actor) -> String {
    actor.user_id().map_or_else(|| actor.display().to_owned(), ToString::to_string)
}

/// An audit row about an operation.
pub(crate) fn entry(actor: &Actor, operation: &Operation, phase: AuditPhase, detail: Value) -> AuditEntry {
    AuditEntry {
        actor: actor.display().to_owned(),
        address: actor.address().to_owned(),
        action: operation.kind.as_str().to_owned(),
        target: operation.target.clone(),
        phase,
        operation_id: Some(operation.id.clone()),
        detail,
    }
}

/// Refuses a plan that cannot work, or that is not the one that was seen.
fn check(prepared: &Prepared, submission: &Submission) -> Result<(), Refused> {
    let plan = &prepared.plan;
    let with_plan = |refusal| Refused { refusal, plan: Some(Box::new(plan.clone())), operation_id: None };
    if submission.plan_hash.as_ref().is_some_and(|seen| seen != &plan.hash) {
        let refusal = Refusal::new(Code::PlanStale, "the device or the catalog changed after the plan was made")
            .with_field("plan_hash")
            .with_hint("Plan again and review what is different.");
        return Err(with_plan(refusal));
    }
    if !plan.changed {
        return Ok(());
    }
    match plan.failed() {
        None => Ok(()),
        Some(failed) => {
            let mut refusal = Refusal::new(Code::PreflightFailed, failed.message.clone());
            refusal.field = failed.fix.as_ref().map(|fix| fix.field.clone());
            refusal.hint = match &failed.fix {
                Some(fix) => Some(format!("Use {}={}.", fix.field, fix.value)),
                None => failed.hint.clone(),
            };
            Err(with_plan(refusal))
        }
    }
}
