//! Grants: a higher role on one device or one deployment. Whoever has no role of its own sees only
//! what it was granted.

use serde::{Deserialize, Serialize};
use serde_json::json;
use steward_core::rights::{Grant, Scope, Target};
use steward_core::role::{Permission, Role};
use steward_core::user::Actor;
use steward_core::{Code, GrantId, Refusal};
use steward_store::{Connection, deployments, devices, grants};

use super::done;
use super::users::not_above;
use crate::engine::{Engine, Inner};
use crate::error;
use crate::seams::id_bytes;

const ACTION: &str = "users.manage";

/// A grant, and what people call the device or deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GrantView {
    /// The grant.
    #[serde(flatten)]
    pub grant: Grant,
    /// The name of the device or deployment.
    pub name: String,
    /// Whether the deployment was removed with its data kept; deployed again, the grant holds again.
    pub removed: bool,
}

/// Where a grant or a token shall hold: a device or a deployment, by its id or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeWish {
    /// A device.
    Device(String),
    /// A deployment.
    Deployment(String),
}

impl Engine {
    /// What is granted to an account, in the order in which it was given.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn grants(&self, actor: &Actor, user: &str) -> Result<Vec<GrantView>, Refusal> {
        let inner = &self.inner;
        let user = self.account_of(actor, user).await?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let mut views = Vec::new();
        for grant in grants::list(&mut reader, &user.id).await.map_err(error::store)? {
            views.push(view(&mut reader, grant).await?);
        }
        Ok(views)
    }

    /// Gives an account a role on a device or a deployment, in place of the one that it had there.
    ///
    /// # Errors
    /// `not_allowed`, also for a role above one's own; `not_found`; `invalid_value` for a role that
    /// cannot be granted.
    pub async fn grant(&self, actor: &Actor, user: &str, scope: &ScopeWish, role: Role) -> Result<GrantView, Refusal> {
        let result = self.grant_inner(actor, user, scope, role).await;
        self.inner.audited(actor, ACTION, user, result).await
    }

    async fn grant_inner(&self, actor: &Actor, user: &str, wish: &ScopeWish, role: Role) -> Result<GrantView, Refusal> {
        let engine = &self.inner;
        let user = self.managed(actor, user).await?;
        if matches!(role, Role::Guest | Role::Owner) {
            return Err(Refusal::new(Code::InvalidValue, "what can be granted is viewer, operator or admin").with_field("role"));
        }
        not_above(actor, role)?;
        let scope = engine.scope_for(actor, wish).await?;
        let now = engine.clock.now();
        let id = GrantId::from_random(id_bytes(engine.random.as_ref()));
        let grant = Grant { id, user_id: user.id, scope, role, created_at: now };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        grants::put(&mut tx, &grant).await.map_err(error::store)?;
        let view = view(&mut tx, grant).await?;
        let detail = json!({ "granted": role, "on": view.name, "scope": view.grant.scope });
        done(&mut tx, actor, ACTION, user.name.as_str(), detail, now).await?;
        engine.commit_rights(tx).await?;
        Ok(view)
    }

    /// Takes a grant back: at once, also for what is open.
    ///
    /// # Errors
    /// `not_allowed`; `not_found` when the account has no such grant.
    pub async fn revoke_grant(&self, actor: &Actor, user: &str, id: &str) -> Result<(), Refusal> {
        let result = self.revoke_grant_inner(actor, user, id).await;
        self.inner.audited(actor, ACTION, user, result).await
    }

    async fn revoke_grant_inner(&self, actor: &Actor, user: &str, id: &str) -> Result<(), Refusal> {
        let engine = &self.inner;
        let user = self.managed(actor, user).await?;
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let all = grants::list(&mut tx, &user.id).await.map_err(error::store)?;
        let grant = all.into_iter().find(|grant| grant.id.as_str() == id).ok_or_else(|| Refusal::not_found("grant", id))?;
        grants::delete(&mut tx, &grant.id).await.map_err(error::store)?;
        let view = view(&mut tx, grant).await?;
        let detail = json!({ "revoked": view.grant.role, "on": view.name, "scope": view.grant.scope });
        done(&mut tx, actor, ACTION, user.name.as_str(), detail, engine.clock.now()).await?;
        engine.commit_rights(tx).await
    }

    /// Where an actor may do other things than elsewhere, and its role there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn scopes(&self, actor: &Actor) -> Result<Vec<(Scope, Role)>, Refusal> {
        let Some(rights) = actor.rights() else { return Ok(Vec::new()) };
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        let mut scopes = Vec::new();
        for scope in rights.scopes() {
            let role = match scope {
                Scope::Device(id) => rights.role_on(Target::Device(id)),
                Scope::Deployment(id) => match deployments::get(&mut reader, id).await.map_err(error::store)? {
                    Some(deployment) => rights.role_on(deployment.target()),
                    None => continue,
                },
            };
            if role > Role::Guest {
                scopes.push((scope.clone(), role));
            }
        }
        Ok(scopes)
    }
}

/// A grant with the name of what it is about.
async fn view(conn: &mut Connection, grant: Grant) -> Result<GrantView, Refusal> {
    let (name, removed) = match &grant.scope {
        Scope::Device(id) => (devices::get(conn, id).await.map_err(error::store)?.map(|device| device.name), false),
        Scope::Deployment(id) => {
            let deployment = deployments::get(conn, id).await.map_err(error::store)?;
            let removed = deployment.as_ref().is_none_or(|deployment| deployment.removed_at.is_some());
            (deployment.map(|deployment| deployment.name.to_string()), removed)
        }
    };
    Ok(GrantView { name: name.unwrap_or_default(), removed, grant })
}

impl Inner {
    /// The device or deployment that is meant, when the actor sees it.
    pub(super) async fn scope_for(&self, actor: &Actor, wish: &ScopeWish) -> Result<Scope, Refusal> {
        match wish {
            ScopeWish::Device(which) => {
                let mut reader = self.store.read().await.map_err(error::store)?;
                let device = self.device_for(&mut reader, actor, Permission::Read, which).await;
                device.map(|device| Scope::Device(device.id)).map_err(|refusal| refusal.with_field("device"))
            }
            ScopeWish::Deployment(which) => {
                let deployment = self.deployment_for(actor, Permission::Read, which).await;
                deployment.map(|deployment| Scope::Deployment(deployment.id)).map_err(|refusal| refusal.with_field("deployment"))
            }
        }
    }
}
