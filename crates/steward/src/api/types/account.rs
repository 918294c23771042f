//! Claiming the server, signing in, sessions, tokens, users.

use std::fmt;

use serde::{Deserialize, Serialize};
use steward_core::redact::MASK;
use steward_core::rights::Scope;
use steward_core::role::Role;
use steward_core::user::{Session, Token, User};
use steward_core::{Code, Refusal, Timestamp};
use steward_engine::accounts::{ScopeWish, TokenWish};

/// Text that is never printed: a password, a code, a token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// That the server waits for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claimable {
    /// Always false; once the server is claimed, there is nothing here.
    pub claimed: bool,
}

/// Makes the owner's account.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The code from the server's console.
    #[schema(inline)]
    pub code: Hidden,
    /// The name to sign in with.
    pub user: String,
    /// The password: 10 to 128 characters.
    #[schema(inline)]
    pub password: Hidden,
}

/// The owner, signed in.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewSession {
    /// Who.
    pub user: User,
    /// What to send as a bearer token. Browsers have the cookie and need not keep it.
    #[schema(inline)]
    pub token: Hidden,
}

/// Signs in.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The account's name.
    pub user: String,
    /// Its password.
    #[schema(inline)]
    pub password: Hidden,
}

/// A fresh session.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewSessionToken {
    /// Who.
    pub user: User,
    /// What to send as a bearer token. Browsers have the cookie and need not keep it.
    #[schema(inline)]
    pub token: Hidden,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By a session.
    Session,
    /// By an API token.
    Token,
}

/// Who is signed in, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CurrentSession {
    /// Who.
    pub user: User,
    /// What may be done now; a token may be allowed less than its owner.
    pub permissions: Vec<String>,
    /// Where other things may be done than that.
    pub scopes: Vec<SessionScope>,
    /// How it was shown.
    pub via: Via,
}

/// What somebody may do on one device or one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionScope {
    /// Where.
    #[serde(flatten)]
    pub scope: Scope,
    /// The role there.
    pub role: Role,
    /// What may be done there.
    pub permissions: Vec<String>,
}

/// Gives a role on one device or one deployment: one of the two is named.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// What it allows: viewer, operator or admin.
    pub role: Role,
    /// A deployment, by its id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z0-9_-]{1,40}$")]
    pub deployment: Option<String>,
    /// A device, by its id or name; the grant holds for all that is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl GrantRequest {
    /// Where the grant shall hold.
    ///
    /// # Errors
    /// `invalid_value` unless exactly one thing is named.
    pub fn scope(&self) -> Result<ScopeWish, Refusal> {
        match (&self.deployment, &self.device) {
            (Some(which), None) => Ok(ScopeWish::Deployment(which.clone())),
            (None, Some(which)) => Ok(ScopeWish::Device(which.clone())),
            _ => Err(Refusal::new(Code::InvalidValue, "name either a deployment or a device").with_field("deployment")),
        }
    }
}

/// One's own session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OwnSession {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Changes one's own password.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present one.
    #[schema(inline)]
    pub current: Hidden,
    /// The new one: 10 to 128 characters.
    #[schema(inline)]
    pub new: Hidden,
}

/// Makes an API token.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What people call it.
    pub name: String,
    /// What it may do; as much as its owner when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How many days it lives; until it is revoked when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u32>,
    /// The deployments that it is for, by id or name; with `devices`, all that it can be used for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<String>,
    /// The devices that it is for, by id or name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
}

impl From<TokenRequest> for TokenWish {
    fn from(body: TokenRequest) -> Self {
        let deployments = body.deployments.into_iter().map(ScopeWish::Deployment);
        let scopes = deployments.chain(body.devices.into_iter().map(ScopeWish::Device)).collect();
        Self { name: body.name, role: body.role, days: body.expires_in_days, scopes }
    }
}

/// A fresh token.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenMade {
    /// The token.
    pub token: Token,
    /// What to send as a bearer token; it is shown this once.
    #[schema(inline)]
    pub secret: Hidden,
}

/// Makes an account.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRequest {
    /// The name to sign in with.
    pub name: String,
    /// The password: 10 to 128 characters.
    #[schema(inline)]
    pub password: Hidden,
    /// What it may do.
    pub role: Role,
}

/// Changes an account; its sessions end.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// What it may do from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The new password: 10 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub password: Option<Hidden>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C10: a secret does not reach a log by way of `{:?}`.
    #[test]
    fn what_is_hidden_is_not_printed() {
        let body = SignIn { user: "anna".to_owned(), password: Hidden("s3cret".to_owned()) };
        assert!(!format!("{body:?}").contains("s3cret"));
        assert!(serde_json::to_string(&body).unwrap().contains("s3cret"));
    }
}
