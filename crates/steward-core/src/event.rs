//! Events: "this changed", a kind and an id. Only log lines and progress carry payload.

use serde::{Deserialize, Serialize};

use crate::id::{DeploymentId, DeviceId, OperationId, ScheduleId};

/// What a client can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Devices: online, offline, facts.
    Devices,
    /// Deployments: state and progress.
    Deployments,
    /// Log lines of one deployment, or of all.
    Logs,
    /// Operations: every change of an operation or of one of its steps.
    Operations,
    /// Reconcilers: every beginning and end of an activation that says something new.
    Reconcilers,
    /// Schedules: made, changed, removed, and every run.
    Schedules,
}

/// How far a running step is. Amounts are absent when the source does not say them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Progress {
    /// The operation.
    pub operation_id: Option<OperationId>,
    /// The deployment, when the operation is about one.
    pub deployment_id: Option<DeploymentId>,
    /// The step's name.
    pub step: String,
    /// What is being done, in words.
    pub message: String,
    /// How many parts (layers) are done.
    pub done: Option<u64>,
    /// How many parts there are.
    pub total: Option<u64>,
    /// How many bytes are done.
    pub bytes_done: Option<u64>,
    /// How many bytes there are, as far as known.
    pub bytes_total: Option<u64>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A device changed.
    Device {
        /// Which.
        id: DeviceId,
        /// What: `status_change`.
        what: &'static str,
        /// Whether it is online now.
        online: bool,
    },
    /// A deployment changed: made, removed, started, healthy...
    Deployment {
        /// Which.
        id: DeploymentId,
        /// What: `status_change`, `created`, `removed`.
        what: &'static str,
    },
    /// A running step got further.
    Progress(Progress),
    /// An operation changed.
    Operation {
        /// Which.
        id: OperationId,
        /// The deployment it is about.
        deployment_id: Option<DeploymentId>,
    },
    /// A reconciler began, ended, or was woken.
    Reconciler {
        /// Its name.
        name: &'static str,
    },
    /// A schedule changed, or a run of it was decided.
    Schedule {
        /// Which.
        id: ScheduleId,
    },
}

impl Event {
    /// The channel it is sent on.
    pub fn channel(&self) -> Channel {
        match self {
            Event::Device { .. } => Channel::Devices,
            Event::Deployment { .. } | Event::Progress(_) => Channel::Deployments,
            Event::Operation { .. } => Channel::Operations,
            Event::Reconciler { .. } => Channel::Reconcilers,
            Event::Schedule { .. } => Channel::Schedules,
        }
    }
}
