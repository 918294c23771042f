//! What happens when things go wrong: crowds, cancelled tasks, full disks, `kill -9`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use steward_core::Timestamp;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_store::audit::{self, AuditFilter};
use steward_store::{Connection, FILE, Store, StoreError, meta};

async fn counter(conn: &mut Connection) -> u32 {
    meta::get(conn, "counter").await.unwrap().map_or(0, |text| text.parse().unwrap())
}

async fn count(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let next = counter(&mut tx).await + 1;
    meta::put(&mut tx, "counter", &next.to_string()).await?;
    tx.commit().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_and_readers_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let writing = store.clone();
        tasks.spawn(async move {
            for _ in 0..20 {
                count(&writing).await.unwrap();
            }
        });
        let reading = store.clone();
        tasks.spawn(async move {
            let mut last = 0;
            for _ in 0..20 {
                let mut reader = reading.read().await.unwrap();
                let now = counter(&mut reader).await;
                assert!(now >= last);
                last = now;
            }
        });
    }
    tasks.join_all().await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(counter(&mut reader).await, 240);
}

#[tokio::test]
async fn a_reader_goes_on_while_somebody_writes() {
    let store = Store::in_memory().await.unwrap();
    count(&store).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    meta::put(&mut tx, "counter", "100").await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(counter(&mut reader).await, 1);
    tx.commit().await.unwrap();
    assert_eq!(counter(&mut reader).await, 100);
}

#[tokio::test]
async fn what_is_not_committed_has_not_happened() {
    let store = Store::in_memory().await.unwrap();
    for _ in 0..3 {
        let mut tx = store.begin().await.unwrap();
        meta::put(&mut tx, "counter", "7").await.unwrap();
        drop(tx);
    }
    let mut tx = store.begin().await.unwrap();
    assert_eq!(counter(&mut tx).await, 0);
    // Somebody gives up waiting, again and again; the turn of the next one still comes.
    for _ in 0..5 {
        assert!(tokio::time::timeout(Duration::from_millis(5), store.begin()).await.is_err());
    }
    drop(tx);
    count(&store).await.unwrap();
}

/// Tasks are cut off at every moment of a transaction; none may leave it open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_tasks_leave_no_transaction_open() {
    let store = Store::in_memory().await.unwrap();
    for microseconds in (0..3_000).step_by(10) {
        let _ = tokio::time::timeout(Duration::from_micros(microseconds), count(&store)).await;
    }
    let mut tx = store.begin().await.unwrap();
    let before = counter(&mut tx).await;
    drop(tx);
    count(&store).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(counter(&mut reader).await, before + 1);
}

#[tokio::test]
async fn the_wait_for_another_program_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(folder.path().join(FILE)).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let began = Instant::now();
    assert!(matches!(store.begin().await.err(), Some(StoreError::Busy)));
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    let mut reader = store.read().await.unwrap();
    assert_eq!(counter(&mut reader).await, 0);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    count(&store).await.unwrap();
}

/// SQLite then rolls back by itself, which the driver does not notice: the connection is replaced,
/// and with it the limit is gone that stands for the full disk.
#[tokio::test]
async fn a_full_disk_refuses_changes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    count(&store).await.unwrap();
    for _ in 0..3 {
        let mut tx = store.begin().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *tx).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages + 5);
        sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&mut *tx).await.unwrap();
        meta::put(&mut tx, "counter", "9").await.unwrap();
        let full = meta::put(&mut tx, "large", &"x".repeat(100_000)).await;
        assert!(matches!(&full, Err(StoreError::Full(why)) if why.contains("full")), "{full:?}");
        drop(tx);
        let mut reader = store.read().await.unwrap();
        assert_eq!(counter(&mut reader).await, 1);
    }
    count(&store).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(counter(&mut reader).await, 2);
}

/// After some failures SQLite rolls back by itself, and the driver does not know.
#[tokio::test]
async fn a_transaction_that_ended_by_itself_is_survived() {
    let store = Store::in_memory().await.unwrap();
    for commit in [false, true, false] {
        let mut tx = store.begin().await.unwrap();
        meta::put(&mut tx, "counter", "9").await.unwrap();
        sqlx::raw_sql("ROLLBACK").execute(&mut *tx).await.unwrap();
        if commit {
            assert!(tx.commit().await.is_err());
        } else {
            drop(tx);
        }
        count(&store).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(counter(&mut reader).await, 3);
}

pub const FOLDER: &str = "STEWARD_STORE_TEST_FOLDER";
pub const COMMITTED: &str = "committed row ";

/// This program again, running only one test, with the folder in its environment.
pub fn again(test: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the other process does: commits rows and says so, until it is killed.
pub async fn write_for_ever(folder: &Path) {
    let store = Store::open(folder).await.unwrap();
    let entry = AuditEntry {
        actor: "child".to_owned(),
        address: String::new(),
        action: "write".to_owned(),
        target: "row".to_owned(),
        phase: AuditPhase::Outcome,
        operation_id: None,
        detail: serde_json::json!({"text": "x".repeat(300)}),
    };
    loop {
        let mut tx = store.begin().await.unwrap();
        let row = audit::append(&mut tx, &entry, Timestamp(1)).await.unwrap();
        tx.commit().await.unwrap();
        println!("\n{COMMITTED}{}", row.sequence);
    }
}

pub async fn last_row(store: &Store) -> i64 {
    let mut reader = store.read().await.unwrap();
    assert_eq!(audit::verify(&mut reader).await.unwrap().broken_at, None);
    let rows = audit::list(&mut reader, &AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap();
    rows.first().map_or(0, |row| row.sequence)
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_for_ever(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for rows in [1, 40, 700] {
        let mut child = again("faults::what_was_acknowledged_survives_a_kill", folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        // What it had said before the end is read to the end.
        while let Some(line) = lines.next().transpose().unwrap() {
            if let Some(number) = line.strip_prefix(COMMITTED) {
                acknowledged = number.parse().unwrap();
                seen += 1;
                if seen == rows {
                    assert!(matches!(Store::open(folder.path()).await.err(), Some(StoreError::InUse)));
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(seen >= rows, "only {seen}");
        let store = Store::open(folder.path()).await.unwrap();
        let last = last_row(&store).await;
        // One more may have been committed and not yet been acknowledged.
        assert!(last == acknowledged || last == acknowledged + 1, "{last} of {acknowledged}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_kill_during_the_first_start_leaves_a_database_or_none() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_for_ever(Path::new(&folder)).await;
    }
    let mut stages = [0; 2];
    for round in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = again("faults::a_kill_during_the_first_start_leaves_a_database_or_none", folder.path());
        tokio::time::sleep(Duration::from_millis(round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        stages[usize::from(folder.path().join(FILE).exists())] += 1;
        let store = Store::open(folder.path()).await.unwrap_or_else(|error| panic!("after {round} ms: {error}"));
        last_row(&store).await;
        count(&store).await.unwrap();
        store.close().await;
    }
    println!("killed before there was a database: {}, after: {}", stages[0], stages[1]);
}
