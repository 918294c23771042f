//! HTTPS of the real program, met by a TLS client of the test's own.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use serde_json::json;

use crate::server::{Home, NO_ENGINE, PASSWORD, Server, program, run, wait_for};
use crate::stub::{Reply, Stub};
use crate::tls::{Files, address, ask, ask_plain, authority, connect, request, shown, trusting};

const NAMED: [&str; 3] = ["--https", "--allowed-host", "nas.example"];

fn serving(options: &[&str]) -> Server {
    Server::serving(tempfile::tempdir().unwrap(), options)
}

/// C11, M14: the first start with HTTPS makes an authority; whoever trusts it believes this server by
/// each of its names, and by no other.
#[test]
fn an_authority_of_its_own() {
    let server = serving(&NAMED).claim();
    assert!(server.url.starts_with("https://127.0.0.1:"));
    let trusted = trusting(&authority(&server));
    let health = |name: &str| ask(&server, &trusted, name, &request("GET /api/v1/system/health", name, &[], ""));
    for name in ["127.0.0.1", "localhost", "nas.example"] {
        assert_eq!(health(name).unwrap().status, 200, "{name}");
    }
    for other in ["evil.example", "10.9.8.7"] {
        let error = health(other).unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{other}: {error}");
    }
    // Somebody who does not trust it does not believe it.
    let folder = tempfile::tempdir().unwrap();
    let stranger = trusting(&Files::new(folder.path()).write(10));
    assert!(connect(&server, &stranger, "localhost").unwrap_err().to_string().contains("UnknownIssuer"));
    // R33: the key is its owner's alone.
    let mode = |file: &str| fs::metadata(server.data().join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("tls"), mode("tls/ca.key")), (0o700, 0o600));
    // Everybody may have the certificate, also who does not trust it yet.
    let download = ask(&server, &trusted, "localhost", &request("GET /api/v1/system/ca.crt", "localhost", &[], "")).unwrap();
    assert_eq!((download.status, download.header("content-type")), (200, Some("application/x-x509-ca-cert")));
    assert_eq!(download.body, fs::read_to_string(server.data().join("tls/ca.crt")).unwrap());
    // It stays the same over starts.
    let before = authority(&server);
    let again = Server::serving(server.end(), &NAMED);
    assert_eq!(authority(&again), before);
    assert!(connect(&again, &trusted, "nas.example").is_ok());
}

/// `steward self ca` says without the server what the server shows; the API says the same.
#[test]
fn its_fingerprint_is_said_alike_everywhere() {
    let server = serving(&NAMED).claim();
    let data = server.data();
    let data = data.to_str().unwrap();
    let said = server.run(&["self", "ca", "--data-dir", data, "--json"]).good().json();
    let fingerprint = said["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint, steward::tls::fingerprint(&authority(&server)));
    assert!(server.setup.ends_with(&format!(",ca={}", fingerprint.replace(':', ""))), "{}", server.setup);
    let pem = server.run(&["self", "ca", "--data-dir", data, "--pem"]).good().out;
    assert_eq!(Some(pem.as_str()), said["pem"].as_str());
    assert!(server.run(&["self", "ca", "--data-dir", data]).good().out.contains(fingerprint));
    let view = api(&server, "/system/https");
    assert_eq!(
        (view["enabled"].as_bool(), view["source"].as_str(), view["exposed"].as_bool()),
        (Some(true), Some("authority"), Some(false))
    );
    assert_eq!(view["authority"]["fingerprint"], fingerprint);
    assert!(view["names"].as_array().unwrap().iter().any(|name| name == "nas.example"), "{view}");
    assert_eq!(view["problem"], json!(null));
    let none = Home::new().run(&["self", "ca", "--data-dir", "/nonexistent", "--json"]).bad(3);
    assert_eq!(none.error()["code"], "not_found");
}

fn token(server: &Server) -> String {
    let kept = fs::read_to_string(server.config().join("sign-in.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&kept).unwrap()["token"].as_str().unwrap().to_owned()
}

fn api(server: &Server, path: &str) -> serde_json::Value {
    let trusted = trusting(&authority_or_own(server));
    let bearer = format!("authorization: Bearer {}", token(server));
    let answer = ask(server, &trusted, "127.0.0.1", &request(&format!("GET /api/v1{path}"), "127.0.0.1", &[&bearer], "")).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// What the command line believes this server by.
fn authority_or_own(server: &Server) -> CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject;
    let kept = fs::read_to_string(server.config().join("sign-in.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    CertificateDer::from_pem_slice(kept["authority"].as_str().unwrap().as_bytes()).unwrap()
}

/// C10, R21, R25: over HTTPS the cookie is bound to the host and to HTTPS, pages of the plain address are
/// other sites, and browsers are told to stay with HTTPS where no app's port is in the way.
#[test]
fn browsers_are_told_to_stay_with_it() {
    let server = serving(&NAMED).claim();
    let trusted = trusting(&authority(&server));
    let host = address(&server);
    let body = json!({ "user": "anna", "password": PASSWORD }).to_string();
    let sign_in = |more: &[&str]| ask(&server, &trusted, "127.0.0.1", &request("POST /api/v1/session", host, more, &body)).unwrap();
    let answer = sign_in(&[&format!("origin: https://{host}")]);
    assert_eq!(answer.status, 201);
    let cookie = answer.header("set-cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-steward_session=") && pair.len() > 40, "{cookie}");
    let mut attributes: Vec<&str> = attributes.split("; ").map(|one| one.split('=').next().unwrap()).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age", "Path", "SameSite", "Secure"]);
    assert!(cookie.contains("SameSite=Strict") && cookie.contains("Path=/;"));
    let session = |cookie: &str| {
        let request = request("GET /api/v1/session", host, &[&format!("cookie: {cookie}")], "");
        ask(&server, &trusted, "127.0.0.1", &request).unwrap().status
    };
    assert_eq!(session(pair), 200);
    // A cookie that a plain page could have set is none.
    assert_eq!(session(pair.trim_start_matches("__Host-")), 401);
    let forged = sign_in(&[&format!("origin: http://{host}")]);
    assert_eq!((forged.status, forged.json()["code"].as_str()), (403, Some("cross_origin")));
    // The rule holds for every port of a name: not for names that apps share.
    let strict = |server: &Server, host: &str| {
        let answer = ask(server, &trusted, "127.0.0.1", &request("GET /", host, &[], "")).unwrap();
        answer.header("strict-transport-security").map(str::to_owned)
    };
    for own in ["nas.example", "NAS.example:8443", "127.0.0.1"] {
        assert_eq!(strict(&server, own).as_deref(), Some("max-age=31536000"), "{own}");
    }
    for shared in ["localhost", "evil.example"] {
        assert_eq!(strict(&server, shared), None, "{shared}");
    }
    let server = Server::serving(server.end(), &[&NAMED[..], &["--no-hsts"]].concat());
    assert_eq!(strict(&server, "nas.example"), None);
}

/// C10: plain HTTP on the same port is led to HTTPS when it only reads, and refused when it would change something.
#[test]
fn plain_http_is_led_to_it() {
    let server = serving(&NAMED).claim();
    let answer = ask_plain(&server, &request("GET /apps?x=1", "nas.example:8080", &[], ""));
    assert_eq!((answer.status, answer.header("location")), (308, Some("https://nas.example:8080/apps?x=1")));
    assert_eq!((answer.header("strict-transport-security"), answer.body.as_str()), (None, ""));
    assert_eq!(ask_plain(&server, &request("HEAD /", "127.0.0.1", &[], "")).status, 308);
    // Nobody is led to where somebody else wants.
    let evil = ask_plain(&server, &request("GET /", "evil.example", &[], ""));
    assert_eq!((evil.status, evil.header("location")), (421, None));
    let body = json!({ "user": "anna", "password": PASSWORD }).to_string();
    let refused = ask_plain(&server, &request("POST /api/v1/session", "127.0.0.1", &[], &body));
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("https_required")));
    assert_eq!(refused.header("set-cookie"), None);
    let bearer = format!("authorization: Bearer {}", token(&server));
    assert_eq!(ask_plain(&server, &request("GET /api/v1/session", "127.0.0.1", &[&bearer], "")).status, 308);
    assert_eq!(server.run(&["sessions", "list", "--json"]).good().json().as_array().unwrap().len(), 1);
}

/// M14: a certificate of one's own is shown; another one takes its place without a restart, and one that
/// is no good does not.
#[test]
fn files_of_ones_own_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let first = files.write(100);
    let server = serving(&files.options());
    assert!(!server.setup.contains("ca="), "there is no authority to be compared");
    assert_eq!(shown(&server, &trusting(&first), "127.0.0.1").unwrap(), first);
    assert!(!server.data().join("tls").exists(), "no authority is made");
    // A connection that is open goes on.
    let mut open = connect(&server, &trusting(&first), "127.0.0.1").unwrap();
    let second = files.write(10);
    let now_shown = |wanted: &CertificateDer<'static>| shown(&server, &trusting(wanted), "127.0.0.1").is_ok_and(|shown| shown == *wanted);
    wait_for("the second certificate", || now_shown(&second));
    open.write_all(request("GET /api/v1/system/health", "127.0.0.1", &[], "").as_bytes()).unwrap();
    let mut start = [0; 12];
    open.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");

    // The key of another one: what was shown stays.
    let good = (fs::read(&files.certificate).unwrap(), fs::read(&files.key).unwrap());
    let fingerprint = steward::tls::fingerprint(&second);
    let named = ["setup", "--url", server.setup.as_str(), "--fingerprint", fingerprint.as_str(), "--user", "anna", "--password-stdin"];
    server.run_with(&named, PASSWORD).good();
    assert!(api(&server, "/system/https")["problem"].as_str().unwrap().contains("ends in 9 days"));
    files.write(100);
    fs::write(&files.certificate, &good.0).unwrap();
    let problem = || api(&server, "/system/https")["problem"].as_str().unwrap_or_default().to_owned();
    wait_for("the problem", || problem().contains("not the key of the certificate"));
    assert!(now_shown(&second));
    let status = server.run(&["status", "--json"]).good().json();
    assert!(
        status["problems"].as_array().unwrap().iter().any(|one| one["message"].as_str().unwrap().contains("not the key")),
        "{status:#}"
    );
    fs::write(&files.key, &good.1).unwrap();
    wait_for("the end of the problem", || problem().contains("ends in 9 days"));
}

/// M14: what cannot be shown is said at the start, with what to do.
#[test]
fn a_start_with_a_bad_certificate_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let home = Home::new();
    let start = |options: &[&str]| {
        let data = folder.path().join("data");
        let mut command = program(&home.config(), &["serve", "--listen", "127.0.0.1:0", "--docker-host", NO_ENGINE, "--data-dir"]);
        command.arg(data).args(options);
        run(command, "").bad(1).err
    };
    let says = |err: String, what: &str| assert!(err.contains(what), "{what}: {err}");
    says(start(&files.options()), "server.crt cannot be read");
    files.write(100);
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    says(start(&files.options()), "chmod 600");
    files.write(-1);
    says(start(&files.options()), "it has ended");
    files.write(500);
    says(start(&files.options()), "does not hold yet");
    files.write(100);
    let other = fs::read(&files.key).unwrap();
    files.write(100);
    fs::write(&files.key, other).unwrap();
    says(start(&files.options()), "is not the key of the certificate");
    fs::write(&files.key, "nothing").unwrap();
    says(start(&files.options()), "no private key in PEM");
    fs::write(&files.certificate, "nothing").unwrap();
    says(start(&files.options()), "no certificate in it");
    says(start(&["--https", "--tls-cert", "x"]), "go together");
    says(start(&files.options()[1..]), "add --https");
}

/// C10: whoever dawdles in the handshake keeps nobody else waiting, and is dropped in the end.
#[test]
fn slow_handshakes_stop_nobody() {
    let server = serving(&["--https"]);
    let trusted = trusting(&authority(&server));
    let mut slow: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address(&server)).unwrap()).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        // Some say nothing at all, some begin.
        if number % 2 == 0 {
            stream.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
        }
    }
    let started = Instant::now();
    let health = request("GET /api/v1/system/health", "localhost", &[], "");
    for _ in 0..10 {
        assert_eq!(ask(&server, &trusted, "localhost", &health).unwrap().status, 200);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    for stream in &mut slow[..2] {
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset), "it is not dropped");
    }
    assert!(started.elapsed() >= Duration::from_secs(8) && started.elapsed() < Duration::from_secs(15));
}

/// R26: the socket works over HTTPS, for who is signed in.
#[tokio::test]
async fn the_socket_works_over_it() {
    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let server = tokio::task::spawn_blocking(|| serving(&["--https"]).claim()).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(trusting(&authority(&server)));
    let open = async |cookie: &str, origin: &str| {
        let socket = tokio::net::TcpStream::connect(address(&server)).await.unwrap();
        let stream = connector.connect("127.0.0.1".try_into().unwrap(), socket).await.unwrap();
        let mut request = format!("wss://{}/ws", address(&server)).into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("origin", format!("{origin}{}", address(&server)).parse().unwrap());
        tokio_tungstenite::client_async(request, stream).await
    };
    let cookie = format!("__Host-steward_session={}", token(&server));
    assert!(open(&cookie, "http://").await.is_err(), "a page of the plain address is another site");
    assert!(open("steward_session=x", "https://").await.is_err());
    let (mut socket, _) = open(&cookie, "https://").await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(5), socket.next()).await.unwrap().unwrap().unwrap();
    assert!(first.is_text(), "{first:?}");
}

/// What is spoken in the open where other machines reach it is said.
#[test]
fn plain_http_to_others_is_a_problem() {
    let status = |exposed: bool| {
        let stub = Stub::start(move |line| match line {
            "GET /api/v1/system/health" => Reply::Json(200, json!({ "status": "ok", "version": "1", "claimed": true, "database": "ok" })),
            "GET /api/v1/system/version" => Reply::Json(200, json!({ "version": "1", "api_version": "v1", "development": false })),
            "GET /api/v1/system/https" => {
                let none = json!(null);
                let view = json!({ "enabled": false, "exposed": exposed, "source": none, "names": [], "expires_at": none,
                    "fingerprint": none, "authority": none, "problem": none });
                Reply::Json(200, view)
            }
            _ => Reply::Json(200, json!([])),
        });
        let mut command = program(Home::new().config().as_path(), &["status", "--json", "--url", &stub.url]);
        command.env("STEWARD_TOKEN", "x");
        run(command, "").good().json()
    };
    assert_eq!(status(false)["problems"], json!([]));
    let problem = &status(true)["problems"][0];
    assert!(problem["message"].as_str().unwrap().contains("plain HTTP"), "{problem}");
    assert_eq!(problem["target"], "steward");
}
