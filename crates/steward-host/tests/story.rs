//! One story for every kind of host: what the engine relies on, told once.
//!
//! The simulated machine always runs it. The local one needs an engine and the lab's registry:
//! `eval "$(make -s lab-up)"` sets the variables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types)]

use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use steward_core::device::{Container, ContainerState, Health, Protocol};
use steward_core::event::Progress;
use steward_core::log::{LogLine, LogStream};
use steward_core::name::{ImageRef, ServiceName, VolumeName};
use steward_host::local::{LocalConfig, LocalHost};
use steward_host::simulated::{Behaviour, SimulatedHost, SimulatedImage};
use steward_host::{
    CommandReport, ComposeAction, ComposeRequest, Host, HostError, HostErrorKind, LogsRequest, PortProbe, ProbeOutcome, ProgressSink,
    ProjectFile, Silent,
};

/// What differs between the machines: how the test reaches behind Steward's back.
struct Stage {
    host: Arc<dyn Host>,
    simulated: Option<SimulatedHost>,
    project: String,
    instance: String,
    port: u16,
    image: ImageRef,
    /// Kept until the end of the story.
    _root: Option<tempfile::TempDir>,
}

#[derive(Default)]
struct Heard(Mutex<Vec<Progress>>);

impl ProgressSink for Heard {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

impl Stage {
    fn simulated() -> Self {
        let host = SimulatedHost::new();
        let image = ImageRef::parse("steward/web:1").unwrap();
        host.publish(SimulatedImage::new(&image));
        host.publish(SimulatedImage::new(&ImageRef::parse("steward/web:exits").unwrap()).behaviour(Behaviour::Exits(1)));
        let instance = "simulated".to_owned();
        Self {
            host: Arc::new(host.clone()),
            simulated: Some(host),
            project: "steward-story".into(),
            instance,
            port: 8080,
            image,
            _root: None,
        }
    }

    /// The local machine with the lab's engine; none when there is no lab.
    fn local(name: &str) -> Option<Self> {
        let Ok(docker_host) = std::env::var("STEWARD_TEST_DOCKER_HOST") else {
            println!("skipped: needs a Docker engine (make lab-up)");
            return None;
        };
        let root = tempfile::tempdir().unwrap();
        let instance = format!("story-{name}-{}", std::process::id());
        let host = LocalHost::new(LocalConfig {
            docker_host: Some(docker_host),
            docker_config: std::env::var_os("STEWARD_TEST_DOCKER_CONFIG").map(Into::into),
            path: std::env::var_os("PATH"),
            projects_root: root.path().join("projects"),
            instance: instance.clone(),
            name: "lab".into(),
            ..LocalConfig::default()
        });
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let project = format!("steward-story-{name}-{}", std::process::id());
        let image = ImageRef::parse("steward/web:1").unwrap();
        Some(Self { host: Arc::new(host), simulated: None, project, instance, port, image, _root: Some(root) })
    }

    /// Another program takes the port until the guard is dropped.
    fn occupy(&self) -> Box<dyn FnOnce()> {
        match self.simulated.clone() {
            Some(host) => {
                host.listen(self.port, Protocol::Tcp, Some("nginx"));
                let port = self.port;
                Box::new(move || host.unlisten(port))
            }
            None => {
                let listener = TcpListener::bind(("0.0.0.0", self.port)).unwrap();
                Box::new(move || drop(listener))
            }
        }
    }

    /// A killed Steward leaves a process behind.
    fn leave_behind(&self) {
        match &self.simulated {
            Some(host) => host.set_left_behind(1),
            None => {
                let mut orphan = Command::new("setsid");
                orphan.args(["--fork", "sleep", "600"]).env("STEWARD_INSTANCE", &self.instance);
                assert!(orphan.status().unwrap().success());
            }
        }
    }

    /// The image as `docker save` writes it.
    fn archive(&self) -> Bytes {
        if self.simulated.is_some() {
            return Bytes::from_static(b"an archive");
        }
        let saved = Command::new("docker")
            .args(["save", self.image.as_str()])
            .env("DOCKER_HOST", std::env::var_os("STEWARD_TEST_DOCKER_HOST").unwrap())
            .output()
            .unwrap();
        assert!(saved.status.success());
        saved.stdout.into()
    }

    fn file(&self, greeting: &str) -> String {
        format!(
            "services:\n  web:\n    image: {}\n    ports: [\"{}:80\"]\n    volumes: [\"data:/data\"]\n    environment:\n      GREETING: \
             \"{greeting}\"\n      SECRET: \"${{SECRET}}\"\n    labels: {{io.steward.deployment: story}}\nvolumes:\n  data: {{}}\n",
            self.image, self.port
        )
    }

    async fn write(&self, file: ProjectFile, text: &str) {
        self.host.write_file(&self.project, file, text).await.unwrap();
    }

    async fn compose(&self, action: ComposeAction) -> Result<CommandReport, HostError> {
        let request = ComposeRequest { project: self.project.clone(), action, deadline: Duration::from_secs(120) };
        self.host.compose(&request, &Silent).await
    }

    async fn container(&self) -> Container {
        let mut containers = self.host.containers(Some(&self.project)).await.unwrap();
        assert_eq!(containers.len(), 1, "{containers:#?}");
        containers.remove(0)
    }

    /// Looks until the container is in a state.
    async fn until(&self, state: ContainerState) -> Container {
        let begun = Instant::now();
        loop {
            let container = self.container().await;
            if container.state == state {
                return container;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{container:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn probe(&self) -> ProbeOutcome {
        let probe = PortProbe::Http { port: self.port, path: "/".into() };
        self.host.probe(&probe, Duration::from_secs(5)).await.unwrap()
    }

    async fn until_healthy(&self) {
        let begun = Instant::now();
        while self.probe().await != ProbeOutcome::Healthy {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", self.probe().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn logs(&self, tail: u32, follow: bool) -> BoxStream<'static, Result<LogLine, HostError>> {
        let request = LogsRequest { project: self.project.clone(), service: None, tail, since: None, follow };
        self.host.logs(&request).await.unwrap()
    }

    fn volume(&self) -> VolumeName {
        VolumeName::parse(&format!("{}_data", self.project)).unwrap()
    }
}

async fn next_line(lines: &mut BoxStream<'static, Result<LogLine, HostError>>) -> LogLine {
    tokio::time::timeout(Duration::from_secs(20), lines.next()).await.expect("a line in time").expect("a line").unwrap()
}

async fn the_whole_story(stage: Stage) {
    the_machine(&stage).await;
    files(&stage).await;
    images(&stage).await;
    up_and_again(&stage).await;
    logs_over_a_restart(&stage).await;
    stop_and_start(&stage).await;
    a_taken_port(&stage).await;
    the_end(&stage).await;
}

async fn the_machine(stage: &Stage) {
    let facts = stage.host.facts().await.unwrap();
    assert!(facts.cpus > 0 && facts.memory_total > 0 && facts.disk_total > 0);
    let engine = stage.host.engine().await.unwrap();
    assert!(!engine.version.is_empty() && engine.data_root.starts_with('/'));
    assert!(engine.compose_version.as_deref().is_some_and(|version| !version.starts_with("1.")), "{engine:?}");
    assert_eq!(engine.architecture, facts.architecture);
    assert!(stage.host.networks().await.unwrap().iter().any(|network| network.name == "bridge"));

    stage.leave_behind();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(stage.host.reap().await.unwrap(), 1);
    assert_eq!(stage.host.reap().await.unwrap(), 0);
}

async fn files(stage: &Stage) {
    let read = |file| stage.host.read_file(&stage.project, file);
    assert_eq!(read(ProjectFile::Compose).await.unwrap(), None);
    stage.host.remove_file(&stage.project, ProjectFile::Compose).await.unwrap();
    stage.write(ProjectFile::Secrets, "SECRET='one'\n").await;
    stage.write(ProjectFile::Secrets, "SECRET='never shown'\n").await;
    assert_eq!(read(ProjectFile::Secrets).await.unwrap().as_deref(), Some("SECRET='never shown'\n"));
    assert!(stage.host.project_folder(&stage.project).ends_with(&stage.project));
    assert!(stage.host.read_file("../etc", ProjectFile::Compose).await.is_err());
}

async fn images(stage: &Stage) {
    let (host, image) = (&stage.host, &stage.image);
    let missing = ImageRef::parse("steward/web:no-such-tag").unwrap();
    let error = host.image_pull(&missing, Duration::from_secs(60), &Silent).await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::NotFound, "{error}");
    assert_eq!(error.report.unwrap().argv, ["docker", "pull", "steward/web:no-such-tag"]);

    // Others may use the lab's engine at the same time: then the image stays, and the report says so.
    let removed = host.image_remove(image).await.unwrap();
    let gone = host.image(image).await.unwrap().is_none();
    assert_eq!(gone, !removed.output.contains("stays"), "{}", removed.output);
    host.image_remove(&missing).await.unwrap();

    let heard = Heard::default();
    let report = host.image_pull(image, Duration::from_secs(60), &heard).await.unwrap();
    assert_eq!((report.exit_code, report.argv[2].as_str()), (Some(0), "steward/web:1"));
    if gone {
        let last = heard.0.lock().unwrap().last().cloned().expect("progress");
        assert!(last.message.contains("pulling") && last.done == last.total, "{last:?}");
    }
    let archive = stage.archive();
    let found = host.image(image).await.unwrap().expect("pulled");
    assert!(found.size > 0 && found.id.starts_with("sha256:") && !found.has_health_check, "{found:?}");
    assert_eq!(found.architecture, host.engine().await.unwrap().architecture);

    host.image_remove(image).await.unwrap();
    if gone {
        assert!(host.image_load(image, Bytes::new()).await.is_err());
    }
    let loaded = host.image_load(image, archive).await.unwrap();
    assert_eq!(loaded.argv, ["docker", "load"]);
    assert_eq!(host.image(image).await.unwrap().expect("loaded").id, found.id);
}

async fn up_and_again(stage: &Stage) {
    stage.write(ProjectFile::Compose, &stage.file("hello")).await;
    let report = stage.compose(ComposeAction::Up).await.unwrap();
    assert_eq!(report.exit_code, Some(0));
    assert!(report.argv.contains(&"--env-file".to_owned()) && !report.output.contains("never shown"), "{report:?}");
    let first = stage.until(ContainerState::Running).await;
    assert_eq!((first.service(), first.project()), (Some("web"), Some(stage.project.as_str())));
    assert_eq!(first.image, "steward/web:1");
    assert_eq!((first.health, first.exit_code, first.restart_count), (Health::None, None, 0));
    assert!(first.started_at.is_some() && first.labels["io.steward.deployment"] == "story");
    let ports: Vec<_> = first.ports.iter().map(|port| (port.external, port.internal)).collect();
    assert_eq!(ports, [(stage.port, 80)]);
    assert_eq!(first.volumes, [stage.volume().to_string()]);
    stage.until_healthy().await;
    let tcp = PortProbe::Tcp { port: stage.port };
    assert_eq!(stage.host.probe(&tcp, Duration::from_secs(5)).await.unwrap(), ProbeOutcome::Healthy);
    let owner = |ports: Vec<steward_core::device::ListeningPort>| {
        ports.into_iter().find(|port| port.port == stage.port).and_then(|port| port.owner)
    };
    assert_eq!(owner(stage.host.listening_ports().await.unwrap()), Some(first.name.clone()));

    stage.compose(ComposeAction::Up).await.unwrap();
    assert_eq!(stage.container().await.id, first.id, "an unchanged service is left alone");
    stage.write(ProjectFile::Compose, &stage.file("good day")).await;
    stage.compose(ComposeAction::Up).await.unwrap();
    assert_ne!(stage.until(ContainerState::Running).await.id, first.id, "a changed one is replaced");
}

async fn logs_over_a_restart(stage: &Stage) {
    let says_hello = |line: &LogLine| line.text.contains("serving on port 80") || line.text == "started";
    let mut past = stage.logs(10, false).await;
    let line = next_line(&mut past).await;
    assert!(says_hello(&line) && line.stream == LogStream::Stdout && line.at.is_some(), "{line:?}");
    assert_eq!(line.service, ServiceName::parse("web").unwrap());

    let mut events = stage.host.watch().await.unwrap();
    let mut lines = stage.logs(10, true).await;
    assert!(says_hello(&next_line(&mut lines).await));
    let before = stage.container().await;
    stage.compose(ComposeAction::Restart).await.unwrap();
    let next = loop {
        let line = next_line(&mut lines).await;
        if says_hello(&line) {
            break line;
        }
    };
    assert!(next.at > Some(before.started_at.unwrap()), "the line of the second start, once");

    let mut actions = Vec::new();
    while !actions.iter().any(|action| action == "start") {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await.expect("in time").expect("an event");
        if event.project.as_deref() == Some(&stage.project) {
            actions.push(event.action);
        }
    }
    assert!(actions.iter().any(|action| action == "die"), "{actions:?}");

    // A container that takes the place of another one is followed as well.
    stage.write(ProjectFile::Compose, &stage.file("good evening")).await;
    stage.compose(ComposeAction::Up).await.unwrap();
    while !says_hello(&next_line(&mut lines).await) {}
}

async fn stop_and_start(stage: &Stage) {
    stage.compose(ComposeAction::Stop).await.unwrap();
    let stopped = stage.until(ContainerState::Exited).await;
    assert!(stopped.exit_code.is_some() && stopped.ports.is_empty(), "{stopped:?}");
    assert!(matches!(stage.probe().await, ProbeOutcome::Unhealthy(_)));
    stage.compose(ComposeAction::Stop).await.unwrap();
    stage.compose(ComposeAction::Start).await.unwrap();
    assert_eq!(stage.until(ContainerState::Running).await.id, stopped.id);
    stage.until_healthy().await;
}

async fn a_taken_port(stage: &Stage) {
    stage.compose(ComposeAction::Down).await.unwrap();
    assert!(stage.host.containers(Some(&stage.project)).await.unwrap().is_empty());
    assert!(stage.host.volumes().await.unwrap().iter().any(|volume| volume.name == stage.volume()), "down keeps volumes");
    let free = stage.occupy();
    let error = stage.compose(ComposeAction::Up).await.unwrap_err();
    assert!(error.message.contains(&stage.port.to_string()), "{error}");
    assert_eq!(error.kind, HostErrorKind::Conflict, "{error}");
    let report = error.report.unwrap();
    assert!(report.exit_code.is_some_and(|code| code != 0) && report.output.contains("Error response from daemon"), "{report:?}");
    assert_eq!(stage.container().await.state, ContainerState::Created, "Docker leaves it behind");
    free();
    stage.compose(ComposeAction::Up).await.unwrap();
    stage.until(ContainerState::Running).await;
}

async fn the_end(stage: &Stage) {
    let volume = stage.volume();
    let error = stage.host.volume_delete(&volume).await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Conflict, "{error}");

    let exits = ImageRef::parse("steward/web:exits").unwrap();
    stage.host.image_pull(&exits, Duration::from_secs(60), &Silent).await.unwrap();
    stage.write(ProjectFile::Compose, &stage.file("bye").replace("steward/web:1", "steward/web:exits")).await;
    stage.compose(ComposeAction::Up).await.unwrap();
    let ended = stage.until(ContainerState::Exited).await;
    assert_ne!(ended.exit_code, Some(0));

    stage.write(ProjectFile::Compose, &stage.file("bye").replace("steward/web:1", "steward/web:no-such-tag")).await;
    let error = stage.compose(ComposeAction::Up).await.unwrap_err();
    assert!(error.message.contains("No such image"), "{error}");

    stage.compose(ComposeAction::Down).await.unwrap();
    stage.compose(ComposeAction::Down).await.unwrap();
    stage.host.volume_delete(&volume).await.unwrap();
    stage.host.volume_delete(&volume).await.unwrap();
    assert!(stage.host.volumes().await.unwrap().iter().all(|found| found.name != volume));
    for file in ProjectFile::ALL {
        stage.host.remove_file(&stage.project, file).await.unwrap();
        assert_eq!(stage.host.read_file(&stage.project, file).await.unwrap(), None);
    }
    assert!(stage.compose(ComposeAction::Up).await.is_err(), "without a file there is nothing to do");
}

#[tokio::test]
async fn on_the_simulated_machine() {
    the_whole_story(Stage::simulated()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_local_machine() {
    if let Some(stage) = Stage::local("whole") {
        the_whole_story(stage).await;
    }
}
