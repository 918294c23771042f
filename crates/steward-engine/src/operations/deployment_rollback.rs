//! `deployment.rollback`: what an earlier revision said becomes a new revision.

use std::sync::Arc;

use steward_core::Refusal;
use steward_core::operation::{DeploymentRollback, Kind, Request};
use steward_core::user::Actor;
use steward_store::revisions;

use super::Prepared;
use super::deployment_update::{Content, in_force, next};
use super::draft::open_secrets;
use crate::engine::Inner;
use crate::error;

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, actor: &Actor, asked: &DeploymentRollback) -> Result<Prepared, Refusal> {
    let (deployment, active) = in_force(engine, &asked.deployment_id).await?;
    let (earlier, secrets, now) = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        let earlier = revisions::get(&mut reader, &deployment.id, asked.revision).await.map_err(error::store)?;
        let earlier = earlier
            .filter(|revision| revision.activated_at.is_some())
            .ok_or_else(|| Refusal::not_found("revision", asked.revision).with_field("revision"))?;
        let secrets = open_secrets(engine, &mut reader, &deployment.id, earlier.number).await?;
        let now = open_secrets(engine, &mut reader, &deployment.id, active.number).await?;
        (earlier, secrets, now)
    };
    let same = secrets == now;
    let content = Content { definition: Arc::new(earlier.definition), settings: earlier.settings, secrets, ports: earlier.ports };
    let request = serde_json::to_value(Request::DeploymentRollback(asked.clone())).unwrap_or_default();
    let verb = format!("Return to revision {} of", asked.revision);
    next(engine, actor, Kind::DeploymentRollback, deployment, &active, content, same, request, &verb).await
}
