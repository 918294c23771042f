//! Observers: what each device is like now. One reconciler looks at the device whenever its engine
//! says that something changed, and now and then; everybody else reads what it saw.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use steward_core::device::{Container, DeviceStatus, EngineInfo, Facts, Volume};
use steward_core::event::Event;
use steward_core::{DeviceId, Timestamp};
use steward_store::deployments;

use crate::engine::Inner;

/// What was seen of a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    pub facts: Option<Facts>,
    pub engine: Option<EngineInfo>,
    /// Why the engine does not answer.
    pub problem: Option<String>,
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub at: Option<Timestamp>,
}

impl Observed {
    pub fn status(&self) -> DeviceStatus {
        match (&self.facts, &self.engine) {
            (Some(_), Some(_)) => DeviceStatus::Online,
            (Some(_), None) => DeviceStatus::Degraded,
            (None, _) => DeviceStatus::Offline,
        }
    }
}

/// The last look at each device.
pub(crate) struct Observers {
    local: DeviceId,
    /// With the number of the look.
    seen: RwLock<HashMap<DeviceId, (u64, Arc<Observed>)>>,
    looks: AtomicU64,
}

impl Observers {
    pub fn new(local: DeviceId) -> Self {
        Self { local, seen: RwLock::default(), looks: AtomicU64::default() }
    }

    /// The device that is observed: the machine Steward runs on.
    pub fn local(&self) -> &DeviceId {
        &self.local
    }

    /// What was seen last.
    pub fn of(&self, id: &DeviceId) -> Arc<Observed> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).get(id).map(|(_, seen)| seen.clone()).unwrap_or_default()
    }

    /// The number of a look that begins now.
    fn begin(&self) -> u64 {
        self.looks.fetch_add(1, Ordering::SeqCst)
    }

    /// Keeps what was seen; what was before. A look that began before the one that is kept saw an older
    /// world, however late it ends, and changes nothing: none.
    fn set(&self, id: &DeviceId, look: u64, observed: Observed) -> Option<Arc<Observed>> {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.get(id).is_some_and(|(kept, _)| *kept > look) {
            return None;
        }
        Some(seen.insert(id.clone(), (look, Arc::new(observed))).map(|(_, before)| before).unwrap_or_default())
    }
}

/// How to get an engine, for a machine where none answers.
pub(crate) fn engine_hint(facts: &Facts) -> String {
    install_commands(facts).join("\n")
}

/// The commands that install and start Docker with Compose, for a distribution.
pub(crate) fn install_commands(facts: &Facts) -> Vec<String> {
    let commands: &[&str] = match facts.os_id.as_str() {
        "ubuntu" | "linuxmint" | "pop" => &["sudo apt install docker.io docker-compose-v2", "sudo systemctl enable --now docker"],
        // Up to Debian 12 the package is Compose 1; the plugin is installed by hand, as
        // https://docs.docker.com/compose/install/linux/#install-the-plugin-manually says.
        "debian" | "raspbian" if ["11 ", "12 "].iter().any(|version| facts.os.contains(version)) => &[
            "sudo apt install docker.io curl",
            "sudo curl -SL --create-dirs https://github.com/docker/compose/releases/latest/download/docker-compose-linux-$(uname -m) -o /usr/local/lib/docker/cli-plugins/docker-compose",
            "sudo chmod +x /usr/local/lib/docker/cli-plugins/docker-compose",
            "sudo systemctl enable --now docker",
        ],
        "debian" | "raspbian" => &["sudo apt install docker.io docker-compose", "sudo systemctl enable --now docker"],
        "fedora" => &["sudo dnf install moby-engine docker-compose", "sudo systemctl enable --now docker"],
        "arch" | "manjaro" | "endeavouros" => &["sudo pacman -S docker docker-compose", "sudo systemctl enable --now docker"],
        "alpine" => &["sudo apk add docker docker-cli-compose", "sudo rc-update add docker && sudo service docker start"],
        "opensuse-tumbleweed" | "opensuse-leap" | "sles" => {
            &["sudo zypper install docker docker-compose", "sudo systemctl enable --now docker"]
        }
        "nixos" => &["virtualisation.docker.enable = true;  # in configuration.nix, then nixos-rebuild switch"],
        _ => &["Install Docker Engine 20.10 or later and its Compose plugin with your distribution's packages, then start it."],
    };
    commands.iter().map(|command| (*command).to_owned()).collect()
}

impl Inner {
    /// Looks at a device now, and says what changed.
    pub async fn look_at(&self, id: &DeviceId) {
        let Ok(host) = self.host(id) else { return };
        let look = self.observers.begin();
        let (facts, engine, containers, volumes) = tokio::join!(host.facts(), host.engine(), host.containers(None), host.volumes());
        let problem = engine.as_ref().err().or(containers.as_ref().err()).map(|failure| failure.message.clone());
        let engine = if containers.is_ok() { engine.ok() } else { None };
        let before = self.observers.of(id);
        let observed = Observed {
            facts: facts.ok(),
            problem,
            // What was seen last stays, with its age, while the engine is away.
            containers: containers.unwrap_or_else(|_| before.containers.clone()),
            volumes: volumes.unwrap_or_else(|_| before.volumes.clone()),
            at: if engine.is_some() { Some(self.clock.now()) } else { before.at },
            engine,
        };
        let status = observed.status();
        let same_containers = observed.containers == before.containers;
        let Some(before) = self.observers.set(id, look, observed) else { return };
        if before.status() != status {
            tracing::info!(device = %id, ?status, "a device changed");
            self.bus.send(Event::Device { id: id.clone(), what: "status_change", online: status == DeviceStatus::Online });
        }
        if !same_containers || before.status() != status {
            self.tell_deployments(id).await;
        }
    }

    async fn tell_deployments(&self, device: &DeviceId) {
        let Ok(mut reader) = self.store.read().await else { return };
        let Ok(all) = deployments::list(&mut reader).await else { return };
        for deployment in all.into_iter().filter(|d| &d.device_id == device) {
            self.bus.send(Event::Deployment { id: deployment.id, what: "status_change" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distribution_gets_instructions() {
        let commands = |id: &str, name: &str| install_commands(&Facts { os_id: id.to_owned(), os: name.to_owned(), ..Facts::default() });
        for os in ["debian", "ubuntu", "fedora", "arch", "alpine", "nixos", "plan9", ""] {
            assert!(!commands(os, "").is_empty(), "{os}");
        }
        assert!(commands("ubuntu", "Ubuntu 24.04.3 LTS")[0].contains("docker-compose-v2"));
        assert!(commands("debian", "Debian GNU/Linux 13 (trixie)")[0].contains("docker-compose"));
        // Its docker-compose is version 1, which is no plugin.
        assert!(!commands("debian", "Debian GNU/Linux 12 (bookworm)")[0].contains("docker-compose"));
    }

    /// A look that took long does not bring back what it saw before an operation changed it.
    #[test]
    fn an_older_look_changes_nothing() {
        let id = DeviceId::from_random([1; 10]);
        let observers = Observers::new(id.clone());
        let seen = |at: i64| Observed { at: Some(Timestamp(at)), ..Observed::default() };
        let (slow, quick) = (observers.begin(), observers.begin());
        assert!(observers.set(&id, quick, seen(2)).is_some());
        assert!(observers.set(&id, slow, seen(1)).is_none());
        assert_eq!(observers.of(&id).at, Some(Timestamp(2)));
        let next = observers.begin();
        assert_eq!(observers.set(&id, next, seen(3)).and_then(|before| before.at), Some(Timestamp(2)));
    }

    #[test]
    fn a_device_that_was_never_seen_is_offline() {
        assert_eq!(Observed::default().status(), DeviceStatus::Offline);
        let seen = Observed { facts: Some(Facts::default()), ..Observed::default() };
        assert_eq!(seen.status(), DeviceStatus::Degraded);
    }
}
