//! Secret settings of revisions, sealed by the caller. This crate never sees one in the open.

use steward_core::DeploymentId;
use steward_core::name::SettingKey;

use crate::error::Result;
use crate::row;
use crate::store::Connection;

/// Keeps a sealed secret of a revision. The revision is there when the transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn put(conn: &mut Connection, deployment_id: &DeploymentId, revision: u32, key: &SettingKey, sealed: &[u8]) -> Result<()> {
    sqlx::query(
        "INSERT INTO secrets (deployment_id, revision, key, sealed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (deployment_id, revision, key) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(deployment_id.as_str())
    .bind(i64::from(revision))
    .bind(key.as_str())
    .bind(sealed)
    .execute(conn)
    .await?;
    Ok(())
}

/// The sealed secrets of a revision, by key.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, deployment_id: &DeploymentId, revision: u32) -> Result<Vec<(SettingKey, Vec<u8>)>> {
    let rows = sqlx::query("SELECT key, sealed FROM secrets WHERE deployment_id = $1 AND revision = $2 ORDER BY key")
        .bind(deployment_id.as_str())
        .bind(i64::from(revision))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((row::parsed(row, "key", SettingKey::parse)?, row::plain(row, "sealed")?))).collect()
}
