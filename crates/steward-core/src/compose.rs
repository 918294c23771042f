//! Renders the Compose file of a deployment.
//!
//! The text is made by a YAML library from the structs in [`file`](mod@file), never by joining
//! strings, and everything that a definition or a user wrote has its `$` doubled, so that Compose
//! takes it as it stands.

mod file;
mod ports;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use self::file::{ComposeFile, Condition, Healthcheck, Mount, Network, Quoted, Service, Volume};
use crate::definition::{ContainerSpec, Definition, HealthCheck, ProbeSpec, Template, TemplatePart};
use crate::deployment::Settings;
use crate::device::{LABEL_APPLICATION, LABEL_DEPLOYMENT};
use crate::name::{DeploymentName, ServiceName, SettingKey, Slug};
use crate::operation::PortChoices;

pub use self::ports::check_ports;
pub use self::secrets::{secret_variable, secrets_file};

/// All that a Compose file is made from. It holds no secret: those are referred to by name and
/// live in the file that [`secrets_file`] writes.
#[derive(Clone, Copy, Debug)]
pub struct ComposeInput<'a> {
    /// The deployment.
    pub name: &'a DeploymentName,
    /// Its application.
    pub application: &'a Slug,
    /// Its definition.
    pub definition: &'a Definition,
    /// The values of the settings that are not secret.
    pub settings: &'a Settings,
    /// The secret settings that have a value.
    pub secret_keys: &'a BTreeSet<SettingKey>,
    /// The ports on the device that were chosen in place of the definition's own.
    pub ports: &'a PortChoices,
}

/// The Compose file. The same input gives the same text.
pub fn render(input: &ComposeInput<'_>) -> String {
    let project = input.name.project();
    let deployment_label = || BTreeMap::from([(LABEL_DEPLOYMENT, input.name.as_str())]);
    let volumes = input.definition.volumes().into_iter().map(|key| {
        let name = format!("{project}_{key}");
        (key.to_string(), Volume { name, labels: deployment_label() })
    });
    let network = Network { name: format!("{project}_default"), labels: deployment_label() };
    let services = input.definition.containers.iter().map(|container| (container.name.as_str(), service(input, container)));
    let file = ComposeFile {
        services: services.collect(),
        networks: IndexMap::from([("default", network)]),
        volumes: volumes.collect(),
        name: project,
    };
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    // Writing plain structs to memory cannot fail; were it to, Compose refuses the empty file.
    let yaml = serde_saphyr::to_string_with_options(&file, options).unwrap_or_default();
    format!("# Written by Steward. It is replaced whenever the deployment changes: change its settings instead.\n{yaml}")
}

fn service<'a>(input: &ComposeInput<'a>, container: &'a ContainerSpec) -> Service<'a> {
    let environment = container.env.iter().filter_map(|(key, template)| Some((key.as_str(), Quoted::new(variable(input, template)?))));
    let depends_on = container.depends_on.iter().map(|name| (name.as_str(), condition(input.definition, name)));
    let volumes = container.volumes.iter().map(|volume| Mount {
        kind: "volume",
        source: volume.name.as_str(),
        target: literal(volume.path.as_str()),
        read_only: volume.read_only,
    });
    Service {
        image: container.image.as_str(),
        command: container.command.iter().map(|part| Quoted::new(literal(part))).collect(),
        user: container.user.clone().map(Quoted::new),
        restart: "unless-stopped",
        // Steward pulls before, with progress and a deadline; Compose is not to pull behind its back.
        pull_policy: "never",
        environment: environment.collect(),
        ports: ports::published(container, input.ports).map(Quoted::new).collect(),
        volumes: volumes.collect(),
        depends_on: depends_on.collect(),
        healthcheck: container.health_check.as_ref().and_then(healthcheck),
        mem_limit: container.memory_limit.map(|mebibytes| format!("{mebibytes}m")),
        labels: BTreeMap::from([(LABEL_DEPLOYMENT, input.name.as_str()), (LABEL_APPLICATION, input.application.as_str())]),
    }
}

/// Text that Compose is to take as it stands.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// The value of a variable. One that is nothing but a setting without a value is left out, so that
/// the application sees its own default and not an empty text.
fn variable(input: &ComposeInput<'_>, template: &Template) -> Option<String> {
    if let [TemplatePart::Setting(key)] = template.parts.as_slice() {
        return setting(input, key);
    }
    let part = |part: &TemplatePart| match part {
        TemplatePart::Text(text) => literal(text),
        TemplatePart::DeploymentName => input.name.to_string(),
        TemplatePart::Setting(key) => setting(input, key).unwrap_or_default(),
    };
    Some(template.parts.iter().map(part).collect())
}

/// The value of a setting as Compose reads it: a secret is a reference into the secrets file.
fn setting(input: &ComposeInput<'_>, key: &SettingKey) -> Option<String> {
    if input.secret_keys.contains(key) {
        return Some(format!("${{{}:?}}", secret_variable(key)));
    }
    match input.settings.get(key)? {
        Value::String(text) => Some(literal(text)),
        Value::Null => None,
        other => Some(literal(&other.to_string())),
    }
}

/// What one container waits for in another: only a command is checked by the engine, the other
/// probes by Steward, and Compose cannot wait for those.
fn condition(definition: &Definition, name: &ServiceName) -> Condition {
    let check = definition.container(name).and_then(|container| container.health_check.as_ref());
    let checked_by_engine = check.and_then(healthcheck).is_some();
    Condition { condition: if checked_by_engine { "service_healthy" } else { "service_started" } }
}

/// The check that the engine runs. Failures do not count until the last few tries within the time
/// that the definition allows.
fn healthcheck(check: &HealthCheck) -> Option<Healthcheck> {
    let ProbeSpec::Command { command } = &check.probe else { return None };
    let retries = (check.within / check.interval.max(1)).clamp(1, 3);
    let start_period = check.within.saturating_sub(retries.saturating_mul(check.interval));
    let test = std::iter::once("CMD").map(str::to_owned).chain(command.iter().map(|part| literal(part)));
    Some(Healthcheck {
        test: test.map(Quoted::new).collect(),
        interval: format!("{}s", check.interval),
        timeout: format!("{}s", check.timeout),
        retries,
        start_period: format!("{start_period}s"),
    })
}
