//! One service of a Compose file.

mod mounts;
mod ports;
mod units;

use super::interpolation::{Piece, Variables, pieces};
use super::node::{Kind, Node};
use super::reader::Reader;
use super::{Volumes, refused};
use crate::definition::draft::{At, DraftContainer, DraftHealth, DraftTemplate};
use crate::definition::{ProbeSpec, text};
use crate::name::{EnvKey, ImageRef, ServiceName};

/// Reads a service.
pub(super) fn read(
    reader: &mut Reader<'_>,
    key: &At<String>,
    node: &Node,
    volumes: &Volumes,
    variables: &mut Variables,
) -> Option<DraftContainer> {
    let name = reader.problems.take(key.spot, text::name(ServiceName::parse(&key.value)))?;
    let mut container = DraftContainer {
        name: At::new(key.spot, name),
        image: None,
        command: Vec::new(),
        ports: Vec::new(),
        env: Vec::new(),
        volumes: Vec::new(),
        health_check: None,
        depends_on: Vec::new(),
        user: None,
        memory_limit: None,
    };
    let mut has_image = false;
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "image" => {
                has_image = true;
                container.image =
                    plain(reader, value).and_then(|image| reader.problems.take(value.spot, text::name(ImageRef::parse(&image))));
            }
            "command" => container.command = command(reader, value),
            "ports" => container.ports = reader.list(value).iter().filter_map(|port| ports::read(reader, port)).collect(),
            "environment" => container.env = environment(reader, value, variables),
            "volumes" => container.volumes = reader.list(value).iter().filter_map(|mount| mounts::read(reader, mount, volumes)).collect(),
            "depends_on" => container.depends_on = depends_on(reader, value),
            "healthcheck" => container.health_check = healthcheck(reader, value),
            "user" => container.user = plain(reader, value).and_then(|user| reader.problems.take(value.spot, text::user(&user))),
            "mem_limit" => container.memory_limit = memory(reader, value),
            "deploy" => deploy(reader, value, &mut container),
            // Steward restarts and labels containers itself; services reach each other on every
            // port; images are pulled by Steward.
            "restart" | "labels" | "expose" | "pull_policy" => {}
            other if other.starts_with("x-") => {}
            other => reader.problems.add(key.spot, refused::service(other)),
        }
    }
    if !has_image {
        reader.problems.add(key.spot, format!("the service `{}` has no `image`", key.value));
    }
    Some(container)
}

/// A text in which references cannot become settings; one with a default stands for the default.
fn plain(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.scalar(node)?;
    let text = reader.problems.take(node.spot, text::several_lines(&text))?;
    let mut plain = String::new();
    for piece in reader.problems.take(node.spot, pieces(&text))? {
        match piece {
            Piece::Text(text) | Piece::Variable { default: Some(text), .. } => plain.push_str(&text),
            Piece::Variable { name, default: None } => {
                reader.problems.add(node.spot, format!("`{name}` has no value here: only the values of `environment` can be settings; write the value, or `${{{name}:-value}}`"));
                return None;
            }
        }
    }
    Some(plain)
}

/// A list of arguments, or a text that is split as Compose splits it.
fn command(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::Null => Vec::new(),
        Kind::List(items) => items.iter().filter_map(|item| plain(reader, item)).collect(),
        _ => {
            let Some(text) = plain(reader, node) else { return Vec::new() };
            reader.problems.take(node.spot, units::split_command(&text)).unwrap_or_default()
        }
    }
}

/// A mapping, or a list of `KEY=value`.
fn environment(reader: &mut Reader<'_>, node: &Node, variables: &mut Variables) -> Vec<(At<EnvKey>, DraftTemplate)> {
    let mut env = Vec::new();
    if let Kind::List(items) = &node.kind {
        for item in items {
            let Some(text) = reader.scalar(item) else { continue };
            match text.split_once('=') {
                Some((key, value)) => env.extend(variable(reader, &At::new(item.spot, key.to_owned()), item, value, variables)),
                None => reader.problems.add(item.spot, no_value(&text)),
            }
        }
        return env;
    }
    for (key, value) in reader.map_or_nothing(node) {
        if matches!(value.kind, Kind::Null) {
            reader.problems.add(key.spot, no_value(&key.value));
        } else if let Some(text) = reader.scalar(value) {
            env.extend(variable(reader, key, value, &text, variables));
        }
    }
    env
}

fn no_value(key: &str) -> String {
    format!("`{key}` has no value: it would come from the device; write `{key}: ${{{key}}}` to make it a setting")
}

fn variable(
    reader: &mut Reader<'_>,
    key: &At<String>,
    node: &Node,
    text: &str,
    variables: &mut Variables,
) -> Option<(At<EnvKey>, DraftTemplate)> {
    let name = reader.problems.take(key.spot, text::name(EnvKey::parse(&key.value)));
    let template = variables.template(node.spot, text, &mut reader.problems);
    Some((At::new(key.spot, name?), template?))
}

/// A list of names, or a mapping whose values say what is waited for; Steward decides that itself.
fn depends_on(reader: &mut Reader<'_>, node: &Node) -> Vec<At<ServiceName>> {
    let names: Vec<At<String>> = match &node.kind {
        Kind::Map(items) => items.iter().map(|(key, _)| key.clone()).collect(),
        _ => {
            let items = reader.list(node);
            items.iter().filter_map(|item| reader.scalar(item).map(|name| At::new(item.spot, name))).collect()
        }
    };
    let parsed = names.into_iter().filter_map(|name| {
        let service = reader.problems.take(name.spot, text::name(ServiceName::parse(&name.value)))?;
        Some(At::new(name.spot, service))
    });
    parsed.collect()
}

/// In MiB, rounded up.
fn memory(reader: &mut Reader<'_>, node: &Node) -> Option<u64> {
    let text = plain(reader, node)?;
    reader.problems.take(node.spot, units::mebibytes(&text))
}

/// Of `deploy`, the limit of memory; what only a cluster does is left aside.
fn deploy(reader: &mut Reader<'_>, node: &Node, container: &mut DraftContainer) {
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "resources" => {
                for (key, value) in reader.map(value) {
                    match key.value.as_str() {
                        "limits" => limits(reader, value, container),
                        "reservations" => reservations(reader, value),
                        other => reader.problems.add(key.spot, format!("`{other}` is not taken here (known are limits, reservations)")),
                    }
                }
            }
            "replicas" if matches!(reader.whole(value, 1, 1), Some(1)) => {}
            "replicas" => {}
            "restart_policy" | "labels" | "update_config" | "rollback_config" | "mode" | "endpoint_mode" | "placement" => {}
            other => reader.problems.add(key.spot, format!("`deploy.{other}` is not taken here")),
        }
    }
}

fn limits(reader: &mut Reader<'_>, node: &Node, container: &mut DraftContainer) {
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "memory" => container.memory_limit = memory(reader, value),
            other => reader.problems.add(key.spot, format!("the limit `{other}` is not taken; only `memory` is")),
        }
    }
}

/// What is reserved says nothing to one engine, but `devices` would give the container hardware.
fn reservations(reader: &mut Reader<'_>, node: &Node) {
    for (key, _) in reader.map(node) {
        if !["cpus", "memory"].contains(&key.value.as_str()) {
            reader.problems.add(key.spot, refused::service(&key.value));
        }
    }
}

/// The command of a health check, and its times as Steward counts them.
fn healthcheck(reader: &mut Reader<'_>, node: &Node) -> Option<At<DraftHealth>> {
    let mut command = None;
    let mut disabled = false;
    let (mut interval, mut timeout, mut start_period) = (None, None, 0);
    let mut retries = 3;
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "test" => command = test(reader, value),
            "disable" => disabled = reader.boolean(value).unwrap_or(false),
            "interval" => interval = seconds(reader, value),
            "timeout" => timeout = seconds(reader, value),
            "start_period" => start_period = seconds(reader, value).unwrap_or(0),
            "start_interval" => {}
            "retries" => retries = reader.whole(value, 1, 1000).and_then(|n| u32::try_from(n).ok()).unwrap_or(retries),
            other => reader.problems.add(key.spot, format!("`healthcheck.{other}` is not taken here")),
        }
    }
    let command = command.filter(|_| !disabled)?;
    let in_all = start_period.saturating_add(retries.saturating_mul(interval.unwrap_or(0)));
    let within = (in_all > 120).then_some(in_all.min(3600));
    Some(At::new(node.spot, DraftHealth { probe: ProbeSpec::Command { command }, interval, timeout, within }))
}

/// The command of a health check; none for `NONE`, which switches the image's own off.
fn test(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<String>> {
    // Within the container, as the image's author or the file's wants it; it reaches nothing else.
    let shell = |text: String| vec!["/bin/sh".to_owned(), "-c".to_owned(), text];
    if !matches!(node.kind, Kind::List(_)) {
        return plain(reader, node).map(shell);
    }
    let mut parts: Vec<String> = reader.list(node).iter().filter_map(|part| plain(reader, part)).collect();
    match parts.first().map(String::as_str) {
        Some("CMD") if parts.len() > 1 => Some(parts.split_off(1)),
        Some("CMD-SHELL") if parts.len() == 2 => parts.pop().map(shell),
        Some("NONE") => None,
        _ => {
            reader.problems.add(node.spot, "a test is `[\"CMD\", ...]`, `[\"CMD-SHELL\", \"...\"]` or `[\"NONE\"]`");
            None
        }
    }
}

fn seconds(reader: &mut Reader<'_>, node: &Node) -> Option<u32> {
    let text = plain(reader, node)?;
    reader.problems.take(node.spot, units::seconds(&text))
}
