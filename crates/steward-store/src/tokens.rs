//! API tokens. Only the hash of a token is kept.

use sqlx::sqlite::SqliteRow;
use steward_core::role::Role;
use steward_core::user::{Token, User};
use steward_core::{Timestamp, TokenId, UserId};

use crate::error::Result;
use crate::store::Connection;
use crate::{row, users};

fn read(row: &SqliteRow) -> Result<Token> {
    Ok(Token {
        id: row::parsed(row, "id", TokenId::parse)?,
        user_id: row::parsed(row, "user_id", UserId::parse)?,
        name: row::text(row, "name")?,
        role: row::word(row, "role", Role::parse)?,
        scopes: row::maybe_json(row, "scopes")?,
        created_at: row::time(row, "created_at")?,
        expires_at: row::maybe_time(row, "expires_at")?,
        last_used_at: row::maybe_time(row, "last_used_at")?,
    })
}

/// Adds a token.
///
/// # Errors
/// `NotUnique` when the id or the secret is taken.
pub async fn insert(conn: &mut Connection, token: &Token, secret_hash: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO tokens (id, user_id, secret_hash, name, role, created_at, expires_at, last_used_at, scopes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(token.id.as_str())
    .bind(token.user_id.as_str())
    .bind(secret_hash)
    .bind(&token.name)
    .bind(token.role.as_str())
    .bind(token.created_at.0)
    .bind(token.expires_at.map(|at| at.0))
    .bind(token.last_used_at.map(|at| at.0))
    .bind(row::to_maybe_json(token.scopes.as_ref())?)
    .execute(conn)
    .await?;
    Ok(())
}

/// The token with this hash, and whose it is. It may have expired: the caller looks.
///
/// # Errors
/// Those of the database.
pub async fn by_hash(conn: &mut Connection, secret_hash: &str) -> Result<Option<(Token, User)>> {
    let row = sqlx::query(
        "SELECT t.id, t.user_id, t.name, t.role, t.created_at, t.expires_at, t.last_used_at, t.scopes,
                u.name AS user_name, u.role AS user_role, u.created_at AS user_created_at
         FROM tokens t JOIN users u ON u.id = t.user_id
         WHERE t.secret_hash = $1",
    )
    .bind(secret_hash)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(|row| Ok((read(row)?, users::read_joined(row)?))).transpose()
}

/// Notes that a token was used. Not an error when it has been removed meanwhile.
///
/// # Errors
/// Those of the database.
pub async fn touch(conn: &mut Connection, id: &TokenId, at: Timestamp) -> Result<()> {
    sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1").bind(id.as_str()).bind(at.0).execute(conn).await?;
    Ok(())
}

/// The tokens of an account, by name.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, user_id: &UserId) -> Result<Vec<Token>> {
    let rows = sqlx::query(
        "SELECT id, user_id, name, role, created_at, expires_at, last_used_at, scopes
         FROM tokens WHERE user_id = $1 ORDER BY name, id",
    )
    .bind(user_id.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// The token with an id.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, id: &TokenId) -> Result<Option<Token>> {
    let row = sqlx::query("SELECT id, user_id, name, role, created_at, expires_at, last_used_at, scopes FROM tokens WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Removes a token; whether there was one.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, id: &TokenId) -> Result<bool> {
    let result = sqlx::query("DELETE FROM tokens WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(result.rows_affected() > 0)
}
