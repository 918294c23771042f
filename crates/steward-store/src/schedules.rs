//! Schedules.

use sqlx::sqlite::SqliteRow;
use steward_core::name::{ScheduleName, UserName};
use steward_core::schedule::{Cron, Schedule, ZoneName};
use steward_core::{ScheduleId, Timestamp, UserId};

use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<Schedule> {
    Ok(Schedule {
        id: row::parsed(row, "id", ScheduleId::parse)?,
        name: row::parsed(row, "name", ScheduleName::parse)?,
        request: row::json(row, "request")?,
        cron: row::parsed(row, "cron", Cron::parse)?,
        time_zone: row::parsed(row, "time_zone", ZoneName::parse)?,
        window_minutes: row::number(row, "window_minutes")?,
        jitter_seconds: row::number(row, "jitter_seconds")?,
        overlap: row::serde_word(row, "overlap")?,
        catch_up: row::flag(row, "catch_up")?,
        enabled: row::flag(row, "enabled")?,
        owner_id: row::parsed(row, "owner_id", UserId::parse)?,
        owner: row::parsed(row, "owner", UserName::parse)?,
        version: row::number(row, "version")?,
        created_at: row::time(row, "created_at")?,
        updated_at: row::time(row, "updated_at")?,
        since: row::time(row, "since")?,
    })
}

/// Adds a schedule.
///
/// # Errors
/// `NotUnique` when the name or the id is taken.
pub async fn insert(conn: &mut Connection, schedule: &Schedule) -> Result<()> {
    sqlx::query(
        "INSERT INTO schedules (id, name, request, cron, time_zone, window_minutes, jitter_seconds, overlap, catch_up, enabled,
                                owner_id, owner, version, created_at, updated_at, since)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(schedule.id.as_str())
    .bind(schedule.name.as_str())
    .bind(row::to_json(&schedule.request)?)
    .bind(schedule.cron.as_str())
    .bind(schedule.time_zone.as_str())
    .bind(schedule.window_minutes)
    .bind(schedule.jitter_seconds)
    .bind(row::to_serde_word(&schedule.overlap)?)
    .bind(i64::from(schedule.catch_up))
    .bind(i64::from(schedule.enabled))
    .bind(schedule.owner_id.as_str())
    .bind(schedule.owner.as_str())
    .bind(schedule.version)
    .bind(schedule.created_at.0)
    .bind(schedule.updated_at.0)
    .bind(schedule.since.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a schedule as it is now, except its id and when it was made.
///
/// # Errors
/// `NotUnique` when the name is taken; `Other` when there is no such schedule.
pub async fn update(conn: &mut Connection, schedule: &Schedule) -> Result<()> {
    let result = sqlx::query(
        "UPDATE schedules SET name = $2, request = $3, cron = $4, time_zone = $5, window_minutes = $6, jitter_seconds = $7,
                              overlap = $8, catch_up = $9, enabled = $10, owner_id = $11, owner = $12, version = $13,
                              updated_at = $14, since = $15
         WHERE id = $1",
    )
    .bind(schedule.id.as_str())
    .bind(schedule.name.as_str())
    .bind(row::to_json(&schedule.request)?)
    .bind(schedule.cron.as_str())
    .bind(schedule.time_zone.as_str())
    .bind(schedule.window_minutes)
    .bind(schedule.jitter_seconds)
    .bind(row::to_serde_word(&schedule.overlap)?)
    .bind(i64::from(schedule.catch_up))
    .bind(i64::from(schedule.enabled))
    .bind(schedule.owner_id.as_str())
    .bind(schedule.owner.as_str())
    .bind(schedule.version)
    .bind(schedule.updated_at.0)
    .bind(schedule.since.0)
    .execute(conn)
    .await?;
    row::one(result)
}

/// Replaces the time from which due times count.
///
/// # Errors
/// Those of the database.
pub async fn set_since(conn: &mut Connection, id: &ScheduleId, since: Timestamp) -> Result<()> {
    sqlx::query("UPDATE schedules SET since = $2 WHERE id = $1").bind(id.as_str()).bind(since.0).execute(conn).await?;
    Ok(())
}

/// The schedule with an id.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, id: &ScheduleId) -> Result<Option<Schedule>> {
    let row = sqlx::query("SELECT * FROM schedules WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The schedule with a name.
///
/// # Errors
/// Those of the database.
pub async fn by_name(conn: &mut Connection, name: &ScheduleName) -> Result<Option<Schedule>> {
    let row = sqlx::query("SELECT * FROM schedules WHERE name = $1").bind(name.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// Every schedule, by name. One that no longer parses is left out and told to the log: it must not
/// stop the others.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<Schedule>> {
    let rows = sqlx::query("SELECT * FROM schedules ORDER BY name").fetch_all(conn).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        match read(row) {
            Ok(schedule) => all.push(schedule),
            Err(StoreError::Decode(why)) => {
                tracing::error!(schedule = row::text(row, "name").unwrap_or_default(), why, "a schedule cannot be read; it does not run");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// How many schedules there are.
///
/// # Errors
/// Those of the database.
pub async fn count(conn: &mut Connection) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM schedules").fetch_one(conn).await?)
}

/// Removes a schedule and the record of its runs; false when there was none.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, id: &ScheduleId) -> Result<bool> {
    let result = sqlx::query("DELETE FROM schedules WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(result.rows_affected() > 0)
}
