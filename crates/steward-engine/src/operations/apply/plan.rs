//! The plan of a revision: what it would bring, and what it would touch.

use steward_core::definition::Definition;
use steward_core::device::Volume;
use steward_core::name::{DeploymentName, SettingKey, Slug};
use steward_core::operation::{Kind, Operation, PortChoices};
use steward_core::plan::{Plan, PlannedFile, PlannedImage, PlannedVolume};
use steward_core::redact::MASK;
use steward_core::{Code, DeviceId, Refusal, compose, diff, preflight};
use steward_host::ProjectFile;
use steward_store::{deployments, revisions};

use super::super::draft::open_secrets;
use super::super::world::World;
use super::planned;
use crate::engine::Inner;
use crate::error;

/// The volumes of a definition, and whether each is there.
pub(super) fn volumes(name: &DeploymentName, definition: &Definition, there: &[Volume]) -> Result<Vec<PlannedVolume>, Refusal> {
    definition
        .volumes()
        .iter()
        .map(|key| {
            let name = name.volume(key)?;
            Ok(PlannedVolume { exists: there.iter().any(|volume| volume.name == name), name })
        })
        .collect()
}

/// The locks of a revision: its deployment, and every port it publishes.
pub(in crate::operations) fn locks(name: &DeploymentName, device: &DeviceId, definition: &Definition, ports: &PortChoices) -> Vec<String> {
    let mut locks = vec![format!("deployment:{name}")];
    let published = preflight::published(definition, ports);
    locks.extend(published.into_iter().map(|(_, external, protocol)| format!("port:{device}:{external}/{}", protocol.as_str())));
    locks
}

/// What a revision would bring, for its plan.
pub(in crate::operations) struct Wanted<'a> {
    pub kind: Kind,
    pub name: &'a DeploymentName,
    pub application: &'a Slug,
    pub definition: &'a Definition,
    pub ports: &'a PortChoices,
    pub compose: &'a str,
    pub secrets: Vec<SettingKey>,
    /// Whether nothing of this deployment is in force.
    pub is_new: bool,
    pub summary: String,
    pub changed: bool,
}

/// The plan of a revision.
pub(in crate::operations) async fn plan(engine: &Inner, world: &World, wanted: Wanted<'_>) -> Result<Plan, Refusal> {
    let host = engine.host(&world.device.id)?;
    let project = wanted.name.project();
    let before = host.read_file(&project, ProjectFile::Compose).await.map_err(|e| error::host(&e))?;
    let mut files = vec![PlannedFile {
        path: ProjectFile::Compose.file_name().to_owned(),
        diff: diff::unified(ProjectFile::Compose.file_name(), before.as_deref().unwrap_or_default(), wanted.compose),
        content: Some(wanted.compose.to_owned()),
    }];
    if !wanted.secrets.is_empty() {
        let masked = wanted.secrets.iter().map(|key| (key.clone(), MASK.to_owned())).collect();
        files.push(PlannedFile {
            path: ProjectFile::Secrets.file_name().to_owned(),
            content: Some(compose::secrets_file(&masked)),
            diff: String::new(),
        });
    }
    let images: Vec<PlannedImage> = wanted
        .definition
        .images()
        .into_iter()
        .map(|reference| PlannedImage {
            present: world.images.iter().any(|image| image.reference == reference),
            embedded: engine.archives().get(reference.as_str()).is_some(),
            reference,
        })
        .collect();
    let volumes = volumes(wanted.name, wanted.definition, &world.volumes)?;
    Ok(Plan {
        kind: wanted.kind,
        target: wanted.name.to_string(),
        device_id: world.device.id.clone(),
        device: world.device.name.clone(),
        summary: wanted.summary,
        changed: wanted.changed,
        checks: world.checks(engine, wanted.name, wanted.application, wanted.definition, wanted.ports, wanted.is_new),
        steps: planned(wanted.is_new),
        files,
        commands: commands(&images, &project, &host.project_folder(&project), !wanted.secrets.is_empty()),
        targets: Vec::new(),
        risks: risks(&volumes, wanted.is_new),
        images,
        volumes,
        script: None,
        hash: String::new(),
    }
    .sealed())
}

fn commands(images: &[PlannedImage], project: &str, folder: &str, secrets: bool) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<String>>();
    let mut commands: Vec<Vec<String>> = images
        .iter()
        .map(|image| if image.embedded { words(&["docker", "load"]) } else { words(&["docker", "pull", image.reference.as_str()]) })
        .collect();
    let mut up = words(&["docker", "compose", "-p", project, "--project-directory", folder, "-f"]);
    up.push(format!("{folder}/{}", ProjectFile::Compose.file_name()));
    if secrets {
        up.push("--env-file".to_owned());
        up.push(format!("{folder}/{}", ProjectFile::Secrets.file_name()));
    }
    up.extend(words(&["up", "--detach", "--no-build", "--pull", "never", "--remove-orphans"]));
    commands.push(up);
    commands
}

fn risks(volumes: &[PlannedVolume], is_new: bool) -> Vec<String> {
    let mut risks = Vec::new();
    for volume in volumes.iter().filter(|volume| is_new && volume.exists) {
        risks.push(format!("The volume {} is there already: what is in it is used and stays.", volume.name));
    }
    if !is_new {
        risks.push("Containers whose part of the file changes are made anew: a short outage.".to_owned());
    }
    risks
}

/// The plan of an accepted operation, made again from its stored draft.
pub(super) async fn again(engine: &Inner, operation: &Operation) -> Result<Plan, Refusal> {
    let lost = || Refusal::new(Code::Internal, "the operation's revision is not in the database");
    let id = operation.deployment_id.as_ref().ok_or_else(lost)?;
    let (deployment, target, secrets) = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        let deployment = deployments::get(&mut reader, id).await.map_err(error::store)?.ok_or_else(lost)?;
        let all = revisions::list(&mut reader, id).await.map_err(error::store)?;
        let target = all.into_iter().find(|revision| revision.operation_id == operation.id).ok_or_else(lost)?;
        let secrets = open_secrets(engine, &mut reader, id, target.number).await?;
        (deployment, target, secrets.into_keys().collect())
    };
    let world = World::look(engine, &operation.device_id, Some(&target.definition)).await?;
    let wanted = Wanted {
        kind: operation.kind,
        name: &deployment.name,
        application: &deployment.application,
        definition: &target.definition,
        ports: &target.ports,
        compose: &target.compose,
        secrets,
        is_new: operation.kind == Kind::DeploymentDeploy,
        summary: String::new(),
        changed: true,
    };
    plan(engine, &world, wanted).await
}
