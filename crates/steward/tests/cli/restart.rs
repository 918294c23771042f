//! `steward self restart`: the real program replaces itself.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::server::{PASSWORD, Ran, Server, program, run, wait_for};

/// Whether a process was started by the one before it, and not by hand.
fn was_handed_over(pid: u32) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    environment.split(|byte| *byte == 0).any(|variable| variable == format!("LISTEN_PID={pid}").as_bytes())
}

fn replaced(operation: &Value) -> &Value {
    &operation["steps"][0]["intent"]["replaces"]
}

/// Issue 3: the operation is finished by the new process, which has the same number, port and data.
#[test]
fn a_restart_is_finished_by_the_new_process() {
    let server = Server::claimed();
    let plan = server.run(&["self", "restart", "--plan"]).good();
    assert!(plan.out.contains("can be started") && plan.out.contains("Apps go on running"), "{plan:#?}");
    assert!(!was_handed_over(server.pid()));
    let first = server.run(&["self", "restart", "--yes", "--json"]).good().json();
    assert_eq!((&first["state"], &first["target"]), (&"succeeded".into(), &"steward".into()));
    assert_eq!(replaced(&first)["pid"], server.pid());
    assert!(was_handed_over(server.pid()), "the same number, another process");
    let said = server.run(&["self", "restart", "--yes"]).good();
    assert!(said.out.contains("steward has restarted."), "{said:#?}");
    let id = server.run(&["ops", "list", "--json"]).good().json()[0]["id"].as_str().unwrap().to_owned();
    let second = server.run(&["ops", "show", &id, "--json"]).good().json();
    assert_eq!(second["state"], "succeeded");
    assert_ne!(replaced(&first)["boot"], replaced(&second)["boot"]);
    assert_eq!(server.run(&["users", "list", "--json"]).good().json()[0]["name"], "anna");
    server.run(&["audit", "verify"]).good();
}

/// What is asked while Steward restarts is answered by the new process: nobody is refused.
#[test]
fn nobody_is_refused_meanwhile() {
    let server = Server::claimed();
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let (done, connections) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let refused = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                match TcpStream::connect(&address) {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => return true,
                    _ => connections.fetch_add(1, Ordering::SeqCst),
                };
                std::thread::sleep(Duration::from_millis(1));
            }
            false
        });
        let id = server.run(&["self", "restart", "--no-wait", "-q"]).good().out.trim().to_owned();
        let backup = server.run(&["self", "backup", "--yes"]).good();
        assert!(backup.out.contains("is backed up"), "{backup:#?}");
        server.run(&["ops", "watch", &id]).good();
        done.store(true, Ordering::SeqCst);
        assert!(!refused.join().unwrap());
    });
    assert!(was_handed_over(server.pid()) && connections.load(Ordering::SeqCst) > 10);
}

/// Roles: own permission of admins and owners.
#[test]
fn an_operator_may_not() {
    let server = Server::claimed();
    server.run_with(&["users", "add", "otto", "--role", "operator", "--password-stdin"], PASSWORD).good();
    server.run_with(&["login", "--user", "otto", "--password-stdin"], PASSWORD).good();
    server.run(&["self", "restart", "--yes"]).bad(4);
    assert!(!was_handed_over(server.pid()));
}

/// A schedule restarts Steward as it asks for any operation, and once.
#[test]
fn a_schedule_restarts() {
    let server = Server::claimed();
    let request = r#"{"kind":"steward.restart"}"#;
    server.run(&["schedules", "add", "fresh", "--cron", "0 4 * * *", "--zone", "UTC", "--request", request]).good();
    server.run(&["schedules", "run", "fresh"]).good();
    wait_for("the new process", || was_handed_over(server.pid()));
    let all = server.run(&["ops", "list", "--json"]).good().json();
    let restarts: Vec<&Value> = all.as_array().unwrap().iter().filter(|one| one["kind"] == "steward.restart").collect();
    assert_eq!(restarts.len(), 1);
    let id = restarts[0]["id"].as_str().unwrap();
    server.run(&["ops", "watch", id]).good();
}

/// Puts a file into the place of the program, as an installation does.
fn install(content: &[u8], file: &Path) {
    let new = file.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::set_permissions(&new, PermissionsExt::from_mode(0o755)).unwrap();
    fs::rename(new, file).unwrap();
}

/// What is installed meanwhile is what starts; what cannot be started leaves the server as it is.
#[test]
fn the_program_that_is_there_now_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steward");
    let good = fs::read(env!("CARGO_BIN_EXE_steward")).unwrap();
    install(&good, &file);
    let server = Server::of(&file).claim();
    let link = Path::new("/proc").join(server.pid().to_string()).join("exe");
    install(&good, &file);
    assert!(fs::read_link(&link).unwrap().to_string_lossy().ends_with(" (deleted)"));
    server.run(&["self", "restart", "--yes"]).good();
    assert_eq!(fs::read_link(&link).unwrap(), file);

    // A file that is no program: the system refuses it after everything was stopped.
    install(b"not a program\n", &file);
    let refused = server.run(&["self", "restart", "--yes"]).bad(6);
    assert!(refused.err.contains("could not be started"), "{refused:#?}");
    server.run(&["users", "list"]).good();
    fs::remove_file(&file).unwrap();
    for words in [&["self", "restart", "--yes"][..], &["self", "restart", "--plan"]] {
        let refused: Ran = server.run(words).bad(5);
        assert!(refused.err.contains("cannot be started"), "{refused:#?}");
    }
    install(&good, &file);
    server.run(&["self", "restart", "--yes"]).good();
    assert_eq!(fs::read_link(&link).unwrap(), file);
    server.run(&["audit", "verify"]).good();
}

/// P11, issue 3: killed at any instant of the restart and started by hand, the operation is done, and
/// the new process does not restart again.
#[test]
fn a_kill_at_any_instant_leaves_no_loop() {
    let server = Server::claimed();
    let kept: Value = serde_json::from_str(&fs::read_to_string(server.config().join("sign-in.json")).unwrap()).unwrap();
    let token = kept["token"].as_str().unwrap().to_owned();
    let signed_in = |server: &Server, words: &[&str]| {
        let mut command = program(&server.config(), &[words, &["--url", &server.url]].concat());
        command.env("STEWARD_TOKEN", &token);
        run(command, "")
    };
    let mut server = Server::on(server.end());
    let (mut before, mut after) = (0, 0);
    for round in 0..16 {
        let id = signed_in(&server, &["self", "restart", "--no-wait", "-q"]).good().out.trim().to_owned();
        std::thread::sleep(Duration::from_millis(round * 25));
        if was_handed_over(server.pid()) {
            after += 1
        } else {
            before += 1
        }
        server = Server::on(server.kill());
        let ended = signed_in(&server, &["ops", "watch", &id, "--json"]).good().json();
        assert_eq!(ended["state"], "succeeded", "round {round}");
        std::thread::sleep(Duration::from_millis(100));
        assert!(!was_handed_over(server.pid()), "round {round}: it restarted once more");
        signed_in(&server, &["audit", "verify"]).good();
    }
    assert!(before > 0 && after > 0, "killed {before} times before and {after} times after the new process was there");
}
