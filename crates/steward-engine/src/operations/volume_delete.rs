//! `volume.delete`: the one operation that removes user data. It cannot be undone.

use async_trait::async_trait;
use serde_json::Value;
use steward_core::device::LABEL_DEPLOYMENT;
use steward_core::name::VolumeName;
use steward_core::operation::{Kind, Operation, Request, VolumeDelete};
use steward_core::plan::{Check, CheckStatus, Plan, PlannedStep, PlannedVolume};
use steward_core::{Code, Refusal};

use super::Prepared;
use super::step::{Step, StepContext, StepResult};
use super::world::World;
use crate::engine::Inner;

fn planned() -> PlannedStep {
    PlannedStep { name: "deleting".to_owned(), does: "delete the volume and all that is in it".to_owned(), undo: String::new() }
}

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, asked: &VolumeDelete) -> Result<Prepared, Refusal> {
    if asked.confirm != asked.volume.as_str() {
        return Err(Refusal::new(
            Code::ConfirmationRequired,
            format!("type the volume's name `{}` to delete it and all that is in it", asked.volume),
        )
        .with_field("confirm"));
    }
    let world = World::look(engine, &asked.device_id, None).await?;
    let volume = world
        .volumes
        .iter()
        .find(|v| v.name == asked.volume)
        .filter(|v| v.labels.contains_key(LABEL_DEPLOYMENT))
        .ok_or_else(|| Refusal::not_found("volume of Steward's", &asked.volume).with_field("volume"))?;
    let owner = volume.labels.get(LABEL_DEPLOYMENT).cloned().unwrap_or_default();
    let user = world.containers.iter().find(|c| c.volumes.iter().any(|v| v == asked.volume.as_str()));
    let mut checks = world.engine_check();
    checks.push(match user {
        Some(container) => Check {
            code: "volume".to_owned(),
            status: CheckStatus::Fail,
            message: format!("the container `{}` uses the volume", container.name),
            fix: None,
            hint: Some(format!("Remove the app `{owner}` first.")),
        },
        None => Check {
            code: "volume".to_owned(),
            status: CheckStatus::Pass,
            message: "no container uses the volume".to_owned(),
            fix: None,
            hint: None,
        },
    });
    let plan = Plan {
        kind: Kind::VolumeDelete,
        target: asked.volume.to_string(),
        device_id: world.device.id.clone(),
        device: world.device.name.clone(),
        summary: format!("Delete the volume {} and all that is in it", asked.volume),
        changed: true,
        checks,
        steps: vec![planned()],
        files: Vec::new(),
        commands: vec![["docker", "volume", "rm", asked.volume.as_str()].map(str::to_owned).to_vec()],
        images: Vec::new(),
        volumes: vec![PlannedVolume { name: asked.volume.clone(), exists: true }],
        targets: Vec::new(),
        risks: vec!["What is in the volume is gone for good; no undo and no roll back brings it back.".to_owned()],
        script: None,
        hash: String::new(),
    }
    .sealed();
    Ok(Prepared {
        plan,
        deployment_id: None,
        device_id: asked.device_id.clone(),
        locks: vec![format!("deployment:{owner}"), format!("volume:{}", asked.volume)],
        request: serde_json::to_value(Request::VolumeDelete(asked.clone())).unwrap_or_default(),
        targets: Vec::new(),
        draft: None,
    })
}

/// The steps of an accepted operation.
pub(super) async fn steps(_: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    // Parsed again: what comes from the database is checked like what comes from a request.
    Ok(vec![Box::new(Delete { volume: VolumeName::parse(&operation.target)? })])
}

struct Delete {
    volume: VolumeName,
}

#[async_trait]
impl Step for Delete {
    fn planned(&self) -> PlannedStep {
        planned()
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        cx.ran(cx.host.volume_delete(&self.volume).await).await.map(|_| ())
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        Ok("a deleted volume cannot be brought back; one that was not deleted is as it was".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        vec![format!("the volume may still be there: docker volume rm {}", self.volume)]
    }
}
