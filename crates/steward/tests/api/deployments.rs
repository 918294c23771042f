//! The life of a deployment.

use serde_json::{Value, json};
use steward_core::device::{ContainerState, Protocol};
use steward_core::name::ImageRef;
use steward_host::simulated::{Behaviour, SimulatedImage};

use crate::support::{TestApp, send};

/// M5, C4, M6: deploy, look, stop, start, restart, remove; the data stays until it is deleted by name.
#[tokio::test]
async fn a_deployment_lives_and_goes() {
    let (app, owner) = TestApp::claimed().await;
    let plan = owner.post("/applications/hello/plan", json!({})).await.expect(200);
    assert_eq!((&plan["changed"], &plan["kind"]), (&json!(true), &json!("deployment.deploy")));
    assert!(plan["checks"].as_array().unwrap().iter().all(|check| check["status"] != "fail"), "{plan:#}");
    let body = json!({ "plan_hash": plan["hash"] });
    let accepted = owner.post("/applications/hello/deploy", body).await;
    let operation = accepted.expect(202)["operation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(accepted.header("location"), format!("/api/v1/operations/{operation}"));
    let done = owner.at_rest(&operation).await;
    assert_eq!(done["state"], "succeeded", "{done:#}");
    let steps: Vec<&str> = done["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["validating", "preparing", "deploying", "configuring", "health_check"]);
    assert!(!done["commands"].as_array().unwrap().is_empty());

    let view = app.seen_running(&owner, "hello").await;
    assert_eq!((&view["title"], &view["revision"], &view["busy"]), (&json!("Hello"), &json!(1), &Value::Null));
    assert_eq!(view["icon"], "/api/v1/applications/hello/icon.svg");
    assert_eq!(owner.get(&format!("/deployments/{}", view["id"].as_str().unwrap())).await.expect(200)["name"], "hello");
    assert_eq!(owner.get("/applications/hello").await.expect(200)["deployments"], 1);

    for (action, state) in [("stop", ContainerState::Exited), ("start", ContainerState::Running), ("restart", ContainerState::Running)] {
        let accepted = owner.post(&format!("/deployments/hello/{action}"), json!({})).await.expect(202);
        let done = owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
        assert_eq!(done["state"], "succeeded", "{action}: {done:#}");
        assert!(app.containers().values().all(|found| *found == state), "{action}: {:?}", app.containers());
    }

    let removed = owner.delete("/deployments/hello").await.expect(202);
    assert_eq!(owner.at_rest(removed["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
    assert!(app.containers().is_empty());
    owner.get("/deployments/hello").await.problem(404, "not_found");
    assert!(app.host.volume("steward-hello_data").is_some(), "the data stays");
}

/// M5: the same again is no work; a body may be left out.
#[tokio::test]
async fn what_is_so_already_is_not_done_again() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    app.host.clear_calls();
    let again = owner.post("/applications/hello/deploy", json!({})).await;
    assert_eq!(again.expect(200)["unchanged"], true);
    assert!(!again.header("location").is_empty());
    let empty = send(owner.request(reqwest::Method::POST, "/deployments/hello/start")).await;
    assert_eq!(empty.expect(200)["unchanged"], true);
    assert_eq!(app.host.mutations(), 0, "{:?}", app.host.calls());
}

/// M5: a taken port is found before anything is changed, and the answer says what would do.
#[tokio::test]
async fn a_failed_check_changes_nothing_and_says_the_fix() {
    let (app, owner) = TestApp::claimed().await;
    app.host.listen(8088, Protocol::Tcp, Some("nginx"));
    let before = app.host.snapshot();
    let refused = owner.post("/applications/hello/deploy", json!({})).await.problem(409, "preflight_failed");
    assert_eq!(refused["field"], "ports.80/tcp", "{refused:#}");
    let failed: Vec<&Value> = refused["plan"]["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "fail").collect();
    let free: u16 = failed[0]["fix"]["value"].as_str().unwrap().parse().unwrap();
    assert_ne!(free, 8088);
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    assert_eq!(owner.get("/deployments").await.expect(200), json!([]));
    // The plan alone says the same without refusing.
    let plan = owner.post("/applications/hello/plan", json!({})).await.expect(200);
    assert!(plan["checks"].as_array().unwrap().iter().any(|check| check["status"] == "fail"));
    let accepted = owner.post("/applications/hello/deploy", json!({ "ports": { "80/tcp": free } })).await.expect(202);
    assert_eq!(owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
    let view = app.seen_running(&owner, "hello").await;
    assert_eq!(view["links"][0]["url"], format!("http://127.0.0.1:{free}"));
}

/// M5: a plan that no longer fits the world is refused, with the one that does.
#[tokio::test]
async fn a_stale_plan_is_refused() {
    let (app, owner) = TestApp::claimed().await;
    let plan = owner.post("/applications/hello/plan", json!({})).await.expect(200);
    app.host.write_volume("steward-hello_data", "old", b"1");
    let stale = owner.post("/applications/hello/deploy", json!({ "plan_hash": plan["hash"] })).await.problem(409, "plan_stale");
    assert_ne!(stale["plan"]["hash"], plan["hash"]);
    let accepted = owner.post("/applications/hello/deploy", json!({ "plan_hash": stale["plan"]["hash"] })).await.expect(202);
    assert_eq!(owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
}

/// M5: an image that never becomes healthy is taken away again: nothing changed.
#[tokio::test]
async fn a_failed_deployment_is_rolled_back() {
    let (app, owner) = TestApp::claimed().await;
    app.host.publish(SimulatedImage::new(&ImageRef::parse("example/hello:1").unwrap()).behaviour(Behaviour::Exits(3)));
    let before = app.host.snapshot();
    let accepted = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    let done = owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
    assert_eq!(done["state"], "rolled_back", "{done:#}");
    assert_eq!(done["error"]["code"], "step_failed", "{done:#}");
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    assert_eq!(owner.get("/deployments").await.expect(200), json!([]));
}

/// C5: settings are changed against the revision that was seen, and can be brought back.
#[tokio::test]
async fn settings_have_revisions() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    let config = owner.get("/deployments/hello/config").await.expect(200);
    assert_eq!((&config["settings"], &config["secrets_set"]), (&json!({ "who": "world" }), &json!(["password"])));
    assert_eq!((&config["ports"], &config["revision"]), (&json!({ "80/tcp": 8088 }), &json!(1)));
    assert_eq!(config["schema"]["properties"]["password"]["writeOnly"], true);
    let change = json!({ "settings": { "who": "moon" }, "expected_revision": 1 });
    let plan = owner.post("/deployments/hello/plan", json!({ "action": "update", "settings": { "who": "moon" } })).await.expect(200);
    assert_eq!(plan["changed"], true);
    let accepted = owner.patch("/deployments/hello", change.clone()).await.expect(202);
    assert_eq!(owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
    assert_eq!(owner.get("/deployments/hello/config").await.expect(200)["settings"]["who"], "moon");
    owner.patch("/deployments/hello", json!({ "settings": { "who": "sun" }, "expected_revision": 1 })).await.problem(409, "conflict");
    let revisions = owner.get("/deployments/hello/revisions").await.expect(200);
    assert_eq!((&revisions[0]["number"], &revisions[0]["active"]), (&json!(2), &json!(true)));
    assert!(revisions[0]["diff"].as_str().unwrap().contains("moon"), "{revisions:#}");
    owner.post("/deployments/hello/plan", json!({ "action": "rollback" })).await.problem(422, "invalid_value");
    let accepted = owner.post("/deployments/hello/rollback", json!({ "revision": 1 })).await.expect(202);
    assert_eq!(owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
    assert_eq!(owner.get("/deployments/hello/config").await.expect(200)["settings"]["who"], "world");
}

/// M2, H11: devices with what was last seen of them; an engine that is away is said, with what to do.
#[tokio::test]
async fn devices_and_what_is_on_them() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    let devices = owner.get("/devices").await.expect(200);
    assert_eq!((&devices[0]["status"], &devices[0]["deployments"]), (&json!("online"), &json!(1)));
    let id = devices[0]["id"].as_str().unwrap();
    assert_eq!(owner.get(&format!("/devices/{id}")).await.expect(200)["id"], id);
    assert!(owner.get(&format!("/devices/{id}/stats")).await.expect(200)["facts"]["memory_total"].as_u64().is_some());
    assert!(owner.get(&format!("/devices/{id}/ports")).await.expect(200).is_array());
    assert_eq!(owner.get(&format!("/devices/{id}/containers")).await.expect(200).as_array().unwrap().len(), 1);
    let volumes = owner.get("/volumes").await.expect(200);
    assert_eq!((&volumes[0]["name"], &volumes[0]["in_use"]), (&json!("steward-hello_data"), &json!(true)));
    app.host.set_engine_up(false);
    for _ in 0..500 {
        if owner.get("/system/health").await.expect(200)["engine"] == "unavailable" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let health = owner.get("/system/health").await.expect(200);
    assert_eq!((&health["status"], &health["engine"]), (&json!("degraded"), &json!("unavailable")));
    assert!(app.anonymous().get("/system/health").await.expect(200).get("engine").is_none());
    let device = owner.get(&format!("/devices/{id}")).await.expect(200);
    assert_eq!(device["status"], "degraded");
    assert!(!device["problem"]["commands"].as_array().unwrap().is_empty(), "{device:#}");
    assert_eq!(owner.get("/deployments/hello").await.expect(200)["state"], "unknown");
}

/// M15, H11: a broken entry is shown with its place, and the others work.
#[tokio::test]
async fn a_broken_entry_is_shown() {
    let (app, owner) = TestApp::claimed().await;
    let all = owner.get("/applications").await.expect(200);
    let broken = all.as_array().unwrap().iter().find(|entry| entry["slug"] == "broken").unwrap();
    assert_eq!(broken["title"], "broken");
    assert_eq!((&broken["broken"][0]["file"], &broken["broken"][0]["line"]), (&json!("broken/service.hcl"), &json!(3)), "{broken:#}");
    let detail = owner.get("/applications/broken").await.expect(200);
    assert_eq!((&detail["definition"], &detail["settings_schema"]), (&Value::Null, &Value::Null));
    assert!(detail["source_text"].as_str().unwrap().contains("colour"));
    owner.post("/applications/broken/deploy", json!({})).await.problem(422, "invalid_definition");
    let hello = owner.get("/applications/hello").await.expect(200);
    assert_eq!((&hello["broken"], &hello["source"], &hello["embedded"]), (&Value::Null, &json!("builtin"), &json!(false)));
    let icon = send(app.client.get(app.url("/api/v1/applications/hello/icon.svg"))).await;
    assert_eq!((icon.status.as_u16(), icon.header("content-type")), (200, "image/svg+xml"));
    assert!(icon.header("content-security-policy").contains("sandbox"));
}
