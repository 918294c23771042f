//! The simulated machine as a [`Host`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use steward_core::device::{Container, EngineInfo, Facts, Image, ListeningPort, Network, Volume};
use steward_core::event::Progress;
use steward_core::log::LogLine;
use steward_core::name::{ImageRef, VolumeName};
use steward_core::script::HostScripts;
use tokio_stream::wrappers::BroadcastStream;

use super::compose::Ran;
use super::faults::{Drawn, When, strike_before};
use super::image::{Behaviour, SimulatedImage, canonical};
use super::world::{SimulatedContainer, World, Written};
use super::{SimulatedHost, folder, scripts};
use crate::error::{HostError, HostErrorKind};
use crate::host::{
    CommandReport, ComposeAction, ComposeRequest, EngineEvent, Host, LogsRequest, PortProbe, ProbeOutcome, ProgressSink, ProjectFile,
    Result, ScriptRequest,
};
use crate::{compose, project};

impl SimulatedHost {
    /// Records a call, hangs if asked to, and lets faults strike that come before the effect.
    async fn begin(&self, name: &'static str, detail: &str) -> Result<Option<Drawn>> {
        let drawn = self.lock().script.record(name, detail);
        let mut hung = self.hung.subscribe();
        let free = |hung: &Option<String>| hung.as_deref().is_none_or(|call| !call.is_empty() && !name.starts_with(call));
        // The sender lives as long as the machine, so waiting ends by being released or dropped.
        let _ = hung.wait_for(free).await;
        strike_before(drawn)
    }

    /// One call: the effect is whole or not at all, whenever the future is dropped.
    async fn call<T>(&self, name: &'static str, detail: &str, effect: impl FnOnce(&mut World) -> Result<T> + Send) -> Result<T> {
        let drawn = self.begin(name, detail).await?;
        let answer = effect(&mut self.lock())?;
        match drawn {
            Some(drawn) => Err(drawn.error()),
            None => Ok(answer),
        }
    }

    /// A call that needs the engine.
    async fn engine_call<T>(&self, name: &'static str, detail: &str, effect: impl FnOnce(&mut World) -> Result<T> + Send) -> Result<T> {
        self.call(name, detail, |world| {
            world.need_engine()?;
            effect(world)
        })
        .await
    }
}

pub(super) fn report(argv: &[&str], exit_code: i32, output: String) -> CommandReport {
    CommandReport { argv: argv.iter().map(|&arg| arg.to_owned()).collect(), exit_code: Some(exit_code), duration: Duration::ZERO, output }
}

#[async_trait]
impl Host for SimulatedHost {
    async fn facts(&self) -> Result<Facts> {
        self.call("facts", "", |world| Ok(world.facts.clone())).await
    }

    async fn engine(&self) -> Result<EngineInfo> {
        self.engine_call("engine", "", |world| Ok(world.engine.clone())).await
    }

    async fn containers(&self, project: Option<&str>) -> Result<Vec<Container>> {
        self.engine_call("containers", project.unwrap_or_default(), |world| {
            let wanted = world.containers.values_mut().filter(|c| project.is_none_or(|project| c.seen.project() == Some(project)));
            Ok(wanted.map(observe).collect())
        })
        .await
    }

    async fn volumes(&self) -> Result<Vec<Volume>> {
        self.engine_call("volumes", "", |world| {
            let parsed = world.volumes.iter().filter_map(|(name, volume)| {
                let name = VolumeName::parse(name).ok()?;
                Some(Volume { name, labels: volume.labels.clone(), created: Some("2023-11-14T22:13:20Z".to_owned()) })
            });
            Ok(parsed.collect())
        })
        .await
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        self.engine_call("networks", "", |world| {
            Ok(world.networks.iter().map(|(name, labels)| Network { name: name.clone(), labels: labels.clone() }).collect())
        })
        .await
    }

    async fn image(&self, reference: &ImageRef) -> Result<Option<Image>> {
        self.engine_call("image", reference.as_str(), |world| Ok(world.image(reference).map(|image| image.describe(reference)))).await
    }

    async fn listening_ports(&self) -> Result<Vec<ListeningPort>> {
        self.call("listening_ports", "", |world| {
            let mut ports = world.listeners.clone();
            for container in world.containers.values().filter(|container| container.running()) {
                let owner = Some(container.seen.name.clone());
                let published = container.seen.ports.iter();
                ports.extend(published.map(|p| ListeningPort { port: p.external, protocol: p.protocol, owner: owner.clone() }));
            }
            ports.sort_by_key(|port| (port.port, port.protocol));
            Ok(ports)
        })
        .await
    }

    async fn image_pull(&self, reference: &ImageRef, _deadline: Duration, sink: &dyn ProgressSink) -> Result<CommandReport> {
        let argv = ["docker", "pull", reference.as_str()];
        let pulled = self.engine_call("image_pull", reference.as_str(), |world| pull(world, reference, &argv)).await?;
        for done in 0..=2 {
            sink.progress(pull_progress(reference, pulled.size, done));
        }
        Ok(report(&argv, 0, format!("Status: Downloaded newer image for {reference}")))
    }

    async fn image_load(&self, reference: &ImageRef, archive: Bytes) -> Result<CommandReport> {
        let argv = ["docker", "load"];
        self.engine_call("image_load", reference.as_str(), |world| {
            if archive.is_empty() {
                let failed = report(&argv, 1, "unexpected EOF".into());
                return Err(HostError::new(HostErrorKind::Failed, format!("loading `{reference}`: unexpected EOF")).with_report(failed));
            }
            let known = world.registry.get(&canonical(reference)).cloned();
            let image = known.unwrap_or_else(|| {
                let size = u64::try_from(archive.len()).unwrap_or(u64::MAX);
                SimulatedImage::new(reference).size(size).architecture(&world.engine.architecture)
            });
            world.images.insert(canonical(reference), image);
            Ok(report(&argv, 0, format!("Loaded image: {reference}")))
        })
        .await
    }

    async fn image_remove(&self, reference: &ImageRef) -> Result<CommandReport> {
        self.engine_call("image_remove", reference.as_str(), |world| {
            let argv = ["docker", "image", "rm", reference.as_str()];
            let Some(id) = world.image(reference).map(SimulatedImage::id) else {
                return Ok(report(&argv, 0, format!("{reference} is not there")));
            };
            if let Some(user) = world.containers.values().find(|container| container.seen.image_id == id) {
                return Ok(report(&argv, 0, format!("{reference} stays: container {} uses it", user.seen.name)));
            }
            world.images.remove(&canonical(reference));
            Ok(report(&argv, 0, format!("Untagged: {reference}\nDeleted: {id}")))
        })
        .await
    }

    async fn volume_delete(&self, name: &VolumeName) -> Result<CommandReport> {
        self.engine_call("volume_delete", name.as_str(), |world| {
            let argv = ["docker", "volume", "rm", name.as_str()];
            if world.mounted().contains(name.as_str()) {
                let text = format!("remove {name}: volume is in use");
                return Err(HostError::new(HostErrorKind::Conflict, text.clone()).with_report(report(&argv, 1, text)));
            }
            world.volumes.remove(name.as_str());
            Ok(report(&argv, 0, name.to_string()))
        })
        .await
    }

    async fn compose(&self, request: &ComposeRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
        let project = project::check(&request.project)?;
        let drawn = self.begin(call_name(request.action), project).await?;
        let halfway = drawn.as_ref().is_some_and(|drawn| drawn.when == When::Halfway);
        let (ran, with_secrets) = {
            let mut world = self.lock();
            world.need_engine()?;
            let lies = world.script.lie.as_deref() == Some(call_name(request.action));
            let ran = if lies { Ran::default() } else { world.compose(project, request.action, halfway) };
            (ran, world.files.contains_key(&(project.to_owned(), ProjectFile::Secrets)))
        };
        for line in &ran.output {
            sink.progress(Progress { message: line.clone(), ..Progress::default() });
        }
        let argv = compose_argv(project, with_secrets, compose::words(request.action));
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        if let Some(error) = ran.error {
            let failed = report(&argv, 1, ran.output.join("\n"));
            return Err(HostError::new(compose::kind_of(&error), error).with_report(failed));
        }
        match drawn {
            Some(drawn) => Err(drawn.error().with_report(report(&argv, 1, ran.output.join("\n")))),
            None => Ok(report(&argv, 0, ran.output.join("\n"))),
        }
    }

    async fn read_file(&self, project: &str, file: ProjectFile) -> Result<Option<String>> {
        let key = (project::check(project)?.to_owned(), file);
        self.call("read_file", &detail(project, file), |world| Ok(world.files.get(&key).cloned())).await
    }

    async fn write_file(&self, project: &str, file: ProjectFile, content: &str) -> Result<()> {
        let key = (project::check(project)?.to_owned(), file);
        self.call("write_file", &detail(project, file), |world| {
            world.files.insert(key, content.to_owned());
            Ok(())
        })
        .await
    }

    async fn remove_file(&self, project: &str, file: ProjectFile) -> Result<()> {
        let key = (project::check(project)?.to_owned(), file);
        self.call("remove_file", &detail(project, file), |world| {
            world.files.remove(&key);
            Ok(())
        })
        .await
    }

    fn project_folder(&self, project: &str) -> String {
        folder(project)
    }

    async fn probe(&self, probe: &PortProbe, _timeout: Duration) -> Result<ProbeOutcome> {
        let (PortProbe::Http { port, .. } | PortProbe::Tcp { port }) = *probe;
        self.call("probe", &port.to_string(), |world| Ok(probe_port(world, port))).await
    }

    async fn logs(&self, request: &LogsRequest) -> Result<BoxStream<'static, Result<LogLine>>> {
        let (past, lines) = self
            .engine_call("logs", &request.project, |world| {
                let past = tail(world, request);
                Ok((past, world.lines.subscribe()))
            })
            .await?;
        let past = stream::iter(past.into_iter().map(Ok));
        if !request.follow {
            return Ok(past.boxed());
        }
        let request = request.clone();
        let live = BroadcastStream::new(lines).filter_map(move |written| {
            let line = written.ok().and_then(|written| wanted(&request, written));
            std::future::ready(line.map(Ok))
        });
        Ok(past.chain(live).boxed())
    }

    async fn watch(&self) -> Result<BoxStream<'static, EngineEvent>> {
        let events = self.engine_call("watch", "", |world| Ok(world.events.subscribe())).await?;
        Ok(BroadcastStream::new(events).filter_map(|event| std::future::ready(event.ok())).boxed())
    }

    async fn scripts(&self) -> Result<HostScripts> {
        self.call("scripts", "", |world| Ok(scripts::list(world))).await
    }

    async fn run_script(&self, request: &ScriptRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
        self.call("run_script", request.name.as_str(), |world| scripts::run(world, request, sink)).await
    }

    async fn reap(&self) -> Result<usize> {
        self.call("reap", "", |world| Ok(std::mem::take(&mut world.left_behind))).await
    }
}

fn observe(container: &mut SimulatedContainer) -> Container {
    let healthy = container.look();
    container.refresh_health(healthy);
    let mut seen = container.seen.clone();
    // The engine publishes the ports of running containers only.
    if !container.running() {
        seen.ports.clear();
    }
    seen
}

fn detail(project: &str, file: ProjectFile) -> String {
    format!("{project}/{}", file.file_name())
}

fn pull(world: &mut World, reference: &ImageRef, argv: &[&str]) -> Result<SimulatedImage> {
    let failed = |kind, text: String| {
        let message = format!("pulling `{reference}`: {text}");
        Err(HostError::new(kind, message).with_report(report(argv, 1, format!("Error response from daemon: {text}"))))
    };
    if !world.registry_up {
        let registry = reference.registry();
        return failed(HostErrorKind::Failed, format!("Get \"https://{registry}/v2/\": dial tcp: i/o timeout"));
    }
    let Some(image) = world.registry.get(&canonical(reference)).cloned() else {
        return failed(HostErrorKind::NotFound, format!("manifest for {reference} not found: manifest unknown"));
    };
    world.images.insert(canonical(reference), image.clone());
    Ok(image)
}

/// Two layers of the same size, so that a receiver sees counts grow.
fn pull_progress(reference: &ImageRef, size: u64, done: u64) -> Progress {
    Progress {
        message: format!("pulling {reference}"),
        done: Some(done),
        total: Some(2),
        bytes_done: Some(size / 2 * done),
        bytes_total: Some(size / 2 * 2),
        ..Progress::default()
    }
}

fn call_name(action: ComposeAction) -> &'static str {
    match action {
        ComposeAction::Up => "compose.up",
        ComposeAction::Start => "compose.start",
        ComposeAction::Stop => "compose.stop",
        ComposeAction::Restart => "compose.restart",
        ComposeAction::Down => "compose.down",
    }
}

fn compose_argv(project: &str, with_secrets: bool, words: &[&str]) -> Vec<String> {
    let folder = folder(project);
    let mut argv: Vec<String> = ["docker", "compose", "-p", project, "--project-directory", &folder, "-f"].map(str::to_owned).into();
    argv.push(format!("{folder}/{}", ProjectFile::Compose.file_name()));
    if with_secrets {
        argv.extend(["--env-file".to_owned(), format!("{folder}/{}", ProjectFile::Secrets.file_name())]);
    }
    argv.extend(words.iter().map(|&word| word.to_owned()));
    argv
}

fn probe_port(world: &mut World, port: u16) -> ProbeOutcome {
    let publishes = |container: &&mut SimulatedContainer| container.running() && container.seen.ports.iter().any(|p| p.external == port);
    if let Some(container) = world.containers.values_mut().find(publishes) {
        let healthy = container.look();
        container.refresh_health(healthy);
        return match container.behaviour {
            _ if healthy => ProbeOutcome::Healthy,
            Behaviour::HealthyAfter(_) => ProbeOutcome::Unhealthy("connection refused".into()),
            Behaviour::NeverHealthy | Behaviour::Exits(_) => ProbeOutcome::Unhealthy("HTTP status 503".into()),
        };
    }
    if world.listeners.iter().any(|listener| listener.port == port) {
        return ProbeOutcome::Healthy;
    }
    ProbeOutcome::Unhealthy("connection refused".into())
}

/// The lines of the past that a request asks for, oldest first.
fn tail(world: &World, request: &LogsRequest) -> Vec<LogLine> {
    let mut lines = Vec::new();
    for container in world.containers.values().filter(|c| c.seen.project() == Some(request.project.as_str())) {
        let fits = |line: &&LogLine| request.since.is_none_or(|since| line.at.is_some_and(|at| at.0 >= since.saturating_mul(1000)));
        let keep = usize::try_from(request.tail).unwrap_or(usize::MAX);
        let of_service = request.service.as_ref().is_none_or(|service| container.seen.service() == Some(service.as_str()));
        if of_service {
            let skip = container.log.len().saturating_sub(keep);
            lines.extend(container.log.iter().skip(skip).filter(fits).cloned());
        }
    }
    lines.sort_by_key(|line| line.at);
    lines
}

fn wanted(request: &LogsRequest, written: Written) -> Option<LogLine> {
    let of_service = request.service.as_ref().is_none_or(|service| *service == written.line.service);
    (written.project == request.project && of_service).then_some(written.line)
}
