//! `steward serve`: the server, from its first line to its last.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use futures_util::FutureExt;
use steward_core::user::Actor;
use steward_engine::backups::restore;
use steward_engine::{BackupConfig, Engine, EngineConfig, OsRandom, Random, SystemClock, Timing};
use steward_host::local::{LocalConfig, LocalHost};
use steward_host::own_program::inherited_listener;
use steward_store::{FolderLock, Store, StoreError, meta};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api::{self, App, Https, KnownHosts, ListenLimits, Speaks};
use crate::catalog_source::Sources;
use crate::logging::{self, LogFormat};
use crate::no_start::{self, NoStart};
use crate::restart::SelfRestart;
use crate::signals::Signals;
use crate::tls::{HttpsArgs, Names, Tls};
use crate::{config, hello, master_key};

/// How long the engine's tasks may take to end; what is left is taken up at the next start.
const GRACE: Duration = Duration::from_secs(4);
/// How often, and for how long, the first look at this machine is waited for.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 300;

/// Options of the server.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Where Steward keeps its data. Without it $XDG_DATA_HOME/steward, or ~/.local/share/steward.
    #[arg(long, env = "STEWARD_DATA_DIR", value_name = "FOLDER", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, env = "STEWARD_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", hide_env_values = true)]
    pub listen: SocketAddr,
    /// HTTPS.
    #[command(flatten)]
    pub https: HttpsArgs,
    /// A name by which this server may be asked, beside IP addresses, localhost and this machine's
    /// own name. Can be given several times; in the variable, separated by commas.
    #[arg(long = "allowed-host", env = "STEWARD_ALLOWED_HOSTS", value_name = "NAME", value_delimiter = ',', hide_env_values = true)]
    pub allowed_hosts: Vec<String>,
    /// Where backups of Steward's own state are kept; best on another disk. Without it `backups` in the
    /// data folder.
    #[arg(long, env = "STEWARD_BACKUP_DIR", value_name = "FOLDER", hide_env_values = true)]
    pub backup_dir: Option<PathBuf>,
    /// How many backups are kept.
    #[arg(long, env = "STEWARD_BACKUP_KEEP", value_name = "N", default_value_t = steward_engine::backups::KEEP, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(1..=500))]
    pub backup_keep: u32,
    /// A folder with applications of your own, beside `catalog` in the data folder. Can be given
    /// several times.
    #[arg(long = "catalog-dir", value_name = "FOLDER")]
    pub catalog_dirs: Vec<PathBuf>,
    /// The address of the container engine, such as unix:///var/run/docker.sock.
    #[arg(long, env = "DOCKER_HOST", value_name = "URL", hide_env_values = true)]
    pub docker_host: Option<String>,
    /// The folder of Docker's own configuration, where the sign-ins to registries are.
    #[arg(long, env = "DOCKER_CONFIG", value_name = "FOLDER", hide_env_values = true)]
    pub docker_config: Option<PathBuf>,
    /// The folder of host maintenance scripts; it and everything above it have to be root's.
    #[arg(long, env = "STEWARD_SCRIPTS_DIR", value_name = "FOLDER", default_value = "/etc/steward/scripts", hide_env_values = true)]
    pub scripts_dir: PathBuf,
    /// This is a development instance: it touches only devices that are marked as development.
    #[arg(long, env = "STEWARD_DEVELOPMENT", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    pub development: bool,
    /// What is logged, such as info, debug or steward=debug,warn.
    #[arg(long, env = "STEWARD_LOG", value_name = "FILTER", default_value = "info", hide_env_values = true)]
    pub log: String,
    /// How it is logged.
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Serves until it is told to stop.
pub async fn run(args: ServeArgs) -> ExitCode {
    // First of all: a socket that was handed over is in the environment.
    let inherited = inherited_listener();
    logging::start(args.log_format, &args.log);
    match run_until_stopped(&args, inherited).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(NoStart(code, error)) => {
            eprintln!("steward: {error:#}");
            ExitCode::from(code)
        }
    }
}

async fn run_until_stopped(args: &ServeArgs, inherited: io::Result<Option<Listener>>) -> Result<(), NoStart> {
    let restart = SelfRestart::new();
    // Bound before anything slow: whoever asks meanwhile waits in the system's queue for the answer.
    let mut listener = match inherited.context("the socket that was handed over cannot be used")? {
        Some(listener) => listener,
        None => bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?,
    };
    let mut signals = None;
    loop {
        let server = start(args, listener, restart.clone()).await?;
        match server.serve(&restart, signals.get_or_insert_with(Signals::listen)).await {
            None => return Ok(()),
            Some(socket) => {
                restart.carry_out(&socket);
                // Still here: the program could not be started, so this process serves on.
                listener = socket;
            }
        }
    }
}

/// A listening socket that outlives the server that listens on it.
type Listener = std::net::TcpListener;

async fn bind(address: SocketAddr) -> io::Result<Listener> {
    TcpListener::bind(address).await?.into_std()
}

struct Server {
    listener: TcpListener,
    /// The same socket once more, which is still open when nobody listens on it.
    socket: Listener,
    address: SocketAddr,
    store: Store,
    engine: Engine,
    speaks: Speaks,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
}

async fn start(args: &ServeArgs, socket: Listener, restart: Arc<SelfRestart>) -> Result<Server, NoStart> {
    let listener = socket.try_clone().and_then(TcpListener::from_std).context("the socket cannot be listened on")?;
    let address = listener.local_addr().context("the listener has no address")?;
    // Programs that are started for a project do not share this working directory.
    let folder = config::data_dir(args.data_dir.as_deref())?;
    let backups = args.backup_dir.clone().unwrap_or_else(|| folder.join(steward_engine::backups::FOLDER));
    let backups = std::path::absolute(backups).context("the folder of backups has no absolute path")?;
    let store = open(&folder, &backups).await?;
    let tls = tls(args, &folder)?;
    let key = master_key::load_or_make(&folder, &OsRandom).map_err(anyhow::Error::from)?;
    let instance = instance(&store).await.map_err(anyhow::Error::from)?;
    let local = Arc::new(local_host(args, &folder, instance));
    let mut catalogs = vec![folder.join("catalog")];
    catalogs.extend(args.catalog_dirs.iter().cloned());
    let engine = Engine::start(EngineConfig {
        store: store.clone(),
        local,
        catalog: Box::new(Sources::new(catalogs)),
        archives: BTreeMap::from([(hello::IMAGE.to_owned(), Bytes::from_static(hello::ARCHIVE))]),
        key,
        backups: BackupConfig { folder: Some(backups), keep: args.backup_keep },
        restart: Some(restart),
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        timing: Timing::default(),
        development: args.development,
        faults: None,
    })
    .await
    .map_err(anyhow::Error::from)?;
    let named: Vec<String> = args.allowed_hosts.iter().chain(&args.https.acme).cloned().collect();
    let hosts = KnownHosts::new(named.iter().cloned().chain(config::machine_names()));
    let stop = CancellationToken::new();
    let exposed = tls.is_none() && is_reached_by_others(address);
    let strict = if args.https.no_hsts { Vec::new() } else { named };
    let https = Https::new(tls.clone(), exposed, strict);
    let app = App::new(engine.clone(), Arc::new(SystemClock), hosts, https, stop.clone());
    let speaks = speaks(app, tls.as_ref())?;
    Ok(Server { listener, socket, address, store, engine, speaks, tls, stop })
}

/// What is shown to those who connect; none without HTTPS.
fn tls(args: &ServeArgs, folder: &Path) -> anyhow::Result<Option<Arc<Tls>>> {
    let clock = Arc::new(SystemClock);
    let (files, acme) = (args.https.files()?, args.https.acme()?);
    let tls = match files {
        Some((certificate, key)) => Tls::own(std::path::absolute(certificate)?, std::path::absolute(key)?, clock)?,
        None if args.https.https => Tls::local(folder, Names::new(args.allowed_hosts.clone()), acme, clock)?,
        None => return Ok(None),
    };
    Ok(Some(tls))
}

/// Opens the database, after a restore that was broken off was finished.
async fn open(folder: &Path, backups: &Path) -> Result<Store, NoStart> {
    let explained = async |error| no_start::explain(folder, backups, error).await;
    let lock = match FolderLock::take(folder) {
        Ok(lock) => lock,
        Err(error) => return Err(explained(error).await),
    };
    if let Some(before) = restore::finish(folder).context("a restore that was broken off cannot be finished")? {
        tracing::warn!(before = %before.display(), "a restore that was broken off was finished; the state from before is kept");
    }
    match Store::open_taken(lock).await {
        Ok(store) => Ok(store),
        Err(error) => Err(explained(error).await),
    }
}

/// Names this installation, so that what it starts can be told from what another one starts.
async fn instance(store: &Store) -> Result<String, StoreError> {
    const KEY: &str = "instance";
    let mut tx = store.begin().await?;
    if let Some(instance) = meta::get(&mut tx, KEY).await? {
        return Ok(instance);
    }
    let mut random = [0; 8];
    OsRandom.fill(&mut random);
    let instance = hex::encode(random);
    meta::put(&mut tx, KEY, &instance).await?;
    tx.commit().await?;
    Ok(instance)
}

/// The machine that this program runs on.
fn local_host(args: &ServeArgs, folder: &Path, instance: String) -> LocalHost {
    LocalHost::new(LocalConfig {
        docker_host: args.docker_host.clone(),
        docker_config: args.docker_config.clone(),
        home: config::home(),
        path: config::search_path(),
        projects_root: folder.join("projects"),
        scripts_root: args.scripts_dir.clone(),
        instance,
        name: config::machine_name(),
    })
}

impl Server {
    /// Serves until it is to stop, or to be replaced: then it gives the socket, still open.
    async fn serve(self, restart: &SelfRestart, signals: &mut Signals) -> Option<Listener> {
        self.greet();
        if self.engine.is_development() {
            tracing::warn!("this is a development instance: operations are refused on every device that is not marked as development");
        }
        tracing::info!(address = %self.address, version = env!("CARGO_PKG_VERSION"), "Steward serves");
        let greeting = tokio::spawn(greet_engine(self.engine.clone()));
        if let Some(tls) = self.tls {
            tokio::spawn(tls.keep(self.stop.clone()));
        }
        let serving = tokio::spawn(api::listen(self.listener, self.speaks, ListenLimits::default(), self.stop.clone()));
        let restarts = tokio::select! {
            () = signals.heard() => false,
            () = restart.asked() => true,
        };
        // Whoever connects while the server stops is refused; while it restarts, they wait.
        let socket = restarts.then_some(self.socket);
        tracing::info!("{}", if restarts { "Steward restarts" } else { "Steward stops" });
        if !restarts {
            signals.end_the_process();
        }
        self.stop.cancel();
        greeting.abort();
        // Requests and the engine's tasks end at the same time, so that both fit into the grace.
        let ending = async { tokio::join!(serving, self.engine.shutdown()) };
        if tokio::time::timeout(GRACE, ending).await.is_err() {
            tracing::warn!("what was still under way is taken up at the next start");
        }
        if tokio::time::timeout(Duration::from_millis(500), self.store.close()).await.is_err() {
            tracing::warn!("the database was busy; it is whole, its log is read at the next start");
        }
        // A signal that came meanwhile is the last word.
        socket.filter(|_| signals.heard().now_or_never().is_none())
    }

    /// Says where it is. Whoever read this when it started may have gone by the time it restarts.
    fn greet(&self) {
        let mut out = io::stdout();
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let _ = writeln!(out, "listening: {scheme}://{}", self.address);
        let authority = self.tls.as_ref().and_then(|tls| tls.authority()).map(|authority| authority.facts());
        if let Some(code) = self.engine.setup_code() {
            // With the fingerprint in it, the line alone is enough to set up from another machine and to be
            // sure that it is this server.
            let known = authority.map(|facts| format!(",ca={}", facts.fingerprint.replace(':', ""))).unwrap_or_default();
            let _ = writeln!(out, "setup: {scheme}://{}/setup#code={code}{known}", reachable(self.address));
        }
        if let Some(facts) = authority {
            tracing::info!(authority = facts.subject, sha256 = facts.fingerprint, "this authority vouches for the server over HTTPS");
        }
        if self.tls.is_none() && is_reached_by_others(self.address) {
            tracing::warn!(
                address = %self.address,
                "plain HTTP is spoken where other machines reach it: passwords and sign-ins can be read on the way. Start Steward with --https"
            );
        }
    }
}

/// Whether other machines reach what listens there.
fn is_reached_by_others(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// What is spoken, and who answers.
fn speaks(app: Arc<App>, tls: Option<&Arc<Tls>>) -> anyhow::Result<Speaks> {
    let Some(tls) = tls else { return Ok(Speaks::Http(api::router(app))) };
    Ok(Speaks::Https { tls: tls.acceptor()?, plain: api::https::plain(Arc::clone(&app)), router: api::router(app) })
}

/// The address under which this machine itself reaches the server.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())) } else { address }
}

/// Says on the console what to do when this machine has no engine that answers.
async fn greet_engine(engine: Engine) {
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK).await;
        let Ok(devices) = engine.devices(&Actor::System).await else { continue };
        let Some(device) = devices.into_iter().find(|device| device.facts.is_some() || device.problem.is_some()) else { continue };
        let Some(problem) = device.problem else { return };
        let commands: String = problem.commands.iter().map(|command| format!("\n  {command}")).collect();
        eprintln!("{}\n{}{commands}\nSteward goes on and notices by itself when it is there.", problem.message, problem.hint);
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C10: what listens for this machine alone needs no HTTPS.
    #[test]
    fn others_reach_all_but_loopback() {
        for (address, reached) in [
            ("127.0.0.1:80", false),
            ("127.8.8.8:80", false),
            ("[::1]:80", false),
            ("[::ffff:127.0.0.1]:80", false),
            ("0.0.0.0:80", true),
            ("[::]:80", true),
            ("192.168.1.2:80", true),
        ] {
            assert_eq!(is_reached_by_others(address.parse().unwrap()), reached, "{address}");
        }
    }

    #[test]
    fn the_printed_address_can_be_opened() {
        for (listen, open) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "127.0.0.1:80"), ("10.0.0.1:80", "10.0.0.1:80"), ("[::1]:80", "[::1]:80")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), open);
        }
    }
}
