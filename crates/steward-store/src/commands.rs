//! The commands that an operation ran.

use sqlx::sqlite::SqliteRow;
use steward_core::OperationId;
use steward_core::operation::CommandRecord;

use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

/// An output of so many bytes takes no more room than the line that would stand for it.
const LEFT_OUT: i64 = 128;

fn read(row: &SqliteRow) -> Result<CommandRecord> {
    let bad = |why: std::num::TryFromIntError| StoreError::Decode(format!("a command's number: {why}"));
    Ok(CommandRecord {
        step: row::number(row, "step")?,
        undo: row::flag(row, "undo")?,
        device: row::text(row, "device")?,
        argv: row::json(row, "argv")?,
        exit_code: row::plain::<Option<i64>>(row, "exit_code")?.map(i32::try_from).transpose().map_err(bad)?,
        duration_ms: u64::try_from(row::plain::<i64>(row, "duration_ms")?).map_err(bad)?,
        output: row::text(row, "output")?,
        started_at: row::time(row, "started_at")?,
    })
}

/// Adds a command to an operation.
///
/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut Connection, operation_id: &OperationId, command: &CommandRecord) -> Result<()> {
    sqlx::query(
        "INSERT INTO commands (operation_id, step, undo, device, argv, exit_code, duration_ms, output, started_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(operation_id.as_str())
    .bind(i64::from(command.step))
    .bind(i64::from(command.undo))
    .bind(&command.device)
    .bind(row::to_json(&command.argv)?)
    .bind(command.exit_code.map(i64::from))
    .bind(i64::try_from(command.duration_ms).unwrap_or(i64::MAX))
    .bind(&command.output)
    .bind(command.started_at.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// The commands of an operation, in the order in which they were added.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, operation_id: &OperationId) -> Result<Vec<CommandRecord>> {
    let rows =
        sqlx::query("SELECT * FROM commands WHERE operation_id = $1 ORDER BY sequence").bind(operation_id.as_str()).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Bounds what all commands of an operation printed: from the newest backward, outputs beyond `most`
/// bytes in all give way to a line that says how much is left out.
///
/// # Errors
/// Those of the database.
pub async fn bound(conn: &mut Connection, operation_id: &OperationId, most: u64) -> Result<()> {
    let rows = sqlx::query("SELECT sequence, octet_length(output) AS size FROM commands WHERE operation_id = $1 ORDER BY sequence DESC")
        .bind(operation_id.as_str())
        .fetch_all(&mut *conn)
        .await?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut all = 0_i64;
    for found in rows {
        let size: i64 = row::plain(&found, "size")?;
        all = all.saturating_add(size);
        if all <= most || size <= LEFT_OUT {
            continue;
        }
        let note = format!("… (left out here: {size} bytes; an operation keeps the last {} KiB of its output)\n", most / 1024);
        sqlx::query("UPDATE commands SET output = $2 WHERE sequence = $1")
            .bind(row::plain::<i64>(&found, "sequence")?)
            .bind(note)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
