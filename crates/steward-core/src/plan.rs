//! Plans: what an operation would do, shown before it is done, and hashed so that a plan that no
//! longer fits the world is refused.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{DeploymentId, DeviceId};
use crate::name::{ImageRef, VolumeName};
use crate::operation::Kind;
use crate::refusal::Refusal;

/// What a pre-flight check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Good.
    Pass,
    /// Goes on, but should be known.
    Warn,
    /// Stops the operation before anything is changed.
    Fail,
}

/// A change to the request that would turn a failed check green.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fix {
    /// Which field of the request: `name`, or `ports.INTERNAL/PROTOCOL`.
    pub field: String,
    /// The value that would do.
    pub value: String,
}

/// One pre-flight check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    /// Stable name: `engine`, `architecture`, `memory`, `disk`, `port`, `name`, `volume`, `image`, ...
    pub code: String,
    /// What it found.
    pub status: CheckStatus,
    /// One sentence.
    pub message: String,
    /// What would mend it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub fix: Option<Fix>,
    /// What a person can do about it, when there is no `fix`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub hint: Option<String>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedStep {
    /// The step's name.
    pub name: String,
    /// What it does, in words.
    pub does: String,
    /// What its undo does, in words; empty when there is nothing to undo.
    pub undo: String,
}

/// One file that would be written or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedFile {
    /// Its path below the deployment's project folder.
    pub path: String,
    /// Its new content, secrets masked; absent when it is removed.
    pub content: Option<String>,
    /// A unified diff against what is there now; empty when nothing changes.
    pub diff: String,
}

/// One image that would be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedImage {
    /// Which.
    pub reference: ImageRef,
    /// Whether the engine has it already.
    pub present: bool,
    /// Whether Steward carries it inside itself, so that no registry is needed.
    pub embedded: bool,
}

/// One volume that would be made or used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedVolume {
    /// Its name on the device.
    pub name: VolumeName,
    /// Whether it is there already; then what is in it stays.
    pub exists: bool,
}

/// What would be done to one target of an operation on many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedTarget {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Its name, or its id when there is none of this id.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Whether anything would change.
    pub changed: bool,
    /// Why it would be refused; the others would be done all the same.
    pub refusal: Option<Refusal>,
}

/// The script that would be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedScript {
    /// Where it is.
    pub path: String,
    /// Its SHA-256 in hex; absent when it cannot be run. A script that has changed makes the plan stale.
    pub sha256: Option<String>,
    /// How many seconds it may take.
    pub deadline_seconds: u64,
    /// The user it would run as.
    pub runs_as: String,
}

/// What an operation would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Plan {
    /// The operation.
    pub kind: Kind,
    /// What it is about: a deployment's or a volume's name.
    pub target: String,
    /// The device it would happen on.
    pub device_id: DeviceId,
    /// That device's name.
    pub device: String,
    /// One sentence.
    pub summary: String,
    /// Whether anything would change; when not, nothing is run.
    pub changed: bool,
    /// Pre-flight checks.
    pub checks: Vec<Check>,
    /// Steps in order.
    pub steps: Vec<PlannedStep>,
    /// Files with their differences.
    pub files: Vec<PlannedFile>,
    /// Commands as argument vectors, in order.
    pub commands: Vec<Vec<String>>,
    /// Images.
    pub images: Vec<PlannedImage>,
    /// Volumes.
    pub volumes: Vec<PlannedVolume>,
    /// Its targets, for an operation on many.
    #[serde(default)]
    #[schema(required)]
    pub targets: Vec<PlannedTarget>,
    /// The host maintenance script, for the operation that runs one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub script: Option<PlannedScript>,
    /// What the person should know before saying yes.
    pub risks: Vec<String>,
    /// SHA-256 in hex over everything above that decides what would happen.
    pub hash: String,
}

impl Plan {
    /// The plan with its hash set. Words for people and whether an image is already there do not
    /// count: somebody else's pull makes no plan stale.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        let failed: Vec<&str> = self.checks.iter().filter(|c| c.status == CheckStatus::Fail).map(|c| c.message.as_str()).collect();
        let images: Vec<&str> = self.images.iter().map(|i| i.reference.as_str()).collect();
        let mut basis = serde_json::json!({
            "kind": self.kind,
            "target": self.target,
            "device": self.device_id,
            "changed": self.changed,
            "failed": failed,
            "steps": self.steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
            "files": self.files,
            "commands": self.commands,
            "images": images,
            "volumes": self.volumes,
            "targets": self.targets,
        });
        if let Some(script) = &self.script {
            basis["script"] = serde_json::json!(script);
        }
        self.hash = hex::encode(Sha256::digest(basis.to_string().as_bytes()));
        self
    }

    /// The first failed check.
    pub fn failed(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.status == CheckStatus::Fail)
    }
}
