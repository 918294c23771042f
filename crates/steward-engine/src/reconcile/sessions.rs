//! `sessions`: removes sessions that have ended by themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::Refusal;
use steward_store::sessions;

use super::{Did, Reconciler};
use crate::engine::Inner;
use crate::error;

/// Removes sessions whose time is over.
pub(super) struct Sessions;

#[async_trait]
impl Reconciler for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn does(&self) -> &'static str {
        "Removes sign-ins that have expired or were not used for seven days."
    }

    fn every(&self, _: &Inner) -> Duration {
        Duration::from_secs(3600)
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        let now = engine.clock.now();
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let ended = sessions::delete_ended(&mut tx, now, now.plus(-crate::accounts::IDLE)).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(Did::new(match ended {
            0 => "no sign-in had ended".to_owned(),
            1 => "removed 1 sign-in that had ended".to_owned(),
            many => format!("removed {many} sign-ins that had ended"),
        }))
    }
}
