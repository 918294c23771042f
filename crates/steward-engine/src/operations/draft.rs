//! Drafts: the revision that an operation is about to bring into force. It is stored when the
//! operation is accepted, becomes active when all is healthy, and goes when the operation is undone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steward_core::compose::{self, ComposeInput};
use steward_core::definition::Definition;
use steward_core::definition::settings::Kept;
use steward_core::deployment::{Deployment, Desired, Revision, Settings};
use steward_core::name::{DeploymentName, SettingKey, Slug};
use steward_core::operation::{Operation, PortChoices};
use steward_core::{Code, DeploymentId, DeviceId, OperationId, Refusal, Timestamp};
use steward_store::{Connection, deployments, revisions, secrets};

use super::Ending;
use crate::engine::Inner;
use crate::error;

/// A revision that is not stored yet.
#[derive(Clone)]
pub(crate) struct Draft {
    /// The deployment, when it exists, also when it was removed with its data kept.
    pub existing: Option<Deployment>,
    /// The id of a new deployment.
    pub new_id: DeploymentId,
    pub name: DeploymentName,
    pub application: Slug,
    pub device_id: DeviceId,
    pub number: u32,
    pub definition: Arc<Definition>,
    pub settings: Settings,
    pub secrets: BTreeMap<SettingKey, String>,
    pub ports: PortChoices,
    pub compose: String,
}

impl Draft {
    /// The deployment it belongs to.
    pub fn deployment_id(&self) -> &DeploymentId {
        self.existing.as_ref().map_or(&self.new_id, |deployment| &deployment.id)
    }

    /// Stores it, in the transaction that accepts the operation.
    pub async fn store(
        &self,
        engine: &Inner,
        conn: &mut Connection,
        operation_id: &OperationId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match &self.existing {
            Some(deployment) => {
                let revived = Deployment { removed_at: None, device_id: self.device_id.clone(), updated_at: now, ..deployment.clone() };
                deployments::update(conn, &revived).await.map_err(error::store)?;
            }
            None => {
                let deployment = Deployment {
                    id: self.new_id.clone(),
                    name: self.name.clone(),
                    application: self.application.clone(),
                    device_id: self.device_id.clone(),
                    desired: Desired::Running,
                    revision: None,
                    created_at: now,
                    updated_at: now,
                    removed_at: None,
                };
                deployments::insert(conn, &deployment).await.map_err(error::store)?;
            }
        }
        let revision = Revision {
            deployment_id: self.deployment_id().clone(),
            number: self.number,
            definition: (*self.definition).clone(),
            settings: self.settings.clone(),
            ports: self.ports.clone(),
            compose: self.compose.clone(),
            operation_id: operation_id.clone(),
            actor: actor.to_owned(),
            created_at: now,
            activated_at: None,
        };
        revisions::insert(conn, &revision).await.map_err(error::store)?;
        for (key, secret) in &self.secrets {
            let sealed = engine.vault.seal(self.deployment_id(), self.number, key, secret)?;
            secrets::put(conn, self.deployment_id(), self.number, key, &sealed).await.map_err(error::store)?;
        }
        Ok(())
    }
}

/// The generated Compose file.
pub(crate) fn render(
    name: &DeploymentName,
    application: &Slug,
    definition: &Definition,
    settings: &Settings,
    secret_keys: &BTreeSet<SettingKey>,
    ports: &PortChoices,
) -> String {
    compose::render(&ComposeInput { name, application, definition, settings, secret_keys, ports })
}

/// The secrets of a revision, opened.
pub(crate) async fn open_secrets(
    engine: &Inner,
    conn: &mut Connection,
    id: &DeploymentId,
    number: u32,
) -> Result<BTreeMap<SettingKey, String>, Refusal> {
    let mut opened = BTreeMap::new();
    for (key, sealed) in secrets::list(conn, id, number).await.map_err(error::store)? {
        let secret = engine.vault.open(id, number, &key, &sealed)?;
        opened.insert(key, secret.as_str().to_owned());
    }
    Ok(opened)
}

/// The values that a revision leaves to the next one.
pub(crate) async fn kept(engine: &Inner, conn: &mut Connection, revision: Option<&Revision>) -> Result<Kept, Refusal> {
    let Some(revision) = revision else { return Ok(Kept::default()) };
    let secrets = open_secrets(engine, conn, &revision.deployment_id, revision.number).await?;
    Ok(Kept { settings: revision.settings.clone(), secrets })
}

/// The first of several refusals, which says how many there are.
pub(crate) fn first(mut refusals: Vec<Refusal>) -> Refusal {
    if refusals.is_empty() {
        return Refusal::new(Code::InvalidValue, "the settings are not valid");
    }
    let others = refusals.len() - 1;
    let first = refusals.swap_remove(0);
    if others == 0 { first } else { Refusal { message: format!("{} (and {others} more)", first.message), ..first } }
}

/// Makes the draft active, or forgets it.
pub(super) async fn conclude(engine: &Inner, conn: &mut Connection, operation: &Operation, ending: Ending) -> Result<(), Refusal> {
    let Some(id) = &operation.deployment_id else { return Ok(()) };
    let Some(deployment) = deployments::get(conn, id).await.map_err(error::store)? else { return Ok(()) };
    let all = revisions::list(conn, id).await.map_err(error::store)?;
    let Some(draft) = all.iter().find(|revision| revision.operation_id == operation.id) else { return Ok(()) };
    let now = engine.clock.now();
    match ending {
        Ending::Done => {
            revisions::activate(conn, id, draft.number, now).await.map_err(error::store)?;
            let active = Deployment { revision: Some(draft.number), desired: Desired::Running, updated_at: now, ..deployment };
            deployments::update(conn, &active).await.map_err(error::store)
        }
        Ending::Undone if all.len() == 1 => deployments::delete(conn, id).await.map_err(error::store),
        Ending::Undone => {
            revisions::delete(conn, id, draft.number).await.map_err(error::store)?;
            // A deploy over the kept data of a removed deployment leaves it removed, as it was.
            let is_deploy = operation.kind == steward_core::operation::Kind::DeploymentDeploy;
            let removed_at = if is_deploy { Some(deployment.updated_at) } else { deployment.removed_at };
            deployments::update(conn, &Deployment { removed_at, ..deployment }).await.map_err(error::store)
        }
    }
}
