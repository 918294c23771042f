//! Operations: asked for once, followed to their end, cancelled.

use reqwest::Method;
use serde_json::{Value, json};
use steward_host::HostErrorKind;

use crate::support::{TestApp, send};

/// P2, M6: the same key is the same operation; with another request it is refused.
#[tokio::test]
async fn a_key_is_used_once() {
    let (_app, owner) = TestApp::claimed().await;
    let deploy = |body: Value| send(owner.request(Method::POST, "/applications/hello/deploy").header("idempotency-key", "k-1").json(&body));
    let first = deploy(json!({})).await.expect(202);
    let second = deploy(json!({})).await;
    assert_eq!(second.json()["operation"]["id"], first["operation"]["id"], "{}", second.text);
    deploy(json!({ "name": "other" })).await.problem(409, "idempotency_key_reused");
    assert_eq!(owner.get("/operations").await.expect(200).as_array().unwrap().len(), 1);
    owner.at_rest(first["operation"]["id"].as_str().unwrap()).await;
}

/// M7, P7: operations are kept, newest first, and can be found.
#[tokio::test]
async fn operations_are_listed() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let stop = owner.post("/operations", json!({ "kind": "deployment.stop", "deployment_id": view["id"] })).await.expect(202);
    let stop = stop["operation"]["id"].as_str().unwrap();
    owner.at_rest(stop).await;
    let all = owner.get("/operations?deployment=hello").await.expect(200);
    let kinds: Vec<&str> = all.as_array().unwrap().iter().map(|operation| operation["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["deployment.stop", "deployment.deploy"]);
    assert_eq!(all, owner.get(&format!("/operations?deployment={}", view["id"].as_str().unwrap())).await.expect(200));
    assert_eq!(owner.get(&format!("/operations?before={stop}")).await.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(owner.get("/operations?kind=deployment.deploy&limit=1").await.expect(200).as_array().unwrap().len(), 1);
}

/// H1, M5: an operation can be followed line by line until it is at rest.
#[tokio::test]
async fn events_end_with_the_operation() {
    let (_app, owner) = TestApp::claimed().await;
    let accepted = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    let id = accepted["operation"]["id"].as_str().unwrap();
    let answer = owner.get(&format!("/operations/{id}/events")).await;
    answer.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, last) = (lines.first().unwrap(), lines.last().unwrap());
    assert_eq!((&first["type"], &first["operation"]["id"]), (&json!("operation"), &json!(id)));
    assert_eq!((&last["type"], &last["operation"]["state"]), (&json!("operation"), &json!("succeeded")));
    // One that is at rest is one line.
    let after = owner.get(&format!("/operations/{id}/events")).await;
    assert_eq!(after.text.lines().count(), 1);
}

/// P2: what runs can be cancelled, and is undone; what is at rest cannot.
#[tokio::test]
async fn an_operation_is_cancelled() {
    let (app, owner) = TestApp::claimed().await;
    let before = app.host.snapshot();
    app.host.hang("image_pull");
    let accepted = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    let id = accepted["operation"]["id"].as_str().unwrap().to_owned();
    for _ in 0..500 {
        if app.host.calls().iter().any(|call| call.name == "image_pull") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // A second click while the first is under way is the same operation.
    let again = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    assert_eq!(again["operation"]["id"], id.as_str());
    let locked = owner.post("/applications/hello/deploy", json!({ "settings": { "who": "moon" } })).await.problem(409, "locked");
    assert_eq!(locked["operation_id"], id.as_str());
    owner.post(&format!("/operations/{id}/retry"), json!({})).await.problem(409, "wrong_state");
    assert_eq!(owner.post(&format!("/operations/{id}/cancel"), json!({})).await.expect(202)["cancel_requested"], true);
    app.host.release();
    assert_eq!(owner.at_rest(&id).await["state"], "cancelled");
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    let again = send(owner.request(Method::POST, &format!("/operations/{id}/cancel"))).await;
    again.problem(409, "wrong_state");
}

/// P11: an undo that fails says what is left, and is tried again on request.
#[tokio::test]
async fn what_needs_attention_is_tried_again() {
    let (app, owner) = TestApp::claimed().await;
    let before = app.host.snapshot();
    app.host.fail_next_after("compose.up", HostErrorKind::Failed);
    for _ in 0..20 {
        app.host.fail_next("compose.down", HostErrorKind::Failed);
    }
    let accepted = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    let id = accepted["operation"]["id"].as_str().unwrap();
    let stuck = owner.at_rest(id).await;
    assert_eq!(stuck["state"], "needs_attention", "{stuck:#}");
    assert!(!stuck["left_over"].as_array().unwrap().is_empty());
    app.host.clear_faults();
    owner.post(&format!("/operations/{id}/retry"), json!({})).await.expect(202);
    assert_eq!(owner.at_rest(id).await["state"], "rolled_back");
    // R40: what was made may have been used since the operation came to rest, so its volumes stay.
    let others = |line: &String| !line.starts_with("volume ");
    assert_eq!(before.differences(&app.host.snapshot()).into_iter().filter(others).collect::<Vec<_>>(), Vec::<String>::new());
}

/// M11, C10: data goes only by the one operation for it, with its name typed again.
#[tokio::test]
async fn a_volume_is_deleted_by_name_alone() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let removed = owner.delete("/deployments/hello").await.expect(202);
    owner.at_rest(removed["operation"]["id"].as_str().unwrap()).await;
    let delete = |confirm: &str| {
        let body = json!({ "kind": "volume.delete", "device_id": view["device_id"], "volume": "steward-hello_data", "confirm": confirm });
        let owner = owner.clone();
        async move { owner.post("/operations", body).await }
    };
    delete("yes").await.problem(422, "confirmation_required");
    assert!(app.host.volume("steward-hello_data").is_some());
    let accepted = delete("steward-hello_data").await.expect(202);
    assert_eq!(owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
    assert!(app.host.volume("steward-hello_data").is_none());
}

/// C4, M6: one request for many apps is planned and accepted; its parts can be listed, and left out of a list.
#[tokio::test]
async fn one_request_for_many() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let gone = "dep_0000000000000000";
    let request = json!({ "kind": "deployment.bulk", "action": "stop", "deployment_ids": [view["id"], gone] });
    let plan = owner.post("/operations/plan", request.clone()).await.expect(200);
    assert_eq!(plan["targets"][0]["changed"], json!(true), "{plan}");
    assert_eq!(plan["targets"][1]["refusal"]["code"], "not_found", "{plan}");
    let mut stale = request.clone();
    stale["plan_hash"] = json!("0");
    owner.post("/operations", stale).await.problem(409, "plan_stale");
    let mut seen = request;
    seen["plan_hash"] = plan["hash"].clone();
    let accepted = owner.post("/operations", seen).await.expect(202);
    let id = accepted["operation"]["id"].as_str().unwrap();
    let detail = owner.at_rest(id).await;
    assert_eq!((&detail["state"], &detail["targets"][0]["state"]), (&json!("needs_attention"), &json!("succeeded")));
    let parts = owner.get(&format!("/operations?parent={id}")).await.expect(200);
    assert_eq!(parts.as_array().unwrap().len(), 1);
    assert_eq!(parts[0]["parent_id"], id);
    assert_eq!(owner.get("/operations?whole=true").await.expect(200).as_array().unwrap().len(), 2);
    let viewer = app.user(&owner, "vera", "viewer").await;
    viewer
        .post("/operations", json!({ "kind": "deployment.bulk", "action": "start", "deployment_ids": [view["id"]] }))
        .await
        .problem(403, "not_allowed");
}

/// P3: also what is refused of an operation that exists has its row, and nothing changes.
#[tokio::test]
async fn a_retry_of_what_needs_none_is_refused_with_its_row() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    let id = owner.get("/operations").await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    for action in ["retry", "cancel"] {
        owner.post(&format!("/operations/{id}/{action}"), json!({})).await.problem(409, "wrong_state");
        let rows = owner.get(&format!("/audit?action=operation.{action}&target={id}")).await.expect(200);
        assert_eq!((rows[0]["phase"].as_str(), rows[0]["detail"]["code"].as_str()), (Some("refused"), Some("wrong_state")), "{rows}");
    }
    assert_eq!(owner.get(&format!("/operations/{id}")).await.expect(200)["state"], "succeeded");
}
