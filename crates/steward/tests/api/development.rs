//! A development instance over the API.

use serde_json::json;

use crate::support::TestApp;

/// P9: what is not marked is refused with a code of its own, by whatever route; marking is an admin's.
#[tokio::test]
async fn a_development_instance_touches_only_what_is_marked() {
    let (app, owner) = TestApp::development().await.owned().await;
    assert_eq!(owner.get("/system/version").await.expect(200)["development"], true);
    let device = owner.get("/devices").await.expect(200)[0].clone();
    assert_eq!(device["development"], false, "the local device is not marked by itself");
    let path = format!("/devices/{}", device["id"].as_str().unwrap());
    let before = app.host.snapshot();
    let plan = owner.post("/applications/hello/plan", json!({})).await.expect(200);
    assert_eq!((plan["checks"][0]["code"].as_str(), plan["checks"][0]["status"].as_str()), (Some("development"), Some("fail")));
    let refused = owner.post("/applications/hello/deploy", json!({})).await.problem(403, "development_only");
    assert!(refused["hint"].as_str().unwrap().contains("steward devices mark-development"), "{refused}");
    let body = json!({ "kind": "deployment.deploy", "application": "hello" });
    owner.post("/operations", body).await.problem(403, "development_only");
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    let row = &owner.get("/audit?limit=1").await.expect(200)[0];
    assert_eq!((row["phase"].as_str(), row["detail"]["code"].as_str()), (Some("refused"), Some("development_only")));

    let operator = app.user(&owner, "otto", "operator").await;
    operator.patch(&path, json!({ "development": true })).await.problem(403, "not_allowed");
    owner.patch(&path, json!({ "development": "yes" })).await.problem(422, "invalid_value");
    owner.patch(&path, json!({ "development": true, "name": "x" })).await.problem(422, "unknown_field");
    owner.patch("/devices/dev_0000000000000000", json!({ "development": true })).await.problem(404, "not_found");
    assert_eq!(owner.patch(&path, json!({ "development": true })).await.expect(200)["development"], true);
    app.deploy_hello(&operator).await;
    assert_eq!(owner.patch(&path, json!({ "development": false })).await.expect(200)["development"], false);
    operator.post("/deployments/hello/restart", json!({})).await.problem(403, "development_only");
    assert_eq!(owner.patch(&path, json!({})).await.expect(200)["development"], false, "what is absent stays");
}

/// P9: others say that they are not, and ignore marks.
#[tokio::test]
async fn a_production_instance_says_so() {
    let (app, owner) = TestApp::claimed().await;
    assert_eq!(owner.get("/system/version").await.expect(200)["development"], false);
    app.deploy_hello(&owner).await;
}
