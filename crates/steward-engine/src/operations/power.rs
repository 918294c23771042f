//! What start, stop, restart share: one Compose action on a deployment that exists.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::deployment::{Deployment, Desired, Revision};
use steward_core::device::{Container, ContainerState};
use steward_core::operation::{Kind, Operation, Request};
use steward_core::plan::{Plan, PlannedStep};
use steward_core::{Code, DeploymentId, Refusal};
use steward_host::{ComposeAction, ComposeRequest, ProjectFile};
use steward_store::{Connection, deployments};

use super::deployment_update::in_force;
use super::health::HealthCheckStep;
use super::step::{Step, StepContext, StepResult, read_intent, write_intent};
use super::world::World;
use super::{Ending, Prepared};
use crate::engine::Inner;
use crate::error;

const DEADLINE: Duration = Duration::from_secs(5 * 60);

/// One of the three.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    Start,
    Stop,
    Restart,
}

impl Power {
    fn kind(self) -> Kind {
        match self {
            Power::Start => Kind::DeploymentStart,
            Power::Stop => Kind::DeploymentStop,
            Power::Restart => Kind::DeploymentRestart,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Power::Start => "Start",
            Power::Stop => "Stop",
            Power::Restart => "Restart",
        }
    }

    /// `start` is `up`, so that containers that were removed by hand come back.
    fn action(self) -> ComposeAction {
        match self {
            Power::Start => ComposeAction::Up,
            Power::Stop => ComposeAction::Stop,
            Power::Restart => ComposeAction::Restart,
        }
    }

    fn step(self) -> PlannedStep {
        let (name, does, undo) = match self {
            Power::Start => ("starting", "docker compose up", "stop the containers that this run started"),
            Power::Stop => ("stopping", "docker compose stop", "start the containers that this run stopped"),
            Power::Restart => ("restarting", "docker compose restart", ""),
        };
        PlannedStep { name: name.to_owned(), does: does.to_owned(), undo: undo.to_owned() }
    }

    /// Whether anything has to be done.
    fn changes(self, deployment: &Deployment, revision: &Revision, containers: &[Container]) -> bool {
        let running = containers.iter().filter(|c| c.state == ContainerState::Running).count();
        match self {
            Power::Start => deployment.desired == Desired::Stopped || running < revision.definition.containers.len(),
            Power::Stop => deployment.desired == Desired::Running || containers.iter().any(is_alive),
            Power::Restart => true,
        }
    }
}

fn is_alive(container: &Container) -> bool {
    matches!(container.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
}

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, power: Power, id: &DeploymentId, request: Request) -> Result<Prepared, Refusal> {
    let (deployment, revision) = in_force(engine, id).await?;
    let world = World::look(engine, &deployment.device_id, None).await?;
    let changed = power.changes(&deployment, &revision, &world.of(&deployment.name));
    let mut steps = vec![power.step()];
    if power != Power::Stop {
        steps.push(health_step(&deployment, &revision).planned());
    }
    let plan = Plan {
        kind: power.kind(),
        target: deployment.name.to_string(),
        device_id: world.device.id.clone(),
        device: world.device.name.clone(),
        summary: if changed { format!("{} `{}`", power.verb(), deployment.name) } else { format!("`{}` is so already", deployment.name) },
        changed,
        checks: world.engine_check(),
        commands: vec![command(&deployment, power)],
        steps,
        files: Vec::new(),
        images: Vec::new(),
        volumes: Vec::new(),
        targets: Vec::new(),
        risks: if power == Power::Start { Vec::new() } else { vec![format!("`{}` is not reachable meanwhile.", deployment.name)] },
        script: None,
        hash: String::new(),
    }
    .sealed();
    Ok(Prepared {
        plan,
        deployment_id: Some(deployment.id.clone()),
        device_id: deployment.device_id.clone(),
        locks: vec![format!("deployment:{}", deployment.name)],
        request: serde_json::to_value(request).unwrap_or_default(),
        targets: Vec::new(),
        draft: None,
    })
}

fn command(deployment: &Deployment, power: Power) -> Vec<String> {
    let verb = match power {
        Power::Start => "up",
        Power::Stop => "stop",
        Power::Restart => "restart",
    };
    ["docker", "compose", "-p", &deployment.name.project(), verb].map(str::to_owned).to_vec()
}

fn health_step(deployment: &Deployment, revision: &Revision) -> HealthCheckStep {
    HealthCheckStep::new(deployment.name.project(), revision.definition.clone(), revision.ports.clone())
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation, power: Power) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let id = operation.deployment_id.as_ref().ok_or_else(|| Refusal::new(Code::Internal, "the operation names no app"))?;
    let (deployment, revision) = in_force(engine, id).await?;
    let mut steps: Vec<Box<dyn Step>> = vec![Box::new(PowerStep { power, project: deployment.name.project() })];
    if power != Power::Stop {
        steps.push(Box::new(health_step(&deployment, &revision)));
    }
    Ok(steps)
}

/// Sets what the deployment should be, when it is done.
pub(super) async fn conclude(
    engine: &Inner,
    conn: &mut Connection,
    operation: &Operation,
    ending: Ending,
    desired: Desired,
) -> Result<(), Refusal> {
    let (Some(id), Ending::Done) = (&operation.deployment_id, ending) else { return Ok(()) };
    let Some(deployment) = deployments::get(conn, id).await.map_err(error::store)? else { return Ok(()) };
    deployments::update(conn, &Deployment { desired, updated_at: engine.clock.now(), ..deployment }).await.map_err(error::store)
}

struct PowerStep {
    power: Power,
    project: String,
}

#[derive(Serialize, Deserialize)]
struct PowerIntent {
    /// Whether any container ran before.
    was_alive: bool,
    /// Whether every container was there before.
    was_there: bool,
}

impl PowerStep {
    async fn compose(&self, cx: &StepContext, action: ComposeAction) -> StepResult<()> {
        let request = ComposeRequest { project: self.project.clone(), action, deadline: DEADLINE };
        cx.ran(cx.host.compose(&request, cx).await).await.map(|_| ())
    }
}

#[async_trait]
impl Step for PowerStep {
    fn planned(&self) -> PlannedStep {
        self.power.step()
    }

    async fn intend(&self, cx: &StepContext) -> StepResult<Value> {
        let containers = cx.host.containers(Some(&self.project)).await?;
        write_intent(&PowerIntent { was_alive: containers.iter().any(is_alive), was_there: !containers.is_empty() })
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        if cx.host.read_file(&self.project, ProjectFile::Compose).await?.is_none() {
            return Err(Refusal::new(Code::StepFailed, format!("the Compose file of `{}` is gone", self.project))
                .with_hint("Save its settings once: that writes the file again.")
                .into());
        }
        self.compose(cx, self.power.action()).await
    }

    async fn undo(&self, cx: &StepContext, intent: &Value) -> StepResult<String> {
        let intent: PowerIntent = read_intent(intent)?;
        match self.power {
            // A restart starts what was stopped, too.
            Power::Start | Power::Restart if !intent.was_alive => {
                let action = if intent.was_there { ComposeAction::Stop } else { ComposeAction::Down };
                self.compose(cx, action).await?;
                Ok("stopped what this run started".to_owned())
            }
            Power::Stop if intent.was_alive => {
                self.compose(cx, ComposeAction::Start).await?;
                Ok("started what this run stopped".to_owned())
            }
            _ => Ok("nothing to undo".to_owned()),
        }
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        vec![format!("the containers of {0} may run or not: docker compose -p {0} ps", self.project)]
    }
}
