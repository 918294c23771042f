//! The server itself, and what a device measures.

use serde::{Deserialize, Serialize};
use steward_core::Timestamp;
use steward_core::device::Facts;

/// Whether all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// All is well.
    Ok,
    /// Steward answers, and something that it needs does not.
    Degraded,
}

/// Whether a part answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It answers.
    Ok,
    /// It does not.
    Unavailable,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// Whether all is well.
    pub status: HealthStatus,
    /// Steward's version.
    pub version: String,
    /// Whether somebody owns the server.
    pub claimed: bool,
    /// The database.
    pub database: Part,
    /// The container engine of this machine; only for those who are signed in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub engine: Option<Part>,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Version {
    /// Steward's version.
    pub version: String,
    /// The version of this API.
    pub api_version: String,
    /// Whether this is a development instance, which touches only devices that are marked so.
    pub development: bool,
}

/// What a device measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceStats {
    /// What it is and has.
    pub facts: Facts,
    /// When its engine last answered.
    pub observed_at: Option<Timestamp>,
}
