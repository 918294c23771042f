//! Locks that operations hold. They live and end in the same transactions as their operation.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use steward_core::OperationId;
use steward_core::operation::Waiting;

use crate::error::Result;
use crate::row;
use crate::store::Connection;

/// Takes all of these locks for an operation, or none. Ones that it holds already are fine.
///
/// The answer is `None` when it has them all, or else the first one that another operation holds.
/// Only sound within a transaction of [`Store::begin`](crate::Store::begin), where nobody else writes.
///
/// # Errors
/// Those of the database.
pub async fn acquire(conn: &mut Connection, names: &[String], owner: &OperationId) -> Result<Option<Waiting>> {
    if names.is_empty() {
        return Ok(None);
    }
    // Only numbers are written into the two statements; names are bound.
    let list = row::placeholders(2, names.len());
    let sql = format!("SELECT name, operation_id FROM locks WHERE operation_id <> $1 AND name IN ({list})");
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(owner.as_str());
    for name in names {
        query = query.bind(name);
    }
    let mut taken = HashMap::new();
    for row in query.fetch_all(&mut *conn).await? {
        taken.insert(row::text(&row, "name")?, row::parsed(&row, "operation_id", OperationId::parse)?);
    }
    if let Some((lock, held_by)) = names.iter().find_map(|name| taken.remove_entry(name)) {
        return Ok(Some(Waiting { lock, held_by }));
    }
    let rows: Vec<String> = (0..names.len()).map(|place| format!("(${}, $1)", place + 2)).collect();
    let sql = format!("INSERT INTO locks (name, operation_id) VALUES {} ON CONFLICT (name) DO NOTHING", rows.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(owner.as_str());
    for name in names {
        query = query.bind(name);
    }
    query.execute(conn).await?;
    Ok(None)
}

/// Gives back every lock of an operation.
///
/// # Errors
/// Those of the database.
pub async fn release(conn: &mut Connection, owner: &OperationId) -> Result<()> {
    sqlx::query("DELETE FROM locks WHERE operation_id = $1").bind(owner.as_str()).execute(conn).await?;
    Ok(())
}

/// Every lock that is held and by which operation, by name.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut Connection) -> Result<Vec<(String, OperationId)>> {
    let rows = sqlx::query("SELECT name, operation_id FROM locks ORDER BY name").fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row::text(row, "name")?, row::parsed(row, "operation_id", OperationId::parse)?))).collect()
}
