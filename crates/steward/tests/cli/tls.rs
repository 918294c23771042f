//! A client that speaks TLS by itself, and certificates for servers.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use time::OffsetDateTime;

use crate::server::Server;

/// An encrypted connection.
pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn read(mut stream: impl Read) -> Self {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        loop {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(read) => bytes.extend_from_slice(&part[..read]),
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
        Self { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    /// The value of a header; none when it is not there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The address of a server without the scheme.
pub fn address(server: &Server) -> &str {
    server.url.split_once("://").unwrap().1
}

/// What a request is written as. `more` are further lines of its head.
pub fn request(line: &str, host: &str, more: &[&str], body: &str) -> String {
    let length =
        if body.is_empty() { String::new() } else { format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()) };
    let more: String = more.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{more}{length}\r\n{body}")
}

/// Asks over plain HTTP.
pub fn ask_plain(server: &Server, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address(server)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    Answer::read(stream)
}

/// How somebody connects who trusts this certificate and no other.
pub fn trusting(authority: &CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(steward::tls::provider()).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Asks over HTTPS by a name.
pub fn ask(server: &Server, config: &Arc<ClientConfig>, name: &str, request: &str) -> Result<Answer, std::io::Error> {
    ask_at(address(server), config, name, request)
}

/// The same of any address.
pub fn ask_at(address: &str, config: &Arc<ClientConfig>, name: &str, request: &str) -> Result<Answer, std::io::Error> {
    let mut stream = connect_at(address, config, name)?;
    stream.write_all(request.as_bytes())?;
    Ok(Answer::read(stream))
}

/// Connects over TLS by a name, and makes the handshake.
pub fn connect(server: &Server, config: &Arc<ClientConfig>, name: &str) -> Result<Stream, std::io::Error> {
    connect_at(address(server), config, name)
}

fn connect_at(address: &str, config: &Arc<ClientConfig>, name: &str) -> Result<Stream, std::io::Error> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut session = ClientConnection::new(Arc::clone(config), ServerName::try_from(name.to_owned()).unwrap()).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}

/// The certificate that a server shows to those who trust this one.
pub fn shown(server: &Server, config: &Arc<ClientConfig>, name: &str) -> Result<CertificateDer<'static>, std::io::Error> {
    let stream = connect(server, config, name)?;
    Ok(stream.conn.peer_certificates().unwrap()[0].clone().into_owned())
}

/// The authority of a server's data folder, read from its file.
pub fn authority(server: &Server) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(server.data().join("tls/ca.crt")).unwrap()
}

/// A certificate and its key in two files, for 127.0.0.1, signed by itself.
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Files {
    pub fn new(folder: &Path) -> Self {
        Self { certificate: folder.join("server.crt"), key: folder.join("server.key") }
    }

    /// Writes a new certificate that ends in so many days; gives it.
    pub fn write(&self, days: i64) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "own.test".to_owned()]).unwrap();
        let end = OffsetDateTime::now_utc() + time::Duration::days(days);
        (params.not_before, params.not_after) = (end - time::Duration::days(400), end);
        let certificate = params.self_signed(&key).unwrap();
        fs::write(&self.certificate, certificate.pem()).unwrap();
        fs::write(&self.key, key.serialize_pem()).unwrap();
        fs::set_permissions(&self.key, fs::Permissions::from_mode(0o600)).unwrap();
        certificate.der().clone()
    }

    pub fn options(&self) -> [&str; 5] {
        ["--https", "--tls-cert", self.certificate.to_str().unwrap(), "--tls-key", self.key.to_str().unwrap()]
    }
}
