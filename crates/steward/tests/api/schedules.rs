//! Schedules.

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Asker, TestApp, send};

const MINUTE: i64 = 60_000;

fn nightly(view: &Value) -> Value {
    let request = json!({ "kind": "deployment.restart", "deployment_id": view["id"] });
    json!({ "name": "nightly", "request": request, "cron": "0 3 * * *", "time_zone": "Europe/Berlin" })
}

fn with(body: &Value, changes: Value) -> Value {
    let mut body = body.clone();
    let fields = body.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    body
}

async fn put(asker: &Asker, path: &str, body: Value) -> crate::support::Answer {
    asker.call(Method::PUT, path, body).await
}

/// M6: a schedule is made, looked at, changed, paused, resumed, run and removed.
#[tokio::test]
async fn the_life_of_a_schedule() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let body = nightly(&view);
    let made = owner.post("/schedules", body.clone()).await.expect(201);
    assert_eq!((&made["words"], &made["target"], &made["owner"]), (&json!("every day at 03:00"), &json!("hello"), &json!("anna")));
    assert_eq!((&made["window_minutes"], &made["jitter_seconds"], &made["overlap"]), (&json!(60), &json!(0), &json!("skip")));
    let next: Vec<i64> = made["next"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap()).collect();
    assert!(next.len() == 3 && next.is_sorted() && next.iter().all(|at| at % MINUTE == 0), "{made:#}");
    assert_eq!((&made["last_run"], &made["problem"]), (&Value::Null, &Value::Null));
    assert_eq!(owner.get("/schedules").await.expect(200), json!([made]));
    assert_eq!(owner.get("/schedules/nightly").await.expect(200), made);
    assert_eq!(owner.get(&format!("/schedules/{}", made["id"].as_str().unwrap())).await.expect(200), made);
    assert_eq!(owner.get("/schedules/nightly/runs").await.expect(200), json!([]));

    let change = with(&body, json!({ "cron": "30 4 * * MON,THU", "overlap": "wait", "catch_up": true, "expected_version": 1 }));
    let changed = put(&owner, "/schedules/nightly", change.clone()).await.expect(200);
    assert_eq!((&changed["words"], &changed["version"]), (&json!("Mondays and Thursdays at 04:30"), &json!(2)));
    let stale = put(&owner, "/schedules/nightly", change).await.problem(409, "conflict");
    assert_eq!(stale["field"], "expected_version");

    let paused = owner.post("/schedules/nightly/pause", json!({})).await.expect(200);
    assert_eq!((&paused["enabled"], &paused["next"]), (&json!(false), &json!([])));
    let resumed = send(owner.request(Method::POST, "/schedules/nightly/resume")).await.expect(200);
    assert_eq!((&resumed["enabled"], &resumed["version"]), (&json!(true), &json!(4)));

    let accepted = owner.post("/schedules/nightly/run", json!({})).await.expect(202);
    let done = owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
    assert_eq!((&done["state"], &done["actor"], &done["kind"]), (&json!("succeeded"), &json!("anna"), &json!("deployment.restart")));

    assert_eq!(owner.delete("/schedules/nightly").await.status, 204);
    owner.get("/schedules/nightly").await.problem(404, "not_found");
    owner.delete("/schedules/nightly").await.problem(404, "not_found");
    let rows = owner.get("/audit?action=schedules.manage").await.expect(200);
    let phases: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["refused", "accepted", "accepted", "accepted", "refused", "accepted", "accepted"]);
}

/// Bad input: each wrong field with its code; a refusal is audited and changes nothing.
#[tokio::test]
async fn wrong_schedules_are_refused() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let good = nightly(&view);
    owner.post("/schedules", good.clone()).await.expect(201);
    let body = with(&good, json!({ "name": "other" }));
    let secret = json!({ "kind": "deployment.update", "deployment_id": view["id"], "settings": { "password": "canary-77c1" } });
    for (change, status, code, field) in [
        (json!({ "cron": "0 0 30 2 *" }), 422, "invalid_value", "cron"),
        (json!({ "cron": "0 0 * * * *" }), 422, "invalid_value", "cron"),
        (json!({ "cron": "61 * * * *" }), 422, "invalid_value", "cron"),
        (json!({ "time_zone": "Mars/Phobos" }), 422, "invalid_value", "time_zone"),
        (json!({ "window_minutes": 0 }), 422, "invalid_value", "window_minutes"),
        (json!({ "jitter_seconds": 4000 }), 422, "invalid_value", "jitter_seconds"),
        (json!({ "name": "No" }), 422, "invalid_name", "name"),
        (json!({ "name": "calendar" }), 422, "invalid_name", "name"),
        (json!({ "name": "nightly" }), 409, "name_taken", "name"),
        (json!({ "request": { "kind": "shell", "command": "id" } }), 422, "invalid_value", "request.kind"),
        (json!({ "request": { "kind": "deployment.restart", "deployment_id": "x" } }), 422, "invalid_value", "request.deployment_id"),
        (json!({ "request": { "kind": "deployment.restart", "deployment_id": "dep_0123456789abcdef" } }), 404, "not_found", "request"),
        (json!({ "request": secret }), 422, "invalid_value", "request.settings"),
    ] {
        let problem = owner.post("/schedules", with(&body, change.clone())).await.problem(status, code);
        assert_eq!(problem["field"], field, "{change}: {problem:#}");
    }
    let rows = owner.get("/audit?action=schedules.manage").await;
    assert_eq!(rows.expect(200).as_array().unwrap().iter().filter(|row| row["phase"] == "refused").count(), 13);
    assert!(!rows.text.contains("canary-77c1"));
    for (change, code, field) in [
        (json!({ "colour": "red" }), "unknown_field", "colour"),
        (json!({ "expected_version": 1 }), "unknown_field", "expected_version"),
        (json!({ "overlap": "both" }), "invalid_value", "overlap"),
        (json!({ "window_minutes": -1 }), "invalid_value", "window_minutes"),
        (json!({ "cron": 7 }), "invalid_value", "cron"),
    ] {
        assert_eq!(owner.post("/schedules", with(&body, change.clone())).await.problem(422, code)["field"], field, "{change}");
    }
    assert_eq!(put(&owner, "/schedules/nightly", good).await.problem(422, "invalid_value")["field"], "expected_version");
    assert_eq!(owner.get("/schedules").await.expect(200).as_array().unwrap().len(), 1);
    owner.get("/schedules/..%2fx").await.problem(404, "not_found");
}

/// What an expression means, and the calendar, within bounds.
#[tokio::test]
async fn previews_and_the_calendar() {
    let (app, owner) = TestApp::claimed().await;
    let viewer = app.user(&owner, "vera", "viewer").await;
    let preview = json!({ "cron": "*/15 * * * *", "time_zone": "europe/berlin", "count": 100 });
    let shown = viewer.post("/schedules/preview", preview).await.expect(200);
    assert_eq!((&shown["words"], &shown["time_zone"]), (&json!("every 15 minutes"), &json!("Europe/Berlin")));
    assert_eq!(shown["next"].as_array().unwrap().len(), 100);
    for (body, field) in [
        (json!({ "cron": "x", "time_zone": "UTC" }), "cron"),
        (json!({ "cron": "0 3 * * *", "time_zone": "" }), "time_zone"),
        (json!({ "cron": "0 3 * * *", "time_zone": "UTC", "count": 101 }), "count"),
        (json!({ "cron": "0 3 * * *", "time_zone": "UTC", "count": 0 }), "count"),
    ] {
        assert_eq!(viewer.post("/schedules/preview", body.clone()).await.problem(422, "invalid_value")["field"], field, "{body}");
    }
    let view = app.deploy_hello(&owner).await;
    let made = owner.post("/schedules", nightly(&view)).await.expect(201);
    let first = made["next"][0].as_i64().unwrap();
    let range = format!("from={}&to={}&time_zone=Europe/Berlin", first - 1, first + 49 * 60 * MINUTE);
    let days = viewer.get(&format!("/schedules/calendar?{range}")).await.expect(200);
    assert_eq!(
        days.as_array().unwrap().iter().map(|day| (&day["upcoming"], &day["name"])).collect::<Vec<_>>(),
        vec![(&json!(1), &json!("nightly")); 3]
    );
    assert_eq!(days[0]["first_at"], first);
    for (query, field) in [("from=5&to=5", "to"), ("from=0&to=99999999999", "to"), ("time_zone=x", "time_zone"), ("from=-5", "to")] {
        assert_eq!(viewer.get(&format!("/schedules/calendar?{query}")).await.problem(422, "invalid_value")["field"], field, "{query}");
    }
    viewer.get("/schedules/calendar?colour=red").await.problem(422, "unknown_field");
    viewer.get("/schedules/nightly/runs?limit=0").await.problem(422, "invalid_value");
}

/// Whoever subscribed hears of a change.
#[tokio::test]
async fn changes_are_told() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let mut request = format!("ws://{}/ws", app.address).into_client_request().unwrap();
    let bearer = format!("Bearer {}", owner.token.as_deref().unwrap());
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.send(Message::text(r#"{"action":"subscribe","channels":["schedules"]}"#)).await.unwrap();
    let mut heard = async |event: &str| {
        loop {
            // Pings come in between.
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["event"] == event {
                return message;
            }
        }
    };
    assert_eq!(heard("subscribed").await["data"]["channels"], json!(["schedules"]));
    let made = owner.post("/schedules", nightly(&view)).await.expect(201);
    let told = heard("changed").await;
    assert_eq!((&told["channel"], &told["data"]["schedule_id"]), (&json!("schedules"), &made["id"]));
}
