//! What opening does to the folder, and what it refuses to touch.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection as _};
use steward_core::role::Role;
use steward_store::{APPLICATION_ID, Connection, FILE, KNOWN_VERSION, LOCK_FILE, Store, StoreError, meta, users};
use tempfile::TempDir;

use crate::sample::user;

/// A folder with a closed database that has something in it.
async fn used() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    meta::put(&mut tx, "colour", "green").await.unwrap();
    for number in 0..500 {
        users::insert(&mut tx, &user(number, &format!("user{number}"), Role::Viewer), &"h".repeat(100)).await.unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
    folder
}

/// The file opened past the store, as another program would.
async fn raw(folder: &Path) -> Connection {
    SqliteConnectOptions::new().filename(folder.join(FILE)).connect().await.unwrap()
}

async fn run(folder: &Path, sql: &'static str) {
    let mut conn = raw(folder).await;
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

/// Names and contents of all files but the lock and what SQLite shares in memory.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name != LOCK_FILE && !name.ends_with("-shm"))
        .collect()
}

async fn refused(folder: &Path) -> StoreError {
    let before = contents(folder);
    let error = Store::open(folder).await.err().expect("must be refused");
    assert!(contents(folder) == before, "{error} but something was written");
    error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_new_folder_gets_the_newest_schema() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let store = Store::open(&folder).await.unwrap();
    let mut reader = store.read().await.unwrap();
    for (pragma, expected) in [
        ("PRAGMA user_version", KNOWN_VERSION),
        ("PRAGMA application_id", APPLICATION_ID),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA cache_size", -2000),
        ("PRAGMA auto_vacuum", 2),
    ] {
        let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut *reader).await.unwrap();
        assert_eq!(found, expected, "{pragma}");
    }
    let mut tx = store.begin().await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *tx).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *tx).await.unwrap();
    assert_eq!((journal.as_str(), synchronous), ("wal", 2));
}

#[tokio::test]
async fn nobody_else_can_read_the_files_whatever_the_umask() {
    rustix::process::umask(rustix::fs::Mode::empty());
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let store = Store::open(&folder).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    meta::put(&mut tx, "a", "b").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(mode(&folder), 0o700);
    for name in ["steward.db", "steward.db-wal", "steward.db-shm", LOCK_FILE] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    store.close().await;
    // A copy that was put back carelessly.
    fs::set_permissions(folder.join(FILE), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.join(LOCK_FILE), Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(&folder).await.unwrap();
    assert_eq!((mode(&folder.join(FILE)), mode(&folder.join(LOCK_FILE))), (0o600, 0o600));
    store.close().await;
}

#[tokio::test]
async fn a_folder_that_is_there_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o750)).unwrap();
    Store::open(folder.path()).await.unwrap().close().await;
    assert_eq!(mode(folder.path()), 0o750);
}

#[tokio::test]
async fn a_second_one_is_refused_while_the_first_is_open() {
    let folder = used().await;
    let first = Store::open(folder.path()).await.unwrap();
    let clone = first.clone();
    assert!(matches!(refused(folder.path()).await, StoreError::InUse));
    drop(first);
    assert!(matches!(refused(folder.path()).await, StoreError::InUse), "a clone is still there");
    clone.close().await;
    Store::open(folder.path()).await.unwrap().close().await;
}

#[tokio::test]
async fn what_was_committed_is_there_again() {
    let folder = used().await;
    assert_eq!(contents(folder.path()).keys().collect::<Vec<_>>(), ["steward.clean", FILE], "closing empties the log");
    for round in 0..3 {
        let store = Store::open(folder.path()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(meta::get(&mut tx, "colour").await.unwrap().as_deref(), Some("green"));
        assert_eq!(users::list(&mut tx).await.unwrap().len(), 500 + round);
        let number = 1000 + u16::try_from(round).unwrap();
        users::insert(&mut tx, &user(number, &format!("late{number}"), Role::Viewer), "x").await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let folder = used().await;
    let file = folder.path().join(FILE);
    let good = fs::read(&file).unwrap();
    let page = 4096;
    let pages = good.len() / page;
    assert!(pages > 30);
    let mut damaged: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("text", b"this is not a database".repeat(500)),
        ("zeros", vec![0; good.len()]),
        ("cut in the middle", good[..good.len() / 2].to_vec()),
        ("cut within the first page", good[..1000].to_vec()),
    ];
    let mut magic = good.clone();
    magic[0] = b'X';
    damaged.push(("first byte", magic));
    let mut schema = good.clone();
    schema[100..page].fill(0x5a);
    damaged.push(("schema", schema));
    let mut hole = good.clone();
    hole[page * (pages - 3)..page * (pages - 1)].fill(0);
    damaged.push(("hole", hole));
    for (what, bytes) in damaged {
        fs::write(&file, &bytes).unwrap();
        let error = refused(folder.path()).await;
        // Zeros are to SQLite an empty database, so they are merely not ours.
        let expected = matches!(error, StoreError::Corrupt(_)) || (what == "zeros" && matches!(error, StoreError::Foreign));
        assert!(expected, "{what}: {error:?}");
    }
    fs::write(&file, &good).unwrap();
    Store::open(folder.path()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_missing_file_is_no_first_start() {
    let folder = used().await;
    let away = folder.path().join("elsewhere");
    fs::rename(folder.path().join(FILE), &away).unwrap();
    assert!(matches!(refused(folder.path()).await, StoreError::Corrupt(why) if why.contains("missing")));
    fs::rename(&away, folder.path().join(FILE)).unwrap();
    Store::open(folder.path()).await.unwrap().close().await;

    // On purpose: whoever removes the lock file too starts anew.
    fs::remove_file(folder.path().join(FILE)).unwrap();
    fs::remove_file(folder.path().join(LOCK_FILE)).unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(meta::get(&mut reader, "colour").await.unwrap(), None);
}

#[tokio::test]
async fn a_log_without_its_database_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("steward.db-wal"), b"rows that somebody may still want").unwrap();
    assert!(matches!(refused(folder.path()).await, StoreError::Corrupt(_)));
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    for sql in ["PRAGMA application_id = 252006674", "PRAGMA application_id = 0"] {
        let folder = used().await;
        run(folder.path(), sql).await;
        assert!(matches!(refused(folder.path()).await, StoreError::Foreign), "{sql}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut conn = SqliteConnectOptions::new()
        .filename(folder.path().join(FILE))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("CREATE TABLE theirs (x TEXT)").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    assert!(matches!(refused(folder.path()).await, StoreError::Foreign));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let folder = used().await;
    run(folder.path(), "PRAGMA user_version = 99").await;
    let error = refused(folder.path()).await;
    assert!(matches!(error, StoreError::Newer { found: 99, known } if known == KNOWN_VERSION));
}

/// The newer program was killed: its version is in the log, not yet in the file.
#[tokio::test]
async fn a_newer_version_is_seen_in_the_log_too() {
    let folder = used().await;
    let copy = tempfile::tempdir().unwrap();
    let mut conn = raw(folder.path()).await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut conn).await.unwrap();
    for name in ["steward.db", "steward.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    assert!(!contents(copy.path())["steward.db-wal"].is_empty());
    conn.close().await.unwrap();
    assert!(matches!(refused(copy.path()).await, StoreError::Newer { found: 99, .. }));
}

#[tokio::test]
async fn what_an_interrupted_first_start_left_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["steward.db.new", "steward.db.new-wal", "steward.db.new-journal"] {
        fs::write(folder.path().join(name), b"half a database").unwrap();
    }
    let store = Store::open(folder.path()).await.unwrap();
    store.close().await;
    assert_eq!(contents(folder.path()).keys().collect::<Vec<_>>(), ["steward.clean", FILE]);
}

#[tokio::test]
async fn a_copy_with_another_journal_mode_is_brought_back_to_the_log() {
    let folder = used().await;
    run(folder.path(), "PRAGMA journal_mode = DELETE").await;
    let store = Store::open(folder.path()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(journal, "wal");
}

#[tokio::test]
async fn readers_cannot_write() {
    let store = Store::in_memory().await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert!(meta::put(&mut reader, "a", "b").await.is_err());
    let mut tx = store.begin().await.unwrap();
    assert_eq!(meta::get(&mut tx, "a").await.unwrap(), None);
}

#[tokio::test]
async fn a_database_for_tests_goes_with_its_store() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let file: String = sqlx::query_scalar("SELECT file FROM pragma_database_list").fetch_one(&mut *tx).await.unwrap();
    drop(tx);
    let folder = Path::new(&file).parent().unwrap();
    assert!(folder.exists());
    store.close().await;
    assert!(!folder.exists());
}

/// Writes over the last pages of the file, which no query of a start reads, and leaves its size.
fn damage(folder: &Path) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::options().write(true).open(folder.join(FILE)).unwrap();
    let length = file.metadata().unwrap().len();
    file.write_all_at(&[0x5a; 8192], length - 8192).unwrap();
}

/// R40: a clean end spares the next start the look at every page; whatever happened to the file since,
/// or an end that was none, brings it back.
#[tokio::test]
async fn only_what_a_clean_end_left_is_believed() {
    let mark = |folder: &Path| folder.join("steward.clean");
    let folder = used().await;
    assert!(mark(folder.path()).exists());
    let store = Store::open(folder.path()).await.unwrap();
    assert!(!mark(folder.path()).exists(), "while it is open, there is none");
    drop(store);

    let folder = used().await;
    damage(folder.path());
    assert!(matches!(refused(folder.path()).await, StoreError::Corrupt(_)), "changed at once after the end");

    // Somebody who also sets the time back.
    let folder = used().await;
    let file = folder.path().join(FILE);
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    damage(folder.path());
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert!(matches!(refused(folder.path()).await, StoreError::Corrupt(_)), "its time was set back");

    // A file that was put back from elsewhere, beside the mark of the one that was there.
    let (folder, other) = (used().await, used().await);
    damage(other.path());
    fs::rename(other.path().join(FILE), folder.path().join(FILE)).unwrap();
    assert!(matches!(refused(folder.path()).await, StoreError::Corrupt(_)), "another file");

    // A mark that is no text is none.
    let folder = used().await;
    fs::write(mark(folder.path()), [0xff; 30]).unwrap();
    damage(folder.path());
    assert!(matches!(refused(folder.path()).await, StoreError::Corrupt(_)), "no mark");
}

/// What the start did not look at, the look at the open database finds, and it does not stop others.
#[tokio::test]
async fn an_open_database_can_be_looked_through() {
    let folder = used().await;
    let store = Store::open(folder.path()).await.unwrap();
    store.check().await.unwrap();
    damage(folder.path());
    assert!(matches!(store.check().await, Err(StoreError::Corrupt(_))));
}
