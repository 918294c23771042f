//! The catalog.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::definition::{Definition, Resources, SettingValue, settings};
use steward_core::name::{DeploymentName, ImageRef, SettingKey, Slug};
use steward_core::operation::{DeploymentDeploy, PortChoices, Request};
use steward_core::{DeviceId, Refusal};
use steward_engine::Engine;
use steward_engine::catalog::{Broken, Entry, Origin};

/// An application, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApplicationSummary {
    /// Its folder's name in the catalog.
    pub slug: Slug,
    /// What people call it; the slug when its definition is broken.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// Its category.
    pub category: String,
    /// The project's own site.
    pub website: Option<String>,
    /// Where its icon is.
    pub icon: Option<String>,
    /// What it needs.
    pub resources: Resources,
    /// Its images.
    pub images: Vec<ImageRef>,
    /// Whether Steward carries every image inside itself, so that no registry is needed.
    pub embedded: bool,
    /// Why it cannot be deployed: what is wrong in its file, and where.
    pub broken: Option<Vec<Broken>>,
    /// How many deployments it has.
    pub deployments: usize,
    /// Where it comes from.
    pub source: Origin,
}

/// An application with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApplicationDetail {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ApplicationSummary,
    /// What it is made of; absent when it is broken.
    pub definition: Option<Definition>,
    /// JSON Schema of its settings; absent when it is broken.
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    pub settings_schema: Option<Value>,
    /// The text of its file.
    pub source_text: String,
}

/// Where the icon of an application is.
pub fn icon(slug: &Slug) -> String {
    format!("{}/applications/{slug}/icon.svg", crate::api::BASE)
}

impl ApplicationSummary {
    /// From a catalog entry and how many deployments it has.
    pub fn new(engine: &Engine, entry: &Entry, deployments: usize) -> Self {
        let definition = entry.definition.as_ref().ok();
        let images = definition.map(|definition| definition.images()).unwrap_or_default();
        Self {
            slug: entry.slug.clone(),
            title: definition.map_or_else(|| entry.slug.to_string(), |definition| definition.title.clone()),
            description: definition.map(|definition| definition.description.clone()).unwrap_or_default(),
            category: definition.map_or_else(|| "other".to_owned(), |definition| definition.category.clone()),
            website: definition.and_then(|definition| definition.website.clone()),
            icon: entry.raw.icon.as_ref().map(|_| icon(&entry.slug)),
            resources: definition.map(|definition| definition.resources).unwrap_or_default(),
            embedded: !images.is_empty() && images.iter().all(|image| engine.carries(image.as_str())),
            images,
            broken: entry.definition.as_ref().err().cloned(),
            deployments,
            source: entry.raw.origin,
        }
    }
}

impl ApplicationDetail {
    /// From a catalog entry and how many deployments it has.
    pub fn new(engine: &Engine, entry: &Entry, deployments: usize) -> Self {
        let definition = entry.definition.as_ref().ok();
        Self {
            summary: ApplicationSummary::new(engine, entry, deployments),
            settings_schema: definition.map(|definition| settings::json_schema(definition)),
            definition: definition.map(|definition| (**definition).clone()),
            source_text: entry.raw.text.clone(),
        }
    }
}

/// Deploys an application, or plans it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    /// The new deployment's name; the application's slug when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 40)]
    pub name: Option<String>,
    /// The device; the best one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")]
    pub device_id: Option<String>,
    /// Values of the application's settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, SettingValue>)]
    pub settings: BTreeMap<SettingKey, Value>,
    /// Ports on the device, by `INTERNAL/PROTOCOL`; the definition's own when absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, u16>)]
    pub ports: PortChoices,
    /// The hash of the plan that was seen; another plan is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
}

impl DeployRequest {
    /// The operation that is asked for, and the hash of the plan that was seen.
    ///
    /// # Errors
    /// `invalid_name`, `invalid_id` with the field.
    pub fn into_request(self, application: Slug) -> Result<(Request, Option<String>), Refusal> {
        let name = self.name.as_deref().map(DeploymentName::parse).transpose()?;
        let device_id = self.device_id.as_deref().map(DeviceId::parse).transpose().map_err(|refusal| refusal.with_field("device_id"))?;
        let deploy = DeploymentDeploy { application, name, device_id, settings: self.settings, ports: self.ports };
        Ok((Request::DeploymentDeploy(deploy), self.plan_hash))
    }
}
