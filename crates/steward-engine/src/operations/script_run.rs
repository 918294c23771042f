//! `script.run`: runs a host maintenance script. What a script does, Steward cannot undo.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use steward_core::event::Progress;
use steward_core::name::ScriptName;
use steward_core::operation::{Kind, Operation, ScriptRun};
use steward_core::plan::{Check, CheckStatus, Plan, PlannedScript, PlannedStep};
use steward_core::script::HostScript;
use steward_core::{Code, Refusal};
use steward_host::{ProgressSink, ScriptRequest};
use steward_store::operations as rows;

use super::Prepared;
use super::step::{Step, StepContext, StepResult};
use crate::engine::Inner;
use crate::error;

/// A script can print faster than anybody reads: of its lines, so many milliseconds apart are told.
const TOLD_EVERY: Duration = Duration::from_millis(100);

fn planned() -> PlannedStep {
    PlannedStep { name: "running".to_owned(), does: "run the script, with no arguments".to_owned(), undo: String::new() }
}

/// Looks at the script and makes the plan.
pub(super) async fn prepare(engine: &Inner, asked: &ScriptRun) -> Result<Prepared, Refusal> {
    let device = engine.device(&asked.device_id).await?;
    let found = engine.host(&asked.device_id)?.scripts().await.map_err(|failure| error::host(&failure))?;
    let script = found.scripts.into_iter().find(|script| script.name == asked.script.as_str()).ok_or_else(|| {
        let hint = found.problem.unwrap_or_else(|| format!("Root puts scripts into {} on `{}`.", found.folder, device.name));
        Refusal::not_found("script", &asked.script).with_field("script").with_hint(hint)
    })?;
    let plan = Plan {
        kind: Kind::ScriptRun,
        target: asked.script.to_string(),
        device_id: device.id.clone(),
        device: device.name,
        summary: match &script.title {
            Some(title) => format!("Run the script `{}`: {title}", asked.script),
            None => format!("Run the script `{}`", asked.script),
        },
        changed: true,
        checks: vec![check(&script)],
        steps: vec![planned()],
        files: Vec::new(),
        commands: vec![vec![script.path.clone()]],
        images: Vec::new(),
        volumes: Vec::new(),
        targets: Vec::new(),
        risks: risks(&script),
        script: Some(PlannedScript {
            path: script.path,
            sha256: script.sha256.clone(),
            deadline_seconds: script.deadline_seconds,
            runs_as: found.runs_as,
        }),
        hash: String::new(),
    }
    .sealed();
    Ok(Prepared {
        plan,
        deployment_id: None,
        device_id: asked.device_id.clone(),
        locks: vec![format!("script:{}", asked.script)],
        // The audit says which text it was that ran.
        request: json!({ "kind": Kind::ScriptRun, "device_id": asked.device_id, "script": asked.script, "sha256": script.sha256 }),
        draft: None,
        targets: Vec::new(),
    })
}

fn check(script: &HostScript) -> Check {
    let (status, message) = match &script.refused {
        None => (CheckStatus::Pass, "only root can change the script".to_owned()),
        Some(why) => (CheckStatus::Fail, format!("the script `{}` cannot be run: {why}", script.name)),
    };
    Check { code: "script".to_owned(), status, message, fix: None, hint: None }
}

fn risks(script: &HostScript) -> Vec<String> {
    let mut risks = vec![
        "What the script does cannot be undone by Steward; when it fails, what it did until then stays.".to_owned(),
        format!("It is ended after {} seconds, with everything that it started.", script.deadline_seconds),
    ];
    risks.extend(script.description.clone());
    risks
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let plan = rows::plan(&mut reader, &operation.id).await.map_err(error::store)?;
    let unknown = || Refusal::new(Code::Internal, "the operation does not say which text of the script was planned");
    let planned = plan.and_then(|plan| plan.script).ok_or_else(unknown)?;
    Ok(vec![Box::new(Run {
        // Parsed again: what comes from the database is checked like what comes from a request.
        request: ScriptRequest {
            name: ScriptName::parse(&operation.target)?,
            sha256: planned.sha256.ok_or_else(unknown)?,
            deadline: Duration::from_secs(planned.deadline_seconds),
            run: operation.id.to_string(),
        },
    })])
}

struct Run {
    request: ScriptRequest,
}

#[async_trait]
impl Step for Run {
    fn planned(&self) -> PlannedStep {
        planned()
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        let told = Thinned { to: cx, last: Mutex::new(None) };
        cx.ran(cx.host.run_script(&self.request, &told).await).await.map(|_| ())
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        Ok("a script cannot be undone: what it did until it ended stays, and it is not run again".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        vec![format!("what the script {} did until it ended", self.request.name)]
    }
}

/// Passes lines on, not more often than anybody can read.
struct Thinned<'a> {
    to: &'a StepContext,
    last: Mutex<Option<Instant>>,
}

impl ProgressSink for Thinned<'_> {
    fn progress(&self, progress: Progress) {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
            *last = Some(Instant::now());
            self.to.progress(progress);
        }
    }
}
