//! Cutting the audit: its oldest rows go, and the rest can still be verified.
//!
//! One transaction appends a row that says up to where the chain was cut, with the hash of the last
//! row that goes, and moves the anchor there. From then on the cut rows do not count; they are removed
//! afterwards, in small batches. The anchor alone proves nothing: it has to be what the newest such row
//! of the chain says.

use sqlx::sqlite::SqliteRow;
use steward_core::Timestamp;
use steward_core::audit::{ACTION_CUT, AuditCut, AuditEntry, AuditPhase, AuditRow};

use super::append;
use super::verify::{Walk, page};
use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

/// Up to where the audit can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutPoint {
    /// Nothing is old enough.
    Nothing,
    /// Up to this row, which is old enough, as is every one before it.
    Through(AuditCut),
    /// Not at all: this row is missing, changed or out of place, and a cut would hide that.
    Broken(i64),
}

/// The anchor from its two columns; none while nothing was cut.
pub(super) fn anchor(row: &SqliteRow, sequence: &str, hash: &str) -> Result<Option<AuditCut>> {
    let through = row::plain::<Option<i64>>(row, sequence)?.unwrap_or(0);
    let hash = row::plain::<Option<String>>(row, hash)?.unwrap_or_default();
    Ok((through != 0 || !hash.is_empty()).then_some(AuditCut { through, hash }))
}

/// Where the audit was cut last.
///
/// # Errors
/// Those of the database.
pub async fn last_cut(conn: &mut Connection) -> Result<Option<AuditCut>> {
    let row = sqlx::query("SELECT sequence, hash FROM audit_anchor WHERE id = 1").fetch_optional(conn).await?;
    row.as_ref().map_or(Ok(None), |row| anchor(row, "sequence", "hash"))
}

/// Looks up to where rows are older than `before`, and whether they are as they were written.
///
/// # Errors
/// Those of the database.
pub async fn cut_point(conn: &mut Connection, before: Timestamp, now: Timestamp) -> Result<CutPoint> {
    let mut walk = Walk::from(last_cut(conn).await?.as_ref());
    let mut found = CutPoint::Nothing;
    loop {
        let rows = page(conn, walk.sequence, i64::MAX).await?;
        if rows.is_empty() {
            return Ok(found);
        }
        for row in &rows {
            let at: i64 = row::plain(row, "at")?;
            // A row of the future was written while the clock was wrong: it is old when one behind it is.
            if at >= before.0 && at <= now.0 {
                return Ok(found);
            }
            if !walk.follow(row)? {
                return Ok(CutPoint::Broken(walk.sequence));
            }
            if at < before.0 {
                found = CutPoint::Through(AuditCut { through: walk.sequence, hash: walk.hash.clone() });
            }
        }
    }
}

/// Cuts the audit: from now on it begins behind this row. Gives the row that says so.
///
/// Only sound within a transaction of [`Store::begin`](crate::Store::begin), where nobody else writes.
///
/// # Errors
/// `Other` when there is no such row behind the last cut.
pub async fn cut(conn: &mut Connection, cut: &AuditCut, at: Timestamp) -> Result<AuditRow> {
    let moved = sqlx::query(
        "UPDATE audit_anchor SET sequence = $1, hash = $2
         WHERE id = 1 AND sequence < $1 AND EXISTS (SELECT 1 FROM audit WHERE sequence = $1 AND hash = $2)",
    )
    .bind(cut.through)
    .bind(&cut.hash)
    .execute(&mut *conn)
    .await?;
    row::one(moved)?;
    let entry = AuditEntry {
        actor: "system".to_owned(),
        address: String::new(),
        action: ACTION_CUT.to_owned(),
        target: format!("1-{}", cut.through),
        phase: AuditPhase::Outcome,
        operation_id: None,
        detail: serde_json::to_value(cut).map_err(|why| StoreError::Decode(why.to_string()))?,
    };
    append(conn, &entry, at).await
}

/// Removes rows that were cut, at most `limit`; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn remove_cut(conn: &mut Connection, limit: u32) -> Result<u64> {
    let result = sqlx::query(
        "DELETE FROM audit WHERE sequence IN
             (SELECT sequence FROM audit WHERE sequence <= (SELECT sequence FROM audit_anchor WHERE id = 1)
              ORDER BY sequence LIMIT $1)",
    )
    .bind(i64::from(limit))
    .execute(conn)
    .await?;
    Ok(result.rows_affected())
}
