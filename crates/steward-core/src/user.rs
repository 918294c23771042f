//! Accounts, sessions, API tokens, and the actor that asks for something.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::id::{ScheduleId, SessionId, TokenId, UserId};
use crate::name::UserName;
use crate::rights::{Rights, Scope, Target};
use crate::role::{Permission, Role};
use crate::time::Timestamp;

/// An account, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// The name it signs in with.
    pub name: UserName,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An API token, without the token itself, which is shown once when it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// The token's id.
    pub id: TokenId,
    /// Whose rights it has, at most.
    pub user_id: UserId,
    /// What people call it.
    pub name: String,
    /// The role it acts with at most: its own, or its owner's if that is lower.
    pub role: Role,
    /// Where it can be used; everywhere when absent.
    pub scopes: Option<Vec<Scope>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; never when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A signed-in browser or CLI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the client calls itself, as it said; untrusted.
    pub client: String,
    /// Where it signed in from.
    pub address: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

/// How an actor showed who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "id")]
pub enum Credential {
    /// A session.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Actor {
    /// A person, or a program with a person's token.
    User {
        /// The account.
        id: UserId,
        /// Its name.
        name: UserName,
        /// What it may do with this request, and where.
        rights: Rights,
        /// What it showed.
        credential: Credential,
        /// The address it came from.
        address: String,
    },
    /// Nobody is signed in.
    Anonymous {
        /// The address it came from.
        address: String,
    },
    /// A schedule, with the rights that its owner has now.
    Schedule {
        /// The schedule.
        id: ScheduleId,
        /// What its owner may do at this moment; none when the account is gone.
        rights: Option<Rights>,
        /// Its name and its owner's, such as `schedule nightly (anna)`.
        shown: String,
    },
    /// Steward itself: recovery, reconcilers.
    System,
}

impl Actor {
    /// What it may do, and where; none for somebody who is not signed in.
    pub fn rights(&self) -> Option<Cow<'_, Rights>> {
        match self {
            Actor::User { rights, .. } => Some(Cow::Borrowed(rights)),
            Actor::Schedule { rights, .. } => rights.as_ref().map(Cow::Borrowed),
            Actor::Anonymous { .. } => None,
            Actor::System => Some(Cow::Owned(Rights::from(Role::Owner))),
        }
    }

    /// The role for Steward as a whole; none for somebody who is not signed in.
    pub fn role(&self) -> Option<Role> {
        self.rights().map(|rights| rights.role())
    }

    /// Whether something is there for it.
    pub fn sees(&self, target: Target<'_>) -> bool {
        self.rights().is_some_and(|rights| rights.see(target))
    }

    /// Whether it may do something.
    pub fn may(&self, permission: Permission, target: Target<'_>) -> bool {
        self.rights().is_some_and(|rights| rights.may(permission, target))
    }

    /// The name that audit rows and pages show.
    pub fn display(&self) -> &str {
        match self {
            Actor::User { name, .. } => name.as_str(),
            Actor::Anonymous { .. } => "anonymous",
            Actor::Schedule { shown, .. } => shown,
            Actor::System => "system",
        }
    }

    /// The account, when there is one.
    pub fn user_id(&self) -> Option<&UserId> {
        match self {
            Actor::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The address it came from; empty for Steward itself.
    pub fn address(&self) -> &str {
        match self {
            Actor::User { address, .. } | Actor::Anonymous { address } => address,
            Actor::Schedule { .. } | Actor::System => "",
        }
    }
}

/// Passwords that are tried first by everybody who guesses; a password that contains little else is refused.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "12345678",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "letmein",
    "iloveyou",
    "administrator",
    "changeme",
    "welcome1",
    "steward",
    "homelab",
    "adminadmin",
    "0987654321",
    "1q2w3e4r5t",
    "abcdefghij",
    "correcthorse",
];

/// Checks a new password: 10 to 128 characters, not one that is guessed first, not the account's name.
///
/// # Errors
/// `invalid_value` with the reason.
pub fn check_password(password: &str, user: &UserName) -> Result<(), crate::Refusal> {
    let refuse = |why: &str| Err(crate::Refusal::new(crate::Code::InvalidValue, why.to_owned()).with_field("password"));
    let length = password.chars().count();
    if length < 10 {
        return refuse("a password has at least 10 characters");
    }
    if length > 128 {
        return refuse("a password has at most 128 characters");
    }
    let lower = password.to_lowercase();
    let stripped = lower.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let one_character = lower.chars().all(|c| lower.starts_with(c));
    if one_character || COMMON.iter().any(|common| lower == *common || stripped == *common) {
        return refuse("this password is among the first that are guessed");
    }
    if lower.contains(&user.as_str().to_lowercase()) && user.as_str().len() >= 4 && length < user.as_str().len() + 6 {
        return refuse("this password is little more than the user name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords() -> Result<(), crate::Refusal> {
        let anna = UserName::parse("anna")?;
        for good in ["tall brown dog", "x7!kd93-aa", &"aB".repeat(64)] {
            assert!(check_password(good, &anna).is_ok(), "{good}");
        }
        for bad in ["", "short", "password12", "Password1234!", "1234567890", "aaaaaaaaaaaa", &"a".repeat(129), "annaanna1"] {
            assert!(check_password(bad, &anna).is_err(), "{bad}");
        }
        Ok(())
    }
}
