//! `deployment.remove`: the containers, the network and the files go; the volumes stay.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::deployment::{Deployment, Desired};
use steward_core::operation::{DeploymentRemove, Kind, Operation, Request};
use steward_core::plan::{Plan, PlannedFile, PlannedStep, PlannedVolume};
use steward_core::{Code, Refusal};
use steward_host::{ComposeAction, ComposeRequest, ProjectFile};
use steward_store::{Connection, deployments};

use super::deployment_update::in_force;
use super::step::{Step, StepContext, StepResult, read_intent, write_intent};
use super::world::World;
use super::{Ending, Prepared};
use crate::engine::Inner;
use crate::error;

const DEADLINE: Duration = Duration::from_secs(4 * 60);

fn planned() -> PlannedStep {
    PlannedStep {
        name: "removing".to_owned(),
        does: "docker compose down, remove the files; volumes stay".to_owned(),
        undo: "write the files and start the containers again".to_owned(),
    }
}

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, asked: &DeploymentRemove) -> Result<Prepared, Refusal> {
    let (deployment, revision) = in_force(engine, &asked.deployment_id).await?;
    let world = World::look(engine, &deployment.device_id, None).await?;
    let project = deployment.name.project();
    let mut volumes = Vec::new();
    for key in revision.definition.volumes() {
        let name = deployment.name.volume(&key)?;
        volumes.push(PlannedVolume { exists: world.volumes.iter().any(|v| v.name == name), name });
    }
    let removed_file = |file: ProjectFile| PlannedFile { path: file.file_name().to_owned(), content: None, diff: String::new() };
    let plan = Plan {
        kind: Kind::DeploymentRemove,
        target: deployment.name.to_string(),
        device_id: world.device.id.clone(),
        device: world.device.name.clone(),
        summary: format!("Remove `{}` and keep its data", deployment.name),
        changed: true,
        checks: world.engine_check(),
        steps: vec![planned()],
        files: vec![removed_file(ProjectFile::Compose)],
        commands: vec![["docker", "compose", "-p", &project, "down", "--remove-orphans"].map(str::to_owned).to_vec()],
        images: Vec::new(),
        targets: Vec::new(),
        risks: volumes.iter().filter(|v| v.exists).map(|v| format!("The volume {} stays.", v.name)).collect(),
        volumes,
        script: None,
        hash: String::new(),
    }
    .sealed();
    Ok(Prepared {
        plan,
        deployment_id: Some(deployment.id.clone()),
        device_id: deployment.device_id.clone(),
        locks: vec![format!("deployment:{}", deployment.name)],
        request: serde_json::to_value(Request::DeploymentRemove(asked.clone())).unwrap_or_default(),
        targets: Vec::new(),
        draft: None,
    })
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let id = operation.deployment_id.as_ref().ok_or_else(|| Refusal::new(Code::Internal, "the operation names no app"))?;
    let (deployment, revision) = in_force(engine, id).await?;
    let secrets = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        super::draft::open_secrets(engine, &mut reader, id, revision.number).await?
    };
    let secrets_file = (!secrets.is_empty()).then(|| steward_core::compose::secrets_file(&secrets));
    Ok(vec![Box::new(Remove { deployment, compose: revision.compose, secrets_file })])
}

/// Marks the deployment as removed. Its rows stay: the kept data needs its secrets.
pub(super) async fn conclude(engine: &Inner, conn: &mut Connection, operation: &Operation, ending: Ending) -> Result<(), Refusal> {
    let (Some(id), Ending::Done) = (&operation.deployment_id, ending) else { return Ok(()) };
    let Some(deployment) = deployments::get(conn, id).await.map_err(error::store)? else { return Ok(()) };
    let now = engine.clock.now();
    let removed = Deployment { desired: Desired::Stopped, removed_at: Some(now), updated_at: now, ..deployment };
    deployments::update(conn, &removed).await.map_err(error::store)
}

struct Remove {
    deployment: Deployment,
    compose: String,
    secrets_file: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RemoveIntent {
    /// Whether there were containers before.
    had_containers: bool,
}

impl Remove {
    async fn compose(&self, cx: &StepContext, action: ComposeAction) -> StepResult<()> {
        let request = ComposeRequest { project: self.deployment.name.project(), action, deadline: DEADLINE };
        cx.ran(cx.host.compose(&request, cx).await).await.map(|_| ())
    }

    /// The files as they are stored, so that `down` works when somebody removed them by hand.
    async fn write_files(&self, cx: &StepContext) -> StepResult<()> {
        let project = self.deployment.name.project();
        if let Some(secrets) = &self.secrets_file {
            cx.host.write_file(&project, ProjectFile::Secrets, secrets).await?;
        }
        cx.host.write_file(&project, ProjectFile::Compose, &self.compose).await?;
        Ok(())
    }
}

#[async_trait]
impl Step for Remove {
    fn planned(&self) -> PlannedStep {
        planned()
    }

    async fn intend(&self, cx: &StepContext) -> StepResult<Value> {
        let containers = cx.host.containers(Some(&self.deployment.name.project())).await?;
        write_intent(&RemoveIntent { had_containers: !containers.is_empty() })
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        self.write_files(cx).await?;
        self.compose(cx, ComposeAction::Down).await?;
        for file in ProjectFile::ALL {
            cx.host.remove_file(&self.deployment.name.project(), file).await?;
        }
        Ok(())
    }

    async fn undo(&self, cx: &StepContext, intent: &Value) -> StepResult<String> {
        let intent: RemoveIntent = read_intent(intent)?;
        self.write_files(cx).await?;
        if !intent.had_containers {
            return Ok("wrote the files again".to_owned());
        }
        self.compose(cx, ComposeAction::Up).await?;
        if self.deployment.desired == Desired::Stopped {
            self.compose(cx, ComposeAction::Stop).await?;
        }
        Ok("wrote the files and brought the containers back".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        let project = self.deployment.name.project();
        vec![format!("containers of {project} may be missing: start the app once, or docker compose -p {project} ps -a")]
    }
}
