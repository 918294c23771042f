//! Claiming a server.

use serde_json::json;

use crate::support::{PASSWORD, TestApp, send};

/// C10, P6: a fresh server has no account; the console's code makes the first one, once.
#[tokio::test]
async fn a_server_is_claimed_once() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    assert_eq!(nobody.get("/setup").await.expect(200), json!({ "claimed": false }));
    assert_eq!(nobody.get("/system/health").await.expect(200)["claimed"], false);
    let code = app.engine.setup_code().unwrap().to_owned();
    let body = json!({ "code": code, "user": "anna", "password": PASSWORD });
    let claimed = nobody.post("/setup", body.clone()).await;
    let session = claimed.expect(201);
    assert_eq!(session["user"]["role"], "owner");
    let cookie = claimed.header("set-cookie").to_owned();
    let token = session["token"].as_str().unwrap();
    assert!(cookie.starts_with(&format!("steward_session={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=")), "{cookie}");
    nobody.get("/setup").await.problem(404, "not_found");
    nobody.post("/setup", body).await.problem(404, "not_found");
    assert_eq!(nobody.get("/system/health").await.expect(200)["claimed"], true);
    let page = send(app.client.get(app.url("/setup"))).await;
    assert_eq!(page.status, 404);
    // The cookie alone signs in, too.
    let with_cookie = app.client.get(app.url("/api/v1/session")).header("cookie", format!("a=b; steward_session={token}"));
    let current = send(with_cookie).await.expect(200);
    assert_eq!((&current["user"]["name"], &current["via"]), (&json!("anna"), &json!("session")));
}

/// C10: a wrong code makes nothing, and guessing ends after five.
#[tokio::test]
async fn codes_cannot_be_guessed() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    for _ in 0..5 {
        let body = json!({ "code": "AAAAAAAAAAAAAAAAAAAA", "user": "anna", "password": PASSWORD });
        assert_eq!(nobody.post("/setup", body).await.problem(403, "setup_code_wrong")["field"], "code");
    }
    let code = app.engine.setup_code().unwrap().to_owned();
    let right = nobody.post("/setup", json!({ "code": code, "user": "anna", "password": PASSWORD })).await;
    right.problem(429, "too_many_requests");
    assert!(!right.header("retry-after").is_empty());
    assert_eq!(nobody.get("/system/health").await.expect(200)["claimed"], false);
}

/// C10: a weak password or a bad name claims nothing, and the code stays good.
#[tokio::test]
async fn weak_passwords_are_refused() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let code = app.engine.setup_code().unwrap().to_owned();
    for (user, password, status, refused) in
        [("anna", "short", 422, "invalid_value"), ("anna", "password12", 422, "invalid_value"), ("an na", PASSWORD, 422, "invalid_name")]
    {
        let answer = nobody.post("/setup", json!({ "code": code, "user": user, "password": password })).await;
        answer.problem(status, refused);
        assert!(!answer.text.contains(password), "{}", answer.text);
    }
    nobody.post("/setup", json!({ "code": code, "user": "anna", "password": PASSWORD })).await.expect(201);
}
