//! The journal of an operation's steps: what was going to be done, written before it is done.

use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteRow;
use steward_core::operation::{StepRecord, StepState};
use steward_core::{OperationId, Refusal, Timestamp};

use crate::error::Result;
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<StepRecord> {
    Ok(StepRecord {
        ordinal: row::number(row, "ordinal")?,
        name: row::text(row, "name")?,
        state: row::word(row, "state", StepState::parse)?,
        intent: row::maybe_json(row, "intent")?,
        started_at: row::maybe_time(row, "started_at")?,
        finished_at: row::maybe_time(row, "finished_at")?,
        undone_at: row::maybe_time(row, "undone_at")?,
        error: row::maybe_json(row, "error")?,
        undo_note: row::plain(row, "undo_note")?,
    })
}

/// Adds the steps of an operation, in order, none begun.
///
/// # Errors
/// `NotUnique` when it has steps already.
pub async fn insert_steps(conn: &mut Connection, operation_id: &OperationId, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    // One statement for all: ordinals and states are written into it, names are bound.
    let rows: Vec<String> = (0..names.len()).map(|ordinal| format!("($1, {ordinal}, ${}, 'pending')", ordinal + 2)).collect();
    let sql = format!("INSERT INTO steps (operation_id, ordinal, name, state) VALUES {}", rows.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(operation_id.as_str());
    for name in names {
        query = query.bind(name);
    }
    query.execute(conn).await?;
    Ok(())
}

/// Writes what a step is going to make and what was there before. Comes before the step acts.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn intent(conn: &mut Connection, operation_id: &OperationId, ordinal: u32, intent: &Value, at: Timestamp) -> Result<()> {
    let result = sqlx::query(
        "UPDATE steps SET state = 'running', intent = $3, started_at = $4, finished_at = NULL, error = NULL
         WHERE operation_id = $1 AND ordinal = $2",
    )
    .bind(operation_id.as_str())
    .bind(i64::from(ordinal))
    .bind(row::to_json(intent)?)
    .bind(at.0)
    .execute(conn)
    .await?;
    row::one(result)
}

/// Writes that a step is done.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn done(conn: &mut Connection, operation_id: &OperationId, ordinal: u32, at: Timestamp) -> Result<()> {
    let result = sqlx::query("UPDATE steps SET state = 'done', finished_at = $3, error = NULL WHERE operation_id = $1 AND ordinal = $2")
        .bind(operation_id.as_str())
        .bind(i64::from(ordinal))
        .bind(at.0)
        .execute(conn)
        .await?;
    row::one(result)
}

/// Writes that a step failed, and why. It may have acted in part.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn failed(conn: &mut Connection, operation_id: &OperationId, ordinal: u32, error: &Refusal, at: Timestamp) -> Result<()> {
    let result = sqlx::query("UPDATE steps SET state = 'failed', finished_at = $3, error = $4 WHERE operation_id = $1 AND ordinal = $2")
        .bind(operation_id.as_str())
        .bind(i64::from(ordinal))
        .bind(at.0)
        .bind(row::to_json(error)?)
        .execute(conn)
        .await?;
    row::one(result)
}

/// Writes that a step is about to be undone.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn undoing(conn: &mut Connection, operation_id: &OperationId, ordinal: u32) -> Result<()> {
    let result = sqlx::query("UPDATE steps SET state = 'undoing' WHERE operation_id = $1 AND ordinal = $2")
        .bind(operation_id.as_str())
        .bind(i64::from(ordinal))
        .execute(conn)
        .await?;
    row::one(result)
}

/// Writes that a step is undone, and what that did.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn undone(conn: &mut Connection, operation_id: &OperationId, ordinal: u32, note: &str, at: Timestamp) -> Result<()> {
    undo_ended(conn, operation_id, ordinal, StepState::Undone, note, at).await
}

/// Writes that the undo of a step failed, and why.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn undo_failed(conn: &mut Connection, operation_id: &OperationId, ordinal: u32, note: &str, at: Timestamp) -> Result<()> {
    undo_ended(conn, operation_id, ordinal, StepState::UndoFailed, note, at).await
}

async fn undo_ended(
    conn: &mut Connection,
    operation_id: &OperationId,
    ordinal: u32,
    state: StepState,
    note: &str,
    at: Timestamp,
) -> Result<()> {
    let result = sqlx::query("UPDATE steps SET state = $3, undo_note = $4, undone_at = $5 WHERE operation_id = $1 AND ordinal = $2")
        .bind(operation_id.as_str())
        .bind(i64::from(ordinal))
        .bind(state.as_str())
        .bind(note)
        .bind(at.0)
        .execute(conn)
        .await?;
    row::one(result)
}

/// Puts a step back to pending, to be done again. Its intent stays until the next one is written:
/// it still says what was there before the step first acted.
///
/// # Errors
/// `Other` when there is no such step.
pub async fn reset(conn: &mut Connection, operation_id: &OperationId, ordinal: u32) -> Result<()> {
    let result = sqlx::query(
        "UPDATE steps SET state = 'pending', started_at = NULL, finished_at = NULL, undone_at = NULL, error = NULL,
                          undo_note = NULL
         WHERE operation_id = $1 AND ordinal = $2",
    )
    .bind(operation_id.as_str())
    .bind(i64::from(ordinal))
    .execute(conn)
    .await?;
    row::one(result)
}

/// The steps of an operation, in order.
///
/// # Errors
/// Those of the database.
pub async fn steps(conn: &mut Connection, operation_id: &OperationId) -> Result<Vec<StepRecord>> {
    let rows =
        sqlx::query("SELECT * FROM steps WHERE operation_id = $1 ORDER BY ordinal").bind(operation_id.as_str()).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}
