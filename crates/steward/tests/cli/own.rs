//! `steward self`: the program itself, with and without a server.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::server::{Home, NO_ENGINE, PASSWORD, Ran, Server, program, run};

/// Makes a backup on a server; gives its path.
fn backed_up(server: &Server) -> PathBuf {
    server.run(&["self", "backup", "--yes"]).good();
    let listed = server.run(&["self", "list", "--json"]).good().json();
    Path::new(listed["folder"].as_str().unwrap()).join(listed["backups"][0]["name"].as_str().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server that has ended, its data folder and the newest backup in it.
struct Ended {
    data: TempDir,
    file: PathBuf,
    /// Of who was signed in when the backup was made.
    token: String,
    home: Home,
}

impl Ended {
    fn new() -> Self {
        let server = Server::claimed();
        let file = backed_up(&server);
        // What came after the backup is not in it.
        server.run_with(&["users", "add", "later", "--role", "viewer", "--password-stdin"], PASSWORD).good();
        let kept = fs::read_to_string(server.config().join("sign-in.json")).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        Self { file, token: kept["token"].as_str().unwrap().to_owned(), data: server.end(), home: Home::new() }
    }

    fn folder(&self) -> PathBuf {
        self.data.path().join("data")
    }

    fn own(&self, words: &[&str]) -> Ran {
        let folder = self.folder();
        let words: Vec<&str> = [&["self"], words, &["--data-dir", text(&folder)]].concat();
        self.home.run(&words)
    }

    fn serve(&self) -> Ran {
        let folder = self.folder();
        self.home.run(&["serve", "--listen", "127.0.0.1:0", "--docker-host", NO_ENGINE, "--data-dir", text(&folder)])
    }
}

/// Every file of a folder but the lock.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => found.push((entry.path(), fs::read(entry.path()).unwrap())),
            }
        }
    }
    found.retain(|(path, _)| !path.ends_with("steward.lock"));
    found.sort();
    found
}

/// Issue 3, M12: made, listed, its key shown and kept, all by the command line.
#[test]
fn a_backup_is_made_listed_and_its_key_kept() {
    let server = Server::claimed();
    let none = server.run(&["self", "list"]).good();
    assert!(none.out.is_empty() && none.err.contains("There is no backup.") && none.err.contains("no good backup yet"), "{none:#?}");
    assert!(server.run(&["self", "backup", "--plan"]).good().out.contains("encrypted archive"));
    let made = server.run(&["self", "backup", "--yes"]).good();
    assert!(made.out.contains("steward is backed up.") && made.err.contains("Keep a copy elsewhere"), "{made:#?}");
    let listed = server.run(&["self", "list"]).good();
    assert!(listed.out.contains("good") && listed.err.contains("14 are kept"), "{listed:#?}");
    let key = server.run(&["self", "key"]).good();
    assert!(key.out.contains("\nAGE-SECRET-KEY-1") && key.err.contains("--saved"), "{key:#?}");
    server.run(&["self", "key", "--saved"]).good();
    let made = server.run(&["self", "backup", "--yes"]).good();
    assert!(!made.err.contains("Keep a copy"), "{made:#?}");
    assert!(server.run(&["self", "key", "--json"]).good().json()["key"].as_str().unwrap().contains("AGE-SECRET-KEY-1"));
    server.run_with(&["users", "add", "otto", "--role", "operator", "--password-stdin"], PASSWORD).good();
    server.run_with(&["login", "--user", "otto", "--password-stdin"], PASSWORD).good();
    for words in [&["self", "list"][..], &["self", "key"], &["self", "backup", "--yes"]] {
        server.run(words).bad(4);
    }
}

/// Issue 3, restore: the state of the backup is there again, the one from before is kept, everybody
/// signs in again, and the audit says so.
#[test]
fn a_restored_folder_serves_again() {
    let ended = Ended::new();
    let before = contents(&ended.folder());
    let refused = ended.own(&["restore", text(&ended.file)]).bad(2);
    assert!(refused.err.contains("--yes"), "{refused:#?}");
    assert!(contents(&ended.folder()) == before, "nothing without a yes");
    let restored = ended.own(&["restore", text(&ended.file), "--yes", "--json"]).good().json();
    let kept = Path::new(restored["before"].as_str().unwrap());
    let old = before.iter().find(|(path, _)| path.ends_with("steward.db")).unwrap();
    assert!(fs::read(kept.join("steward.db")).unwrap() == old.1);

    let Ended { data, file, token, .. } = ended;
    let server = Server::on(data);
    assert!(file.is_file());
    let mut earlier = program(&server.config(), &["users", "list", "--url", &server.url]);
    earlier.env("STEWARD_TOKEN", token);
    assert!(run(earlier, "").bad(4).err.contains("not_signed_in"));
    server.run_with(&["login", "--url", &server.url, "--user", "anna", "--password-stdin"], PASSWORD).good();
    let users = server.run(&["users", "list"]).good();
    assert!(users.out.contains("anna") && !users.out.contains("later"), "{users:#?}");
    let audit = server.run(&["audit", "--action", "steward.restore", "--json"]).good().json();
    assert_eq!(audit.as_array().unwrap().len(), 1);
    assert_eq!(audit[0]["detail"]["backup"], file.file_name().unwrap().to_str().unwrap());
    server.run(&["audit", "verify"]).good();
}

/// On another machine: an empty folder, a file and the key that was kept.
#[test]
fn a_backup_moves_to_another_machine() {
    let ended = Ended::new();
    let there = TempDir::new().unwrap();
    let (key, file, folder) = (there.path().join("kept.key"), there.path().join("carried.age"), there.path().join("data"));
    fs::copy(ended.folder().join("backup.key"), &key).unwrap();
    fs::copy(&ended.file, &file).unwrap();
    drop(ended);
    let home = Home::new();
    let listed = home.run(&["self", "check", text(&file), "--data-dir", text(&folder)]).bad(14);
    assert!(listed.err.contains("--key"), "{listed:#?}");
    let checked = home.run(&["self", "check", text(&file), "--key", text(&key), "--json"]).good().json();
    assert!(checked["audit_rows"].as_i64().unwrap() > 0 && checked["files"].as_i64().unwrap() >= 2, "{checked}");
    home.run(&["self", "restore", text(&file), "--key", text(&key), "--data-dir", text(&folder), "--yes"]).good();
    let server = Server::on(there);
    server.run_with(&["login", "--url", &server.url, "--user", "anna", "--password-stdin"], PASSWORD).good();
    assert_eq!(server.run(&["users", "list", "--json"]).good().json().as_array().unwrap().len(), 1);
    backed_up(&server);
}

/// Bad input: what cannot be restored is refused with its own exit code, and nothing is changed.
#[test]
fn what_is_no_good_backup_is_refused() {
    let ended = Ended::new();
    let before = contents(&ended.folder());
    let place = TempDir::new().unwrap();
    let bad = place.path().join("bad.age");
    let bytes = fs::read(&ended.file).unwrap();
    let other = Server::claimed();
    let key = place.path().join("other.key");
    fs::write(&key, other.run(&["self", "key"]).good().out).unwrap();
    let both = |words: &[&str], code: i32, error: &str, says: &str| {
        for command in ["check", "restore"] {
            let yes: &[&str] = if command == "restore" { &["--yes"] } else { &[] };
            let ran = ended.own(&[&[command], words, yes, &["--json"]].concat()).bad(code);
            assert_eq!(ran.error()["code"], error, "{ran:#?}");
            assert!(ran.err.contains(says), "{ran:#?}");
        }
    };
    both(&["/nonexistent/file"], 3, "not_found", "/nonexistent/file");
    both(&[text(&ended.file), "--key", text(&key)], 14, "wrong_key", "does not open it");
    both(&[text(&ended.file), "--key", text(&ended.file)], 14, "wrong_key", "no key of age");
    for (content, code, error, says) in [
        (&bytes[..bytes.len() / 2], 11, "corrupt", "damaged"),
        (&bytes[..bytes.len() - 1], 11, "corrupt", "damaged"),
        (b"something else entirely".as_slice(), 13, "foreign", "no backup of Steward"),
    ] {
        fs::write(&bad, content).unwrap();
        both(&[text(&bad)], code, error, says);
    }
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(&bad, flipped).unwrap();
    both(&[text(&bad)], 11, "corrupt", "damaged");
    assert!(contents(&ended.folder()) == before);

    let (in_use, file) = (Server::claimed(), ended.file.clone());
    let folder = in_use.data();
    let ran = ended.home.run(&[
        "self",
        "restore",
        text(&file),
        "--key",
        text(&ended.folder().join("backup.key")),
        "--data-dir",
        text(&folder),
        "--yes",
    ]);
    assert!(ran.bad(10).err.contains("Stop the server first"));
    in_use.run(&["users", "list"]).good();
}

/// Issue 3, section 4: a server that cannot open its database names the newest backup that can be put
/// back, and that one works.
#[test]
fn a_server_that_does_not_start_names_the_newest_good_backup() {
    let ended = Ended::new();
    // A newer one that is damaged is not named.
    let newer = ended.file.with_file_name("steward-20991231T000000.000Z.tar.age");
    let bytes = fs::read(&ended.file).unwrap();
    fs::write(&newer, &bytes[..bytes.len() - 10]).unwrap();
    let database = ended.folder().join("steward.db");
    let good = fs::read(&database).unwrap();
    let version = |number: u8| {
        let mut newer = good.clone();
        newer[63] = number;
        newer
    };
    for (content, code) in [(b"garbage ".repeat(2000), 11), (Vec::new(), 11), (version(200), 12), (foreign(&good), 13)] {
        fs::write(&database, &content).unwrap();
        let ran = ended.serve().bad(code);
        assert!(ran.err.contains("nothing was changed"), "{ran:#?}");
        let command = format!("steward self restore {} --data-dir {}", ended.file.display(), ended.folder().display());
        assert!(ran.err.contains(&command), "{ran:#?}");
        assert!(fs::read(&database).unwrap() == content);
    }
    fs::remove_file(&database).unwrap();
    assert!(ended.serve().bad(11).err.contains("the newest good backup is of"));
    ended.own(&["restore", text(&ended.file), "--yes"]).good();
    let server = Server::on(ended.data);
    server.run_with(&["login", "--url", &server.url, "--user", "anna", "--password-stdin"], PASSWORD).good();
}

/// The same file as another program's database.
fn foreign(good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    bytes[68..72].fill(7);
    bytes
}

/// Without a server the backups of a folder can be listed too.
#[test]
fn a_folder_is_listed_without_a_server() {
    let ended = Ended::new();
    let folder = ended.file.parent().unwrap();
    let listed = ended.own(&["list", "--folder", text(folder), "--json"]).good().json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &serde_json::json!("good")));
    ended.own(&["list", "--folder", "/nonexistent"]).bad(3);
}

/// Bad input: no backups at all, or a folder that cannot be one.
#[test]
fn the_server_refuses_to_keep_no_backups() {
    let home = Home::new();
    for keep in ["0", "501", "-1", "many"] {
        home.run(&["serve", "--backup-keep", keep]).bad(2);
    }
    let data = TempDir::new().unwrap();
    let file = data.path().join("file");
    fs::write(&file, "x").unwrap();
    // A server is worth more than its backups: it starts, and says what is wrong.
    let server = Server::serving(data, &["--backup-dir", text(&file)]).claim();
    let refused = server.run(&["self", "backup", "--yes"]).bad(5);
    assert!(refused.err.contains("file"), "{refused:#?}");
    assert!(run(program(&server.config(), &["self", "list"]), "").good().err.contains("warning"));
}

/// Issue 3, C2, C6: a schedule takes a backup as it takes any operation; what it made is listed and checks out.
#[test]
fn a_schedule_backs_up() {
    let server = Server::claimed();
    let add = ["schedules", "add", "own-backup", "--cron", "0 4 * * *", "--zone", "UTC", "backup"];
    assert!(server.run(&[&add[..], &["hello", "--json"]].concat()).bad(2).err.contains("not of an app"));
    server.run(&[&add[..], &["--catch-up"]].concat()).good();
    assert!(server.run(&["schedules", "list"]).good().out.contains("steward"));
    server.run(&["schedules", "run", "own-backup"]).good();
    let listed = server.run(&["self", "list", "--json"]).good().json();
    assert_eq!((listed["backups"].as_array().unwrap().len(), &listed["backups"][0]["state"]), (1, &serde_json::json!("good")));
    let file = Path::new(listed["folder"].as_str().unwrap()).join(listed["backups"][0]["name"].as_str().unwrap());
    let checked = server.run(&["self", "check", text(&file), "--data-dir", text(&server.data()), "--json"]).good().json();
    assert!(checked["audit_rows"].as_i64().unwrap() > 0, "{checked}");
    let asked = server.run(&["audit", "--action", "steward.backup", "--json"]).good().json();
    let phases: Vec<_> = asked.as_array().unwrap().iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["outcome", "accepted"], "{asked:#}");
}

/// C6, promise 15: by the real clock, at the next minute, nobody asking.
#[test]
fn a_due_backup_is_made_by_itself() {
    let server = Server::claimed();
    server.run(&["schedules", "add", "own-backup", "--cron", "* * * * *", "--zone", "UTC", "backup"]).good();
    let mut made = serde_json::Value::Null;
    // A due time is at most a minute away.
    for _ in 0..900 {
        made = server.run(&["self", "list", "--json"]).good().json()["backups"].take();
        if made[0]["state"] == "good" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(made[0]["state"], "good", "{made:#}");
    server.run(&["schedules", "pause", "own-backup"]).good();
    let runs = server.run(&["schedules", "runs", "own-backup", "--json"]).good().json();
    assert_eq!((&runs[0]["outcome"], &runs[0]["state"]), (&serde_json::json!("started"), &serde_json::json!("succeeded")), "{runs:#}");
    let id = runs[0]["operation_id"].as_str().unwrap();
    let operation = server.run(&["ops", "show", id, "--json"]).good().json();
    assert_eq!(operation["actor"], "schedule own-backup (anna)");
}
