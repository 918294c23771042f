//! How an encrypted connection is made, and how long that may take.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use steward::api::https::Link;
use steward::api::{self, ListenLimits, Speaks};
use steward::tls::{Names, Tls, provider};
use steward_engine::SystemClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

struct Encrypted {
    address: std::net::SocketAddr,
    connector: TlsConnector,
    stop: CancellationToken,
    _data: tempfile::TempDir,
}

async fn encrypted(limits: ListenLimits) -> Encrypted {
    let data = tempfile::tempdir().unwrap();
    let tls = Tls::local(data.path(), Names::new([]), None, Arc::new(SystemClock)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(tls.authority().unwrap().pem().as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
    let link = |link: Link| async move { format!("{link:?}") };
    let speaks = Speaks::Https {
        tls: tls.acceptor().unwrap(),
        router: Router::new().route("/", get(link)),
        plain: Router::new().route("/", get(link)),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(api::listen(listener, speaks, limits, stop.clone()));
    Encrypted { address, connector, stop, _data: data }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

impl Encrypted {
    async fn ask(&self) -> std::io::Result<String> {
        let socket = TcpStream::connect(self.address).await?;
        let mut stream = self.connector.connect(ServerName::try_from("localhost").unwrap(), socket).await?;
        stream.write_all(REQUEST).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

/// C10: one port speaks both, and a handler knows which it was.
#[tokio::test]
async fn one_port_speaks_both() {
    let server = encrypted(ListenLimits::default()).await;
    assert!(server.ask().await.unwrap().ends_with("Encrypted"));
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(REQUEST).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("Plain"), "{answer}");
    // What is neither gets no answer and does no harm.
    let mut neither = TcpStream::connect(server.address).await.unwrap();
    neither.write_all(&[0x16, 0xff, 0xff, 0xff, 0xff, 0xff]).await.unwrap();
    let _ = neither.read_to_end(&mut Vec::new()).await;
    assert!(server.ask().await.is_ok());
    server.stop.cancel();
}

/// C10: a handshake has a deadline and takes a place; when it is over, the place comes back.
#[tokio::test]
async fn slow_handshakes_are_dropped_and_counted() {
    let handshake = Duration::from_millis(400);
    let server = encrypted(ListenLimits { handshake, per_address: 3, ..ListenLimits::default() }).await;
    let mut slow = Vec::new();
    for beginning in [&[][..], &[0x16][..], &[0x16, 3, 1, 0, 200, 1][..]] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        slow.push(stream);
    }
    tokio::time::sleep(handshake / 4).await;
    assert!(server.ask().await.is_err(), "a fourth connection of one address is served");
    let started = Instant::now();
    for stream in &mut slow {
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "a slow handshake is waited for");
    }
    assert!(started.elapsed() < Duration::from_secs(3));
    for _ in 0..200 {
        if server.ask().await.is_ok() {
            return server.stop.cancel();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("places do not come back");
}

/// A server that is told to stop does not wait for those who dawdle.
#[tokio::test]
async fn slow_handshakes_do_not_hold_up_the_end() {
    let data = tempfile::tempdir().unwrap();
    let tls = Tls::local(data.path(), Names::new([]), None, Arc::new(SystemClock)).unwrap();
    let speaks = Speaks::Https { tls: tls.acceptor().unwrap(), router: Router::new(), plain: Router::new() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut slow = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    slow.write_all(&[0x16, 3, 1]).await.unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(api::listen(listener, speaks, ListenLimits::default(), stop.clone()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(1), serving).await.expect("it waits").unwrap();
}
