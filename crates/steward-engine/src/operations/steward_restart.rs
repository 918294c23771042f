//! `steward.restart`: the process that accepts it is replaced by a new one, which finishes it.
//!
//! The operation says from the moment it is accepted which process is to go. Whoever runs it and is
//! another process is what was asked for: it is done, whatever became of the first one. So no process
//! is ever replaced twice for the same operation, and there is nothing to loop.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use steward_core::operation::{Kind, Operation, State};
use steward_core::plan::{Check, CheckStatus, Plan, PlannedStep};
use steward_core::{Code, Refusal};
use steward_store::operations as rows;

use super::step::{Step, StepContext, StepResult, read_intent, write_intent};
use super::{OnCrash, Prepared, on_crash};
use crate::engine::Inner;
use crate::error;
use crate::restart::{Process, Restart};

fn planned() -> PlannedStep {
    PlannedStep {
        name: "restarting".to_owned(),
        does: "stop in good order and start the same program; the new process says that it is there".to_owned(),
        undo: String::new(),
    }
}

fn impossible() -> Refusal {
    Refusal::new(Code::StepFailed, "this Steward cannot restart itself")
}

/// Looks at the program and at what is under way, and makes the plan.
pub(super) async fn prepare(engine: &Inner) -> Result<Prepared, Refusal> {
    let device = engine.default_device().await?;
    let mut checks = vec![program_check(engine.restart.as_deref())];
    checks.extend(under_way(engine).await?);
    let plan = Plan {
        kind: Kind::StewardRestart,
        target: "steward".to_owned(),
        device_id: device.id.clone(),
        device: device.name,
        summary: "Restart Steward itself".to_owned(),
        changed: true,
        checks,
        steps: vec![planned()],
        files: Vec::new(),
        commands: Vec::new(),
        images: Vec::new(),
        volumes: Vec::new(),
        targets: Vec::new(),
        script: None,
        risks: vec!["For some seconds Steward does not answer; pages and commands wait for it. Apps go on running.".to_owned()],
        hash: String::new(),
    }
    .sealed();
    let replaces = engine.restart.as_ref().map(|restart| restart.process());
    Ok(Prepared {
        plan,
        deployment_id: None,
        device_id: device.id,
        // A backup that is under way is waited for: it would have to be made again.
        locks: vec!["steward:restart".to_owned(), "steward:backup".to_owned()],
        request: json!({ "kind": Kind::StewardRestart, "replaces": replaces }),
        draft: None,
        targets: Vec::new(),
    })
}

fn program_check(restart: Option<&dyn Restart>) -> Check {
    let found = restart.ok_or_else(impossible).and_then(Restart::program);
    let (status, message, hint) = match found {
        Ok(program) => (CheckStatus::Pass, format!("{program} can be started"), None),
        Err(refusal) => (CheckStatus::Fail, refusal.message, refusal.hint),
    };
    Check { code: "program".to_owned(), status, message, fix: None, hint }
}

/// What a restart means for an operation that is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    GoesOn,
    Undone,
    Ended,
}

impl Fate {
    /// Nothing for one that has not begun, and for a backup, which is waited for.
    fn of(operation: &Operation) -> Option<Self> {
        match (operation.state, on_crash(operation.kind)) {
            (State::Queued, _) => None,
            _ if operation.kind == Kind::StewardBackup => None,
            (State::RollingBack, _) | (_, OnCrash::Resume) => Some(Fate::GoesOn),
            (_, OnCrash::Unwind) if operation.kind.is_irreversible() => Some(Fate::Ended),
            (_, OnCrash::Unwind) => Some(Fate::Undone),
        }
    }

    fn check(self, what: &str) -> Check {
        let (status, message, hint) = match self {
            Fate::GoesOn => (CheckStatus::Pass, format!("goes on after the restart: {what}"), None),
            Fate::Undone => (
                CheckStatus::Warn,
                format!("under way, and would be broken off and undone: {what}"),
                Some("Wait until that is done, or ask for it again afterwards."),
            ),
            Fate::Ended => (
                CheckStatus::Warn,
                format!("under way, and would be ended where it is: {what}"),
                Some("Wait until that is done: what it has done by then stays, and it does not go on by itself."),
            ),
        };
        Check { code: "operations".to_owned(), status, message, fix: None, hint: hint.map(str::to_owned) }
    }
}

async fn under_way(engine: &Inner) -> Result<Vec<Check>, Refusal> {
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let unfinished = rows::unfinished(&mut reader).await.map_err(error::store)?;
    let of = |fate: Fate| -> Option<Check> {
        let all = unfinished.iter().filter(|operation| Fate::of(operation) == Some(fate));
        let names: Vec<String> = all.map(|operation| format!("{} of `{}`", operation.kind.as_str(), operation.target)).collect();
        (!names.is_empty()).then(|| fate.check(&names.join(", ")))
    };
    Ok([Fate::Undone, Fate::Ended, Fate::GoesOn].into_iter().filter_map(of).collect())
}

/// What was asked, as it is recorded.
#[derive(Deserialize)]
struct Asked {
    replaces: Process,
}

/// The steps of an accepted operation.
pub(super) fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let restart = engine.restart.clone().ok_or_else(impossible)?;
    let asked: Asked = serde_json::from_value(operation.request.clone())
        .map_err(|why| Refusal::new(Code::Internal, format!("the operation does not say which process is to be replaced: {why}")))?;
    Ok(vec![Box::new(Replace { restart, process: asked.replaces })])
}

/// Which process goes.
#[derive(Serialize, Deserialize)]
struct Intent {
    replaces: Process,
}

struct Replace {
    restart: Arc<dyn Restart>,
    process: Process,
}

#[async_trait]
impl Step for Replace {
    fn planned(&self) -> PlannedStep {
        planned()
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        write_intent(&Intent { replaces: self.process.clone() })
    }

    /// In the process that is to go this never ends by itself: the server stops, and the run with it.
    async fn act(&self, cx: &StepContext, intent: &Value) -> StepResult<()> {
        let Intent { replaces } = read_intent(intent)?;
        if self.restart.process().boot != replaces.boot {
            return Ok(());
        }
        self.restart.program()?;
        cx.say("stopping; the new process goes on from here");
        self.restart.ask(&cx.operation_id)?;
        std::future::pending().await
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        Ok("nothing to undo: Steward serves".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        Vec::new()
    }
}
