//! `deployment.deploy`: an application under a new name.

use std::collections::BTreeSet;
use std::sync::Arc;

use steward_core::definition::{Definition, settings};
use steward_core::deployment::{Deployment, Revision};
use steward_core::name::DeploymentName;
use steward_core::operation::{DeploymentDeploy, Kind, Request};
use steward_core::user::Actor;
use steward_core::{Code, DeploymentId, Refusal, compose};
use steward_store::{deployments, revisions};

use super::draft::{Draft, first, kept, render};
use super::world::World;
use super::{Prepared, apply};
use crate::engine::Inner;
use crate::error;
use crate::seams::{id_bytes, secret_text};

/// Looks at the world and makes the plan.
pub(super) async fn prepare(engine: &Inner, actor: &Actor, asked: &DeploymentDeploy) -> Result<Prepared, Refusal> {
    let definition = engine.catalog.definition(&asked.application)?;
    let name = match &asked.name {
        Some(name) => name.clone(),
        None => DeploymentName::parse(asked.application.as_str())?,
    };
    compose::check_ports(&definition, &asked.ports).map_err(first)?;
    let device_id = match &asked.device_id {
        Some(id) => id.clone(),
        None => engine.default_device().await?.id,
    };
    let existing = existing(engine, actor, &name).await?;
    if let Existing::InForce(deployment, revision) = &existing {
        return same_or_taken(engine, actor, asked, &definition, (deployment, revision.as_ref())).await;
    }
    let draft = draft(engine, asked, definition, name, device_id, existing).await?;
    let world = World::look(engine, &draft.device_id, Some(&draft.definition)).await?.shown_to(actor);
    let wanted = apply::Wanted {
        kind: Kind::DeploymentDeploy,
        name: &draft.name,
        application: &draft.application,
        definition: &draft.definition,
        ports: &draft.ports,
        compose: &draft.compose,
        secrets: draft.secrets.keys().cloned().collect(),
        is_new: true,
        summary: format!("Deploy {} as `{}` on {}", draft.definition.title, draft.name, world.device.name),
        changed: true,
    };
    let plan = apply::plan(engine, &world, wanted).await?;
    Ok(Prepared {
        plan,
        deployment_id: Some(draft.deployment_id().clone()),
        device_id: draft.device_id.clone(),
        locks: apply::locks(&draft.name, &draft.device_id, &draft.definition, &draft.ports),
        request: recorded(asked, &draft.definition),
        targets: Vec::new(),
        draft: Some(draft),
    })
}

/// What is there under the wanted name.
enum Existing {
    Nothing,
    /// A deployment in force, or on its way.
    InForce(Deployment, Option<Revision>),
    /// One that was removed with its data kept, and its last revision.
    Removed(Deployment, Option<Revision>),
}

async fn existing(engine: &Inner, actor: &Actor, name: &DeploymentName) -> Result<Existing, Refusal> {
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let (deployment, removed) = match deployments::by_name(&mut reader, name).await.map_err(error::store)? {
        Some(deployment) => (deployment, false),
        None => match deployments::removed_by_name(&mut reader, name).await.map_err(error::store)? {
            Some(deployment) => (deployment, true),
            None => return Ok(Existing::Nothing),
        },
    };
    if !actor.sees(deployment.target()) {
        return Err(not_free(name));
    }
    let revision = match deployment.revision {
        Some(number) => revisions::get(&mut reader, &deployment.id, number).await.map_err(error::store)?,
        None => None,
    };
    Ok(if removed { Existing::Removed(deployment, revision) } else { Existing::InForce(deployment, revision) })
}

/// Names are unique, so that one is not free has to be said; not by whom, to somebody who does not
/// see it. Nor is the data used that somebody else's deployment left behind.
pub(crate) fn not_free(name: &DeploymentName) -> Refusal {
    Refusal::new(Code::NameTaken, format!("the name `{name}` is not free")).with_field("name").with_hint("Choose another name.")
}

/// The same request again changes nothing; another one under this name is refused.
async fn same_or_taken(
    engine: &Inner,
    actor: &Actor,
    asked: &DeploymentDeploy,
    definition: &Definition,
    (deployment, revision): (&Deployment, Option<&Revision>),
) -> Result<Prepared, Refusal> {
    let taken = || {
        Refusal::new(Code::NameTaken, format!("there is already an app `{}` (of {})", deployment.name, deployment.application))
            .with_field("name")
            .with_hint("Choose another name, or change the settings of the existing one.")
    };
    let revision = revision.ok_or_else(taken)?;
    let kept = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        kept(engine, &mut reader, Some(revision)).await?
    };
    let before = kept.secrets.clone();
    // Settings that are not given count as their defaults, secrets that are not given as they are.
    let given = asked.settings.clone();
    let fresh = settings::Kept { settings: steward_core::deployment::Settings::new(), secrets: kept.secrets };
    let resolved = settings::resolve(definition, &given, &fresh).map_err(first)?;
    let same = deployment.application == asked.application
        && resolved.settings == revision.settings
        && resolved.secrets == before
        && asked.ports == revision.ports
        && asked.device_id.as_ref().is_none_or(|id| id == &deployment.device_id);
    if !same {
        return Err(taken());
    }
    let world = World::look(engine, &deployment.device_id, None).await?.shown_to(actor);
    let wanted = apply::Wanted {
        kind: Kind::DeploymentDeploy,
        name: &deployment.name,
        application: &deployment.application,
        definition: &revision.definition,
        ports: &revision.ports,
        compose: &revision.compose,
        secrets: before.keys().cloned().collect(),
        is_new: false,
        summary: format!("`{}` is deployed already with these settings", deployment.name),
        changed: false,
    };
    Ok(Prepared {
        plan: apply::plan(engine, &world, wanted).await?,
        deployment_id: Some(deployment.id.clone()),
        device_id: deployment.device_id.clone(),
        locks: Vec::new(),
        request: recorded(asked, definition),
        targets: Vec::new(),
        draft: None,
    })
}

async fn draft(
    engine: &Inner,
    asked: &DeploymentDeploy,
    definition: Arc<Definition>,
    name: DeploymentName,
    device_id: steward_core::DeviceId,
    existing: Existing,
) -> Result<Draft, Refusal> {
    // The data of a removed deployment of the same application was made with its secrets.
    let (existing, last) = match existing {
        Existing::Removed(deployment, revision) if deployment.application == asked.application => (Some(deployment), revision),
        _ => (None, None),
    };
    let (kept, number) = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        let mut kept = kept(engine, &mut reader, last.as_ref()).await?;
        kept.settings.clear();
        let number = match &existing {
            Some(deployment) => revisions::next_number(&mut reader, &deployment.id).await.map_err(error::store)?,
            None => 1,
        };
        (kept, number)
    };
    let mut resolved = settings::resolve(&definition, &asked.settings, &kept).map_err(first)?;
    for (key, length) in std::mem::take(&mut resolved.to_generate) {
        resolved.secrets.insert(key, secret_text(engine.random.as_ref(), usize::from(length)));
    }
    let secret_keys: BTreeSet<_> = resolved.secrets.keys().cloned().collect();
    let compose = render(&name, &asked.application, &definition, &resolved.settings, &secret_keys, &asked.ports);
    Ok(Draft {
        existing,
        new_id: DeploymentId::from_random(id_bytes(engine.random.as_ref())),
        name,
        application: asked.application.clone(),
        device_id,
        number,
        definition,
        settings: resolved.settings,
        secrets: resolved.secrets,
        ports: asked.ports.clone(),
        compose,
    })
}

/// The request as it is recorded: secret values masked.
fn recorded(asked: &DeploymentDeploy, definition: &Definition) -> serde_json::Value {
    let mut asked = asked.clone();
    super::deployment_update::mask(&mut asked.settings, definition);
    serde_json::to_value(Request::DeploymentDeploy(asked)).unwrap_or_default()
}
