//! Reads a Compose file as a catalog entry.
//!
//! This is an allow-list: a key that is not known here is refused, with the reason where it would
//! reach outside the deployment. What is taken becomes a [`Definition`], and Steward writes its own
//! Compose file from that; the text that was read is never run.

mod interpolation;
mod node;
mod reader;
mod refused;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::interpolation::Variables;
use self::node::{Kind, Node};
use self::reader::Reader;
use super::draft::{At, Draft, DraftContainer, Spot};
use super::{Definition, DefinitionProblem, MAX_FILE, Resources, check, text};
use crate::name::{Slug, VolumeKey};

/// Reads the text of a `compose.yaml`; `slug` is the folder it lies in.
///
/// # Errors
/// Everything that is wrong or not allowed, each at its place.
pub fn parse(text: &str, slug: &Slug) -> Result<Definition, Vec<DefinitionProblem>> {
    if text.len() > MAX_FILE {
        let message = format!("the file is larger than {} KiB", MAX_FILE / 1024);
        return Err(vec![DefinitionProblem { line: 1, column: 1, message }]);
    }
    let node = node::read(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(text);
    let draft = document(&mut reader, &node, slug);
    check::finish(draft, reader.problems)
}

/// The names of volumes, by what the file calls them.
type Volumes = BTreeMap<String, VolumeKey>;

fn document(reader: &mut Reader<'_>, node: &Node, slug: &Slug) -> Draft {
    let mut about = None;
    let mut services = None;
    let mut volumes = Volumes::new();
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "services" => services = Some(value),
            "volumes" => volumes = declared_volumes(reader, value),
            "x-steward" => about = Some(value),
            // The project's name is the deployment's, and the version says nothing any more.
            "name" | "version" => {}
            other if other.starts_with("x-") => {}
            other => reader.problems.add(key.spot, refused::top(other)),
        }
    }
    let mut variables = Variables::default();
    let containers = match services {
        Some(services) => containers(reader, services, &volumes, &mut variables),
        None => {
            // What is no mapping at all has been said already.
            if matches!(node.kind, Kind::Map(_)) {
                reader.problems.add(Spot { line: 1, column: 1 }, "there are no `services`");
            }
            Vec::new()
        }
    };
    let mut draft = Draft {
        spot: services.map_or(Spot { line: 1, column: 1 }, |node| node.spot),
        title: slug.to_string(),
        description: String::new(),
        category: "other".to_owned(),
        website: None,
        public_access: false,
        post_install: None,
        resources: Resources::default(),
        containers,
        settings: variables.settings(&mut reader.problems),
        database: None,
    };
    if let Some(about) = about {
        describe(reader, about, &mut draft);
    }
    draft
}

fn containers(reader: &mut Reader<'_>, services: &Node, volumes: &Volumes, variables: &mut Variables) -> Vec<DraftContainer> {
    let entries = reader.map(services);
    entries.into_iter().filter_map(|(key, value)| service::read(reader, key, value, volumes, variables)).collect()
}

/// The volumes at the top: names only. Options could mount a folder of the device, and a fixed or
/// external name could take another deployment's data.
fn declared_volumes(reader: &mut Reader<'_>, node: &Node) -> Volumes {
    let mut volumes = Volumes::new();
    for (key, value) in reader.map(node) {
        for (option, value) in reader.map_or_nothing(value) {
            match option.value.as_str() {
                "labels" => {}
                "driver" if reader.is_text(value, "local") => {}
                other => reader.problems.add(option.spot, refused::volume(other)),
            }
        }
        // Compose files like `db_data`, which is no slug; only Steward uses the name, so it can change.
        let name = VolumeKey::parse(&text::slugify(&key.value, VolumeKey::MAX));
        let Some(name) = reader.problems.take(key.spot, text::name(name)) else { continue };
        if volumes.values().any(|other| other == &name) {
            reader.problems.add(key.spot, format!("another volume is called `{name}` already"));
        }
        volumes.insert(key.value.clone(), name);
    }
    volumes
}

/// What a Compose file has no words for.
fn describe(reader: &mut Reader<'_>, node: &Node, draft: &mut Draft) {
    for (key, value) in reader.map(node) {
        match key.value.as_str() {
            "title" => draft.title = reader.parsed(value, text::title).unwrap_or_default(),
            "description" => draft.description = reader.parsed(value, text::one_line).unwrap_or_default(),
            "category" => draft.category = reader.parsed(value, text::category).unwrap_or_default(),
            "website" => draft.website = reader.parsed(value, text::website),
            "post_install" => draft.post_install = reader.parsed(value, text::several_lines).map(|text| text.trim().to_owned()),
            "public_access" => draft.public_access = reader.boolean(value).unwrap_or(false),
            "resources" => draft.resources = resources(reader, value),
            _ => unknown(reader, key, &["title", "description", "category", "website", "post_install", "public_access", "resources"]),
        }
    }
}

fn resources(reader: &mut Reader<'_>, node: &Node) -> Resources {
    let mut resources = Resources::default();
    for (key, value) in reader.map(node) {
        let (field, largest) = match key.value.as_str() {
            "cpu" => (&mut resources.cpu, 1_000_000),
            "memory" => (&mut resources.memory, 16 << 20),
            "storage" => (&mut resources.storage, 1 << 30),
            _ => {
                unknown(reader, key, &["cpu", "memory", "storage"]);
                continue;
            }
        };
        *field = reader.whole(value, 0, largest).unwrap_or(0);
    }
    resources
}

fn unknown(reader: &mut Reader<'_>, key: &At<String>, known: &[&str]) {
    let near = super::nearest::did_you_mean(&key.value, known.iter().copied());
    reader.problems.add(key.spot, format!("there is no `{}` here{near} (known are {})", key.value, known.join(", ")));
}
