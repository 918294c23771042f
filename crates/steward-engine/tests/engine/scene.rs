//! A scene: a simulated machine, a store, an engine, and a signed-in owner.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use steward_core::name::{DeploymentName, ImageRef, SettingKey, Slug};
use steward_core::operation::{DeploymentDeploy, Operation, OperationDetail, Request, State};
use steward_core::role::Role;
use steward_core::user::{Actor, Credential};
use steward_core::{DeploymentId, OperationId, SessionId, UserId};
use steward_engine::catalog::{CatalogSource, Format, Origin, RawEntry};
use steward_engine::faults::{Fault, Faults, Moment};
use steward_engine::{Accepted, BackupConfig, Clock, Engine, EngineConfig, OsRandom, Refused, Submission, SystemClock, Timing};
use steward_host::simulated::{Behaviour, SimulatedHost, SimulatedImage};
use steward_store::Store;

use crate::process::SimulatedProcess;

/// Two containers, two volumes, a port, a plain and a secret setting.
pub const WEB: &str = r#"
service {
  name        = "web"
  title       = "Web"
  description = "A web server with a cache"
  category    = "web"
  container "web" {
    image      = "example/web:1"
    ports      = [{ internal = 80, external = 8081, web = true }]
    depends_on = ["cache"]
    env {
      GREETING = "${setting.greeting}"
      PASSWORD = "${setting.password}"
    }
    volume {
      name = "data"
      path = "/data"
    }
    health_check {
      type     = "http"
      port     = 80
      path     = "/"
      within   = 1
      interval = 1
      timeout = 1
    }
  }
  container "cache" {
    image = "example/cache:1"
    volume {
      name = "cache"
      path = "/cache"
    }
    ports = [{ internal = 6379, external = 6380 }]
    health_check {
      type   = "tcp"
      port   = 6379
      within = 1
      interval = 1
      timeout = 1
    }
  }
  setting "greeting" {
    type    = "string"
    title   = "Greeting"
    default = "hello"
  }
  setting "password" {
    type     = "string"
    title    = "Password"
    secret   = true
    generate = 24
  }
}
"#;

/// One container whose image the engine carries.
pub const HELLO: &str = r#"
service {
  name        = "hello"
  title       = "Hello"
  description = "Says hello"
  category    = "web"
  container {
    image = "steward/hello:1"
    ports = [{ internal = 8080, external = 8088, web = true }]
    health_check {
      type   = "http"
      port   = 8080
      path   = "/"
      within = 1
      interval = 1
      timeout = 1
    }
  }
}
"#;

pub struct TestCatalog;

impl CatalogSource for TestCatalog {
    fn entries(&self) -> Vec<RawEntry> {
        let entry = |folder: &str, text: &str| RawEntry {
            folder: folder.to_owned(),
            format: Format::Hcl,
            text: text.to_owned(),
            icon: None,
            origin: Origin::Builtin,
        };
        let sick = WEB.replace("example/web:1", "example/sick:1").replace("8081", "8091").replace("6380", "6390");
        let absent = HELLO.replace("steward/hello:1", "example/absent:1").replace("8088", "8089");
        vec![entry("web", WEB), entry("hello", HELLO), entry("sick", &sick), entry("absent", &absent), entry("broken", "service {")]
    }
}

/// Everything one test needs.
pub struct Scene {
    pub host: SimulatedHost,
    pub store: Store,
    pub engine: Engine,
    pub owner: Actor,
    pub process: Arc<SimulatedProcess>,
}

/// Short waits, so that a test of what goes wrong does not wait for it.
pub fn timing() -> Timing {
    Timing {
        deadline: None,
        undo_waits: vec![Duration::from_millis(1)],
        wait_for_device: Duration::from_secs(20),
        observe_every: Duration::from_secs(60),
        retry_engine: Duration::from_millis(5),
        retry_store: Duration::from_millis(20),
        look_at_schedules: Duration::from_millis(20),
    }
}

pub fn machine() -> SimulatedHost {
    let host = SimulatedHost::new();
    let image = |name: &str| SimulatedImage::new(&ImageRef::parse(name).unwrap());
    for name in ["example/web:1", "example/cache:1", "steward/hello:1"] {
        host.publish(image(name));
    }
    host.publish(image("example/sick:1").behaviour(Behaviour::NeverHealthy));
    host
}

/// How many backups of Steward's own state a scene keeps.
pub const KEPT: u32 = 2;

pub async fn start(host: &SimulatedHost, store: &Store, timing: Timing, faults: Option<Arc<dyn Faults>>) -> Engine {
    start_as(host, store, timing, faults, Arc::new(SystemClock), false).await
}

/// An engine with a clock of its own, and perhaps one of a development instance.
pub async fn start_as(
    host: &SimulatedHost,
    store: &Store,
    timing: Timing,
    faults: Option<Arc<dyn Faults>>,
    clock: Arc<dyn Clock>,
    development: bool,
) -> Engine {
    let config = EngineConfig { clock, development, ..config(host, store, timing, faults) };
    Engine::start(config).await.unwrap()
}

fn config(host: &SimulatedHost, store: &Store, timing: Timing, faults: Option<Arc<dyn Faults>>) -> EngineConfig {
    EngineConfig {
        store: store.clone(),
        local: Arc::new(host.clone()),
        catalog: Box::new(TestCatalog),
        archives: BTreeMap::from([("steward/hello:1".to_owned(), Bytes::from_static(b"archive"))]),
        key: [9; 32],
        backups: BackupConfig { folder: None, keep: KEPT },
        restart: None,
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        timing,
        development: false,
        faults,
    }
}

pub fn actor(role: Role) -> Actor {
    Actor::User {
        id: UserId::from_random([role as u8; 10]),
        name: role.as_str().parse().unwrap(),
        rights: role.into(),
        credential: Credential::Session(SessionId::from_random([0; 10])),
        address: "127.0.0.1".to_owned(),
    }
}

pub fn deploy(application: &str, name: &str) -> Request {
    Request::DeploymentDeploy(DeploymentDeploy {
        application: Slug::parse(application).unwrap(),
        name: Some(DeploymentName::parse(name).unwrap()),
        device_id: None,
        settings: BTreeMap::new(),
        ports: BTreeMap::new(),
    })
}

pub fn all_rows() -> steward_store::audit::AuditFilter {
    steward_store::audit::AuditFilter { limit: 500, ..Default::default() }
}

pub fn key(text: &str) -> SettingKey {
    SettingKey::parse(text).unwrap()
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(None).await
    }

    pub async fn with(faults: Option<Arc<dyn Faults>>) -> Self {
        let host = machine();
        let store = Store::in_memory().await.unwrap();
        let process = SimulatedProcess::new();
        let config = EngineConfig { restart: Some(process.clone()), ..config(&host, &store, timing(), faults) };
        let engine = Engine::start(config).await.unwrap();
        Self { host, store, engine, owner: actor(Role::Owner), process }
    }

    /// The engine dies as it is and another one starts on the same store and machine.
    pub async fn restart(&mut self, faults: Option<Arc<dyn Faults>>) {
        self.restart_with(timing(), faults).await;
    }

    /// The same, with other waits.
    pub async fn restart_with(&mut self, timing: Timing, faults: Option<Arc<dyn Faults>>) {
        self.engine.shutdown().await;
        self.process.begin_anew();
        self.serve_again(timing, faults).await;
    }

    /// The engine ends in good order, and the same process starts another one.
    pub async fn go_on(&mut self) {
        self.serve_again(timing(), None).await;
    }

    async fn serve_again(&mut self, timing: Timing, faults: Option<Arc<dyn Faults>>) {
        self.engine.shutdown().await;
        let config = EngineConfig { restart: Some(self.process.clone()), ..config(&self.host, &self.store, timing, faults) };
        self.engine = Engine::start(config).await.unwrap();
    }

    /// The same process serves the same machine and store as a development instance.
    pub async fn serve_as_development(&mut self) {
        self.engine.shutdown().await;
        let config = config(&self.host, &self.store, timing(), None);
        let config = EngineConfig { restart: Some(self.process.clone()), development: true, ..config };
        self.engine = Engine::start(config).await.unwrap();
    }

    /// Restarts Steward when an operation asked for it; says whether one did.
    pub async fn obey(&mut self, timing: Timing, faults: Option<Arc<dyn Faults>>) -> bool {
        let asked = self.process.is_asked();
        if asked {
            self.restart_with(timing, faults).await;
        }
        asked
    }

    pub async fn submit(&self, request: Request) -> Result<Accepted, Refused> {
        self.engine.submit(&self.owner, request, Submission::default()).await
    }

    /// Submits and waits until it is at rest.
    pub async fn run(&self, request: Request) -> OperationDetail {
        let accepted = self.submit(request).await.unwrap();
        self.at_rest(&accepted.operation.id).await
    }

    /// Waits until an operation is at rest; everything that is promised of that moment is checked.
    pub async fn at_rest(&self, id: &OperationId) -> OperationDetail {
        let detail = self.rests(id).await;
        self.check_rest(&detail.operation).await;
        detail
    }

    /// Waits until an operation is at rest, for the first time or again.
    pub async fn rests(&self, id: &OperationId) -> OperationDetail {
        let mut events = self.engine.events();
        let waiting = async {
            loop {
                let detail = self.detail(id).await;
                if detail.operation.state.is_at_rest() {
                    return detail;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), waiting).await.expect("the operation comes to rest")
    }

    /// Puts into the data folder what a backup takes beside the database.
    pub fn write_own_files(&self) {
        for (path, text) in
            [("master.key", "k"), ("projects/steward-site/compose.yaml", "services: {}"), ("catalog/mine/service.hcl", HELLO)]
        {
            let file = self.store.folder().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }

    /// What is in the data folder beside the database: another thing that a run must leave as it was.
    pub fn own_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.store.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => folders.push(entry.path()),
                    false if entry.file_name().to_string_lossy().starts_with("steward.") => {}
                    false => drop(found.insert(entry.path(), std::fs::read(entry.path()).unwrap())),
                }
            }
        }
        found
    }

    pub async fn detail(&self, id: &OperationId) -> OperationDetail {
        self.engine.operation(&self.owner, id.as_str()).await.unwrap()
    }

    /// Promises 6 and 7: no lock is held by an operation at rest, and it has one accepted and one
    /// outcome row in an unbroken chain.
    async fn check_rest(&self, operation: &Operation) {
        let mut reader = self.store.read().await.unwrap();
        let held = steward_store::locks::all(&mut reader).await.unwrap();
        assert!(!held.iter().any(|(_, owner)| owner == &operation.id), "locks of {} are free: {held:?}", operation.id);
        let rows = steward_store::audit::list(&mut reader, &all_rows()).await.unwrap();
        let of = |phase| {
            rows.iter()
                .filter(|r| r.operation_id.as_ref() == Some(&operation.id) && r.phase == phase && r.action == operation.kind.as_str())
                .count()
        };
        assert_eq!(of(steward_core::audit::AuditPhase::Accepted), 1, "one accepted row");
        assert_eq!(of(steward_core::audit::AuditPhase::Outcome), 1, "one outcome row");
        assert_eq!(steward_store::audit::verify(&mut reader).await.unwrap().broken_at, None, "the chain is whole");
    }

    pub async fn id_of(&self, name: &str) -> DeploymentId {
        self.engine.deployment_id(&self.owner, name).await.unwrap()
    }

    /// Deploys and demands success.
    pub async fn deployed(&self, application: &str, name: &str) -> DeploymentId {
        let detail = self.run(deploy(application, name)).await;
        assert_eq!(detail.operation.state, State::Succeeded, "{:?}", detail.operation.error);
        self.id_of(name).await
    }
}

/// One fault at one place, once; says whether it struck.
pub struct OneFault {
    pub step: String,
    pub moment: Moment,
    pub fault: Fault,
    pub struck: std::sync::atomic::AtomicBool,
}

impl OneFault {
    pub fn new(step: &str, moment: Moment, fault: Fault) -> Arc<Self> {
        Arc::new(Self { step: step.to_owned(), moment, fault, struck: false.into() })
    }

    pub fn struck(&self) -> bool {
        self.struck.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Faults for OneFault {
    fn at(&self, _: steward_core::operation::Kind, step: &str, moment: Moment) -> Fault {
        let here = self.step == step && self.moment == moment;
        if here && !self.struck.swap(true, std::sync::atomic::Ordering::SeqCst) { self.fault } else { Fault::None }
    }
}
