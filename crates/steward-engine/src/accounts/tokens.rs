//! API tokens: shown once, kept as a hash, never stronger than their owner.

use serde_json::json;
use steward_core::role::{Permission, Role};
use steward_core::user::{Actor, Token};
use steward_core::{Code, Refusal, TokenId};
use steward_store::tokens;

use super::sign_in::TOKEN_PREFIX;
use super::{ScopeWish, credentials, done};
use crate::engine::Engine;
use crate::error;
use crate::seams::id_bytes;

const DAY: i64 = 24 * 3600 * 1000;
/// The longest life of a token that has one.
const MAX_DAYS: u32 = 3650;

/// More scopes than this no token has.
const MAX_SCOPES: usize = 50;

/// The token that is wanted.
#[derive(Clone, Debug, Default)]
pub struct TokenWish {
    /// What to call it.
    pub name: String,
    /// What it may do at most; as much as its owner anywhere when absent.
    pub role: Option<Role>,
    /// How many days it lives; until it is revoked when absent.
    pub days: Option<u32>,
    /// Where it can be used; everywhere when empty.
    pub scopes: Vec<ScopeWish>,
}

/// A fresh token. The secret is shown once.
pub struct NewToken {
    /// The token.
    pub token: Token,
    /// What the client holds from now on.
    pub secret: String,
}

/// The fields of a token are lists.
fn in_list(mut refusal: Refusal) -> Refusal {
    refusal.field = refusal.field.map(|field| format!("{field}s"));
    refusal
}

impl Engine {
    /// Makes a token for oneself.
    ///
    /// # Errors
    /// `not_allowed` for a role above one's own, and with a token that has scopes; `not_found` for a
    /// scope that one does not see; `invalid_value` for a bad name or life.
    pub async fn create_token(&self, actor: &Actor, wish: TokenWish) -> Result<NewToken, Refusal> {
        let name = wish.name.clone();
        let result = self.create_token_inner(actor, wish).await;
        self.inner.audited(actor, Permission::CreateToken.as_str(), &name, result).await
    }

    async fn create_token_inner(&self, actor: &Actor, wish: TokenWish) -> Result<NewToken, Refusal> {
        let engine = &self.inner;
        engine.authorize(actor, Permission::CreateToken)?;
        let TokenWish { name, role, days, scopes: wished } = wish;
        let owner = self.account(actor).await?;
        let highest = actor.rights().map_or(Role::Guest, |rights| rights.highest());
        let role = role.unwrap_or(highest);
        if role > highest {
            return Err(Refusal::new(Code::NotAllowed, "a token cannot have more rights than the one who makes it").with_field("role"));
        }
        if name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(Refusal::new(Code::InvalidValue, "a token's name is 1 to 64 printable characters").with_field("name"));
        }
        if days.is_some_and(|days| days == 0 || days > MAX_DAYS) {
            return Err(Refusal::new(Code::InvalidValue, format!("a token lives 1 to {MAX_DAYS} days")).with_field("expires_in_days"));
        }
        if wished.len() > MAX_SCOPES {
            return Err(
                Refusal::new(Code::InvalidValue, format!("a token is for at most {MAX_SCOPES} apps and devices")).with_field("deployments")
            );
        }
        let mut scopes = Vec::new();
        for wish in &wished {
            scopes.push(engine.scope_for(actor, wish).await.map_err(in_list)?);
        }
        let scopes = (!scopes.is_empty()).then_some(scopes);
        let now = engine.clock.now();
        let secret = credentials::generate(engine.random.as_ref(), TOKEN_PREFIX);
        let token = Token {
            id: TokenId::from_random(id_bytes(engine.random.as_ref())),
            user_id: owner.id,
            name: name.clone(),
            role,
            scopes,
            created_at: now,
            expires_at: days.map(|days| now.plus(i64::from(days) * DAY)),
            last_used_at: None,
        };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        tokens::insert(&mut tx, &token, &credentials::hash(&secret)).await.map_err(error::store)?;
        let detail = json!({ "token_id": token.id, "role": role, "scopes": token.scopes, "expires_at": token.expires_at });
        done(&mut tx, actor, Permission::CreateToken.as_str(), &name, detail, now).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(NewToken { token, secret })
    }

    /// One's own tokens.
    ///
    /// # Errors
    /// `not_signed_in`.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<Token>, Refusal> {
        self.inner.authorize(actor, Permission::OwnAccount)?;
        let account = self.account(actor).await?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        tokens::list(&mut reader, &account.id).await.map_err(error::store)
    }

    /// Revokes one of one's own tokens; an admin may revoke anybody's.
    ///
    /// # Errors
    /// `not_found` when there is none that one may see.
    pub async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let result = self.revoke_token_inner(actor, id).await;
        self.inner.audited(actor, "token.revoke", id, result).await
    }

    async fn revoke_token_inner(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let engine = &self.inner;
        engine.authorize(actor, Permission::OwnAccount)?;
        let missing = || Refusal::not_found("token", id);
        let token_id = TokenId::parse(id).map_err(|_| missing())?;
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let token = tokens::get(&mut tx, &token_id).await.map_err(error::store)?.ok_or_else(missing)?;
        let own = Some(&token.user_id) == actor.user_id();
        if !own && engine.authorize(actor, Permission::ManageUsers).is_err() {
            return Err(missing());
        }
        tokens::delete(&mut tx, &token_id).await.map_err(error::store)?;
        done(&mut tx, actor, "token.revoke", &token.name, json!({ "token_id": id }), engine.clock.now()).await?;
        engine.commit_rights(tx).await
    }
}
