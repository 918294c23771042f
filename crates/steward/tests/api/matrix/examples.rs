//! An example of every call, with something that it can be made about.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steward_core::operation::Kind;
use steward_host::HostErrorKind;

use super::people::People;
use crate::support::PASSWORD;

/// One request.
pub struct Call {
    pub method: Method,
    pub path: String,
    pub body: Value,
}

/// What makes good what a call did, or was made for.
pub enum Mend {
    Nothing,
    /// `hello` is deployed and runs again.
    Redeploy,
    /// `hello` runs again.
    Start,
    /// The machine answers again.
    Release,
}

impl Mend {
    pub async fn apply(&self, people: &People) {
        match self {
            Mend::Nothing => {}
            Mend::Redeploy => {
                let body = json!({ "settings": { "who": "world" } });
                people.done(people.boss.post("/applications/hello/deploy", body).await).await;
            }
            Mend::Start => people.done(people.boss.post("/deployments/hello/start", json!({})).await).await,
            Mend::Release => {
                people.app.host.release();
                for operation in people.boss.get("/operations?limit=500").await.expect(200).as_array().unwrap() {
                    people.boss.at_rest(operation["id"].as_str().unwrap()).await;
                }
                people.done(people.boss.post("/deployments/hello/start", json!({})).await).await;
            }
        }
    }
}

/// A call that is good, with the status that says so.
pub struct Made {
    pub call: Call,
    pub good: &'static [u16],
    pub mend: Mend,
}

/// A number that nothing else has.
fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("{made} has no id")).to_owned()
}

async fn user(people: &People) -> String {
    let body = json!({ "name": format!("user{}", fresh()), "password": PASSWORD, "role": "viewer" });
    id_of(&people.boss.post("/users", body).await.expect(201))
}

fn restart(people: &People) -> Value {
    json!({ "kind": "deployment.restart", "deployment_id": people.hello })
}

fn schedule_of(people: &People, name: &str) -> Value {
    json!({ "name": name, "cron": "0 3 * * *", "time_zone": "UTC", "request": restart(people) })
}

async fn schedule(people: &People) -> (String, String) {
    let name = format!("schedule{}", fresh());
    (id_of(&people.boss.post("/schedules", schedule_of(people, &name)).await.expect(201)), name)
}

fn deploy(n: u32) -> Value {
    json!({ "name": format!("new{n}"), "ports": { "80/tcp": 9000 + n } })
}

/// An operation on `hello` that is under way and goes on until the machine is released.
async fn under_way(people: &People) -> String {
    let host = &people.app.host;
    host.clear_calls();
    host.hang("compose.restart");
    let accepted = people.boss.post("/deployments/hello/restart", json!({})).await.expect(202);
    for _ in 0..500 {
        if host.calls().iter().any(|call| call.name == "compose.restart") {
            return id_of(&accepted["operation"]);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the restart did not begin");
}

/// An operation on `hello` whose undo failed.
async fn stuck(people: &People) -> String {
    let host = &people.app.host;
    host.fail_next_after("compose.up", HostErrorKind::Failed);
    for _ in 0..20 {
        host.fail_next("compose.up", HostErrorKind::Failed);
    }
    let accepted = people.boss.patch("/deployments/hello", json!({ "settings": { "who": format!("n{}", fresh()) } })).await.expect(202);
    let id = id_of(&accepted["operation"]);
    assert_eq!(people.boss.at_rest(&id).await["state"], "needs_attention");
    host.clear_faults();
    id
}

/// A volume that nothing uses.
async fn unused_volume(people: &People) -> String {
    let n = fresh();
    people.done(people.boss.post("/applications/hello/deploy", deploy(n)).await).await;
    people.done(people.boss.delete(&format!("/deployments/new{n}")).await).await;
    format!("steward-new{n}_data")
}

/// An example of a route. A route that is not here has none, and the test fails.
pub async fn route(people: &People, method: &Method, path: &str) -> Made {
    let mut good: &'static [u16] = if *method == Method::DELETE { &[204] } else { &[200] };
    let mut mend = Mend::Nothing;
    let mut body = Value::Null;
    let mut place = path.replace("{slug}", "hello");
    let hello = |place: &mut String| *place = place.replace("{id}", "hello");
    match (method.as_str(), path) {
        ("GET", "/deployments/{id}" | "/deployments/{id}/config" | "/deployments/{id}/files" | "/deployments/{id}/logs")
        | ("GET", "/deployments/{id}/revisions") => hello(&mut place),
        ("GET", "/applications" | "/applications/{slug}" | "/applications/{slug}/icon.svg" | "/openapi.json" | "/reconcilers")
        | ("GET", "/audit" | "/audit/export" | "/audit/verify" | "/deployments" | "/devices" | "/operations" | "/volumes" | "/users")
        | ("GET", "/schedules" | "/schedules/calendar" | "/session" | "/sessions" | "/tokens")
        | ("GET", "/system/backups" | "/system/health" | "/system/https" | "/system/retention" | "/system/version") => {}
        // This server speaks plain HTTP: it has no authority.
        ("GET", "/system/ca.crt") => good = &[404],
        // The server has an owner.
        ("GET", "/setup") => good = &[404],
        ("POST", "/setup") => (good, body) = (&[404], json!({ "code": "x", "user": "new", "password": PASSWORD })),
        ("GET", "/devices/{id}" | "/devices/{id}/containers" | "/devices/{id}/ports" | "/devices/{id}/scripts" | "/devices/{id}/stats") => {
            place = place.replace("{id}", &people.device);
        }
        ("PATCH", "/devices/{id}") => (place, body) = (place.replace("{id}", &people.device), json!({ "development": true })),
        ("GET", "/operations/{id}" | "/operations/{id}/events") => place = place.replace("{id}", &people.operation),
        ("POST", "/operations") => (good, body) = (&[202], restart(people)),
        ("POST", "/operations/plan") => body = restart(people),
        ("POST", "/operations/{id}/cancel") => {
            (good, mend) = (&[202], Mend::Release);
            place = place.replace("{id}", &under_way(people).await);
        }
        ("POST", "/operations/{id}/retry") => {
            (good, mend) = (&[202], Mend::Start);
            place = place.replace("{id}", &stuck(people).await);
        }
        ("POST", "/applications/{slug}/deploy") => (good, body) = (&[202], deploy(fresh())),
        ("POST", "/applications/{slug}/plan") => body = deploy(fresh()),
        ("DELETE", "/deployments/{id}") => {
            hello(&mut place);
            (good, mend) = (&[202], Mend::Redeploy);
        }
        ("PATCH", "/deployments/{id}") => {
            hello(&mut place);
            (good, body) = (&[202], json!({ "settings": { "who": format!("n{}", fresh()) } }));
        }
        ("POST", "/deployments/{id}/plan") => {
            hello(&mut place);
            body = json!({ "action": "stop" });
        }
        ("POST", "/deployments/{id}/restart") => {
            hello(&mut place);
            (good, body) = (&[202], json!({}));
        }
        ("POST", "/deployments/{id}/start") => {
            hello(&mut place);
            people.done(people.boss.post("/deployments/hello/stop", json!({})).await).await;
            (good, body, mend) = (&[202], json!({}), Mend::Start);
        }
        ("POST", "/deployments/{id}/stop") => {
            hello(&mut place);
            (good, body, mend) = (&[202], json!({}), Mend::Start);
        }
        ("POST", "/deployments/{id}/rollback") => {
            hello(&mut place);
            (good, body) = (&[200, 202], json!({ "revision": 1 }));
        }
        ("POST", "/deployments/{id}/secrets/reveal") => {
            hello(&mut place);
            body = json!({ "key": "password" });
        }
        ("GET" | "DELETE", "/schedules/{id}" | "/schedules/{id}/runs") => place = place.replace("{id}", &schedule(people).await.0),
        ("PUT", "/schedules/{id}") => {
            let (id, name) = schedule(people).await;
            place = place.replace("{id}", &id);
            body = schedule_of(people, &name);
            body["expected_version"] = json!(1);
        }
        ("POST", "/schedules") => (good, body) = (&[201], schedule_of(people, &format!("schedule{}", fresh()))),
        ("POST", "/schedules/preview") => body = json!({ "cron": "0 3 * * *", "time_zone": "UTC" }),
        ("POST", "/schedules/{id}/pause" | "/schedules/{id}/resume") => place = place.replace("{id}", &schedule(people).await.0),
        ("POST", "/schedules/{id}/run") => (good, place) = (&[202], place.replace("{id}", &schedule(people).await.0)),
        ("POST", "/session") => (good, body) = (&[201], json!({ "user": "viewer", "password": PASSWORD })),
        ("DELETE", "/session") => {}
        ("DELETE", "/sessions/{id}") => {
            // One of the owner's: everybody else's is somebody else's.
            people.app.anonymous().post("/session", json!({ "user": "anna", "password": PASSWORD })).await.expect(201);
            let all = people.boss.get("/sessions").await.expect(200);
            place = place.replace("{id}", &id_of(&all[0]));
        }
        ("POST", "/account/password") => (good, body) = (&[204], json!({ "current": PASSWORD, "new": PASSWORD })),
        ("POST", "/tokens") => (good, body) = (&[201], json!({ "name": "new" })),
        ("DELETE", "/tokens/{id}") => {
            let made = people.boss.post("/tokens", json!({ "name": "soon gone" })).await.expect(201);
            place = place.replace("{id}", &id_of(&made["token"]));
        }
        ("POST", "/users") => {
            (good, body) = (&[201], json!({ "name": format!("user{}", fresh()), "password": PASSWORD, "role": "viewer" }))
        }
        ("PATCH", "/users/{id}") => (place, body) = (place.replace("{id}", &user(people).await), json!({ "role": "guest" })),
        ("DELETE", "/users/{id}") => place = place.replace("{id}", &user(people).await),
        ("GET", "/users/{id}/grants") => place = place.replace("{id}", &people.here),
        ("POST", "/users/{id}/grants") => {
            place = place.replace("{id}", &user(people).await);
            (good, body) = (&[201], json!({ "role": "viewer", "deployment": "hello" }));
        }
        ("DELETE", "/users/{id}/grants/{grant}") => {
            let user = user(people).await;
            let made = people.boss.post(&format!("/users/{user}/grants"), json!({ "role": "viewer", "deployment": "hello" })).await;
            place = place.replace("{id}", &user).replace("{grant}", &id_of(&made.expect(201)));
        }
        ("POST", "/reconcilers/{name}/run") => (good, place) = (&[202], place.replace("{name}", "sessions")),
        ("PATCH", "/system/retention") => body = json!({ "operations_days": 100 + fresh() }),
        ("POST", "/system/backups") => (good, body) = (&[202], json!({})),
        ("POST", "/system/backups/key") => body = json!({}),
        ("POST", "/system/backups/key/saved") => {
            let key = people.boss.post("/system/backups/key", json!({})).await.expect(200);
            (good, body) = (&[204], json!({ "recipient": key["recipient"] }));
        }
        (method, path) => panic!("{method} {path} has no example: say in `matrix/examples.rs` how it is called"),
    }
    assert!(!place.contains('{'), "{place}");
    Made { call: Call { method: method.clone(), path: place, body }, good, mend }
}

/// An example of a kind of operation. One that is not here does not compile.
pub async fn kind(people: &People, kind: Kind) -> Made {
    let mut mend = Mend::Nothing;
    let mut good: &'static [u16] = &[202];
    let mut body = json!({ "deployment_id": people.hello });
    match kind {
        Kind::DeploymentDeploy => {
            body = deploy(fresh());
            body["application"] = json!("hello");
            body["device_id"] = json!(people.device);
        }
        Kind::DeploymentStart => {
            people.done(people.boss.post("/deployments/hello/stop", json!({})).await).await;
            mend = Mend::Start;
        }
        Kind::DeploymentStop => mend = Mend::Start,
        Kind::DeploymentRestart => {}
        Kind::DeploymentUpdate => body["settings"] = json!({ "who": format!("n{}", fresh()) }),
        Kind::DeploymentRollback => {
            body["revision"] = json!(1);
            good = &[200, 202];
        }
        Kind::DeploymentRemove => mend = Mend::Redeploy,
        Kind::DeploymentBulk => body = json!({ "action": "restart", "deployment_ids": [people.hello] }),
        Kind::VolumeDelete => {
            let volume = unused_volume(people).await;
            body = json!({ "device_id": people.device, "volume": volume, "confirm": volume });
        }
        Kind::ScriptRun => body = json!({ "device_id": people.device, "script": "trim-disks" }),
        Kind::StewardBackup => body = json!({}),
        // A server inside of a test cannot be replaced: who may ask is told just that.
        Kind::StewardRestart => (body, good) = (json!({}), &[409]),
    }
    body["kind"] = json!(kind);
    Made { call: Call { method: Method::POST, path: "/operations".to_owned(), body }, good, mend }
}
