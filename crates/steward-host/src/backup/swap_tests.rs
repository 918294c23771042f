//! Backups put in the place of what is there, broken off at every point.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::tests::{data, go, sealed, tree};
use super::*;

/// What a data folder is without what a restore leaves on purpose.
fn state(data: &Path) -> BTreeMap<String, Vec<u8>> {
    tree(data).into_iter().filter(|(path, _)| !path.starts_with("before-restore")).collect()
}

struct Restore {
    data: TempDir,
    file: PathBuf,
    key: BackupKey,
    old: BTreeMap<String, Vec<u8>>,
    new: BTreeMap<String, Vec<u8>>,
    _from: TempDir,
}

/// A data folder with another state than the backup that is restored into it.
fn restore() -> Restore {
    let (from, key) = data();
    let file = from.path().join("backup");
    sealed(from.path(), &key, &file);
    let (data, _) = data();
    for (path, text) in [
        ("steward.db", "present"),
        ("steward.db-wal", "log"),
        ("master.key", "present"),
        ("projects/steward-other/compose.yaml", "present"),
    ] {
        let place = data.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    let old = state(data.path());
    let mut new = old.clone();
    new.retain(|path, _| ["backup.key", "backups/not-me", "steward.lock"].contains(&path.as_str()));
    new.extend(
        tree(from.path())
            .into_iter()
            .filter(|(path, _)| !["backup", "backup.key", "backups/not-me", "steward.lock"].contains(&path.as_str())),
    );
    Restore { data, file, key, old, new, _from: from }
}

/// Unpacks and installs; breaks off at the given point, as a kill would.
fn run(restore: &Restore, before: &str, break_at: usize) -> Result<bool, BackupError> {
    let data = restore.data.path();
    let staging = stage(data)?;
    extract(&restore.file, &restore.key, &staging, |_| true, &go())?;
    let mut passed = 0;
    let done = install(data, before, &[], &mut || {
        passed += 1;
        if passed == break_at { Err(io::Error::other("killed")) } else { Ok(()) }
    });
    match done {
        Ok(_) => Ok(true),
        Err(_) if passed == break_at => Ok(false),
        Err(error) => Err(error),
    }
}

/// Issue 3, restore: broken off at any point, the next start ends with the one state or the other, and
/// the state from before is never lost.
#[test]
fn a_restore_that_is_killed_leaves_one_state_or_the_other() {
    let mut ends = [0; 2];
    for again in [false, true] {
        for break_at in 1.. {
            let restore = restore();
            let whole = run(&restore, "before-restore-1", break_at).unwrap();
            if again {
                finish(restore.data.path(), &mut || Ok(())).unwrap();
                assert!(run(&restore, "before-restore-2", usize::MAX).unwrap());
            }
            // The start itself is killed at every point too.
            for start in 1.. {
                let mut passed = 0;
                let done = finish(restore.data.path(), &mut || {
                    passed += 1;
                    if passed == start { Err(io::Error::other("killed")) } else { Ok(()) }
                });
                if done.is_ok() {
                    break;
                }
            }
            let now = state(restore.data.path());
            assert!(now == restore.old || now == restore.new, "{break_at}: a mixed state: {:?}", now.keys());
            ends[usize::from(now == restore.new)] += 1;
            if now == restore.new {
                let folders = ["before-restore-1", "before-restore-2"].map(|name| restore.data.path().join(name));
                let first = tree(folders.iter().find(|folder| folder.exists()).unwrap());
                for path in
                    ["steward.db", "steward.db-wal", "master.key", "projects/steward-other/compose.yaml", "catalog/mine/service.hcl"]
                {
                    assert_eq!(first.get(path), restore.old.get(path), "{break_at}: {path} from before is kept");
                }
            }
            if whole {
                assert!(break_at > 10, "only {break_at} points");
                break;
            }
        }
    }
    assert!(ends[0] > 0 && ends[1] > 10, "{ends:?}");
}

/// What a restore cannot move is found out before anything is moved; what the backup says nothing of stays.
#[test]
fn a_restore_leaves_alone_what_it_must() {
    let restore = restore();
    let data = restore.data.path();
    fs::remove_dir_all(data.join("catalog")).unwrap();
    symlink("/etc", data.join("catalog")).unwrap();
    let staging = stage(data).unwrap();
    extract(&restore.file, &restore.key, &staging, |member| !member.path.as_str().starts_with("catalog"), &go()).unwrap();
    install(data, "before-restore-1", &["catalog"], &mut || Ok(())).unwrap();
    assert_eq!(fs::read_link(data.join("catalog")).unwrap(), Path::new("/etc"));
    assert_eq!(fs::read(data.join("steward.db")).unwrap(), restore.new["steward.db"]);

    stage(data).unwrap();
    fs::write(data.join("restore.staging/steward.db"), "x").unwrap();
    assert!(matches!(install(data, "before-restore-1", &[], &mut || Ok(())), Err(BackupError::Exists(_))));
    assert_eq!(fs::read(data.join("steward.db")).unwrap(), restore.new["steward.db"]);
    assert!(finish(data, &mut || Ok(())).unwrap().is_none() && !data.join("restore.staging").exists());

    for journal in ["{", r#"{"before":"../x","install":[],"retire":[]}"#, r#"{"before":"x","install":["../../etc/passwd"],"retire":[]}"#] {
        fs::write(data.join("restore.json"), journal).unwrap();
        assert!(matches!(finish(data, &mut || Ok(())), Err(BackupError::Damaged(_))), "{journal}");
    }
}
