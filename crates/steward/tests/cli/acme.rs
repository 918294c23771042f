//! Certificates over ACME, issued by Pebble: the authority that Let's Encrypt wrote for tests.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::server::{Server, wait_for};
use crate::tls::{Files, ask_at, authority, connect, request, shown, trusting};

/// The folder with the programs `pebble` and `pebble-challtestsrv`; a test without them is skipped.
fn programs() -> Option<PathBuf> {
    let folder = std::env::var_os("STEWARD_TEST_PEBBLE").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: needs Pebble (scripts/setup-pebble)");
    }
    folder
}

/// A port that was free a moment ago.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority, and a DNS in which every name is this machine.
struct Pebble {
    children: Vec<Child>,
    folder: tempfile::TempDir,
    files: Files,
    directory: String,
    management: String,
    own: CertificateDer<'static>,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Pebble {
    /// One that proves names at this port, and whose certificates hold for so many seconds.
    fn start(programs: &Path, tls: u16, seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let own = files.write(100);
        let (listen, management, dns) = (port(), format!("127.0.0.1:{}", port()), format!("127.0.0.1:{}", port()));
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"), "managementListenAddress": management,
            "certificate": files.certificate, "privateKey": files.key, "httpPort": port(), "tlsPort": tls,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
            "retryAfter": { "authz": 1, "order": 1 },
            "profiles": { "default": { "description": "tests", "validityPeriod": seconds } },
        }});
        let path = folder.path().join("pebble.json");
        fs::write(&path, config.to_string()).unwrap();
        let run = |name: &str, words: &[&str]| {
            let mut command = Command::new(programs.join(name));
            command.args(words).env("PEBBLE_VA_NOSLEEP", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let nobody = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""];
        let answers =
            ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dnsserver", &dns, "-management", &format!("127.0.0.1:{}", port())];
        let children = vec![
            run("pebble-challtestsrv", &[&nobody[..], &answers[..]].concat()),
            run("pebble", &["-config", path.to_str().unwrap(), "-dnsserver", &dns]),
        ];
        let directory = format!("https://127.0.0.1:{listen}/dir");
        let pebble = Self { children, folder, files, directory, management, own };
        wait_for("Pebble", || pebble.asked("/roots/0").is_some());
        pebble
    }

    fn asked(&self, path: &str) -> Option<String> {
        let request = request(&format!("GET {path}"), "127.0.0.1", &[], "");
        ask_at(&self.management, &trusting(&self.own), "127.0.0.1", &request).ok().map(|answer| answer.body)
    }

    /// The authority that whoever trusts Pebble trusts.
    fn root(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.asked("/roots/0").unwrap().as_bytes()).unwrap()
    }

    /// A server whose names it proves.
    fn server(&self, data: tempfile::TempDir, port: u16, names: &[&str]) -> Server {
        let ca = self.files.certificate.to_str().unwrap();
        let mut options = vec!["--https", "--acme-directory", &self.directory, "--acme-ca", ca];
        options.extend(names.iter().flat_map(|name| ["--acme", name]));
        Server::start_with(data, &format!("127.0.0.1:{port}"), &options)
    }
}

fn view(server: &Server) -> Value {
    let kept = fs::read_to_string(server.config().join("sign-in.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let bearer = format!("authorization: Bearer {}", kept["token"].as_str().unwrap());
    let request = request("GET /api/v1/system/https", "localhost", &[&bearer], "");
    crate::tls::ask(server, &trusting(&authority(server)), "localhost", &request).unwrap().json()
}

/// M14: a certificate is issued, kept over a restart, and asked for anew for another name; other names are
/// vouched for as before.
#[test]
fn a_certificate_is_issued_and_kept() {
    let Some(programs) = programs() else { return };
    let port = port();
    let pebble = Pebble::start(&programs, port, 7_776_000);
    let server = pebble.server(tempfile::tempdir().unwrap(), port, &["own.example"]).claim();
    let trusted = trusting(&pebble.root());
    let issued = |server: &Server, name: &str| shown(server, &trusted, name).ok();
    wait_for("a certificate", || issued(&server, "own.example").is_some());
    let first = issued(&server, "own.example").unwrap();
    // By another name it is still Steward's own.
    assert!(connect(&server, &trusting(&authority(&server)), "localhost").is_ok());
    assert!(issued(&server, "localhost").is_none());
    let said = view(&server);
    assert_eq!((said["source"].as_str(), &said["names"], &said["problem"]), (Some("acme"), &json!(["own.example"]), &json!(null)));
    assert_eq!(said["fingerprint"], steward::tls::fingerprint(&first));
    assert!(said["authority"]["fingerprint"].is_string());
    for file in ["acme.key", "acme.crt", "acme-account.json"] {
        let mode = fs::metadata(server.data().join("tls").join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
    // The pages answer by it, and browsers are told to stay.
    let answer = crate::tls::ask(&server, &trusted, "own.example", &request("GET /", "own.example", &[], "")).unwrap();
    assert_eq!((answer.status, answer.header("strict-transport-security")), (200, Some("max-age=31536000")));

    let account = fs::read(server.data().join("tls/acme-account.json")).unwrap();
    let server = pebble.server(server.end(), port, &["own.example"]);
    assert_eq!(issued(&server, "own.example"), Some(first.clone()), "it is kept");
    let server = pebble.server(server.end(), port, &["own.example", "second.example"]);
    wait_for("a certificate for both", || issued(&server, "second.example").is_some());
    assert_ne!(issued(&server, "own.example"), Some(first));
    assert_eq!(fs::read(server.data().join("tls/acme-account.json")).unwrap(), account, "the account is the same");
    assert!(pebble.folder.path().exists());
}

/// One that ends soon is renewed in time, while the server runs.
#[test]
fn a_certificate_is_renewed() {
    let Some(programs) = programs() else { return };
    let port = port();
    let pebble = Pebble::start(&programs, port, 15);
    let server = pebble.server(tempfile::tempdir().unwrap(), port, &["own.example"]);
    let trusted = trusting(&pebble.root());
    let issued = || shown(&server, &trusted, "own.example").ok();
    wait_for("a certificate", || issued().is_some());
    let first = issued();
    wait_for("the next one", || issued().is_some_and(|next| Some(next) != first));
}

/// A name that does not lead here gets no certificate; the authority's words are passed on, and the
/// server works by its other names.
#[test]
fn a_name_that_leads_elsewhere_is_said() {
    let Some(programs) = programs() else { return };
    let pebble = Pebble::start(&programs, port(), 7_776_000);
    let server = pebble.server(tempfile::tempdir().unwrap(), port(), &["own.example"]).claim();
    let problem = || view(&server)["problem"].as_str().unwrap_or_default().to_owned();
    wait_for("the problem", || problem().contains("the authority says of own.example"));
    assert!(problem().starts_with("No certificate was issued for own.example: "), "{}", problem());
    assert_eq!(view(&server)["source"], "authority");
    // An authority that does not answer is said as well.
    drop(pebble);
    std::thread::sleep(Duration::from_millis(100));
    let gone = Server::serving(
        tempfile::tempdir().unwrap(),
        &["--https", "--acme", "own.example", "--acme-directory", &format!("https://127.0.0.1:{}/dir", port())],
    )
    .claim();
    wait_for("the other problem", || view(&gone)["problem"].as_str().unwrap_or_default().contains("does not answer"));
}
