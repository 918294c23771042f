//! What is read is parsed again, whoever wrote it into the file.

use steward_core::role::Role;
use steward_store::{Store, StoreError, deployments, devices, operations, schedules, users};

use crate::sample;
use crate::schedules::schedule;

/// R4: a name, an id, a word or a request that somebody wrote past Steward into the database is refused where it is
/// read, and never used.
#[tokio::test]
async fn a_value_that_cannot_be_is_refused_when_it_is_read() {
    let store = Store::in_memory().await.unwrap();
    for (table, column, value) in [
        ("deployments", "name", "--privileged"),
        ("deployments", "name", "../../etc"),
        ("deployments", "application", "a; id"),
        ("deployments", "desired", "gone"),
        ("users", "name", "-anna"),
        ("users", "role", "root"),
        ("devices", "type", "toaster"),
        ("operations", "kind", "shell"),
        ("operations", "state", "done"),
        ("schedules", "name", "-rf"),
        ("schedules", "cron", "* * * * * id"),
        ("schedules", "time_zone", "../../etc/passwd"),
        ("schedules", "request", r#"{"kind":"shell","command":"id"}"#),
        ("schedules", "request", r#"{"kind":"deployment.restart","deployment_id":"--all"}"#),
    ] {
        // Never committed: each case starts from nothing.
        let mut tx = store.begin().await.unwrap();
        devices::insert(&mut tx, &sample::device()).await.unwrap();
        deployments::insert(&mut tx, &sample::deployment(2, "photos")).await.unwrap();
        users::insert(&mut tx, &sample::user(3, "anna", Role::Admin), "hash").await.unwrap();
        let operation = sample::operation(4);
        operations::insert(&mut tx, &operation, &sample::plan(), &[]).await.unwrap();
        let nightly = schedule(5, "nightly");
        schedules::insert(&mut tx, &nightly).await.unwrap();
        let sql = format!("UPDATE {table} SET {column} = $1");
        assert_eq!(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(value).execute(&mut *tx).await.unwrap().rows_affected(), 1);
        let read = match table {
            "deployments" => deployments::list(&mut tx).await.map(|_| ()),
            "users" => users::list(&mut tx).await.map(|_| ()),
            // In the list such a one is left out.
            "schedules" => match schedules::list(&mut tx).await.unwrap().len() {
                0 => schedules::get(&mut tx, &nightly.id).await.map(|_| ()),
                _ => Ok(()),
            },
            "devices" => devices::list(&mut tx).await.map(|_| ()),
            _ => operations::get(&mut tx, &operation.id).await.map(|_| ()),
        };
        assert!(matches!(read, Err(StoreError::Decode(_))), "{table}.{column} = {value}: {read:?}");
    }
}
