//! The WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use steward_core::log::LogStream;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Asker, TestApp};

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    seq: u64,
}

pub async fn open(app: &TestApp, headers: &[(&'static str, String)]) -> Result<Socket, u16> {
    let mut request = app.url("/ws").replace("http:", "ws:").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((stream, _)) => Ok(Socket { stream, seq: 0 }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

pub fn bearer(asker: &Asker) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", asker.token.as_ref().unwrap()))
}

impl Socket {
    pub async fn say(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message; none when the server closes. Every message has the next number.
    pub async fn hear(&mut self) -> Option<Value> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(10), self.stream.next()).await.expect("the server says nothing");
            match next? {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    self.seq += 1;
                    assert_eq!(message["seq"], self.seq, "{message}");
                    return Some(message);
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message of a kind.
    pub async fn until(&mut self, channel: &str, event: &str) -> Value {
        loop {
            let message = self.hear().await.expect("the server closed");
            if message["channel"] == channel && message["event"] == event {
                return message["data"].clone();
            }
        }
    }
}

/// H1, M6: who is not signed in, or comes from another site, gets no socket.
#[tokio::test]
async fn sockets_are_guarded() {
    let (app, owner) = TestApp::claimed().await;
    let port = app.address.port();
    assert_eq!(open(&app, &[]).await.err(), Some(401));
    assert_eq!(open(&app, &[("authorization", "Bearer stw_x".to_owned())]).await.err(), Some(401));
    for origin in ["http://evil.example".to_owned(), "null".to_owned(), format!("http://localhost:{port}")] {
        assert_eq!(open(&app, &[bearer(&owner), ("origin", origin)]).await.err(), Some(403));
    }
    let cookie = ("cookie", format!("steward_session={}", owner.token.as_ref().unwrap()));
    let mut own = open(&app, &[cookie, ("origin", format!("http://127.0.0.1:{port}"))]).await.ok().unwrap();
    assert!(own.until("system", "hello").await["version"].is_string());
    let plain = owner.client.get(app.url("/ws")).bearer_auth(owner.token.as_ref().unwrap()).send().await.unwrap();
    assert_eq!(plain.status(), 400);
}

/// H1: what is subscribed to arrives, numbered one by one, and nothing else.
#[tokio::test]
async fn changes_arrive() {
    let (app, owner) = TestApp::claimed().await;
    let mut socket = open(&app, &[bearer(&owner)]).await.ok().unwrap();
    socket.say(json!({ "action": "ping" })).await;
    socket.until("system", "pong").await;
    socket.say(json!({ "action": "subscribe", "channels": ["deployments", "operations"] })).await;
    assert_eq!(socket.until("system", "subscribed").await, json!({ "channels": ["deployments", "operations"] }));
    let accepted = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    let operation = &accepted["operation"];
    assert_eq!(&socket.until("operations", "changed").await["operation_id"], &operation["id"]);
    assert_eq!(socket.until("deployments", "created").await["deployment_id"], operation["deployment_id"]);
    assert_eq!(socket.until("deployments", "status_change").await["deployment_id"], operation["deployment_id"]);
    owner.at_rest(operation["id"].as_str().unwrap()).await;
    app.seen_running(&owner, "hello").await;
    socket.say(json!({ "action": "unsubscribe", "channels": ["deployments", "operations"] })).await;
    assert_eq!(socket.until("system", "subscribed").await, json!({ "channels": [] }));
    socket.say(json!({ "action": "subscribe", "channels": ["devices"] })).await;
    socket.until("system", "subscribed").await;
    app.host.set_engine_up(false);
    assert_eq!(socket.until("devices", "status_change").await["status"], "degraded");
    socket.say(json!({ "action": "subscribe", "channels": ["reconcilers"] })).await;
    socket.until("system", "subscribed").await;
    owner.post("/reconcilers/sessions/run", json!({})).await.expect(202);
    while socket.until("reconcilers", "changed").await["name"] != "sessions" {}
}

/// H1, M5: progress carries how far a step is.
#[tokio::test]
async fn progress_arrives() {
    let (app, owner) = TestApp::claimed().await;
    let mut socket = open(&app, &[bearer(&owner)]).await.ok().unwrap();
    socket.say(json!({ "action": "subscribe", "channels": ["deployments"] })).await;
    socket.until("system", "subscribed").await;
    let accepted = owner.post("/applications/hello/deploy", json!({})).await.expect(202);
    let progress = socket.until("deployments", "progress").await;
    assert_eq!(progress["operation_id"], accepted["operation"]["id"], "{progress}");
    assert!(progress["step"].is_string() && progress["message"].is_string(), "{progress}");
}

/// P4: log lines of one deployment, then of all, also of one that comes later.
#[tokio::test]
async fn logs_arrive() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    app.host.write_log("steward-hello", "hello", LogStream::Stdout, "before");
    let mut one = open(&app, &[bearer(&owner)]).await.ok().unwrap();
    one.say(json!({ "action": "subscribe", "channels": ["logs"], "deployment_id": "hello", "tail": 1 })).await;
    let first = one.until("logs", "lines").await;
    assert_eq!((&first["deployment_id"], &first["lines"][0]["text"]), (&view["id"], &json!("before")));
    app.host.write_log("steward-hello", "hello", LogStream::Stdout, "after");
    assert_eq!(one.until("logs", "lines").await["lines"][0]["text"], "after");
    let mut all = open(&app, &[bearer(&owner)]).await.ok().unwrap();
    all.say(json!({ "action": "subscribe", "channels": ["logs"], "tail": 0 })).await;
    assert_eq!(all.until("system", "subscribed").await, json!({ "channels": ["logs"] }));
    let body = json!({ "name": "second", "ports": { "80/tcp": 8099 } });
    let accepted = owner.post("/applications/hello/deploy", body).await.expect(202);
    owner.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
    app.host.write_log("steward-second", "hello", LogStream::Stdout, "late");
    loop {
        let message = all.until("logs", "lines").await;
        if message["lines"].as_array().unwrap().iter().any(|line| line["text"] == "late") {
            assert_eq!(message["deployment_id"], accepted["operation"]["deployment_id"]);
            break;
        }
    }
}

/// H1, C8: a viewer sees changes and no logs; what makes no sense is answered, not obeyed.
#[tokio::test]
async fn what_is_not_allowed_is_said() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    let viewer = app.user(&owner, "vera", "viewer").await;
    let mut socket = open(&app, &[bearer(&viewer)]).await.ok().unwrap();
    socket.say(json!({ "action": "subscribe", "channels": ["logs", "devices"], "deployment_id": "hello" })).await;
    assert_eq!(socket.until("system", "error").await["code"], "not_allowed");
    assert_eq!(socket.until("system", "subscribed").await, json!({ "channels": ["devices"] }));
    for nonsense in [
        json!([]),
        json!({ "action": "shell" }),
        json!({ "action": "subscribe", "channels": ["secrets"] }),
        json!({ "action": "ping", "x": 1 }),
    ] {
        socket.say(nonsense.clone()).await;
        let error = socket.until("system", "error").await;
        assert!(["invalid_value", "unknown_field", "invalid_body"].contains(&error["code"].as_str().unwrap()), "{nonsense}: {error}");
    }
    socket.say(json!({ "action": "ping" })).await;
    socket.until("system", "pong").await;
}

/// H1: a message that is too long, or too much nonsense, ends the connection and nothing else.
#[tokio::test]
async fn sockets_have_limits() {
    let (app, owner) = TestApp::claimed().await;
    let mut long = open(&app, &[bearer(&owner)]).await.ok().unwrap();
    long.say(json!({ "action": "x".repeat(20_000) })).await;
    while long.hear().await.is_some() {}
    let mut babbling = open(&app, &[bearer(&owner)]).await.ok().unwrap();
    for _ in 0..40 {
        if babbling.stream.send(Message::text("?")).await.is_err() {
            break;
        }
    }
    while babbling.hear().await.is_some() {}
    let mut held = Vec::new();
    for _ in 0..32 {
        held.push(open(&app, &[bearer(&owner)]).await.ok().unwrap());
    }
    assert_eq!(open(&app, &[bearer(&owner)]).await.err(), Some(429));
    drop(held.pop());
    for _ in 0..200 {
        if open(&app, &[bearer(&owner)]).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a place that is free again cannot be had");
}

/// M14, H1: a socket ends within five seconds once its token is revoked.
#[tokio::test]
async fn a_revoked_token_closes_its_sockets() {
    let (app, owner) = TestApp::claimed().await;
    let made = owner.post("/tokens", json!({ "name": "ci" })).await.expect(201);
    let ci = app.asker(Some(made["secret"].as_str().unwrap().to_owned()));
    let mut socket = open(&app, &[bearer(&ci)]).await.ok().unwrap();
    socket.until("system", "hello").await;
    assert_eq!(owner.delete(&format!("/tokens/{}", made["token"]["id"].as_str().unwrap())).await.status, 204);
    let closed = tokio::time::timeout(Duration::from_secs(5), async { while socket.hear().await.is_some() {} }).await;
    assert!(closed.is_ok(), "the socket outlives its token");
}
