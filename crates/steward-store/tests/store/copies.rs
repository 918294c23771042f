//! Copies of the database, as backups are made of.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _};
use steward_core::Timestamp;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_store::{KNOWN_VERSION, Store, StoreError, audit, inspect, meta, put_meta};

fn row(text: &str) -> AuditEntry {
    AuditEntry {
        actor: "anna".to_owned(),
        address: String::new(),
        action: "write".to_owned(),
        target: "row".to_owned(),
        phase: AuditPhase::Outcome,
        operation_id: None,
        detail: serde_json::json!({ "text": text }),
    }
}

async fn write(store: &Store, text: &str) {
    let mut tx = store.begin().await.unwrap();
    audit::append(&mut tx, &row(text), Timestamp(1)).await.unwrap();
    meta::put(&mut tx, "colour", text).await.unwrap();
    tx.commit().await.unwrap();
}

/// Issue 3, online backup: the copy is of one moment, private, and nobody waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_of_one_moment_and_writers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    write(&store, &"x".repeat(500_000)).await;
    let going = store.clone();
    let writer = tokio::spawn(async move {
        for number in 0..200 {
            write(&going, &format!("{number}")).await;
        }
    });
    for number in 0..5 {
        let copy = folder.path().join(format!("copy{number}"));
        store.copy_to(&copy).await.unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        let found = inspect(&copy).await.unwrap();
        assert_eq!(found.schema, KNOWN_VERSION);
        assert!(fs::metadata(&copy).unwrap().len() <= store.size().await.unwrap());
        assert!(store.copy_to(&copy).await.is_err(), "what is there is not written over");
    }
    // A transaction that is open is not in the copy, and does not hold it up.
    let mut tx = store.begin().await.unwrap_or_else(|error| panic!("{error}"));
    meta::put(&mut tx, "colour", "uncommitted").await.unwrap();
    let copy = folder.path().join("last");
    store.copy_to(&copy).await.unwrap();
    drop(tx);
    writer.await.unwrap();
    let mut conn = SqliteConnectOptions::new().filename(&copy).read_only(true).connect().await.unwrap();
    assert_ne!(meta::get(&mut conn, "colour").await.unwrap().as_deref(), Some("uncommitted"));
}

/// What is no whole database of Steward's is told apart.
#[tokio::test]
async fn a_copy_that_is_not_whole_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    for number in 0..200 {
        write(&store, &format!("{number}{}", "x".repeat(200))).await;
    }
    let good = folder.path().join("good");
    store.copy_to(&good).await.unwrap();
    let bytes = fs::read(&good).unwrap();
    let path = folder.path().join("bad");

    let mut torn = bytes.clone();
    torn.truncate(bytes.len() / 2);
    let mut scribbled = bytes.clone();
    let middle = scribbled.len() / 2;
    scribbled[middle..middle + 5000].fill(0x5a);
    for broken in [torn, scribbled, b"not a database at all".repeat(100), Vec::new()] {
        fs::write(&path, broken).unwrap();
        let error = inspect(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    }
    for (sql, newer) in [("PRAGMA user_version = 999", true), ("PRAGMA application_id = 7", false)] {
        fs::write(&path, &bytes).unwrap();
        let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let error = inspect(&path).await.unwrap_err();
        assert!(
            if newer { matches!(error, StoreError::Newer { found: 999, .. }) } else { matches!(error, StoreError::Foreign) },
            "{error:?}"
        );
    }
    fs::write(&path, &bytes).unwrap();
    let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql("UPDATE audit SET actor = 'ben' WHERE sequence = 7").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let error = inspect(&path).await.unwrap_err();
    assert!(error.to_string().contains("from row 7 on"), "{error}");
}

/// A note for the next start is in the file itself, without a log beside it.
#[tokio::test]
async fn a_value_is_put_into_a_closed_copy() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("from")).await.unwrap();
    write(&store, "green").await;
    let to = folder.path().join("to");
    fs::create_dir(&to).unwrap();
    let copy = to.join(steward_store::FILE);
    store.copy_to(&copy).await.unwrap();
    put_meta(&copy, "note", "x").await.unwrap();
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    inspect(&copy).await.unwrap();
    let opened = Store::open(&to).await.unwrap();
    let mut reader = opened.read().await.unwrap();
    assert_eq!(meta::get(&mut reader, "note").await.unwrap().as_deref(), Some("x"));
    assert_eq!(meta::get(&mut reader, "colour").await.unwrap().as_deref(), Some("green"));
}
