//! What is observed before a plan is made: one look at the device.

use steward_core::definition::Definition;
use steward_core::deployment::Deployment;
use steward_core::device::{Container, Device, EngineInfo, Facts, Image, ListeningPort, Protocol, Volume};
use steward_core::name::DeploymentName;
use steward_core::operation::PortChoices;
use steward_core::plan::{Check, CheckStatus};
use steward_core::rights::Target;
use steward_core::user::Actor;
use steward_core::{DeviceId, Refusal, preflight};
use steward_host::HostErrorKind;
use steward_store::{deployments, revisions};

use crate::engine::Inner;
use crate::error;
use crate::observe::engine_hint;

/// One look at a device.
pub(crate) struct World {
    pub device: Device,
    pub facts: Facts,
    pub engine: Option<EngineInfo>,
    pub engine_problem: Option<(String, String)>,
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub listening: Vec<ListeningPort>,
    pub images: Vec<Image>,
    pub reserved: Vec<(u16, Protocol, String)>,
    /// Whether checks name what else is on the device.
    names_others: bool,
}

impl World {
    /// Looks at a device, at the same time at everything.
    pub async fn look(engine: &Inner, device_id: &DeviceId, definition: Option<&Definition>) -> Result<World, Refusal> {
        let device = engine.device(device_id).await?;
        let host = engine.host(device_id)?;
        let wanted = definition.map(Definition::images).unwrap_or_default();
        let images = async {
            let mut found = Vec::new();
            for image in &wanted {
                if let Ok(Some(image)) = host.image(image).await {
                    found.push(image);
                }
            }
            found
        };
        let (facts, info, containers, volumes, listening, images, reserved) = tokio::join!(
            host.facts(),
            host.engine(),
            host.containers(None),
            host.volumes(),
            host.listening_ports(),
            images,
            reserved_ports(engine, device_id),
        );
        let facts = facts.map_err(|e| error::host(&e))?;
        let engine_problem = match &info {
            Ok(_) => None,
            Err(failure) if failure.kind == HostErrorKind::Unreachable => Some((failure.message.clone(), engine_hint(&facts))),
            Err(failure) => return Err(error::host(failure)),
        };
        let or_empty = |failed: bool, failure: steward_host::HostError| if failed { Ok(Vec::new()) } else { Err(error::host(&failure)) };
        let down = engine_problem.is_some();
        Ok(World {
            device,
            engine: info.ok(),
            containers: containers.or_else(|e| or_empty(down, e).map(|_: Vec<()>| Vec::new()))?,
            volumes: volumes.or_else(|e| or_empty(down, e).map(|_: Vec<()>| Vec::new()))?,
            listening: listening.unwrap_or_default(),
            facts,
            engine_problem,
            images,
            reserved: reserved?,
            names_others: false,
        })
    }

    /// What the checks say names what else is on the device only to somebody who sees it.
    pub fn shown_to(self, actor: &Actor) -> Self {
        Self { names_others: actor.sees(Target::Device(&self.device.id)), ..self }
    }

    /// The pre-flight checks of a definition on this device.
    pub fn checks(
        &self,
        engine: &Inner,
        deployment: &DeploymentName,
        application: &steward_core::name::Slug,
        definition: &Definition,
        ports: &PortChoices,
        is_new: bool,
    ) -> Vec<Check> {
        let world = preflight::World {
            engine: self.engine.as_ref(),
            engine_problem: self.engine_problem.as_ref().map(|(message, hint)| (message.as_str(), hint.as_str())),
            facts: &self.facts,
            listening: &self.listening,
            containers: &self.containers,
            images: &self.images,
            reserved: &self.reserved,
            names_others: self.names_others,
        };
        let embedded = engine.embedded_images();
        preflight::checks(&world, &preflight::Wanted { name: deployment, application, definition, ports, is_new, embedded: &embedded })
    }

    /// The one check of operations on what is already there: whether the engine answers.
    pub fn engine_check(&self) -> Vec<Check> {
        let (status, message, hint) = match (&self.engine, &self.engine_problem) {
            (Some(info), _) => (CheckStatus::Pass, format!("Docker {} answers", info.version), None),
            (None, Some((message, hint))) => (CheckStatus::Fail, message.clone(), Some(hint.clone())),
            (None, None) => (CheckStatus::Fail, "Docker does not answer".to_owned(), None),
        };
        vec![Check { code: "engine".to_owned(), status, message, fix: None, hint }]
    }

    /// The containers of a deployment.
    pub fn of(&self, name: &DeploymentName) -> Vec<Container> {
        let project = name.project();
        self.containers.iter().filter(|c| c.project() == Some(project.as_str())).cloned().collect()
    }
}

/// The ports that Steward's deployments have on a device, whether they run or not.
async fn reserved_ports(engine: &Inner, device_id: &DeviceId) -> Result<Vec<(u16, Protocol, String)>, Refusal> {
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let mut reserved = Vec::new();
    for deployment in deployments::list(&mut reader).await.map_err(error::store)? {
        let Deployment { id, name, revision: Some(number), .. } = &deployment else { continue };
        if &deployment.device_id != device_id {
            continue;
        }
        if let Some(revision) = revisions::get(&mut reader, id, *number).await.map_err(error::store)? {
            let ports = preflight::published(&revision.definition, &revision.ports);
            reserved.extend(ports.into_iter().map(|(_, external, protocol)| (external, protocol, name.to_string())));
        }
    }
    Ok(reserved)
}
