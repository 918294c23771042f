//! `idempotency-keys`: forgets keys after their day.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::Refusal;
use steward_store::idempotency;

use super::{Did, Reconciler};
use crate::engine::Inner;
use crate::error;

/// Keys that are forgotten in one transaction, so that nobody waits long for their turn to write.
const BATCH: u32 = 500;

/// Forgets idempotency keys that are older than a day.
pub(super) struct Idempotency;

#[async_trait]
impl Reconciler for Idempotency {
    fn name(&self) -> &'static str {
        "idempotency-keys"
    }

    fn does(&self) -> &'static str {
        "Forgets idempotency keys that are older than a day."
    }

    fn every(&self, _: &Inner) -> Duration {
        Duration::from_secs(3600)
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        let mut forgotten = 0;
        loop {
            let mut tx = engine.store.begin().await.map_err(error::store)?;
            let batch = idempotency::prune(&mut tx, engine.clock.now(), BATCH).await.map_err(error::store)?;
            tx.commit().await.map_err(error::store)?;
            forgotten += batch;
            if batch < u64::from(BATCH) {
                return Ok(Did::new(match forgotten {
                    0 => "no key was older than a day".to_owned(),
                    1 => "forgot 1 key".to_owned(),
                    many => format!("forgot {many} keys"),
                }));
            }
            // Whoever waits to write comes first.
            tokio::time::sleep(super::PAUSE).await;
        }
    }
}
