//! Devices with what was last seen of them, and what is on them.

use serde::{Deserialize, Serialize};
use steward_core::deployment::Deployment;
use steward_core::device::{Container, Device, DeviceStatus, EngineInfo, Facts, LABEL_DEPLOYMENT, ListeningPort};
use steward_core::name::VolumeName;
use steward_core::rights::Target;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{DeviceId, Refusal, Timestamp};
use steward_store::{deployments, devices};

use crate::engine::{Engine, Inner};
use crate::error;
use crate::observe::install_commands;

/// Something that is wrong with a device, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DeviceProblem)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do, in words.
    pub hint: String,
    /// What to run on the device.
    pub commands: Vec<String>,
}

/// A device with what was last seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceView {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// Whether it answers.
    pub status: DeviceStatus,
    /// What it is and has.
    pub facts: Option<Facts>,
    /// Its engine.
    pub engine: Option<EngineInfo>,
    /// What is wrong with it.
    pub problem: Option<Problem>,
    /// When its engine last answered.
    pub observed_at: Option<Timestamp>,
    /// How many deployments it has.
    pub deployments: usize,
}

/// A volume that Steward made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VolumeView {
    /// Its name.
    pub name: VolumeName,
    /// The device it is on.
    pub device_id: DeviceId,
    /// The deployment it was made for, which may be gone.
    pub deployment: Option<String>,
    /// Whether a container mounts it.
    pub in_use: bool,
    /// When it was made, as the engine writes it.
    pub created: Option<String>,
}

impl Engine {
    /// Every device.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn devices(&self, actor: &Actor) -> Result<Vec<DeviceView>, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::SignedIn)?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let mut all = devices::list(&mut reader).await.map_err(error::store)?;
        all.retain(|device| actor.sees(Target::Device(&device.id)));
        let placed = deployments::list(&mut reader).await.map_err(error::store)?;
        Ok(all.into_iter().map(|device| inner.device_view(device, &placed)).collect())
    }

    /// One device, by its id.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn device(&self, actor: &Actor, id: &str) -> Result<DeviceView, Refusal> {
        let inner = &self.inner;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let device = inner.device_for(&mut reader, actor, Permission::Read, id).await?;
        let placed = deployments::list(&mut reader).await.map_err(error::store)?;
        Ok(inner.device_view(device, &placed))
    }

    /// What listens on a device, looked at now.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`, `device_unreachable`.
    pub async fn ports(&self, actor: &Actor, id: &str) -> Result<Vec<ListeningPort>, Refusal> {
        let view = self.device(actor, id).await?;
        self.inner.host(&view.device.id)?.listening_ports().await.map_err(|e| error::host(&e))
    }

    /// Every container of a device as it was last seen, also those that Steward did not make.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn containers(&self, actor: &Actor, id: &str) -> Result<Vec<Container>, Refusal> {
        let view = self.device(actor, id).await?;
        Ok(self.inner.observers.of(&view.device.id).containers.clone())
    }

    /// Every volume that Steward made and that is still there.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn volumes(&self, actor: &Actor) -> Result<Vec<VolumeView>, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::SignedIn)?;
        let (all, placed) = {
            let mut reader = inner.store.read().await.map_err(error::store)?;
            let all = devices::list(&mut reader).await.map_err(error::store)?;
            (all, deployments::all(&mut reader).await.map_err(error::store)?)
        };
        let mut views = Vec::new();
        for id in all.into_iter().map(|device| device.id) {
            let observed = inner.observers.of(&id);
            let sees = |name: &String| {
                actor.sees(Target::Device(&id))
                    || placed.iter().any(|d| d.device_id == id && d.name.as_str() == name && actor.sees(d.target()))
            };
            for volume in observed.volumes.iter().filter(|v| v.labels.get(LABEL_DEPLOYMENT).is_some_and(sees)) {
                views.push(VolumeView {
                    name: volume.name.clone(),
                    device_id: id.clone(),
                    deployment: volume.labels.get(LABEL_DEPLOYMENT).cloned(),
                    in_use: observed.containers.iter().any(|c| c.volumes.iter().any(|v| v == volume.name.as_str())),
                    created: volume.created.clone(),
                });
            }
        }
        Ok(views)
    }
}

impl Inner {
    fn device_view(&self, device: Device, placed: &[Deployment]) -> DeviceView {
        let seen = self.observers.of(&device.id);
        let commands = || install_commands(&seen.facts.clone().unwrap_or_default());
        let no_compose = seen.engine.as_ref().is_some_and(|engine| engine.compose_version.is_none());
        let problem = match &seen.problem {
            Some(message) => Some(Problem { message: message.clone(), hint: "Install and start Docker:".to_owned(), commands: commands() }),
            None if no_compose => Some(Problem {
                message: "Docker Compose 2 is missing".to_owned(),
                hint: "Install the Compose plugin:".to_owned(),
                commands: commands(),
            }),
            None => None,
        };
        DeviceView {
            status: seen.status(),
            facts: seen.facts.clone(),
            engine: seen.engine.clone(),
            problem,
            observed_at: seen.at,
            deployments: placed.iter().filter(|d| d.device_id == device.id).count(),
            device,
        }
    }
}
