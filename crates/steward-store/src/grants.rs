//! Roles that accounts have on one device or one deployment.

use sqlx::sqlite::SqliteRow;
use steward_core::rights::{Grant, Scope};
use steward_core::role::Role;
use steward_core::{DeploymentId, DeviceId, GrantId, UserId};

use crate::error::{Result, StoreError};
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<Grant> {
    let device = row::maybe_parsed(row, "device_id", DeviceId::parse)?.map(Scope::Device);
    let deployment = row::maybe_parsed(row, "deployment_id", DeploymentId::parse)?.map(Scope::Deployment);
    Ok(Grant {
        id: row::parsed(row, "id", GrantId::parse)?,
        user_id: row::parsed(row, "user_id", UserId::parse)?,
        scope: device.or(deployment).ok_or_else(|| StoreError::Decode("a grant for nothing".to_owned()))?,
        role: row::word(row, "role", Role::parse)?,
        created_at: row::time(row, "created_at")?,
    })
}

/// Gives a role in a scope, in place of the one that the account had there.
///
/// # Errors
/// `NotUnique` when the id is taken.
pub async fn put(conn: &mut Connection, grant: &Grant) -> Result<()> {
    let (device, deployment) = match &grant.scope {
        Scope::Device(id) => (Some(id.as_str()), None),
        Scope::Deployment(id) => (None, Some(id.as_str())),
    };
    sqlx::query("DELETE FROM grants WHERE user_id = $1 AND (device_id = $2 OR deployment_id = $3)")
        .bind(grant.user_id.as_str())
        .bind(device)
        .bind(deployment)
        .execute(&mut *conn)
        .await?;
    sqlx::query("INSERT INTO grants (id, user_id, device_id, deployment_id, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(grant.id.as_str())
        .bind(grant.user_id.as_str())
        .bind(device)
        .bind(deployment)
        .bind(grant.role.as_str())
        .bind(grant.created_at.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// What is granted to an account, in the order in which it was given.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, user_id: &UserId) -> Result<Vec<Grant>> {
    let rows =
        sqlx::query("SELECT * FROM grants WHERE user_id = $1 ORDER BY created_at, id").bind(user_id.as_str()).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Takes a grant back; whether there was one.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, id: &GrantId) -> Result<bool> {
    let result = sqlx::query("DELETE FROM grants WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(result.rows_affected() > 0)
}
