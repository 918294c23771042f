//! The state of the simulated machine, and the small changes that everything else is made of.

use std::collections::{BTreeMap, BTreeSet};

use steward_core::device::{Container, ContainerState, EngineInfo, Facts, Health, ListeningPort, PublishedPort};
use steward_core::log::{LogLine, LogStream, cap_line};
use steward_core::name::{ImageRef, ServiceName};
use steward_core::time::Timestamp;
use tokio::sync::broadcast;

use super::faults::Script;
use super::image::{Behaviour, SimulatedImage, canonical, hex_id};
use crate::error::{HostError, HostErrorKind};
use crate::host::{EngineEvent, ProjectFile, Result};

/// How many events or lines a slow reader may fall behind before it misses some.
const BACKLOG: usize = 4096;

/// A container of the simulated engine.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedContainer {
    pub(crate) seen: Container,
    pub(crate) behaviour: Behaviour,
    pub(crate) restarts: bool,
    pub(crate) has_health_check: bool,
    pub(crate) looks: u32,
    pub(crate) hash: String,
    pub(crate) log: Vec<LogLine>,
}

impl SimulatedContainer {
    pub(crate) fn running(&self) -> bool {
        self.seen.state == ContainerState::Running
    }

    /// Counts a look and says whether it is healthy now.
    pub(crate) fn look(&mut self) -> bool {
        self.looks = self.looks.saturating_add(1);
        if self.seen.state == ContainerState::Restarting {
            self.seen.restart_count += 1;
        }
        self.running() && matches!(self.behaviour, Behaviour::HealthyAfter(n) if self.looks > n)
    }
}

/// A volume and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedVolume {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its files.
    pub content: BTreeMap<String, Vec<u8>>,
}

/// A host maintenance script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedScript {
    /// Its text.
    pub text: String,
    /// The exit code that it ends with.
    pub exit_code: i32,
    /// Why it is refused, when it is.
    pub refused: Option<String>,
    /// How often it ran.
    pub runs: u32,
}

/// A line of a container's log, as it goes to those who follow.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) project: String,
    pub(crate) line: LogLine,
}

/// Everything there is on the simulated machine.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) files: BTreeMap<(String, ProjectFile), String>,
    pub(crate) images: BTreeMap<String, SimulatedImage>,
    pub(crate) registry: BTreeMap<String, SimulatedImage>,
    pub(crate) registry_up: bool,
    pub(crate) containers: BTreeMap<String, SimulatedContainer>,
    pub(crate) volumes: BTreeMap<String, SimulatedVolume>,
    pub(crate) networks: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) listeners: Vec<ListeningPort>,
    pub(crate) engine_up: bool,
    pub(crate) engine: EngineInfo,
    pub(crate) facts: Facts,
    pub(crate) left_behind: usize,
    pub(crate) scripts: BTreeMap<String, SimulatedScript>,
    pub(crate) script: Script,
    pub(crate) events: broadcast::Sender<EngineEvent>,
    pub(crate) lines: broadcast::Sender<Written>,
    counter: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let networks = ["bridge", "host", "none"].map(|name| (name.to_owned(), BTreeMap::new()));
        Self {
            files: BTreeMap::new(),
            images: BTreeMap::new(),
            registry: BTreeMap::new(),
            registry_up: true,
            containers: BTreeMap::new(),
            volumes: BTreeMap::new(),
            networks: networks.into(),
            listeners: Vec::new(),
            engine_up: true,
            engine: EngineInfo {
                version: "28.5.2".into(),
                api_version: "1.51".into(),
                compose_version: Some("2.40.3".into()),
                architecture: "amd64".into(),
                data_root: "/var/lib/docker".into(),
            },
            facts: default_facts(),
            left_behind: 0,
            scripts: BTreeMap::new(),
            script: Script::default(),
            events: broadcast::channel(BACKLOG).0,
            lines: broadcast::channel(BACKLOG).0,
            counter: 0,
        }
    }

    /// The next number of the one counter that ids and times come from.
    fn tick(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        let tick = i64::try_from(self.tick()).unwrap_or(i64::MAX);
        Timestamp(1_700_000_000_000).plus(tick)
    }

    pub(crate) fn new_id(&mut self) -> String {
        hex_id(&self.tick().to_string())
    }

    pub(crate) fn need_engine(&self) -> Result<()> {
        if self.engine_up {
            Ok(())
        } else {
            Err(HostError::new(HostErrorKind::Unreachable, "the Docker engine does not answer: connection refused"))
        }
    }

    pub(crate) fn image(&self, reference: &ImageRef) -> Option<&SimulatedImage> {
        self.images.get(&canonical(reference))
    }

    pub(crate) fn event(&self, container: &str, action: &str) {
        let project = self.containers.get(container).and_then(|c| c.seen.project()).map(str::to_owned);
        // Nobody listening is no fault.
        let _ = self.events.send(EngineEvent { project, action: action.to_owned() });
    }

    /// The containers of a project.
    pub(crate) fn of_project(&self, project: &str) -> Vec<String> {
        let own = self.containers.iter().filter(|(_, container)| container.seen.project() == Some(project));
        own.map(|(name, _)| name.clone()).collect()
    }

    /// Who keeps a container from publishing its ports, in the engine's words.
    fn taken(&self, name: &str, port: &PublishedPort) -> Option<String> {
        let same = |other: &PublishedPort| other.external == port.external && other.protocol == port.protocol;
        let busy = |(other, container): (&String, &SimulatedContainer)| {
            other != name && container.running() && container.seen.ports.iter().any(same)
        };
        if self.containers.iter().any(busy) {
            return Some(format!("Bind for 0.0.0.0:{} failed: port is already allocated", port.external));
        }
        let listens = |listener: &ListeningPort| listener.port == port.external && listener.protocol == port.protocol;
        self.listeners.iter().any(listens).then(|| {
            let protocol = port.protocol.as_str();
            format!("failed to bind host port 0.0.0.0:{}/{protocol}: address already in use", port.external)
        })
    }

    /// Starts a container that does not run; the error is the engine's text.
    pub(crate) fn start(&mut self, name: &str) -> std::result::Result<(), String> {
        let Some(container) = self.containers.get(name) else { return Err(format!("No such container: {name}")) };
        if container.running() {
            return Ok(());
        }
        let conflict = container.seen.ports.iter().find_map(|port| self.taken(name, port));
        if let Some(conflict) = conflict {
            return Err(format!(
                "Error response from daemon: driver failed programming external connectivity on endpoint {name}: {conflict}"
            ));
        }
        let now = self.now();
        if let Some(container) = self.containers.get_mut(name) {
            container.looks = 0;
            // As Docker does when somebody starts a container, and not when it restarts one by itself.
            container.seen.restart_count = 0;
            container.seen.started_at = Some(now);
            container.seen.exit_code = None;
            container.seen.state = ContainerState::Running;
            if let Behaviour::Exits(code) = container.behaviour {
                container.seen.state = if container.restarts { ContainerState::Restarting } else { ContainerState::Exited };
                container.seen.exit_code = Some(code);
            }
            container.refresh_health(false);
        }
        self.event(name, "start");
        self.write_line(name, LogStream::Stdout, "started");
        if !self.containers.get(name).is_some_and(SimulatedContainer::running) {
            self.event(name, "die");
        }
        Ok(())
    }

    /// Stops a container that runs.
    pub(crate) fn stop(&mut self, name: &str) {
        let Some(container) = self.containers.get_mut(name) else { return };
        if matches!(container.seen.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused) {
            container.seen.state = ContainerState::Exited;
            container.seen.exit_code = Some(container.seen.exit_code.unwrap_or(0));
            container.refresh_health(false);
            self.event(name, "die");
            self.event(name, "stop");
        }
    }

    /// Stops and removes a container; its volumes stay.
    pub(crate) fn remove(&mut self, name: &str) {
        self.stop(name);
        self.event(name, "destroy");
        self.containers.remove(name);
    }

    /// Appends a line to a container's log.
    pub(crate) fn write_line(&mut self, name: &str, stream: LogStream, text: &str) {
        let at = self.now();
        let Some(container) = self.containers.get_mut(name) else { return };
        let Some(service) = container.seen.service().and_then(|service| ServiceName::parse(service).ok()) else { return };
        let line = LogLine { at: Some(at), service, stream, text: cap_line(text.to_owned()) };
        container.log.push(line.clone());
        let project = container.seen.project().unwrap_or_default().to_owned();
        let _ = self.lines.send(Written { project, line });
    }

    /// The names of the volumes that containers mount.
    pub(crate) fn mounted(&self) -> BTreeSet<&str> {
        self.containers.values().flat_map(|container| &container.seen.volumes).map(String::as_str).collect()
    }

    /// Ends every open stream, as an engine that goes away does.
    pub(crate) fn end_streams(&mut self) {
        self.events = broadcast::channel(BACKLOG).0;
        self.lines = broadcast::channel(BACKLOG).0;
    }
}

impl SimulatedContainer {
    /// Sets what the engine says of its health.
    pub(crate) fn refresh_health(&mut self, healthy: bool) {
        self.seen.health = match (self.has_health_check, healthy, self.behaviour) {
            (false, _, _) => Health::None,
            (true, true, _) => Health::Healthy,
            (true, false, Behaviour::NeverHealthy) if self.looks > 2 => Health::Unhealthy,
            (true, false, _) => Health::Starting,
        };
    }
}

fn default_facts() -> Facts {
    Facts {
        hostname: "simulated".into(),
        os: "Debian GNU/Linux 13 (trixie)".into(),
        os_id: "debian".into(),
        kernel: "6.12.0".into(),
        architecture: "amd64".into(),
        cpus: 4,
        load_1m: 0.25,
        memory_total: 8 << 30,
        memory_available: 6 << 30,
        disk_total: 100 << 30,
        disk_available: 60 << 30,
        uptime_seconds: 86_400,
    }
}
