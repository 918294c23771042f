//! The machine that Steward runs on.

mod compose;
mod containers;
mod docker;
mod events;
mod facts;
mod files;
mod http;
mod images;
mod layers;
mod logs;
mod moment;
mod ports;
mod probe;
mod process;
mod reap;
mod scripts;
mod tail;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bollard::query_parameters::{ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use steward_core::device::{Container, EngineInfo, Facts, Image, ListeningPort, Network, Volume};
use steward_core::log::LogLine;
use steward_core::name::{ImageRef, VolumeName};
use steward_core::script::HostScripts;
use tokio::time::timeout;

use crate::error::{HostError, HostErrorKind};
use crate::host::{
    CommandReport, ComposeRequest, EngineEvent, Host, LogsRequest, PortProbe, ProbeOutcome, ProgressSink, ProjectFile, Result,
    ScriptRequest,
};
use docker::Engine;
use images::Run;

/// Where the engine listens when the caller does not say.
const DEFAULT_ENGINE: &str = "unix:///var/run/docker.sock";

/// How long ports wait for the engine before they do without the names of containers.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a local machine has to be told. Nothing is read from the environment here.
#[derive(Clone, Debug, Default)]
pub struct LocalConfig {
    /// Where the engine listens, such as `unix:///run/docker.sock`; absent: the usual place.
    pub docker_host: Option<String>,
    /// The folder of Docker's configuration and its plugins, for children.
    pub docker_config: Option<PathBuf>,
    /// The home folder that children see; Docker looks there for its configuration and its plugins.
    pub home: Option<PathBuf>,
    /// The search path for programs, also for children; absent: the usual system folders.
    pub path: Option<OsString>,
    /// The folder that holds one folder for each project.
    pub projects_root: PathBuf,
    /// The folder of host maintenance scripts.
    pub scripts_root: PathBuf,
    /// The random id of this Steward's data folder. It marks children, so that those which a killed
    /// Steward left behind can be told from another Steward's.
    pub instance: String,
    /// What people call the machine.
    pub name: String,
}

/// The machine that Steward runs on.
#[derive(Debug)]
pub struct LocalHost {
    config: LocalConfig,
    engine: Arc<Engine>,
    compose_version: OnceLock<String>,
    data_root: Mutex<Option<PathBuf>>,
}

impl LocalHost {
    /// A machine. Nothing is opened or started before it is asked something.
    pub fn new(config: LocalConfig) -> Self {
        let address = config.docker_host.clone().unwrap_or_else(|| DEFAULT_ENGINE.to_owned());
        Self { config, engine: Arc::new(Engine::new(address)), compose_version: OnceLock::new(), data_root: Mutex::new(None) }
    }

    /// What people call the machine.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    async fn read_engine(&self) -> Result<EngineInfo> {
        // First and alone: when nobody answers, which is asked every few seconds, no program is started.
        let version = self.engine.ask("asking for the engine's version", |docker| async move { docker.version().await }).await?;
        let (info, compose_version) = tokio::join!(
            self.engine.ask("asking for the engine's settings", |docker| async move { docker.info().await }),
            self.compose_version(),
        );
        let info = info?;
        let data_root = info.docker_root_dir.unwrap_or_default();
        *self.data_root.lock().unwrap_or_else(PoisonError::into_inner) = Some(PathBuf::from(&data_root));
        Ok(EngineInfo {
            version: version.version.unwrap_or_default(),
            api_version: version.api_version.unwrap_or_default(),
            compose_version,
            architecture: version.arch.unwrap_or_default(),
            data_root,
        })
    }
}

#[async_trait]
impl Host for LocalHost {
    async fn facts(&self) -> Result<Facts> {
        let data_root = self.data_root.lock().unwrap_or_else(PoisonError::into_inner).clone();
        blocking(move || facts::read(data_root.as_deref())).await?
    }

    async fn engine(&self) -> Result<EngineInfo> {
        self.read_engine().await.map_err(|mut error| {
            // An engine that accepts and is silent is as good as none.
            if error.kind == HostErrorKind::TimedOut {
                error.kind = HostErrorKind::Unreachable;
            }
            error
        })
    }

    async fn containers(&self, project: Option<&str>) -> Result<Vec<Container>> {
        containers::list(&self.engine, project.map(crate::project::check).transpose()?).await
    }

    async fn volumes(&self) -> Result<Vec<Volume>> {
        let options = ListVolumesOptionsBuilder::new().build();
        let listed = self.engine.ask("listing volumes", |docker| async move { docker.list_volumes(Some(options)).await }).await?;
        let mut volumes: Vec<Volume> = listed.volumes.unwrap_or_default().into_iter().filter_map(volume).collect();
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(volumes)
    }

    async fn networks(&self) -> Result<Vec<Network>> {
        let options = ListNetworksOptionsBuilder::new().build();
        let listed = self.engine.ask("listing networks", |docker| async move { docker.list_networks(Some(options)).await }).await?;
        let named = listed.into_iter().filter_map(|network| {
            let labels = network.labels.unwrap_or_default().into_iter().collect();
            Some(Network { name: network.name?, labels })
        });
        let mut networks: Vec<Network> = named.collect();
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }

    async fn image(&self, reference: &ImageRef) -> Result<Option<Image>> {
        images::image(&self.engine, reference).await
    }

    async fn listening_ports(&self) -> Result<Vec<ListeningPort>> {
        // Ports are asked for also while the engine is down.
        let containers = timeout(PATIENCE, containers::published_by(&self.engine)).await;
        let containers = containers.ok().and_then(std::result::Result::ok).unwrap_or_default();
        blocking(move || ports::read(&containers)).await
    }

    async fn image_pull(&self, reference: &ImageRef, deadline: Duration, sink: &dyn ProgressSink) -> Result<CommandReport> {
        images::pull(&self.engine, reference, deadline, sink).await
    }

    async fn image_load(&self, reference: &ImageRef, archive: Bytes) -> Result<CommandReport> {
        images::load(&self.engine, reference, archive).await
    }

    async fn image_remove(&self, reference: &ImageRef) -> Result<CommandReport> {
        images::remove(&self.engine, reference).await
    }

    async fn volume_delete(&self, name: &VolumeName) -> Result<CommandReport> {
        let what = format!("deleting volume `{name}`");
        let mut run = Run::new(&self.engine, what.clone(), &["docker", "volume", "rm", name.as_str()]);
        let options = RemoveVolumeOptionsBuilder::new().force(false).build();
        let asked = name.as_str().to_owned();
        match self.engine.ask(&what, |docker| async move { docker.remove_volume(&asked, Some(options)).await }).await {
            Ok(()) => run.output.push(name.as_str()),
            Err(error) if error.kind == HostErrorKind::NotFound => run.output.push(&format!("{name} is not there")),
            Err(error) if error.kind == HostErrorKind::Conflict => {
                return Err(run.failed(HostErrorKind::Conflict, error.message.trim_start_matches(&format!("{what}: "))));
            }
            Err(error) => return Err(error),
        }
        Ok(run.succeeded())
    }

    async fn compose(&self, request: &ComposeRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
        self.run_compose(request, sink).await
    }

    async fn read_file(&self, project: &str, file: ProjectFile) -> Result<Option<String>> {
        files::read(&self.config.projects_root, project, file).await
    }

    async fn write_file(&self, project: &str, file: ProjectFile, content: &str) -> Result<()> {
        files::write(&self.config.projects_root, project, file, content).await
    }

    async fn remove_file(&self, project: &str, file: ProjectFile) -> Result<()> {
        files::remove(&self.config.projects_root, project, file).await
    }

    fn project_folder(&self, project: &str) -> String {
        self.config.projects_root.join(project).display().to_string()
    }

    async fn probe(&self, probe: &PortProbe, timeout: Duration) -> Result<ProbeOutcome> {
        Ok(probe::probe(probe, timeout).await)
    }

    async fn logs(&self, request: &LogsRequest) -> Result<BoxStream<'static, Result<LogLine>>> {
        logs::logs(Arc::clone(&self.engine), request).await
    }

    async fn watch(&self) -> Result<BoxStream<'static, EngineEvent>> {
        events::watch(&self.engine).await
    }

    async fn scripts(&self) -> Result<HostScripts> {
        let root = self.config.scripts_root.clone();
        blocking(move || scripts::list(&root)).await
    }

    async fn run_script(&self, request: &ScriptRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
        self.run_script_file(request, sink).await
    }

    async fn reap(&self) -> Result<usize> {
        reap::reap(&self.config.instance).await
    }
}

/// A volume as Steward knows it. One with a name that Docker itself would refuse is left out.
fn volume(volume: bollard::models::Volume) -> Option<Volume> {
    let name = VolumeName::parse(&volume.name).ok()?;
    Some(Volume { name, labels: volume.labels.into_iter().collect(), created: volume.created_at })
}

/// Reads that can block, such as of `/proc` on a machine with many processes.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| HostError::new(HostErrorKind::Failed, format!("reading the machine's state broke off: {error}")))
}
