//! Accounts.

use sqlx::sqlite::SqliteRow;
use steward_core::UserId;
use steward_core::name::UserName;
use steward_core::role::Role;
use steward_core::user::User;

use crate::error::Result;
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<User> {
    Ok(User {
        id: row::parsed(row, "id", UserId::parse)?,
        name: row::parsed(row, "name", UserName::parse)?,
        role: row::word(row, "role", Role::parse)?,
        created_at: row::time(row, "created_at")?,
    })
}

/// Reads an account from the columns that [`sessions`](crate::sessions) and
/// [`tokens`](crate::tokens) join to their own.
pub(crate) fn read_joined(row: &SqliteRow) -> Result<User> {
    Ok(User {
        id: row::parsed(row, "user_id", UserId::parse)?,
        name: row::parsed(row, "user_name", UserName::parse)?,
        role: row::word(row, "user_role", Role::parse)?,
        created_at: row::time(row, "user_created_at")?,
    })
}

/// Adds an account.
///
/// # Errors
/// `NotUnique` when the name, in whatever case, or the id is taken.
pub async fn insert(conn: &mut Connection, user: &User, password_hash: &str) -> Result<()> {
    sqlx::query("INSERT INTO users (id, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(user.id.as_str())
        .bind(user.name.as_str())
        .bind(user.role.as_str())
        .bind(password_hash)
        .bind(user.created_at.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// The account with an id.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, id: &UserId) -> Result<Option<User>> {
    let row = sqlx::query("SELECT id, name, role, created_at FROM users WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The account with a name, in whatever case, and the hash of its password.
///
/// # Errors
/// Those of the database.
pub async fn by_name(conn: &mut Connection, name: &UserName) -> Result<Option<(User, String)>> {
    let row = sqlx::query("SELECT id, name, role, password_hash, created_at FROM users WHERE lower(name) = lower($1)")
        .bind(name.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| Ok((read(row)?, row::text(row, "password_hash")?))).transpose()
}

/// Every account, by name.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<User>> {
    let rows = sqlx::query("SELECT id, name, role, created_at FROM users ORDER BY lower(name)").fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Replaces the hash of an account's password.
///
/// # Errors
/// `Other` when there is no such account.
pub async fn set_password(conn: &mut Connection, id: &UserId, password_hash: &str) -> Result<()> {
    let result =
        sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1").bind(id.as_str()).bind(password_hash).execute(conn).await?;
    row::one(result)
}

/// Replaces an account's role.
///
/// # Errors
/// `Other` when there is no such account.
pub async fn set_role(conn: &mut Connection, id: &UserId, role: Role) -> Result<()> {
    let result = sqlx::query("UPDATE users SET role = $2 WHERE id = $1").bind(id.as_str()).bind(role.as_str()).execute(conn).await?;
    row::one(result)
}

/// Removes an account with its sessions and tokens, if it is there.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut Connection, id: &UserId) -> Result<()> {
    sqlx::query("DELETE FROM users WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(())
}

/// How many owners there are.
///
/// # Errors
/// Those of the database.
pub async fn owners(conn: &mut Connection) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM users WHERE role = $1").bind(Role::Owner.as_str()).fetch_one(conn).await?)
}

/// Whether there is any account.
///
/// # Errors
/// Those of the database.
pub async fn any(conn: &mut Connection) -> Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM users LIMIT 1").fetch_optional(conn).await?;
    Ok(found.is_some())
}
