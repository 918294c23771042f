//! Backups of Steward's own state.

use serde::{Deserialize, Serialize};

use super::account::Hidden;

/// Makes a backup.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// The hash of the plan that was seen; another plan is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
}

/// The key that opens the backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevealedBackupKey {
    /// Its public half.
    pub recipient: String,
    /// The text of the key file, as the `age` tool reads it.
    #[schema(inline)]
    pub key: Hidden,
}

/// Says that a key is kept where the backups are not.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupKeySaved {
    /// The public half of the key that was kept.
    #[schema(max_length = 200)]
    pub recipient: String,
}
