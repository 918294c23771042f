//! Schedules.

use serde_json::{Value, json};

use crate::server::{Home, Server, program, run};
use crate::stub::{Reply, Stub};

/// Without an engine there is no app, but a deployment can be planned, and so scheduled.
const DEPLOY: &str = r#"{"kind":"deployment.deploy","application":"uptime-kuma"}"#;

#[test]
fn a_schedule_from_the_command_line() {
    let server = Server::claimed();
    assert!(server.run(&["schedules", "list"]).good().err.contains("steward schedules add"));
    assert_eq!(server.run(&["schedules", "list", "--json"]).good().json(), json!([]));
    let add = ["schedules", "add", "nightly", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--window", "120", "--request", DEPLOY];
    let made = server.run(&add).good();
    assert!(made.out.starts_with("nightly runs every day at 03:00 (Europe/Berlin). Next: "), "{made:#?}");
    assert!(made.out.contains("here"), "the time here differs: {made:#?}");
    assert_eq!(server.run(&[&add[..], &["--json"]].concat()).bad(8).error()["code"], "name_taken");

    let listed = server.run(&["schedules", "list"]).good().out;
    assert!(listed.contains("deploy uptime-kuma") && listed.contains("every day at 03:00") && listed.contains("anna"), "{listed}");
    let shown = server.run(&["schedules", "show", "nightly"]).good().out;
    assert!(shown.contains("a run may be 120 min late") && shown.matches("next  ").count() == 3, "{shown}");

    let edited = server.run(&["schedules", "edit", "nightly", "--cron", "30 4 * * MON,THU", "--overlap", "wait", "--catch-up", "--json"]);
    let edited = edited.good().json();
    assert_eq!(
        (&edited["words"], &edited["overlap"], &edited["catch_up"]),
        (&json!("Mondays and Thursdays at 04:30"), &json!("wait"), &json!(true))
    );
    assert_eq!((&edited["window_minutes"], &edited["time_zone"]), (&json!(120), &json!("Europe/Berlin")), "what is not named stays");

    assert_eq!(server.run(&["schedules", "pause", "nightly"]).good().out, "nightly is paused.\n");
    assert!(server.run(&["schedules", "list"]).good().out.contains("paused"));
    assert!(server.run(&["schedules", "resume", "nightly"]).good().out.starts_with("nightly runs again. Next: "));
    assert_eq!(server.run(&["schedules", "runs", "nightly", "--json"]).good().json(), json!([]));
    assert_eq!(server.run(&["schedules", "runs", "nigtly", "--json"]).bad(3).error()["hint"], "Did you mean `nightly`?");
    // There is no engine to do it on.
    assert_eq!(server.run(&["schedules", "run", "nightly", "--json"]).bad(5).error()["code"], "preflight_failed");
    assert_eq!(server.run(&["schedules", "remove", "nightly", "--json"]).bad(2).error()["hint"], "Add --yes");
    assert_eq!(server.run(&["schedules", "remove", "nightly", "--yes"]).good().out, "nightly is removed.\n");
    server.run(&["schedules", "show", "nightly"]).bad(3);
}

#[test]
fn a_preview() {
    let server = Server::claimed();
    let shown = server.run(&["schedules", "preview", "*/20 8-17 * * MON-FRI", "--zone", "UTC", "--count", "5"]).good().out;
    assert!(shown.starts_with("every 20 minutes, from 08:00 to 17:59, Mondays to Fridays (UTC)\n"), "{shown}");
    assert_eq!(shown.lines().count(), 6);
    // The zone of this machine, which the tests set to UTC.
    assert_eq!(server.run(&["schedules", "preview", "0 3 * * *", "--json"]).good().json()["time_zone"], "UTC");
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::claimed();
    let add = |arguments: &[&str]| server.run(&[&["schedules", "add", "x", "--json"], arguments].concat());
    for (arguments, code, field) in [
        (&["--cron", "0 0 30 2 *", "--request", DEPLOY][..], 2, "cron"),
        (&["--cron", "0 3 * * *", "--zone", "Nowhere", "--request", DEPLOY], 2, "time_zone"),
        (&["--cron", "0 3 * * *", "--window", "9999", "--request", DEPLOY], 2, "window_minutes"),
        (&["--cron", "0 3 * * *", "--overlap", "both", "--request", DEPLOY], 2, "overlap"),
        (&["--cron", "0 3 * * *", "--request", r#"{"kind":"shell"}"#], 2, "request.kind"),
        (&["--cron", "0 3 * * *", "--request", "{"], 2, "request"),
        (&["--cron", "0 3 * * *", "explode", "photos"], 2, "request"),
    ] {
        let failed = add(arguments).bad(code);
        assert_eq!(failed.error()["field"], field, "{arguments:?}: {failed:#?}");
    }
    assert!(add(&["--cron", "0 3 * * *"]).bad(2).error()["hint"].as_str().unwrap().contains("restart"));
    assert!(add(&["--cron", "0 3 * * *", "restart"]).bad(2).error()["message"].as_str().unwrap().contains("app"));
    assert_eq!(add(&["--cron", "0 3 * * *", "restart", "photos"]).bad(3).error()["code"], "not_found");
    add(&["restart", "photos"]).bad(2);
}

/// `restart photos` becomes the request that the API takes.
#[test]
fn a_name_becomes_a_request() {
    let stub = Stub::start(|line| match line {
        "GET /api/v1/deployments/photos" => Reply::Json(200, json!({ "id": "dep_0123456789abcdef", "name": "photos" })),
        _ => Reply::Json(403, json!({ "code": "not_allowed", "detail": "no", "title": "x", "status": 403, "type": "about:blank" })),
    });
    let home = Home::new();
    let arguments = ["schedules", "add", "nightly", "--cron", "0 3 * * *", "--jitter", "60", "restart", "photos"];
    let mut command = program(&home.config(), &arguments);
    command.env("STEWARD_URL", &stub.url).env("STEWARD_TOKEN", "stw_x");
    run(command, "").bad(4);
    let asked: Vec<Value> = stub.asked().into_iter().filter(|asked| asked.line.starts_with("POST")).map(|asked| asked.body).collect();
    let request = json!({ "kind": "deployment.restart", "deployment_id": "dep_0123456789abcdef" });
    assert_eq!(asked, [json!({ "name": "nightly", "cron": "0 3 * * *", "time_zone": "UTC", "request": request, "jitter_seconds": 60 })]);
}
