//! How operations end, and how they are waited for.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::server::{Home, Ran, program};
use crate::stub::{Line, OPERATION, Reply, Stub, deploying, detail, event, operation, plan, progress, step};

const DEPLOY: &[&str] = &["deploy", "greeter", "--url"];

fn run(stub: &Stub, more: &[&str]) -> Ran {
    Home::new().run(&[DEPLOY, &[&stub.url], more].concat())
}

fn failed(state: &str) -> serde_json::Value {
    let steps = json!([
        step(0, "validating", "done", None),
        step(1, "preparing", "undone", Some("removed the folder")),
        step(2, "deploying", if state == "needs_attention" { "undo_failed" } else { "undone" }, Some("removed 2 containers")),
    ]);
    let commands = json!([{
        "step": 2, "undo": false, "device": "nas", "argv": ["docker", "compose", "up"], "exit_code": 1, "duration_ms": 1200,
        "output": "pulling\n\u{1b}[31mno space left\u{1b}[0m on device\n", "started_at": 2_000
    }]);
    let mut failed = detail(state, steps, commands);
    failed["failed_step"] = json!("deploying");
    failed["finished_at"] = json!(4_000);
    failed["error"] = json!({"code": "step_failed", "message": "`docker compose up` ended with 1", "hint": "Free some space."});
    failed
}

#[test]
fn success() {
    let stub = deploying(|_| {
        let running = detail("running", json!([step(0, "validating", "done", None), step(1, "deploying", "running", None)]), json!([]));
        let done = detail("succeeded", json!([step(0, "validating", "done", None), step(1, "deploying", "done", None)]), json!([]));
        vec![event(&running), progress("deploying", "pulling nginx:1.28", 3, 7), event(&done)]
    });
    let ran = run(&stub, &[]).good();
    assert_eq!(ran.out, "greeter is running on nas: http://nas:18080\n");
    let said: Vec<&str> = ran.err.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    let expected = [
        "greeter validating done 0.4s",
        "greeter deploying",
        "greeter deploying pulling nginx:1.28 3/7 42%",
        "greeter deploying done 0.4s",
    ];
    assert_eq!(said, expected);
    let time = ran.err.split(' ').next().unwrap();
    assert!(time.len() == 8 && time.bytes().filter(|b| *b == b':').count() == 2, "{time}");
    assert_eq!(stub.count("POST /api/v1/applications/greeter/plan"), 0, "nothing is planned twice");

    let json = run(&stub, &["--json"]).good();
    assert_eq!((json.json()["state"].as_str(), json.json()["steps"][1]["state"].as_str()), (Some("succeeded"), Some("done")));
    let quiet = run(&stub, &["-q"]).good();
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    assert_eq!(run(&stub, &["-o", "name"]).good().out, "greeter\n");
}

#[test]
fn what_is_asked_is_sent() {
    let stub = deploying(|_| vec![event(&detail("succeeded", json!([]), json!([])))]);
    run(&stub, &["--name", "b", "--set", "title=A=B", "--set", "n=1", "--port", "80=8081", "--port", "53/udp=53"]).good();
    let asked = stub.asked();
    let expected = json!({"name": "b", "settings": {"title": "A=B", "n": "1"}, "ports": {"53/udp": 53, "80/tcp": 8081}});
    assert_eq!(asked[0].body, expected);
    assert!(asked[0].key.starts_with("cli-"));
}

#[test]
fn nobody_waits() {
    let stub = deploying(|_| Vec::new());
    let ran = run(&stub, &["--no-wait"]).good();
    assert_eq!(ran.out, format!("{OPERATION}\n"));
    assert!(ran.err.contains(&format!("steward ops watch {OPERATION}")));
    assert_eq!(run(&stub, &["--no-wait", "--json"]).good().json()["id"], OPERATION);
    assert_eq!(stub.count(&format!("GET /api/v1/operations/{OPERATION}/events")), 0);
}

#[test]
fn a_failure_that_was_undone_is_6() {
    let stub = deploying(|_| vec![event(&failed("rolled_back"))]);
    let ran = run(&stub, &[]).bad(6);
    for part in [
        "error[step_failed]: deployment.deploy of `greeter` failed at deploying: `docker compose up` ended with 1. All was undone; nothing changed.\n",
        "  hint: Free some space.\n",
        "no space left on device",
    ] {
        assert!(ran.err.contains(part), "{part} {ran:#?}");
    }
    let (last, first) =
        (ran.err.rfind("deploying: removed 2 containers").unwrap(), ran.err.rfind("preparing: removed the folder").unwrap());
    assert!(last < first, "undone last first: {ran:#?}");
    assert!(!ran.err.contains('\u{1b}') && ran.out.is_empty());

    let json = run(&stub, &["--json"]).bad(6);
    assert_eq!(json.json()["state"], "rolled_back");
    let error = json.error();
    assert_eq!(
        (error["code"].as_str(), error["operation"].as_str(), error["hint"].as_str()),
        (Some("step_failed"), Some(OPERATION), Some("Free some space."))
    );
}

#[test]
fn what_is_left_is_7_and_a_cancelled_one_is_6() {
    let stub = deploying(|_| {
        let mut left = failed("needs_attention");
        left["left_over"] = json!(["docker rm -f greeter-1"]);
        vec![event(&left)]
    });
    let ran = run(&stub, &[]).bad(7);
    assert!(
        ran.err.contains("left over:\n    docker rm -f greeter-1\n") && ran.err.contains(&format!("steward ops retry {OPERATION}")),
        "{ran:#?}"
    );
    let stub = deploying(|_| vec![event(&detail("cancelled", json!([]), json!([])))]);
    assert_eq!(run(&stub, &["--json"]).bad(6).error()["code"], "cancelled");
}

#[test]
fn refusals_of_the_server_have_their_codes() {
    let refuse = |status: u16, code: &'static str| {
        Stub::start(move |_| {
            let problem = json!({"type": "about:blank", "title": "x", "status": status, "code": code, "detail": "no", "operation_id": OPERATION, "plan": plan()});
            Reply::Json(status, problem)
        })
    };
    for (status, code, exit) in [
        (409, "locked", 8),
        (409, "plan_stale", 8),
        (409, "name_taken", 8),
        (409, "preflight_failed", 5),
        (403, "not_allowed", 4),
        (503, "device_unreachable", 9),
        (503, "storage_unavailable", 1),
        (500, "internal", 1),
        (422, "invalid_value", 2),
    ] {
        let ran = run(&refuse(status, code), &["--json"]).bad(exit);
        assert_eq!((ran.error()["code"].as_str(), ran.error()["operation"].as_str()), (Some(code), Some(OPERATION)));
    }
    // The fix is a command that can be pasted.
    let ran = run(&refuse(409, "preflight_failed"), &["--port", "80/tcp=80", "--name", "b"]).bad(5);
    assert!(ran.err.contains("error[preflight_failed]: port 80 is used by traefik. Nothing was changed.\n"), "{ran:#?}");
    assert!(ran.err.contains("hint: steward deploy greeter --name b --port 80/tcp=8081\n"), "{ran:#?}");
}

#[test]
fn the_wait_ends_and_the_work_goes_on() {
    let stub = deploying(|_| vec![event(&detail("running", json!([]), json!([]))), Line::Hold]);
    let started = Instant::now();
    let ran = run(&stub, &["--timeout", "1s", "--json"]).bad(124);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!((ran.json()["state"].as_str(), ran.error()["code"].as_str()), (Some("running"), Some("wait_timed_out")));
    assert_eq!(ran.error()["hint"], format!("steward ops watch {OPERATION}"));
    assert!(stub.asked().iter().all(|asked| !asked.line.ends_with("/cancel")));
}

/// Starts a deployment that does not end, waits until it is under way, and sends Ctrl-C so often.
fn interrupted(times: usize) -> (Ran, Stub) {
    let stub = deploying(|_| vec![event(&detail("running", json!([step(0, "deploying", "running", None)]), json!([]))), Line::Hold]);
    let home = Home::new();
    let mut child = program(&home.config(), &[DEPLOY, &[&stub.url]].concat()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut err = String::new();
    let mut until = |word: &str| loop {
        let line = lines.next().unwrap().unwrap();
        err.push_str(&format!("{line}\n"));
        if line.contains(word) {
            return;
        }
    };
    until("greeter deploying");
    kill_process(pid, Signal::INT).unwrap();
    until("within 3 s");
    if times > 1 {
        kill_process(pid, Signal::INT).unwrap();
    }
    err.extend(lines.map(|line| line.unwrap() + "\n"));
    let output = child.wait_with_output().unwrap();
    (Ran { code: output.status.code().unwrap(), out: String::from_utf8(output.stdout).unwrap(), err }, stub)
}

#[test]
fn ctrl_c_detaches() {
    let (ran, stub) = interrupted(1);
    let ran = ran.bad(130);
    assert!(ran.err.contains(&format!("Detached; the work goes on. Follow it again with: steward ops watch {OPERATION}\n")), "{ran:#?}");
    assert_eq!((ran.out.as_str(), stub.count(&format!("POST /api/v1/operations/{OPERATION}/cancel"))), ("", 0));
}

#[test]
fn a_second_ctrl_c_cancels() {
    let (ran, stub) = interrupted(2);
    let ran = ran.bad(130);
    assert!(ran.err.contains("Asked to cancel"), "{ran:#?}");
    assert_eq!(stub.count(&format!("POST /api/v1/operations/{OPERATION}/cancel")), 1);
}

#[test]
fn a_restart_of_the_server_is_survived() {
    let stub = deploying(|connection| match connection {
        1 => vec![event(&detail("running", json!([]), json!([])))],
        2 => Vec::new(),
        _ => vec![event(&detail("succeeded", json!([]), json!([])))],
    });
    run(&stub, &[]).good();
    assert_eq!(stub.count(&format!("GET /api/v1/operations/{OPERATION}/events")), 3);
}

#[test]
fn a_request_that_got_no_answer_is_sent_again_with_its_key() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let stub = Stub::start(move |line| match line {
        _ if first.swap(false, std::sync::atomic::Ordering::SeqCst) => Reply::Nothing,
        "POST /api/v1/applications/greeter/deploy" => Reply::Json(202, json!({ "operation": operation("queued"), "unchanged": false })),
        _ => Reply::Json(404, json!({})),
    });
    run(&stub, &["--no-wait"]).good();
    let asked = stub.asked();
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].key.is_empty() && asked[0].key == asked[1].key, "{asked:?}");
}

#[test]
fn events_of_a_newer_server_are_passed_over() {
    let stub = deploying(|_| {
        let mut done = detail("succeeded", json!([]), json!([]));
        done["invented_later"] = json!(1);
        vec![Line::Text("{\"type\":\"weather\",\"sun\":true}".to_owned()), Line::Text(String::new()), event(&done)]
    });
    assert_eq!(run(&stub, &["--json"]).good().json()["invented_later"], 1);
}

#[test]
fn watching_ends_as_the_operation_did() {
    let stub = Stub::start(|line| match line {
        "GET /api/v1/operations/op_0123456789abcdef" => Reply::Json(200, failed("rolled_back")),
        _ => Reply::Json(404, json!({})),
    });
    let home = Home::new();
    let ran = home.run(&["ops", "watch", OPERATION, "--url", &stub.url, "--json"]).bad(6);
    assert_eq!(ran.json()["state"], "rolled_back");
    let shown = home.run(&["ops", "show", OPERATION, "--url", &stub.url]).good().out;
    for part in [
        "failed, all undone",
        "exit 1",
        "docker compose up",
        "no space left on device",
        "Failed at deploying",
        "Undone, last first\n  deploying: removed 2",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn progress_of_a_waiting_operation_names_who_is_in_the_way() {
    let stub = deploying(|_| {
        let mut queued = detail("queued", json!([]), json!([]));
        queued["waiting"] = json!({"lock": "deployment:greeter", "held_by": "op_fedcba9876543210"});
        vec![event(&queued), Line::Pause(Duration::from_millis(50)), event(&detail("succeeded", json!([]), json!([])))]
    });
    assert!(run(&stub, &[]).good().err.contains("greeter waiting for op_fedcba9876543210"));
}
