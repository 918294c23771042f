//! Reconcilers: background tasks that bring something to how it should be, again and again.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::time::Timestamp;

/// One background task, and what came of its last activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReconcilerStatus {
    /// Its name, such as `retention`.
    pub name: String,
    /// What it does, in one sentence.
    pub does: String,
    /// How many seconds pass between two activations when nothing wakes it.
    pub every_seconds: u64,
    /// Whether it is at work now.
    pub running: bool,
    /// When the last activation began; absent before the first one.
    pub started_at: Option<Timestamp>,
    /// When the last activation ended.
    pub finished_at: Option<Timestamp>,
    /// How long the last activation that ended took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// When an activation last ended well.
    pub succeeded_at: Option<Timestamp>,
    /// What the last activation that ended well did, in words.
    pub did: Option<String>,
    /// Why the last activation failed; absent when it ended well.
    pub failure: Option<Refusal>,
    /// How many activations in a row failed. The next activation is the retry.
    pub failures: u32,
    /// When it begins again by itself; absent while it is at work.
    pub next_at: Option<Timestamp>,
}
