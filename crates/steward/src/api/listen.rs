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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::extract::Peer;
use super::limits::PerAddress;

/// The most memory that a request's head may take.
const MAX_HEAD: usize = 64 * 1024;
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
    /// How long requests under way may take once the server stops.
    pub grace: Duration,
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self { connections: 1024, per_address: 64, head: Duration::from_secs(20), grace: Duration::from_secs(3) }
    }
}

/// Serves until `stop` is cancelled, then lets requests under way end.
pub async fn listen(listener: TcpListener, router: Router, limits: ListenLimits, stop: CancellationToken) {
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
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            serve(stream, address, router, limits.head, stop).await;
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

async fn serve(stream: TcpStream, address: SocketAddr, router: Router, head: Duration, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let peer = Peer(address.ip().to_canonical());
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
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
