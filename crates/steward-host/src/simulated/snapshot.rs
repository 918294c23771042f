//! A comparable picture of the whole simulated machine: "the world is as before" is one comparison.

use std::collections::BTreeMap;

use steward_core::device::{ContainerState, PublishedPort};

use super::world::{SimulatedScript, SimulatedVolume, World};

/// A container without what differs between two runs of the same thing: id, times, health, counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPicture {
    /// The image it was made from.
    pub image: String,
    /// The id of that image.
    pub image_id: String,
    /// What it is doing.
    pub state: ContainerState,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its published ports.
    pub ports: Vec<PublishedPort>,
    /// The volumes it mounts.
    pub volumes: Vec<String>,
    /// Its configuration's hash; a changed environment shows here.
    pub hash: String,
}

/// Everything on the machine at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Files by `project/name`.
    pub files: BTreeMap<String, String>,
    /// Containers by name.
    pub containers: BTreeMap<String, ContainerPicture>,
    /// Volumes by name, with what is in them.
    pub volumes: BTreeMap<String, SimulatedVolume>,
    /// Networks by name, with their labels.
    pub networks: BTreeMap<String, BTreeMap<String, String>>,
    /// Ids of images by reference.
    pub images: BTreeMap<String, String>,
    /// Scripts by name, with how often each ran.
    pub scripts: BTreeMap<String, SimulatedScript>,
}

impl Snapshot {
    pub(crate) fn of(world: &World) -> Self {
        let files = world.files.iter().map(|((project, file), text)| (format!("{project}/{}", file.file_name()), text.clone()));
        let containers = world.containers.iter().map(|(name, container)| {
            let seen = container.seen.clone();
            let picture = ContainerPicture {
                image: seen.image,
                image_id: seen.image_id,
                state: seen.state,
                labels: seen.labels,
                ports: seen.ports,
                volumes: seen.volumes,
                hash: container.hash.clone(),
            };
            (name.clone(), picture)
        });
        Self {
            files: files.collect(),
            containers: containers.collect(),
            volumes: world.volumes.clone(),
            networks: world.networks.clone(),
            images: world.images.iter().map(|(name, image)| (name.clone(), image.id())).collect(),
            scripts: world.scripts.clone(),
        }
    }

    /// What differs in `later`, one line each; empty when the two are the same.
    pub fn differences(&self, later: &Snapshot) -> Vec<String> {
        let mut lines = Vec::new();
        compare("file", &self.files, &later.files, &mut lines);
        compare("container", &self.containers, &later.containers, &mut lines);
        compare("volume", &self.volumes, &later.volumes, &mut lines);
        compare("network", &self.networks, &later.networks, &mut lines);
        compare("image", &self.images, &later.images, &mut lines);
        compare("script", &self.scripts, &later.scripts, &mut lines);
        lines
    }
}

fn compare<T: PartialEq + std::fmt::Debug>(what: &str, before: &BTreeMap<String, T>, after: &BTreeMap<String, T>, lines: &mut Vec<String>) {
    for (name, old) in before {
        match after.get(name) {
            None => lines.push(format!("{what} {name} is gone")),
            Some(new) if new != old => lines.push(format!("{what} {name} changed from {old:?} to {new:?}")),
            Some(_) => {}
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        lines.push(format!("{what} {name} is new"));
    }
}
