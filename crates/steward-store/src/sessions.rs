//! Signed-in browsers and command lines. Only the hash of a session's secret is kept.

use sqlx::sqlite::SqliteRow;
use steward_core::user::{Session, User};
use steward_core::{SessionId, Timestamp, UserId};

use crate::error::Result;
use crate::store::Connection;
use crate::{row, users};

fn read(row: &SqliteRow) -> Result<Session> {
    Ok(Session {
        id: row::parsed(row, "id", SessionId::parse)?,
        user_id: row::parsed(row, "user_id", UserId::parse)?,
        client: row::text(row, "client")?,
        address: row::text(row, "address")?,
        created_at: row::time(row, "created_at")?,
        last_used_at: row::time(row, "last_used_at")?,
        expires_at: row::time(row, "expires_at")?,
    })
}

/// Adds a session.
///
/// # Errors
/// `NotUnique` when the id or the secret is taken.
pub async fn insert(conn: &mut Connection, session: &Session, secret_hash: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO sessions (id, user_id, secret_hash, client, address, created_at, last_used_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.id.as_str())
    .bind(session.user_id.as_str())
    .bind(secret_hash)
    .bind(&session.client)
    .bind(&session.address)
    .bind(session.created_at.0)
    .bind(session.last_used_at.0)
    .bind(session.expires_at.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// The session whose secret has this hash, and whose it is. It may have expired: the caller looks.
///
/// # Errors
/// Those of the database.
pub async fn by_hash(conn: &mut Connection, secret_hash: &str) -> Result<Option<(Session, User)>> {
    let row = sqlx::query(
        "SELECT s.id, s.user_id, s.client, s.address, s.created_at, s.last_used_at, s.expires_at,
                u.name AS user_name, u.role AS user_role, u.created_at AS user_created_at
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.secret_hash = $1",
    )
    .bind(secret_hash)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(|row| Ok((read(row)?, users::read_joined(row)?))).transpose()
}

/// Notes that a session was used. Not an error when it has ended meanwhile.
///
/// # Errors
/// Those of the database.
pub async fn touch(conn: &mut Connection, id: &SessionId, at: Timestamp) -> Result<()> {
    sqlx::query("UPDATE sessions SET last_used_at = $2 WHERE id = $1").bind(id.as_str()).bind(at.0).execute(conn).await?;
    Ok(())
}

/// The sessions of an account, the last used one first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, user_id: &UserId) -> Result<Vec<Session>> {
    let rows = sqlx::query(
        "SELECT id, user_id, client, address, created_at, last_used_at, expires_at
         FROM sessions WHERE user_id = $1 ORDER BY last_used_at DESC, id",
    )
    .bind(user_id.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// Ends a session; whether there was one.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, id: &SessionId) -> Result<bool> {
    let result = sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(result.rows_affected() > 0)
}

/// Ends all sessions of an account but one; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn delete_of_user(conn: &mut Connection, user_id: &UserId, except: Option<&SessionId>) -> Result<u64> {
    // No session has an empty id.
    let result = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
        .bind(user_id.as_str())
        .bind(except.map_or("", SessionId::as_str))
        .execute(conn)
        .await?;
    Ok(result.rows_affected())
}

/// Ends every session; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn delete_all(conn: &mut Connection) -> Result<u64> {
    Ok(sqlx::query("DELETE FROM sessions").execute(conn).await?.rows_affected())
}

/// Removes sessions that have expired, or that were last used at `idle_since` or before; how many
/// there were.
///
/// # Errors
/// Those of the database.
pub async fn delete_ended(conn: &mut Connection, now: Timestamp, idle_since: Timestamp) -> Result<u64> {
    let result = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1 OR last_used_at <= $2")
        .bind(now.0)
        .bind(idle_since.0)
        .execute(conn)
        .await?;
    Ok(result.rows_affected())
}

/// Ends the sessions of an account beyond the `keep` that were used last; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn keep_newest(conn: &mut Connection, user_id: &UserId, keep: u32) -> Result<u64> {
    let result = sqlx::query(
        "DELETE FROM sessions WHERE id IN
             (SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_used_at DESC, created_at DESC, id LIMIT -1 OFFSET $2)",
    )
    .bind(user_id.as_str())
    .bind(i64::from(keep))
    .execute(conn)
    .await?;
    Ok(result.rows_affected())
}
