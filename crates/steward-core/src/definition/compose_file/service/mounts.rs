//! Mounts, in Compose's short and long form: named volumes and nothing else.

use super::plain;
use crate::definition::compose_file::node::{Kind, Node};
use crate::definition::compose_file::reader::Reader;
use crate::definition::compose_file::{Volumes, refused};
use crate::definition::draft::At;
use crate::definition::nearest::did_you_mean;
use crate::definition::{VolumeSpec, text};
use crate::name::{ContainerPath, VolumeKey};

/// Reads one mount.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, volumes: &Volumes) -> Option<At<VolumeSpec>> {
    let volume = match node.kind {
        Kind::Map(_) => long(reader, node, volumes)?,
        _ => {
            let text = plain(reader, node)?;
            reader.problems.take(node.spot, short(&text, volumes))?
        }
    };
    Some(At::new(node.spot, volume))
}

/// `data:/var/lib/data:ro`.
fn short(text: &str, volumes: &Volumes) -> Result<VolumeSpec, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(source), Some(target)) = (parts.next(), parts.next()) else {
        return Err("a volume without a name would be lost; write `name:/path`, and the name under `volumes` at the top".to_owned());
    };
    let mut read_only = false;
    for option in parts.next().unwrap_or("rw").split(',') {
        match option {
            "ro" => read_only = true,
            // The rest say how labels and first contents are treated, which for a volume is settled.
            "rw" | "z" | "Z" | "nocopy" => {}
            _ => return Err(format!("the option `{option}` is not taken (known are ro, rw)")),
        }
    }
    Ok(VolumeSpec { name: named(source, volumes)?, path: text::name(ContainerPath::parse(target))?, read_only })
}

/// The volume that a source names. Anything that could be a path is refused as one.
fn named(source: &str, volumes: &Volumes) -> Result<VolumeKey, String> {
    if let Some(name) = volumes.get(source) {
        return Ok(name.clone());
    }
    let is_path = source.is_empty() || source.starts_with(['.', '/', '~', '\\']) || source.contains(['/', '\\']);
    if is_path {
        return Err(refused::mount(source));
    }
    let near = did_you_mean(source, volumes.keys().map(String::as_str));
    Err(format!("there is no volume `{source}` under `volumes` at the top{near}"))
}

fn long(reader: &mut Reader<'_>, node: &Node, volumes: &Volumes) -> Option<VolumeSpec> {
    let (mut kind, mut source, mut target, mut read_only) = (None, None, None, false);
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "type" => kind = plain(reader, value),
            "source" => source = plain(reader, value).map(|text| At::new(value.spot, text)),
            "target" => target = plain(reader, value).map(|text| At::new(value.spot, text)),
            "read_only" => read_only = reader.boolean(value)?,
            other => reader.problems.add(key.spot, format!("`{other}` is not taken here (known are type, source, target, read_only)")),
        }
    }
    match kind.as_deref() {
        Some("volume") => {}
        Some("bind") => reader.problems.add(node.spot, refused::mount(source.as_ref().map_or("", |source| source.value.as_str()))),
        _ => reader.problems.add(node.spot, "the type of a mount is `volume`"),
    }
    let (Some(source), Some(target)) = (source, target) else {
        reader.problems.add(node.spot, "a mount has a `source` and a `target`");
        return None;
    };
    let name = reader.problems.take(source.spot, named(&source.value, volumes));
    let path = reader.problems.take(target.spot, text::name(ContainerPath::parse(&target.value)));
    Some(VolumeSpec { name: name?, path: path?, read_only })
}
