//! Deployments: an application with a name and settings of its own, placed on a device.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definition::Definition;
use crate::device::{Container, ContainerState, Health};
use crate::id::{DeploymentId, DeviceId, OperationId};
use crate::name::{DeploymentName, SettingKey, Slug};
use crate::operation::PortChoices;
use crate::rights::Target;
use crate::time::Timestamp;

/// The values of an application's settings. Secret ones are kept apart and are never in here.
pub type Settings = BTreeMap<SettingKey, Value>;

/// Whether a deployment should run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// It should run.
    Running,
    /// It was stopped on purpose.
    Stopped,
}

/// What a deployment is doing, from what is observed on its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Its first operation is under way.
    Deploying,
    /// Every container runs, and none is unhealthy.
    Running,
    /// Containers run, but not all, or one is unhealthy or restarting.
    Degraded,
    /// Stopped on purpose.
    Stopped,
    /// It should run and does not.
    Failed,
    /// Its device does not answer.
    Unknown,
}

/// A deployment as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Its name; unique.
    pub name: DeploymentName,
    /// Its application.
    pub application: Slug,
    /// Where it runs.
    pub device_id: DeviceId,
    /// Whether it should run.
    pub desired: Desired,
    /// The revision that is in force; absent until the first one is.
    pub revision: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was removed with its data kept; its secrets are needed to use that data again.
    pub removed_at: Option<Timestamp>,
}

impl Deployment {
    /// What a right to it is asked for.
    pub fn target(&self) -> Target<'_> {
        Target::Deployment { id: &self.id, device_id: &self.device_id }
    }
}

/// One version of a deployment's definition and settings. A draft becomes active when it is healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Rises by one from revision to revision.
    pub number: u32,
    /// The definition it was made from.
    pub definition: Definition,
    /// The values of its settings without the secret ones.
    pub settings: Settings,
    /// The ports on the device that were chosen in place of the definition's own.
    pub ports: PortChoices,
    /// The generated Compose file.
    pub compose: String,
    /// The operation that made it.
    pub operation_id: OperationId,
    /// Who asked for it.
    pub actor: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became active; absent for a draft.
    pub activated_at: Option<Timestamp>,
}

/// The state of a deployment, from its containers.
///
/// `containers` are those of its project; `services` is how many the definition has.
pub fn observed_state(desired: Desired, services: usize, containers: &[Container]) -> DeploymentState {
    let up = |c: &&Container| c.state == ContainerState::Running && c.health != Health::Unhealthy;
    let good = containers.iter().filter(up).count();
    let alive = containers
        .iter()
        .filter(|c| matches!(c.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused))
        .count();
    match desired {
        Desired::Stopped if alive == 0 => DeploymentState::Stopped,
        Desired::Stopped => DeploymentState::Degraded,
        Desired::Running if good >= services && services > 0 => DeploymentState::Running,
        Desired::Running if alive > 0 => DeploymentState::Degraded,
        Desired::Running => DeploymentState::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(state: ContainerState, health: Health) -> Container {
        Container {
            id: "c".repeat(64),
            name: "x".to_owned(),
            image: "x".to_owned(),
            image_id: String::new(),
            state,
            health,
            exit_code: None,
            restart_count: 0,
            started_at: None,
            labels: BTreeMap::new(),
            ports: Vec::new(),
            volumes: Vec::new(),
        }
    }

    #[test]
    fn the_state_follows_what_is_observed() {
        let running = container(ContainerState::Running, Health::Healthy);
        let starting = container(ContainerState::Running, Health::Starting);
        let sick = container(ContainerState::Running, Health::Unhealthy);
        let looping = container(ContainerState::Restarting, Health::None);
        let ended = container(ContainerState::Exited, Health::None);
        let cases: &[(Desired, &[Container], DeploymentState)] = &[
            (Desired::Running, &[running.clone(), starting.clone()], DeploymentState::Running),
            (Desired::Running, std::slice::from_ref(&running), DeploymentState::Degraded),
            (Desired::Running, &[running.clone(), sick], DeploymentState::Degraded),
            (Desired::Running, &[looping, ended.clone()], DeploymentState::Degraded),
            (Desired::Running, &[ended.clone(), ended.clone()], DeploymentState::Failed),
            (Desired::Running, &[], DeploymentState::Failed),
            (Desired::Stopped, &[ended], DeploymentState::Stopped),
            (Desired::Stopped, &[], DeploymentState::Stopped),
            (Desired::Stopped, std::slice::from_ref(&running), DeploymentState::Degraded),
        ];
        for (desired, containers, expected) in cases {
            assert_eq!(observed_state(*desired, 2, containers), *expected, "{desired:?} {containers:?}");
        }
    }
}
