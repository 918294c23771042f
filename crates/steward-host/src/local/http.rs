//! A request to the engine whose answer is a stream of bytes: logs and events.
//!
//! bollard takes such streams apart itself, and while it does it gathers a whole line of a
//! terminal, however long; here the caller bounds what it keeps. HTTP/1.0 is asked for, because its
//! answers are not chunked and end with the connection.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::docker::{ANSWER, Engine};
use crate::error::{HostError, HostErrorKind};
use crate::host::Result;

/// The longest head, and the longest text of an error, that is read.
const LONGEST: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// The body of an answer, as it comes.
pub(crate) struct Body {
    stream: Pin<Box<dyn Stream>>,
    /// What came together with the head.
    rest: Bytes,
}

impl Body {
    /// Reads once into the buffer; 0 at the end. Nothing is lost when it is dropped half-way.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            return self.stream.read(buffer).await;
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

/// Sends a GET; the answer is there once its head is.
pub(crate) async fn get(engine: &Engine, what: &str, path: &str) -> Result<Body> {
    match timeout(ANSWER, try_get(engine, path)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err((status, message)))) => Err(refused(what, status, &message)),
        Ok(Err(error)) => Err(engine.unreachable(error.kind())),
        Err(_) => Err(engine.silent(what, ANSWER)),
    }
}

type Answer = std::result::Result<Body, (u16, Vec<u8>)>;

async fn try_get(engine: &Engine, path: &str) -> io::Result<Answer> {
    let mut stream = connect(&engine.address).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\nUser-Agent: steward\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(1024);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"));
        }
    };
    let bytes = Bytes::from(bytes);
    let (head, rest) = (bytes.slice(..end), bytes.slice(end..));
    let status = status(&head).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))?;
    let mut body = Body { stream, rest };
    if (200..300).contains(&status) {
        return Ok(Ok(body));
    }
    let mut message = vec![0; LONGEST];
    let mut length = 0;
    while length < message.len() {
        match body.read(&mut message[length..]).await? {
            0 => break,
            read => length += read,
        }
    }
    message.truncate(length);
    Ok(Err((status, message)))
}

async fn connect(address: &str) -> io::Result<Pin<Box<dyn Stream>>> {
    match address.split_once("://") {
        Some(("unix", path)) => Ok(Box::pin(UnixStream::connect(path).await?)),
        Some(("tcp" | "http", host)) => Ok(Box::pin(TcpStream::connect(host.trim_end_matches('/')).await?)),
        _ => Err(io::Error::new(io::ErrorKind::Unsupported, "this kind of address is not supported")),
    }
}

/// `HTTP/1.0 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|&byte| byte == b'\r').next()?).ok()?;
    line.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()
}

fn refused(what: &str, status: u16, body: &[u8]) -> HostError {
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let kind = match status {
        404 => HostErrorKind::NotFound,
        409 => HostErrorKind::Conflict,
        _ => HostErrorKind::Failed,
    };
    let text = serde_json::from_slice(body).map(|Message { message }| message);
    HostError::new(kind, format!("{what}: {}", text.unwrap_or_else(|_| format!("the engine answered with status {status}"))))
}

/// A value within a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use tokio::net::UnixListener;

    use super::*;

    async fn answered(answer: &'static [u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /logs HTTP/1.0\r\n"));
            stream.write_all(answer).await.unwrap();
        });
        let engine = Engine::new(format!("unix://{}", path.display()));
        let body = get(&engine, "reading", "/logs").await;
        server.await.unwrap();
        let (mut body, mut bytes, mut buffer) = (body?, Vec::new(), [0; 3]);
        loop {
            match body.read(&mut buffer).await.unwrap() {
                0 => return Ok(bytes),
                read => bytes.extend_from_slice(&buffer[..read]),
            }
        }
    }

    #[tokio::test]
    async fn answers() {
        assert_eq!(answered(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello").await.unwrap(), b"hello");
        let error = answered(b"HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"No such container: x\"}").await.expect_err("refused");
        assert_eq!((error.kind, error.message.as_str()), (HostErrorKind::NotFound, "reading: No such container: x"));
        assert_eq!(answered(b"HTTP/1.0 500 Oh\r\n\r\n").await.expect_err("refused").kind, HostErrorKind::Failed);
        assert!(answered(b"nonsense").await.is_err());
    }

    #[test]
    fn values_are_encoded() {
        assert_eq!(encode("{\"a\":[1]} &"), "%7B%22a%22%3A%5B1%5D%7D%20%26");
    }
}
