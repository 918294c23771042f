//! Revisions of deployments.

use sqlx::sqlite::SqliteRow;
use steward_core::deployment::Revision;
use steward_core::{DeploymentId, OperationId, Timestamp};

use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<Revision> {
    Ok(Revision {
        deployment_id: row::parsed(row, "deployment_id", DeploymentId::parse)?,
        number: row::number(row, "number")?,
        definition: row::json(row, "definition")?,
        settings: row::json(row, "settings")?,
        ports: row::json(row, "ports")?,
        compose: row::text(row, "compose")?,
        operation_id: row::parsed(row, "operation_id", OperationId::parse)?,
        actor: row::text(row, "actor")?,
        created_at: row::time(row, "created_at")?,
        activated_at: row::maybe_time(row, "activated_at")?,
    })
}

/// Adds a revision.
///
/// # Errors
/// `NotUnique` when the deployment has one of this number.
pub async fn insert(conn: &mut Connection, revision: &Revision) -> Result<()> {
    sqlx::query(
        "INSERT INTO revisions (deployment_id, number, definition, settings, ports, compose, operation_id, actor,
                                created_at, activated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(revision.deployment_id.as_str())
    .bind(i64::from(revision.number))
    .bind(row::to_json(&revision.definition)?)
    .bind(row::to_json(&revision.settings)?)
    .bind(row::to_json(&revision.ports)?)
    .bind(&revision.compose)
    .bind(revision.operation_id.as_str())
    .bind(&revision.actor)
    .bind(revision.created_at.0)
    .bind(revision.activated_at.map(|at| at.0))
    .execute(conn)
    .await?;
    Ok(())
}

/// One revision.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, deployment_id: &DeploymentId, number: u32) -> Result<Option<Revision>> {
    let row = sqlx::query("SELECT * FROM revisions WHERE deployment_id = $1 AND number = $2")
        .bind(deployment_id.as_str())
        .bind(i64::from(number))
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Every revision of a deployment, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, deployment_id: &DeploymentId) -> Result<Vec<Revision>> {
    let rows = sqlx::query("SELECT * FROM revisions WHERE deployment_id = $1 ORDER BY number DESC")
        .bind(deployment_id.as_str())
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

/// The revision of every deployment: the one in force, or, while there is none yet, the newest.
///
/// # Errors
/// Those of the database.
pub async fn current(conn: &mut Connection) -> Result<Vec<Revision>> {
    let rows = sqlx::query(
        "SELECT revisions.* FROM deployments JOIN revisions ON revisions.deployment_id = deployments.id
         WHERE revisions.number = COALESCE(deployments.revision,
             (SELECT MAX(number) FROM revisions WHERE deployment_id = deployments.id))",
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// The number of the next revision of a deployment.
///
/// # Errors
/// Those of the database.
pub async fn next_number(conn: &mut Connection, deployment_id: &DeploymentId) -> Result<u32> {
    let next: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM revisions WHERE deployment_id = $1")
        .bind(deployment_id.as_str())
        .fetch_one(conn)
        .await?;
    u32::try_from(next).map_err(|why| StoreError::Decode(format!("column `number`: {why}")))
}

/// Puts a revision in force: it becomes the one its deployment names, and notes since when.
///
/// # Errors
/// `Other` when there is no such revision.
pub async fn activate(conn: &mut Connection, deployment_id: &DeploymentId, number: u32, at: Timestamp) -> Result<()> {
    let result = sqlx::query("UPDATE revisions SET activated_at = $3 WHERE deployment_id = $1 AND number = $2")
        .bind(deployment_id.as_str())
        .bind(i64::from(number))
        .bind(at.0)
        .execute(&mut *conn)
        .await?;
    row::one(result)?;
    let result = sqlx::query("UPDATE deployments SET revision = $2, updated_at = $3 WHERE id = $1")
        .bind(deployment_id.as_str())
        .bind(i64::from(number))
        .bind(at.0)
        .execute(conn)
        .await?;
    row::one(result)
}

/// Removes a revision and its secrets, if it is there.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, deployment_id: &DeploymentId, number: u32) -> Result<()> {
    sqlx::query("DELETE FROM revisions WHERE deployment_id = $1 AND number = $2")
        .bind(deployment_id.as_str())
        .bind(i64::from(number))
        .execute(conn)
        .await?;
    Ok(())
}
