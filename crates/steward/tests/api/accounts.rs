//! Sessions, passwords, tokens, users.

use serde_json::json;

use crate::support::{PASSWORD, TestApp, send};

/// P6, C8: signing in gives a session with its rights, signing out ends it.
#[tokio::test]
async fn sessions_begin_and_end() {
    let (app, owner) = TestApp::claimed().await;
    let signed = app.anonymous().post("/session", json!({ "user": "anna", "password": PASSWORD })).await;
    let session = signed.expect(201);
    assert!(session["expires_at"].as_i64().is_some());
    assert!(signed.header("set-cookie").contains("HttpOnly; SameSite=Strict; Path=/"));
    let second = app.asker(Some(session["token"].as_str().unwrap().to_owned()));
    let current = second.get("/session").await.expect(200);
    assert_eq!(current["via"], "session");
    assert!(current["permissions"].as_array().unwrap().contains(&json!("users.manage")));
    let all = second.get("/sessions").await.expect(200);
    let marked: Vec<bool> = all.as_array().unwrap().iter().map(|one| one["current"].as_bool().unwrap()).collect();
    assert_eq!(marked.iter().filter(|current| **current).count(), 1, "{all:#}");
    let out = second.delete("/session").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    second.get("/session").await.problem(401, "not_signed_in");
    assert_eq!(owner.get("/sessions").await.expect(200).as_array().unwrap().len(), 1);
}

/// C10: the same answer for a name that is known and one that is not; five wrong tries lock.
#[tokio::test]
async fn guessing_locks_the_account_and_the_address() {
    let (app, owner) = TestApp::claimed().await;
    let nobody = app.anonymous();
    let unknown = nobody.post("/session", json!({ "user": "nobody", "password": "wrong wrong wrong" })).await;
    let known = nobody.post("/session", json!({ "user": "anna", "password": "wrong wrong wrong" })).await;
    assert_eq!(unknown.problem(401, "sign_in_failed"), known.problem(401, "sign_in_failed"));
    for _ in 0..3 {
        nobody.post("/session", json!({ "user": "anna", "password": "wrong wrong wrong" })).await.problem(401, "sign_in_failed");
    }
    let locked = nobody.post("/session", json!({ "user": "anna", "password": PASSWORD })).await;
    locked.problem(429, "too_many_requests");
    assert!(locked.header("retry-after").parse::<u32>().is_ok());
    // Whoever is signed in already goes on working.
    owner.get("/session").await.expect(200);
}

/// M14: a token may do no more than it was given, is shown once, and dies when it is revoked.
#[tokio::test]
async fn tokens() {
    let (app, owner) = TestApp::claimed().await;
    let made = owner.post("/tokens", json!({ "name": "ci", "role": "viewer", "expires_in_days": 7 })).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("stw_"));
    let listed = owner.get("/tokens").await;
    assert_eq!(listed.expect(200).as_array().unwrap().len(), 1);
    assert!(!listed.text.contains(secret));
    let ci = app.asker(Some(secret.to_owned()));
    let current = ci.get("/session").await.expect(200);
    assert_eq!(current["via"], "token");
    assert!(!current["permissions"].as_array().unwrap().contains(&json!("deployment.deploy")));
    ci.get("/deployments").await.expect(200);
    ci.post("/applications/hello/deploy", json!({})).await.problem(403, "not_allowed");
    ci.get("/users").await.problem(403, "not_allowed");
    ci.post("/tokens", json!({ "name": "more", "role": "owner" })).await.problem(403, "not_allowed");
    let id = made["token"]["id"].as_str().unwrap();
    assert_eq!(owner.delete(&format!("/tokens/{id}")).await.status, 204);
    ci.get("/deployments").await.problem(401, "not_signed_in");
    owner.delete(&format!("/tokens/{id}")).await.problem(404, "not_found");
    owner.post("/tokens", json!({ "name": "ci", "expires_in_days": 0 })).await.problem(422, "invalid_value");
}

/// C8: an admin manages accounts, none above its own role, and never the last owner.
#[tokio::test]
async fn users() {
    let (app, owner) = TestApp::claimed().await;
    let admin = app.user(&owner, "bert", "admin").await;
    let viewer = app.user(&owner, "carl", "viewer").await;
    admin.post("/users", json!({ "name": "dora", "password": PASSWORD, "role": "owner" })).await.problem(403, "not_allowed");
    admin.post("/users", json!({ "name": "carl", "password": PASSWORD, "role": "viewer" })).await.problem(409, "name_taken");
    viewer.get("/users").await.problem(403, "not_allowed");
    let all = admin.get("/users").await;
    let listed = all.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert!(!all.text.contains("argon2"), "no hash leaves the server");
    let id = |name: &str| listed.as_array().unwrap().iter().find(|user| user["name"] == name).unwrap()["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{}", id("anna")), json!({ "role": "admin" })).await.problem(409, "conflict");
    owner.delete(&format!("/users/{}", id("anna"))).await.problem(409, "conflict");
    assert_eq!(admin.patch(&format!("/users/{}", id("carl")), json!({ "role": "operator" })).await.expect(200)["role"], "operator");
    // A change of rights ends what was open with the old ones.
    viewer.get("/session").await.problem(401, "not_signed_in");
    assert_eq!(admin.delete(&format!("/users/{}", id("carl"))).await.status, 204);
    admin.delete(&format!("/users/{}", id("carl"))).await.problem(404, "not_found");
}

/// C10: the present password is needed for a new one, and every other session ends with it.
#[tokio::test]
async fn a_changed_password_ends_other_sessions() {
    let (app, owner) = TestApp::claimed().await;
    let other = app.anonymous().post("/session", json!({ "user": "anna", "password": PASSWORD })).await.expect(201);
    let other = app.asker(Some(other["token"].as_str().unwrap().to_owned()));
    owner
        .post("/account/password", json!({ "current": "wrong wrong wrong", "new": "small grey cat" }))
        .await
        .problem(401, "sign_in_failed");
    let weak = owner.post("/account/password", json!({ "current": PASSWORD, "new": "short" })).await;
    assert_eq!(weak.problem(422, "invalid_value")["field"], "new");
    assert_eq!(owner.post("/account/password", json!({ "current": PASSWORD, "new": "small grey cat" })).await.status, 204);
    other.get("/session").await.problem(401, "not_signed_in");
    owner.get("/session").await.expect(200);
    app.anonymous().post("/session", json!({ "user": "anna", "password": PASSWORD })).await.problem(401, "sign_in_failed");
}

/// P3: who did what, and who was refused, for admins only.
#[tokio::test]
async fn everything_is_in_the_audit() {
    let (app, owner) = TestApp::claimed().await;
    let viewer = app.user(&owner, "carl", "viewer").await;
    viewer.post("/applications/hello/deploy", json!({})).await.problem(403, "not_allowed");
    viewer.get("/audit").await.problem(403, "not_allowed");
    let rows = owner.get("/audit?action=deployment.deploy").await.expect(200);
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows:#}");
    assert_eq!((&rows[0]["actor"], &rows[0]["phase"], &rows[0]["address"]), (&json!("carl"), &json!("refused"), &json!("127.0.0.1")));
    let all = owner.get("/audit").await.expect(200);
    let sequences: Vec<i64> = all.as_array().unwrap().iter().map(|row| row["sequence"].as_i64().unwrap()).collect();
    assert!(sequences.is_sorted_by(|a, b| a > b));
    let page = owner.get(&format!("/audit?limit=1&before={}", sequences[0])).await.expect(200);
    assert_eq!(page[0]["sequence"], sequences[1]);
    let verdict = owner.get("/audit/verify").await.expect(200);
    assert_eq!((&verdict["whole"], &verdict["broken_at"], &verdict["rows"]), (&json!(true), &json!(null), &all[0]["sequence"]));
    assert_eq!(verdict["head"], all[0]["hash"]);
    viewer.get("/audit/verify").await.problem(403, "not_allowed");
    viewer.get("/audit/export").await.problem(403, "not_allowed");
    owner.get("/audit?limit=501").await.problem(422, "invalid_value");
    owner.get("/audit?colour=red").await.problem(422, "unknown_field");
    assert!(!send(owner.request(reqwest::Method::GET, "/audit")).await.text.contains(PASSWORD));
}

/// P3: the export has every row once, oldest first, also when it takes many pages.
#[tokio::test]
async fn the_audit_is_exported_whole() {
    let (app, owner) = TestApp::claimed().await;
    let viewer = app.user(&owner, "carl", "viewer").await;
    for _ in 0..510 {
        viewer.post("/applications/hello/deploy", json!({})).await.problem(403, "not_allowed");
    }
    let newest = owner.get("/audit/verify").await.expect(200)["rows"].as_i64().unwrap();
    let exported = async |query: &str| -> Vec<i64> {
        let answer = send(owner.request(reqwest::Method::GET, &format!("/audit/export{query}"))).await;
        let rows = answer.text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        rows.map(|row| row["sequence"].as_i64().unwrap()).collect()
    };
    assert_eq!(exported("").await, (1..=newest).collect::<Vec<_>>());
    assert_eq!(exported(&format!("?after={}", newest - 2)).await, [newest - 1, newest]);
    assert_eq!(exported("?actor=carl&action=deployment.deploy").await.len(), 510);
    assert_eq!(exported("?actor=nobody").await, Vec::<i64>::new());
    owner.get("/audit/export?limit=5").await.problem(422, "unknown_field");
}
