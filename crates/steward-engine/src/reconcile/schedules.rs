//! `schedules`: lets what is due ask for its operation.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::Refusal;

use super::{Did, Reconciler};
use crate::engine::Inner;

/// Keeps the schedules.
pub(super) struct Schedules;

#[async_trait]
impl Reconciler for Schedules {
    fn name(&self) -> &'static str {
        "schedules"
    }

    fn does(&self) -> &'static str {
        "Starts what is scheduled when it is due."
    }

    /// At most: it comes again in the moment in which the next schedule is due.
    fn every(&self, engine: &Inner) -> Duration {
        engine.timing.look_at_schedules
    }

    /// Soon, as something may be due meanwhile.
    fn retry(&self, engine: &Inner) -> Duration {
        engine.timing.retry_store
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        let look = engine.look_at_schedules().await?;
        let looked = match look.schedules {
            0 => "nothing is scheduled".to_owned(),
            1 => "looked at 1 schedule".to_owned(),
            many => format!("looked at {many} schedules"),
        };
        let said = match look.due {
            0 => looked,
            1 => format!("{looked}; 1 was due"),
            many => format!("{looked}; {many} were due"),
        };
        Ok(Did { said, again: Some(look.pause) })
    }

    async fn woken(&self, engine: &Inner) {
        engine.schedules.woken().await;
    }
}
