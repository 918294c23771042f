//! Measures the door on a real disk: what one empty operation costs, how many a second are sustained,
//! and what a million operations do to the start, to the audit's verification, to memory and to the
//! return after a crash. Run by `make bench`.
//!
//! `door FOLDER ROWS`: the folder is made, filled and left to the caller to remove.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::name::{DeploymentName, ImageRef, Slug};
use steward_core::operation::{DeploymentDeploy, DeploymentStop, Operation, Request, State};
use steward_core::role::Role;
use steward_core::user::{Actor, Credential};
use steward_core::{DeploymentId, OperationId, SessionId, Timestamp, UserId};
use steward_engine::catalog::{CatalogSource, Format, Origin, RawEntry};
use steward_engine::{BackupConfig, Engine, EngineConfig, OsRandom, Submission, SystemClock, Timing};
use steward_host::simulated::{SimulatedHost, SimulatedImage};
use steward_store::{Store, audit, operations as rows};

const APP: &str = r#"
service {
  name        = "app"
  title       = "App"
  description = "One container"
  category    = "web"
  container {
    image = "example/app:1"
    ports = [{ internal = 80, external = 8081, web = true }]
  }
}
"#;

struct Catalog;

impl CatalogSource for Catalog {
    fn entries(&self) -> Vec<RawEntry> {
        vec![RawEntry { folder: "app".to_owned(), format: Format::Hcl, text: APP.to_owned(), icon: None, origin: Origin::Builtin }]
    }
}

struct Bench {
    folder: PathBuf,
    host: SimulatedHost,
    owner: Actor,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    let rows: u32 = arguments.next().map_or(1_000_000, |text| text.parse().expect("a number of rows"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(folder, rows));
}

async fn run(folder: PathBuf, count: u32) {
    std::fs::create_dir_all(&folder).unwrap();
    let host = SimulatedHost::new();
    host.install(SimulatedImage::new(&ImageRef::parse("example/app:1").unwrap()));
    let owner = Actor::User {
        id: UserId::from_random([1; 10]),
        name: "anna".parse().unwrap(),
        rights: Role::Owner.into(),
        credential: Credential::Session(SessionId::from_random([0; 10])),
        address: "127.0.0.1".to_owned(),
    };
    let bench = Bench { folder, host, owner };
    bench.fsync();
    bench.door().await;
    bench.fill(count).await;
    bench.afterwards().await;
}

fn say(figure: &str, value: impl std::fmt::Display) {
    println!("{figure}\t{value}");
}

fn quantile(sorted: &[Duration], share: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let place = ((sorted.len() as f64 - 1.0) * share) as usize;
    sorted[place].as_secs_f64() * 1000.0
}

fn say_quantiles(figure: &str, mut times: Vec<Duration>) {
    times.sort();
    say(&format!("{figure}_p50_ms"), format!("{:.2}", quantile(&times, 0.5)));
    say(&format!("{figure}_p99_ms"), format!("{:.2}", quantile(&times, 0.99)));
}

/// Memory of this process in MiB, as the kernel counts it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

impl Bench {
    /// What the disk itself needs to make 4 KiB durable.
    fn fsync(&self) {
        let mut file = File::create(self.folder.join("fsync")).unwrap();
        let times = (0..300).map(|_| {
            let begun = Instant::now();
            file.rewind().unwrap();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed()
        });
        say_quantiles("fsync", times.collect());
    }

    async fn start(&self, store: &Store) -> Engine {
        Engine::start(EngineConfig {
            store: store.clone(),
            local: Arc::new(self.host.clone()),
            catalog: Box::new(Catalog),
            archives: BTreeMap::new(),
            key: [9; 32],
            backups: BackupConfig::default(),
            restart: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            timing: Timing::default(),
            development: false,
            faults: None,
        })
        .await
        .unwrap()
    }

    async fn at_rest(&self, engine: &Engine, id: &OperationId) {
        while !engine.operation(&self.owner, id.as_str()).await.unwrap().operation.state.is_at_rest() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// One empty operation: the stop of what is stopped is authorized, planned, recorded and audited, and
    /// has nothing to do.
    async fn door(&self) {
        let store = Store::open(&self.folder).await.unwrap();
        let engine = self.start(&store).await;
        let mut apps = Vec::new();
        for number in 0..8_u16 {
            apps.push(self.deploy(&engine, number).await);
        }
        for app in &apps {
            let accepted = engine.submit(&self.owner, stop(app), Submission::default()).await.unwrap();
            self.at_rest(&engine, &accepted.operation.id).await;
        }
        self.one_after_the_other(&engine, &apps[0], "door_empty_operation").await;
        // Eight people at once, each at an app of their own.
        let each = 250;
        let begun = Instant::now();
        let mut people = tokio::task::JoinSet::new();
        for app in &apps {
            let (engine, owner, app) = (engine.clone(), self.owner.clone(), app.clone());
            people.spawn(async move {
                for _ in 0..each {
                    assert!(engine.submit(&owner, stop(&app), Submission::default()).await.unwrap().unchanged);
                }
            });
        }
        people.join_all().await;
        say("sustained_empty_operations_per_s", format!("{:.0}", f64::from(8 * each) / begun.elapsed().as_secs_f64()));
        engine.shutdown().await;
        store.close().await;
    }

    async fn one_after_the_other(&self, engine: &Engine, app: &DeploymentId, figure: &str) {
        let mut times = Vec::new();
        for _ in 0..2000 {
            let begun = Instant::now();
            let accepted = engine.submit(&self.owner, stop(app), Submission::default()).await.unwrap();
            times.push(begun.elapsed());
            assert!(accepted.unchanged);
        }
        say_quantiles(figure, times);
    }

    async fn deploy(&self, engine: &Engine, number: u16) -> DeploymentId {
        let name = DeploymentName::parse(&format!("app-{number}")).unwrap();
        let request = Request::DeploymentDeploy(DeploymentDeploy {
            application: Slug::parse("app").unwrap(),
            name: Some(name.clone()),
            device_id: None,
            settings: BTreeMap::new(),
            ports: BTreeMap::from([("80/tcp".to_owned(), 20_000 + number)]),
        });
        let id = engine.submit(&self.owner, request, Submission::default()).await.unwrap().operation.id;
        self.at_rest(engine, &id).await;
        engine.deployment_id(&self.owner, name.as_str()).await.unwrap()
    }

    /// So many operations at rest, each with its two audit rows.
    async fn fill(&self, count: u32) {
        let store = Store::open(&self.folder).await.unwrap();
        let (template, plan) = {
            let mut reader = store.read().await.unwrap();
            let filter = rows::OperationFilter { limit: 1, ..Default::default() };
            let last = rows::list(&mut reader, &filter).await.unwrap().remove(0);
            let plan = rows::plan(&mut reader, &last.id).await.unwrap().unwrap();
            (last, plan)
        };
        let before = (resident(), open_files());
        let begun = Instant::now();
        let mut written = 0;
        while written < count {
            let mut tx = store.begin().await.unwrap();
            for _ in 0..5000.min(count - written) {
                written += 1;
                let mut random = [0; 10];
                random[..4].copy_from_slice(&written.to_le_bytes());
                let operation = Operation {
                    id: OperationId::from_random(random),
                    state: State::Succeeded,
                    finished_at: Some(Timestamp(1)),
                    ..template.clone()
                };
                rows::insert(&mut tx, &operation, &plan, &[]).await.unwrap();
                audit::append(&mut tx, &entry(&operation), Timestamp(1)).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        say("rows", count);
        say("fill_s", format!("{:.0}", begun.elapsed().as_secs_f64()));
        say("fill_memory_growth_mib", resident().saturating_sub(before.0));
        say("fill_open_files_growth", open_files().saturating_sub(before.1));
        store.close().await;
        say("database_mib", std::fs::metadata(self.folder.join(steward_store::FILE)).unwrap().len() / 1024 / 1024);
    }

    /// Starts on the full database, verifies it, and comes back after a crash.
    async fn afterwards(&self) {
        let begun = Instant::now();
        let store = Store::open(&self.folder).await.unwrap();
        let engine = self.start(&store).await;
        engine.operations(&self.owner, rows::OperationFilter { limit: 100, ..Default::default() }).await.unwrap();
        say("start_with_rows_ms", begun.elapsed().as_millis());
        let begun = Instant::now();
        let verdict = engine.verify_audit(&self.owner).await.unwrap();
        assert!(verdict.whole);
        say("verify_s", format!("{:.2}", begun.elapsed().as_secs_f64()));
        say("memory_mib", resident());
        say("open_files", open_files());
        // The copy is what a crash leaves: the file and its log, whatever they hold at that moment.
        let app = engine.deployment_id(&self.owner, "app-0").await.unwrap();
        self.one_after_the_other(&engine, &app, "door_with_rows").await;
        let crashed = self.folder.join("crashed");
        copy(&self.folder, &crashed);
        engine.shutdown().await;
        store.close().await;
        let begun = Instant::now();
        let store = Store::open(&crashed).await.unwrap();
        let engine = self.start(&store).await;
        say("back_after_a_crash_ms", begun.elapsed().as_millis());
        engine.shutdown().await;
        store.close().await;
    }
}

fn stop(app: &DeploymentId) -> Request {
    Request::DeploymentStop(DeploymentStop { deployment_id: app.clone() })
}

fn entry(operation: &Operation) -> AuditEntry {
    AuditEntry {
        actor: operation.actor.clone(),
        address: "127.0.0.1".to_owned(),
        action: operation.kind.as_str().to_owned(),
        target: operation.target.clone(),
        phase: AuditPhase::Accepted,
        operation_id: Some(operation.id.clone()),
        detail: operation.request.clone(),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("{}{suffix}", steward_store::FILE);
        if from.join(&name).exists() {
            std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}
