//! `database`: looks through Steward's own database.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::{Code, Refusal};
use steward_store::StoreError;

use super::{Did, Reconciler};
use crate::engine::Inner;
use crate::error;

/// Looks at every page once a day: a disk that forgets is noticed while there still is a good backup.
/// A start after a clean end does not look, so that it need not wait for gigabytes.
pub(super) struct Database;

#[async_trait]
impl Reconciler for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    fn does(&self) -> &'static str {
        "Looks for damage in Steward's own database."
    }

    fn every(&self, _: &Inner) -> Duration {
        Duration::from_secs(24 * 3600)
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        match engine.store.check().await {
            Ok(()) => Ok(Did::new("every page of the database is good")),
            Err(StoreError::Corrupt(complaint)) => {
                Err(Refusal::new(Code::StorageUnavailable, format!("the database is damaged: {complaint}"))
                    .with_hint("Stop Steward and put its last good backup back: steward self restore FILE"))
            }
            Err(error) => Err(error::store(error)),
        }
    }
}
