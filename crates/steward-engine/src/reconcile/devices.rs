//! `devices`: looks at each device, so that everybody else can read what was seen.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use steward_core::Refusal;
use steward_host::EngineEvent;
use tokio::sync::Mutex;

use super::{Did, Reconciler};
use crate::engine::Inner;

/// Events come in bursts; one look answers a whole burst.
const BURST: Duration = Duration::from_millis(100);

/// Looks at the machine Steward runs on.
#[derive(Default)]
pub(super) struct Devices {
    /// What its engine says by itself, while it answers.
    events: Mutex<Option<BoxStream<'static, EngineEvent>>>,
}

#[async_trait]
impl Reconciler for Devices {
    fn name(&self) -> &'static str {
        "devices"
    }

    fn does(&self) -> &'static str {
        "Looks at each device: its facts, its engine, its containers and volumes."
    }

    fn every(&self, engine: &Inner) -> Duration {
        engine.timing.observe_every
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        let id = engine.observers.local();
        engine.look_at(id).await;
        let mut events = self.events.lock().await;
        if engine.observers.of(id).engine.is_none() {
            *events = None;
            // What is wrong is said with the device; here it is only looked at more often.
            return Ok(Did { said: "looked at 1 device; its engine does not answer".to_owned(), again: Some(engine.timing.retry_engine) });
        }
        if events.is_none() {
            *events = engine.host(id)?.watch().await.ok();
        }
        Ok(Did::new("looked at 1 device"))
    }

    async fn woken(&self, _: &Inner) {
        let mut events = self.events.lock().await;
        match events.as_mut() {
            Some(stream) => {
                if stream.next().await.is_none() {
                    *events = None;
                }
                tokio::time::sleep(BURST).await;
            }
            None => std::future::pending().await,
        }
    }
}
