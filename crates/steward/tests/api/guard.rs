//! Which requests are looked at at all.

use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, TestApp, send};

/// C10: only a name of this server's own is answered, so that no other name can be led here.
#[tokio::test]
async fn unknown_hosts_are_refused() {
    let (app, owner) = TestApp::claimed().await;
    for path in ["/api/v1/system/health", "/", "/ws", "/setup", "/api/v1/devices"] {
        let ask = |host: &str| send(app.client.get(app.url(path)).header("host", host).bearer_auth(owner.token.as_ref().unwrap()));
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"] {
            ask(host).await.problem(421, "unknown_host");
        }
        for host in ["127.0.0.1", "192.168.7.7:99", "[::1]:5", "localhost:1", "steward.test", "STEWARD.test:8080"] {
            assert_ne!(ask(host).await.status, 421, "{host}");
        }
    }
}

/// C10: a page of another site can neither change anything nor sign somebody in.
#[tokio::test]
async fn other_sites_are_refused() {
    let (app, owner) = TestApp::claimed().await;
    let cookie = format!("steward_session={}", owner.token.as_ref().unwrap());
    let before = app.host.snapshot();
    let deploy = || app.client.post(app.url("/api/v1/applications/hello/deploy")).header("cookie", &cookie).json(&json!({}));
    let port = app.address.port();
    for origin in ["http://evil.example".to_owned(), "null".to_owned(), "http://127.0.0.1".to_owned(), format!("http://localhost:{port}")] {
        send(deploy().header("origin", &origin)).await.problem(403, "cross_origin");
    }
    for site in ["cross-site", "same-site"] {
        send(deploy().header("sec-fetch-site", site)).await.problem(403, "cross_origin");
    }
    let sign_in = app.client.post(app.url("/api/v1/session")).json(&json!({ "user": "anna", "password": PASSWORD }));
    send(sign_in.header("origin", "http://evil.example")).await.problem(403, "cross_origin");
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    // Its own pages and programs are let through.
    send(deploy().header("origin", format!("http://127.0.0.1:{port}")).header("sec-fetch-site", "same-origin")).await.expect(202);
}

/// C10: every answer tells a browser what it may do with it; data is kept nowhere.
#[tokio::test]
async fn answers_carry_their_headers() {
    let (app, owner) = TestApp::claimed().await;
    let answers = [
        owner.get("/devices").await,
        owner.get("/nothing").await,
        app.anonymous().get("/devices").await,
        send(app.client.get(app.url("/"))).await,
        send(app.client.get(app.url("/missing.js"))).await,
        send(app.client.get(app.url("/")).header("host", "evil.example")).await,
    ];
    for answer in answers {
        assert!(answer.header("content-security-policy").contains("default-src 'self'"), "{answer:?}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(!answer.header("content-security-policy").contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("access-control-allow-origin"), "", "no other site may read it");
    }
    assert_eq!(owner.get("/devices").await.header("cache-control"), "no-store");
    assert_eq!(app.anonymous().get("/devices").await.header("cache-control"), "no-store");
    assert_eq!(app.anonymous().get("/devices").await.header("www-authenticate"), "Bearer");
}

/// R24: nothing is changed by a GET, and no other method does by another name.
#[tokio::test]
async fn methods_are_what_they_say() {
    let (_app, owner) = TestApp::claimed().await;
    let request = owner.request(Method::GET, "/applications/hello/deploy").header("x-http-method-override", "POST");
    send(request).await.problem(405, "method_not_allowed");
    assert_eq!(owner.get("/operations").await.expect(200), json!([]));
}

/// A secret in a header that cannot be one is nobody's.
#[tokio::test]
async fn strange_credentials_are_nobodys() {
    let (app, _owner) = TestApp::claimed().await;
    for value in ["Bearer", "Bearer ", "Basic YW5uYTp4", "Bearer x y", &format!("Bearer {}", "x".repeat(5000))] {
        send(app.client.get(app.url("/api/v1/session")).header("authorization", value)).await.problem(401, "not_signed_in");
    }
    send(app.client.get(app.url("/api/v1/session")).header("cookie", "steward_session=; steward_session"))
        .await
        .problem(401, "not_signed_in");
}
