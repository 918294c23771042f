//! A machine in memory, for tests: deterministic, without waiting, with faults on request.
//!
//! It answers as a Docker engine with Compose would, and what it holds can be compared before and
//! after. Clones share one machine.

mod compose;
mod compose_file;
mod faults;
mod host;
mod image;
mod interpolate;
mod scripts;
mod snapshot;
#[cfg(test)]
mod tests;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use steward_core::device::{Container, ContainerState, EngineInfo, Facts, LABEL_PROJECT, LABEL_SERVICE, ListeningPort, Protocol};
use steward_core::log::LogStream;
use steward_core::name::ImageRef;
use tokio::sync::watch;

pub use faults::{Call, Fault, When};
pub use image::{Behaviour, SimulatedImage};
pub use snapshot::{ContainerPicture, Snapshot};
pub use world::{SimulatedScript, SimulatedVolume};

use crate::error::HostErrorKind;
use crate::host::ProjectFile;
use image::canonical;
use world::{SimulatedContainer, World};

/// Where the simulated machine keeps a project.
pub(crate) fn folder(project: &str) -> String {
    format!("/var/lib/steward/projects/{project}")
}

/// A simulated machine. Clones share it.
#[derive(Clone, Debug)]
pub struct SimulatedHost {
    world: Arc<Mutex<World>>,
    hung: Arc<watch::Sender<Option<String>>>,
}

impl Default for SimulatedHost {
    fn default() -> Self {
        Self::new()
    }
}

impl SimulatedHost {
    /// A Debian machine with an engine and nothing on it.
    pub fn new() -> Self {
        Self { world: Arc::new(Mutex::new(World::new())), hung: Arc::new(watch::channel(None).0) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // Every change is made whole before the lock is given back, so a panicked test leaves no half state.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // What the machine holds.

    /// Puts an image into the registry, from where it can be pulled or loaded.
    pub fn publish(&self, image: SimulatedImage) {
        self.lock().registry.insert(canonical(&image.reference), image);
    }

    /// Puts an image into the registry and the engine.
    pub fn install(&self, image: SimulatedImage) {
        let key = canonical(&image.reference);
        let mut world = self.lock();
        world.registry.insert(key.clone(), image.clone());
        world.images.insert(key, image);
    }

    /// Whether the engine has an image.
    pub fn has_image(&self, reference: &ImageRef) -> bool {
        self.lock().image(reference).is_some()
    }

    /// Makes a volume if it is not there, and writes a file into it.
    pub fn write_volume(&self, volume: &str, path: &str, content: &[u8]) {
        let mut world = self.lock();
        let volume = world.volumes.entry(volume.to_owned()).or_default();
        volume.content.insert(path.to_owned(), content.to_vec());
    }

    /// A volume, when it is there.
    pub fn volume(&self, name: &str) -> Option<SimulatedVolume> {
        self.lock().volumes.get(name).cloned()
    }

    /// Puts a host maintenance script in place, or changes one; how often it ran stays.
    pub fn put_script(&self, name: &str, text: &str, exit_code: i32) {
        let mut world = self.lock();
        let script = world.scripts.entry(name.to_owned()).or_default();
        script.text = text.to_owned();
        script.exit_code = exit_code;
    }

    /// Lets a script be refused, as one that others than root can write.
    pub fn refuse_script(&self, name: &str, why: &str) {
        self.lock().scripts.entry(name.to_owned()).or_default().refused = Some(why.to_owned());
    }

    /// How often a script ran.
    pub fn script_runs(&self, name: &str) -> u32 {
        self.lock().scripts.get(name).map_or(0, |script| script.runs)
    }

    /// Puts a container there that Steward did not make. Its health follows its `health` field.
    pub fn add_container(&self, container: Container) {
        let mut world = self.lock();
        let seen = container.clone();
        let made = SimulatedContainer {
            behaviour: Behaviour::HealthyAfter(0),
            restarts: false,
            has_health_check: seen.health != steward_core::device::Health::None,
            looks: 0,
            hash: String::new(),
            log: Vec::new(),
            seen,
        };
        world.containers.insert(container.name, made);
    }

    /// Changes a container as if somebody had done it by hand, behind Steward's back.
    pub fn tamper(&self, container: &str, change: impl FnOnce(&mut Container)) {
        if let Some(found) = self.lock().containers.get_mut(container) {
            change(&mut found.seen);
        }
    }

    /// Removes a volume as if somebody had done it by hand.
    pub fn remove_volume(&self, name: &str) {
        self.lock().volumes.remove(name);
    }

    /// Removes a container as if somebody had done it by hand.
    pub fn remove_container(&self, container: &str) {
        self.lock().remove(container);
    }

    /// Ends a container by itself with an exit code, as a crash does.
    pub fn crash_container(&self, container: &str, exit_code: i64) {
        let mut world = self.lock();
        if let Some(found) = world.containers.get_mut(container) {
            found.seen.state = if found.restarts { ContainerState::Restarting } else { ContainerState::Exited };
            found.seen.exit_code = Some(exit_code);
        }
        world.event(container, "die");
    }

    /// Lets a program listen on a port.
    pub fn listen(&self, port: u16, protocol: Protocol, owner: Option<&str>) {
        self.lock().listeners.push(ListeningPort { port, protocol, owner: owner.map(str::to_owned) });
    }

    /// Ends every listener on a port.
    pub fn unlisten(&self, port: u16) {
        self.lock().listeners.retain(|listener| listener.port != port);
    }

    /// A file of a project, when it is there.
    pub fn file(&self, project: &str, file: ProjectFile) -> Option<String> {
        self.lock().files.get(&(project.to_owned(), file)).cloned()
    }

    /// A service as Compose sees it, with variables filled in; absent when the file does not parse.
    pub fn service_config(&self, project: &str, service: &str) -> Option<Value> {
        let world = self.lock();
        let text = world.files.get(&(project.to_owned(), ProjectFile::Compose))?;
        let secrets = world.files.get(&(project.to_owned(), ProjectFile::Secrets));
        let file = compose_file::parse(project, text, secrets.map(String::as_str)).ok()?;
        file.services.into_iter().find(|found| found.name == service).map(|found| found.config)
    }

    /// Lets every container of a service write a line to its log.
    pub fn write_log(&self, project: &str, service: &str, stream: LogStream, text: &str) {
        let mut world = self.lock();
        let labelled = |c: &SimulatedContainer| {
            c.seen.labels.get(LABEL_PROJECT).is_some_and(|p| p == project) && c.seen.labels.get(LABEL_SERVICE).is_some_and(|s| s == service)
        };
        let names: Vec<String> = world.containers.iter().filter(|(_, c)| labelled(c)).map(|(name, _)| name.clone()).collect();
        for name in names {
            world.write_line(&name, stream, text);
        }
    }

    /// Sets what the machine says it is and has.
    pub fn set_facts(&self, facts: Facts) {
        self.lock().facts = facts;
    }

    /// Sets what the engine says it is. Images of another architecture end at once.
    pub fn set_engine(&self, engine: EngineInfo) {
        self.lock().engine = engine;
    }

    /// Sets the version of the Compose plugin, or that there is none.
    pub fn set_compose_version(&self, version: Option<&str>) {
        self.lock().engine.compose_version = version.map(str::to_owned);
    }

    /// Says how many processes an earlier Steward left behind.
    pub fn set_left_behind(&self, processes: usize) {
        self.lock().left_behind = processes;
    }

    // What goes wrong.

    /// Lets the engine answer or not. Open streams end when it goes.
    pub fn set_engine_up(&self, up: bool) {
        let mut world = self.lock();
        world.engine_up = up;
        world.end_streams();
    }

    /// Lets the registry answer or not.
    pub fn set_registry_up(&self, up: bool) {
        self.lock().registry_up = up;
    }

    /// Plans a fault.
    pub fn fail(&self, fault: Fault) {
        self.lock().script.faults.push(fault);
    }

    /// The next call of this name fails and does nothing. `compose` is any action, `compose.up` one.
    pub fn fail_next(&self, call: &str, kind: HostErrorKind) {
        self.fail(Fault { call: Some(call.to_owned()), mutating_only: false, nth: 1, kind, when: When::Before });
    }

    /// The next call of this name does its work and then says that it failed.
    pub fn fail_next_after(&self, call: &str, kind: HostErrorKind) {
        self.fail(Fault { call: Some(call.to_owned()), mutating_only: false, nth: 1, kind, when: When::After });
    }

    /// The `n`-th call from now fails and does nothing, whatever it is; counted from 1.
    pub fn fail_nth(&self, n: u32, kind: HostErrorKind) {
        self.fail(Fault { call: None, mutating_only: false, nth: n, kind, when: When::Before });
    }

    /// Forgets every fault that has not struck; says how many there were.
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut self.lock().script.faults).len()
    }

    /// From now on this action of Compose (`compose.down`) does nothing and says that it did: a
    /// defect, to show that a test would find it.
    pub fn lie(&self, call: &str) {
        self.lock().script.lie = Some(call.to_owned());
    }

    /// From now on calls of this name never answer until they are dropped or [`Self::release`] is
    /// called; an empty name means every call.
    pub fn hang(&self, call: &str) {
        self.hung.send_replace(Some(call.to_owned()));
    }

    /// Lets hanging calls go on.
    pub fn release(&self) {
        self.hung.send_replace(None);
    }

    // What happened.

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().script.calls.clone()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.lock().script.calls.clear();
    }

    /// How many calls so far could have changed the machine.
    pub fn mutations(&self) -> usize {
        self.lock().script.calls.iter().filter(|call| call.mutating).count()
    }

    /// A picture of everything on the machine.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.lock())
    }
}
