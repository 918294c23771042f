//! Idempotency keys: the same request sent twice within a day is one operation.

use steward_core::{OperationId, Timestamp};

use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

/// How long a key is remembered, in milliseconds.
const VALID: i64 = 24 * 60 * 60 * 1000;

/// The digest of the request that came with a key, and the operation it led to.
///
/// `scope` is whose key it is: an account's id.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut Connection, scope: &str, key: &str, now: Timestamp) -> Result<Option<(String, OperationId)>> {
    let row = sqlx::query("SELECT digest, operation_id FROM idempotency WHERE scope = $1 AND key = $2 AND created_at > $3")
        .bind(scope)
        .bind(key)
        .bind(now.plus(-VALID).0)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| Ok((row::text(row, "digest")?, row::parsed(row, "operation_id", OperationId::parse)?))).transpose()
}

/// Remembers a key. One that has expired gives way.
///
/// # Errors
/// `NotUnique` when the key is in use.
pub async fn insert(conn: &mut Connection, scope: &str, key: &str, digest: &str, operation_id: &OperationId, at: Timestamp) -> Result<()> {
    let result = sqlx::query(
        "INSERT INTO idempotency (scope, key, digest, operation_id, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (scope, key) DO UPDATE
         SET digest = excluded.digest, operation_id = excluded.operation_id, created_at = excluded.created_at
         WHERE idempotency.created_at <= $6",
    )
    .bind(scope)
    .bind(key)
    .bind(digest)
    .bind(operation_id.as_str())
    .bind(at.0)
    .bind(at.plus(-VALID).0)
    .execute(conn)
    .await?;
    match result.rows_affected() {
        0 => Err(StoreError::NotUnique("idempotency.key".to_owned())),
        _ => Ok(()),
    }
}

/// Forgets at most `limit` keys that have expired; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: Timestamp, limit: u32) -> Result<u64> {
    let result =
        sqlx::query("DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency WHERE created_at <= $1 LIMIT $2)")
            .bind(now.plus(-VALID).0)
            .bind(i64::from(limit))
            .execute(conn)
            .await?;
    Ok(result.rows_affected())
}
