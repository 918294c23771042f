//! Reconcilers: background tasks that bring something to how it should be, again and again.
//!
//! Each is idempotent and is activated by a timer, by an event, or by a person. An activation that
//! fails, panics or takes too long ends itself alone: the next activation is the retry. To add one:
//! write its file, and add it to [`Supervisor::new`].

mod backups;
mod database;
mod devices;
mod idempotency;
mod retention;
mod schedules;
mod sessions;
mod supervisor;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::Refusal;

pub(crate) use supervisor::Supervisor;

use crate::engine::Inner;

/// The rest between two transactions of a long activation: whoever waits to write comes first.
const PAUSE: Duration = Duration::from_millis(5);

/// What an activation did.
#[derive(Debug)]
pub(crate) struct Did {
    /// In words, such as `forgot 3 keys`.
    pub said: String,
    /// When it should begin again, if not after its usual time.
    pub again: Option<Duration>,
}

impl Did {
    pub fn new(said: impl Into<String>) -> Self {
        Self { said: said.into(), again: None }
    }
}

/// One background task.
#[async_trait]
pub(crate) trait Reconciler: Send + Sync {
    /// Its name, such as `retention`: lower-case letters and hyphens.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence.
    fn does(&self) -> &'static str;

    /// How long after an activation the next one begins by itself.
    fn every(&self, engine: &Inner) -> Duration;

    /// How long after an activation that failed the next one begins by itself.
    fn retry(&self, engine: &Inner) -> Duration {
        self.every(engine)
    }

    /// Brings it to how it should be. Doing it twice is as good as once.
    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal>;

    /// Returns when something happened that is worth an activation before its time. It is dropped
    /// and called anew between activations.
    async fn woken(&self, _: &Inner) {
        std::future::pending().await
    }
}
