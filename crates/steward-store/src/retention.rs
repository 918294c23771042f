//! Forgetting: one small batch at a time, so that whoever waits to write waits for one batch only.
//!
//! What is old is always a prefix: rows are looked at in the order in which they were written, up to
//! the first one that is young. A row that says it is of the future was written while the clock was
//! wrong; it goes when an old one follows it, and is never taken for old by itself.

use sqlx::sqlite::SqliteRow;
use steward_core::Timestamp;

use crate::error::Result;
use crate::row;
use crate::store::Connection;

/// What one batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Up to which sequence rows were looked at; the next batch begins behind it.
    pub seen: i64,
    /// How many rows were forgotten.
    pub forgotten: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// How many of these times, given in the order of their rows, are the old prefix.
pub(crate) fn old_prefix(times: impl IntoIterator<Item = i64>, before: Timestamp, now: Timestamp) -> usize {
    let mut old = 0;
    for (index, at) in times.into_iter().enumerate() {
        if at < before.0 {
            old = index + 1;
        } else if at <= now.0 {
            break;
        }
    }
    old
}

/// The old rows at the beginning of a page, and whether the page was old to its end.
fn old_rows<'a>(page: &'a [SqliteRow], column: &str, before: Timestamp, now: Timestamp, limit: u32) -> Result<(&'a [SqliteRow], bool)> {
    let times: Vec<i64> = page.iter().map(|row| row::plain(row, column)).collect::<Result<_>>()?;
    let old = &page[..old_prefix(times, before, now)];
    Ok((old, !old.is_empty() && page.len() >= limit as usize))
}

/// Forgets operations that were accepted before a time and are not among the newest `kept`, with
/// their steps and commands: at most `limit`, behind the sequence `after`. What is under way, needs
/// attention, is a part of such a one, or made the revision that a deployment runs stays.
///
/// # Errors
/// Those of the database.
pub async fn forget_operations(
    conn: &mut Connection,
    before: Timestamp,
    now: Timestamp,
    kept: u32,
    after: i64,
    limit: u32,
) -> Result<Batch> {
    // Sequences have no gaps but those that this function makes, so the newest are known without counting.
    let page = sqlx::query(
        "SELECT sequence, created_at,
                state IN ('succeeded', 'rolled_back', 'cancelled')
                AND id NOT IN (SELECT r.operation_id FROM deployments d JOIN revisions r ON r.deployment_id = d.id AND r.number = d.revision
                               WHERE d.removed_at IS NULL)
                AND (parent_id IS NULL
                     OR parent_id NOT IN (SELECT id FROM operations WHERE state IN ('queued', 'running', 'rolling_back', 'needs_attention')))
                    AS done
         FROM operations
         WHERE sequence > $1 AND sequence <= (SELECT max(sequence) FROM operations) - $2
         ORDER BY sequence LIMIT $3",
    )
    .bind(after)
    .bind(i64::from(kept))
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    let (old, more) = old_rows(&page, "created_at", before, now, limit)?;
    let mut batch = Batch { seen: after, forgotten: 0, more };
    for found in old {
        batch.seen = row::plain(found, "sequence")?;
        if row::flag(found, "done")? {
            sqlx::query("DELETE FROM operations WHERE sequence = $1").bind(batch.seen).execute(&mut *conn).await?;
            batch.forgotten += 1;
        }
    }
    Ok(batch)
}

/// Forgets what commands printed before a time: at most `limit` commands, behind the sequence `after`.
/// What belongs to an operation that is under way or needs attention stays.
///
/// # Errors
/// Those of the database.
pub async fn forget_output(conn: &mut Connection, before: Timestamp, now: Timestamp, after: i64, limit: u32) -> Result<Batch> {
    let page = sqlx::query(
        "SELECT c.sequence, c.started_at, octet_length(c.output) AS size,
                o.state IN ('succeeded', 'rolled_back', 'cancelled') AS done
         FROM commands c JOIN operations o ON o.id = c.operation_id
         WHERE c.sequence > $1 ORDER BY c.sequence LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    let (old, more) = old_rows(&page, "started_at", before, now, limit)?;
    let mut batch = Batch { seen: after, forgotten: 0, more };
    for found in old {
        batch.seen = row::plain(found, "sequence")?;
        let size: i64 = row::plain(found, "size")?;
        if size > 0 && row::flag(found, "done")? {
            sqlx::query("UPDATE commands SET output = $2 WHERE sequence = $1")
                .bind(batch.seen)
                .bind(format!("({size} bytes of output were forgotten, as the retention says)\n"))
                .execute(&mut *conn)
                .await?;
            batch.forgotten += 1;
        }
    }
    Ok(batch)
}

/// How much is remembered, and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Operations.
    pub operations: u64,
    /// When the oldest operation was accepted.
    pub oldest_operation_at: Option<Timestamp>,
    /// Rows of the audit.
    pub audit_rows: u64,
    /// When the oldest row of the audit was written.
    pub oldest_audit_at: Option<Timestamp>,
    /// The size of the database file in bytes.
    pub file_bytes: u64,
    /// How much of the file is empty and will be used again, in bytes.
    pub free_bytes: u64,
}

/// How much is remembered now.
///
/// # Errors
/// Those of the database.
pub async fn amounts(conn: &mut Connection) -> Result<Amounts> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM operations) AS operations,
                (SELECT created_at FROM operations ORDER BY sequence LIMIT 1) AS oldest_operation,
                (SELECT h.sequence - a.sequence FROM audit_head h, audit_anchor a WHERE h.id = 1 AND a.id = 1) AS audit_rows,
                (SELECT at FROM audit WHERE sequence > (SELECT sequence FROM audit_anchor WHERE id = 1) ORDER BY sequence LIMIT 1)
                    AS oldest_audit",
    )
    .fetch_one(&mut *conn)
    .await?;
    let pages = Pages::read(conn).await?;
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Amounts {
        operations: unsigned(row::plain(&row, "operations")?),
        oldest_operation_at: row::maybe_time(&row, "oldest_operation")?,
        audit_rows: unsigned(row::plain::<Option<i64>>(&row, "audit_rows")?.unwrap_or(0)),
        oldest_audit_at: row::maybe_time(&row, "oldest_audit")?,
        file_bytes: unsigned(pages.all.saturating_mul(pages.size)),
        free_bytes: unsigned(pages.free.saturating_mul(pages.size)),
    })
}

/// The pages of the file.
struct Pages {
    all: i64,
    free: i64,
    size: i64,
}

impl Pages {
    async fn read(conn: &mut Connection) -> Result<Self> {
        Ok(Self {
            all: sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await?,
            free: sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut *conn).await?,
            size: sqlx::query_scalar("PRAGMA page_size").fetch_one(conn).await?,
        })
    }
}

/// Gives empty pages at the end of the file back to the file system, at most about one MiB at once,
/// as long as more than `keep` bytes are empty; how many bytes were given back. Nothing is given back
/// by a database that was made without `auto_vacuum`: its empty pages are used again.
///
/// # Errors
/// Those of the database.
pub async fn give_back(conn: &mut Connection, keep: u64) -> Result<u64> {
    let before = Pages::read(conn).await?;
    if before.free.saturating_mul(before.size) <= i64::try_from(keep).unwrap_or(i64::MAX) {
        return Ok(0);
    }
    // A page is freed with each row that the pragma gives, so all of them are fetched.
    sqlx::query("PRAGMA incremental_vacuum(256)").fetch_all(&mut *conn).await?;
    let after = Pages::read(conn).await?;
    Ok(u64::try_from((before.all - after.all).saturating_mul(before.size)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clock jumps: neither a row of the future nor one of 1970 makes young rows old.
    #[test]
    fn the_old_prefix_ends_before_the_first_young_row() {
        let old = |times: &[i64]| old_prefix(times.iter().copied(), Timestamp(100), Timestamp(200));
        assert_eq!(old(&[]), 0);
        assert_eq!(old(&[1, 2, 99]), 3);
        assert_eq!(old(&[1, 100, 2]), 1);
        assert_eq!(old(&[1, 150, 0, 0]), 1, "a row of 1970 behind a young one proves nothing");
        assert_eq!(old(&[1, 900, 50, 120]), 3, "a row of the future goes with the old one behind it");
        assert_eq!(old(&[1, 900, 120]), 1, "a row of the future is not old by itself");
        assert_eq!(old(&[900, 900]), 0);
    }
}
