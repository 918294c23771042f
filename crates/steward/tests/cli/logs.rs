//! `steward logs`.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::server::{Home, program};
use crate::stub::{Line, Reply, Stub, app};

fn line(service: &str, text: &str) -> Line {
    Line::Text(json!({"at": 1_700_000_000_123_i64, "service": service, "stream": "stdout", "text": text}).to_string())
}

fn log(lines: impl Fn() -> Vec<Line> + Send + Sync + 'static, services: usize) -> Stub {
    Stub::start(move |asked| match asked {
        "GET /api/v1/deployments/greeter" => {
            let mut app = app();
            let one = app["services"][0].clone();
            app["services"] = json!(vec![one; services]);
            Reply::Json(200, app)
        }
        asked if asked.starts_with("GET /api/v1/deployments/greeter/logs") => Reply::Lines(lines()),
        _ => Reply::Json(404, json!({"code": "not_found", "detail": "no"})),
    })
}

#[test]
fn lines_are_plain() {
    let stub = log(
        || vec![line("greeter", "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}ä\r\u{9b}2J"), line("greeter", ""), line("greeter", "\tlast")],
        1,
    );
    let home = Home::new();
    let arguments = ["logs", "greeter", "--url", &stub.url];
    let ran = home.run(&arguments).good();
    assert_eq!(ran.out, "red ä\u{fffd}\u{fffd}2J\n\n\tlast\n");
    let json = home.run(&[&arguments[..], &["--json"]].concat()).good();
    assert!(json.out.bytes().all(|b| b >= 0x20 || b == b'\n') && !json.out.contains('\u{9b}'), "{json:#?}");
    let first: serde_json::Value = serde_json::from_str(json.out.lines().next().unwrap()).unwrap();
    assert_eq!((first["text"].as_str(), json.out.lines().count()), (Some("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}ä\r\u{9b}2J"), 3));
    let dated = home.run(&[&arguments[..], &["-t"]].concat()).good();
    assert!(dated.out.starts_with("2023-11-14T22:13:20.123+00:00 red"), "{dated:#?}");
}

#[test]
fn what_is_wanted_is_asked() {
    let stub = log(Vec::new, 1);
    let home = Home::new();
    let more = ["--since", "10m", "--tail", "5", "--grep", "a b&c", "--service", "greeter", "-f"];
    home.run(&[&["logs", "greeter", "--url", &stub.url][..], &more].concat()).good();
    let asked = stub.asked().pop().unwrap().line;
    assert_eq!(asked, "GET /api/v1/deployments/greeter/logs?tail=5&since=10m&grep=a+b%26c&service=greeter&follow=true");
    let wrong = home.run(&["logs", "greeter", "--url", &stub.url, "--service", "greeter2", "--json"]).bad(3);
    assert_eq!(wrong.error()["hint"], "Did you mean `greeter`?");
}

#[test]
fn several_services_are_named() {
    let stub = log(|| vec![line("server", "a"), line("database", "b")], 2);
    assert_eq!(Home::new().run(&["logs", "greeter", "--url", &stub.url]).good().out, "server | a\ndatabase | b\n");
}

#[test]
fn twenty_thousand_lines_come_whole_and_in_order() {
    let stub = log(|| (0..20_000).map(|n| line("greeter", &format!("line {n} with some more text, as logs have it"))).collect(), 1);
    let started = Instant::now();
    let ran = Home::new().run(&["logs", "greeter", "--url", &stub.url]).good();
    assert!(started.elapsed() < Duration::from_secs(20));
    let whole: Vec<&str> = ran.out.lines().collect();
    assert_eq!(whole.len(), 20_000);
    assert!(whole.iter().enumerate().all(|(n, line)| line.starts_with(&format!("line {n} with"))));
}

#[test]
fn a_quiet_log_shows_its_last_line_at_once() {
    let stub = log(|| vec![line("greeter", "first"), Line::Hold], 1);
    let home = Home::new();
    let mut child = program(&home.config(), &["logs", "greeter", "-f", "--url", &stub.url]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(first, "first\n");
}
