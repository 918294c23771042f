//! One life of the process, from its start to its death, on time that the story moves.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use steward_core::Timestamp;
use steward_core::operation::Kind;
use steward_engine::faults::{Fault, Faults, Moment};
use steward_engine::{Clock, Engine, EngineConfig, Random, Timing};
use steward_host::simulated::SimulatedHost;
use steward_store::Store;
use tokio::runtime::Runtime;

use crate::process::SimulatedProcess;
use crate::scene::TestCatalog;

/// How far time goes at once, in milliseconds.
const STEP: i64 = 20;

/// After how many looks time goes on although the database has not answered.
const LONGEST_WAIT: u32 = 500;

/// Wall time as the story says it is.
pub struct StoryClock {
    now: AtomicI64,
    /// How far it is from where it would be without jumps.
    off: AtomicI64,
}

impl StoryClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(1_800_000_000_000), off: AtomicI64::new(0) })
    }

    /// Time passes.
    pub fn pass(&self, milliseconds: i64) {
        self.now.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// The clock jumps, to so many milliseconds from where it would be if it never jumped.
    pub fn jump_to(&self, off: i64) {
        let before = self.off.swap(off, Ordering::SeqCst);
        self.pass(off - before);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }
}

/// Randomness that comes from the seed.
pub struct StoryRandom(Mutex<fastrand::Rng>);

impl StoryRandom {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(fastrand::Rng::with_seed(seed))))
    }
}

impl Random for StoryRandom {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(buffer);
    }
}

/// Faults within operations, with a chance of one in so many; none when that is 0.
pub struct StoryFaults {
    one_in: AtomicI64,
    random: Mutex<fastrand::Rng>,
}

impl StoryFaults {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { one_in: AtomicI64::new(0), random: Mutex::new(fastrand::Rng::with_seed(seed)) })
    }

    pub fn set(&self, one_in: i64) {
        self.one_in.store(one_in, Ordering::SeqCst);
    }
}

impl Faults for StoryFaults {
    fn at(&self, _: Kind, _: &str, moment: Moment) -> Fault {
        let one_in = self.one_in.load(Ordering::SeqCst);
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if one_in == 0 || random.i64(0..one_in) > 0 {
            return Fault::None;
        }
        let undoing = matches!(moment, Moment::BeforeUndo | Moment::AfterUndo);
        match random.u8(0..4) {
            0 => Fault::Panic,
            // An undo has no deadline: it would hang for ever.
            1 if !undoing => Fault::Hang,
            _ => Fault::Error,
        }
    }
}

/// What every life of a story shares.
pub struct World {
    pub host: SimulatedHost,
    pub folder: tempfile::TempDir,
    pub clock: Arc<StoryClock>,
    pub random: Arc<StoryRandom>,
    pub faults: Arc<StoryFaults>,
    pub process: Arc<SimulatedProcess>,
}

/// One process.
pub struct Life {
    pub engine: Engine,
    pub store: Store,
    clock: Arc<StoryClock>,
    /// Dropped first: then the task ends that keeps time from moving by itself.
    still: Option<Sender<()>>,
    runtime: Option<Runtime>,
}

impl Life {
    /// Starts a process on what the last one left.
    pub fn start(world: &World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (still, held) = channel::<()>();
        // As long as a task blocks, paused time does not jump ahead while the database answers.
        runtime.spawn_blocking(move || held.recv());
        let store = runtime.block_on(open(world.folder.path()));
        world.process.begin_anew();
        let config = EngineConfig {
            store: store.clone(),
            local: Arc::new(world.host.clone()),
            catalog: Box::new(TestCatalog),
            archives: BTreeMap::from([("steward/hello:1".to_owned(), Bytes::from_static(b"archive"))]),
            key: [9; 32],
            backups: steward_engine::BackupConfig::default(),
            restart: Some(world.process.clone()),
            clock: world.clock.clone(),
            random: world.random.clone(),
            timing: timing(),
            development: false,
            faults: Some(world.faults.clone()),
        };
        let engine = runtime.block_on(Engine::start(config)).unwrap();
        Self { engine, store, clock: world.clock.clone(), still: Some(still), runtime: Some(runtime) }
    }

    /// Lets the process work on one thing until that is done.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }

    /// Lets the process work until it waits for nothing but time; then time goes on a little.
    pub fn tick(&self) {
        self.settle();
        self.clock.pass(STEP);
        self.run(tokio::time::advance(Duration::from_millis(STEP.unsigned_abs())));
    }

    /// Lets the process work until it waits for nothing but time.
    pub fn settle(&self) {
        self.run(async {
            let mut idle = 0;
            // A connection that is being made may itself wait for time.
            for _ in 0..LONGEST_WAIT {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                idle = if self.store.is_idle() { idle + 1 } else { 0 };
                if idle == 2 {
                    return;
                }
                if idle == 0 {
                    std::thread::sleep(Duration::from_micros(20));
                }
            }
        });
    }

    /// Lets the process get some way with what it does, and no further.
    pub fn stumble(&self, polls: u32) {
        self.run(async {
            for _ in 0..polls {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Ends in good order.
    pub fn stop(self) {
        let engine = self.engine.clone();
        let ended = self.run(async {
            tokio::time::timeout(Duration::from_secs(3600), async {
                let mut stopping = std::pin::pin!(engine.shutdown());
                loop {
                    tokio::select! {
                        () = &mut stopping => break,
                        () = tokio::task::yield_now() => tokio::time::advance(Duration::from_millis(1)).await,
                    }
                }
            })
            .await
        });
        assert!(ended.is_ok(), "the engine does not stop");
    }
}

impl Drop for Life {
    /// `kill -9`: nothing that was under way gets a further turn.
    fn drop(&mut self) {
        self.still.take();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The last process's connections may still be on their way out.
async fn open(folder: &Path) -> Store {
    for _ in 0..2000 {
        match Store::open_without_sync(folder).await {
            Ok(store) => return store,
            Err(steward_store::StoreError::InUse | steward_store::StoreError::Busy) => std::thread::sleep(Duration::from_millis(1)),
            Err(other) => panic!("the store does not open: {other}"),
        }
    }
    panic!("the store stays in use");
}

fn timing() -> Timing {
    Timing {
        deadline: Some(Duration::from_secs(60)),
        undo_waits: vec![Duration::from_millis(50)],
        wait_for_device: Duration::from_secs(5),
        observe_every: Duration::from_secs(60),
        retry_engine: Duration::from_millis(100),
        retry_store: Duration::from_millis(100),
        look_at_schedules: Duration::from_secs(30),
    }
}
