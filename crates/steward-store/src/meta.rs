//! Single values of Steward's own, by name.

use crate::error::Result;
use crate::store::Connection;

/// The value of a key.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, key: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(key).fetch_optional(conn).await?)
}

/// Sets the value of a key.
///
/// # Errors
/// Those of the database.
pub async fn put(conn: &mut Connection, key: &str, value: &str) -> Result<()> {
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets a key, if it is there.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, key: &str) -> Result<()> {
    sqlx::query("DELETE FROM meta WHERE key = $1").bind(key).execute(conn).await?;
    Ok(())
}
