//! Log lines over HTTP.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use steward_core::log::LogStream;

use crate::support::{Asker, TestApp};

async fn lines(asker: &Asker, query: &str) -> Vec<String> {
    let answer = asker.get(&format!("/deployments/hello/logs{query}")).await;
    answer.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].as_str().unwrap().to_owned()).collect()
}

/// P4, C9: lines by number, text and service; untrusted text arrives as it is, inside JSON.
#[tokio::test]
async fn lines_are_read() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    for text in ["one", "Two", "<script>alert(1)</script>\u{1b}[31m"] {
        app.host.write_log("steward-hello", "hello", LogStream::Stdout, text);
    }
    let all = lines(&owner, "").await;
    assert_eq!(all.last().unwrap(), "<script>alert(1)</script>\u{1b}[31m");
    assert_eq!(lines(&owner, "?tail=1").await.len(), 1);
    assert_eq!(lines(&owner, "?grep=two").await, ["Two"]);
    assert_eq!(lines(&owner, "?service=hello&tail=1").await.len(), 1);
    assert_eq!(lines(&owner, "?service=nothing").await.len(), 0);
    assert_eq!(lines(&owner, "?since=4000000000").await.len(), 0);
    for query in ["tail=x", "since=yesterday", "service=-x", "follow=maybe", "colour=red"] {
        owner.get(&format!("/deployments/hello/logs?{query}")).await.expect(422);
    }
    owner.get("/deployments/nobody/logs").await.problem(404, "not_found");
}

/// P4: lines come as they are written, and end when the session does.
#[tokio::test]
async fn lines_are_followed() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    let operator = app.user(&owner, "otto", "operator").await;
    let viewer = app.user(&owner, "vera", "viewer").await;
    viewer.get("/deployments/hello/logs").await.problem(403, "not_allowed");
    let response = operator.request(Method::GET, "/deployments/hello/logs?follow=true&tail=0").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.bytes_stream();
    app.host.write_log("steward-hello", "hello", LogStream::Stderr, "live");
    let line: Value = serde_json::from_slice(&body.next().await.unwrap().unwrap()).unwrap();
    assert_eq!((&line["text"], &line["stream"]), (&"live".into(), &"stderr".into()));
    assert_eq!(operator.delete("/session").await.status, 204);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(6), async { while body.next().await.is_some() {} }).await;
    assert!(ended.is_ok(), "a stream of somebody who signed out goes on");
}
