//! Stopping.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;

use crate::support::TestApp;

/// Streams end when the server stops, and the port is free again.
#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let (app, owner) = TestApp::claimed().await;
    app.deploy_hello(&owner).await;
    let response = owner.request(Method::GET, "/deployments/hello/logs?follow=true&tail=0").send().await.unwrap();
    let mut body = response.bytes_stream();
    let address = app.address;
    drop(app);
    let ended = tokio::time::timeout(Duration::from_secs(5), async { while body.next().await.is_some() {} }).await;
    assert!(ended.is_ok(), "a stream outlives its server");
    for _ in 0..200 {
        if tokio::net::TcpListener::bind(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the port stays taken");
}
