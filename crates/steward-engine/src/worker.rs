//! The worker: takes queued operations when their locks are free, those of people first, oldest first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steward_core::event::Event;
use steward_core::operation::{Operation, State, Waiting};
use steward_core::{DeviceId, OperationId, Refusal};
use steward_store::{locks, operations as rows, schedule_runs};
use tokio_util::sync::CancellationToken;

use crate::engine::Inner;
use crate::error;
use crate::operations::{Class, class, may_begin};
use crate::supervise::Way;

/// How long the queue is left alone when nobody wakes the worker.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What is known about operations of this process beyond their records.
#[derive(Default)]
pub(crate) struct Running {
    table: Mutex<HashMap<OperationId, Entry>>,
}

struct Entry {
    digest: String,
    cancel: CancellationToken,
    started: Option<(Class, DeviceId)>,
}

impl Running {
    fn table(&self) -> MutexGuard<'_, HashMap<OperationId, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an accepted request, so that the same one again is known.
    pub fn accepted(&self, id: &OperationId, digest: &str) {
        self.table().insert(id.clone(), Entry { digest: digest.to_owned(), cancel: CancellationToken::new(), started: None });
    }

    /// The digest of the request behind an operation.
    pub fn digest(&self, id: &OperationId) -> Option<String> {
        self.table().get(id).map(|entry| entry.digest.clone())
    }

    /// Marks it as started; gives the token that cancels it.
    pub fn start(&self, operation: &Operation) -> CancellationToken {
        let mut table = self.table();
        let unknown = || Entry { digest: String::new(), cancel: CancellationToken::new(), started: None };
        let entry = table.entry(operation.id.clone()).or_insert_with(unknown);
        entry.started = Some((class(operation.kind), operation.device_id.clone()));
        entry.cancel.clone()
    }

    /// Forgets an operation that came to rest.
    pub fn ended(&self, id: &OperationId) {
        self.table().remove(id);
    }

    /// Tells a started operation that it is to stop.
    pub fn cancel(&self, id: &OperationId) {
        if let Some(entry) = self.table().get(id) {
            entry.cancel.cancel();
        }
    }

    fn is_started(&self, id: &OperationId) -> bool {
        self.table().get(id).is_some_and(|entry| entry.started.is_some())
    }

    /// Whether one more of a class may start on a device.
    fn has_room(&self, class: Class, device: &DeviceId) -> bool {
        let started = |entry: &&Entry| entry.started.as_ref().is_some_and(|(of, on)| *of == class && on == device);
        self.table().values().filter(started).count() < class.at_once()
    }
}

impl Inner {
    /// Takes up work until the engine stops.
    pub async fn work(self: Arc<Self>) {
        loop {
            // A wake-up that was lost to an error of the store must not leave the queue waiting.
            let mut look_again = LOOK_AGAIN;
            if let Err(refusal) = self.take_up().await {
                tracing::error!(error = %refusal, "cannot take up operations");
                look_again = self.timing.retry_store;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(look_again) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Starts what can start. Nobody overtakes an earlier one that needs the same lock, whether that
    /// one waits for the lock or for its turn.
    async fn take_up(self: &Arc<Self>) -> Result<(), Refusal> {
        let queued = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            let of_schedules = schedule_runs::queued(&mut reader).await.map_err(error::store)?;
            let mut queued = rows::queued(&mut reader).await.map_err(error::store)?;
            // A person before a schedule; the sort keeps the order of acceptance otherwise.
            queued.sort_by_key(|(operation, _)| of_schedules.contains(&operation.id));
            queued
        };
        let mut claimed: HashMap<String, OperationId> = HashMap::new();
        for (operation, locks) in queued {
            if self.running.is_started(&operation.id) {
                continue;
            }
            let in_the_way = locks.iter().find_map(|lock| Some(Waiting { lock: lock.clone(), held_by: claimed.get(lock)?.clone() }));
            let id = operation.id.clone();
            let started = match in_the_way {
                Some(waiting) => self.note_waiting(operation, waiting).await.map(|()| false)?,
                None if self.running.has_room(class(operation.kind), &operation.device_id) => self.try_start(operation, &locks).await?,
                None => false,
            };
            if !started {
                locks.into_iter().for_each(|lock| {
                    claimed.entry(lock).or_insert_with(|| id.clone());
                });
            }
        }
        Ok(())
    }

    /// Says in the record what an operation waits for.
    async fn note_waiting(&self, operation: Operation, waiting: Waiting) -> Result<(), Refusal> {
        if operation.waiting.as_ref() == Some(&waiting) {
            return Ok(());
        }
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let now = rows::get(&mut tx, &operation.id).await.map_err(error::store)?;
        let Some(mut operation) = now.filter(|o| o.state == State::Queued) else { return Ok(()) };
        operation.waiting = Some(waiting);
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        self.bus.send(Event::Operation { id: operation.id, deployment_id: operation.deployment_id });
        Ok(())
    }

    /// Starts an operation when its locks are free; else says what it waits for.
    async fn try_start(self: &Arc<Self>, operation: Operation, locks: &[String]) -> Result<bool, Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        // Looked at again: it may have been cancelled since the queue was read.
        let now = rows::get(&mut tx, &operation.id).await.map_err(error::store)?;
        let Some(mut operation) = now.filter(|o| o.state == State::Queued && !o.cancel_requested) else { return Ok(true) };
        if !may_begin(&mut tx, &operation).await? {
            return Ok(false);
        }
        let waiting = locks::acquire(&mut tx, locks, &operation.id).await.map_err(error::store)?;
        if waiting.is_some() && waiting == operation.waiting {
            return Ok(false);
        }
        let starts = waiting.is_none();
        if starts {
            operation.state = State::Running;
            operation.started_at = Some(self.clock.now());
        }
        operation.waiting = waiting;
        rows::update(&mut tx, &operation).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        self.bus.send(Event::Operation { id: operation.id.clone(), deployment_id: operation.deployment_id.clone() });
        if starts {
            self.spawn_run(operation, Way::Forward);
        }
        Ok(starts)
    }
}
