//! Who may use which route.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use steward_core::operation::Kind;
use steward_core::role::{Permission, Role};

use crate::support::{Asker, TestApp, send};

struct Route {
    method: Method,
    path: String,
    permission: String,
}

impl Route {
    /// The lowest role that may use it; none when nobody needs to be signed in.
    fn lowest(&self) -> Option<Role> {
        match self.permission.as_str() {
            "public" => None,
            // What a kind needs is tested kind by kind.
            "of-the-kind" => Some(Role::Viewer),
            name => Some(Permission::ALL.iter().find(|known| known.as_str() == name).unwrap_or_else(|| panic!("{name}")).lowest_role()),
        }
    }

    /// The path with something that is there in every place.
    fn filled(&self, thing: &Things) -> String {
        let id = match self.path.split('/').nth(3).unwrap() {
            "deployments" => "hello",
            "operations" => &thing.operation,
            "devices" => &thing.device,
            "users" => &thing.user,
            "tokens" => &thing.token,
            "sessions" => &thing.session,
            "schedules" => &thing.schedule,
            _ => "",
        };
        self.path
            .strip_prefix("/api/v1")
            .unwrap()
            .replace("{id}", id)
            .replace("{slug}", "hello")
            .replace("{name}", "sessions")
            .replace("{grant}", "grt_0000000000000000")
    }

    /// A body that the route takes.
    fn body(&self) -> Value {
        match (self.method.as_str(), self.path.strip_prefix("/api/v1").unwrap()) {
            ("POST", "/deployments/{id}/plan") => json!({ "action": "stop" }),
            ("POST", "/deployments/{id}/rollback") => json!({ "revision": 1 }),
            ("POST", "/deployments/{id}/secrets/reveal") => json!({ "key": "password" }),
            ("POST", "/operations/plan") => json!({ "kind": "deployment.deploy", "application": "hello", "name": "other" }),
            ("POST", "/operations") => json!({ "kind": "deployment.deploy", "application": "hello", "name": "other" }),
            ("POST", "/schedules") => {
                json!({ "name": "new", "request": { "kind": "deployment.deploy", "application": "hello", "name": "other" }, "cron": "0 3 * * *", "time_zone": "UTC" })
            }
            ("PUT", "/schedules/{id}") => {
                json!({ "name": "there", "request": { "kind": "deployment.deploy", "application": "hello", "name": "other" }, "cron": "0 3 * * *", "time_zone": "UTC", "expected_version": 1 })
            }
            ("POST", "/schedules/preview") => json!({ "cron": "0 3 * * *", "time_zone": "UTC" }),
            ("POST", "/system/backups/key/saved") => json!({ "recipient": "age1" }),
            ("POST", "/users") => json!({ "name": "new", "password": "tall brown dog", "role": "viewer" }),
            ("POST", "/users/{id}/grants") => json!({ "role": "viewer", "deployment": "hello" }),
            ("POST", "/tokens") => json!({ "name": "new" }),
            ("POST", "/account/password") => json!({ "current": "wrong wrong wrong", "new": "small grey cat" }),
            ("POST", "/session") => json!({ "user": "nobody", "password": "wrong wrong wrong" }),
            ("POST", "/setup") => json!({ "code": "x", "user": "x", "password": "x" }),
            _ => json!({}),
        }
    }

    async fn ask(&self, asker: &Asker, thing: &Things) -> crate::support::Answer {
        let request = asker.request(self.method.clone(), &self.filled(thing));
        let request = if self.method == Method::GET || self.method == Method::DELETE { request } else { request.json(&self.body()) };
        send(request).await
    }
}

/// Something of every kind that is there.
struct Things {
    operation: String,
    device: String,
    user: String,
    token: String,
    session: String,
    schedule: String,
}

fn routes() -> Vec<Route> {
    let document: Value = serde_json::from_str(&steward::api::openapi_json()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let permission = operation["x-permission"].as_str().unwrap_or_else(|| panic!("{method} {path} does not say who may use it"));
            routes.push(Route { method: method.to_uppercase().parse().unwrap(), path: path.clone(), permission: permission.to_owned() });
        }
    }
    routes
}

/// R11, C3: the list of routes and who may use them changes only on purpose. To accept a change, set
/// `STEWARD_WRITE_GOLDEN=1` and look at what differs.
#[test]
#[allow(clippy::disallowed_methods)]
fn the_list_of_routes_is_the_agreed_one() {
    let line = |route: &Route| {
        let role = route.lowest().map_or("-", Role::as_str);
        format!("{:<7}{:<45}{:<22}{role}\n", route.method.as_str(), route.path, route.permission)
    };
    let mut lines: Vec<String> = routes().iter().map(line).collect();
    lines.push(format!("{:<7}{:<45}{:<22}{}\n", "GET", "/ws", "signed-in", "guest"));
    lines.sort();
    let found = lines.concat();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/routes.golden");
    if std::env::var_os("STEWARD_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), found, "routes.golden differs");
}

async fn things(app: &TestApp, owner: &Asker) -> Things {
    app.deploy_hello(owner).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let made = owner.post("/tokens", json!({ "name": "there" })).await.expect(201);
    let request = json!({ "kind": "deployment.deploy", "application": "hello", "name": "other" });
    let schedule = json!({ "name": "there", "request": request, "cron": "0 3 * * *", "time_zone": "Europe/Berlin" });
    let schedule = owner.post("/schedules", schedule).await.expect(201);
    Things {
        operation: text(&owner.get("/operations").await.expect(200)[0]["id"]),
        device: text(&owner.get("/devices").await.expect(200)[0]["id"]),
        user: text(&owner.get("/session").await.expect(200)["user"]["id"]),
        token: text(&made["token"]["id"]),
        schedule: text(&schedule["id"]),
        session: text(&owner.get("/sessions").await.expect(200)[0]["id"]),
    }
}

/// M16: what is sent is what the description says: nothing that it requires is missing, nothing is of
/// another type, and there is nothing that it does not name.
#[tokio::test]
async fn answers_are_as_described() {
    let (app, owner) = TestApp::claimed().await;
    let things = things(&app, &owner).await;
    let document: Value = serde_json::from_str(&steward::api::openapi_json()).unwrap();
    let mut seen = 0;
    for route in routes().iter().filter(|route| route.method == Method::GET) {
        let schema = &document["paths"][&route.path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        if schema.is_null() || route.path == "/api/v1/setup" {
            continue;
        }
        let answer = route.ask(&owner, &things).await.expect(200);
        assert_eq!(wrong_in(&document, schema, &answer, &route.path), Vec::<String>::new());
        seen += 1;
    }
    assert!(seen > 20, "{seen} answers were compared");
}

/// Where a value is not what a schema says.
fn wrong_in(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return wrong_in(document, document.pointer(&reference[1..]).unwrap(), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let all: Vec<Vec<String>> = choices.iter().map(|choice| wrong_in(document, choice, value, at)).collect();
        return all.into_iter().min_by_key(Vec::len).unwrap();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts
            .iter()
            .flat_map(|part| wrong_in(document, part, value, at))
            .filter(|wrong| !wrong.contains("is not described"))
            .collect();
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        _ => return Vec::new(),
    };
    if !(kinds.contains(&kind) || kind == "integer" && kinds.contains(&"number")) {
        return vec![format!("{at} is {kind}, not {kinds:?}")];
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        return vec![format!("{at} is {value}, none of {}", schema["enum"])];
    }
    let mut wrong = Vec::new();
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        wrong.extend(wrong_in(document, &schema["items"], item, &format!("{at}[{index}]")));
    }
    let Some(properties) = schema["properties"].as_object() else { return wrong };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() && kind == "object" {
            wrong.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        match properties.get(name) {
            Some(schema) => wrong.extend(wrong_in(document, schema, field, &format!("{at}.{name}"))),
            None => wrong.push(format!("{at}.{name} is not described")),
        }
    }
    wrong
}

/// C3, P6, C10: without credentials every route that is not public answers 401, and nothing changes.
#[tokio::test]
async fn nobody_gets_in() {
    let (app, owner) = TestApp::claimed().await;
    let things = things(&app, &owner).await;
    let (before, operations) = (app.host.snapshot(), owner.get("/operations").await.text);
    for route in routes().iter().filter(|route| route.lowest().is_some()) {
        let answer = route.ask(&app.anonymous(), &things).await;
        answer.problem(401, "not_signed_in");
        let wrong = route.ask(&app.asker(Some("stw_wrong".to_owned())), &things).await;
        wrong.problem(401, "not_signed_in");
    }
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    assert_eq!(owner.get("/operations").await.text, operations);
}

/// C8, R11: each role is refused exactly what is above it, and a refusal changes nothing.
#[tokio::test]
async fn each_role_is_refused_what_is_above_it() {
    let (app, owner) = TestApp::claimed().await;
    let things = things(&app, &owner).await;
    for (name, role) in [("vera", Role::Viewer), ("otto", Role::Operator)] {
        let asker = app.user(&owner, name, role.as_str()).await;
        let (before, operations, users) = (app.host.snapshot(), owner.get("/operations").await.text, owner.get("/users").await.text);
        for route in routes().iter().filter(|route| route.lowest().is_some_and(|lowest| lowest > role)) {
            let answer = route.ask(&asker, &things).await;
            assert_eq!(answer.problem(403, "not_allowed")["status"], 403, "{} {}", route.method, route.path);
        }
        assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
        assert_eq!(owner.get("/operations").await.text, operations);
        assert_eq!(owner.get("/users").await.text, users);
    }
    // What is not above a role is not refused for it: reading, by everybody.
    let viewer = app.user(&owner, "vito", "viewer").await;
    for route in routes().iter().filter(|route| route.method == Method::GET && route.lowest() == Some(Role::Viewer)) {
        let answer = route.ask(&viewer, &things).await;
        assert!(answer.status.is_success(), "{} {}: {}", route.method, route.path, answer.text);
    }
}

/// P1, C8: every kind of operation needs its own right, also by way of the general route.
#[tokio::test]
async fn each_kind_of_operation_needs_its_right() {
    let (app, owner) = TestApp::claimed().await;
    let view = app.deploy_hello(&owner).await;
    let before = app.host.snapshot();
    let id = &view["id"];
    for (name, role) in [("vera", Role::Viewer), ("otto", Role::Operator)] {
        let asker = app.user(&owner, name, role.as_str()).await;
        for kind in Kind::ALL.iter().filter(|kind| !role.may(kind.permission())) {
            let body = match kind {
                Kind::DeploymentDeploy => json!({ "application": "hello", "name": "other" }),
                Kind::DeploymentRollback => json!({ "deployment_id": id, "revision": 1 }),
                Kind::DeploymentBulk => json!({ "action": "stop", "deployment_ids": [id] }),
                Kind::StewardBackup | Kind::StewardRestart => json!({}),
                Kind::VolumeDelete => {
                    json!({ "device_id": view["device_id"], "volume": "steward-hello_data", "confirm": "steward-hello_data" })
                }
                Kind::ScriptRun => json!({ "device_id": view["device_id"], "script": "trim-disks" }),
                _ => json!({ "deployment_id": id }),
            };
            let mut body = body;
            body["kind"] = json!(kind);
            asker.post("/operations", body).await.problem(403, "not_allowed");
        }
    }
    assert_eq!(before.differences(&app.host.snapshot()), Vec::<String>::new());
    assert_eq!(owner.get("/operations").await.expect(200).as_array().unwrap().len(), 1);
}
