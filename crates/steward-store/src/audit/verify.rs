//! Whether the audit is as it was written.

use sqlx::Connection as _;
use sqlx::sqlite::SqliteRow;
use steward_core::audit::{ACTION_CUT, AuditCut, AuditPhase, AuditVerdict};

use super::Link;
use super::cut::anchor;
use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

/// How many rows are held at once while the chain is walked along.
pub(super) const PAGE: i64 = 500;

/// Walks along the chain and says whether it is whole.
///
/// It begins behind the last row that retention cut off. That this is where it was cut is said by a
/// row of the chain, so a prefix that somebody else removed is found too.
///
/// # Errors
/// Those of the database.
pub async fn verify(conn: &mut Connection) -> Result<AuditVerdict> {
    // All reads are of one moment: rows that are added or cut off meanwhile change nothing.
    let mut snapshot = conn.begin().await?;
    let verdict = look(&mut snapshot).await?;
    snapshot.rollback().await?;
    Ok(verdict)
}

async fn look(conn: &mut Connection) -> Result<AuditVerdict> {
    let ends = sqlx::query(
        "SELECT (SELECT sequence FROM audit_head WHERE id = 1) AS head_sequence,
                (SELECT hash FROM audit_head WHERE id = 1) AS head_hash,
                (SELECT sequence FROM audit_anchor WHERE id = 1) AS anchor_sequence,
                (SELECT hash FROM audit_anchor WHERE id = 1) AS anchor_hash,
                (SELECT min(sequence) FROM audit
                 WHERE sequence < 1 OR sequence > (SELECT sequence FROM audit_anchor WHERE id = 1)) AS first,
                (SELECT max(sequence) FROM audit) AS last",
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = row::plain::<Option<i64>>(&ends, "head_sequence")?.unwrap_or(0);
    let head = row::plain::<Option<String>>(&ends, "head_hash")?.filter(|hash| !hash.is_empty());
    let cut = anchor(&ends, "anchor_sequence", "anchor_hash")?;
    let broken_at = first_break(conn, &ends, cut.as_ref()).await?;
    Ok(AuditVerdict { whole: broken_at.is_none(), broken_at, rows, first: cut.as_ref().map_or(0, |cut| cut.through) + 1, cut, head })
}

/// The first sequence that is missing, changed or out of place between the ends.
async fn first_break(conn: &mut Connection, ends: &SqliteRow, cut: Option<&AuditCut>) -> Result<Option<i64>> {
    let start = cut.map_or(0, |cut| cut.through) + 1;
    // Both ends are there from the beginning; without them nobody can say how long the chain was.
    let has_anchor = row::plain::<Option<i64>>(ends, "anchor_sequence")?.is_some_and(|sequence| sequence >= 0);
    let first = row::plain::<Option<i64>>(ends, "first")?.unwrap_or(start);
    let Some(end) = row::plain::<Option<i64>>(ends, "head_sequence")?.filter(|_| has_anchor && first == start) else {
        return Ok(Some(first.min(start)));
    };
    let end_hash = row::plain::<Option<String>>(ends, "head_hash")?.unwrap_or_default();
    let mut walk = Walk::from(cut);
    while walk.sequence < end {
        let rows = page(conn, walk.sequence, end).await?;
        if rows.is_empty() {
            return Ok(Some(walk.sequence + 1));
        }
        for row in &rows {
            if !walk.follow(row)? {
                return Ok(Some(walk.sequence));
            }
        }
    }
    if walk.hash != end_hash {
        return Ok(Some(end.max(1)));
    }
    if walk.cut.as_ref() != cut {
        return Ok(Some(start));
    }
    Ok(row::plain::<Option<i64>>(ends, "last")?.filter(|last| *last > end).map(|_| end + 1))
}

/// The rows behind a sequence, up to an end.
pub(super) async fn page(conn: &mut Connection, after: i64, end: i64) -> Result<Vec<SqliteRow>> {
    Ok(sqlx::query("SELECT * FROM audit WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3")
        .bind(after)
        .bind(end)
        .bind(PAGE)
        .fetch_all(conn)
        .await?)
}

/// A walk along the chain, row after row.
pub(super) struct Walk {
    /// The row that was reached.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
    /// The last cut that a row on the way tells of.
    pub cut: Option<AuditCut>,
}

impl Walk {
    /// A walk that begins behind a cut, or at the very beginning.
    pub fn from(cut: Option<&AuditCut>) -> Self {
        Self { sequence: cut.map_or(0, |cut| cut.through), hash: cut.map(|cut| cut.hash.clone()).unwrap_or_default(), cut: None }
    }

    /// Goes on to a row; whether it is the next one and fits. The walk is then at this row.
    pub fn follow(&mut self, row: &SqliteRow) -> Result<bool> {
        self.sequence += 1;
        match fitting(row, &self.hash) {
            Ok((link, hash)) if link.sequence == self.sequence => {
                self.hash = hash;
                self.cut = told_cut(&link).or(self.cut.take());
                Ok(true)
            }
            // A gap, a hash that does not fit, or a column that is no longer of its type.
            Ok(_) | Err(StoreError::Decode(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A row as it is hashed and its hash, if that fits to the row and the hash before.
fn fitting<'a>(row: &'a SqliteRow, previous: &str) -> Result<(Link<'a>, String)> {
    let link = Link {
        sequence: row::plain(row, "sequence")?,
        at: row::plain(row, "at")?,
        actor: row::plain(row, "actor")?,
        address: row::plain(row, "address")?,
        action: row::plain(row, "action")?,
        target: row::plain(row, "target")?,
        phase: row::plain(row, "phase")?,
        operation_id: row::plain(row, "operation_id")?,
        detail: row::plain(row, "detail")?,
    };
    let hash = link.hash(previous)?;
    if hash == row::plain::<&str>(row, "hash")? {
        Ok((link, hash))
    } else {
        Err(StoreError::Decode(format!("audit row {}: its hash does not fit", link.sequence)))
    }
}

/// The cut that a row tells of, when it is one that Steward itself wrote for a cut.
fn told_cut(link: &Link<'_>) -> Option<AuditCut> {
    if link.action != ACTION_CUT || row::to_serde_word(&AuditPhase::Outcome).ok().as_deref() != Some(link.phase) {
        return None;
    }
    serde_json::from_str(link.detail).ok()
}
