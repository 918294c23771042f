//! User accounts. There is no self-registration: an admin makes them.

use serde_json::json;
use steward_core::name::UserName;
use steward_core::role::{Permission, Role};
use steward_core::user::{Actor, User, check_password};
use steward_core::{Code, Refusal, UserId};
use steward_store::{StoreError, sessions, users};

use super::{done, password};
use crate::engine::Engine;
use crate::error;
use crate::seams::id_bytes;

const ACTION: &str = "users.manage";

impl Engine {
    /// Every account.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn users(&self, actor: &Actor) -> Result<Vec<User>, Refusal> {
        self.inner.authorize(actor, Permission::ManageUsers)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        users::list(&mut reader).await.map_err(error::store)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// `not_allowed`, also for a role above one's own; `name_taken`; `invalid_name`; `invalid_value`.
    pub async fn create_user(&self, actor: &Actor, name: &str, new: &str, role: Role) -> Result<User, Refusal> {
        let result = self.create_user_inner(actor, name, new, role).await;
        self.inner.audited(actor, ACTION, name, result).await
    }

    async fn create_user_inner(&self, actor: &Actor, name: &str, new: &str, role: Role) -> Result<User, Refusal> {
        let engine = &self.inner;
        engine.authorize(actor, Permission::ManageUsers)?;
        not_above(actor, role)?;
        let name = UserName::parse(name)?;
        check_password(new, &name)?;
        let hash = password::hash(engine, new).await?;
        let now = engine.clock.now();
        let user = User { id: UserId::from_random(id_bytes(engine.random.as_ref())), name, role, created_at: now };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        users::insert(&mut tx, &user, &hash).await.map_err(|failure| match failure {
            StoreError::NotUnique(_) => {
                Refusal::new(Code::NameTaken, format!("there is already a user `{}`", user.name)).with_field("name")
            }
            other => error::store(other),
        })?;
        done(&mut tx, actor, ACTION, user.name.as_str(), json!({ "made": true, "role": role }), now).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(user)
    }

    /// Changes an account's role or password; its sessions end.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`; `conflict` for the last owner.
    pub async fn change_user(&self, actor: &Actor, id: &str, role: Option<Role>, new: Option<&str>) -> Result<User, Refusal> {
        let result = self.change_user_inner(actor, id, role, new).await;
        self.inner.audited(actor, ACTION, id, result).await
    }

    async fn change_user_inner(&self, actor: &Actor, id: &str, role: Option<Role>, new: Option<&str>) -> Result<User, Refusal> {
        let engine = &self.inner;
        let mut user = self.managed(actor, id).await?;
        let hash = match new {
            Some(new) => {
                check_password(new, &user.name)?;
                Some(password::hash(engine, new).await?)
            }
            None => None,
        };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        if let Some(role) = role {
            not_above(actor, role)?;
            if user.role == Role::Owner && role != Role::Owner && users::owners(&mut tx).await.map_err(error::store)? <= 1 {
                return Err(last_owner());
            }
            users::set_role(&mut tx, &user.id, role).await.map_err(error::store)?;
            user.role = role;
        }
        if let Some(hash) = &hash {
            users::set_password(&mut tx, &user.id, hash).await.map_err(error::store)?;
        }
        sessions::delete_of_user(&mut tx, &user.id, None).await.map_err(error::store)?;
        let detail = json!({ "role": role, "password": hash.is_some() });
        done(&mut tx, actor, ACTION, user.name.as_str(), detail, engine.clock.now()).await?;
        engine.commit_rights(tx).await?;
        Ok(user)
    }

    /// Removes an account with its sessions and tokens.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`; `conflict` for the last owner.
    pub async fn remove_user(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let result = self.remove_user_inner(actor, id).await;
        self.inner.audited(actor, ACTION, id, result).await
    }

    async fn remove_user_inner(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let engine = &self.inner;
        let user = self.managed(actor, id).await?;
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        if user.role == Role::Owner && users::owners(&mut tx).await.map_err(error::store)? <= 1 {
            return Err(last_owner());
        }
        users::delete(&mut tx, &user.id).await.map_err(error::store)?;
        done(&mut tx, actor, ACTION, user.name.as_str(), json!({ "removed": true }), engine.clock.now()).await?;
        engine.commit_rights(tx).await
    }

    /// An account, by its id.
    pub(super) async fn account_of(&self, actor: &Actor, id: &str) -> Result<User, Refusal> {
        let engine = &self.inner;
        engine.authorize(actor, Permission::ManageUsers)?;
        let missing = || Refusal::not_found("user", id);
        let id = UserId::parse(id).map_err(|_| missing())?;
        let mut reader = engine.store.read().await.map_err(error::store)?;
        users::get(&mut reader, &id).await.map_err(error::store)?.ok_or_else(missing)
    }

    /// An account that the actor may change: none above its own role.
    pub(super) async fn managed(&self, actor: &Actor, id: &str) -> Result<User, Refusal> {
        let user = self.account_of(actor, id).await?;
        not_above(actor, user.role)?;
        Ok(user)
    }
}

pub(super) fn not_above(actor: &Actor, role: Role) -> Result<(), Refusal> {
    if actor.role().is_some_and(|own| own >= role) {
        Ok(())
    } else {
        Err(Refusal::new(Code::NotAllowed, format!("only an {} may do this", role.as_str())).with_field("role"))
    }
}

fn last_owner() -> Refusal {
    Refusal::new(Code::Conflict, "the last owner cannot be removed or changed to another role")
}
