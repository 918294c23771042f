//! Accounts: claiming the server, signing in, sessions, tokens, users.
//!
//! These change Steward's own rows and nothing on a device, so they have no steps; they pass the
//! same check and leave the same audit rows as operations.

mod credentials;
mod grants;
mod guesses;
mod password;
mod setup;
mod sign_in;
mod tokens;
mod users;

use serde_json::Value;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::user::Actor;
use steward_core::{Refusal, Timestamp};
use steward_store::{Connection, Tx, audit};

pub use grants::{GrantView, ScopeWish};
pub(crate) use sign_in::IDLE;
pub use sign_in::{SignIn, SignedIn};
pub use tokens::{NewToken, TokenWish};

use crate::engine::Inner;
use crate::error;

/// What accounts need beyond the store.
pub(crate) struct Accounts {
    setup_code: std::sync::OnceLock<String>,
    guesses: guesses::Guesses,
    /// A hash takes 19 MiB while it is made: only so many at once.
    hashing: tokio::sync::Semaphore,
    /// Verified against when the name is unknown, so that the answer takes as long.
    decoy: std::sync::OnceLock<String>,
}

/// Hashes that are made at once.
const HASHES_AT_ONCE: usize = 2;

impl Accounts {
    pub fn new() -> Self {
        Self {
            setup_code: std::sync::OnceLock::new(),
            guesses: guesses::Guesses::default(),
            hashing: tokio::sync::Semaphore::new(HASHES_AT_ONCE),
            decoy: std::sync::OnceLock::new(),
        }
    }

    /// Called once at start.
    pub async fn prepare(&self, engine: &Inner) -> Result<(), Refusal> {
        setup::prepare(engine).await
    }
}

/// Writes the row of something that was done to one of Steward's own rows, in the transaction that does it.
pub(crate) async fn done(
    conn: &mut Connection,
    actor: &Actor,
    action: &str,
    target: &str,
    detail: Value,
    now: Timestamp,
) -> Result<(), Refusal> {
    let entry = AuditEntry {
        actor: actor.display().to_owned(),
        address: actor.address().to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        phase: AuditPhase::Accepted,
        operation_id: None,
        detail,
    };
    audit::append(conn, &entry, now).await.map_err(error::store).map(|_| ())
}

impl Inner {
    /// Commits a change after which somebody's rights may be others: what they have open is judged again.
    pub async fn commit_rights(&self, tx: Tx<'_>) -> Result<(), Refusal> {
        tx.commit().await.map_err(error::store)?;
        self.bus.rights_changed();
        Ok(())
    }

    /// Passes a result on, with an audit row when it is a refusal.
    pub async fn audited<T>(&self, actor: &Actor, action: &str, target: &str, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(refusal) = &result {
            self.audit_refusal(actor, action, target, refusal).await?;
        }
        result
    }
}
