//! Audit rows: who asked for what, from where, and what came of it.

use serde::{Deserialize, Serialize};

use crate::id::OperationId;
use crate::time::Timestamp;

/// What a row records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditPhase {
    /// It was allowed and accepted; committed before the effect.
    Accepted,
    /// It was refused; nothing happened.
    Refused,
    /// What came of an accepted one.
    Outcome,
}

/// One row. Rows are never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// Rises by one from row to row.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who: a user's name, `anonymous` or `system`.
    pub actor: String,
    /// From which address.
    pub address: String,
    /// What: an operation's kind or another action's name.
    pub action: String,
    /// On what: a deployment's name, a user's name...
    pub target: String,
    /// Which phase.
    pub phase: AuditPhase,
    /// The operation, when there is one.
    pub operation_id: Option<OperationId>,
    /// Parameters without secrets, or the result, or the reason of a refusal.
    #[schema(value_type = Value)]
    pub detail: serde_json::Value,
    /// SHA-256 over this row and the hash of the row before, in hex.
    pub hash: String,
}

/// Whether the audit is as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditVerdict {
    /// Whether every row is there, unchanged and in its place.
    pub whole: bool,
    /// The first sequence that is missing, changed or out of place.
    pub broken_at: Option<i64>,
    /// The sequence of the newest row; 0 when there is none.
    pub rows: i64,
    /// The sequence of the oldest row that is kept; 1 when none was cut off.
    pub first: i64,
    /// Where retention cut the audit; absent when it never did.
    pub cut: Option<AuditCut>,
    /// The hash of the newest row. Kept somewhere else, it shows later that nobody wrote the whole
    /// chain anew.
    pub head: Option<String>,
}

/// The action of the row that says where the audit was cut.
pub const ACTION_CUT: &str = "audit.cut";

/// Where retention cut the audit. The chain goes on from this hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AuditCut)]
pub struct AuditCut {
    /// The sequence of the last row that was cut off.
    pub through: i64,
    /// The hash of that row.
    pub hash: String,
}

/// What a new row says; sequence, time and hash are given when it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: String,
    /// From which address.
    pub address: String,
    /// What.
    pub action: String,
    /// On what.
    pub target: String,
    /// Which phase.
    pub phase: AuditPhase,
    /// The operation, when there is one.
    pub operation_id: Option<OperationId>,
    /// Parameters, result or reason.
    pub detail: serde_json::Value,
}
