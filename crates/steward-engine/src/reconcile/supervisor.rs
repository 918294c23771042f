//! The supervisor: a task for each reconciler, and what came of its last activation.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;
use steward_core::event::Event;
use steward_core::reconciler::ReconcilerStatus;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, Refusal};
use tokio::sync::Notify;

use super::{Did, Reconciler, backups, database, devices, idempotency, retention, schedules, sessions};
use crate::accounts::done;
use crate::bus::Bus;
use crate::engine::{Engine, Inner};
use crate::error;
use crate::seams::Clock;

/// An activation that takes longer is ended; what it had committed stays.
const DEADLINE: Duration = Duration::from_secs(30 * 60);
/// A reconciler that comes more often tells only what is new: pages need not hear of every look.
const QUIET: Duration = Duration::from_secs(60);

/// Every reconciler.
pub(crate) struct Supervisor {
    slots: Vec<Arc<Slot>>,
}

impl Supervisor {
    /// Every reconciler that exists, none begun.
    pub fn new() -> Self {
        let all: [Box<dyn Reconciler>; 7] = [
            Box::new(devices::Devices::default()),
            Box::new(schedules::Schedules),
            Box::new(sessions::Sessions),
            Box::new(idempotency::Idempotency),
            Box::new(retention::Retention),
            Box::new(backups::Backups),
            Box::new(database::Database),
        ];
        Self { slots: all.into_iter().map(|task| Arc::new(Slot::new(task))).collect() }
    }
}

/// How long to wait after an activation.
#[derive(Clone, Copy)]
struct Waits {
    every: Duration,
    /// After one that failed.
    retry: Duration,
}

/// One reconciler and its status.
struct Slot {
    task: Box<dyn Reconciler>,
    wake: Notify,
    status: Mutex<ReconcilerStatus>,
}

impl Slot {
    fn new(task: Box<dyn Reconciler>) -> Self {
        let status = ReconcilerStatus {
            name: task.name().to_owned(),
            does: task.does().to_owned(),
            every_seconds: 0,
            running: false,
            started_at: None,
            finished_at: None,
            duration_ms: None,
            succeeded_at: None,
            did: None,
            failure: None,
            failures: 0,
            next_at: None,
        };
        Self { task, wake: Notify::new(), status: Mutex::new(status) }
    }

    fn status(&self) -> MutexGuard<'_, ReconcilerStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One activation: does the work, notes what came of it, and gives the wait until the next one.
    async fn activate(&self, work: impl Future<Output = Result<Did, Refusal>>, waits: Waits, clock: &dyn Clock, bus: &Bus) -> Duration {
        let Waits { every, retry } = waits;
        let name = self.task.name();
        let told = every >= QUIET;
        let began = clock.now();
        {
            let mut status = self.status();
            status.every_seconds = every.as_secs();
            status.running = true;
            status.started_at = Some(began);
            status.next_at = None;
        }
        if told {
            bus.send(Event::Reconciler { name });
        }
        let outcome = match tokio::time::timeout(DEADLINE, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Refusal::new(Code::Internal, "it panicked; the server's log has the details")),
            Err(_) => Err(Refusal::new(Code::TimedOut, format!("it took longer than {} minutes and was ended", DEADLINE.as_secs() / 60))),
        };
        let ended = clock.now();
        let mut status = self.status();
        let before = (status.did.clone(), status.failure.clone());
        status.running = false;
        status.finished_at = Some(ended);
        status.duration_ms = Some(ended.since(began));
        let wait = match outcome {
            Ok(did) => {
                status.succeeded_at = Some(ended);
                status.did = Some(did.said);
                status.failure = None;
                status.failures = 0;
                did.again.unwrap_or(every)
            }
            Err(refusal) => {
                tracing::warn!(reconciler = name, error = %refusal, "a background task failed");
                status.failure = Some(refusal);
                status.failures = status.failures.saturating_add(1);
                retry
            }
        };
        status.next_at = Some(ended.plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
        if told || before != (status.did.clone(), status.failure.clone()) {
            bus.send(Event::Reconciler { name });
        }
        wait
    }
}

impl Inner {
    /// Starts a task for each reconciler; they end with the engine.
    pub fn start_reconcilers(self: &Arc<Self>) {
        for slot in &self.reconcilers.slots {
            self.tasks.spawn(self.clone().supervise(slot.clone()));
        }
    }

    async fn supervise(self: Arc<Self>, slot: Arc<Slot>) {
        loop {
            let waits = Waits { every: slot.task.every(&self), retry: slot.task.retry(&self) };
            let activation = slot.activate(slot.task.reconcile(&self), waits, self.clock.as_ref(), &self.bus);
            let wait = tokio::select! {
                wait = activation => wait,
                () = self.stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = slot.wake.notified() => {}
                () = slot.task.woken(&self) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }
}

impl Engine {
    /// Every reconciler with what came of its last activation.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn reconcilers(&self, actor: &Actor) -> Result<Vec<ReconcilerStatus>, Refusal> {
        self.inner.authorize(actor, Permission::Read)?;
        Ok(self.inner.reconcilers.slots.iter().map(|slot| slot.status().clone()).collect())
    }

    /// Lets a reconciler begin now; one that is at work begins once more when it ends.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn run_reconciler(&self, actor: &Actor, name: &str) -> Result<ReconcilerStatus, Refusal> {
        let result = self.inner.run_reconciler(actor, name).await;
        self.inner.audited(actor, Permission::ReconcilerRun.as_str(), name, result).await
    }
}

impl Inner {
    async fn run_reconciler(&self, actor: &Actor, name: &str) -> Result<ReconcilerStatus, Refusal> {
        self.authorize(actor, Permission::ReconcilerRun)?;
        let found = self.reconcilers.slots.iter().find(|slot| slot.task.name() == name);
        let slot = found.ok_or_else(|| Refusal::not_found("background task", name))?;
        let mut tx = self.store.begin().await.map_err(error::store)?;
        done(&mut tx, actor, Permission::ReconcilerRun.as_str(), name, json!({}), self.clock.now()).await?;
        tx.commit().await.map_err(error::store)?;
        slot.wake.notify_one();
        Ok(slot.status().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seams::SystemClock;
    use async_trait::async_trait;

    struct Nothing;

    #[async_trait]
    impl Reconciler for Nothing {
        fn name(&self) -> &'static str {
            "nothing"
        }
        fn does(&self) -> &'static str {
            "Does nothing."
        }
        fn every(&self, _: &Inner) -> Duration {
            Duration::from_secs(60)
        }
        async fn reconcile(&self, _: &Arc<Inner>) -> Result<Did, Refusal> {
            Ok(Did::new("did nothing"))
        }
    }

    fn waits(seconds: u64) -> Waits {
        Waits { every: Duration::from_secs(seconds), retry: Duration::from_secs(5) }
    }

    async fn activate(slot: &Slot, work: impl Future<Output = Result<Did, Refusal>>) -> Duration {
        slot.activate(work, waits(60), &SystemClock, &Bus::new()).await
    }

    /// A panic ends its activation alone, failures are counted, and what it did last stays visible.
    #[tokio::test]
    async fn a_failing_activation_is_told_and_the_next_one_is_the_retry() {
        let slot = Slot::new(Box::new(Nothing));
        activate(&slot, async { Ok(Did::new("did it")) }).await;
        let good = slot.status().clone();
        assert_eq!((good.did.as_deref(), good.failures, good.running), (Some("did it"), 0, false));
        assert!(good.next_at > good.finished_at && good.succeeded_at == good.finished_at);

        let wait = activate(&slot, async { Err(Refusal::new(Code::StorageUnavailable, "the disk is full")) }).await;
        assert_eq!(wait, Duration::from_secs(5), "the next activation is the retry");
        #[allow(unreachable_code)]
        activate(&slot, async {
            panic!("as the test wants");
            Ok(Did::new(""))
        })
        .await;
        let bad = slot.status().clone();
        assert_eq!((bad.failures, bad.running, bad.did.as_deref()), (2, false, Some("did it")));
        assert_eq!(bad.failure.map(|refusal| refusal.code), Some(Code::Internal));
        assert_eq!(bad.succeeded_at, good.succeeded_at, "the age of what is known stays");

        let sooner = async { Ok(Did { said: "more to do".to_owned(), again: Some(Duration::from_secs(1)) }) };
        assert_eq!(activate(&slot, sooner).await, Duration::from_secs(1));
        let mended = slot.status().clone();
        assert_eq!((mended.failures, mended.failure), (0, None));
    }

    /// Whoever comes often tells only what is new.
    #[tokio::test]
    async fn frequent_looks_are_not_told_one_by_one() {
        let (slot, bus) = (Slot::new(Box::new(Nothing)), Bus::new());
        let mut heard = bus.subscribe();
        for _ in 0..3 {
            slot.activate(async { Ok(Did::new("same")) }, waits(15), &SystemClock, &bus).await;
        }
        assert!(heard.try_recv().is_ok(), "the first one is new");
        assert!(heard.try_recv().is_err(), "the others are not");
    }
}
