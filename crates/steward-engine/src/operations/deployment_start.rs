//! `deployment.start`: a stopped deployment runs again.

use steward_core::Refusal;
use steward_core::operation::{DeploymentStart, Operation, Request};

use super::power::{self, Power};
use super::{Prepared, Step};
use crate::engine::Inner;

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, asked: &DeploymentStart) -> Result<Prepared, Refusal> {
    power::prepare(engine, Power::Start, &asked.deployment_id, Request::DeploymentStart(asked.clone())).await
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    power::steps(engine, operation, Power::Start).await
}
