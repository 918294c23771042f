//! The seam: what can be asked of a machine.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use steward_core::device::{Container, EngineInfo, Facts, Image, ListeningPort, Network, Volume};
use steward_core::event::Progress;
use steward_core::log::LogLine;
use steward_core::name::{ImageRef, ScriptName, ServiceName, VolumeName};
use steward_core::script::HostScripts;

use crate::error::HostError;

/// The result of touching a machine.
pub type Result<T> = std::result::Result<T, HostError>;

/// A file of a deployment, below the machine's folder for Steward's projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProjectFile {
    /// `compose.yaml`.
    Compose,
    /// `secrets.env`, readable by Steward's user alone.
    Secrets,
}

impl ProjectFile {
    /// Every file that a project has.
    pub const ALL: [ProjectFile; 2] = [ProjectFile::Compose, ProjectFile::Secrets];

    /// Its name in the project's folder.
    pub fn file_name(self) -> &'static str {
        match self {
            ProjectFile::Compose => "compose.yaml",
            ProjectFile::Secrets => "secrets.env",
        }
    }
}

/// What `docker compose` is asked to do with a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComposeAction {
    /// `up --detach --no-build --pull never --remove-orphans`: containers as the file says.
    Up,
    /// `start`.
    Start,
    /// `stop`.
    Stop,
    /// `restart`.
    Restart,
    /// `down --remove-orphans`, never with `--volumes`.
    Down,
}

/// One request to `docker compose`. Always with `-p`, `--project-directory` and `-f`; with
/// `--env-file` when the project has a secrets file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeRequest {
    /// The Compose project.
    pub project: String,
    /// What to do.
    pub action: ComposeAction,
    /// After this time the whole process group is ended.
    pub deadline: Duration,
}

/// A command that ran, or an engine request written as the command that would do the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandReport {
    /// The argument vector.
    pub argv: Vec<String>,
    /// The exit code; absent when it was killed or did not end. 0 for an engine request that succeeded.
    pub exit_code: Option<i32>,
    /// How long it took.
    pub duration: Duration,
    /// The end of what it printed, standard output and error together, at most 64 KiB.
    pub output: String,
}

/// Which log lines are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsRequest {
    /// The Compose project.
    pub project: String,
    /// One service only.
    pub service: Option<ServiceName>,
    /// How many lines from the end of each container's log.
    pub tail: u32,
    /// Only lines since this time, in seconds since 1970.
    pub since: Option<i64>,
    /// Whether to go on with lines as they come, also over restarts and new containers.
    pub follow: bool,
}

/// Something that changed in the engine; the reader looks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// The Compose project of the container that changed, when it has one.
    pub project: Option<String>,
    /// Docker's word for it: `start`, `die`, `health_status: healthy`, ...
    pub action: String,
}

/// A probe of a port that the machine itself publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortProbe {
    /// An HTTP GET; any status below 400 is good.
    Http {
        /// The port on the machine.
        port: u16,
        /// The path, beginning with `/`.
        path: String,
    },
    /// A TCP connection.
    Tcp {
        /// The port on the machine.
        port: u16,
    },
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// Good.
    Healthy,
    /// Not good, and why.
    Unhealthy(String),
}

/// One run of a host maintenance script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptRequest {
    /// The script.
    pub name: ScriptName,
    /// The SHA-256 of the file that was judged, in hex; another file is not run.
    pub sha256: String,
    /// After this time it is ended, with everything that it started.
    pub deadline: Duration,
    /// Marks its processes, so that they are found wherever they hide: the operation's id.
    pub run: String,
}

/// Takes progress while something long runs. Must return at once.
pub trait ProgressSink: Send + Sync {
    /// Called as often as the source says something; the receiver thins out.
    fn progress(&self, progress: Progress);
}

/// Drops all progress.
pub struct Silent;

impl ProgressSink for Silent {
    fn progress(&self, _: Progress) {}
}

/// A machine, reached locally, over SSH, or simulated.
///
/// Every method has a deadline of its own and can be dropped at any time: then its processes end.
/// Methods that change something are idempotent: what is already so is a success.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// What the machine is and has.
    async fn facts(&self) -> Result<Facts>;

    /// The engine; `Unreachable` when it does not answer.
    async fn engine(&self) -> Result<EngineInfo>;

    /// All containers, running or not, with health, restart counts and ports.
    /// `project` limits them to one Compose project.
    async fn containers(&self, project: Option<&str>) -> Result<Vec<Container>>;

    /// All volumes.
    async fn volumes(&self) -> Result<Vec<Volume>>;

    /// All networks.
    async fn networks(&self) -> Result<Vec<Network>>;

    /// An image, when the engine has it.
    async fn image(&self, reference: &ImageRef) -> Result<Option<Image>>;

    /// Ports that something listens on, with owners as far as they can be known.
    async fn listening_ports(&self) -> Result<Vec<ListeningPort>>;

    /// Pulls an image. `deadline` bounds the time without any progress.
    async fn image_pull(&self, reference: &ImageRef, deadline: Duration, sink: &dyn ProgressSink) -> Result<CommandReport>;

    /// Loads an image from a `docker save` archive.
    async fn image_load(&self, reference: &ImageRef, archive: Bytes) -> Result<CommandReport>;

    /// Removes an image unless a container uses it; says so in the report's output when it stayed.
    async fn image_remove(&self, reference: &ImageRef) -> Result<CommandReport>;

    /// Deletes a volume and all that is in it. Only `volume.delete`, and the undo of a run that made
    /// the volume, may ask for it.
    async fn volume_delete(&self, name: &VolumeName) -> Result<CommandReport>;

    /// Runs `docker compose`.
    async fn compose(&self, request: &ComposeRequest, sink: &dyn ProgressSink) -> Result<CommandReport>;

    /// Reads a file of a project; none when it is not there.
    async fn read_file(&self, project: &str, file: ProjectFile) -> Result<Option<String>>;

    /// Writes a file of a project, through a temporary file and a rename; folder 0700, file 0600.
    async fn write_file(&self, project: &str, file: ProjectFile, content: &str) -> Result<()>;

    /// Removes a file of a project, and the folder when that was the last one.
    async fn remove_file(&self, project: &str, file: ProjectFile) -> Result<()>;

    /// Where the project's folder is on the machine, for people.
    fn project_folder(&self, project: &str) -> String;

    /// Probes a port of the machine.
    async fn probe(&self, probe: &PortProbe, timeout: Duration) -> Result<ProbeOutcome>;

    /// Log lines, oldest first. Ends when nothing more can come; with `follow`, when it is dropped
    /// or the engine goes away.
    async fn logs(&self, request: &LogsRequest) -> Result<BoxStream<'static, Result<LogLine>>>;

    /// Changes of the engine's containers as they happen. Ends when the engine goes away.
    async fn watch(&self) -> Result<BoxStream<'static, EngineEvent>>;

    /// The host maintenance scripts, each judged as it would be when it is run.
    async fn scripts(&self) -> Result<HostScripts>;

    /// Runs a script to its end or its deadline; nothing that it started in its environment is left
    /// afterwards. `Conflict` when the file is not the one that was judged, `Failed` with the report when
    /// it ended with another exit code than 0.
    async fn run_script(&self, request: &ScriptRequest, sink: &dyn ProgressSink) -> Result<CommandReport>;

    /// Ends every process that an earlier, killed Steward of this instance left behind; says how many.
    async fn reap(&self) -> Result<usize>;
}
