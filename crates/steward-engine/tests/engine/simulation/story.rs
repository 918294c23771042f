//! What happens in a story: people ask, things break, the process dies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use steward_core::device::ContainerState;
use steward_core::name::VolumeName;
use steward_core::operation::{
    BulkAction, DeploymentBulk, DeploymentRemove, DeploymentRestart, DeploymentRollback, DeploymentStart, DeploymentStop, DeploymentUpdate,
    Operation, Request, State, VolumeDelete,
};
use steward_core::role::Role;
use steward_core::user::Actor;
use steward_core::{DeploymentId, OperationId};
use steward_engine::Submission;
use steward_host::HostErrorKind;
use steward_store::operations as rows;

use super::life::{Life, StoryClock, StoryFaults, StoryRandom, World};
use super::promises;
use crate::faults::restart;
use crate::process::SimulatedProcess;
use crate::scene::{actor, deploy, key, machine};

/// The names that apps have in stories.
pub const NAMES: [&str; 3] = ["a", "b", "c"];
/// How far the clock jumps at most, in milliseconds: an idempotency key is kept for a day.
const HALF_A_DAY: i64 = 12 * 60 * 60 * 1000;
/// How long anything may take, in ticks.
const PATIENCE: u32 = 60_000;

/// A defect that is put into a story, to show that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// Taking containers down says that it is done, and is not.
    Lie,
    /// Removing an app takes its data along.
    DataGoes,
    /// A lock outlives its operation.
    LockStays,
    /// An operation is forgotten after it was accepted.
    OperationForgotten,
    /// An operation that is done is run once more.
    RunTwice,
    /// An operation is accepted a second time.
    AcceptedTwice,
}

impl Planted {
    pub const ALL: [Planted; 6] =
        [Planted::Lie, Planted::DataGoes, Planted::LockStays, Planted::OperationForgotten, Planted::RunTwice, Planted::AcceptedTwice];
}

/// A request whose answer may have been lost.
#[derive(Clone)]
struct Asked {
    key: String,
    request: Request,
}

pub struct Story {
    random: fastrand::Rng,
    pub world: World,
    life: Option<Life>,
    owner: Actor,
    planted: Planted,
    crowded: bool,
    asked: Option<Asked>,
    /// Every request that was acknowledged, by its key.
    pub acknowledged: BTreeMap<String, (Request, OperationId)>,
    /// Volumes with something in them that must not be lost.
    pub photos: BTreeSet<String>,
    told: Vec<String>,
    count: u32,
}

impl Story {
    pub fn new(seed: u64, planted: Planted) -> Self {
        let host = machine();
        host.write_volume("foreign_photos", "photo.jpg", b"somebody else's");
        if planted == Planted::Lie {
            host.lie("compose.down");
        }
        let world = World {
            host,
            folder: tempfile::tempdir().unwrap(),
            clock: StoryClock::new(),
            random: StoryRandom::new(seed ^ 0x5eed),
            faults: StoryFaults::new(seed ^ 0xfa17),
            process: SimulatedProcess::new(),
        };
        Self {
            random: fastrand::Rng::with_seed(seed),
            life: Some(Life::start(&world)),
            world,
            owner: actor(Role::Owner),
            planted,
            crowded: Self::is_crowded(seed),
            asked: None,
            acknowledged: BTreeMap::new(),
            photos: BTreeSet::new(),
            told: Vec::new(),
            count: 0,
        }
    }

    /// Whether several things happen at the same time in the story of a seed.
    pub fn is_crowded(seed: u64) -> bool {
        seed % 2 == 1
    }

    pub fn life(&self) -> &Life {
        self.life.as_ref().unwrap()
    }

    /// The whole story, and what was seen in it; or which promise was broken.
    pub fn tell(mut self) -> Result<Vec<String>, String> {
        match self.unfold() {
            Ok(()) => Ok(self.told),
            Err(why) => Err(format!("{why}\n  {}", self.told.join("\n  "))),
        }
    }

    fn unfold(&mut self) -> Result<(), String> {
        for _ in 0..self.random.u32(6..16) {
            self.event()?;
            if !self.crowded {
                self.rest()?;
            }
        }
        self.plant();
        self.settle()?;
        self.told.extend(promises::operations(self).iter().rev().map(line));
        promises::hold(self)?;
        self.begin_anew()
    }

    fn event(&mut self) -> Result<(), String> {
        let what = self.random.u32(0..100);
        match what {
            0..=54 => self.ask(),
            55..=64 => self.die(),
            65..=69 => self.stop_and_start(),
            70..=76 => self.world.host.fail_nth(self.random.u32(1..25), *self.random.choice(&KINDS).unwrap()),
            77..=80 => self.world.faults.set(*self.random.choice(&[0, 0, 8, 20]).unwrap()),
            81..=83 => self.world.host.set_engine_up(self.random.bool()),
            84..=85 => self.world.host.set_registry_up(self.random.bool()),
            86..=88 => self.crash_a_container(),
            89..=92 => self.cancel_something(),
            93..=95 => self.world.clock.jump_to(self.random.i64(-HALF_A_DAY..HALF_A_DAY)),
            96 => self.ask_for(restart()),
            _ => self.ask_again()?,
        }
        self.told.push(format!("event {what}"));
        for _ in 0..self.random.u32(0..30) {
            self.tick();
        }
        Ok(())
    }

    /// Time goes on; when an operation has asked for it, Steward is restarted.
    fn tick(&mut self) {
        self.life().tick();
        if self.world.process.is_asked() {
            self.told.push("restarts itself".to_owned());
            self.stop_and_start();
        }
    }

    /// Somebody asks for something that may make sense.
    fn ask(&mut self) {
        if let Some(request) = self.request() {
            self.ask_for(request);
        }
    }

    fn ask_for(&mut self, request: Request) {
        self.count += 1;
        let asked = Asked { key: format!("k{}", self.count), request };
        self.submit(asked);
    }

    fn request(&mut self) -> Option<Request> {
        let name = *self.random.choice(&NAMES).unwrap();
        let there = self.life().run(self.life().engine.deployments(&self.owner)).ok()?;
        let Some(app) = there.iter().find(|app| app.name.as_str() == name) else {
            return Some(if self.random.u8(0..4) == 0 { self.delete_volume(name) } else { self.deploy(name) });
        };
        let id = app.id.clone();
        let all: Vec<DeploymentId> = there.iter().map(|app| app.id.clone()).collect();
        Some(match self.random.u8(0..14) {
            0..=1 => Request::DeploymentStart(DeploymentStart { deployment_id: id }),
            2..=3 => Request::DeploymentStop(DeploymentStop { deployment_id: id }),
            4..=5 => Request::DeploymentRestart(DeploymentRestart { deployment_id: id }),
            6..=7 => self.update(id),
            8 => Request::DeploymentRollback(DeploymentRollback { deployment_id: id, revision: self.random.u32(1..4) }),
            9..=10 => Request::DeploymentRemove(DeploymentRemove { deployment_id: id }),
            11 => self.delete_volume(name),
            // The parts of one request for many run at the same time.
            _ if !self.crowded => Request::DeploymentRestart(DeploymentRestart { deployment_id: id }),
            _ => Request::DeploymentBulk(DeploymentBulk {
                action: *self.random.choice(&[BulkAction::Restart, BulkAction::Stop, BulkAction::Start, BulkAction::Update]).unwrap(),
                deployment_ids: all,
            }),
        })
    }

    fn deploy(&mut self, name: &str) -> Request {
        let application = *self.random.choice(&["web", "web", "web", "hello", "sick"]).unwrap();
        let mut request = deploy(application, name);
        let base = 20_000 + u16::from(name.as_bytes()[0]) * 10;
        if let Request::DeploymentDeploy(parameters) = &mut request {
            let inner: &[&str] = if application == "hello" { &["8080/tcp"] } else { &["80/tcp", "6379/tcp"] };
            parameters.ports = inner.iter().zip(base..).map(|(port, outer)| ((*port).to_owned(), outer)).collect();
        }
        request
    }

    fn update(&mut self, deployment_id: DeploymentId) -> Request {
        let settings = BTreeMap::from([(key("greeting"), json!(format!("hello {}", self.random.u8(0..4))))]);
        Request::DeploymentUpdate(DeploymentUpdate { deployment_id, settings, ports: BTreeMap::new(), expected_revision: None })
    }

    fn delete_volume(&mut self, name: &str) -> Request {
        let device_id = self.life().run(self.life().engine.devices(&self.owner)).unwrap()[0].device.id.clone();
        let volume = VolumeName::parse(&format!("steward-{name}_data")).unwrap();
        Request::VolumeDelete(VolumeDelete { device_id, confirm: volume.to_string(), volume })
    }

    /// Sends a request. What is answered is kept; the process may die before it answers.
    fn submit(&mut self, asked: Asked) {
        if let Request::VolumeDelete(delete) = &asked.request {
            // From now on it may go.
            self.photos.remove(delete.volume.as_str());
        }
        let submission = Submission::new(Some(asked.key.clone()), None);
        self.asked = Some(asked.clone());
        let life = self.life.as_ref().unwrap();
        let engine = life.engine.clone();
        let (owner, request) = (self.owner.clone(), asked.request.clone());
        let dies = self.random.u8(0..12) == 0;
        if dies && self.crowded {
            life.run(async {
                let submitting = tokio::spawn(async move { engine.submit(&owner, request, submission).await.is_ok() });
                for _ in 0..self.random.u32(0..60) {
                    tokio::task::yield_now().await;
                }
                submitting.abort();
            });
            self.die();
            return;
        }
        self.asked = None;
        match life.run(async { engine.submit(&owner, request, submission).await }) {
            Ok(accepted) => {
                self.told.push(format!("accepted {}", line(&accepted.operation)));
                self.acknowledged.insert(asked.key, (asked.request, accepted.operation.id));
            }
            Err(refused) => self.told.push(format!("{} {}", asked.request.kind().as_str(), refused.refusal.message)),
        }
    }

    /// The same key again is the same operation.
    fn ask_again(&mut self) -> Result<(), String> {
        let Some((asked_key, (request, id))) = self.random.choice(self.acknowledged.clone()) else { return Ok(()) };
        let submission = Submission::new(Some(asked_key), None);
        let life = self.life();
        match life.run(life.engine.submit(&self.owner, request, submission)) {
            Ok(accepted) if accepted.operation.id != id => Err(format!("the key of {id} became {}", accepted.operation.id)),
            Ok(_) => Ok(()),
            Err(refused) => Err(format!("the key of {id} is refused: {}", refused.refusal)),
        }
    }

    /// `kill -9`, after a little while, and a new start.
    fn die(&mut self) {
        let polls = self.random.u32(0..200);
        if self.crowded {
            // In the middle of whatever it does, also of a transaction.
            self.life().stumble(polls);
        } else {
            // At a moment that is the same whenever the story is told.
            (0..polls / 10).for_each(|_| self.life().tick());
        }
        self.life = None;
        self.life = Some(Life::start(&self.world));
        self.told.push("died".to_owned());
        // Whoever had no answer asks again, with the same key.
        if let Some(asked) = self.asked.take() {
            self.submit(asked);
        }
    }

    fn stop_and_start(&mut self) {
        if let Some(life) = self.life.take() {
            life.stop();
        }
        self.life = Some(Life::start(&self.world));
    }

    fn crash_a_container(&mut self) {
        let running = self.world.host.snapshot().containers.into_iter().filter(|(_, container)| container.state == ContainerState::Running);
        let names: Vec<String> = running.map(|(name, _)| name).collect();
        if let Some(name) = self.random.choice(names) {
            self.world.host.crash_container(&name, 137);
        }
    }

    fn cancel_something(&mut self) {
        if let Some(operation) = self.random.choice(self.unfinished()) {
            let life = self.life();
            let said = life.run(life.engine.cancel(&self.owner, &operation.id)).map_or_else(|r| r.code.as_str(), |_| "cancelling");
            self.told.push(said.to_owned());
        }
    }

    pub fn unfinished(&self) -> Vec<Operation> {
        let life = self.life();
        life.run(async { rows::unfinished(&mut life.store.read().await.unwrap()).await.unwrap() })
    }

    /// Everything comes to rest by itself, in bounded time.
    fn rest(&mut self) -> Result<(), String> {
        for tick in 0..PATIENCE {
            self.tick();
            if tick % 16 == 0 && self.unfinished().is_empty() {
                self.write_photos();
                return Ok(());
            }
        }
        Err(format!("these do not come to rest: {:?}", self.unfinished()))
    }

    /// People put photos into the apps that are there.
    fn write_photos(&mut self) {
        for name in NAMES {
            let volume = format!("steward-{name}_data");
            if self.world.host.volume(&volume).is_some() {
                self.world.host.write_volume(&volume, "photo.jpg", b"irreplaceable");
                self.photos.insert(volume);
            }
        }
    }

    /// All faults end, everything comes to rest, and what needs attention is tried again.
    fn settle(&mut self) -> Result<(), String> {
        self.world.faults.set(0);
        self.world.host.clear_faults();
        self.world.host.release();
        self.world.host.set_engine_up(true);
        self.world.host.set_registry_up(true);
        self.rest()?;
        for _ in 0..4 {
            for operation in self.in_need() {
                let life = self.life();
                // One may be in another's way; its turn comes.
                let _ = life.run(life.engine.retry(&self.owner, &operation.id));
                self.rest()?;
            }
        }
        Ok(())
    }

    /// Operations that need attention. Of one on many, a target may be gone for good.
    pub fn in_need(&self) -> Vec<Operation> {
        let life = self.life();
        let filter = rows::OperationFilter { state: Some(State::NeedsAttention), limit: 500, ..Default::default() };
        life.run(life.engine.operations(&self.owner, filter)).unwrap()
    }

    /// Nothing was left that is in the way of a new app.
    fn begin_anew(&mut self) -> Result<(), String> {
        let request = self.deploy("z");
        let life = self.life();
        let accepted = life.run(life.engine.submit(&self.owner, request, Submission::default()));
        let id = accepted.map_err(|refused| format!("a new app is refused: {}", refused.refusal))?.operation.id;
        self.rest()?;
        let ended = self.life().run(self.life().engine.operation(&self.owner, id.as_str())).unwrap().operation;
        let sick = ended.request["application"] == "sick";
        match ended.state {
            State::Succeeded => Ok(()),
            State::RolledBack if sick => Ok(()),
            other => Err(format!("a new app ends as {other:?}: {:?}", ended.error)),
        }
    }

    fn plant(&mut self) {
        promises::plant(self, self.planted);
    }
}

/// An operation in a line of the story.
fn line(operation: &Operation) -> String {
    let why = operation.error.as_ref().map(|refusal| refusal.message.as_str()).unwrap_or_default();
    let step = operation.failed_step.as_deref().unwrap_or_default();
    format!("{} {} {} {} {step} {why}", operation.id, operation.kind.as_str(), operation.target, operation.state.as_str())
}

const KINDS: [HostErrorKind; 3] = [HostErrorKind::Failed, HostErrorKind::Unreachable, HostErrorKind::TimedOut];
