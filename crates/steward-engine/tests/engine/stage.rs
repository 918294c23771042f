//! A scene whose clock the test sets, with an owner's account.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use steward_core::operation::{DeploymentRestart, OperationDetail, Request};
use steward_core::role::Role;
use steward_core::schedule::{Overlap, RunOutcome, ScheduleDraft, ScheduleRun};
use steward_core::user::Actor;
use steward_core::{DeploymentId, OperationId, Timestamp};
use steward_engine::accounts::SignIn;
use steward_engine::{Clock, Engine, ScheduleView, Submission};
use steward_host::simulated::SimulatedHost;
use steward_store::Store;

use crate::scene::{deploy, machine, start_as, timing};

pub const PASSWORD: &str = "tall brown dog";

/// A clock that stands still until it is set.
pub struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl SetClock {
    pub fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(utc(text).0)))
    }

    pub fn set(&self, to: Timestamp) {
        self.0.store(to.0, Ordering::SeqCst);
    }
}

/// A moment of 2027, written as `MM-DDTHH:MM:SS` in UTC.
pub fn utc(text: &str) -> Timestamp {
    let mut parts = text.split(['-', 'T', ':']).map(|part| part.parse::<i64>().unwrap());
    let (month, day, hour, minute, second) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let days = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize - 1] + day - 1;
    // 2027-01-01T00:00:00Z.
    Timestamp(1_798_761_600_000 + (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// An engine with a clock that the test sets.
pub async fn start_at(host: &SimulatedHost, store: &Store, clock: Arc<SetClock>) -> Engine {
    start_as(host, store, timing(), None, clock, false).await
}

pub struct Stage {
    pub host: SimulatedHost,
    pub store: Store,
    pub clock: Arc<SetClock>,
    pub engine: Engine,
    pub anna: Actor,
    pub app: DeploymentId,
}

impl Stage {
    /// With the app `site` deployed at a moment.
    pub async fn at(text: &str) -> Self {
        let (host, store, clock) = (machine(), Store::in_memory().await.unwrap(), SetClock::at(text));
        let engine = start_at(&host, &store, clock.clone()).await;
        let code = engine.setup_code().unwrap().to_owned();
        let signed_in = engine.claim("127.0.0.1", "test", &code, "anna", PASSWORD).await.unwrap_or_else(|r| panic!("{r}"));
        let anna = engine.authenticate(&signed_in.secret, "127.0.0.1").await.unwrap();
        let accepted = engine.submit(&anna, deploy("hello", "site"), Submission::default()).await.unwrap();
        let app = accepted.operation.deployment_id.clone().unwrap();
        let stage = Self { host, store, clock, engine, anna, app };
        stage.rests(&accepted.operation.id).await;
        stage
    }

    /// Ends the engine and starts another one on what is stored, perhaps at another moment.
    pub async fn restart(&mut self, at: Option<&str>) {
        self.engine.shutdown().await;
        if let Some(text) = at {
            self.clock.set(utc(text));
        }
        self.engine = start_at(&self.host, &self.store, self.clock.clone()).await;
    }

    pub async fn user(&self, name: &str, role: Role) -> Actor {
        self.engine.create_user(&self.anna, name, PASSWORD, role).await.unwrap();
        let from = SignIn { address: "127.0.0.1".to_owned(), client: "test".to_owned() };
        let signed = self.engine.sign_in(&from, name, PASSWORD).await.unwrap_or_else(|r| panic!("{r}"));
        self.engine.authenticate(&signed.secret, "127.0.0.1").await.unwrap()
    }

    pub fn restart_of_site(&self) -> Request {
        Request::DeploymentRestart(DeploymentRestart { deployment_id: self.app.clone() })
    }

    /// A schedule that restarts `site`.
    pub fn draft(&self, name: &str, cron: &str) -> ScheduleDraft {
        ScheduleDraft {
            name: name.to_owned(),
            request: Ok(self.restart_of_site()),
            cron: cron.to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            window_minutes: 60,
            jitter_seconds: 0,
            overlap: Overlap::Skip,
            catch_up: false,
        }
    }

    pub async fn made(&self, draft: ScheduleDraft) -> ScheduleView {
        self.engine.create_schedule(&self.anna, draft).await.unwrap()
    }

    pub async fn view(&self, name: &str) -> ScheduleView {
        self.engine.schedule(&self.anna, name).await.unwrap()
    }

    /// What came of the due times, oldest first.
    pub async fn runs(&self, name: &str) -> Vec<ScheduleRun> {
        let mut runs = self.engine.schedule_runs(&self.anna, name, None, 500).await.unwrap();
        runs.reverse();
        runs.into_iter().map(|view| view.run).collect()
    }

    /// The same as due time and outcome.
    pub async fn outcomes(&self, name: &str) -> Vec<(Timestamp, RunOutcome)> {
        self.runs(name).await.into_iter().map(|run| (run.due_at, run.outcome)).collect()
    }

    /// Sets the clock and gives the engine the time to look at it a few times.
    pub async fn goes_to(&self, to: Timestamp) {
        self.clock.set(to);
        tokio::time::sleep(timing().look_at_schedules * 5).await;
    }

    /// Sets the clock and waits until the newest decided due time is this one, and what it started
    /// is at rest.
    pub async fn runs_at(&self, name: &str, at: Timestamp, due: Timestamp) -> ScheduleRun {
        self.clock.set(at);
        let decided = async {
            loop {
                if let Some(run) = self.view(name).await.last_run.map(|view| view.run).filter(|run| run.due_at == due) {
                    return run;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let run = tokio::time::timeout(Duration::from_secs(20), decided).await.expect("the due time is decided");
        if let Some(id) = &run.operation_id {
            self.rests(id).await;
        }
        run
    }

    pub async fn detail(&self, id: &OperationId) -> OperationDetail {
        self.engine.operation(&self.anna, id.as_str()).await.unwrap()
    }

    pub async fn rests(&self, id: &OperationId) -> OperationDetail {
        let resting = async {
            loop {
                let detail = self.detail(id).await;
                if detail.operation.state.is_at_rest() {
                    return detail;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), resting).await.expect("the operation comes to rest")
    }

    /// The operations that schedules asked for, oldest first.
    pub async fn by_schedules(&self) -> Vec<OperationId> {
        let filter = steward_store::operations::OperationFilter { limit: 500, ..Default::default() };
        let mut all = self.engine.operations(&self.anna, filter).await.unwrap();
        all.retain(|operation| operation.actor.starts_with("schedule "));
        all.reverse();
        all.into_iter().map(|operation| operation.id).collect()
    }

    /// Audit rows of an action, oldest first, as actor, phase and detail.
    pub async fn audited(&self, action: &str) -> Vec<(String, steward_core::audit::AuditPhase, serde_json::Value)> {
        let filter = steward_store::audit::AuditFilter { action: Some(action.to_owned()), limit: 500, ..Default::default() };
        let mut rows = self.engine.audit(&self.anna, filter).await.unwrap();
        rows.reverse();
        rows.into_iter().map(|row| (row.actor, row.phase, row.detail)).collect()
    }
}
