//! The targets of an operation on many, and what came of each.

use sqlx::sqlite::SqliteRow;
use steward_core::operation::{State, TargetResult};
use steward_core::{DeploymentId, OperationId, Refusal};

use crate::error::Result;
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<TargetResult> {
    let refusal: Option<Refusal> = row::maybe_json(row, "refusal")?;
    let state = row::plain::<Option<&str>>(row, "state")?;
    Ok(TargetResult {
        deployment_id: row::parsed(row, "deployment_id", DeploymentId::parse)?,
        name: row::text(row, "name")?,
        operation_id: row::maybe_parsed(row, "operation_id", OperationId::parse)?,
        state: state.map(|_| row::word(row, "state", State::parse)).transpose()?,
        changed: row::plain::<Option<i64>>(row, "changed")?.map(|changed| changed != 0),
        error: match refusal {
            Some(refusal) => Some(refusal),
            None => row::maybe_json(row, "error")?,
        },
    })
}

/// Sets the target at a place: its operation, or why it has none.
///
/// # Errors
/// Those of the database.
pub async fn put(
    conn: &mut Connection,
    parent: &OperationId,
    ordinal: usize,
    (deployment_id, name): (&DeploymentId, &str),
    outcome: std::result::Result<&OperationId, &Refusal>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO targets (parent_id, ordinal, deployment_id, name, operation_id, refusal) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (parent_id, ordinal) DO UPDATE SET operation_id = excluded.operation_id, refusal = excluded.refusal",
    )
    .bind(parent.as_str())
    .bind(i64::try_from(ordinal).unwrap_or(i64::MAX))
    .bind(deployment_id.as_str())
    .bind(name)
    .bind(outcome.ok().map(OperationId::as_str))
    .bind(row::to_maybe_json(outcome.err())?)
    .execute(conn)
    .await?;
    Ok(())
}

/// The targets of an operation in the order in which they were asked for.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, parent: &OperationId) -> Result<Vec<TargetResult>> {
    let rows = sqlx::query(
        "SELECT targets.deployment_id, targets.name, targets.operation_id, targets.refusal,
                operations.state, operations.changed, operations.error
         FROM targets LEFT JOIN operations ON operations.id = targets.operation_id
         WHERE targets.parent_id = $1 ORDER BY targets.ordinal",
    )
    .bind(parent.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}
