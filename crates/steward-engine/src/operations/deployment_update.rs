//! `deployment.update`: new settings, ports, or the catalog's present definition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use steward_core::definition::{Definition, settings};
use steward_core::deployment::{Deployment, Revision};
use steward_core::name::SettingKey;
use steward_core::operation::{DeploymentUpdate, Kind, Request};
use steward_core::redact::MASK;
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
pub(super) async fn prepare(engine: &Inner, actor: &Actor, asked: &DeploymentUpdate) -> Result<Prepared, Refusal> {
    let (deployment, active) = in_force(engine, &asked.deployment_id).await?;
    if asked.expected_revision.is_some_and(|expected| expected != active.number) {
        return Err(Refusal::new(
            Code::Conflict,
            format!("the settings of `{}` were changed meanwhile: revision {} is in force", deployment.name, active.number),
        )
        .with_field("expected_revision")
        .with_hint("Look at the new settings and make your change again."));
    }
    // Settings are checked against the definition that will run: the catalog's present one, or the
    // one in force when the catalog's entry is gone or broken.
    let definition = engine.catalog.definition(&deployment.application).unwrap_or_else(|_| Arc::new(active.definition.clone()));
    let before = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        kept(engine, &mut reader, Some(&active)).await?
    };
    let old_secrets = before.secrets.clone();
    let mut resolved = settings::resolve(&definition, &asked.settings, &before).map_err(first)?;
    for (key, length) in std::mem::take(&mut resolved.to_generate) {
        resolved.secrets.insert(key, secret_text(engine.random.as_ref(), usize::from(length)));
    }
    let mut ports = active.ports.clone();
    ports.extend(asked.ports.clone());
    let known: BTreeSet<String> = definition.containers.iter().flat_map(|c| &c.ports).map(|port| port.key()).collect();
    ports.retain(|key, _| known.contains(key) || asked.ports.contains_key(key));
    compose::check_ports(&definition, &ports).map_err(first)?;
    let mut request = asked.clone();
    mask(&mut request.settings, &definition);
    let secrets_same = resolved.secrets == old_secrets;
    let content = Content { definition, settings: resolved.settings, secrets: resolved.secrets, ports };
    let recorded = serde_json::to_value(Request::DeploymentUpdate(request)).unwrap_or_default();
    next(engine, actor, Kind::DeploymentUpdate, deployment, &active, content, secrets_same, recorded, "Change the settings of").await
}

/// What the next revision consists of.
pub(super) struct Content {
    pub definition: Arc<Definition>,
    pub settings: steward_core::deployment::Settings,
    pub secrets: BTreeMap<SettingKey, String>,
    pub ports: steward_core::operation::PortChoices,
}

/// The plan and the draft of the revision after the active one.
#[allow(clippy::too_many_arguments)]
pub(super) async fn next(
    engine: &Inner,
    actor: &Actor,
    kind: Kind,
    deployment: Deployment,
    active: &Revision,
    content: Content,
    secrets_same: bool,
    request: Value,
    verb: &str,
) -> Result<Prepared, Refusal> {
    let secret_keys: BTreeSet<_> = content.secrets.keys().cloned().collect();
    let compose = render(&deployment.name, &deployment.application, &content.definition, &content.settings, &secret_keys, &content.ports);
    let changed = !secrets_same || compose != active.compose || content.settings != active.settings || content.ports != active.ports;
    let world = World::look(engine, &deployment.device_id, Some(&content.definition)).await?.shown_to(actor);
    let wanted = apply::Wanted {
        kind,
        name: &deployment.name,
        application: &deployment.application,
        definition: &content.definition,
        ports: &content.ports,
        compose: &compose,
        secrets: content.secrets.keys().cloned().collect(),
        is_new: false,
        summary: if changed { format!("{verb} `{}`", deployment.name) } else { format!("`{}` is so already", deployment.name) },
        changed,
    };
    let plan = apply::plan(engine, &world, wanted).await?;
    let number = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        revisions::next_number(&mut reader, &deployment.id).await.map_err(error::store)?
    };
    let draft = Draft {
        new_id: DeploymentId::from_random(id_bytes(engine.random.as_ref())),
        name: deployment.name.clone(),
        application: deployment.application.clone(),
        device_id: deployment.device_id.clone(),
        number,
        definition: content.definition,
        settings: content.settings,
        secrets: content.secrets,
        ports: content.ports,
        compose,
        existing: Some(deployment),
    };
    let locks = apply::locks(&draft.name, &draft.device_id, &draft.definition, &draft.ports);
    Ok(Prepared {
        deployment_id: Some(draft.deployment_id().clone()),
        device_id: draft.device_id.clone(),
        locks,
        request,
        targets: Vec::new(),
        draft: changed.then_some(draft),
        plan,
    })
}

/// A deployment and its active revision.
pub(crate) async fn in_force(engine: &Inner, id: &DeploymentId) -> Result<(Deployment, Revision), Refusal> {
    let mut reader = engine.store.read().await.map_err(error::store)?;
    let deployment = deployments::get(&mut reader, id).await.map_err(error::store)?;
    let deployment = deployment.filter(|d| d.removed_at.is_none()).ok_or_else(|| Refusal::not_found("app", id))?;
    let revision = match deployment.revision {
        Some(number) => revisions::get(&mut reader, id, number).await.map_err(error::store)?,
        None => None,
    };
    let unfinished = || Refusal::new(Code::Locked, format!("`{}` is still being deployed", deployment.name));
    let revision = revision.ok_or_else(unfinished)?;
    Ok((deployment, revision))
}

/// Masks the values of secret settings, and of unknown ones, which may be misspelt secrets.
pub(super) fn mask(settings: &mut BTreeMap<SettingKey, Value>, definition: &Definition) {
    for (key, value) in settings.iter_mut() {
        if !value.is_null() && definition.setting(key).is_none_or(|setting| setting.secret) {
            *value = Value::String(MASK.to_owned());
        }
    }
}
