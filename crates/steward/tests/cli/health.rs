//! `steward health`: what a supervisor or a container's health check asks.

use std::net::TcpListener;

use crate::server::{Home, Server, program, run};

/// H12: a server that runs is healthy before anybody owns it, and without an engine; the address that it
/// listens on is enough to ask it.
#[test]
fn a_server_that_answers_is_healthy() {
    let server = Server::unclaimed();
    let home = Home::new();
    let listen = server.url.strip_prefix("http://").unwrap();
    let port = listen.rsplit_once(':').unwrap().1;
    assert!(home.run(&["health", "--url", &server.url]).good().out.contains("answers"));
    let health = home.run(&["health", "--listen", &format!("0.0.0.0:{port}"), "--json"]).good().json();
    assert_eq!((&health["status"], &health["claimed"], &health["engine"]), (&"ok".into(), &false.into(), &serde_json::Value::Null));
    let mut asked = program(&home.config(), &["health", "--quiet"]);
    asked.env("STEWARD_LISTEN", listen);
    run(asked, "").good();
}

/// H12: one that does not answer is not, whoever else listens there.
#[test]
fn one_that_does_not_answer_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap().to_string();
    drop(listener);
    let home = Home::new();
    let ran = home.run(&["health", "--listen", &listen, "--json"]).bad(9);
    assert!(ran.error()["message"].as_str().unwrap().contains(&listen), "{ran:#?}");
    home.run(&["health", "--listen", "nowhere"]).bad(2);
}
