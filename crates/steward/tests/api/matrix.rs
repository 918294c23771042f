//! Who may do what, tried: every route and every kind of operation, by everybody, with every kind of
//! credential. A route without an example here fails the test, so does a new kind.
//!
//! `routes.golden` and `operations.golden` beside this file's modules say what came of it. To accept a change, set `STEWARD_WRITE_GOLDEN=1` and look at
//! what differs.

mod examples;
mod people;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use steward_core::operation::Kind;

use self::examples::{Call, Made};
use self::people::People;
use crate::socket::open;
use crate::support::{Answer, Asker, send};

/// Servers on which routes are tried at the same time.
const GROUPS: usize = 4;

/// Everything that Steward keeps and that somebody could change, as its owner sees it.
async fn state(people: &People) -> String {
    let mut text = String::new();
    for path in ["/users", "/deployments", "/schedules", "/devices", "/system/retention", "/operations?limit=500", "/tokens"] {
        let mut answer = people.boss.get(path).await.expect(200);
        if path.starts_with("/operations") {
            answer = Value::from(answer.as_array().unwrap().len());
        }
        if path == "/system/retention" {
            answer = answer["settings"].take();
        }
        forget_moments(&mut answer);
        writeln!(text, "{path} {answer}").unwrap();
    }
    let grants = people.boss.get(&format!("/users/{}/grants", people.here)).await.expect(200);
    writeln!(text, "grants {grants}").unwrap();
    text
}

/// What changes by itself.
fn forget_moments(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for moment in ["observed_at", "last_used_at", "facts", "next", "services", "state", "problem"] {
                fields.remove(moment);
            }
            fields.values_mut().for_each(forget_moments);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_moments),
        _ => {}
    }
}

async fn ask(asker: &Asker, call: &Call) -> Answer {
    let request = asker.request(call.method.clone(), &call.path);
    send(if call.body.is_null() { request } else { request.json(&call.body) }).await
}

/// What somebody was told.
fn word(answer: &Answer, good: &[u16], what: &str) -> &'static str {
    let status = answer.status.as_u16();
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    match (status, code.as_str()) {
        (401, "not_signed_in") => "stranger",
        (403, "not_allowed") => "refused",
        (404, "not_found") => "absent",
        _ if good.contains(&status) => "allowed",
        _ => panic!("{what}: {status} {}", answer.text),
    }
}

/// What came of one call by everybody, in the order of the people.
async fn by_everybody(people: &mut People, name: &str, mut call: impl AsyncFnMut(&People) -> Made) -> Vec<&'static str> {
    let mut words = Vec::new();
    // What a call is about serves until somebody was allowed to use it up.
    let mut pending: Option<(Made, String)> = None;
    // The owner first: so it is known that the call itself is good.
    for place in std::iter::once(people.owner()).chain(0..people.owner()) {
        let (made, before) = match pending.take() {
            Some(same) => same,
            None => {
                let made = call(people).await;
                let before = state(people).await;
                (made, before)
            }
        };
        let asker = people.credential(place).await;
        let what = format!("{name} by {}", people.name(place));
        let answer = ask(&asker, &made.call).await;
        let said = word(&answer, made.good, &what);
        assert!(!words.is_empty() || made.good.contains(&answer.status.as_u16()), "{what}: {}", answer.text);
        words.push(said);
        if said == "allowed" {
            people.settle(&answer).await;
            made.mend.apply(people).await;
        } else {
            assert_eq!(before, state(people).await, "{what}: it was {said}, and something changed");
            pending = Some((made, before));
        }
    }
    if let Some((made, _)) = pending {
        made.mend.apply(people).await;
    }
    words.rotate_left(1);
    words
}

/// With what is no credential any more, or never was one, nobody is anybody.
async fn by_nobody(people: &People, name: &str, call: &Call) {
    let before = state(people).await;
    for (what, asker) in &people.strangers {
        ask(asker, call).await.problem(401, "not_signed_in");
        assert_eq!(state(people).await, before, "{name} with {what}: something changed");
    }
}

fn line(name: &str, words: &[&str]) -> String {
    let mut line = format!("{name:<53}");
    for word in words {
        write!(line, "{word:<9}").unwrap();
    }
    format!("{}\n", line.trim_end())
}

fn routes() -> Vec<(Method, String, bool)> {
    let document: Value = serde_json::from_str(&steward::api::openapi_json()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let public = operation["x-permission"] == "public";
            routes.push((method.to_uppercase().parse().unwrap(), path.strip_prefix("/api/v1").unwrap().to_owned(), public));
        }
    }
    routes
}

fn compare(section: &str, found: BTreeMap<String, Vec<&'static str>>, people: &People) {
    let names: Vec<&str> = (0..=people.owner()).map(|place| people.name(place)).collect();
    let mut text = line(section, &names);
    for (name, words) in found {
        text.push_str(&line(&name, &words));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/api/matrix/{section}.golden"));
    if std::env::var_os("STEWARD_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "{section}.golden differs");
}

/// C3, C8, P6, R11, R12, promise 8: every route by everybody. Each call is made by the owner first,
/// who may; whoever is refused has changed nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_for_everybody() {
    // Several servers at once, each for some of the routes: what piles up on one makes every look longer.
    let all = routes();
    let groups = (0..GROUPS).map(|group| some_routes(all.iter().skip(group).step_by(GROUPS).cloned().collect()));
    let mut found: BTreeMap<_, _> = futures_util::future::join_all(groups).await.into_iter().flatten().collect();
    let mut people = People::new().await;
    let mut words = Vec::new();
    for place in 0..=people.owner() {
        let asker = people.credential(place).await;
        let headers: Vec<_> = asker.token.iter().map(|token| ("authorization", format!("Bearer {token}"))).collect();
        words.push(match open(&people.app, &headers).await {
            Ok(_) => "allowed",
            Err(401) => "stranger",
            Err(status) => panic!("{status}"),
        });
    }
    for (what, asker) in &people.strangers {
        let headers: Vec<_> = asker.token.iter().map(|token| ("authorization", format!("Bearer {token}"))).collect();
        assert_eq!(open(&people.app, &headers).await.err(), Some(StatusCode::UNAUTHORIZED.as_u16()), "{what}");
    }
    found.insert(format!("{:<46}GET", "/ws"), words);
    compare("routes", found, &people);
}

/// What came of some routes, on a server of their own.
async fn some_routes(routes: Vec<(Method, String, bool)>) -> BTreeMap<String, Vec<&'static str>> {
    let mut people = People::new().await;
    let mut found = BTreeMap::new();
    for (method, path, public) in routes {
        let name = format!("{method:<7}{path}");
        let words = by_everybody(&mut people, &name, async |people| examples::route(people, &method, &path).await).await;
        if !public {
            let made = examples::route(&people, &method, &path).await;
            by_nobody(&people, &name, &made.call).await;
            made.mend.apply(&people).await;
        }
        found.insert(format!("{path:<46}{method}"), words);
    }
    found
}

/// P1, C8, R11: every kind of operation by everybody, by way of the one route for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_operation_for_everybody() {
    let mut people = People::new().await;
    let mut found = BTreeMap::new();
    for kind in Kind::ALL {
        let name = kind.as_str();
        let words = by_everybody(&mut people, name, async |people| examples::kind(people, *kind).await).await;
        let made = examples::kind(&people, *kind).await;
        by_nobody(&people, name, &made.call).await;
        made.mend.apply(&people).await;
        found.insert(name.to_owned(), words);
    }
    compare("operations", found, &people);
}
