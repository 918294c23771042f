//! Floods.

use std::time::Duration;

use steward::api::ListenLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestApp;

const HEALTH: &[u8] = b"GET /api/v1/system/health HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn is_answered(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 12];
    stream.write_all(HEALTH).await.is_ok() && stream.read_exact(&mut answer).await.is_ok() && &answer == b"HTTP/1.1 200"
}

/// C10: one address cannot take every connection, and places come back.
#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let app = TestApp::with_limits(ListenLimits { per_address: 4, ..ListenLimits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        assert!(is_answered(&mut stream).await);
        held.push(stream);
    }
    let mut fifth = TcpStream::connect(app.address).await.unwrap();
    assert!(!is_answered(&mut fifth).await, "the fifth connection is served");
    drop(held);
    for _ in 0..200 {
        if is_answered(&mut TcpStream::connect(app.address).await.unwrap()).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("places do not come back");
}

/// C10: a client that sends its request byte by byte is dropped.
#[tokio::test]
async fn slow_heads_are_dropped() {
    let app = TestApp::with_limits(ListenLimits { head: Duration::from_millis(200), ..ListenLimits::default() }).await;
    let mut slow = TcpStream::connect(app.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), slow.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "a slow client is waited for");
    let mut next = TcpStream::connect(app.address).await.unwrap();
    assert!(is_answered(&mut next).await);
}
