//! From the first version of the schema to the newest, whatever happens on the way.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};
use steward_store::{APPLICATION_ID, FILE, KNOWN_VERSION, Store, users};
use tempfile::TempDir;

use crate::faults::{FOLDER, again, last_row, write_for_ever};

/// What the first version made. It is part of every database that exists, and so never changes.
const FIRST: &str = include_str!("../../migrations/0001_start.sql");
/// Rows in every table that a later version changes, and enough of them that a migration takes time.
const ROWS: &str = "
    INSERT INTO users VALUES ('usr_0000000000000000', 'anna', 'owner', 'hash', 1);
    INSERT INTO devices VALUES ('dev_0000000000000000', 'local', 'local', '', 1);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO meta SELECT 'key' || i, hex(randomblob(60)) FROM n;
";

/// A closed database as the first version left it.
async fn first_version() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let mut conn = options.connect().await.unwrap();
    for sql in [FIRST, ROWS] {
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    }
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1");
    sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    folder
}

/// The version, the tables, and how many rows of old are there, as another program sees them.
async fn seen(folder: &Path) -> (i64, i64, i64) {
    let mut conn = SqliteConnectOptions::new().filename(folder.join(FILE)).connect().await.unwrap();
    let version = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut conn).await.unwrap();
    let tables = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetch_one(&mut conn).await.unwrap();
    let rows = sqlx::query_scalar("SELECT count(*) FROM meta WHERE key LIKE 'key%'").fetch_one(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    (version, tables, rows)
}

#[tokio::test]
async fn the_first_version_becomes_the_newest_with_all_that_was_in_it() {
    let folder = first_version().await;
    let store = Store::open(folder.path()).await.unwrap();
    let anna = users::list(&mut store.read().await.unwrap()).await.unwrap().remove(0);
    assert_eq!((anna.name.as_str(), anna.role.as_str()), ("anna", "owner"));
    assert_eq!(last_row(&store).await, 0);
    store.close().await;
    let (version, tables, rows) = seen(folder.path()).await;
    assert_eq!((version, rows), (KNOWN_VERSION, 20_000));
    // As one that was made by this program.
    let new = tempfile::tempdir().unwrap();
    Store::open(new.path()).await.unwrap().close().await;
    assert_eq!(tables, seen(new.path()).await.1);
}

/// Section 4, process killed during a migration: all of it has happened, or nothing, and the next start
/// brings it to its end. Promise 1.
#[tokio::test]
async fn a_kill_during_a_migration_leaves_the_old_version_or_the_new_one() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_for_ever(Path::new(&folder)).await;
    }
    let old = seen(first_version().await.path()).await;
    let (mut before, mut after) = (0, 0);
    for round in 0..40 {
        let folder = first_version().await;
        let mut child = again("migrating::a_kill_during_a_migration_leaves_the_old_version_or_the_new_one", folder.path());
        tokio::time::sleep(Duration::from_millis(round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let found = seen(folder.path()).await;
        if found.0 == 1 {
            assert_eq!(found, old, "round {round}: half a migration");
            before += 1;
        } else {
            assert_eq!(found.0, KNOWN_VERSION, "round {round}");
            after += 1;
        }
        let store = Store::open(folder.path()).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        last_row(&store).await;
        store.close().await;
        assert_eq!(seen(folder.path()).await.2, 20_000);
    }
    println!("killed before the migration was committed: {before}, after: {after}");
}
