//! What is said, and with which exit code, when something does not work. None of this needs an engine.

use std::net::TcpListener;

use crate::catalog::GREETER;
use crate::server::{Home, Server, program, run};

#[test]
fn nobody_answers() {
    let home = Home::new();
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let ran = home.run(&["apps", "list", "--url", &url]).bad(9);
    assert!(ran.err.starts_with(&format!("error[server_unreachable]: no Steward answers at {url}: ")), "{ran:#?}");
    assert!(ran.err.contains("hint: Start it with `steward serve`"), "{ran:#?}");
    assert_eq!(ran.out, "");
    let json = home.run(&["apps", "list", "--url", &url, "--json"]).bad(9);
    let error = json.error();
    let mut keys: Vec<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code", "field", "hint", "message", "operation"]);
    assert_eq!(json.err.lines().count(), 1);
}

#[test]
fn somebody_else_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\nconnection: close\r\n\r\nhm?").unwrap();
    });
    let ran = Home::new().run(&["apps", "list", "--url", &url, "--json"]).bad(1);
    assert_eq!(ran.error()["code"], "unexpected_answer");
    other.join().unwrap();
}

/// C10: whoever is asked by HTTPS hears no word in the open.
#[test]
fn a_secure_address_is_not_spoken_to_insecurely() {
    use std::io::Read;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        let mut heard = vec![0; 4096];
        let read = listener.accept().unwrap().0.read(&mut heard).unwrap();
        heard.truncate(read);
        heard
    });
    let mut command = program(&Home::new().config(), &["apps", "list", "--url", &url, "--json"]);
    command.env("STEWARD_TOKEN", "stw_canary");
    assert_eq!(run(command, "").bad(9).error()["code"], "server_unreachable");
    let heard = other.join().unwrap();
    assert_eq!(heard.first(), Some(&0x16), "a TLS handshake");
    assert!(!heard.windows(6).any(|part| part == b"canary"));
}

#[test]
fn bad_usage_is_2() {
    let server = Server::claimed();
    let code = |arguments: &[&str]| server.run(arguments).code;
    assert_eq!(code(&["frobnicate"]), 2);
    assert_eq!(code(&["apps"]), 2);
    assert_eq!(code(&["deploy", "x", "--no-such-flag"]), 2);
    assert_eq!(code(&["apps", "list", "-o", "xml"]), 2);
    for (arguments, code, field) in [
        (vec!["deploy", "x", "--port", "80=99999"], "invalid_value", Some("ports.80/tcp")),
        (vec!["deploy", "x", "--port", "80"], "invalid_value", Some("ports")),
        (vec!["deploy", "x", "--port", "80=81", "--port", "80/tcp=82"], "invalid_value", Some("ports.80/tcp")),
        (vec!["deploy", "x", "--set", "title"], "invalid_value", Some("settings")),
        (vec!["deploy", "x", "--timeout", "soon"], "invalid_value", Some("timeout")),
        (vec!["apps", "set", "x"], "usage", None),
        (vec!["whoami", "--url", "ftp://nas"], "invalid_value", Some("url")),
        (vec!["audit", "--limit", "0"], "invalid_value", Some("limit")),
        (vec!["ops", "list", "--state", "sleeping"], "invalid_value", Some("state")),
        (vec!["volumes", "delete", "nothing_data"], "not_found", None),
    ] {
        let ran = server.run(&[&arguments[..], &["--json"]].concat());
        let exit = if code == "not_found" { 3 } else { 2 };
        assert_eq!(
            (ran.code, ran.error()["code"].as_str(), ran.error()["field"].as_str()),
            (exit, Some(code), field),
            "{arguments:?} {ran:#?}"
        );
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}

#[test]
fn without_an_engine_a_deployment_is_refused_before_anything_is_done() {
    let server = Server::claimed();
    server.entry("greeter", GREETER);
    let plan = server.run(&["plan", "greeter", "--json"]).bad(5);
    assert_eq!(plan.json()["kind"], "deployment.deploy");
    assert!(
        plan.json()["checks"].as_array().unwrap().iter().any(|check| check["code"] == "engine" && check["status"] == "fail"),
        "{plan:#?}"
    );
    assert_eq!(plan.error()["code"], "preflight_failed");
    let deploy = server.run(&["deploy", "greeter", "--json"]).bad(5);
    assert_eq!((deploy.out.as_str(), deploy.error()["code"].as_str()), ("", Some("preflight_failed")));
    let human = server.run(&["deploy", "greeter"]).bad(5);
    assert!(human.err.contains("error[preflight_failed]: ") && human.err.contains("Nothing was changed."), "{human:#?}");
    assert_eq!(server.run(&["apps", "list", "--json"]).good().out, "[]\n");
    // The refusal is in the audit log.
    let audit = server.run(&["audit", "--action", "deployment.deploy", "--json"]).good().json();
    assert!(audit.as_array().unwrap().iter().any(|row| row["phase"] == "refused"), "{audit:#}");
}

#[test]
fn what_is_wrong_with_a_request_is_named() {
    let server = Server::claimed();
    server.entry("greeter", GREETER);
    for (arguments, exit, code, field) in [
        (vec!["deploy", "greeter", "--set", "titel=x"], 2, "unknown_field", Some("settings.titel")),
        (vec!["deploy", "greeter", "--port", "8080=81"], 2, "unknown_field", Some("ports.8080/tcp")),
        (vec!["deploy", "greeter", "--name", "Not A Name"], 2, "invalid_name", Some("name")),
        (vec!["deploy", "greetr"], 3, "not_found", None),
        (vec!["deploy", "../../users"], 3, "not_found", None),
        (vec!["deploy", "greeter", "--device", "nowhere"], 3, "not_found", None),
        (vec!["apps", "show", "nothing"], 3, "not_found", None),
        (vec!["apps", "stop", "nothing"], 3, "not_found", None),
        (vec!["logs", "nothing"], 3, "not_found", None),
        (vec!["ops", "show", "op_0123456789abcdef"], 3, "not_found", None),
        (vec!["ops", "cancel", "op_0123456789abcdef"], 3, "not_found", None),
        (vec!["devices", "show", "nowhere"], 3, "not_found", None),
    ] {
        let ran = server.run(&[&arguments[..], &["--json"]].concat());
        let error = ran.error();
        assert_eq!((ran.code, error["code"].as_str()), (exit, Some(code)), "{arguments:?} {ran:#?}");
        if field.is_some() {
            assert_eq!(error["field"].as_str(), field, "{arguments:?} {ran:#?}");
        }
    }
    let near = server.run(&["deploy", "greetr"]).bad(3);
    assert!(near.err.contains("hint: Did you mean `greeter`?"), "{near:#?}");
    let near = server.run(&["deploy", "greeter", "--set", "titel=x"]).bad(2);
    assert!(near.err.contains("did you mean `title`?"), "{near:#?}");
}

#[test]
fn a_kept_token_goes_to_no_other_server() {
    let (server, other) = (Server::claimed(), Server::claimed());
    assert_eq!(server.run(&["whoami", "--url", &other.url, "--json"]).bad(4).error()["code"], "not_signed_in");
    let mut command = program(&server.config(), &["whoami", "--json"]);
    command.env("STEWARD_URL", &other.url);
    run(command, "").bad(4);
    server.run(&["whoami"]).good();
}
