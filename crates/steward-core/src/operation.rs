//! Operations: what can be asked for, and the record of what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::definition;
use crate::id::{DeploymentId, DeviceId, OperationId};
use crate::name::{DeploymentName, ScriptName, SettingKey, Slug, VolumeName};
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::role::Permission;
use crate::time::Timestamp;

macro_rules! kinds {
    ($(#[doc = $doc:literal] $variant:ident = $text:literal;)*) => {
        /// Every operation that exists. There is no other way to change anything on a device.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Kind {
            $(#[doc = $doc] #[serde(rename = $text)] #[schema(rename = $text)] $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// The kind as text.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $text,)* }
            }

            /// What it does, in one sentence.
            pub fn does(self) -> &'static str {
                match self { $(Kind::$variant => $doc.trim_ascii(),)* }
            }

            /// Reads a kind.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Kind::$variant),)* _ => None }
            }

            /// Whether what it does cannot be undone: when it fails, what it did until then stays.
            pub fn is_irreversible(self) -> bool {
                matches!(self, Kind::VolumeDelete | Kind::ScriptRun)
            }

            /// How much one of it is about.
            pub fn reach(self) -> Reach {
                match self {
                    Kind::DeploymentDeploy
                    | Kind::DeploymentStart
                    | Kind::DeploymentStop
                    | Kind::DeploymentRestart
                    | Kind::DeploymentUpdate
                    | Kind::DeploymentRollback
                    | Kind::DeploymentRemove => Reach::Deployment,
                    Kind::VolumeDelete | Kind::ScriptRun => Reach::Device,
                    Kind::DeploymentBulk => Reach::Deployments,
                    Kind::StewardBackup | Kind::StewardRestart => Reach::Everything,
                }
            }

            /// The right that it needs.
            pub fn permission(self) -> Permission {
                match self { $(Kind::$variant => Permission::$variant,)* }
            }
        }

        /// One request for an operation, as the API and the CLI send it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(tag = "kind")]
        pub enum Request {
            $(#[doc = $doc] #[serde(rename = $text)] #[schema(rename = $text)] $variant($variant),)*
        }

        impl Request {
            /// Which operation it asks for.
            pub fn kind(&self) -> Kind {
                match self { $(Request::$variant(_) => Kind::$variant,)* }
            }
        }
    };
}

kinds! {
    /// Deploys an application under a new name.
    DeploymentDeploy = "deployment.deploy";
    /// Starts a stopped deployment.
    DeploymentStart = "deployment.start";
    /// Stops a deployment.
    DeploymentStop = "deployment.stop";
    /// Restarts a deployment.
    DeploymentRestart = "deployment.restart";
    /// Changes the settings of a deployment, or brings it to the catalog's present definition.
    DeploymentUpdate = "deployment.update";
    /// Returns a deployment to an earlier revision.
    DeploymentRollback = "deployment.rollback";
    /// Removes a deployment and keeps its data.
    DeploymentRemove = "deployment.remove";
    /// Starts, stops, restarts or updates many deployments, each as an operation of its own.
    DeploymentBulk = "deployment.bulk";
    /// Deletes a volume and all that is in it.
    VolumeDelete = "volume.delete";
    /// Runs a host maintenance script.
    ScriptRun = "script.run";
    /// Backs up Steward's own state.
    StewardBackup = "steward.backup";
    /// Restarts Steward itself; apps go on running.
    StewardRestart = "steward.restart";
}

/// How much an operation is about, and so where the right to it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One deployment; for a new one, its device.
    Deployment,
    /// Several deployments: the right is needed for each.
    Deployments,
    /// A device.
    Device,
    /// Steward as a whole.
    Everything,
}

impl Request {
    /// The one deployment that it is about, when it exists already.
    pub fn deployment_id(&self) -> Option<&DeploymentId> {
        match self {
            Request::DeploymentStart(p) => Some(&p.deployment_id),
            Request::DeploymentStop(p) => Some(&p.deployment_id),
            Request::DeploymentRestart(p) => Some(&p.deployment_id),
            Request::DeploymentUpdate(p) => Some(&p.deployment_id),
            Request::DeploymentRollback(p) => Some(&p.deployment_id),
            Request::DeploymentRemove(p) => Some(&p.deployment_id),
            Request::DeploymentDeploy(_)
            | Request::DeploymentBulk(_)
            | Request::VolumeDelete(_)
            | Request::ScriptRun(_)
            | Request::StewardBackup(_)
            | Request::StewardRestart(_) => None,
        }
    }
}

/// Ports on the device chosen by the user: `"80/tcp": 8081`.
pub type PortChoices = BTreeMap<String, u16>;

/// Parameters of `deployment.deploy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentDeploy {
    /// The application: its folder's name in the catalog.
    pub application: Slug,
    /// The new deployment's name; the application's slug when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DeploymentName>,
    /// The device; the best one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// Values of the application's settings.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, definition::SettingValue>)]
    pub settings: BTreeMap<SettingKey, Value>,
    /// Ports on the device, by `INTERNAL/PROTOCOL`; the definition's own when absent.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, u16>)]
    pub ports: PortChoices,
}

macro_rules! about_a_deployment {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The deployment.
            pub deployment_id: DeploymentId,
        }
    )*};
}

about_a_deployment! {
    /// Parameters of `deployment.start`.
    DeploymentStart;
    /// Parameters of `deployment.stop`.
    DeploymentStop;
    /// Parameters of `deployment.restart`.
    DeploymentRestart;
    /// Parameters of `deployment.remove`.
    DeploymentRemove;
}

/// Parameters of `deployment.update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentUpdate {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Settings to change; `null` returns one to its default; absent ones stay.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, definition::SettingValue>)]
    pub settings: BTreeMap<SettingKey, Value>,
    /// Ports to change, by `INTERNAL/PROTOCOL`; absent ones stay.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, u16>)]
    pub ports: PortChoices,
    /// The revision that the change was made against; refused when another one is active now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u32>,
}

/// Parameters of `deployment.rollback`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentRollback {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// The revision to return to.
    pub revision: u32,
}

/// What is done to each of many deployments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Start what is stopped.
    Start,
    /// Stop what runs.
    Stop,
    /// Restart.
    Restart,
    /// Bring to the catalog's present definition.
    Update,
}

impl BulkAction {
    /// The action as text.
    pub fn as_str(self) -> &'static str {
        match self {
            BulkAction::Start => "start",
            BulkAction::Stop => "stop",
            BulkAction::Restart => "restart",
            BulkAction::Update => "update",
        }
    }

    /// The request for one deployment.
    pub fn request(self, deployment_id: DeploymentId) -> Request {
        match self {
            BulkAction::Start => Request::DeploymentStart(DeploymentStart { deployment_id }),
            BulkAction::Stop => Request::DeploymentStop(DeploymentStop { deployment_id }),
            BulkAction::Restart => Request::DeploymentRestart(DeploymentRestart { deployment_id }),
            BulkAction::Update => Request::DeploymentUpdate(DeploymentUpdate {
                deployment_id,
                settings: BTreeMap::new(),
                ports: PortChoices::new(),
                expected_revision: None,
            }),
        }
    }
}

/// Parameters of `deployment.bulk`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentBulk {
    /// What is done to each.
    pub action: BulkAction,
    /// The deployments, each once, 1 to 200.
    #[schema(min_items = 1, max_items = 200)]
    pub deployment_ids: Vec<DeploymentId>,
}

/// Parameters of `volume.delete`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeDelete {
    /// The device.
    pub device_id: DeviceId,
    /// The volume.
    pub volume: VolumeName,
    /// The volume's name, typed again.
    pub confirm: String,
}

/// Parameters of `script.run`. A script takes no arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptRun {
    /// The device.
    pub device_id: DeviceId,
    /// The script's name.
    pub script: ScriptName,
}

/// Parameters of `steward.backup`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StewardBackup {}

/// Parameters of `steward.restart`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StewardRestart {}

/// Where an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted, waiting for its locks or its turn.
    Queued,
    /// Its steps are under way.
    Running,
    /// A step failed, or it was cancelled; what was done is being undone, last first.
    RollingBack,
    /// Done.
    Succeeded,
    /// A step failed and all was undone: nothing changed.
    RolledBack,
    /// An undo failed; something is left and is listed.
    NeedsAttention,
    /// Cancelled, and all was undone.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [State; 7] =
        [State::Queued, State::Running, State::RollingBack, State::Succeeded, State::RolledBack, State::NeedsAttention, State::Cancelled];

    /// The state as text.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::RollingBack => "rolling_back",
            State::Succeeded => "succeeded",
            State::RolledBack => "rolled_back",
            State::NeedsAttention => "needs_attention",
            State::Cancelled => "cancelled",
        }
    }

    /// Reads a state.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing more will happen by itself.
    pub fn is_at_rest(self) -> bool {
        !matches!(self, State::Queued | State::Running | State::RollingBack)
    }
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Its intent is written; it may have acted.
    Running,
    /// Done.
    Done,
    /// It failed; it may have acted in part.
    Failed,
    /// Its undo is under way.
    Undoing,
    /// Undone.
    Undone,
    /// Its undo failed.
    UndoFailed,
}

impl StepState {
    /// Every state.
    pub const ALL: [StepState; 7] = [
        StepState::Pending,
        StepState::Running,
        StepState::Done,
        StepState::Failed,
        StepState::Undoing,
        StepState::Undone,
        StepState::UndoFailed,
    ];

    /// The state as text.
    pub fn as_str(self) -> &'static str {
        match self {
            StepState::Pending => "pending",
            StepState::Running => "running",
            StepState::Done => "done",
            StepState::Failed => "failed",
            StepState::Undoing => "undoing",
            StepState::Undone => "undone",
            StepState::UndoFailed => "undo_failed",
        }
    }

    /// Reads a state.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One step of an operation, as it is journalled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepRecord {
    /// Its place, from 0.
    pub ordinal: u32,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub state: StepState,
    /// What it was going to make, and what was there before; written before it acts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Value)]
    pub intent: Option<Value>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was done or failed.
    pub finished_at: Option<Timestamp>,
    /// When its undo ended.
    pub undone_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<Refusal>,
    /// What its undo did, or why that failed.
    pub undo_note: Option<String>,
}

/// A command that ran, or an engine request written as the command that would do the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CommandRecord {
    /// The step it belongs to, by its place.
    pub step: u32,
    /// Whether it ran to undo the step.
    pub undo: bool,
    /// The device's name.
    pub device: String,
    /// The argument vector, secrets masked.
    pub argv: Vec<String>,
    /// The exit code; absent when it was killed or never ended.
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The end of what it printed, secrets masked and control characters written out, at most 64 KiB.
    pub output: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// The lock an operation waits for, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Waiting {
    /// The lock's name, such as `deployment:photos`.
    pub lock: String,
    /// Who holds it.
    pub held_by: OperationId,
}

/// The record of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub kind: Kind,
    /// Where it is.
    pub state: State,
    /// What it is about: a deployment's or a volume's name.
    pub target: String,
    /// The deployment it is about.
    pub deployment_id: Option<DeploymentId>,
    /// The device it happens on.
    pub device_id: DeviceId,
    /// Who asked.
    pub actor: String,
    /// What was asked, without secrets.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub request: Value,
    /// Whether anything changed, or will.
    pub changed: bool,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its first step began.
    pub started_at: Option<Timestamp>,
    /// When it came to rest.
    pub finished_at: Option<Timestamp>,
    /// The name of the step that is under way.
    pub current_step: Option<String>,
    /// The name of the step that failed.
    pub failed_step: Option<String>,
    /// Why it failed.
    pub error: Option<Refusal>,
    /// What is left and how to mend it, when it needs attention.
    pub left_over: Vec<String>,
    /// What it waits for, while it is queued.
    pub waiting: Option<Waiting>,
    /// Whether somebody asked to cancel it.
    pub cancel_requested: bool,
    /// The operation that it is a part of.
    pub parent_id: Option<OperationId>,
}

/// What came of one target of a `deployment.bulk`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TargetResult {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Its name, or its id when there is none of this id.
    pub name: String,
    /// The operation that was accepted for it; absent when it was refused.
    pub operation_id: Option<OperationId>,
    /// Where that operation is.
    pub state: Option<State>,
    /// Whether that operation changed anything, or will.
    pub changed: Option<bool>,
    /// Why it was refused, or why its operation failed.
    pub error: Option<Refusal>,
}

impl TargetResult {
    /// Whether nothing more will happen to it by itself.
    pub fn is_at_rest(&self) -> bool {
        self.state.is_none_or(State::is_at_rest)
    }

    /// Whether it is as it was asked to be.
    pub fn is_done(&self) -> bool {
        self.state == Some(State::Succeeded)
    }
}

/// An operation with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OperationDetail {
    /// The record.
    #[serde(flatten)]
    pub operation: Operation,
    /// The plan it follows.
    pub plan: Plan,
    /// Its steps in order.
    pub steps: Vec<StepRecord>,
    /// The commands that ran, in order; left out for actors who may not see them.
    pub commands: Vec<CommandRecord>,
    /// What came of each target, for an operation on many; in the order that was asked for.
    #[serde(default)]
    #[schema(required)]
    pub targets: Vec<TargetResult>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_states_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
            assert_eq!(kind.permission().as_str(), kind.as_str());
        }
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        for state in StepState::ALL {
            assert_eq!(StepState::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn a_request_refuses_unknown_fields_and_kinds() {
        let read = |text: &str| serde_json::from_str::<Request>(text).map(|r| r.kind()).map_err(|e| e.to_string());
        let good = r#"{"kind":"deployment.deploy","application":"hello"}"#;
        assert_eq!(read(good), Ok(Kind::DeploymentDeploy));
        assert!(read(r#"{"kind":"deployment.deploy","application":"hello","shell":"ls"}"#).is_err());
        assert!(read(r#"{"kind":"shell","command":"ls"}"#).is_err());
        assert!(read(r#"{"kind":"deployment.deploy","application":"../x"}"#).is_err());
        assert!(read(r#"{"kind":"deployment.deploy","application":"hello","ports":{"80/tcp":70000}}"#).is_err());
    }
}
