//! The audit log: a chain of rows in which each carries the hash of itself and the one before.
//!
//! The hash of a row is SHA-256, in hex, over the hash of the row before (nothing for the first)
//! followed by the row as JSON without spaces, its keys and those of `detail` in alphabetical order:
//! `action`, `actor`, `address`, `at`, `detail`, `operation_id`, `phase`, `sequence`, `target`. Where
//! the chain ends is kept apart, so that cutting off the last rows is noticed as well. So is where it
//! begins, which retention moves: [`cut`].

mod cut;
mod verify;

use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteRow;
use steward_core::audit::{AuditEntry, AuditRow};
use steward_core::{OperationId, Timestamp};

use crate::error::Result;
use crate::row;
use crate::store::Connection;

pub use cut::{CutPoint, cut, cut_point, last_cut, remove_cut};
pub use verify::verify;

/// Which rows a list shows. All conditions hold; absent ones do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// With a lower sequence than this.
    pub before: Option<i64>,
    /// With a higher sequence than this, oldest first.
    pub after: Option<i64>,
    /// Of this actor.
    pub actor: Option<String>,
    /// With this action.
    pub action: Option<String>,
    /// About this target.
    pub target: Option<String>,
    /// At most so many.
    pub limit: u32,
}

fn read(row: &SqliteRow) -> Result<AuditRow> {
    Ok(AuditRow {
        sequence: row::plain(row, "sequence")?,
        at: row::time(row, "at")?,
        actor: row::text(row, "actor")?,
        address: row::text(row, "address")?,
        action: row::text(row, "action")?,
        target: row::text(row, "target")?,
        phase: row::serde_word(row, "phase")?,
        operation_id: row::maybe_parsed(row, "operation_id", OperationId::parse)?,
        detail: row::json(row, "detail")?,
        hash: row::text(row, "hash")?,
    })
}

/// The same value with the keys of every object in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            Value::Object(pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// A row as it is hashed. `detail` is the stored text: read as JSON and written again, a number
/// could come out differently.
struct Link<'a> {
    sequence: i64,
    at: i64,
    actor: &'a str,
    address: &'a str,
    action: &'a str,
    target: &'a str,
    phase: &'a str,
    operation_id: Option<&'a str>,
    detail: &'a str,
}

impl Link<'_> {
    fn hash(&self, previous: &str) -> Result<String> {
        let canonical = format!(
            r#"{{"action":{},"actor":{},"address":{},"at":{},"detail":{},"operation_id":{},"phase":{},"sequence":{},"target":{}}}"#,
            row::to_json(self.action)?,
            row::to_json(self.actor)?,
            row::to_json(self.address)?,
            self.at,
            self.detail,
            row::to_json(&self.operation_id)?,
            row::to_json(self.phase)?,
            self.sequence,
            row::to_json(self.target)?,
        );
        let mut digest = Sha256::new();
        digest.update(previous.as_bytes());
        digest.update(canonical.as_bytes());
        Ok(hex::encode(digest.finalize()))
    }
}

/// Adds a row at the end of the chain and returns it.
///
/// Only sound within a transaction of [`Store::begin`](crate::Store::begin), where nobody else writes.
///
/// # Errors
/// Those of the database.
pub async fn append(conn: &mut Connection, entry: &AuditEntry, at: Timestamp) -> Result<AuditRow> {
    let head = sqlx::query("SELECT sequence, hash FROM audit_head WHERE id = 1").fetch_one(&mut *conn).await?;
    let sequence = row::plain::<i64>(&head, "sequence")?.saturating_add(1);
    let detail = sorted(&entry.detail);
    let detail_text = row::to_json(&detail)?;
    let phase = row::to_serde_word(&entry.phase)?;
    let operation_id = entry.operation_id.as_ref().map(OperationId::as_str);
    let link = Link {
        sequence,
        at: at.0,
        actor: &entry.actor,
        address: &entry.address,
        action: &entry.action,
        target: &entry.target,
        phase: &phase,
        operation_id,
        detail: &detail_text,
    };
    let hash = link.hash(row::plain(&head, "hash")?)?;
    sqlx::query(
        "INSERT INTO audit (sequence, at, actor, address, action, target, phase, operation_id, detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(sequence)
    .bind(at.0)
    .bind(&entry.actor)
    .bind(&entry.address)
    .bind(&entry.action)
    .bind(&entry.target)
    .bind(&phase)
    .bind(operation_id)
    .bind(&detail_text)
    .bind(&hash)
    .execute(&mut *conn)
    .await?;
    sqlx::query("UPDATE audit_head SET sequence = $1, hash = $2 WHERE id = 1").bind(sequence).bind(&hash).execute(conn).await?;
    Ok(AuditRow {
        sequence,
        at,
        actor: entry.actor.clone(),
        address: entry.address.clone(),
        action: entry.action.clone(),
        target: entry.target.clone(),
        phase: entry.phase,
        operation_id: entry.operation_id.clone(),
        detail,
        hash,
    })
}

/// Rows, newest first unless those after one are asked for.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
    // Only the conditions that are asked for are written, so that each can use its index.
    let mut sql = "SELECT * FROM audit WHERE sequence < $1 AND sequence > $2
                   AND sequence > (SELECT sequence FROM audit_anchor WHERE id = 1)"
        .to_owned();
    let mut values = Vec::new();
    for (column, value) in [("actor", &filter.actor), ("action", &filter.action), ("target", &filter.target)] {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {column} = ${}", values.len() + 2));
        }
    }
    let order = if filter.after.is_some() { "ASC" } else { "DESC" };
    sql.push_str(&format!(" ORDER BY sequence {order} LIMIT ${}", values.len() + 3));
    // The text is made of the constants above; values are bound.
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(filter.before.unwrap_or(i64::MAX)).bind(filter.after.unwrap_or(0));
    for value in values {
        query = query.bind(value);
    }
    let rows = query.bind(i64::from(filter.limit)).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}
