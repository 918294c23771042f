//! Claiming a fresh server: a code that is printed on its console works once, and never comes back.

use serde_json::json;
use steward_core::name::UserName;
use steward_core::role::Role;
use steward_core::user::{Actor, User, check_password};
use steward_core::{Code, Refusal, UserId};
use steward_store::{meta, users};
use subtle::ConstantTimeEq;

use super::sign_in::{SignIn, SignedIn};
use super::{credentials, done, password};
use crate::engine::{Engine, Inner};
use crate::error;
use crate::seams::{id_bytes, secret_text};

/// Set once an owner was made; stays set even when every user is gone.
const CLAIMED: &str = "claimed";
/// The hash of the code, so that reading the database does not give it away.
const CODE_HASH: &str = "setup_code_hash";
/// The code's length: 20 of 56 characters are 116 bits.
const CODE_LENGTH: usize = 20;

/// Makes a code for this start, when nobody owns the server yet.
pub(super) async fn prepare(engine: &Inner) -> Result<(), Refusal> {
    let mut tx = engine.store.begin().await.map_err(error::store)?;
    let claimed = meta::get(&mut tx, CLAIMED).await.map_err(error::store)?.is_some();
    if claimed {
        return Ok(());
    }
    let code = secret_text(engine.random.as_ref(), CODE_LENGTH);
    meta::put(&mut tx, CODE_HASH, &credentials::hash(&code)).await.map_err(error::store)?;
    tx.commit().await.map_err(error::store)?;
    let _ = engine.accounts.setup_code.set(code);
    Ok(())
}

impl Engine {
    /// The code that claims the server, while nobody owns it; the console prints it.
    pub fn setup_code(&self) -> Option<&str> {
        self.inner.accounts.setup_code.get().map(String::as_str)
    }

    /// Whether somebody owns the server.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn is_claimed(&self) -> Result<bool, Refusal> {
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        Ok(meta::get(&mut reader, CLAIMED).await.map_err(error::store)?.is_some())
    }

    /// Makes the first account, the owner, and signs it in.
    ///
    /// # Errors
    /// `not_found` once an owner exists; `setup_code_wrong`; `invalid_name`, `invalid_value`.
    pub async fn claim(&self, address: &str, client: &str, code: &str, user: &str, new: &str) -> Result<SignedIn, Refusal> {
        let actor = Actor::Anonymous { address: address.to_owned() };
        let result = self.claim_inner(&actor, client, code, user, new).await;
        self.inner.audited(&actor, "setup", user, result).await
    }

    async fn claim_inner(&self, actor: &Actor, client: &str, code: &str, user: &str, new: &str) -> Result<SignedIn, Refusal> {
        let engine = &self.inner;
        let gone = || Refusal::new(Code::NotFound, "this server has an owner");
        if self.is_claimed().await? {
            return Err(gone());
        }
        engine.accounts.guesses.check(actor.address(), "setup")?;
        let expected = {
            let mut reader = engine.store.read().await.map_err(error::store)?;
            meta::get(&mut reader, CODE_HASH).await.map_err(error::store)?.ok_or_else(gone)?
        };
        if !bool::from(credentials::hash(code.trim()).as_bytes().ct_eq(expected.as_bytes())) {
            engine.accounts.guesses.failed(actor.address(), "setup");
            return Err(Refusal::new(Code::SetupCodeWrong, "the set-up code is not right")
                .with_field("code")
                .with_hint("It is on the server's console, in the line that begins with `setup:`."));
        }
        let name = UserName::parse(user)?;
        check_password(new, &name)?;
        let hash = password::hash(engine, new).await?;
        let now = engine.clock.now();
        let owner = User { id: UserId::from_random(id_bytes(engine.random.as_ref())), name, role: Role::Owner, created_at: now };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        // Looked at again: somebody else may have had the code too.
        if meta::get(&mut tx, CLAIMED).await.map_err(error::store)?.is_some() {
            return Err(gone());
        }
        users::insert(&mut tx, &owner, &hash).await.map_err(error::store)?;
        meta::put(&mut tx, CLAIMED, owner.id.as_str()).await.map_err(error::store)?;
        meta::delete(&mut tx, CODE_HASH).await.map_err(error::store)?;
        done(&mut tx, actor, "setup", owner.name.as_str(), json!({ "role": owner.role }), now).await?;
        let signed_in =
            engine.new_session(&mut tx, owner, &SignIn { address: actor.address().to_owned(), client: client.to_owned() }).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(signed_in)
    }
}
