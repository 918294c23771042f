//! Probes of ports that the machine itself publishes.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::host::{PortProbe, ProbeOutcome};

/// The status line is all that counts; a server that sends more than this without one is not healthy.
const HEAD: usize = 8 * 1024;

/// Probes a port. Every failure is an outcome: there is nothing that a caller could do differently.
pub(crate) async fn probe(probe: &PortProbe, within: Duration) -> ProbeOutcome {
    let tried = async {
        match probe {
            PortProbe::Tcp { port } => TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await.map(|_| ProbeOutcome::Healthy),
            PortProbe::Http { port, path } => http(*port, path).await,
        }
    };
    match timeout(within, tried).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => ProbeOutcome::Unhealthy(describe(&error)),
        Err(_) => ProbeOutcome::Unhealthy(format!("no answer within {} ms", within.as_millis())),
    }
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection was closed without an answer".to_owned(),
        _ => error.to_string(),
    }
}

async fn http(port: u16, path: &str) -> io::Result<ProbeOutcome> {
    // The path goes into the request line: anything that could end the line or the word would make
    // another request of it.
    if !path.starts_with('/') || path.bytes().any(|b| b <= b' ' || b == 0x7f) {
        return Ok(ProbeOutcome::Unhealthy("the path of the probe is not valid".to_owned()));
    }
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: steward\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::with_capacity(256);
    loop {
        if let Some(end) = head.iter().position(|&byte| byte == b'\n') {
            return Ok(judge(&head[..end]));
        }
        if head.len() >= HEAD {
            return Ok(ProbeOutcome::Unhealthy("the answer is not HTTP".to_owned()));
        }
        let mut chunk = [0; 512];
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(ProbeOutcome::Unhealthy("the connection was closed without an answer".to_owned()));
        }
        head.extend_from_slice(&chunk[..read]);
    }
}

fn judge(status_line: &[u8]) -> ProbeOutcome {
    let line = String::from_utf8_lossy(status_line);
    let mut words = line.split_whitespace();
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/"));
    match words.next().and_then(|code| code.parse::<u16>().ok()).filter(|code| is_http && (100..1000).contains(code)) {
        Some(code) if code < 400 => ProbeOutcome::Healthy,
        Some(code) => ProbeOutcome::Unhealthy(format!("HTTP status {code}")),
        None => ProbeOutcome::Unhealthy("the answer is not HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::TcpListener;

    use super::*;

    /// Serves one connection with these bytes, in two pieces.
    async fn outcome_of(answer: &'static [u8]) -> ProbeOutcome {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
            let (first, second) = answer.split_at(answer.len() / 2);
            let _ = stream.write_all(first).await;
            tokio::task::yield_now().await;
            let _ = stream.write_all(second).await;
        });
        let outcome = probe(&PortProbe::Http { port, path: "/health".into() }, Duration::from_secs(5)).await;
        server.await.unwrap();
        outcome
    }

    #[tokio::test]
    async fn statuses() {
        assert_eq!(outcome_of(b"HTTP/1.1 200 OK\r\n\r\n").await, ProbeOutcome::Healthy);
        assert_eq!(outcome_of(b"HTTP/1.0 302 Found\r\n\r\n").await, ProbeOutcome::Healthy);
        assert_eq!(outcome_of(b"HTTP/1.1 503 No\r\n\r\n").await, ProbeOutcome::Unhealthy("HTTP status 503".into()));
        assert_eq!(outcome_of(b"SSH-2.0-OpenSSH\r\n").await, ProbeOutcome::Unhealthy("the answer is not HTTP".into()));
        assert!(matches!(outcome_of(b"HTTP/1.1 20").await, ProbeOutcome::Unhealthy(_)));
        assert!(matches!(outcome_of(&[b'x'; 20_000]).await, ProbeOutcome::Unhealthy(_)));
    }

    #[tokio::test]
    async fn a_port_that_is_closed_or_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(probe(&PortProbe::Tcp { port }, Duration::from_secs(5)).await, ProbeOutcome::Healthy);
        let silent = probe(&PortProbe::Http { port, path: "/".into() }, Duration::from_millis(50)).await;
        assert_eq!(silent, ProbeOutcome::Unhealthy("no answer within 50 ms".into()));
        drop(listener);
        assert_eq!(probe(&PortProbe::Tcp { port }, Duration::from_secs(5)).await, ProbeOutcome::Unhealthy("connection refused".into()));
    }

    #[tokio::test]
    async fn a_path_cannot_smuggle_a_header() {
        let outcome = probe(&PortProbe::Http { port: 1, path: "/ HTTP/1.1\r\nX: y".into() }, Duration::from_secs(1)).await;
        assert_eq!(outcome, ProbeOutcome::Unhealthy("the path of the probe is not valid".into()));
    }
}
