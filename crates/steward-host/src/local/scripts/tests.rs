//! Real files of root's, and real processes. As another user than root there is nothing to try.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use steward_core::event::Progress;
use steward_core::name::ScriptName;

use super::*;
use crate::error::HostErrorKind;
use crate::host::{CommandReport, Host, ProgressSink, ScriptRequest};
use crate::local::{LocalConfig, LocalHost};

/// A folder below one that only root can write; `/tmp` is everybody's.
struct Folder {
    path: PathBuf,
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Folder {
    /// None when this is not root, who alone can make such a folder.
    fn new(name: &str) -> Option<Self> {
        if !geteuid().is_root() {
            println!("skipped: needs root");
            return None;
        }
        let path = PathBuf::from(format!("/var/lib/steward-test-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Some(Self { path })
    }

    fn put(&self, name: &str, content: &str) -> PathBuf {
        let file = self.path.join(name);
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn host(&self) -> LocalHost {
        LocalHost::new(LocalConfig { scripts_root: self.path.clone(), instance: "test".to_owned(), ..LocalConfig::default() })
    }

    async fn request(&self, name: &str, deadline: Duration) -> ScriptRequest {
        let all = self.host().scripts().await.unwrap().scripts;
        let script = all.iter().find(|script| script.name == name).unwrap_or_else(|| panic!("{name}: {all:?}"));
        let run = format!("op_{name}_{}", std::process::id());
        ScriptRequest { name: ScriptName::parse(name).unwrap(), sha256: script.sha256.clone().unwrap_or_default(), deadline, run }
    }

    async fn run(&self, name: &str, deadline: Duration) -> crate::host::Result<CommandReport> {
        let request = self.request(name, deadline).await;
        self.host().run_script(&request, &Lines::default()).await
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl ProgressSink for Lines {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress.message);
    }
}

const LONG: Duration = Duration::from_secs(30);

/// Whether a process still runs whose command line holds this text.
fn runs(text: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains(text))
}

/// R31, R27, P10: what others than root could have put or changed there is listed and refused.
#[test]
fn only_what_is_roots_is_run() {
    let Some(folder) = Folder::new("judge") else { return };
    let text = "#!/bin/sh\n# steward: title=Good\n# steward: deadline=10m\ntrue\n";
    folder.put("good.sh", text);
    fs::set_permissions(folder.put("not-executable", text), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.put("group-writable", text), Permissions::from_mode(0o775)).unwrap();
    fs::set_permissions(folder.put("world-writable", text), Permissions::from_mode(0o757)).unwrap();
    fs::set_permissions(folder.put("setuid", text), Permissions::from_mode(0o4755)).unwrap();
    chown(folder.put("others", text), Some(65_534), None).unwrap();
    symlink("good.sh", folder.path.join("link")).unwrap();
    symlink("/bin/true", folder.path.join("link-out")).unwrap();
    fs::create_dir(folder.path.join("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path.join("fifo"), Mode::from_raw_mode(0o755)).unwrap();
    folder.put("-rf", text);
    folder.put(".hidden", text);
    folder.put("backup.sh~", text);
    folder.put("a b\u{1b}", text);
    folder.put("bad-header", "#!/bin/sh\n# steward: deadline=forever\n");
    folder.put("big", &"#".repeat(5 * 1024 * 1024));
    let found = list(&folder.path);
    assert_eq!(found.problem, None);
    assert_eq!(found.runs_as, "root");
    let refused: Vec<&str> = found.scripts.iter().filter(|script| script.refused.is_some()).map(|script| script.name.as_str()).collect();
    let expected = [
        "-rf",
        ".hidden",
        "a b\\x1b",
        "backup.sh~",
        "bad-header",
        "big",
        "fifo",
        "folder",
        "group-writable",
        "link",
        "link-out",
        "not-executable",
        "others",
        "setuid",
        "world-writable",
    ];
    assert_eq!(refused, expected, "{found:#?}");
    assert!(found.scripts.iter().all(|script| script.sha256.is_some() != script.refused.is_some()));
    let good = found.scripts.iter().find(|script| script.name == "good.sh").unwrap();
    assert_eq!((good.title.as_deref(), good.deadline_seconds), (Some("Good"), 600));
    assert_eq!(good.sha256.as_deref(), Some(hex::encode(Sha256::digest(text)).as_str()));
}

/// R31: a folder that is not root's alone, or that something above it is not, is not used at all.
#[test]
fn the_whole_path_is_roots() {
    let Some(folder) = Folder::new("path") else { return };
    let inner = folder.path.join("scripts");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(list(&inner).problem, None);
    fs::set_permissions(&folder.path, Permissions::from_mode(0o777)).unwrap();
    assert!(list(&inner).problem.unwrap().contains("others than root can write"));
    fs::set_permissions(&folder.path, Permissions::from_mode(0o755)).unwrap();
    chown(&inner, Some(65_534), None).unwrap();
    assert!(list(&inner).problem.unwrap().contains("belongs to user 65534"));
    symlink(&folder.path, folder.path.join("around")).unwrap();
    assert!(list(&folder.path.join("around/scripts")).problem.unwrap().contains("symbolic link"));
    assert!(list(&folder.path.join("missing")).problem.unwrap().contains("it is not there"));
    assert!(list(&folder.path.join("../x")).problem.unwrap().contains(".."));
    assert!(list(Path::new("relative")).problem.unwrap().contains("absolute"));
    assert!(list(&std::env::temp_dir()).problem.is_some(), "everybody's folder");
}

/// P10, R5: a script runs with an environment made from nothing; its output and exit code come back.
#[tokio::test]
async fn a_script_runs_with_nothing_but_what_it_needs() {
    let Some(folder) = Folder::new("run") else { return };
    folder.put("env.sh", "#!/bin/sh\nenv | grep -v '^PWD=\\|^_=\\|^SHLVL=' | sort\npwd\necho to-stderr >&2\nread x && echo read || echo nothing to read\necho $#\n");
    let lines = Lines::default();
    let report = folder.host().run_script(&folder.request("env.sh", LONG).await, &lines).await.unwrap();
    assert_eq!(report.exit_code, Some(0));
    assert_eq!(report.argv, [folder.path.join("env.sh").display().to_string()]);
    let said: Vec<&str> = report.output.lines().filter(|line| *line != "to-stderr").collect();
    let run = format!("STEWARD_RUN=op_env.sh_{}", std::process::id());
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(said, ["HOME=/", "LANG=C.UTF-8", path, "STEWARD_INSTANCE=test", &run, "STEWARD_SCRIPT=env.sh", "/", "nothing to read", "0"]);
    assert!(report.output.contains("to-stderr"));
    assert_eq!(lines.0.lock().unwrap().len(), 10, "each line as it came");

    folder.put("fails.sh", "#!/bin/sh\necho before\nexit 3\n");
    let error = folder.run("fails.sh", LONG).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (HostErrorKind::Failed, "the script `fails.sh` ended with exit code 3"));
    assert_eq!(error.report.map(|report| (report.exit_code, report.output)), Some((Some(3), "before\n".to_owned())));
    folder.put("no-interpreter", "#!/nowhere/at/all\n");
    assert!(folder.run("no-interpreter", LONG).await.unwrap_err().message.contains("cannot be started"));
}

/// What runs is what was judged: a file that changed since is not run, one that is put in its place meanwhile neither.
#[tokio::test]
async fn what_was_planned_is_what_runs() {
    let Some(folder) = Folder::new("same") else { return };
    folder.put("job.sh", "#!/bin/sh\necho planned\n");
    let planned = folder.request("job.sh", LONG).await;
    folder.put("job.sh", "#!/bin/sh\necho changed\n");
    let error = folder.host().run_script(&planned, &Lines::default()).await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Conflict);
    assert!(error.report.is_none(), "nothing was started");
    fs::remove_file(folder.path.join("job.sh")).unwrap();
    symlink("/bin/true", folder.path.join("job.sh")).unwrap();
    let error = folder.host().run_script(&planned, &Lines::default()).await.unwrap_err();
    assert!(error.message.contains("links are not followed"), "{error}");

    // The name is given to another file while the script runs: the interpreter still reads the first one.
    fs::remove_file(folder.path.join("job.sh")).unwrap();
    let swap = format!("#!/bin/sh\nsleep 0.2\nmv {0}/other.sh {0}/job.sh\nsleep 0.1\necho the first\n", folder.path.display());
    folder.put("job.sh", &swap);
    folder.put("other.sh", "#!/bin/sh\necho the second\n");
    assert_eq!(folder.run("job.sh", LONG).await.unwrap().output, "the first\n");
}

/// R6, promise 5: a script that ignores TERM, with children in groups and sessions of their own, is gone
/// soon after its deadline.
#[tokio::test]
async fn a_deadline_leaves_no_process() {
    let Some(folder) = Folder::new("deadline") else { return };
    let script = "#!/bin/bash\ntrap '' TERM\nsetsid bash -c 'trap \"\" TERM; sleep 98761 & sleep 98762' &\n(setsid --fork sleep 98763)\n\
                  sleep 98764 &\necho started\nwhile :; do sleep 98765; done\n";
    folder.put("deaf.sh", script);
    let begun = Instant::now();
    let error = folder.run("deaf.sh", Duration::from_secs(1)).await.unwrap_err();
    let took = begun.elapsed();
    assert_eq!(error.kind, HostErrorKind::TimedOut);
    assert!(error.report.is_some_and(|report| report.exit_code.is_none() && report.output == "started\n"));
    assert!(took < Duration::from_secs(6), "{took:?}");
    for number in 98_761..=98_765 {
        assert!(!runs(&format!("sleep {number}")), "sleep {number} is left");
    }
}

/// The same when nobody waits for it any more, and when it ends well but leaves something behind.
#[tokio::test]
async fn what_a_script_leaves_behind_ends_with_it() {
    let Some(folder) = Folder::new("left") else { return };
    folder.put("leaves.sh", "#!/bin/sh\nsetsid --fork sleep 98771 >/dev/null 2>&1\necho done\n");
    assert_eq!(folder.run("leaves.sh", LONG).await.unwrap().output, "done\n");
    assert!(!runs("sleep 98771"));
    folder.put("hangs.sh", "#!/bin/sh\nsetsid --fork sleep 98772\nsleep 98773\n");
    let request = folder.request("hangs.sh", LONG).await;
    let host = folder.host();
    let dropped = tokio::time::timeout(Duration::from_millis(500), host.run_script(&request, &Lines::default())).await;
    assert!(dropped.is_err());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!runs("sleep 98772") && !runs("sleep 98773"));
}

/// R36: much output is bounded, and what is left out is said.
#[tokio::test]
async fn much_output_is_bounded() {
    let Some(folder) = Folder::new("much") else { return };
    folder.put("much.sh", "#!/bin/sh\nseq 1 200000\n");
    let output = folder.run("much.sh", LONG).await.unwrap().output;
    assert!(output.len() <= 64 * 1024 && output.starts_with("… (left out here: ") && output.ends_with("200000\n"));
}
