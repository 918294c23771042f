//! Backups of Steward's own state over the API.

use serde_json::json;

use crate::support::TestApp;

/// Issue 3, R33, R34: a backup is made and listed, its key is shown once it is asked for and nowhere
/// else, and both are in the audit.
#[tokio::test]
async fn a_backup_is_made_and_its_key_shown() {
    let (app, owner) = TestApp::claimed().await;
    let empty = owner.get("/system/backups").await.expect(200);
    assert_eq!((&empty["backups"], &empty["latest_good_at"], &empty["keep"]), (&json!([]), &json!(null), &json!(3)));
    let plan = owner.post("/operations/plan", json!({ "kind": "steward.backup" })).await.expect(200);
    assert_eq!((&plan["kind"], &plan["changed"]), (&json!("steward.backup"), &json!(true)));
    let key_check = plan["checks"].as_array().unwrap().iter().find(|check| check["code"] == "key").unwrap().clone();
    assert_eq!(key_check["status"], "warn", "nobody has kept the key yet");

    let accepted = owner.post("/system/backups", json!({ "plan_hash": plan["hash"] })).await.expect(202);
    let operation = accepted["operation"]["id"].as_str().unwrap();
    assert_eq!(owner.at_rest(operation).await["state"], "succeeded");
    let listed = owner.get("/system/backups").await;
    let body = listed.expect(200);
    let backup = &body["backups"][0];
    assert_eq!((&backup["state"], &body["latest_good_at"]), (&json!("good"), &backup["made_at"]));
    assert_eq!(backup["sha256"].as_str().unwrap().len(), 64);
    assert!(app.store.folder().join("backups").join(backup["name"].as_str().unwrap()).is_file());

    let revealed = owner.post("/system/backups/key", json!({})).await.expect(200);
    let secret = revealed["key"].as_str().unwrap().lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap().to_owned();
    owner.post("/system/backups/key/saved", json!({ "recipient": "age1other" })).await.problem(409, "conflict");
    owner.post("/system/backups/key/saved", json!({})).await.problem(422, "invalid_value");
    let saved = owner.post("/system/backups/key/saved", json!({ "recipient": revealed["recipient"] })).await;
    assert_eq!(saved.status.as_u16(), 204);
    let after = owner.get("/system/backups").await;
    assert_eq!(after.expect(200)["key_saved"], true);
    for path in [format!("/operations/{operation}"), "/audit?limit=500".to_owned()] {
        let text = owner.get(&path).await.text;
        assert!(!text.contains(&secret), "{path}");
    }
    assert!(!listed.text.contains(&secret) && !after.text.contains(&secret));
}

/// Bad input: an unknown field, a stale plan, an idempotency key that is used again.
#[tokio::test]
async fn bad_input_is_refused() {
    let (_app, owner) = TestApp::claimed().await;
    owner.post("/system/backups", json!({ "folder": "/etc" })).await.problem(422, "unknown_field");
    owner.post("/system/backups", json!({ "plan_hash": "0" })).await.problem(409, "plan_stale");
    owner.post("/operations/plan", json!({ "kind": "steward.backup", "x": 1 })).await.problem(422, "unknown_field");
    owner.post("/operations", json!({ "kind": "steward.backup", "keep": 0 })).await.problem(422, "unknown_field");
    assert_eq!(owner.get("/system/backups").await.expect(200)["backups"], json!([]));
    let accepted = owner.post("/operations", json!({ "kind": "steward.backup" })).await.expect(202);
    assert_eq!(owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await["state"], "succeeded");
}
