//! Brings a revision into force: the five steps that deploy, update and roll back share.

mod plan;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::deployment::{Deployment, Desired, Revision};
use steward_core::name::{ImageRef, SettingKey, VolumeName};
use steward_core::operation::Operation;
use steward_core::plan::PlannedStep;
use steward_core::{Code, Refusal, compose};
use steward_host::{ComposeAction, ComposeRequest, ProjectFile};
use steward_store::{deployments, operations as operation_rows, revisions};

pub(super) use self::plan::{Wanted, locks, plan};
use super::draft::open_secrets;
use super::health::HealthCheckStep;
use super::step::{Step, StepContext, StepResult, read_intent, write_intent};
use crate::engine::Inner;
use crate::error;

/// `docker compose up` is ended after this time; images are there by then.
const UP: Duration = Duration::from_secs(10 * 60);
/// A pull may be silent for this long.
const PULL_SILENCE: Duration = Duration::from_secs(120);

/// What the steps work on: the revision that is to come, and the one that is there.
struct Job {
    deployment: Deployment,
    target: Revision,
    secrets: Secrets,
    previous: Option<(Revision, Secrets)>,
}

type Secrets = BTreeMap<SettingKey, String>;

impl Job {
    fn project(&self) -> String {
        self.deployment.name.project()
    }
}

/// The steps, for the plan. `target` is what would be deployed.
pub(super) fn planned(is_new: bool) -> Vec<PlannedStep> {
    let step = |name: &str, does: &str, undo: &str| PlannedStep { name: name.to_owned(), does: does.to_owned(), undo: undo.to_owned() };
    let undo = if is_new {
        "docker compose down, remove the volumes and files that this run made"
    } else {
        "write the previous files and start the previous containers again"
    };
    vec![
        step("validating", "look again whether the plan still fits", ""),
        step("preparing", "pull the images", "remove the images that this run pulled"),
        step("deploying", "write the files, docker compose up", undo),
        step("configuring", "read back that every container has the ports and volumes it should", ""),
        step("health_check", "wait until every container is healthy", ""),
    ]
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let lost = || Refusal::new(Code::Internal, "the operation's revision is not in the database");
    let id = operation.deployment_id.as_ref().ok_or_else(lost)?;
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let deployment = deployments::get(&mut reader, id).await.map_err(error::store)?.ok_or_else(lost)?;
    let all = revisions::list(&mut reader, id).await.map_err(error::store)?;
    let target = all.iter().find(|revision| revision.operation_id == operation.id).cloned().ok_or_else(lost)?;
    let is_deploy = matches!(operation.kind, steward_core::operation::Kind::DeploymentDeploy);
    // The revision of a deployment that was removed is history, not something to return to.
    let previous = match all.into_iter().find(|revision| !is_deploy && Some(revision.number) == deployment.revision) {
        Some(revision) => {
            let secrets = open_secrets(engine, &mut reader, id, revision.number).await?;
            Some((revision, secrets))
        }
        None => None,
    };
    let secrets = open_secrets(engine, &mut reader, id, target.number).await?;
    drop(reader);
    let job = std::sync::Arc::new(Job { deployment, target, previous, secrets });
    let in_use_elsewhere = images_in_use_elsewhere(engine, operation).await?;
    Ok(vec![
        Box::new(Validate { engine: engine.weak(), operation: operation.clone() }),
        Box::new(Prepare { job: job.clone(), archives: engine.archives(), in_use_elsewhere }),
        Box::new(Deploy { job: job.clone() }),
        Box::new(Configure { job: job.clone() }),
        Box::new(HealthCheckStep::new(job.project(), job.target.definition.clone(), job.target.ports.clone())),
    ])
}

/// Images that other unfinished operations count on: an undo leaves them.
async fn images_in_use_elsewhere(engine: &Inner, operation: &Operation) -> Result<Vec<ImageRef>, Refusal> {
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let mut images = Vec::new();
    for other in operation_rows::unfinished(&mut reader).await.map_err(error::store)? {
        if other.id == operation.id {
            continue;
        }
        if let Some(plan) = operation_rows::plan(&mut reader, &other.id).await.map_err(error::store)? {
            images.extend(plan.images.into_iter().map(|image| image.reference));
        }
    }
    Ok(images)
}

/// Looks again whether the plan still fits.
struct Validate {
    engine: std::sync::Weak<Inner>,
    operation: Operation,
}

#[async_trait]
impl Step for Validate {
    fn planned(&self) -> PlannedStep {
        planned(true).swap_remove(0)
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        let gone = || Refusal::new(Code::Internal, "Steward is shutting down");
        let engine = self.engine.upgrade().ok_or_else(gone)?;
        let accepted = {
            let mut reader = cx.store.read().await?;
            operation_rows::plan(&mut reader, &self.operation.id).await?.ok_or_else(gone)?
        };
        let now = plan::again(&engine, &self.operation).await?;
        if let Some(check) = now.failed() {
            return Err(Refusal::new(Code::PreflightFailed, check.message.clone()).into());
        }
        if now.hash != accepted.hash {
            return Err(Refusal::new(Code::PlanStale, "the device changed after the plan was made")
                .with_hint("Plan again and review what is different.")
                .into());
        }
        Ok(())
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        Ok("nothing to undo".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        Vec::new()
    }
}

/// Gets the images.
struct Prepare {
    job: std::sync::Arc<Job>,
    archives: crate::engine::Archives,
    in_use_elsewhere: Vec<ImageRef>,
}

#[derive(Serialize, Deserialize)]
struct PrepareIntent {
    /// Images that are not there yet: what this run is going to bring.
    missing: Vec<ImageRef>,
}

#[async_trait]
impl Step for Prepare {
    fn planned(&self) -> PlannedStep {
        planned(true).swap_remove(1)
    }

    async fn intend(&self, cx: &StepContext) -> StepResult<Value> {
        let mut missing = Vec::new();
        for image in self.job.target.definition.images() {
            if cx.host.image(&image).await?.is_none() {
                missing.push(image);
            }
        }
        write_intent(&PrepareIntent { missing })
    }

    async fn act(&self, cx: &StepContext, intent: &Value) -> StepResult<()> {
        let intent: PrepareIntent = read_intent(intent)?;
        for image in &intent.missing {
            match self.archives.get(image.as_str()) {
                Some(archive) => {
                    cx.say(format!("loading {image}"));
                    cx.ran(cx.host.image_load(image, archive.clone()).await).await?;
                }
                None => {
                    cx.say(format!("pulling {image}"));
                    cx.ran(cx.host.image_pull(image, PULL_SILENCE, cx).await).await?;
                }
            }
        }
        Ok(())
    }

    async fn undo(&self, cx: &StepContext, intent: &Value) -> StepResult<String> {
        let intent: PrepareIntent = read_intent(intent)?;
        let mut removed = Vec::new();
        for image in &intent.missing {
            if self.in_use_elsewhere.contains(image) || cx.host.image(image).await?.is_none() {
                continue;
            }
            cx.ran(cx.host.image_remove(image).await).await?;
            removed.push(image.to_string());
        }
        Ok(if removed.is_empty() { "no image to remove".to_owned() } else { format!("removed {}", removed.join(", ")) })
    }

    fn left_over(&self, intent: &Value) -> Vec<String> {
        let Ok(intent) = read_intent::<PrepareIntent>(intent) else { return Vec::new() };
        intent.missing.iter().map(|image| format!("the image {image} may be left: docker image rm {image}")).collect()
    }
}

/// Writes the files and starts the containers.
struct Deploy {
    job: std::sync::Arc<Job>,
}

#[derive(Serialize, Deserialize)]
struct DeployIntent {
    /// Volumes that are not there yet: what this run is going to make.
    new_volumes: Vec<VolumeName>,
    /// Whether the Compose file was there before.
    had_compose: bool,
    /// Whether the secrets file was there before.
    had_secrets: bool,
}

impl Deploy {
    async fn up(&self, cx: &StepContext) -> StepResult<()> {
        let request = ComposeRequest { project: self.job.project(), action: ComposeAction::Up, deadline: UP };
        cx.ran(cx.host.compose(&request, cx).await).await.map(|_| ())
    }

    async fn write(&self, cx: &StepContext, revision: &Revision, secrets: &Secrets) -> StepResult<()> {
        let project = self.job.project();
        if secrets.is_empty() {
            cx.host.remove_file(&project, ProjectFile::Secrets).await?;
        } else {
            cx.host.write_file(&project, ProjectFile::Secrets, &compose::secrets_file(secrets)).await?;
        }
        cx.host.write_file(&project, ProjectFile::Compose, &revision.compose).await?;
        Ok(())
    }

    /// The previous revision comes back, stopped if it was stopped.
    async fn bring_back(&self, cx: &StepContext, previous: &Revision, secrets: &Secrets) -> StepResult<String> {
        self.write(cx, previous, secrets).await?;
        self.up(cx).await?;
        if self.job.deployment.desired == Desired::Stopped {
            let request = ComposeRequest { project: self.job.project(), action: ComposeAction::Stop, deadline: UP };
            cx.ran(cx.host.compose(&request, cx).await).await?;
        }
        Ok(format!("revision {} is back", previous.number))
    }

    /// Volumes that this run made go, unless somebody had the time to put something into them.
    async fn remove_new_volumes(&self, cx: &StepContext, new: &[VolumeName]) -> StepResult<Vec<String>> {
        let there = cx.host.volumes().await?;
        let mut done = Vec::new();
        for name in new.iter().filter(|name| there.iter().any(|volume| &volume.name == *name)) {
            if cx.rested {
                done.push(format!("kept the volume {name}: it may have been used since this operation came to rest"));
                continue;
            }
            cx.ran(cx.host.volume_delete(name).await).await?;
            done.push(format!("removed the volume {name} that this run made"));
        }
        Ok(done)
    }

    /// Everything that this run made goes; what was there before stays.
    async fn take_down(&self, cx: &StepContext, intent: &DeployIntent) -> StepResult<String> {
        let project = self.job.project();
        let mut done = Vec::new();
        let there = !cx.host.containers(Some(&project)).await?.is_empty()
            || cx.host.networks().await?.iter().any(|n| n.name == format!("{project}_default"));
        if there && cx.host.read_file(&project, ProjectFile::Compose).await?.is_some() {
            let request = ComposeRequest { project: project.clone(), action: ComposeAction::Down, deadline: UP };
            cx.ran(cx.host.compose(&request, cx).await).await?;
            done.push("removed the containers and the network".to_owned());
        }
        done.extend(self.remove_new_volumes(cx, &intent.new_volumes).await?);
        if !intent.had_compose {
            cx.host.remove_file(&project, ProjectFile::Compose).await?;
        }
        if !intent.had_secrets {
            cx.host.remove_file(&project, ProjectFile::Secrets).await?;
        }
        done.push("removed the files".to_owned());
        Ok(done.join(", "))
    }
}

#[async_trait]
impl Step for Deploy {
    fn planned(&self) -> PlannedStep {
        planned(self.job.previous.is_none()).swap_remove(2)
    }

    async fn intend(&self, cx: &StepContext) -> StepResult<Value> {
        let volumes = cx.host.volumes().await?;
        let planned = plan::volumes(&self.job.deployment.name, &self.job.target.definition, &volumes)?;
        let project = self.job.project();
        write_intent(&DeployIntent {
            new_volumes: planned.into_iter().filter(|v| !v.exists).map(|v| v.name).collect(),
            had_compose: cx.host.read_file(&project, ProjectFile::Compose).await?.is_some(),
            had_secrets: cx.host.read_file(&project, ProjectFile::Secrets).await?.is_some(),
        })
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        self.write(cx, &self.job.target, &self.job.secrets).await?;
        cx.say("starting the containers");
        self.up(cx).await
    }

    async fn undo(&self, cx: &StepContext, intent: &Value) -> StepResult<String> {
        let intent: DeployIntent = read_intent(intent)?;
        match &self.job.previous {
            Some((previous, secrets)) => {
                let mut done = vec![self.bring_back(cx, previous, secrets).await?];
                done.extend(self.remove_new_volumes(cx, &intent.new_volumes).await?);
                Ok(done.join(", "))
            }
            None => self.take_down(cx, &intent).await,
        }
    }

    fn left_over(&self, intent: &Value) -> Vec<String> {
        let project = self.job.project();
        let mut left = vec![format!("containers of the project {project} may be left: docker compose -p {project} down")];
        if let Ok(intent) = read_intent::<DeployIntent>(intent) {
            left.extend(intent.new_volumes.iter().map(|name| format!("the new volume {name} may be left: docker volume rm {name}")));
        }
        left
    }
}

/// Reads back that the engine made what was asked for.
struct Configure {
    job: std::sync::Arc<Job>,
}

#[async_trait]
impl Step for Configure {
    fn planned(&self) -> PlannedStep {
        planned(true).swap_remove(3)
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        let containers = cx.host.containers(Some(&self.job.project())).await?;
        for spec in &self.job.target.definition.containers {
            let Some(container) = containers.iter().find(|c| c.service() == Some(spec.name.as_str())) else {
                return Err(Refusal::new(Code::StepFailed, format!("the engine made no container for the service `{}`", spec.name)).into());
            };
            for volume in &spec.volumes {
                let name = self.job.deployment.name.volume(&volume.name)?;
                if !container.volumes.iter().any(|mounted| mounted == name.as_str()) {
                    return Err(Refusal::new(
                        Code::StepFailed,
                        format!("the container `{}` does not have the volume `{name}`", container.name),
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        Ok("nothing to undo".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        Vec::new()
    }
}
