//! The block `container`, and what a service with one container may write beside it.

use hcl_edit::structure::Block;

use super::reader::{Field, Reader, Table};
use crate::definition::draft::{At, DraftContainer, DraftHealth, DraftPort, DraftTemplate};
use crate::definition::{ProbeSpec, VolumeSpec, text};
use crate::device::Protocol;
use crate::name::{ContainerPath, EnvKey, ImageRef, ServiceName, VolumeKey};

const ATTRIBUTES: &[&str] = &["image", "command", "ports", "env", "depends_on", "user", "memory_limit"];
const BLOCKS: &[&str] = &["env", "volume", "health_check"];

/// Reads a `container`; `main` is the name of one without a label.
pub(super) fn read(reader: &mut Reader<'_>, block: &Block, main: &str) -> Option<DraftContainer> {
    let spot = reader.spot(&block.ident);
    let name = if block.labels.is_empty() {
        reader.problems.take(spot, text::name(ServiceName::parse(main))).map(|name| At::new(spot, name))
    } else {
        reader.label(block, |label| text::name(ServiceName::parse(label)))
    };
    let table = reader.table("container", &block.body, ATTRIBUTES, BLOCKS);
    if table.field("image").is_none() {
        reader.problems.add(spot, "the container has no `image`");
    }
    let command = reader.texts(table.field("command"));
    let command = command.into_iter().filter_map(|part| reader.problems.take(part.spot, text::several_lines(&part.value))).collect();
    let mut container = DraftContainer {
        name: name?,
        image: reader.parsed(table.field("image"), |text| text::name(ImageRef::parse(text))),
        command,
        ports: reader.list(table.field("ports")).into_iter().filter_map(|expr| port(reader, expr)).collect(),
        env: Vec::new(),
        volumes: Vec::new(),
        health_check: None,
        depends_on: depends_on(reader, table.field("depends_on")),
        user: reader.parsed(table.field("user"), text::user),
        memory_limit: table.field("memory_limit").and_then(|field| reader.whole(field, 6, 16 << 20)),
    };
    read_beside(reader, &table, &mut container);
    Some(container)
}

/// Reads variables, volumes and the health check, which may also stand in the service and then
/// belong to its first container.
pub(super) fn read_beside(reader: &mut Reader<'_>, table: &Table<'_>, container: &mut DraftContainer) {
    if let Some(field) = table.field("env") {
        for field in reader.items(field.expr).unwrap_or_default() {
            container.env.extend(variable(reader, field));
        }
    }
    for block in table.blocks("env") {
        container.env.extend(env(reader, block));
    }
    container.volumes.extend(table.blocks("volume").filter_map(|block| volume(reader, block)));
    if let Some(block) = reader.only_block(table, "health_check") {
        let check = health_check(reader, block);
        if container.health_check.is_some() {
            let spot = reader.spot(&block.ident);
            reader.problems.add(spot, "the first container has a `health_check` of its own already");
        }
        container.health_check = check;
    }
}

fn depends_on(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> Vec<At<ServiceName>> {
    let names = reader.texts(field);
    names
        .into_iter()
        .filter_map(|name| {
            let parsed = text::name(ServiceName::parse(&name.value));
            reader.problems.take(name.spot, parsed).map(|value| At::new(name.spot, value))
        })
        .collect()
}

fn port(reader: &mut Reader<'_>, expr: &hcl_edit::expr::Expression) -> Option<At<DraftPort>> {
    let spot = reader.spot(expr);
    let table = reader.object("ports", expr, &["internal", "external", "protocol", "web"])?;
    let number = |reader: &mut Reader<'_>, key: &str| {
        table.field(key).and_then(|field| reader.whole(field, 1, 65_535)).and_then(|port| u16::try_from(port).ok())
    };
    let internal = number(reader, "internal");
    if table.field("internal").is_none() {
        reader.problems.add(spot, "the port has no `internal`: its number inside the container");
    }
    let external = number(reader, "external");
    let protocol = reader.parsed(table.field("protocol"), |text| match text {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        _ => Err("a protocol is `tcp` or `udp`".to_owned()),
    });
    let web = table.field("web").and_then(|field| reader.boolean(field));
    Some(At::new(spot, DraftPort { internal: internal?, external, protocol: protocol.unwrap_or_default(), web }))
}

fn env(reader: &mut Reader<'_>, block: &Block) -> Vec<(At<EnvKey>, DraftTemplate)> {
    let mut variables = Vec::new();
    for block in block.body.blocks() {
        let spot = reader.spot(&block.ident);
        reader.problems.add(spot, "`env` has no blocks: write `KEY = \"value\"`");
    }
    for attribute in block.body.attributes() {
        let field = Field { spot: reader.spot(&attribute.key), key: attribute.key.as_str(), expr: &attribute.value };
        variables.extend(variable(reader, field));
    }
    variables
}

fn variable(reader: &mut Reader<'_>, field: Field<'_>) -> Option<(At<EnvKey>, DraftTemplate)> {
    let key = reader.problems.take(field.spot, text::name(EnvKey::parse(field.key)));
    let value = reader.template(field.expr);
    Some((At::new(field.spot, key?), value?))
}

fn volume(reader: &mut Reader<'_>, block: &Block) -> Option<At<VolumeSpec>> {
    let spot = reader.spot(&block.ident);
    let parse = |text: &str| text::name(VolumeKey::parse(text));
    let label = reader.label(block, parse);
    let table = reader.table("volume", &block.body, &["name", "path", "read_only"], &[]);
    let name = reader.parsed(table.field("name"), parse);
    match (&label, table.field("name")) {
        (Some(_), Some(field)) => reader.problems.add(field.spot, "the volume is named twice: by its label and here"),
        (None, None) if block.labels.is_empty() => reader.problems.add(spot, "the volume has no `name`"),
        _ => {}
    }
    if table.field("path").is_none() {
        reader.problems.add(spot, "the volume has no `path`: where it is mounted in the container");
    }
    let path = reader.parsed(table.field("path"), |text| text::name(ContainerPath::parse(text)));
    let read_only = table.field("read_only").and_then(|field| reader.boolean(field)).unwrap_or(false);
    Some(At::new(spot, VolumeSpec { name: label.map(|label| label.value).or(name)?, path: path?, read_only }))
}

const HEALTH: &[&str] = &["type", "port", "path", "command", "interval", "timeout", "within"];

fn health_check(reader: &mut Reader<'_>, block: &Block) -> Option<At<DraftHealth>> {
    let spot = reader.spot(&block.ident);
    let table = reader.table("health_check", &block.body, HEALTH, &[]);
    let seconds = |reader: &mut Reader<'_>, key: &str| {
        table.field(key).and_then(|field| reader.whole(field, 1, 3600)).and_then(|n| u32::try_from(n).ok())
    };
    let (interval, timeout, within) = (seconds(reader, "interval"), seconds(reader, "timeout"), seconds(reader, "within"));
    let Some(kind_field) = table.field("type") else {
        reader.problems.add(spot, "the health check has no `type`: `http`, `tcp` or `command`");
        return None;
    };
    let kind = reader.text(kind_field.expr)?;
    let probe = match kind.value.as_str() {
        "http" => {
            refuse(reader, &table, "http", &["command"]);
            let path = reader.parsed(table.field("path"), text::probe_path);
            ProbeSpec::Http { port: probe_port(reader, &table)?, path: path.unwrap_or_else(|| "/".to_owned()) }
        }
        "tcp" => {
            refuse(reader, &table, "tcp", &["path", "command"]);
            ProbeSpec::Tcp { port: probe_port(reader, &table)? }
        }
        "command" => {
            refuse(reader, &table, "command", &["port", "path"]);
            ProbeSpec::Command { command: probe_command(reader, &table, kind.spot)? }
        }
        _ => {
            reader.problems.add(kind.spot, "the type of a health check is `http`, `tcp` or `command`");
            return None;
        }
    };
    Some(At::new(spot, DraftHealth { probe, interval, timeout, within }))
}

/// Notes attributes that another type of health check has.
fn refuse(reader: &mut Reader<'_>, table: &Table<'_>, kind: &str, keys: &[&str]) {
    for field in keys.iter().filter_map(|key| table.field(key)) {
        reader.problems.add(field.spot, format!("a health check of type `{kind}` has no `{}`", field.key));
    }
}

/// The port that is asked; 0 when none is written.
fn probe_port(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<u16> {
    match table.field("port") {
        Some(field) => reader.whole(field, 1, 65_535).and_then(|port| u16::try_from(port).ok()),
        None => Some(0),
    }
}

fn probe_command(reader: &mut Reader<'_>, table: &Table<'_>, spot: crate::definition::draft::Spot) -> Option<Vec<String>> {
    let parts = reader.texts(table.field("command"));
    if parts.is_empty() {
        reader.problems.add(spot, "the health check has no `command`: a list such as `[\"pg_isready\"]`");
        return None;
    }
    parts.into_iter().map(|part| reader.problems.take(part.spot, text::several_lines(&part.value))).collect()
}
