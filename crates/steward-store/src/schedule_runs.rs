//! What came of the due times of schedules: one row for each, at most.

use std::collections::HashSet;

use sqlx::sqlite::SqliteRow;
use steward_core::operation::State;
use steward_core::schedule::{RunOutcome, ScheduleRun};
use steward_core::{OperationId, ScheduleId, Timestamp};

use crate::error::Result;
use crate::row;
use crate::store::Connection;

/// How many runs of each schedule are remembered: the newest ones.
pub const KEPT: u32 = 2000;

fn read(row: &SqliteRow) -> Result<ScheduleRun> {
    Ok(ScheduleRun {
        schedule_id: row::parsed(row, "schedule_id", ScheduleId::parse)?,
        due_at: row::time(row, "due_at")?,
        decided_at: row::time(row, "decided_at")?,
        outcome: row::word(row, "outcome", RunOutcome::parse)?,
        operation_id: row::maybe_parsed(row, "operation_id", OperationId::parse)?,
        refusal: row::maybe_json(row, "refusal")?,
        missed_before: row::number(row, "missed_before")?,
    })
}

/// Adds a run, and forgets the ones that are too old to be kept.
///
/// # Errors
/// `NotUnique` when this due time has been decided already.
pub async fn insert(conn: &mut Connection, run: &ScheduleRun) -> Result<()> {
    sqlx::query(
        "INSERT INTO schedule_runs (schedule_id, due_at, decided_at, outcome, operation_id, refusal, missed_before)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(run.schedule_id.as_str())
    .bind(run.due_at.0)
    .bind(run.decided_at.0)
    .bind(run.outcome.as_str())
    .bind(run.operation_id.as_ref().map(OperationId::as_str))
    .bind(row::to_maybe_json(run.refusal.as_ref())?)
    .bind(run.missed_before)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "DELETE FROM schedule_runs WHERE schedule_id = $1 AND due_at <=
         (SELECT due_at FROM schedule_runs WHERE schedule_id = $1 ORDER BY due_at DESC LIMIT 1 OFFSET $2)",
    )
    .bind(run.schedule_id.as_str())
    .bind(KEPT)
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest due time, up to a moment, that has been decided.
///
/// # Errors
/// Those of the database.
pub async fn newest(conn: &mut Connection, id: &ScheduleId, until: Timestamp) -> Result<Option<Timestamp>> {
    let found: Option<i64> = sqlx::query_scalar("SELECT max(due_at) FROM schedule_runs WHERE schedule_id = $1 AND due_at <= $2")
        .bind(id.as_str())
        .bind(until.0)
        .fetch_one(conn)
        .await?;
    Ok(found.map(Timestamp))
}

/// Forgets what was decided about due times that are still to come and led to no operation: after the
/// clock went back, they come again. How many there were.
///
/// # Errors
/// Those of the database.
pub async fn forget_idle_after(conn: &mut Connection, id: &ScheduleId, now: Timestamp) -> Result<u64> {
    let result = sqlx::query("DELETE FROM schedule_runs WHERE schedule_id = $1 AND due_at > $2 AND operation_id IS NULL")
        .bind(id.as_str())
        .bind(now.0)
        .execute(conn)
        .await?;
    Ok(result.rows_affected())
}

/// Whether anything was decided about a due time after a moment.
///
/// # Errors
/// Those of the database.
pub async fn any_idle_after(conn: &mut Connection, id: &ScheduleId, now: Timestamp) -> Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM schedule_runs WHERE schedule_id = $1 AND due_at > $2 AND operation_id IS NULL LIMIT 1")
            .bind(id.as_str())
            .bind(now.0)
            .fetch_optional(conn)
            .await?;
    Ok(found.is_some())
}

/// Runs of a schedule, the newest due time first, each with the state that its operation has now.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    id: &ScheduleId,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<(ScheduleRun, Option<State>)>> {
    let rows = sqlx::query(
        "SELECT *, (SELECT state FROM operations WHERE operations.id = schedule_runs.operation_id) AS state
         FROM schedule_runs WHERE schedule_id = $1 AND due_at < $2 ORDER BY due_at DESC LIMIT $3",
    )
    .bind(id.as_str())
    .bind(before.map_or(i64::MAX, |at| at.0))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((read(row)?, maybe_state(row)?))).collect()
}

fn maybe_state(row: &SqliteRow) -> Result<Option<State>> {
    if row::plain::<Option<&str>>(row, "state")?.is_none() { Ok(None) } else { row::word(row, "state", State::parse).map(Some) }
}

/// Runs of a schedule with a due time in a range: its begin belongs to it, its end does not.
///
/// # Errors
/// Those of the database.
pub async fn between(conn: &mut Connection, id: &ScheduleId, from: Timestamp, to: Timestamp) -> Result<Vec<ScheduleRun>> {
    let rows = sqlx::query("SELECT * FROM schedule_runs WHERE schedule_id = $1 AND due_at >= $2 AND due_at < $3 ORDER BY due_at")
        .bind(id.as_str())
        .bind(from.0)
        .bind(to.0)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

/// An operation of an earlier run that is not at rest, if there is one.
///
/// # Errors
/// Those of the database.
pub async fn under_way(conn: &mut Connection, id: &ScheduleId) -> Result<Option<OperationId>> {
    let row = sqlx::query(
        "SELECT operations.id FROM operations JOIN schedule_runs ON schedule_runs.operation_id = operations.id
         WHERE operations.state IN ('queued', 'running', 'rolling_back') AND schedule_runs.schedule_id = $1 LIMIT 1",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(|row| row::parsed(row, "id", OperationId::parse)).transpose()
}

/// The queued operations that schedules asked for, and the parts of such.
///
/// # Errors
/// Those of the database.
pub async fn queued(conn: &mut Connection) -> Result<HashSet<OperationId>> {
    let rows = sqlx::query(
        "SELECT operations.id FROM operations JOIN schedule_runs
         ON schedule_runs.operation_id IN (operations.id, operations.parent_id) WHERE operations.state = 'queued'",
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| row::parsed(row, "id", OperationId::parse)).collect()
}
