//! Signing in and out, and who a request comes from.

use serde_json::json;
use steward_core::name::UserName;
use steward_core::rights::Rights;
use steward_core::role::Permission;
use steward_core::user::{Actor, Credential, Session, User, check_password};
use steward_core::{Code, Refusal, SessionId, Timestamp};
use steward_store::{Connection, sessions, tokens, users};

use super::{credentials, done, password};
use crate::engine::{Engine, Inner};
use crate::error;
use crate::seams::id_bytes;

/// A session that is not used ends after this time.
pub(crate) const IDLE: i64 = 7 * 24 * 3600 * 1000;
/// And after this time whatever happens.
const LIFETIME: i64 = 30 * 24 * 3600 * 1000;
/// Sessions that one account can have; the ones that were used longest ago end first.
const SESSIONS: u32 = 100;
/// "Last used" is written at most this often.
const TOUCH: u64 = 60 * 1000;
/// What session secrets begin with.
const SESSION_PREFIX: &str = "sts_";
/// What API tokens begin with.
pub(super) const TOKEN_PREFIX: &str = "stw_";

/// Where a sign-in comes from.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// The peer's address.
    pub address: String,
    /// What the client calls itself; untrusted.
    pub client: String,
}

/// A fresh session. The secret is shown once.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: Session,
    /// What the client holds from now on.
    pub secret: String,
}

impl Engine {
    /// Signs in with a name and a password.
    ///
    /// # Errors
    /// `sign_in_failed`, the same and as slowly for a name that does not exist; `too_many_requests`.
    pub async fn sign_in(&self, from: &SignIn, user: &str, given: &str) -> Result<SignedIn, Refusal> {
        let actor = Actor::Anonymous { address: from.address.clone() };
        let shown: String = user.chars().take(64).collect();
        let result = self.sign_in_inner(from, user, given).await;
        self.inner.audited(&actor, "sign_in", &shown, result).await
    }

    async fn sign_in_inner(&self, from: &SignIn, user: &str, given: &str) -> Result<SignedIn, Refusal> {
        let engine = &self.inner;
        let wrong = || Refusal::new(Code::SignInFailed, "the name or the password is not right");
        engine.accounts.guesses.check(&from.address, user)?;
        // Counted before the password is looked at, and taken back when it is right: of many guesses
        // at once, no more than the limit are evaluated.
        engine.accounts.guesses.failed(&from.address, user);
        let found = match UserName::parse(user) {
            Ok(name) => {
                let mut reader = engine.store.read().await.map_err(error::store)?;
                users::by_name(&mut reader, &name).await.map_err(error::store)?
            }
            Err(_) => None,
        };
        let (known, hash) = found.unzip();
        if given.len() > 1024 || !password::verify(engine, given, hash).await? {
            return Err(wrong());
        }
        let known = known.ok_or_else(wrong)?;
        engine.accounts.guesses.forgive(&from.address, user);
        let actor = Actor::User {
            id: known.id.clone(),
            name: known.name.clone(),
            rights: known.role.into(),
            credential: Credential::Session(SessionId::from_random(id_bytes(engine.random.as_ref()))),
            address: from.address.clone(),
        };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        done(&mut tx, &actor, "sign_in", known.name.as_str(), json!({}), engine.clock.now()).await?;
        let signed_in = engine.new_session(&mut tx, known, from).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(signed_in)
    }

    /// Who a secret belongs to: a session's, or an API token's.
    ///
    /// # Errors
    /// `not_signed_in` when it is unknown, expired or revoked.
    pub async fn authenticate(&self, secret: &str, address: &str) -> Result<Actor, Refusal> {
        let engine = &self.inner;
        let hash = credentials::hash(secret);
        let now = engine.clock.now();
        if secret.starts_with(TOKEN_PREFIX) {
            return engine.by_token(&hash, address, now).await;
        }
        let (session, user, rights) = {
            let mut reader = engine.store.read().await.map_err(error::store)?;
            let (session, user) = sessions::by_hash(&mut reader, &hash).await.map_err(error::store)?.ok_or_else(expired)?;
            let rights = engine.rights_of(&mut reader, &user).await?;
            (session, user, rights)
        };
        if now >= session.expires_at || now.since(session.last_used_at) > IDLE as u64 {
            return Err(expired());
        }
        if now.since(session.last_used_at) > TOUCH {
            let mut tx = engine.store.begin().await.map_err(error::store)?;
            sessions::touch(&mut tx, &session.id, now).await.map_err(error::store)?;
            tx.commit().await.map_err(error::store)?;
        }
        Ok(actor(user, rights, Credential::Session(session.id), address))
    }

    /// The account behind an actor.
    ///
    /// # Errors
    /// `not_signed_in`.
    pub async fn account(&self, actor: &Actor) -> Result<User, Refusal> {
        let id = actor.user_id().ok_or_else(expired)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        users::get(&mut reader, id).await.map_err(error::store)?.ok_or_else(expired)
    }

    /// Ends the session that was shown.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sign_out(&self, actor: &Actor) -> Result<(), Refusal> {
        let Actor::User { credential: Credential::Session(id), name, .. } = actor else { return Ok(()) };
        let mut tx = self.inner.store.begin().await.map_err(error::store)?;
        sessions::delete(&mut tx, id).await.map_err(error::store)?;
        done(&mut tx, actor, "sign_out", name.as_str(), json!({}), self.inner.clock.now()).await?;
        self.inner.commit_rights(tx).await
    }

    /// One's own sessions.
    ///
    /// # Errors
    /// `not_signed_in`.
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>, Refusal> {
        self.inner.authorize(actor, Permission::OwnAccount)?;
        let id = actor.user_id().ok_or_else(expired)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        sessions::list(&mut reader, id).await.map_err(error::store)
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// `not_found` when it is not one's own.
    pub async fn end_session(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let missing = || Refusal::not_found("session", id);
        let own = self.sessions(actor).await?;
        let session = own.into_iter().find(|session| session.id.as_str() == id).ok_or_else(missing)?;
        let mut tx = self.inner.store.begin().await.map_err(error::store)?;
        sessions::delete(&mut tx, &session.id).await.map_err(error::store)?;
        done(&mut tx, actor, "session.end", id, json!({}), self.inner.clock.now()).await?;
        self.inner.commit_rights(tx).await
    }

    /// Changes one's own password; every other session ends.
    ///
    /// # Errors
    /// `sign_in_failed` when the present one is wrong; `invalid_value` for a bad new one.
    pub async fn change_password(&self, actor: &Actor, current: &str, new: &str) -> Result<(), Refusal> {
        let result = self.change_password_inner(actor, current, new).await;
        self.inner.audited(actor, "account.password", actor.display(), result).await
    }

    async fn change_password_inner(&self, actor: &Actor, current: &str, new: &str) -> Result<(), Refusal> {
        let engine = &self.inner;
        engine.authorize(actor, Permission::OwnAccount)?;
        let account = self.account(actor).await?;
        engine.accounts.guesses.check(actor.address(), account.name.as_str())?;
        engine.accounts.guesses.failed(actor.address(), account.name.as_str());
        let hash = {
            let mut reader = engine.store.read().await.map_err(error::store)?;
            users::by_name(&mut reader, &account.name).await.map_err(error::store)?.map(|(_, hash)| hash)
        };
        if !password::verify(engine, current, hash).await? {
            return Err(Refusal::new(Code::SignInFailed, "the present password is not right").with_field("current"));
        }
        engine.accounts.guesses.forgive(actor.address(), account.name.as_str());
        check_password(new, &account.name).map_err(|refusal| refusal.with_field("new"))?;
        let hash = password::hash(engine, new).await?;
        let keep = match actor {
            Actor::User { credential: Credential::Session(id), .. } => Some(id),
            _ => None,
        };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        users::set_password(&mut tx, &account.id, &hash).await.map_err(error::store)?;
        sessions::delete_of_user(&mut tx, &account.id, keep).await.map_err(error::store)?;
        done(&mut tx, actor, "account.password", account.name.as_str(), json!({}), engine.clock.now()).await?;
        engine.commit_rights(tx).await
    }
}

fn expired() -> Refusal {
    Refusal::new(Code::NotSignedIn, "sign in first")
}

fn actor(user: User, rights: Rights, credential: Credential, address: &str) -> Actor {
    Actor::User { id: user.id, name: user.name, rights, credential, address: address.to_owned() }
}

impl Inner {
    async fn by_token(&self, hash: &str, address: &str, now: Timestamp) -> Result<Actor, Refusal> {
        let (token, user, rights) = {
            let mut reader = self.store.read().await.map_err(error::store)?;
            let (token, user) = tokens::by_hash(&mut reader, hash).await.map_err(error::store)?.ok_or_else(expired)?;
            let rights = self.rights_of(&mut reader, &user).await?;
            (token, user, rights)
        };
        if token.expires_at.is_some_and(|at| now >= at) {
            return Err(expired());
        }
        if token.last_used_at.is_none_or(|at| now.since(at) > TOUCH) {
            let mut tx = self.store.begin().await.map_err(error::store)?;
            tokens::touch(&mut tx, &token.id, now).await.map_err(error::store)?;
            tx.commit().await.map_err(error::store)?;
        }
        Ok(actor(user, rights.limited(token.role, token.scopes), Credential::Token(token.id), address))
    }

    /// Stores a new session for an account.
    pub(super) async fn new_session(&self, conn: &mut Connection, user: User, from: &SignIn) -> Result<SignedIn, Refusal> {
        let now = self.clock.now();
        let secret = credentials::generate(self.random.as_ref(), SESSION_PREFIX);
        let session = Session {
            id: SessionId::from_random(id_bytes(self.random.as_ref())),
            user_id: user.id.clone(),
            client: from.client.chars().filter(|c| !c.is_control()).take(200).collect(),
            address: from.address.clone(),
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(LIFETIME),
        };
        // One place is for the new one: whoever signs in by a script without signing out fills no disk.
        sessions::keep_newest(conn, &session.user_id, SESSIONS - 1).await.map_err(error::store)?;
        sessions::insert(conn, &session, &credentials::hash(&secret)).await.map_err(error::store)?;
        Ok(SignedIn { user, session, secret })
    }
}
