//! How this server is reached: by HTTPS or not, and what it shows to those who connect.

use serde::{Deserialize, Serialize};
use steward_core::Timestamp;

/// Where the certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateSource {
    /// Two files of the user's own.
    Files,
    /// Steward's own authority.
    Authority,
    /// An authority that issued it over ACME.
    Acme,
}

/// An authority that vouches for this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuthorityView {
    /// What it calls itself, and devices in their lists.
    pub name: String,
    /// SHA-256 of its certificate: capital hex with colons.
    pub fingerprint: String,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// How this server is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HttpsView {
    /// Whether it speaks HTTPS.
    pub enabled: bool,
    /// Whether it speaks plain HTTP at an address that other machines reach, so that passwords and
    /// sign-ins can be read on the way.
    pub exposed: bool,
    /// Where its certificate comes from; absent without HTTPS.
    pub source: Option<CertificateSource>,
    /// The names and addresses that the certificate is for.
    pub names: Vec<String>,
    /// Until when the certificate holds; absent without HTTPS.
    pub expires_at: Option<Timestamp>,
    /// SHA-256 of the certificate: capital hex with colons; absent without HTTPS.
    pub fingerprint: Option<String>,
    /// Steward's own authority, when the certificate is of it.
    pub authority: Option<AuthorityView>,
    /// What is wrong with the certificate, or soon will be.
    pub problem: Option<String>,
}
