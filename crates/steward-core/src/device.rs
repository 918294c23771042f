//! Devices, and what is observed on them: facts, the engine, containers, volumes, ports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::DeviceId;
use crate::name::{ImageRef, VolumeName};
use crate::time::Timestamp;

/// The label that names the deployment a container, network or volume belongs to.
pub const LABEL_DEPLOYMENT: &str = "io.steward.deployment";
/// The label that names the application of a deployment.
pub const LABEL_APPLICATION: &str = "io.steward.application";
/// Compose's label for the project.
pub const LABEL_PROJECT: &str = "com.docker.compose.project";
/// Compose's label for the service.
pub const LABEL_SERVICE: &str = "com.docker.compose.service";

/// What kind of machine or appliance a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceType {
    /// Runs services.
    Server,
    /// Stores files.
    Nas,
    /// Routes.
    Router,
    /// Switches.
    Switch,
}

/// Whether a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// It answers, and its engine too.
    Online,
    /// It answers, its engine does not.
    Degraded,
    /// It does not answer.
    Offline,
}

/// A machine or appliance that Steward knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub device_type: DeviceType,
    /// How it is reached: `local`, or an address.
    pub address: String,
    /// Whether an instance that is marked as development may touch it.
    pub development: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A change of a device: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceChange {
    /// Whether an instance that is marked as development may touch it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<bool>,
}

/// What a machine is and has. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Facts {
    /// Its host name.
    pub hostname: String,
    /// The distribution's own name for itself, such as `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// The distribution's id (`debian`, `ubuntu`, `fedora`, ...), from os-release.
    pub os_id: String,
    /// The kernel's release.
    pub kernel: String,
    /// The architecture in Docker's words: `amd64`, `arm64`, `arm`.
    pub architecture: String,
    /// Logical processors.
    pub cpus: u32,
    /// The load average over one minute.
    pub load_1m: f64,
    /// Memory in all.
    pub memory_total: u64,
    /// Memory that could be had without swapping.
    pub memory_available: u64,
    /// Size of the file system that holds the engine's data, or the root.
    pub disk_total: u64,
    /// What is free there for an unprivileged user.
    pub disk_available: u64,
    /// Seconds since it started.
    pub uptime_seconds: u64,
}

/// The engine of a device, as it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EngineInfo {
    /// The engine's version, such as `28.5.2`.
    pub version: String,
    /// The API version that is used with it.
    pub api_version: String,
    /// The version of the Compose plugin; absent when there is none of version 2 or later.
    pub compose_version: Option<String>,
    /// The architecture of the engine, in Docker's words.
    pub architecture: String,
    /// Where it keeps its data.
    pub data_root: String,
}

/// What a container is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// Made, never started.
    Created,
    /// Running.
    Running,
    /// Running, frozen.
    Paused,
    /// Being restarted by the engine after it ended.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Neither running nor removable.
    Dead,
}

/// What a container's own health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContainerHealth)]
pub enum Health {
    /// It has no health check.
    None,
    /// Not known yet.
    Starting,
    /// Passing.
    Healthy,
    /// Failing.
    Unhealthy,
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The protocol as Compose writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// A port of a container that is reachable on the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublishedPort {
    /// The port inside the container.
    pub internal: u16,
    /// The port on the device.
    pub external: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// A container as the engine describes it. All text in it is untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Container {
    /// The engine's id, 64 hex characters.
    pub id: String,
    /// Its name without the leading slash.
    pub name: String,
    /// The image it was made from, as it was asked for.
    pub image: String,
    /// The id of that image.
    pub image_id: String,
    /// What it is doing.
    pub state: ContainerState,
    /// What its health check says.
    pub health: Health,
    /// The exit code, when it ended.
    pub exit_code: Option<i64>,
    /// How often the engine restarted it.
    pub restart_count: u64,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its published ports.
    pub ports: Vec<PublishedPort>,
    /// The names of the volumes it mounts.
    pub volumes: Vec<String>,
}

impl Container {
    /// The Compose project it belongs to.
    pub fn project(&self) -> Option<&str> {
        self.labels.get(LABEL_PROJECT).map(String::as_str)
    }

    /// The Compose service it runs.
    pub fn service(&self) -> Option<&str> {
        self.labels.get(LABEL_SERVICE).map(String::as_str)
    }
}

/// A volume as the engine describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Volume {
    /// Its name.
    pub name: VolumeName,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was made, as the engine writes it.
    pub created: Option<String>,
}

/// A network as the engine describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// An image that the engine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Image {
    /// The name it was asked for by.
    pub reference: ImageRef,
    /// The engine's id.
    pub id: String,
    /// Its architecture, in Docker's words.
    pub architecture: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it brings a health check of its own.
    pub has_health_check: bool,
}

/// A port that something listens on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ListeningPort {
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// Who listens: a container's or a program's name; absent when it cannot be known.
    pub owner: Option<String>,
}
