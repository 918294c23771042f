//! The store on real file systems that are full, broken, or cut off from power. Needs root.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use steward_store::{Store, StoreError, meta};

use crate::disk::{Disk, skip};
use crate::faults::{COMMITTED, FOLDER, again, last_row, write_for_ever};

async fn put(store: &Store, key: &str, value: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    meta::put(&mut tx, key, value).await?;
    tx.commit().await
}

async fn get(store: &Store, key: &str) -> Option<String> {
    let mut reader = store.read().await.unwrap();
    meta::get(&mut reader, key).await.unwrap()
}

/// Writes from this number on until the disk refuses; gives the number that was not acknowledged.
async fn until_refused(store: &Store, first: usize) -> usize {
    for number in first..first + 20_000 {
        match put(store, &format!("key{number}"), &"x".repeat(500)).await {
            Ok(()) => {}
            Err(error) => {
                assert!(matches!(error, StoreError::Full(_)), "{error:?}");
                return number;
            }
        }
    }
    panic!("the disk did not refuse");
}

/// Everything that was acknowledged is there, and nothing that was refused.
async fn is_all_there(store: &Store, count: usize) {
    for number in 0..count {
        assert!(get(store, &format!("key{number}")).await.is_some(), "key{number} of {count}");
    }
    assert!(get(store, &format!("key{count}")).await.is_none());
}

/// Section 4, disk full: changes are refused, reading goes on, and when there is room again changes
/// work without opening anew.
#[tokio::test]
async fn a_disk_that_is_full_refuses_changes_until_there_is_room() {
    let Some(disk) = Disk::new(32, &[]) else { return };
    let folder = disk.path().join("data");
    let store = Store::open(&folder).await.unwrap();
    put(&store, "colour", "green").await.unwrap();
    let mut written = 0;
    for _ in 0..3 {
        disk.fill(200_000);
        written = until_refused(&store, written).await;
        is_all_there(&store, written).await;
        assert_eq!(get(&store, "colour").await.as_deref(), Some("green"));
        assert!(matches!(put(&store, "colour", &"y".repeat(100_000)).await, Err(StoreError::Full(_))));
        disk.make_room();
        put(&store, &format!("key{written}"), "z").await.unwrap();
        written += 1;
        is_all_there(&store, written).await;
    }
    assert!(written > 30, "only {written} were acknowledged");
    store.close().await;
    let store = Store::open(&folder).await.unwrap();
    assert_eq!(get(&store, "colour").await.as_deref(), Some("green"));
    is_all_there(&store, written).await;
    store.close().await;
}

/// A full disk at the first start leaves no half database.
#[tokio::test]
async fn a_first_start_on_a_full_disk_leaves_nothing() {
    let Some(disk) = Disk::new(32, &[]) else { return };
    let folder = disk.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    disk.fill(0);
    assert!(matches!(Store::open(&folder).await.err(), Some(StoreError::Full(_))));
    disk.make_room();
    let store = Store::open(&folder).await.unwrap();
    put(&store, "colour", "green").await.unwrap();
    store.close().await;
}

/// Section 4, I/O errors: a disk that promised more than it has gives an error for every block that it
/// does not have. No commit is acknowledged that was not written, also after the caches are gone.
#[tokio::test]
async fn a_disk_with_errors_loses_nothing_that_was_acknowledged() {
    let Some(outer) = Disk::new(40, &["-O", "^has_journal"]) else { return };
    let mut inner = Disk::made(outer.path(), 256, &["-J", "size=4"]).unwrap();
    let folder = inner.path().join("data");
    let store = Store::open(&folder).await.unwrap();
    put(&store, "colour", "green").await.unwrap();
    if let Err(why) = inner.trim() {
        return skip(&format!("a loop device that can discard ({why})"));
    }
    outer.fill(0);
    let written = until_refused(&store, 0).await;
    is_all_there(&store, written).await;
    outer.make_room();
    put(&store, &format!("key{written}"), "z").await.unwrap();
    is_all_there(&store, written + 1).await;
    store.close().await;
    inner.unmount().unwrap();
    inner.mount_again("errors=remount-ro").unwrap();
    let store = Store::open(&folder).await.unwrap();
    is_all_there(&store, written + 1).await;
    assert_eq!(get(&store, "colour").await.as_deref(), Some("green"));
    store.close().await;
}

/// Section 4, read-only: the kernel takes a broken file system out of use while it is written to.
#[tokio::test]
async fn a_disk_that_becomes_read_only_is_read_on() {
    let Some(mut disk) = Disk::new(32, &[]) else { return };
    let folder = disk.path().join("data");
    let store = Store::open(&folder).await.unwrap();
    put(&store, "key0", "green").await.unwrap();
    if let Err(why) = disk.break_down() {
        return skip(&format!("a kernel that can break a file system ({why})"));
    }
    assert_eq!(until_refused(&store, 1).await, 1);
    assert_eq!(get(&store, "key0").await.as_deref(), Some("green"));
    store.close().await;
    disk.unmount().unwrap();
    disk.mount_again("errors=remount-ro").unwrap();
    let store = Store::open(&folder).await.unwrap();
    assert_eq!(get(&store, "key0").await.as_deref(), Some("green"));
    put(&store, "key1", "blue").await.unwrap();
    store.close().await;
}

/// A process that ends with the test, also with one that fails: else its disk could not be unmounted.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How often the power is cut; more with `STEWARD_CUTS`.
fn cuts() -> u64 {
    std::env::var("STEWARD_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Promise 1, power cut: whatever the disk has at any moment under load, a mount of it has every commit
/// that was acknowledged before, and a whole audit.
///
/// The disk is a file on another disk. Freezing that one holds back what this one writes, so a copy is
/// of one moment: what the file system had not sent to the disk yet is lost, as in a power cut.
#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_for_ever(Path::new(&folder)).await;
    }
    let Some(outer) = Disk::new(96, &["-O", "^has_journal"]) else { return };
    let inner = Disk::made(outer.path(), 48, &[]).unwrap();
    let mut child = Killed(again("disks::a_power_cut_loses_nothing_that_was_acknowledged", &inner.path().join("data")));
    let acknowledged = Arc::new(AtomicI64::new(0));
    let (lines, counter) = (BufReader::new(child.0.stdout.take().unwrap()).lines(), acknowledged.clone());
    let listening = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some(number) = line.strip_prefix(COMMITTED) {
                counter.store(number.parse().unwrap(), Ordering::SeqCst);
            }
        }
    });
    while acknowledged.load(Ordering::SeqCst) < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("image");
    let (mut last, mut behind) = (0, 0);
    for round in 0..cuts() {
        tokio::time::sleep(Duration::from_millis(round * 37 % 101)).await;
        // Every fourth time the file system itself is brought to rest first, as a careful snapshot does.
        let careful = round % 4 == 3;
        let before = acknowledged.load(Ordering::SeqCst);
        if careful {
            inner.freeze().unwrap();
        }
        outer.freeze().unwrap();
        std::fs::copy(inner.image(), &copy).unwrap();
        outer.thaw().unwrap();
        if careful {
            inner.thaw().unwrap();
        }
        let cut = Disk::of(copy.clone(), place.path().join("mount")).unwrap();
        let store = Store::open(&cut.path().join("data")).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        let found = last_row(&store).await;
        assert!(found >= before, "round {round}: {before} were acknowledged, {found} are there");
        assert!(found >= last, "round {round}");
        behind += i64::from(found > before);
        last = found;
        store.close().await;
    }
    drop(child);
    listening.join().unwrap();
    assert!(last > 10, "there was load");
    println!("{} cuts, the last one after {last} commits; {behind} caught a commit under way", cuts());
}
