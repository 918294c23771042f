//! What `docker compose` does, on the simulated machine.

use std::collections::BTreeMap;

use steward_core::device::{Container, ContainerState, Health, LABEL_PROJECT, LABEL_SERVICE};

use super::compose_file::{ComposeFile, Part, Service, parse};
use super::image::Behaviour;
use super::world::{SimulatedContainer, SimulatedVolume, World};
use crate::host::{ComposeAction, ProjectFile};

/// What a run printed, and the error it ended with.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) output: Vec<String>,
    pub(crate) error: Option<String>,
}

impl Ran {
    fn say(&mut self, what: &str, name: &str, done: &str) {
        self.output.push(format!("{what} {name} {done}"));
    }
}

type Step = Result<(), String>;

impl World {
    /// Runs Compose. With `halfway`, `up` makes the containers and starts none.
    pub(crate) fn compose(&mut self, project: &str, action: ComposeAction, halfway: bool) -> Ran {
        let mut ran = Ran::default();
        let result = self.try_compose(project, action, halfway, &mut ran);
        if let Err(error) = result {
            ran.output.push(error.clone());
            ran.error = Some(error);
        }
        ran
    }

    fn try_compose(&mut self, project: &str, action: ComposeAction, halfway: bool, ran: &mut Ran) -> Step {
        let text = self.files.get(&(project.to_owned(), ProjectFile::Compose)).cloned();
        let text = text.ok_or_else(|| format!("open {}/compose.yaml: no such file or directory", super::folder(project)))?;
        let secrets = self.files.get(&(project.to_owned(), ProjectFile::Secrets)).cloned();
        let file = parse(project, &text, secrets.as_deref())?;
        match action {
            ComposeAction::Up => self.up(project, &file, halfway, ran),
            ComposeAction::Start => self.start_project(project, &file, ran),
            ComposeAction::Stop => {
                self.stop_project(project, ran);
                Ok(())
            }
            ComposeAction::Restart => {
                self.stop_project(project, ran);
                self.start_existing(project, &file, ran)
            }
            ComposeAction::Down => {
                self.down(project, ran);
                Ok(())
            }
        }
    }

    fn up(&mut self, project: &str, file: &ComposeFile, halfway: bool, ran: &mut Ran) -> Step {
        self.make_networks(project, &file.networks, ran)?;
        self.make_volumes(project, &file.volumes, ran)?;
        let wanted: Vec<String> = file.services.iter().map(|service| container_name(project, service)).collect();
        for orphan in self.of_project(project).into_iter().filter(|name| !wanted.contains(name)) {
            self.remove(&orphan);
            ran.say("Container", &orphan, "Removed");
        }
        for service in &file.services {
            self.make_container(project, service, ran)?;
        }
        if halfway { Ok(()) } else { self.start_existing(project, file, ran) }
    }

    fn make_networks(&mut self, project: &str, networks: &[Part], ran: &mut Ran) -> Step {
        for network in networks {
            let there = self.networks.contains_key(&network.name);
            if network.external && !there {
                return Err(format!("network {} declared as external, but could not be found", network.name));
            }
            if !network.external && !there {
                self.networks.insert(network.name.clone(), part_labels(project, network, "com.docker.compose.network"));
                ran.say("Network", &network.name, "Created");
            }
        }
        Ok(())
    }

    fn make_volumes(&mut self, project: &str, volumes: &[Part], ran: &mut Ran) -> Step {
        for volume in volumes {
            let there = self.volumes.contains_key(&volume.name);
            if volume.external && !there {
                return Err(format!("external volume \"{}\" not found", volume.name));
            }
            if !volume.external && !there {
                let labels = part_labels(project, volume, "com.docker.compose.volume");
                self.volumes.insert(volume.name.clone(), SimulatedVolume { labels, content: BTreeMap::new() });
                ran.say("Volume", &volume.name, "Created");
            }
        }
        Ok(())
    }

    /// Makes the container of a service, or replaces it when its configuration or its image changed.
    fn make_container(&mut self, project: &str, service: &Service, ran: &mut Ran) -> Step {
        let name = container_name(project, service);
        let image = self.image(&service.image).cloned();
        let image = image.ok_or_else(|| format!("Error response from daemon: No such image: {}", service.image))?;
        if let Some(existing) = self.containers.get(&name) {
            if existing.seen.project() != Some(project) {
                return Err(format!(
                    "Error response from daemon: Conflict. The container name \"/{name}\" is already in use by container \"{}\"",
                    existing.seen.id
                ));
            }
            if existing.hash == service.hash && existing.seen.image_id == image.id() {
                return Ok(());
            }
            self.remove(&name);
            ran.say("Container", &name, "Recreate");
        }
        let foreign = image.architecture != self.engine.architecture;
        let mut container = SimulatedContainer {
            seen: Container {
                id: self.new_id(),
                name: name.clone(),
                image: service.image.to_string(),
                image_id: image.id(),
                state: ContainerState::Created,
                health: Health::None,
                exit_code: None,
                restart_count: 0,
                started_at: None,
                labels: container_labels(project, service),
                ports: service.ports.clone(),
                volumes: service.volumes.clone(),
            },
            // A program for another processor ends at once with "exec format error".
            behaviour: if foreign { Behaviour::Exits(255) } else { image.behaviour },
            restarts: service.restarts,
            has_health_check: service.has_health_check || image.has_health_check,
            looks: 0,
            hash: service.hash.clone(),
            log: Vec::new(),
        };
        container.refresh_health(false);
        self.containers.insert(name.clone(), container);
        self.event(&name, "create");
        ran.say("Container", &name, "Created");
        Ok(())
    }

    fn start_project(&mut self, project: &str, file: &ComposeFile, ran: &mut Ran) -> Step {
        for service in &file.services {
            if !self.containers.contains_key(&container_name(project, service)) {
                return Err(format!("service \"{}\" has no container to start", service.name));
            }
        }
        self.start_existing(project, file, ran)
    }

    fn start_existing(&mut self, project: &str, file: &ComposeFile, ran: &mut Ran) -> Step {
        for service in &file.services {
            let name = container_name(project, service);
            if self.containers.get(&name).is_none_or(SimulatedContainer::running) {
                continue;
            }
            for dependency in &service.waits_for_healthy {
                self.wait_for(project, file, dependency)?;
            }
            self.start(&name)?;
            ran.say("Container", &name, "Started");
        }
        Ok(())
    }

    /// Waits, without time passing, until a dependency is healthy; fails when it never will be.
    fn wait_for(&mut self, project: &str, file: &ComposeFile, dependency: &str) -> Step {
        let Some(service) = file.services.iter().find(|service| service.name == dependency) else { return Ok(()) };
        let name = container_name(project, service);
        let Some(container) = self.containers.get_mut(&name) else { return Ok(()) };
        match container.behaviour {
            Behaviour::HealthyAfter(looks) => {
                container.looks = container.looks.max(looks);
                container.refresh_health(true);
                Ok(())
            }
            Behaviour::NeverHealthy => Err(format!("dependency failed to start: container {name} is unhealthy")),
            Behaviour::Exits(code) => Err(format!("dependency failed to start: container {name} exited ({code})")),
        }
    }

    fn stop_project(&mut self, project: &str, ran: &mut Ran) {
        for name in self.of_project(project) {
            self.stop(&name);
            ran.say("Container", &name, "Stopped");
        }
    }

    /// Removes the project's containers and networks. Volumes stay: nothing here can remove one.
    fn down(&mut self, project: &str, ran: &mut Ran) {
        for name in self.of_project(project) {
            self.remove(&name);
            ran.say("Container", &name, "Removed");
        }
        let own = |labels: &BTreeMap<String, String>| labels.get(LABEL_PROJECT).map(String::as_str) == Some(project);
        let networks: Vec<String> = self.networks.iter().filter(|(_, labels)| own(labels)).map(|(name, _)| name.clone()).collect();
        for name in networks {
            self.networks.remove(&name);
            ran.say("Network", &name, "Removed");
        }
    }
}

fn container_name(project: &str, service: &Service) -> String {
    service.container_name.clone().unwrap_or_else(|| format!("{project}-{}-1", service.name))
}

fn part_labels(project: &str, part: &Part, key_label: &str) -> BTreeMap<String, String> {
    let mut labels = part.labels.clone();
    labels.insert(LABEL_PROJECT.to_owned(), project.to_owned());
    labels.insert(key_label.to_owned(), part.key.clone());
    labels
}

fn container_labels(project: &str, service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.labels.clone();
    labels.insert(LABEL_PROJECT.to_owned(), project.to_owned());
    labels.insert(LABEL_SERVICE.to_owned(), service.name.clone());
    labels.insert("com.docker.compose.config-hash".to_owned(), service.hash.clone());
    labels.insert("com.docker.compose.project.working_dir".to_owned(), super::folder(project));
    labels
}
