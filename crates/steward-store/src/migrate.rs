//! Migrations: numbered SQL files inside the program, applied all together or not at all.

use sqlx::{AssertSqlSafe, Connection as _};

use crate::error::{Result, StoreError};
use crate::store::Connection;

/// Every migration, oldest first. The number of a migration is its place here, counted from 1, and
/// is what `user_version` says once it has been applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_recoveries.sql"),
    include_str!("../migrations/0003_bulk.sql"),
    include_str!("../migrations/0004_retention.sql"),
    include_str!("../migrations/0005_development.sql"),
    include_str!("../migrations/0006_schedules.sql"),
    include_str!("../migrations/0007_grants.sql"),
];

/// The newest version of the schema that this program knows.
pub const KNOWN_VERSION: i64 = MIGRATIONS.len() as i64;

/// The version of the schema.
pub(crate) async fn version(conn: &mut Connection) -> Result<i64> {
    Ok(sqlx::query_scalar("PRAGMA user_version").fetch_one(conn).await?)
}

/// Brings the schema to the newest version in one transaction.
pub(crate) async fn run(conn: &mut Connection) -> Result<()> {
    run_all(conn, MIGRATIONS).await
}

async fn run_all(conn: &mut Connection, migrations: &'static [&'static str]) -> Result<()> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if version(conn).await? == known {
        return Ok(());
    }
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    // Read again: what was seen before the transaction does not count.
    let found = version(&mut tx).await?;
    let done = match usize::try_from(found) {
        Ok(done) if done <= migrations.len() => done,
        _ => return Err(StoreError::Newer { found, known }),
    };
    for migration in migrations.iter().skip(done) {
        sqlx::raw_sql(*migration).execute(&mut *tx).await?;
    }
    // A pragma takes no placeholder; `known` is a number of this program's own.
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {known}"))).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    async fn tables(conn: &mut Connection) -> Vec<String> {
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetch_all(conn).await.unwrap()
    }

    #[tokio::test]
    async fn a_failing_migration_leaves_nothing_behind() {
        let mut conn = Connection::connect("sqlite::memory:").await.unwrap();
        run_all(&mut conn, &["CREATE TABLE a (x TEXT)"]).await.unwrap();
        let broken = run_all(&mut conn, &["CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT)", "CREATE TABLE c (x TEXT); CREATE MISTAKE"]);
        assert!(broken.await.is_err());
        assert_eq!(tables(&mut conn).await, ["a"]);
        assert_eq!(version(&mut conn).await.unwrap(), 1);
        run_all(&mut conn, &["CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT)"]).await.unwrap();
        assert_eq!(tables(&mut conn).await, ["a", "b"]);
        assert_eq!(version(&mut conn).await.unwrap(), 2);
    }
}
