//! Background tasks over the API.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Asker, TestApp};

pub async fn task(asker: &Asker, name: &str) -> Value {
    let all = asker.get("/reconcilers").await.expect(200);
    all.as_array().unwrap().iter().find(|task| task["name"] == name).unwrap_or_else(|| panic!("{name}: {all:#}")).clone()
}

/// Waits until a task has ended an activation that began after `since`.
pub async fn ended(asker: &Asker, name: &str, since: &Value) -> Value {
    for _ in 0..1000 {
        let task = task(asker, name).await;
        if task["running"] == false && task["started_at"].as_i64() > since.as_i64() {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("`{name}` did not end");
}

/// H11: every background task says what it did and when it comes again; a person can wake one, which
/// is audited.
#[tokio::test]
async fn a_background_task_says_how_it_is_and_can_be_woken() {
    let (app, owner) = TestApp::claimed().await;
    let first = ended(&owner, "sessions", &Value::Null).await;
    assert_eq!((first["failure"].is_null(), first["failures"].as_u64()), (true, Some(0)));
    assert!(first["next_at"].as_i64() > first["finished_at"].as_i64());
    assert_eq!(first["did"], "no sign-in had ended");
    tokio::time::sleep(Duration::from_millis(5)).await;

    let woken = owner.post("/reconcilers/sessions/run", json!({})).await.expect(202);
    assert_eq!(woken["name"], "sessions");
    ended(&owner, "sessions", &first["started_at"]).await;
    let rows = owner.get("/audit?action=reconciler.run").await.expect(200);
    assert_eq!((rows[0]["target"].as_str(), rows[0]["phase"].as_str()), (Some("sessions"), Some("accepted")));

    owner.post("/reconcilers/nothing/run", json!({})).await.problem(404, "not_found");
    owner.post("/reconcilers/sessions/run", json!({ "x": 1 })).await.problem(422, "unknown_field");
    let viewer = app.user(&owner, "vera", "viewer").await;
    assert!(viewer.get("/reconcilers").await.status.is_success());
    viewer.post("/reconcilers/sessions/run", json!({})).await.problem(403, "not_allowed");
    let refused = owner.get("/audit?action=reconciler.run").await.expect(200);
    assert_eq!((refused[0]["actor"].as_str(), refused[0]["phase"].as_str()), (Some("vera"), Some("refused")));
    assert_eq!(task(&owner, "devices").await["failures"], 0);
}
