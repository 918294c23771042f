//! Deployments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::definition::SettingValue;
use steward_core::deployment::{DeploymentState, Desired};
use steward_core::name::{DeploymentName, SettingKey, Slug};
use steward_core::operation::{
    DeploymentRemove, DeploymentRestart, DeploymentRollback, DeploymentStart, DeploymentStop, DeploymentUpdate, PortChoices, Request,
};
use steward_core::{Code, DeploymentId, DeviceId, Refusal, Timestamp};
use steward_engine::{Busy, Engine, ServiceView};

use super::application::icon;

/// Something that a browser can open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkView {
    /// What it is.
    pub title: String,
    /// Where it is, on the host that the browser asked.
    pub url: String,
}

/// A deployment with what was last seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentView {
    /// Its id.
    pub id: DeploymentId,
    /// Its name.
    pub name: DeploymentName,
    /// Its application.
    pub application: Slug,
    /// The application's title.
    pub title: String,
    /// Where the application's icon is.
    pub icon: Option<String>,
    /// Where it runs.
    pub device_id: DeviceId,
    /// That device's name.
    pub device: String,
    /// What it is doing.
    pub state: DeploymentState,
    /// Whether it should run.
    pub desired: Desired,
    /// The revision in force; absent until the first one is.
    pub revision: Option<u32>,
    /// Its services.
    pub services: Vec<ServiceView>,
    /// What a browser can open.
    pub links: Vec<LinkView>,
    /// What is under way on it.
    pub busy: Option<Busy>,
    /// Whether the catalog's definition is another one than the revision's.
    pub update_available: bool,
    /// What to do after the first start.
    pub post_install: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its device's engine last answered.
    pub observed_at: Option<Timestamp>,
}

impl DeploymentView {
    /// From the engine's view, for somebody who reaches this server as `host`.
    pub fn new(engine: &Engine, view: steward_engine::DeploymentView, host: &str) -> Self {
        let link = |link: steward_engine::Link| {
            let scheme = if link.tls { "https" } else { "http" };
            LinkView { title: link.title, url: format!("{scheme}://{host}:{}", link.port) }
        };
        Self {
            icon: engine.icon(view.application.as_str()).map(|_| icon(&view.application)),
            links: view.links.into_iter().map(link).collect(),
            id: view.id,
            name: view.name,
            application: view.application,
            title: view.title,
            device_id: view.device_id,
            device: view.device,
            state: view.state,
            desired: view.desired,
            revision: view.revision,
            services: view.services,
            busy: view.busy,
            update_available: view.update_available,
            post_install: view.post_install,
            created_at: view.created_at,
            updated_at: view.updated_at,
            observed_at: view.observed_at,
        }
    }
}

/// A body that says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Changes settings and ports of a deployment, or brings it to the catalog's present definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentChange {
    /// Settings to change; `null` returns one to its default; absent ones stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, SettingValue>)]
    pub settings: BTreeMap<SettingKey, Value>,
    /// Ports to change, by `INTERNAL/PROTOCOL`; absent ones stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, u16>)]
    pub ports: PortChoices,
    /// The revision that the change was made against; refused when another one is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u32>,
    /// The hash of the plan that was seen; another plan is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
}

impl DeploymentChange {
    /// The operation that is asked for, and the hash of the plan that was seen.
    pub fn into_request(self, deployment_id: DeploymentId) -> (Request, Option<String>) {
        let Self { settings, ports, expected_revision, plan_hash } = self;
        (Request::DeploymentUpdate(DeploymentUpdate { deployment_id, settings, ports, expected_revision }), plan_hash)
    }
}

/// Returns a deployment to an earlier revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// The revision to return to.
    pub revision: u32,
    /// The hash of the plan that was seen; another plan is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
}

/// What could be done to a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanAction {
    /// Change settings, or bring it to the catalog's present definition.
    Update,
    /// Return to an earlier revision.
    Rollback,
    /// Remove it and keep its data.
    Remove,
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Restart it.
    Restart,
}

/// Asks what an operation on a deployment would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// What would be done.
    pub action: PlanAction,
    /// For `update`: settings to change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, SettingValue>)]
    pub settings: BTreeMap<SettingKey, Value>,
    /// For `update`: ports to change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, u16>)]
    pub ports: PortChoices,
    /// For `rollback`: the revision to return to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}

impl PlanRequest {
    /// The operation that is asked about.
    ///
    /// # Errors
    /// `invalid_value` for a rollback without a revision.
    pub fn into_request(self, deployment_id: DeploymentId) -> Result<Request, Refusal> {
        let Self { action, settings, ports, revision } = self;
        let required = || Refusal::new(Code::InvalidValue, "`revision` is required for a rollback").with_field("revision");
        Ok(match action {
            PlanAction::Update => Request::DeploymentUpdate(DeploymentUpdate { deployment_id, settings, ports, expected_revision: None }),
            PlanAction::Rollback => {
                Request::DeploymentRollback(DeploymentRollback { deployment_id, revision: revision.ok_or_else(required)? })
            }
            PlanAction::Remove => Request::DeploymentRemove(DeploymentRemove { deployment_id }),
            PlanAction::Start => Request::DeploymentStart(DeploymentStart { deployment_id }),
            PlanAction::Stop => Request::DeploymentStop(DeploymentStop { deployment_id }),
            PlanAction::Restart => Request::DeploymentRestart(DeploymentRestart { deployment_id }),
        })
    }
}

/// Asks for the value of a secret setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealRequest {
    /// The setting.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 48)]
    pub key: String,
}

/// The value of a secret setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevealedSecret {
    /// The setting.
    pub key: SettingKey,
    /// Its value.
    #[schema(inline)]
    pub value: super::account::Hidden,
}
