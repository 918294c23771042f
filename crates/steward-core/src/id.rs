//! Ids: one type for each kind of thing, written `prefix_` and 16 lower-case base-32 characters.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};

/// Crockford's alphabet: no `i`, `l`, `o`, `u`, so ids can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters after the prefix; 80 bits.
const LENGTH: usize = 16;

fn encode(random: [u8; 10]) -> String {
    let mut bits: u128 = 0;
    for byte in random {
        bits = (bits << 8) | u128::from(byte);
    }
    (0..LENGTH).rev().map(|i| char::from(ALPHABET[((bits >> (i * 5)) & 31) as usize])).collect()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// The prefix of this kind of id, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from 10 random bytes.
            pub fn from_random(random: [u8; 10]) -> Self {
                Self(format!("{}_{}", $prefix, encode(random)))
            }

            /// Parses an id.
            ///
            /// # Errors
            /// `invalid_id` when the prefix, the length or a character is wrong.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                let good = text
                    .strip_prefix(concat!($prefix, "_"))
                    .is_some_and(|rest| rest.len() == LENGTH && rest.bytes().all(|b| ALPHABET.contains(&b)));
                if good {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Refusal::new(
                        Code::InvalidId,
                        concat!("an id of this kind is `", $prefix, "_` and 16 characters"),
                    ))
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// An audit row.
    AuditId = "aud";
    /// A deployment.
    DeploymentId = "dep";
    /// A device.
    DeviceId = "dev";
    /// A grant.
    GrantId = "grt";
    /// An operation.
    OperationId = "op";
    /// A schedule.
    ScheduleId = "sch";
    /// A signed-in browser or CLI.
    SessionId = "ses";
    /// An API token.
    TokenId = "tok";
    /// A user account.
    UserId = "usr";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id = OperationId::from_random([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 0x80]);
        assert_eq!(OperationId::parse(id.as_str()), Ok(id.clone()));
        assert!(id.as_str().starts_with("op_"));
        assert_eq!(id.as_str().len(), 3 + LENGTH);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "op_", "op_0", "dep_0123456789abcdef", "op_0123456789abcdeu", "op_0123456789ABCDEF", "op_../../../../etc"] {
            assert!(OperationId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn different_random_bytes_give_different_ids() {
        assert_ne!(DeviceId::from_random([0; 10]), DeviceId::from_random([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
    }
}
