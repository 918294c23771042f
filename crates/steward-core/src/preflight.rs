//! Pre-flight checks: whether a deployment would fit a device, from what is observed there.

use crate::definition::Definition;
use crate::device::{Container, EngineInfo, Facts, Image, ListeningPort, Protocol};
use crate::name::{DeploymentName, Slug};
use crate::operation::PortChoices;
use crate::plan::{Check, CheckStatus, Fix};

/// The oldest engine that is supported: the first with API 1.41, which Compose 2 needs.
const OLDEST_ENGINE: u32 = 20;
/// What a pulled image takes on disk when nothing is known about it, in bytes.
const IMAGE_ESTIMATE: u64 = 500 * MIB;
const MIB: u64 = 1024 * 1024;
/// Free ports are looked for up to this far above the wanted one.
const PORT_SEARCH: u16 = 1000;

/// What is observed on the device.
pub struct World<'a> {
    /// The engine, when it answers.
    pub engine: Option<&'a EngineInfo>,
    /// Why it does not, with what to do.
    pub engine_problem: Option<(&'a str, &'a str)>,
    /// The machine.
    pub facts: &'a Facts,
    /// Ports in use.
    pub listening: &'a [ListeningPort],
    /// Every container.
    pub containers: &'a [Container],
    /// The images that are there, of those that the definition names.
    pub images: &'a [Image],
    /// Ports that other deployments of Steward have, running or not.
    pub reserved: &'a [(u16, Protocol, String)],
    /// Whether the checks may say what is there besides: not to somebody who does not see it.
    pub names_others: bool,
}

/// What is to be deployed.
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a DeploymentName,
    /// Its application.
    pub application: &'a Slug,
    /// Its definition.
    pub definition: &'a Definition,
    /// The ports chosen by the user.
    pub ports: &'a PortChoices,
    /// Whether it is new: then nothing of this name may be there.
    pub is_new: bool,
    /// Images that Steward carries inside itself.
    pub embedded: &'a [String],
}

/// Runs every check.
pub fn checks(world: &World<'_>, wanted: &Wanted<'_>) -> Vec<Check> {
    let mut checks = vec![engine(world)];
    if let Some(info) = world.engine {
        checks.push(compose(info));
        checks.extend(architecture(world, info));
    }
    checks.push(memory(world.facts, wanted.definition));
    checks.push(disk(world, wanted));
    checks.extend(ports(world, wanted));
    checks.extend(project(world, wanted));
    checks.extend(references(wanted.definition));
    checks
}

fn check(code: &str, status: CheckStatus, message: String) -> Check {
    Check { code: code.to_owned(), status, message, fix: None, hint: None }
}

fn hinted(code: &str, status: CheckStatus, message: String, hint: &str) -> Check {
    Check { hint: Some(hint.to_owned()), ..check(code, status, message) }
}

fn engine(world: &World<'_>) -> Check {
    match (world.engine, world.engine_problem) {
        (Some(info), _) => {
            let major = info.version.split('.').next().and_then(|v| v.parse::<u32>().ok());
            match major {
                Some(major) if major < OLDEST_ENGINE => hinted(
                    "engine",
                    CheckStatus::Fail,
                    format!("Docker {} is too old", info.version),
                    "Update Docker to version 20.10 or later.",
                ),
                _ => check("engine", CheckStatus::Pass, format!("Docker {} answers", info.version)),
            }
        }
        (None, Some((message, hint))) => hinted("engine", CheckStatus::Fail, message.to_owned(), hint),
        (None, None) => check("engine", CheckStatus::Fail, "Docker does not answer".to_owned()),
    }
}

fn compose(info: &EngineInfo) -> Check {
    match &info.compose_version {
        Some(version) => check("compose", CheckStatus::Pass, format!("Docker Compose {version} is there")),
        None => hinted(
            "compose",
            CheckStatus::Fail,
            "Docker Compose 2 is missing".to_owned(),
            "Install your distribution's Compose plugin (docker-compose-v2, docker-compose-plugin or docker-compose).",
        ),
    }
}

fn architecture(world: &World<'_>, info: &EngineInfo) -> Vec<Check> {
    let wrong: Vec<&Image> =
        world.images.iter().filter(|image| !image.architecture.is_empty() && image.architecture != info.architecture).collect();
    if wrong.is_empty() {
        return vec![check("architecture", CheckStatus::Pass, format!("the device is {}", info.architecture))];
    }
    wrong
        .iter()
        .map(|image| {
            check(
                "architecture",
                CheckStatus::Fail,
                format!("`{}` is built for {}, the device is {}", image.reference, image.architecture, info.architecture),
            )
        })
        .collect()
}

fn mib(bytes: u64) -> u64 {
    bytes / MIB
}

fn memory(facts: &Facts, definition: &Definition) -> Check {
    let needed = definition.resources.memory;
    let free = mib(facts.memory_available);
    if facts.memory_total == 0 {
        return check("memory", CheckStatus::Warn, "the device does not say how much memory it has".to_owned());
    }
    if needed > mib(facts.memory_total) {
        return check(
            "memory",
            CheckStatus::Fail,
            format!("needs {needed} MiB of memory, the device has {} MiB in all", mib(facts.memory_total)),
        );
    }
    if needed > free {
        return hinted(
            "memory",
            CheckStatus::Warn,
            format!("needs {needed} MiB of memory, {free} MiB are free now"),
            "Stop something else first, or expect the device to swap.",
        );
    }
    check("memory", CheckStatus::Pass, format!("needs {needed} MiB of memory, {free} MiB are free"))
}

fn disk(world: &World<'_>, wanted: &Wanted<'_>) -> Check {
    let to_pull = wanted
        .definition
        .images()
        .iter()
        .filter(|image| {
            !world.images.iter().any(|there| &there.reference == *image) && !wanted.embedded.iter().any(|e| e == image.as_str())
        })
        .count() as u64;
    let needed = mib(to_pull * IMAGE_ESTIMATE) + wanted.definition.resources.storage;
    let free = mib(world.facts.disk_available);
    if world.facts.disk_total == 0 {
        return check("disk", CheckStatus::Warn, "the device does not say how much disk is free".to_owned());
    }
    // The image sizes are an estimate; what the definition itself asks for is not.
    if wanted.definition.resources.storage > free {
        return check("disk", CheckStatus::Fail, format!("needs {} MiB of disk, {free} MiB are free", wanted.definition.resources.storage));
    }
    if needed > free {
        return check("disk", CheckStatus::Warn, format!("needs about {needed} MiB of disk with its images, {free} MiB are free"));
    }
    check("disk", CheckStatus::Pass, format!("needs about {needed} MiB of disk, {free} MiB are free"))
}

/// The published ports of a definition with the user's choices: internal, external, protocol.
pub fn published(definition: &Definition, choices: &PortChoices) -> Vec<(u16, u16, Protocol)> {
    definition
        .containers
        .iter()
        .flat_map(|container| &container.ports)
        .filter_map(|port| {
            let external = port.external?;
            Some((port.internal, choices.get(&port.key()).copied().unwrap_or(external), port.protocol))
        })
        .collect()
}

fn owner_of(world: &World<'_>, wanted: &Wanted<'_>, port: u16, protocol: Protocol) -> Option<String> {
    let project = wanted.name.project();
    let mine = |container: &&Container| container.project() == Some(project.as_str());
    if !wanted.is_new && world.containers.iter().filter(mine).any(|c| c.ports.iter().any(|p| p.external == port && p.protocol == protocol))
    {
        return None;
    }
    let by_container = world
        .containers
        .iter()
        .filter(|c| c.project() != Some(project.as_str()))
        .find(|c| c.ports.iter().any(|p| p.external == port && p.protocol == protocol))
        .map(|c| format!("the container `{}`", c.name));
    let by_deployment = || {
        world
            .reserved
            .iter()
            .find(|(p, proto, owner)| *p == port && *proto == protocol && owner != wanted.name.as_str())
            .map(|(_, _, owner)| format!("the app `{owner}`"))
    };
    let by_listener = || {
        world.listening.iter().find(|l| l.port == port && l.protocol == protocol).map(|l| match &l.owner {
            Some(owner) => format!("`{owner}`"),
            None => "another program".to_owned(),
        })
    };
    let owner = by_container.or_else(by_deployment).or_else(by_listener);
    owner.map(|owner| if world.names_others { owner } else { "something else on the device".to_owned() })
}

fn ports(world: &World<'_>, wanted: &Wanted<'_>) -> Vec<Check> {
    let all = published(wanted.definition, wanted.ports);
    all.iter()
        .map(|(internal, external, protocol)| {
            let label = format!("{external}/{}", protocol.as_str());
            let Some(owner) = owner_of(world, wanted, *external, *protocol) else {
                return check("port", CheckStatus::Pass, format!("port {label} is free"));
            };
            let free = (external.saturating_add(1)..=external.saturating_add(PORT_SEARCH)).find(|candidate| {
                owner_of(world, wanted, *candidate, *protocol).is_none()
                    && !all.iter().any(|(_, taken, p)| taken == candidate && p == protocol)
            });
            Check {
                fix: free.map(|port| Fix { field: format!("ports.{internal}/{}", protocol.as_str()), value: port.to_string() }),
                ..check("port", CheckStatus::Fail, format!("port {label} is used by {owner}"))
            }
        })
        .collect()
}

fn project(world: &World<'_>, wanted: &Wanted<'_>) -> Vec<Check> {
    if !wanted.is_new {
        return Vec::new();
    }
    let project = wanted.name.project();
    if let Some(container) = world.containers.iter().find(|c| c.project() == Some(project.as_str())) {
        return vec![hinted(
            "name",
            CheckStatus::Fail,
            format!("the device already has a Compose project `{project}` with the container `{}`", container.name),
            "Choose another name, or remove that project first.",
        )];
    }
    vec![check("name", CheckStatus::Pass, format!("the name `{}` is free", wanted.name))]
}

/// References to a secret store that is not connected would reach the container as plain text.
fn references(definition: &Definition) -> Vec<Check> {
    use crate::definition::TemplatePart;
    let has_reference = definition
        .containers
        .iter()
        .flat_map(|container| container.env.values())
        .any(|value| matches!(value.parts.first(), Some(TemplatePart::Text(text)) if text.starts_with("vault:")));
    if has_reference {
        vec![hinted(
            "secrets",
            CheckStatus::Fail,
            "the definition refers to Vault, and no Vault is connected".to_owned(),
            "Replace the `vault:` references by secret settings.",
        )]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
