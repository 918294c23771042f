//! The real server on real disks that are full, have no inodes, or fail. Needs root.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::disk::{Disk, skip};
use crate::server::{PASSWORD, Ran, Server};

/// A server whose data folder is on this disk.
fn serving(disk: &Disk) -> Server {
    Server::serving(TempDir::new_in(disk.path()).unwrap(), &[]).claim()
}

/// A change that is small and durable: a token.
fn change(server: &Server, name: &str) -> Ran {
    server.run(&["token", "create", name, "--json"])
}

fn tokens(server: &Server) -> Vec<String> {
    let all = server.run(&["token", "list", "--json"]).good().json();
    let mut names: Vec<String> = all.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Changes until they are refused; gives what was acknowledged, in order.
fn until_refused(server: &Server, round: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..2000 {
        let name = format!("t{round}-{number:04}");
        let ran = change(server, &name);
        if ran.code != 0 {
            assert_eq!(ran.error()["code"], "storage_unavailable", "{ran:#?}");
            assert_eq!(ran.code, 1);
            return acknowledged;
        }
        acknowledged.push(name);
    }
    panic!("the disk did not refuse");
}

fn whole(server: &Server) {
    assert_eq!(server.run(&["audit", "verify", "--json"]).good().json()["whole"], Value::Bool(true));
}

/// Sees that reads go on, that nothing is lost and nothing is there that was refused.
fn is_all_there(server: &Server, acknowledged: &[String]) {
    assert_eq!(tokens(server), acknowledged);
    server.run(&["whoami"]).good();
    server.run(&["audit", "--limit", "5"]).good();
    whole(server);
}

/// The data folder again, on the disk as it is after its caches are gone.
fn after_the_caches_are_gone(disk: &mut Disk, data: TempDir) -> Server {
    // A temporary folder that is kept; its disk goes with the test.
    let path = data.keep();
    disk.unmount().unwrap();
    disk.mount_again("errors=remount-ro").unwrap();
    let moved = TempDir::new_in(disk.path()).unwrap();
    fs::rename(path.join("data"), moved.path().join("data")).unwrap();
    Server::on(moved)
}

fn signed_in(server: Server) -> Server {
    server.run_with(&["login", "--url", &server.url, "--user", "anna", "--password-stdin"], PASSWORD).good();
    server
}

/// Section 4, disk full; promise 1: refused with its code, read on, work again without a restart.
#[test]
fn a_full_disk_refuses_changes_until_there_is_room() {
    let Some(mut disk) = Disk::new(48, &[]) else { return };
    let server = serving(&disk);
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        disk.fill(100_000);
        acknowledged.extend(until_refused(&server, round));
        is_all_there(&server, &acknowledged);
        disk.make_room();
        let name = format!("t{round}-after");
        change(&server, &name).good();
        acknowledged.push(name);
        is_all_there(&server, &acknowledged);
    }
    server.run(&["self", "backup", "--yes"]).good();
    let server = signed_in(after_the_caches_are_gone(&mut disk, server.end()));
    is_all_there(&server, &acknowledged);
    drop(server);
}

/// A backup for which there is no room is refused before it begins; one whose disk gets full while it
/// is written leaves nothing.
#[test]
fn a_backup_without_room_leaves_nothing() {
    let Some(disk) = Disk::new(48, &[]) else { return };
    let data = tempfile::tempdir().unwrap();
    let folder = disk.path().join("backups");
    let server = Server::serving(data, &["--backup-dir", folder.to_str().unwrap()]).claim();
    server.run(&["self", "backup", "--yes"]).good();
    let before = names(&folder);
    disk.fill(100_000);
    let refused = server.run(&["self", "backup", "--yes", "--json"]).bad(5);
    assert_eq!(refused.error()["code"], "preflight_failed", "{refused:#?}");
    assert!(refused.err.contains("not enough room"), "{refused:#?}");
    assert_eq!(names(&folder), before);
    disk.make_room();
    // Enough for the check before, and not for the file: somebody else's file grows meanwhile.
    let catalog = server.data().join("catalog/mine");
    fs::create_dir_all(&catalog).unwrap();
    fs::write(catalog.join("large"), vec![7; 20_000_000]).unwrap();
    let filler = File::create(disk.path().join("filler")).unwrap();
    let grow = std::thread::spawn(move || {
        for size in (0..48_000_000_u64).step_by(500_000) {
            if rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), size, 500_000).is_err() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    });
    let ran = server.run(&["self", "backup", "--yes"]);
    grow.join().unwrap();
    assert!([0, 5, 6].contains(&ran.code), "done, refused before, or undone: {ran:#?}");
    if ran.code != 0 {
        assert_eq!(names(&folder), before, "{ran:#?}");
    }
    disk.make_room();
    server.run(&["self", "backup", "--yes"]).good();
    whole(&server);
    drop(server);
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

/// Section 4, no inodes: what needs no new file goes on, what needs one is undone, and works again after.
#[test]
fn a_disk_without_inodes_is_survived() {
    let Some(disk) = Disk::new(48, &["-N", "64"]) else { return };
    let server = serving(&disk);
    change(&server, "before").good();
    let taken = disk.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let count = (0..1000).take_while(|number| File::create(taken.join(number.to_string())).is_ok()).count();
    assert!((1..1000).contains(&count), "there were no inodes to take");
    change(&server, "meanwhile").good();
    let refused = server.run(&["self", "backup", "--yes"]).bad(6);
    assert!(refused.err.contains("No space left") || refused.err.contains("undone"), "{refused:#?}");
    assert_eq!(tokens(&server), ["before", "meanwhile"]);
    fs::remove_dir_all(&taken).unwrap();
    change(&server, "later").good();
    server.run(&["self", "backup", "--yes"]).good();
    is_all_there(&server, &["before", "later", "meanwhile"].map(str::to_owned));
    drop(server);
}

/// Section 4, I/O errors: every block that the disk does not have is one. Nothing that was acknowledged is
/// lost, also when the caches are gone.
#[test]
fn a_disk_with_errors_refuses_changes_until_it_is_mended() {
    let Some(outer) = Disk::new(40, &["-O", "^has_journal"]) else { return };
    let mut inner = Disk::made(outer.path(), 256, &["-J", "size=4"]).unwrap();
    let server = serving(&inner);
    if let Err(why) = inner.trim() {
        return skip(&format!("a loop device that can discard ({why})"));
    }
    outer.fill(0);
    let mut acknowledged = until_refused(&server, 0);
    is_all_there(&server, &acknowledged);
    outer.make_room();
    change(&server, "t1").good();
    acknowledged.push("t1".to_owned());
    is_all_there(&server, &acknowledged);
    let server = signed_in(after_the_caches_are_gone(&mut inner, server.end()));
    is_all_there(&server, &acknowledged);
    drop(server);
}

/// Section 4, read-only: the kernel stops writing to a file system with an error. Reading goes on; changes
/// are refused until it was unmounted and mended, which needs the server to end.
#[test]
fn a_disk_that_becomes_read_only_is_read_on() {
    let Some(mut disk) = Disk::new(48, &[]) else { return };
    let server = serving(&disk);
    change(&server, "before").good();
    if let Err(why) = disk.break_down() {
        return skip(&format!("a kernel that can break a file system ({why})"));
    }
    for _ in 0..3 {
        let refused = change(&server, "meanwhile").bad(1);
        assert_eq!(refused.error()["code"], "storage_unavailable", "{refused:#?}");
        is_all_there(&server, &["before".to_owned()]);
    }
    let server = signed_in(after_the_caches_are_gone(&mut disk, server.end()));
    change(&server, "later").good();
    is_all_there(&server, &["before", "later"].map(str::to_owned));
    drop(server);
}
