//! `deployment.stop`: a deployment stops until it is started again.

use steward_core::Refusal;
use steward_core::operation::{DeploymentStop, Operation, Request};

use super::power::{self, Power};
use super::{Prepared, Step};
use crate::engine::Inner;

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, asked: &DeploymentStop) -> Result<Prepared, Refusal> {
    power::prepare(engine, Power::Stop, &asked.deployment_id, Request::DeploymentStop(asked.clone())).await
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    power::steps(engine, operation, Power::Stop).await
}
