//! `deployment.restart`: every container of a deployment is restarted.

use steward_core::Refusal;
use steward_core::operation::{DeploymentRestart, Operation, Request};

use super::power::{self, Power};
use super::{Prepared, Step};
use crate::engine::Inner;

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, asked: &DeploymentRestart) -> Result<Prepared, Refusal> {
    power::prepare(engine, Power::Restart, &asked.deployment_id, Request::DeploymentRestart(asked.clone())).await
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    power::steps(engine, operation, Power::Restart).await
}
