#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use super::*;
use crate::definition::{ContainerSpec, PortSpec, Resources};
use crate::device::{ContainerState, Health, LABEL_PROJECT, PublishedPort};
use crate::name::{ImageRef, ServiceName};

fn definition() -> Definition {
    Definition {
        title: "Web".to_owned(),
        description: String::new(),
        category: "web".to_owned(),
        website: None,
        containers: vec![ContainerSpec {
            name: ServiceName::parse("web").unwrap(),
            image: ImageRef::parse("web:1").unwrap(),
            command: Vec::new(),
            ports: vec![PortSpec { internal: 80, external: Some(8080), protocol: Protocol::Tcp, web: true }],
            env: BTreeMap::new(),
            volumes: Vec::new(),
            health_check: None,
            depends_on: Vec::new(),
            user: None,
            memory_limit: None,
        }],
        resources: Resources { cpu: 100, memory: 512, storage: 100 },
        settings: Vec::new(),
        database: None,
        public_access: false,
        post_install: None,
    }
}

fn facts() -> Facts {
    Facts {
        memory_total: 4096 * MIB,
        memory_available: 2048 * MIB,
        disk_total: 100_000 * MIB,
        disk_available: 50_000 * MIB,
        ..Facts::default()
    }
}

fn engine_info() -> EngineInfo {
    EngineInfo {
        version: "28.5.2".to_owned(),
        api_version: "1.51".to_owned(),
        compose_version: Some("2.40.3".to_owned()),
        architecture: "amd64".to_owned(),
        data_root: "/var/lib/docker".to_owned(),
    }
}

struct Scene {
    facts: Facts,
    engine: Option<EngineInfo>,
    listening: Vec<ListeningPort>,
    containers: Vec<Container>,
    images: Vec<Image>,
    reserved: Vec<(u16, Protocol, String)>,
    choices: PortChoices,
    is_new: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            facts: facts(),
            engine: Some(engine_info()),
            listening: Vec::new(),
            containers: Vec::new(),
            images: Vec::new(),
            reserved: Vec::new(),
            choices: PortChoices::new(),
            is_new: true,
        }
    }
}

impl Scene {
    fn run(&self) -> Vec<Check> {
        let world = World {
            engine: self.engine.as_ref(),
            engine_problem: None,
            facts: &self.facts,
            listening: &self.listening,
            containers: &self.containers,
            images: &self.images,
            reserved: &self.reserved,
            names_others: true,
        };
        checks(
            &world,
            &Wanted {
                name: &DeploymentName::parse("web").unwrap(),
                application: &Slug::parse("web").unwrap(),
                definition: &definition(),
                ports: &self.choices,
                is_new: self.is_new,
                embedded: &[],
            },
        )
    }

    fn failed(&self) -> Vec<String> {
        self.run().into_iter().filter(|c| c.status == CheckStatus::Fail).map(|c| c.code).collect()
    }
}

fn container(project: &str, port: u16) -> Container {
    Container {
        id: "a".repeat(64),
        name: format!("{project}-web-1"),
        image: "web:1".to_owned(),
        image_id: String::new(),
        state: ContainerState::Running,
        health: Health::None,
        exit_code: None,
        restart_count: 0,
        started_at: None,
        labels: BTreeMap::from([(LABEL_PROJECT.to_owned(), project.to_owned())]),
        ports: vec![PublishedPort { internal: 80, external: port, protocol: Protocol::Tcp }],
        volumes: Vec::new(),
    }
}

#[test]
fn a_fitting_device_passes_everything() {
    assert!(Scene::default().run().iter().all(|c| c.status == CheckStatus::Pass), "{:?}", Scene::default().run());
}

#[test]
fn a_missing_engine_or_compose_fails() {
    assert_eq!(Scene { engine: None, ..Scene::default() }.failed(), ["engine"]);
    let old = EngineInfo { version: "19.3.1".to_owned(), ..engine_info() };
    assert_eq!(Scene { engine: Some(old), ..Scene::default() }.failed(), ["engine"]);
    let bare = EngineInfo { compose_version: None, ..engine_info() };
    assert_eq!(Scene { engine: Some(bare), ..Scene::default() }.failed(), ["compose"]);
}

#[test]
fn an_image_for_another_architecture_fails() {
    let image = Image {
        reference: ImageRef::parse("web:1").unwrap(),
        id: String::new(),
        architecture: "arm64".to_owned(),
        size: 1,
        has_health_check: false,
    };
    assert_eq!(Scene { images: vec![image], ..Scene::default() }.failed(), ["architecture"]);
}

#[test]
fn too_little_memory_or_disk() {
    let mut scene = Scene::default();
    scene.facts.memory_available = 100 * MIB;
    assert!(scene.failed().is_empty());
    assert!(scene.run().iter().any(|c| c.code == "memory" && c.status == CheckStatus::Warn));
    scene.facts.memory_total = 256 * MIB;
    scene.facts.disk_available = 10 * MIB;
    assert_eq!(scene.failed(), ["memory", "disk"]);
}

/// Proves M5 (pre-flight: ports) and the seed's port conflict detection.
#[test]
fn a_taken_port_names_its_owner_and_offers_a_free_one() {
    let listening = |port, owner: Option<&str>| ListeningPort { port, protocol: Protocol::Tcp, owner: owner.map(str::to_owned) };
    let scene = Scene {
        listening: vec![listening(8080, Some("nginx")), listening(8081, None)],
        reserved: vec![(8082, Protocol::Tcp, "other".to_owned())],
        ..Scene::default()
    };
    let checks = scene.run();
    let port = checks.iter().find(|c| c.code == "port").unwrap();
    assert_eq!(port.message, "port 8080/tcp is used by `nginx`");
    assert_eq!(port.fix, Some(Fix { field: "ports.80/tcp".to_owned(), value: "8083".to_owned() }));
    let fixed = Scene { choices: PortChoices::from([("80/tcp".to_owned(), 8083)]), ..scene };
    assert!(fixed.failed().is_empty());
}

#[test]
fn an_update_keeps_its_own_port_and_project() {
    let own = container("steward-web", 8080);
    let listening = vec![ListeningPort { port: 8080, protocol: Protocol::Tcp, owner: Some("steward-web-web-1".to_owned()) }];
    let update = Scene { containers: vec![own.clone()], listening: listening.clone(), is_new: false, ..Scene::default() };
    assert!(update.failed().is_empty());
    let fresh = Scene { containers: vec![own], listening, ..Scene::default() };
    assert!(fresh.failed().contains(&"name".to_owned()));
}

#[test]
fn a_port_of_a_foreign_container_is_taken() {
    assert_eq!(Scene { containers: vec![container("other", 8080)], ..Scene::default() }.failed(), ["port"]);
}
