//! Host maintenance scripts over the API.

use serde_json::json;

use crate::support::TestApp;

/// P10: scripts are listed with why one is refused, planned, run as operations, and seen afterwards.
#[tokio::test]
async fn scripts_are_listed_and_run() {
    let (app, owner) = TestApp::claimed().await;
    let device = owner.get("/devices").await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/devices/{device}/scripts");
    assert_eq!(owner.get(&path).await.expect(200)["scripts"], json!([]));
    app.host.put_script("trim", "#!/bin/sh\n# steward: title=Trim\necho done\n", 0);
    app.host.put_script("open", "#!/bin/sh\n", 0);
    app.host.refuse_script("open", "others than root can write to it");
    let listed = owner.get(&path).await.expect(200);
    assert_eq!((listed["folder"].as_str(), listed["runs_as"].as_str()), (Some("/etc/steward/scripts"), Some("root")));
    assert_eq!(listed["scripts"][0]["refused"], "others than root can write to it");
    assert_eq!((listed["scripts"][1]["title"].as_str(), listed["scripts"][1]["last_run"].is_null()), (Some("Trim"), true));

    let body = |script: &str| json!({ "kind": "script.run", "device_id": device, "script": script });
    for (script, status, code) in [("open", 409, "preflight_failed"), ("missing", 404, "not_found")] {
        owner.post("/operations", body(script)).await.problem(status, code);
    }
    for bad in ["../trim", "-rf", ".hidden", "a/b", "", "a b"] {
        let problem = owner.post("/operations", body(bad)).await.problem(422, "invalid_value");
        assert_eq!(problem["field"], "script", "{bad}");
    }
    let mut with_arguments = body("trim");
    with_arguments["args"] = json!(["--all"]);
    owner.post("/operations", with_arguments).await.problem(422, "unknown_field");
    let operator = app.user(&owner, "otto", "operator").await;
    operator.post("/operations", body("trim")).await.problem(403, "not_allowed");
    assert_eq!(app.host.script_runs("trim"), 0);

    let plan = owner.post("/operations/plan", body("trim")).await.expect(200);
    assert_eq!((plan["script"]["runs_as"].as_str(), plan["changed"].as_bool()), (Some("root"), Some(true)));
    let mut seen = body("trim");
    seen["plan_hash"] = plan["hash"].clone();
    let accepted = owner.post("/operations", seen.clone()).await.expect(202);
    let operation = owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
    assert_eq!((operation["state"].as_str(), operation["commands"][0]["output"].as_str()), (Some("succeeded"), Some("done\n")));
    let last = owner.get(&path).await.expect(200)["scripts"][1]["last_run"].clone();
    assert_eq!(
        (&last["operation_id"], last["state"].as_str(), last["actor"].as_str()),
        (&operation["id"], Some("succeeded"), Some("anna"))
    );
    app.host.put_script("trim", "#!/bin/sh\necho something else\n", 0);
    owner.post("/operations", seen).await.problem(409, "plan_stale");
    assert_eq!(app.host.script_runs("trim"), 1);
}
