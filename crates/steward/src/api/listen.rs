//! Accepts connections, no more than can be served, and drops those that dawdle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::extract::Peer;
use super::https::Link;
use super::limits::PerAddress;

/// The most memory that a request's head may take.
const MAX_HEAD: usize = 64 * 1024;
/// The first byte of a TLS connection: a record of the handshake.
const HANDSHAKE: u8 = 0x16;
/// How long to wait when the system has no more file handles.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What a server takes on.
#[derive(Clone, Copy, Debug)]
pub struct ListenLimits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub per_address: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head: Duration,
    /// How long it may take until an encrypted connection is made.
    pub handshake: Duration,
    /// How long requests under way may take once the server stops.
    pub grace: Duration,
}

impl Default for ListenLimits {
    fn default() -> Self {
        let (head, handshake, grace) = (Duration::from_secs(20), Duration::from_secs(10), Duration::from_secs(3));
        Self { connections: 1024, per_address: 64, head, handshake, grace }
    }
}

/// What is spoken, and who answers.
#[derive(Clone)]
pub enum Speaks {
    /// Plain HTTP.
    Http(Router),
    /// HTTPS. Whoever speaks plain HTTP on the same port is answered by `plain`.
    Https {
        /// How connections are made.
        tls: TlsAcceptor,
        /// Answers over HTTPS.
        router: Router,
        /// Answers over plain HTTP.
        plain: Router,
    },
}

/// Serves until `stop` is cancelled, then lets requests under way end.
pub async fn listen(listener: TcpListener, speaks: Speaks, limits: ListenLimits, stop: CancellationToken) {
    let free = Arc::new(Semaphore::new(limits.connections));
    let addresses = PerAddress::new(limits.per_address);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            () = stop.cancelled() => break,
        };
        let Some((stream, address, permit)) = accepted else { continue };
        // Closing at once is all that may be done for an address that has too many.
        let Some(place) = addresses.take(address.ip()) else { continue };
        let (speaks, stop) = (speaks.clone(), stop.clone());
        connections.spawn(async move {
            meet(stream, address, speaks, limits, stop).await;
            drop((permit, place));
        });
    }
    connections.close();
    let _ = tokio::time::timeout(limits.grace, connections.wait()).await;
}

/// The next connection. While there are too many, further ones wait in the system's queue.
async fn accept(listener: &TcpListener, free: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(free).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(EXHAUSTED).await;
            None
        }
    }
}

/// Finds out what is spoken, and serves it.
async fn meet(stream: TcpStream, address: SocketAddr, speaks: Speaks, limits: ListenLimits, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let peer = Peer(address.ip().to_canonical());
    match speaks {
        Speaks::Http(router) => serve(stream, peer, Link::Plain, router, limits.head, stop).await,
        Speaks::Https { tls, router, plain } => {
            let opened = tokio::select! {
                opened = tokio::time::timeout(limits.handshake, open(stream, &tls)) => opened,
                () = stop.cancelled() => return,
            };
            match opened {
                // Whoever speaks no HTTP within has seen what it wanted to see, the certificate.
                Ok(Ok(Opened::Tls(stream))) if !speaks_http(&stream) => {}
                Ok(Ok(Opened::Tls(stream))) => serve(stream, peer, Link::Encrypted, router, limits.head, stop).await,
                Ok(Ok(Opened::Plain(stream))) => serve(stream, peer, Link::Plain, plain, limits.head, stop).await,
                // Browsers that do not trust the certificate end here, and whoever only looks for open ports.
                Ok(Err(error)) => tracing::debug!(peer = %peer.0, %error, "no encrypted connection was made"),
                Err(_) => tracing::debug!(peer = %peer.0, "an encrypted connection took too long to be made"),
            }
        }
    }
}

fn speaks_http(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol().is_none_or(|protocol| protocol == b"http/1.1")
}

enum Opened {
    Tls(Box<TlsStream<TcpStream>>),
    Plain(TcpStream),
}

async fn open(stream: TcpStream, tls: &TlsAcceptor) -> std::io::Result<Opened> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    // No method of HTTP begins with this byte.
    if first == [HANDSHAKE] { tls.accept(stream).await.map(|stream| Opened::Tls(Box::new(stream))) } else { Ok(Opened::Plain(stream)) }
}

async fn serve<S>(stream: S, peer: Peer, link: Link, router: Router, head: Duration, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(link);
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A client that goes away or dawdles is no event.
        tracing::debug!(peer = %peer.0, %error, "a connection ended early");
    }
}
