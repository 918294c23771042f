//! Service definitions: what an application is made of and what it asks for.
//!
//! A definition is read from a `service.hcl` ([`hcl`]) or from a Compose file ([`compose_file`]);
//! both end in the same validated [`Definition`]. [`settings`] checks the values that a user gives.

pub mod compose_file;
pub mod hcl;
pub mod settings;

mod check;
mod draft;
mod nearest;
mod text;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::device::Protocol;
use crate::name::{ContainerPath, EnvKey, ImageRef, ServiceName, SettingKey, VolumeKey};

/// The largest file that is read, in bytes.
pub const MAX_FILE: usize = 256 * 1024;
/// The longest text in a definition or a setting, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// The most containers in a definition.
pub const MAX_CONTAINERS: usize = 32;
/// The most ports, variables, volumes or arguments in one container.
pub const MAX_PER_CONTAINER: usize = 64;
/// The most settings in a definition.
pub const MAX_SETTINGS: usize = 100;

/// The categories that an application can be in.
pub const CATEGORIES: &[&str] = &[
    "database",
    "development",
    "documents",
    "downloads",
    "files",
    "home",
    "media",
    "monitoring",
    "network",
    "photos",
    "reading",
    "security",
    "web",
    "other",
];

/// Something that is wrong in the text of a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DefinitionProblem {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// One sentence that says what is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for DefinitionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for DefinitionProblem {}

/// What an application is made of. Validated: at least one container, names unique, every
/// `depends_on` known and without a circle, every `${setting.x}` declared, external ports unique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Definition {
    /// What people call it, such as `Uptime Kuma`.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// One of [`CATEGORIES`].
    pub category: String,
    /// The project's own site.
    pub website: Option<String>,
    /// Its containers, in the order they are written; the first one is the main one.
    pub containers: Vec<ContainerSpec>,
    /// What it needs in all.
    pub resources: Resources,
    /// Its settings, in the order they are written.
    pub settings: Vec<Setting>,
    /// The shared database it could use.
    pub database: Option<Database>,
    /// Whether it is meant to be reached from outside.
    pub public_access: bool,
    /// What to do after the first start, as plain text.
    pub post_install: Option<String>,
}

/// One container of a definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContainerSpec {
    /// Its service's name.
    pub name: ServiceName,
    /// Its image.
    pub image: ImageRef,
    /// The command in place of the image's own.
    pub command: Vec<String>,
    /// Its ports.
    pub ports: Vec<PortSpec>,
    /// Its environment.
    pub env: BTreeMap<EnvKey, Template>,
    /// Its volumes.
    pub volumes: Vec<VolumeSpec>,
    /// How to tell that it is healthy.
    pub health_check: Option<HealthCheck>,
    /// Services that must be healthy before it starts.
    pub depends_on: Vec<ServiceName>,
    /// The user it runs as, such as `1000:1000`.
    pub user: Option<String>,
    /// How much memory it may use, in MiB; no limit when absent.
    pub memory_limit: Option<u64>,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PortSpec {
    /// The port inside the container.
    pub internal: u16,
    /// The port on the device; absent: reachable by the deployment's own containers only.
    pub external: Option<u16>,
    /// The protocol.
    pub protocol: Protocol,
    /// Whether a browser can open it: then it becomes a link.
    pub web: bool,
}

impl PortSpec {
    /// The key by which a user chooses another external port: `80/tcp`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.internal, self.protocol.as_str())
    }
}

/// A volume of a container: named, managed by the engine, never a path of the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VolumeSpec {
    /// Its short name; containers that use the same one share it.
    pub name: VolumeKey,
    /// Where it is mounted.
    pub path: ContainerPath,
    /// Whether it is read-only there.
    pub read_only: bool,
}

/// What an application needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resources {
    /// Processor in MHz.
    pub cpu: u64,
    /// Memory in MiB.
    pub memory: u64,
    /// Storage in MiB.
    pub storage: u64,
}

/// How to tell that a container is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HealthCheck {
    /// What is asked.
    #[serde(flatten)]
    pub probe: ProbeSpec,
    /// Seconds between two tries.
    pub interval: u32,
    /// Seconds that one try may take.
    pub timeout: u32,
    /// Seconds in all before the container counts as not healthy.
    pub within: u32,
}

/// What a health check asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ProbeSpec {
    /// An HTTP GET from the device to the published port that belongs to this internal one; any
    /// status below 400 is good.
    Http {
        /// The internal port.
        port: u16,
        /// The path, beginning with `/`.
        path: String,
    },
    /// A TCP connection from the device.
    Tcp {
        /// The internal port.
        port: u16,
    },
    /// A command inside the container; exit code 0 is good.
    Command {
        /// The argument vector.
        command: Vec<String>,
    },
}

/// A text with references to settings, as `${setting.KEY}` in a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Template {
    /// The parts in order.
    pub parts: Vec<TemplatePart>,
}

/// One part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplatePart {
    /// Text as it stands.
    Text(String),
    /// The value of a setting.
    Setting(SettingKey),
    /// The deployment's name.
    DeploymentName,
}

impl Template {
    /// A template without references.
    pub fn text(text: impl Into<String>) -> Self {
        Self { parts: vec![TemplatePart::Text(text.into())] }
    }
}

/// The type of a setting, in JSON Schema's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Yes or no.
    Boolean,
}

/// What a setting's value may be, for the description of the API. Values are read as JSON and then
/// judged by their setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum SettingValue {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// `null`: the default.
    Default,
}

/// One setting of an application: a JSON Schema property, and what Steward adds to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Setting {
    /// Its key.
    pub key: SettingKey,
    /// Its type.
    #[serde(rename = "type")]
    pub setting_type: SettingType,
    /// What people call it.
    pub title: String,
    /// One sentence of help.
    pub description: String,
    /// The value when none is given.
    #[schema(value_type = Option<SettingValue>)]
    pub default: Option<Value>,
    /// Whether a value must be given (when there is no default and nothing is generated).
    pub required: bool,
    /// The only values that are allowed.
    #[schema(value_type = Vec<SettingValue>)]
    pub options: Vec<Value>,
    /// The smallest number, or the shortest text.
    pub minimum: Option<f64>,
    /// The largest number, or the longest text.
    pub maximum: Option<f64>,
    /// A pattern that a text must match from end to end, of the kind `[class]{m,n}` sequences.
    pub pattern: Option<String>,
    /// Whether it is secret: kept encrypted, never shown.
    pub secret: bool,
    /// How many characters Steward generates when no value is given.
    pub generate: Option<u8>,
    /// Whether the form shows it under "Advanced".
    pub advanced: bool,
}

/// A database that the application needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Database {
    /// `postgres` or `mariadb`.
    pub engine: String,
    /// The container of the definition that serves it when no shared one is used.
    pub container: Option<ServiceName>,
}

impl Definition {
    /// The container by its service's name.
    pub fn container(&self, name: &ServiceName) -> Option<&ContainerSpec> {
        self.containers.iter().find(|container| &container.name == name)
    }

    /// The setting by its key.
    pub fn setting(&self, key: &SettingKey) -> Option<&Setting> {
        self.settings.iter().find(|setting| &setting.key == key)
    }

    /// Every image, once, in order.
    pub fn images(&self) -> Vec<ImageRef> {
        let mut images: Vec<ImageRef> = Vec::new();
        for container in &self.containers {
            if !images.contains(&container.image) {
                images.push(container.image.clone());
            }
        }
        images
    }

    /// Every volume, once, in order.
    pub fn volumes(&self) -> Vec<VolumeKey> {
        let mut volumes: Vec<VolumeKey> = Vec::new();
        for volume in self.containers.iter().flat_map(|container| &container.volumes) {
            if !volumes.contains(&volume.name) {
                volumes.push(volume.name.clone());
            }
        }
        volumes
    }
}
