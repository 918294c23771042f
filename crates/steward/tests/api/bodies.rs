//! What is asked wrongly is refused precisely.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestApp, send};

/// C10, M6: unknown fields and wrong types are named by their path, and nothing is done.
#[tokio::test]
async fn wrong_fields_are_named() {
    let (app, owner) = TestApp::claimed().await;
    let before = app.host.snapshot();
    let cases = [
        ("/applications/hello/deploy", json!({ "nme": "x" }), "unknown_field", "nme"),
        ("/applications/hello/deploy", json!({ "name": 7 }), "invalid_value", "name"),
        ("/applications/hello/deploy", json!({ "name": "../etc" }), "invalid_name", "name"),
        ("/applications/hello/deploy", json!({ "name": "-rf" }), "invalid_name", "name"),
        ("/applications/hello/deploy", json!({ "device_id": "x" }), "invalid_id", "device_id"),
        ("/applications/hello/deploy", json!({ "ports": { "80/tcp": "many" } }), "invalid_value", "ports.80/tcp"),
        ("/applications/hello/deploy", json!({ "ports": { "80/tcp": 70000 } }), "invalid_value", "ports.80/tcp"),
        ("/applications/hello/deploy", json!({ "settings": { "whom": "x" } }), "unknown_field", "settings.whom"),
        ("/applications/hello/deploy", json!({ "settings": { "who": 7 } }), "invalid_value", "settings.who"),
        ("/applications/hello/deploy", json!([]), "invalid_value", ""),
        ("/operations", json!({ "kind": "shell", "command": "id" }), "invalid_value", "kind"),
        ("/operations", json!({ "kind": "deployment.deploy", "application": "hello", "shell": "id" }), "unknown_field", "shell"),
        ("/operations", json!({ "kind": "deployment.deploy", "application": "../x" }), "invalid_value", "application"),
        ("/operations", json!({ "kind": "deployment.start", "deployment_id": "x" }), "invalid_value", "deployment_id"),
        ("/operations", json!({}), "invalid_value", "kind"),
    ];
    for (path, body, code, field) in cases {
        let problem = owner.post(path, body.clone()).await.problem(422, code);
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{path} {body}: {problem}");
    }
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    assert_eq!(owner.get("/operations").await.expect(200), json!([]));
}

/// M6: what is no JSON, has no content type or is too large.
#[tokio::test]
async fn wrong_bodies_are_refused() {
    let (_app, owner) = TestApp::claimed().await;
    let post = |content_type: &str, body: &'static str| {
        send(owner.request(Method::POST, "/applications/hello/deploy").header("content-type", content_type).body(body))
    };
    post("application/json", "{").await.problem(400, "invalid_body");
    post("application/json", "{} {}").await.problem(400, "invalid_body");
    post("application/json; charset=utf-8", "{\"name\":").await.problem(400, "invalid_body");
    for other in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""] {
        post(other, "{}").await.problem(415, "unsupported_media_type");
    }
    let untyped = owner.request(Method::POST, "/operations").body("{}");
    send(untyped).await.problem(415, "unsupported_media_type");
    let deep = "[".repeat(100_000);
    let deep = owner.request(Method::POST, "/operations").header("content-type", "application/json").body(deep);
    send(deep).await.problem(400, "invalid_body");
}

/// R20, M6: 100 MB are neither read into memory nor left without an answer.
#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let (_app, owner) = TestApp::claimed().await;
    let request = || owner.request(Method::POST, "/operations").header("content-type", "application/json");
    send(request().body(vec![b' '; 100 * 1024 * 1024])).await.problem(413, "body_too_large");
    // Without a length in front, it is noticed while it comes.
    let chunks = futures_util::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024])));
    send(request().body(reqwest::Body::wrap_stream(chunks))).await.problem(413, "body_too_large");
    let exact = format!("{}{{\"kind\":\"shell\"}}", " ".repeat(1024 * 1024 - 16));
    assert_eq!(exact.len(), 1024 * 1024);
    send(request().body(exact)).await.problem(422, "invalid_value");
}

/// C10: a path cannot lead out of the API, and what cannot be a name names nothing.
#[tokio::test]
async fn names_are_no_paths() {
    let (_app, owner) = TestApp::claimed().await;
    for path in [
        "/applications/..%2f..%2fetc%2fpasswd",
        "/applications/%2e%2e/icon.svg",
        "/applications/%00",
        "/applications/%ff%fe",
        "/applications/hello%20world",
        "/deployments/..%2f..",
        "/deployments/-rf",
        "/deployments/dep_0000000000000000",
        "/deployments/%F0%9F%A6%80",
        "/operations/op_..%2F..%2F",
        "/operations/op_0000000000000000/events",
        "/devices/dev_'%20OR%201=1",
        "/nothing",
        "/applications/hello/nothing",
        "/applications/",
    ] {
        owner.get(path).await.problem(404, "not_found");
    }
    owner.post("/applications/..%2fx/deploy", json!({})).await.problem(404, "not_found");
    owner.delete("/deployments/nobody").await.problem(404, "not_found");
    owner.delete("/volumes").await.problem(405, "method_not_allowed");
    owner.call(Method::PUT, "/deployments", json!({})).await.problem(405, "method_not_allowed");
    let missing = owner.get("/applications/helo").await.problem(404, "not_found");
    assert!(missing["detail"].as_str().unwrap().contains("helo"), "{missing}");
}

/// M6: lists can be cut, within bounds; unknown parameters are refused.
#[tokio::test]
async fn queries_are_checked() {
    let (_app, owner) = TestApp::claimed().await;
    assert_eq!(owner.get("/operations?limit=1&state=succeeded&kind=deployment.deploy").await.expect(200), json!([]));
    for (query, code, field) in [
        ("limit=0", "invalid_value", "limit"),
        ("limit=501", "invalid_value", "limit"),
        ("limit=many", "invalid_value", "limit"),
        ("limit=-1", "invalid_value", "limit"),
        ("state=gone", "invalid_value", "state"),
        ("kind=shell", "invalid_value", "kind"),
        ("before=op_x", "invalid_id", "before"),
        ("colour=red", "unknown_field", "colour"),
    ] {
        assert_eq!(owner.get(&format!("/operations?{query}")).await.problem(422, code)["field"], field, "{query}");
    }
    owner.get("/operations?deployment=nobody").await.problem(404, "not_found");
}

/// M6: a key that no server could compare is refused.
#[tokio::test]
async fn idempotency_keys_are_checked() {
    let (_app, owner) = TestApp::claimed().await;
    for key in ["", "with space", "über", &"x".repeat(201)] {
        let request = owner.request(Method::POST, "/applications/hello/deploy").header("idempotency-key", key).json(&json!({}));
        assert_eq!(send(request).await.problem(422, "invalid_value")["field"], "Idempotency-Key", "{key}");
    }
}

/// Whatever bytes come, the answer is no defect, and the server goes on.
#[tokio::test]
async fn garbage_does_no_harm() {
    let (app, owner) = TestApp::claimed().await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
    }
    owner.get("/session").await.expect(200);
}
