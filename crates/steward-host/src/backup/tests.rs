//! Backups made, opened, broken and put back, on real files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use steward_core::Timestamp;
use steward_core::backup::{BackupState, DATABASE, FORMAT, Heading, Manifest, PRODUCT};
use steward_core::name::BackupName;
use tempfile::TempDir;

use super::*;

/// A data folder with something of everything, and its key.
pub fn data() -> (TempDir, BackupKey) {
    let data = tempfile::tempdir().unwrap();
    let key = BackupKey::make(data.path()).unwrap();
    for (path, text) in [
        ("steward.db", "the database ".repeat(20_000)),
        ("master.key", "k".repeat(32)),
        ("projects/steward-web/compose.yaml", "services: {}\n".to_owned()),
        ("projects/steward-web/secrets.env", "PASSWORD=s3cret\n".to_owned()),
        ("catalog/mine/service.hcl", "service {}\n".to_owned()),
        ("catalog/mine/empty", String::new()),
        ("backups/not-me", "x".to_owned()),
        ("steward.lock", String::new()),
    ] {
        let file = data.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    (data, key)
}

pub fn go() -> Stop {
    Stop::new(false)
}

fn manifest(data: &Path) -> Manifest {
    let contents = collect(data, &go()).unwrap();
    let database = member(&data.join(DATABASE), DATABASE, &go()).unwrap();
    Manifest {
        heading: Heading { product: PRODUCT.to_owned(), format: FORMAT },
        made_at: Timestamp(1_751_623_872_123),
        program: "0.1.0".to_owned(),
        schema: 1,
        instance: "here".to_owned(),
        members: std::iter::once(database).chain(contents.members).collect(),
        left_out: contents.left_out,
    }
}

pub fn sealed(data: &Path, key: &BackupKey, to: &Path) -> Sealed {
    seal(data, &data.join(DATABASE), &manifest(data), key, to, &go()).unwrap()
}

/// Every file below a folder with what is in it.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(entry.path()).unwrap_or_default());
                }
            }
        }
    }
    found
}

fn extracted(file: &Path, key: &BackupKey) -> Result<(TempDir, Manifest), BackupError> {
    let to = tempfile::tempdir().unwrap();
    let manifest = extract(file, key, to.path(), |_| true, &go())?;
    Ok((to, manifest))
}

/// R33, R43: what was put in comes out, private, and nothing of it can be read in the file.
#[test]
fn a_backup_goes_round() {
    let (data, key) = data();
    let file = data.path().join("backup");
    let written = sealed(data.path(), &key, &file);
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> X25519 "));
    assert!(!bytes.windows(6).any(|window| window == b"s3cret"));
    assert_eq!(hash(&file, &go()).unwrap(), written);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(look(&file, &key).unwrap(), manifest(data.path()));
    let (to, found) = extracted(&file, &key).unwrap();
    assert_eq!(found, manifest(data.path()));
    let mut expected = tree(data.path());
    expected.retain(|path, _| !["backup", "backup.key", "backups/not-me", "steward.lock"].contains(&path.as_str()));
    assert!(tree(to.path()) == expected);
    assert_eq!(fs::metadata(to.path().join("projects/steward-web")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(to.path().join("master.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(seal(data.path(), &data.path().join(DATABASE), &found, &key, &file, &go()).is_err(), "what is there stays");
}

/// R27: links and odd files stay out, and are named.
#[test]
fn what_cannot_be_in_a_backup_is_named() {
    let (data, _) = data();
    let catalog = data.path().join("catalog");
    symlink("/etc/passwd", catalog.join("link")).unwrap();
    symlink("/etc", catalog.join("mine/folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, catalog.join("fifo"), rustix::fs::Mode::RWXU).unwrap();
    File::create(catalog.join("huge")).unwrap().set_len(LARGEST_MEMBER + 1).unwrap();
    let deep = catalog.join("d/".repeat(20));
    fs::create_dir_all(&deep).unwrap();
    let contents = collect(data.path(), &go()).unwrap();
    let out: Vec<&str> = contents.left_out.iter().map(String::as_str).collect();
    assert_eq!(out.len(), 5, "{out:?}");
    for name in ["catalog/link", "catalog/mine/folder", "catalog/fifo", "catalog/huge"] {
        assert!(out.contains(&name), "{name}: {out:?}");
    }
    assert_eq!(contents.members.len(), 5);
    fs::remove_dir_all(&catalog).unwrap();
    symlink("/etc", &catalog).unwrap();
    assert_eq!(collect(data.path(), &go()).unwrap().left_out, ["catalog"]);
}

/// A file that changes between the look and the copy is noticed, whichever way.
#[test]
fn a_file_that_changes_meanwhile_is_noticed() {
    let (data, key) = data();
    let said = manifest(data.path());
    let place = data.path().join("catalog/mine/service.hcl");
    for text in ["service {}2", "service {X\n", ""] {
        fs::write(&place, text).unwrap();
        let to = data.path().join("out");
        let error = seal(data.path(), &data.path().join(DATABASE), &said, &key, &to, &go()).unwrap_err();
        assert!(matches!(error, BackupError::Changed(_)), "{error:?}");
        fs::remove_file(to).unwrap();
    }
    let error = seal(data.path(), &data.path().join(DATABASE), &said, &key, &data.path().join("out"), &Stop::new(true)).unwrap_err();
    assert!(matches!(error, BackupError::Stopped), "{error:?}");
}

/// R43: every way to break a backup is found out, and none is taken for another.
#[test]
fn a_broken_backup_is_never_good() {
    let (data, key) = data();
    let file = data.path().join("backup");
    sealed(data.path(), &key, &file);
    let bytes = fs::read(&file).unwrap();
    let broken = data.path().join("broken");
    let lengths =
        (0..400).step_by(13).chain((400..bytes.len()).step_by(9_973)).chain([bytes.len() - 1, bytes.len() - 17, bytes.len() - 1025]);
    for length in lengths {
        fs::write(&broken, &bytes[..length]).unwrap();
        let error = extracted(&broken, &key).expect_err("cut off");
        let foreign = length < 220 && matches!(error, BackupError::Foreign(_));
        assert!(foreign || matches!(error, BackupError::Damaged(_)), "{length}: {error:?}");
    }
    for at in (0..200).step_by(7).chain((200..bytes.len()).step_by(7_919)).chain([bytes.len() - 1]) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        fs::write(&broken, flipped).unwrap();
        let error = extracted(&broken, &key).expect_err("flipped");
        let in_header = at < 200 && matches!(error, BackupError::Foreign(_) | BackupError::WrongKey);
        assert!(in_header || matches!(error, BackupError::Damaged(_)), "{at}: {error:?}");
    }
    fs::write(&broken, [bytes.as_slice(), b"more"].concat()).unwrap();
    assert!(matches!(extracted(&broken, &key), Err(BackupError::Damaged(_))));
    let other = BackupKey::make(tempfile::tempdir().unwrap().path()).unwrap();
    assert!(matches!(extracted(&file, &other), Err(BackupError::WrongKey)));
    assert!(matches!(look(&file, &other), Err(BackupError::WrongKey)));
    for foreign in [b"".as_slice(), b"PK\x03\x04", b"SQLite format 3\0", b"age-encryption.org/v9\n"] {
        fs::write(&broken, foreign).unwrap();
        let error = extracted(&broken, &key).expect_err("foreign");
        assert!(matches!(error, BackupError::Foreign(_) | BackupError::Damaged(_)), "{foreign:?}: {error:?}");
    }
    assert!(look(data.path(), &key).is_err(), "a folder is none");
    assert!(extracted(&file, &key).is_ok());
}

/// Path, kind and content of an entry.
type Raw<'a> = (&'a str, tar::EntryType, &'a [u8]);

/// An archive of anything, encrypted to a key.
fn crafted(key: &BackupKey, to: &Path, entries: &[Raw]) {
    let public = key.public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&public as &dyn age::Recipient)).unwrap();
    let mut tar = tar::Builder::new(encryptor.wrap_output(File::create(to).unwrap()).unwrap());
    for (path, kind, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        // Past the check of `set_path`, as somebody who means harm would.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        if *kind != tar::EntryType::Regular {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

/// R28: whoever has the public key can make an archive that opens; nothing of it leads elsewhere, and
/// nothing is larger than it says.
#[test]
fn a_hostile_archive_does_nothing() {
    let (data, key) = data();
    let file = data.path().join("crafted");
    let regular = tar::EntryType::Regular;
    let text = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = serde_json::json!({
            "product": "steward", "format": 1, "made_at": 1, "program": "0.1.0", "schema": 1, "instance": "here", "left_out": [],
            "members": [{ "path": "steward.db", "size": 2, "sha256": "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603" }],
        });
        change(&mut value);
        serde_json::to_vec(&value).unwrap()
    };
    let plain = text(&|_| ());
    crafted(&key, &file, &[("manifest.json", regular, &plain), ("steward.db", regular, b"ab")]);
    extracted(&file, &key).unwrap();
    let bomb = text(&|value| value["members"][0]["size"] = u64::MAX.into());
    let cases: Vec<(&str, Vec<Raw>)> = vec![
        ("no manifest", vec![("steward.db", regular, b"ab")]),
        ("a link as manifest", vec![("manifest.json", tar::EntryType::Symlink, b"")]),
        ("no database", vec![("manifest.json", regular, &plain)]),
        ("another file in its place", vec![("manifest.json", regular, &plain), ("../steward.db", regular, b"ab")]),
        ("a link in its place", vec![("manifest.json", regular, &plain), ("steward.db", tar::EntryType::Symlink, b"")]),
        ("a hard link", vec![("manifest.json", regular, &plain), ("steward.db", tar::EntryType::Link, b"")]),
        ("another content", vec![("manifest.json", regular, &plain), ("steward.db", regular, b"ac")]),
        ("another size", vec![("manifest.json", regular, &plain), ("steward.db", regular, b"abc")]),
        ("more", vec![("manifest.json", regular, &plain), ("steward.db", regular, b"ab"), ("/etc/evil", regular, b"x")]),
        ("a huge size", vec![("manifest.json", regular, &bomb), ("steward.db", regular, b"ab")]),
    ];
    for (what, entries) in cases {
        crafted(&key, &file, &entries);
        let to = tempfile::tempdir().unwrap();
        let error = extract(&file, &key, to.path(), |_| true, &go()).expect_err(what);
        assert!(matches!(error, BackupError::Damaged(_) | BackupError::Foreign(_)), "{what}: {error:?}");
        assert!(tree(to.path()).keys().all(|path| path == "steward.db"), "{what}");
    }
    let members = |paths: &[&str]| {
        let all: Vec<_> = paths.iter().map(|path| serde_json::json!({ "path": path, "size": 0, "sha256": "" })).collect();
        text(&|value| value["members"] = all.clone().into())
    };
    for paths in [
        &["../steward.db"][..],
        &["/etc/passwd"],
        &["steward.db", "catalog/../../x"],
        &["steward.db", "backup.key"],
        &["steward.db", "steward.db"],
        &["master.key"],
        &[],
    ] {
        crafted(&key, &file, &[("manifest.json", regular, &members(paths))]);
        let error = extracted(&file, &key).expect_err("bad members");
        assert!(matches!(error, BackupError::Damaged(_)), "{paths:?}: {error:?}");
    }
    let many: Vec<String> = (0..=MOST_MEMBERS).map(|number| format!("catalog/{number}")).collect();
    crafted(&key, &file, &[("manifest.json", regular, &members(&many.iter().map(String::as_str).collect::<Vec<_>>()))]);
    assert!(matches!(extracted(&file, &key), Err(BackupError::Damaged(why)) if why.contains("100000")));
    crafted(&key, &file, &[("manifest.json", regular, &text(&|value| value["format"] = 2.into()))]);
    assert!(matches!(extracted(&file, &key), Err(BackupError::Newer { found: 2, known: 1 })));
    crafted(&key, &file, &[("manifest.json", regular, &text(&|value| value["product"] = "other".into()))]);
    assert!(matches!(extracted(&file, &key), Err(BackupError::Foreign(_))));
    let public = key.public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&public as &dyn age::Recipient)).unwrap();
    let mut plain = encryptor.wrap_output(File::create(&file).unwrap()).unwrap();
    plain.write_all(&b"no archive ".repeat(100)).unwrap();
    plain.finish().unwrap();
    assert!(matches!(extracted(&file, &key), Err(BackupError::Foreign(_))));
}

fn name(at: i64) -> BackupName {
    BackupName::of(Timestamp(at)).unwrap()
}

/// R43: only what is ours is listed, set aside and removed, and the marker says whose folder it is.
#[test]
fn a_folder_is_kept_in_order() {
    let (data, key) = data();
    let folder = BackupFolder::new(data.path().join("else/where"));
    assert!(folder.list(Some(&key), "here").unwrap().is_empty() && !folder.is_marked());
    folder.make().unwrap();
    folder.make().unwrap();
    assert!(folder.is_marked());
    for at in [1000, 2000, 3000] {
        let sealed = sealed(data.path(), &key, &folder.partial(&name(at)));
        assert!(folder.list(Some(&key), "here").unwrap().iter().all(|backup| backup.name != name(at)), "a partial one is none");
        folder.publish(&name(at), &sealed).unwrap();
        folder.publish(&name(at), &sealed).unwrap();
    }
    fs::write(folder.path().join("steward-notes.txt"), "mine").unwrap();
    fs::write(folder.file(&name(4000)), "damaged").unwrap();
    let before = tree(folder.path());
    let listed = folder.list(Some(&key), "here").unwrap();
    let states: Vec<_> = listed.iter().map(|backup| (backup.name.clone(), backup.state)).collect();
    use BackupState::{Damaged, Good, OtherInstance, OtherKey};
    assert_eq!(states, [(name(4000), Damaged), (name(3000), Good), (name(2000), Good), (name(1000), Good)]);
    assert_eq!(listed[1].sha256, Some(hash(&folder.file(&name(3000)), &go()).unwrap().sha256));
    assert!(folder.list(Some(&key), "there").unwrap()[1..].iter().all(|backup| backup.state == OtherInstance));
    assert!(folder.list(None, "here").unwrap().iter().all(|backup| backup.state == OtherKey));

    folder.set_aside(&name(1000)).unwrap();
    folder.set_aside(&name(1000)).unwrap();
    assert_eq!(folder.list(Some(&key), "here").unwrap().len(), 3);
    folder.bring_back(&name(1000)).unwrap();
    folder.bring_back(&name(1000)).unwrap();
    assert!(tree(folder.path()) == before);
    folder.set_aside(&name(1000)).unwrap();
    assert_eq!(folder.aside().unwrap(), [name(1000)]);
    let other = BackupKey::make(tempfile::tempdir().unwrap().path()).unwrap();
    assert_eq!((folder.sweep(&[name(1000)], &key, "there").unwrap(), folder.sweep(&[name(1000)], &other, "here").unwrap()), (0, 0));
    assert_eq!(folder.sweep(&[name(9000)], &key, "here").unwrap(), 0);
    folder.bring_back(&name(1000)).unwrap();
    assert!(tree(folder.path()) == before, "what another one made stays");
    folder.set_aside(&name(1000)).unwrap();
    assert_eq!(folder.sweep(&folder.aside().unwrap(), &key, "here").unwrap(), 1);
    folder.remove(&name(2000)).unwrap();
    folder.remove(&name(2000)).unwrap();
    let left: Vec<String> = tree(folder.path()).into_keys().collect();
    let kept = name(3000).to_string();
    assert_eq!(left, [MARKER.to_owned(), kept.clone(), format!("{kept}.sha256"), name(4000).to_string(), "steward-notes.txt".to_owned()]);
    let again = sealed(data.path(), &key, &folder.partial(&name(3000)));
    assert!(matches!(folder.publish(&name(3000), &again), Err(BackupError::Exists(_))));
}
