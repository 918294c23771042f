//! Deployments.

use sqlx::sqlite::SqliteRow;
use steward_core::deployment::Deployment;
use steward_core::name::{DeploymentName, Slug};
use steward_core::{DeploymentId, DeviceId};

use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<Deployment> {
    let revision = row::plain::<Option<i64>>(row, "revision")?
        .map(|number| u32::try_from(number).map_err(|why| StoreError::Decode(format!("column `revision`: {why}"))))
        .transpose()?;
    Ok(Deployment {
        id: row::parsed(row, "id", DeploymentId::parse)?,
        name: row::parsed(row, "name", DeploymentName::parse)?,
        application: row::parsed(row, "application", Slug::parse)?,
        device_id: row::parsed(row, "device_id", DeviceId::parse)?,
        desired: row::serde_word(row, "desired")?,
        revision,
        created_at: row::time(row, "created_at")?,
        updated_at: row::time(row, "updated_at")?,
        removed_at: row::maybe_time(row, "removed_at")?,
    })
}

/// Adds a deployment.
///
/// # Errors
/// `NotUnique` when the name or the id is taken.
pub async fn insert(conn: &mut Connection, deployment: &Deployment) -> Result<()> {
    sqlx::query(
        "INSERT INTO deployments (id, name, application, device_id, desired, revision, created_at, updated_at, removed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(deployment.id.as_str())
    .bind(deployment.name.as_str())
    .bind(deployment.application.as_str())
    .bind(deployment.device_id.as_str())
    .bind(row::to_serde_word(&deployment.desired)?)
    .bind(deployment.revision.map(i64::from))
    .bind(deployment.created_at.0)
    .bind(deployment.updated_at.0)
    .bind(deployment.removed_at.map(|at| at.0))
    .execute(conn)
    .await?;
    Ok(())
}

/// The deployment with an id.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, id: &DeploymentId) -> Result<Option<Deployment>> {
    let row = sqlx::query("SELECT * FROM deployments WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The deployment with a name, unless it was removed.
///
/// # Errors
/// Those of the database.
pub async fn by_name(conn: &mut Connection, name: &DeploymentName) -> Result<Option<Deployment>> {
    let row =
        sqlx::query("SELECT * FROM deployments WHERE name = $1 AND removed_at IS NULL").bind(name.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The deployment that was removed last under a name, with its data kept.
///
/// # Errors
/// Those of the database.
pub async fn removed_by_name(conn: &mut Connection, name: &DeploymentName) -> Result<Option<Deployment>> {
    let row = sqlx::query("SELECT * FROM deployments WHERE name = $1 AND removed_at IS NOT NULL ORDER BY removed_at DESC LIMIT 1")
        .bind(name.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Every deployment that was not removed, by name.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<Deployment>> {
    let rows = sqlx::query("SELECT * FROM deployments WHERE removed_at IS NULL ORDER BY name").fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Every deployment, also those that were removed with their data kept.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut Connection) -> Result<Vec<Deployment>> {
    let rows = sqlx::query("SELECT * FROM deployments ORDER BY name, created_at").fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Replaces what is known of a deployment, all but its id and when it was made.
///
/// # Errors
/// `NotUnique` when the name is taken, `Other` when there is no such deployment.
pub async fn update(conn: &mut Connection, deployment: &Deployment) -> Result<()> {
    let result = sqlx::query(
        "UPDATE deployments SET name = $2, application = $3, device_id = $4, desired = $5, revision = $6, updated_at = $7,
                                removed_at = $8
         WHERE id = $1",
    )
    .bind(deployment.id.as_str())
    .bind(deployment.name.as_str())
    .bind(deployment.application.as_str())
    .bind(deployment.device_id.as_str())
    .bind(row::to_serde_word(&deployment.desired)?)
    .bind(deployment.revision.map(i64::from))
    .bind(deployment.updated_at.0)
    .bind(deployment.removed_at.map(|at| at.0))
    .execute(conn)
    .await?;
    row::one(result)
}

/// Removes a deployment with its revisions and their secrets, if it is there. Its operations stay.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, id: &DeploymentId) -> Result<()> {
    sqlx::query("DELETE FROM deployments WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(())
}
