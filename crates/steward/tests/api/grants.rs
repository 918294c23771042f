//! Grants: people and tokens that see only some apps.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use steward_core::log::LogStream;

use crate::socket::{Socket, bearer, open};
use crate::support::{Asker, TestApp, send};

/// Two apps, `hello` and `other`, and somebody without a role of her own.
pub struct Two {
    pub app: TestApp,
    pub owner: Asker,
    pub guest: Asker,
    pub guest_id: String,
    pub hello: Value,
    pub other: Value,
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

impl Two {
    pub async fn new() -> Self {
        let (app, owner) = TestApp::claimed().await;
        app.hurry();
        let hello = app.deploy_hello(&owner).await;
        let body = json!({ "name": "other", "ports": { "80/tcp": 8099 } });
        let accepted = owner.post("/applications/hello/deploy", body).await.expect(202);
        owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
        let other = app.seen_running(&owner, "other").await;
        let guest = app.user(&owner, "gina", "guest").await;
        let guest_id = text(&guest.get("/session").await.expect(200)["user"]["id"]);
        Self { app, owner, guest, guest_id, hello, other }
    }

    pub async fn grant(&self, role: &str, deployment: &str) -> String {
        let path = format!("/users/{}/grants", self.guest_id);
        text(&self.owner.post(&path, json!({ "role": role, "deployment": deployment })).await.expect(201)["id"])
    }

    async fn revoke(&self, grant: &str) {
        let answer = self.owner.delete(&format!("/users/{}/grants/{grant}", self.guest_id)).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// What is said about something, with its name taken out: two answers that are the same then say no
/// more than each other.
fn without(answer: &str, name: &str) -> String {
    answer.replace(name, "NAME")
}

/// C3, C8, R12: without a grant there is nothing; with one there is the app that it is for, and the
/// role on it is that of the grant.
#[tokio::test]
async fn a_guest_sees_what_it_was_granted() {
    let two = Two::new().await;
    let guest = &two.guest;
    for list in ["/deployments", "/devices", "/operations", "/volumes", "/schedules", "/applications"] {
        assert_eq!(guest.get(list).await.expect(200), json!([]), "{list}");
    }
    let grant = two.grant("viewer", "hello").await;
    assert_eq!(names(&guest.get("/deployments").await.expect(200)), ["hello"]);
    assert_eq!(guest.get("/volumes").await.expect(200).as_array().unwrap().len(), 1);
    let operations = guest.get("/operations").await.expect(200);
    assert_eq!(operations.as_array().unwrap().len(), 1);
    assert_eq!(operations[0]["target"], "hello");
    assert_eq!(guest.get("/devices").await.expect(200), json!([]), "the device is more than the app");
    guest.get("/deployments/hello/logs").await.problem(403, "not_allowed");
    guest.post("/deployments/hello/stop", json!({})).await.problem(403, "not_allowed");
    let session = guest.get("/session").await.expect(200);
    assert_eq!((&session["scopes"][0]["deployment_id"], &session["scopes"][0]["role"]), (&two.hello["id"], &json!("viewer")));

    // The same place again is another role there, not a second grant.
    two.grant("operator", "hello").await;
    let granted = two.owner.get(&format!("/users/{}/grants", two.guest_id)).await.expect(200);
    assert_eq!((granted.as_array().unwrap().len(), &granted[0]["role"], &granted[0]["name"]), (1, &json!("operator"), &json!("hello")));
    guest.get("/deployments/hello/logs").await.expect(200);
    let stopped = guest.post("/deployments/hello/stop", json!({})).await.expect(202);
    guest.at_rest(stopped["operation"]["id"].as_str().unwrap()).await;
    guest.delete("/deployments/hello").await.problem(403, "not_allowed");
    let detail = guest.get(&format!("/operations/{}", stopped["operation"]["id"].as_str().unwrap())).await.expect(200);
    assert!(!detail["commands"].as_array().unwrap().is_empty(), "an operator sees the commands of its app");

    let newer = text(&granted[0]["id"]);
    assert_ne!(newer, grant);
    two.revoke(&newer).await;
    assert_eq!(guest.get("/deployments").await.expect(200), json!([]));
    guest.get("/deployments/hello").await.problem(404, "not_found");
}

/// R12: what somebody may not see answers word for word like something that does not exist, to every
/// question, and a refusal of either is in the audit.
#[tokio::test]
async fn what_cannot_be_seen_is_as_if_absent() {
    let two = Two::new().await;
    two.grant("admin", "hello").await;
    let (guest, owner) = (&two.guest, &two.owner);
    let scheduled = json!({ "name": "nightly", "cron": "0 3 * * *", "time_zone": "UTC",
                            "request": { "kind": "deployment.restart", "deployment_id": two.other["id"] } });
    owner.post("/schedules", scheduled).await.expect(201);
    let operation = text(&owner.get("/operations?deployment=other").await.expect(200)[0]["id"]);
    let id = text(&two.other["id"]);
    let device = text(&two.other["device_id"]);
    let script = json!({ "kind": "script.run", "device_id": "DEVICE", "script": "trim-disks" });
    let volume = json!({ "kind": "volume.delete", "device_id": "DEVICE", "volume": "steward-other_data", "confirm": "steward-other_data" });
    let get = |path: &str| (Method::GET, path.to_owned(), json!(null));
    let post = |path: &str, body: Value| (Method::POST, path.to_owned(), body);
    let questions = [
        get("/deployments/APP"),
        get("/deployments/APP/config"),
        get("/deployments/APP/files"),
        get("/deployments/APP/logs"),
        get("/deployments/APP/revisions"),
        get("/operations?deployment=APP"),
        get("/operations?deployment=APPID"),
        get("/operations?before=OPERATION"),
        get("/operations?parent=OPERATION"),
        get("/operations/OPERATION"),
        get("/operations/OPERATION/events"),
        get("/schedules/SCHEDULE"),
        get("/schedules/SCHEDULE/runs"),
        get("/devices/DEVICE"),
        get("/devices/DEVICE/ports"),
        get("/devices/DEVICE/containers"),
        get("/devices/DEVICE/scripts"),
        get("/devices/DEVICE/stats"),
        (Method::DELETE, "/deployments/APP".to_owned(), json!(null)),
        (Method::PATCH, "/deployments/APP".to_owned(), json!({})),
        (Method::PATCH, "/devices/DEVICE".to_owned(), json!({})),
        post("/deployments/APP/start", json!({})),
        post("/deployments/APP/stop", json!({})),
        post("/deployments/APP/restart", json!({})),
        post("/deployments/APP/rollback", json!({ "revision": 1 })),
        post("/deployments/APP/plan", json!({ "action": "stop" })),
        post("/deployments/APP/secrets/reveal", json!({ "key": "password" })),
        post("/operations/OPERATION/cancel", json!({})),
        post("/operations/OPERATION/retry", json!({})),
        post("/operations", json!({ "kind": "deployment.stop", "deployment_id": "APPID" })),
        post("/operations/plan", json!({ "kind": "deployment.stop", "deployment_id": "APPID" })),
        post("/operations", json!({ "kind": "deployment.bulk", "action": "stop", "deployment_ids": [two.hello["id"], "APPID"] })),
        post("/operations/plan", json!({ "kind": "deployment.bulk", "action": "stop", "deployment_ids": ["APPID"] })),
        post("/operations", script),
        post("/operations", volume),
        post("/operations", json!({ "kind": "deployment.deploy", "application": "hello", "name": "mine", "device_id": "DEVICE" })),
        post("/schedules/SCHEDULE/run", json!({})),
        post("/schedules/SCHEDULE/pause", json!({})),
        (Method::DELETE, "/schedules/SCHEDULE".to_owned(), json!(null)),
        post(
            "/schedules",
            json!({ "name": "mine", "cron": "0 3 * * *", "time_zone": "UTC",
                                   "request": { "kind": "deployment.restart", "deployment_id": "APPID" } }),
        ),
        post("/tokens", json!({ "name": "t", "deployments": ["APP"] })),
        post("/tokens", json!({ "name": "t", "devices": ["DEVICE"] })),
    ];
    let there = [("APPID", id.as_str()), ("APP", "other"), ("OPERATION", &operation), ("DEVICE", &device), ("SCHEDULE", "nightly")];
    let absent = [
        ("APPID", "dep_0000000000000000"),
        ("APP", "nothing"),
        ("OPERATION", "op_0000000000000000"),
        ("DEVICE", "dev_0000000000000000"),
        ("SCHEDULE", "no-schedule"),
    ];
    let before = two.app.host.snapshot();
    for (method, path, body) in questions {
        let mut answers = Vec::new();
        for words in [&there, &absent] {
            let fill = |text: &str| words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value));
            let request = guest.request(method.clone(), &fill(&path));
            let request =
                if body.is_null() { request } else { request.json(&serde_json::from_str::<Value>(&fill(&body.to_string())).unwrap()) };
            let answer = send(request).await;
            let said = words.iter().fold(answer.text.clone(), |text, (word, value)| text.replace(value, word));
            answers.push((answer.status.as_u16(), without(&said, "instance")));
        }
        assert_eq!(answers[0], answers[1], "{method} {path} {body} tells one from the other");
        let list = path.starts_with("/operations?") && !path.ends_with("=APP");
        assert_eq!(answers[0].0, if list { 200 } else { 404 }, "{method} {path} {body}: {}", answers[0].1);
    }
    assert_eq!(before.differences(&two.app.host.snapshot()), Vec::<String>::new());
    // Of each that would have changed something there is a row, and it names no more than was asked for.
    let rows = owner.get("/audit?actor=gina&limit=500").await.expect(200);
    let refused: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["phase"] == "refused").collect();
    for action in ["deployment.stop", "deployment.remove", "deployment.update", "secret.reveal", "operation.cancel", "schedules.manage"] {
        let of: Vec<&&Value> = refused.iter().filter(|row| row["action"] == action).collect();
        assert!(of.len() >= 2, "{action}: {} rows", of.len());
        assert!(of.iter().all(|row| row["detail"]["code"] == "not_found"), "{action}: {of:?}");
    }
    // The names that were guessed, and no others.
    let by_id = refused.iter().filter(|row| row["target"] == id.as_str());
    assert!(by_id.clone().count() > 0);
    assert!(by_id.clone().all(|row| !row["detail"].to_string().contains("other")), "{refused:?}");
}

/// R12: a check says that a port is taken, and to whom only to those who see that.
#[tokio::test]
async fn a_plan_names_nobody_else() {
    let two = Two::new().await;
    two.grant("operator", "hello").await;
    let change = json!({ "action": "update", "ports": { "80/tcp": 8099 } });
    for (asker, said) in [(&two.owner, "steward-other"), (&two.guest, "something else on the device")] {
        let plan = asker.post("/deployments/hello/plan", change.clone()).await.expect(200);
        let check = plan["checks"].as_array().unwrap().iter().find(|check| check["status"] == "fail").unwrap().clone();
        assert!(check["message"].as_str().unwrap().contains(said), "{check}");
    }
    let plan = two.guest.post("/deployments/hello/plan", change).await.text;
    assert!(!plan.contains("other"), "{plan}");
    let refused = two.guest.patch("/deployments/hello", json!({ "ports": { "80/tcp": 8099 } })).await;
    refused.problem(409, "preflight_failed");
    assert!(!refused.text.contains("other"), "{}", refused.text);
}

/// C4, R12: an operation on many is there for those who see all that it is about; its parts are
/// there for those who see these, and do not name it.
#[tokio::test]
async fn a_part_does_not_name_the_whole() {
    let two = Two::new().await;
    two.grant("operator", "hello").await;
    let ids = [two.hello["id"].clone(), two.other["id"].clone()];
    let accepted = two.owner.post("/operations", json!({ "kind": "deployment.bulk", "action": "restart", "deployment_ids": ids })).await;
    let whole = text(&accepted.expect(202)["operation"]["id"]);
    two.owner.at_rest(&whole).await;
    two.guest.get(&format!("/operations/{whole}")).await.problem(404, "not_found");
    for list in ["/operations", "/operations?whole=true"] {
        let seen = two.guest.get(list).await.expect(200);
        assert_eq!((&seen[0]["kind"], &seen[0]["parent_id"]), (&json!("deployment.restart"), &json!(null)), "{list}");
        assert!(!seen.to_string().contains(&whole) && !seen.to_string().contains("other"), "{seen}");
    }
    // One about nothing but what it sees is its own, with its parts.
    let own = json!({ "kind": "deployment.bulk", "action": "stop", "deployment_ids": [two.hello["id"]] });
    let accepted = two.guest.post("/operations", own).await.expect(202);
    let own = text(&accepted["operation"]["id"]);
    assert_eq!(two.guest.at_rest(&own).await["state"], "succeeded");
    assert_eq!(two.guest.get(&format!("/operations?parent={own}")).await.expect(200)[0]["parent_id"], own.as_str());
}

/// R14: a schedule acts with what its owner may do when it is due, grants included.
#[tokio::test]
async fn a_schedule_has_the_rights_that_its_owner_has_then() {
    let two = Two::new().await;
    let grant = two.grant("operator", "hello").await;
    let schedule = json!({ "name": "often", "cron": "* * * * *", "time_zone": "UTC",
                           "request": { "kind": "deployment.restart", "deployment_id": two.hello["id"] } });
    let made = two.guest.post("/schedules", schedule.clone()).await.expect(201);
    assert_eq!(made["problem"], json!(null));
    assert_eq!(names(&two.guest.get("/schedules").await.expect(200)), ["often"]);
    let mut foreign = schedule;
    foreign["request"]["deployment_id"] = two.other["id"].clone();
    two.guest.post("/schedules", foreign).await.problem(404, "not_found");
    two.revoke(&grant).await;
    let seen = two.owner.get("/schedules/often").await.expect(200);
    assert!(seen["problem"].as_str().unwrap().contains("does not see"), "{seen}");
    assert_eq!(two.guest.get("/schedules").await.expect(200), json!([]));
    two.grant("viewer", "hello").await;
    let seen = two.owner.get("/schedules/often").await.expect(200);
    assert!(seen["problem"].as_str().unwrap().contains("needs the role operator; the schedule's owner is viewer"), "{seen}");
    assert_eq!(names(&two.guest.get("/schedules").await.expect(200)), ["often"]);
    two.guest.delete("/schedules/often").await.problem(403, "not_allowed");
}

/// M14, P6: a token can be for some apps only, has never more than its owner has at that moment, and
/// cannot get itself more.
#[tokio::test]
async fn a_token_is_for_what_it_was_made_for() {
    let two = Two::new().await;
    let wanted = json!({ "name": "only", "role": "operator", "deployments": ["hello"] });
    let made = two.owner.post("/tokens", wanted).await.expect(201);
    assert_eq!(made["token"]["scopes"], json!([{ "deployment_id": two.hello["id"] }]));
    let token = two.app.asker(Some(text(&made["secret"])));
    assert_eq!(names(&token.get("/deployments").await.expect(200)), ["hello"]);
    token.get("/deployments/other").await.problem(404, "not_found");
    token.delete("/deployments/hello").await.problem(403, "not_allowed");
    token.get("/users").await.problem(403, "not_allowed");
    token.get("/audit").await.problem(403, "not_allowed");
    let stopped = token.post("/deployments/hello/stop", json!({})).await.expect(202);
    token.at_rest(stopped["operation"]["id"].as_str().unwrap()).await;
    for (method, path, body) in [
        (Method::POST, "/tokens", json!({ "name": "more" })),
        (Method::POST, "/account/password", json!({ "current": crate::support::PASSWORD, "new": "small grey cat" })),
        (Method::GET, "/sessions", json!({})),
    ] {
        token.call(method, path, body).await.problem(403, "not_allowed");
    }
    // The owner of a token may lose what the token was made with.
    let grant = two.grant("admin", "hello").await;
    let made = two.guest.post("/tokens", json!({ "name": "mine" })).await.expect(201);
    assert_eq!((&made["token"]["role"], &made["token"]["scopes"]), (&json!("admin"), &json!(null)));
    let token = two.app.asker(Some(text(&made["secret"])));
    token.get("/deployments/hello/files").await.expect(200);
    two.grant("viewer", "hello").await;
    token.get("/deployments/hello/files").await.problem(403, "not_allowed");
    two.guest.post("/tokens", json!({ "name": "more", "role": "operator" })).await.problem(403, "not_allowed");
    let now = text(&two.owner.get(&format!("/users/{}/grants", two.guest_id)).await.expect(200)[0]["id"]);
    assert_ne!(now, grant);
    two.revoke(&now).await;
    token.get("/deployments/hello").await.problem(404, "not_found");
    // A scope that is gone is nothing, not everything.
    let made = two.owner.post("/tokens", json!({ "name": "soon", "deployments": ["other"] })).await.expect(201);
    let token = two.app.asker(Some(text(&made["secret"])));
    let removed = two.owner.delete("/deployments/other").await.expect(202);
    two.owner.at_rest(removed["operation"]["id"].as_str().unwrap()).await;
    assert_eq!(token.get("/deployments").await.expect(200), json!([]));
    token.get("/deployments/hello").await.problem(404, "not_found");
}

/// Bad input: what cannot be granted, to whom, and by whom.
#[tokio::test]
async fn what_cannot_be_granted_is_refused() {
    let two = Two::new().await;
    let path = format!("/users/{}/grants", two.guest_id);
    for (body, status, code, field) in [
        (json!({ "role": "viewer" }), 422, "invalid_value", "deployment"),
        (json!({ "role": "viewer", "deployment": "hello", "device": "x" }), 422, "invalid_value", "deployment"),
        (json!({ "role": "owner", "deployment": "hello" }), 422, "invalid_value", "role"),
        (json!({ "role": "guest", "deployment": "hello" }), 422, "invalid_value", "role"),
        (json!({ "role": "root", "deployment": "hello" }), 422, "invalid_value", "role"),
        (json!({ "role": "viewer", "deployment": "nothing" }), 404, "not_found", "deployment"),
        (json!({ "role": "viewer", "device": "nothing" }), 404, "not_found", "device"),
    ] {
        let problem = two.owner.post(&path, body.clone()).await.problem(status, code);
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
    two.owner.post(&path, json!({ "role": "viewer", "app": "hello" })).await.problem(422, "unknown_field");
    two.owner
        .post("/users/usr_0000000000000000/grants", json!({ "role": "viewer", "deployment": "hello" }))
        .await
        .problem(404, "not_found");
    two.owner.delete(&format!("{path}/grt_0000000000000000")).await.problem(404, "not_found");
    let admin = two.app.user(&two.owner, "adam", "admin").await;
    let anna = text(&two.owner.get("/session").await.expect(200)["user"]["id"]);
    admin.post(&format!("/users/{anna}/grants"), json!({ "role": "viewer", "deployment": "hello" })).await.problem(403, "not_allowed");
    assert_eq!(two.owner.get(&path).await.expect(200), json!([]));
    // A grant goes with the account, and is in the audit.
    two.grant("viewer", "hello").await;
    let rows = two.owner.get("/audit?action=users.manage&target=gina").await.expect(200);
    assert_eq!((&rows[0]["detail"]["granted"], &rows[0]["detail"]["on"]), (&json!("viewer"), &json!("hello")));
    assert_eq!(two.owner.delete(&format!("/users/{}", two.guest_id)).await.status, 204);
    two.guest.get("/session").await.problem(401, "not_signed_in");
}

async fn closes(socket: &mut Socket) {
    let closed = tokio::time::timeout(Duration::from_secs(5), async { while socket.hear().await.is_some() {} }).await;
    assert!(closed.is_ok(), "the socket outlives the rights that it was opened with");
}

/// R26, R12: of each change somebody hears who sees what it is about, and nobody else.
#[tokio::test]
async fn a_socket_says_what_its_owner_may_hear() {
    let two = Two::new().await;
    two.grant("operator", "hello").await;
    let channels = json!(["devices", "deployments", "operations", "schedules", "reconcilers"]);
    let mut socket = open(&two.app, &[bearer(&two.guest)]).await.ok().unwrap();
    socket.say(json!({ "action": "subscribe", "channels": channels })).await;
    socket.until("system", "subscribed").await;
    for deployment in ["other", "hello"] {
        let schedule = json!({ "name": deployment, "cron": "0 3 * * *", "time_zone": "UTC",
                               "request": { "kind": "deployment.restart", "deployment_id": two.owner.get(&format!("/deployments/{deployment}")).await.expect(200)["id"] } });
        two.owner.post("/schedules", schedule).await.expect(201);
        let accepted = two.owner.post(&format!("/deployments/{deployment}/restart"), json!({})).await.expect(202);
        two.owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
    }
    two.owner.post("/reconcilers/sessions/run", json!({})).await.expect(202);
    two.app.host.set_engine_up(false);
    tokio::time::sleep(Duration::from_millis(300)).await;
    socket.say(json!({ "action": "ping" })).await;
    let foreign = [text(&two.other["id"]), text(&two.owner.get("/schedules/other").await.expect(200)["id"])];
    let mut heard = std::collections::BTreeSet::new();
    loop {
        let message = socket.hear().await.unwrap();
        let channel = text(&message["channel"]);
        if message["event"] == "pong" {
            break;
        }
        assert!(!foreign.iter().any(|id| message.to_string().contains(id)), "{message}");
        heard.insert(channel);
    }
    assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["deployments", "operations", "schedules"]);
}

/// P4, R26: all logs are those that somebody may read; one that it does not see is not there.
#[tokio::test]
async fn all_logs_are_those_that_may_be_read() {
    let two = Two::new().await;
    two.grant("operator", "hello").await;
    let mut socket = open(&two.app, &[bearer(&two.guest)]).await.ok().unwrap();
    socket.say(json!({ "action": "subscribe", "channels": ["logs"], "deployment_id": "other" })).await;
    assert_eq!(socket.until("system", "error").await, json!({ "code": "not_found", "message": "there is no app `other`" }));
    socket.say(json!({ "action": "subscribe", "channels": ["logs"], "tail": 10 })).await;
    socket.until("system", "subscribed").await;
    two.app.host.write_log("steward-other", "hello", LogStream::Stdout, "not for her");
    two.app.host.write_log("steward-hello", "hello", LogStream::Stdout, "for her");
    let mut said = Vec::new();
    while !said.iter().any(|line| line == "for her") {
        let lines = socket.until("logs", "lines").await;
        assert_eq!(lines["deployment_id"], two.hello["id"]);
        said.extend(lines["lines"].as_array().unwrap().iter().map(|line| text(&line["text"])));
    }
    assert!(!said.iter().any(|line| line == "not for her"), "{said:?}");
    // With the right to see and not to read there is no log at all.
    two.grant("viewer", "hello").await;
    closes(&mut socket).await;
    let mut socket = open(&two.app, &[bearer(&two.guest)]).await.ok().unwrap();
    socket.say(json!({ "action": "subscribe", "channels": ["logs"] })).await;
    assert_eq!(socket.until("system", "error").await["code"], "not_allowed");
    assert_eq!(socket.until("system", "subscribed").await, json!({ "channels": [] }));
}

/// Promise 12, R22, R26: whatever takes rights away ends what is open with them, sockets and streams,
/// within five seconds.
#[tokio::test]
async fn what_is_open_ends_with_the_rights() {
    let two = Two::new().await;
    let path = format!("/users/{}", two.guest_id);
    for change in ["grant", "revoke", "password", "role", "session", "sign out", "remove"] {
        let grant = two.grant("operator", "hello").await;
        let session =
            two.app.anonymous().post("/session", json!({ "user": "gina", "password": crate::support::PASSWORD })).await.expect(201);
        let guest = two.app.asker(Some(text(&session["token"])));
        let mut socket = open(&two.app, &[bearer(&guest)]).await.ok().unwrap();
        socket.until("system", "hello").await;
        let log = guest.request(Method::GET, "/deployments/hello/logs?follow=true").send().await.unwrap();
        assert_eq!(log.status(), 200);
        let mut log = log.bytes_stream();
        let began = std::time::Instant::now();
        match change {
            "grant" => drop(two.grant("viewer", "hello").await),
            "revoke" => two.revoke(&grant).await,
            "password" => drop(two.owner.patch(&path, json!({ "password": crate::support::PASSWORD })).await.expect(200)),
            "role" => drop(two.owner.patch(&path, json!({ "role": "guest" })).await.expect(200)),
            "session" => {
                let own = guest.get("/sessions").await.expect(200);
                let own = own.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap().clone();
                assert_eq!(guest.delete(&format!("/sessions/{}", own["id"].as_str().unwrap())).await.status, 204);
            }
            "sign out" => assert_eq!(guest.delete("/session").await.status, 204),
            _ => assert_eq!(two.owner.delete(&path).await.status, 204),
        }
        closes(&mut socket).await;
        let ended = tokio::time::timeout(Duration::from_secs(5), async { while let Some(Ok(_)) = log.next().await {} }).await;
        assert!(ended.is_ok(), "{change}: the log goes on");
        assert!(began.elapsed() < Duration::from_secs(5), "{change}: {:?}", began.elapsed());
    }
}
