//! `deployment.bulk`: the same for many deployments, each as an operation of its own. What fails for
//! one hides nothing of the others.

use std::collections::BTreeSet;
use std::sync::Weak;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use steward_core::event::Event;
use steward_core::operation::{BulkAction, DeploymentBulk, Kind, Operation, Request, State, StepState, TargetResult};
use steward_core::plan::{Plan, PlannedStep, PlannedTarget};
use steward_core::user::Actor;
use steward_core::{Code, DeploymentId, OperationId, Refusal};
use steward_store::{Connection, audit, deployments, journal, locks, operations as rows, targets};

use tokio::sync::broadcast;

use super::step::{Step, StepContext, StepResult};
use super::{Ending, Prepared};
use crate::engine::Inner;
use crate::error;
use crate::supervise::outcome;

/// How many deployments one operation is about at most.
const MOST: usize = 200;
/// How many are looked at at the same time.
const LOOKS: usize = 8;
/// How often the parts are looked at when nobody tells that one changed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// One target, looked at before the operation is accepted.
pub(crate) struct PreparedTarget {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Its name, or its id when there is none.
    pub name: String,
    /// What is asked for it and what that comes to, or why not.
    pub outcome: Result<(Request, Box<Prepared>), Refusal>,
}

fn planned(action: BulkAction) -> PlannedStep {
    PlannedStep {
        name: "parts".to_owned(),
        does: format!("{} each app as an operation of its own, and wait for all", action.as_str()),
        undo: "cancel those that are not done".to_owned(),
    }
}

/// Looks at every target.
pub(crate) async fn prepare_targets(engine: &Inner, actor: &Actor, action: BulkAction, ids: &[DeploymentId]) -> Vec<PreparedTarget> {
    // Boxed first: a stream that borrows in a closure is not known to be `Send` by those who await it.
    let looks: Vec<BoxFuture<'_, PreparedTarget>> = ids.iter().map(|id| prepare_target(engine, actor, action, id)).collect();
    stream::iter(looks).buffered(LOOKS).collect().await
}

fn prepare_target<'a>(engine: &'a Inner, actor: &'a Actor, action: BulkAction, id: &'a DeploymentId) -> BoxFuture<'a, PreparedTarget> {
    Box::pin(look_at_target(engine, actor, action, id))
}

async fn look_at_target(engine: &Inner, actor: &Actor, action: BulkAction, id: &DeploymentId) -> PreparedTarget {
    let name = name_of(engine, id).await.unwrap_or_else(|| id.to_string());
    let request = action.request(id.clone());
    let prepared = super::prepare(engine, actor, &request).await;
    let outcome = prepared.and_then(|prepared| match prepared.plan.failed().filter(|_| prepared.plan.changed) {
        None => Ok((request, Box::new(prepared))),
        Some(check) => {
            let mut refusal = Refusal::new(Code::PreflightFailed, check.message.clone());
            refusal.hint = check.hint.clone();
            Err(refusal)
        }
    });
    PreparedTarget { deployment_id: id.clone(), name, outcome }
}

async fn name_of(engine: &Inner, id: &DeploymentId) -> Option<String> {
    let mut reader = engine.store.read().await.ok()?;
    deployments::get(&mut reader, id).await.ok()?.map(|deployment| deployment.name.to_string())
}

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, actor: &Actor, asked: &DeploymentBulk) -> Result<Prepared, Refusal> {
    let ids = &asked.deployment_ids;
    let wrong = |message: String| Err(Refusal::new(Code::InvalidValue, message).with_field("deployment_ids"));
    if ids.is_empty() || ids.len() > MOST {
        return wrong(format!("name 1 to {MOST} apps"));
    }
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return wrong("an app is named twice".to_owned());
    }
    let device = engine.default_device().await?;
    let targets = prepare_targets(engine, actor, asked.action, ids).await;
    let planned_targets: Vec<PlannedTarget> = targets.iter().map(planned_target).collect();
    let changing = planned_targets.iter().filter(|target| target.changed).count();
    let names = |target: &PreparedTarget| target.outcome.as_ref().ok().map(|(_, prepared)| prepared.plan.risks.clone());
    let plan = Plan {
        kind: Kind::DeploymentBulk,
        target: format!("{} {}", ids.len(), if ids.len() == 1 { "app" } else { "apps" }),
        device_id: device.id.clone(),
        device: device.name,
        summary: format!("{} {changing} of {} apps, each as an operation of its own", capital(asked.action.as_str()), ids.len()),
        // When all are refused there is something to tell too.
        changed: changing > 0 || planned_targets.iter().any(|target| target.refusal.is_some()),
        checks: Vec::new(),
        steps: vec![planned(asked.action)],
        files: Vec::new(),
        commands: Vec::new(),
        images: Vec::new(),
        volumes: Vec::new(),
        risks: targets.iter().filter_map(names).flatten().collect(),
        targets: planned_targets,
        script: None,
        hash: String::new(),
    }
    .sealed();
    Ok(Prepared {
        plan,
        deployment_id: None,
        device_id: device.id,
        // Its parts hold the locks.
        locks: Vec::new(),
        request: serde_json::to_value(Request::DeploymentBulk(asked.clone())).unwrap_or_default(),
        draft: None,
        targets,
    })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn planned_target(target: &PreparedTarget) -> PlannedTarget {
    let (summary, changed, refusal) = match &target.outcome {
        Ok((_, prepared)) => (prepared.plan.summary.clone(), prepared.plan.changed, None),
        Err(refusal) => (String::new(), false, Some(refusal.clone())),
    };
    PlannedTarget { deployment_id: target.deployment_id.clone(), name: target.name.clone(), summary, changed, refusal }
}

/// The steps of an accepted operation.
pub(super) fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let request: Request = serde_json::from_value(operation.request.clone())
        .map_err(|why| Refusal::new(Code::Internal, format!("the recorded request cannot be read: {why}")))?;
    let Request::DeploymentBulk(asked) = request else {
        return Err(Refusal::new(Code::Internal, "the recorded request is of another kind"));
    };
    Ok(vec![Box::new(Parts { engine: engine.weak(), action: asked.action, id: operation.id.clone() })])
}

/// Parts that have not begun when their parent never began do not begin any more.
pub(super) async fn conclude(engine: &Inner, conn: &mut Connection, operation: &Operation, ending: Ending) -> Result<(), Refusal> {
    if ending == Ending::Done {
        return Ok(());
    }
    for target in targets::list(conn, &operation.id).await.map_err(error::store)? {
        let Some(id) = target.operation_id.filter(|_| target.state == Some(State::Queued)) else { continue };
        let Some(mut part) = rows::get(conn, &id).await.map_err(error::store)? else { continue };
        if part.parent_id.as_ref() != Some(&operation.id) {
            continue;
        }
        let now = engine.clock.now();
        part.state = State::Cancelled;
        part.finished_at = Some(now);
        part.waiting = None;
        rows::update(conn, &part).await.map_err(error::store)?;
        Box::pin(super::conclude(engine, conn, &part, Ending::Undone)).await?;
        locks::release(conn, &part.id).await.map_err(error::store)?;
        audit::append(conn, &outcome(&part), now).await.map_err(error::store)?;
    }
    Ok(())
}

/// Says in the operation's record what came of its targets.
pub(super) async fn verdict(engine: &Inner, operation: &mut Operation) -> Result<(), Refusal> {
    let targets = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        targets::list(&mut reader, &operation.id).await.map_err(error::store)?
    };
    let not_done: Vec<&TargetResult> = targets.iter().filter(|target| !target.is_done()).collect();
    let some_done = targets.iter().any(|target| target.is_done() && target.changed == Some(true));
    let honest = match operation.state {
        State::Succeeded => not_done.is_empty(),
        State::RolledBack => !some_done,
        _ => true,
    };
    if honest {
        return Ok(());
    }
    operation.state = State::NeedsAttention;
    operation.left_over = not_done.iter().map(|target| left(target)).collect();
    let message = format!("{} of {} did not succeed", not_done.len(), operation.target);
    operation.error.get_or_insert(Refusal::new(Code::StepFailed, message).with_hint("Retry tries those again."));
    operation.failed_step.get_or_insert("parts".to_owned());
    Ok(())
}

fn left(target: &TargetResult) -> String {
    let why = target.error.as_ref().map_or("it was cancelled", |refusal| refusal.message.as_str());
    match &target.operation_id {
        Some(id) => format!("`{}`: {why} (steward ops show {id})", target.name),
        None => format!("`{}`: {why}", target.name),
    }
}

struct Parts {
    engine: Weak<Inner>,
    action: BulkAction,
    id: OperationId,
}

impl Parts {
    async fn targets(&self, cx: &StepContext) -> StepResult<Vec<TargetResult>> {
        let mut reader = cx.store.read().await?;
        Ok(targets::list(&mut reader, &self.id).await?)
    }

    /// Waits until every part is at rest.
    async fn wait(&self, cx: &StepContext) -> StepResult<()> {
        let mut events = cx.bus.subscribe();
        let mut told = None;
        loop {
            let targets = self.targets(cx).await?;
            let resting = targets.iter().filter(|target| target.is_at_rest()).count();
            if resting == targets.len() {
                return Ok(());
            }
            if told.replace(resting) != Some(resting) {
                cx.say(format!("{resting} of {} are at rest", targets.len()));
            }
            let parts: Vec<OperationId> = targets.into_iter().filter_map(|target| target.operation_id).collect();
            let _ = tokio::time::timeout(LOOK_AGAIN, changed(&mut events, &parts)).await;
        }
    }
}

/// Returns when one of these operations has changed, or when events were missed.
async fn changed(events: &mut broadcast::Receiver<Event>, parts: &[OperationId]) {
    loop {
        match events.recv().await {
            Ok(Event::Operation { id, .. }) if parts.contains(&id) => return,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

#[async_trait]
impl Step for Parts {
    fn planned(&self) -> PlannedStep {
        planned(self.action)
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        // The parts may begin as soon as this is written: see `may_begin`.
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        if let Some(engine) = self.engine.upgrade() {
            engine.wake.notify_one();
        }
        self.wait(cx).await
    }

    async fn undo(&self, cx: &StepContext, _: &Value) -> StepResult<String> {
        let Some(engine) = self.engine.upgrade() else {
            return Err(Refusal::new(Code::Internal, "Steward is stopping").into());
        };
        for target in self.targets(cx).await?.into_iter().filter(|target| !target.is_at_rest()) {
            let Some(id) = &target.operation_id else { continue };
            match engine.cancel(&Actor::System, id).await {
                // At rest or being undone by now.
                Err(refusal) if refusal.code == Code::WrongState => {}
                other => other.map(|_| ())?,
            }
        }
        self.wait(cx).await?;
        let done = self.targets(cx).await?.iter().filter(|target| target.is_done()).count();
        Ok(format!("cancelled what was not done; {done} were done and stay so"))
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        vec![format!("some of its parts may still be under way: steward ops show {}", self.id)]
    }
}

/// Whether a part may begin: not before its parent's step has.
pub(crate) async fn may_begin(conn: &mut Connection, part: &Operation) -> Result<bool, Refusal> {
    let Some(parent) = &part.parent_id else { return Ok(true) };
    let steps = journal::steps(conn, parent).await.map_err(error::store)?;
    Ok(steps.iter().all(|step| step.state != StepState::Pending))
}
