//! The description of the API, made from the handlers and completed by rule: what every request may
//! be refused for is said in one place.

use serde_json::{Map, Value, json};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::extract::COOKIE;
use super::problem::{CONTENT_TYPE, Problem};
use super::types::{ClientMessage, ServerMessage};

/// What the handlers are added to.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new().title("Steward").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).build();
    OpenApiBuilder::new().info(info).build()
}

const ABOUT: &str = "Everything that Steward can do. Times are milliseconds since 1970, sizes are bytes. Refusals are problem \
documents (RFC 9457); programs decide by their `code`. Live changes come over the WebSocket at `/ws`: a client sends \
`ClientMessage`, the server `ServerMessage`.";

/// The description as indented JSON.
pub fn openapi_json() -> String {
    let (_, document) = super::routes().split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    complete(&mut document);
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn complete(document: &mut Value) {
    add_schemas(document);
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": COOKIE, "description": "What signing in sets in a browser." },
        "bearer": { "type": "http", "scheme": "bearer", "description": "A session's token or an API token." },
    });
    document["servers"] = json!([{ "url": "/", "description": "This server." }]);
    let paths = document["paths"].as_object_mut();
    for operation in paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        complete_operation(operation);
    }
}

/// Adds the types that no handler names.
fn add_schemas(document: &mut Value) {
    let mut schemas = vec![
        (Problem::name(), Problem::schema()),
        (ClientMessage::name(), ClientMessage::schema()),
        (ServerMessage::name(), ServerMessage::schema()),
    ];
    Problem::schemas(&mut schemas);
    ClientMessage::schemas(&mut schemas);
    ServerMessage::schemas(&mut schemas);
    for (name, schema) in schemas {
        let place = &mut document["components"]["schemas"][name.as_ref()];
        if place.is_null() {
            *place = serde_json::to_value(schema).unwrap_or_default();
        }
    }
}

/// Adds what follows from what an operation takes: who may ask, and what it may be refused for.
fn complete_operation(operation: &mut Value) {
    let public = operation["x-permission"] == "public";
    operation["security"] = if public { json!([]) } else { json!([{ "session": [] }, { "bearer": [] }]) };
    let has_body = operation.get("requestBody").is_some();
    let in_path = |parameter: &Value| parameter["in"] == "path";
    let parameters: Vec<Value> = operation["parameters"].as_array().cloned().unwrap_or_default();
    if operation["parameters"].is_null() {
        operation.as_object_mut().map(|fields| fields.shift_remove("parameters"));
    }
    let mut problems = vec![
        (421, "The Host header names another server."),
        (500, "A defect of Steward's own."),
        (503, "The database or a device does not answer now."),
    ];
    if !public {
        problems.push((401, "Nobody is signed in."));
        problems.push((403, "The role does not allow it, or another site's page asked."));
    }
    if parameters.iter().any(in_path) {
        problems.push((404, "There is no such thing."));
    }
    if has_body {
        problems.push((400, "The body is no JSON."));
        problems.push((403, "The role does not allow it, or another site's page asked."));
        problems.push((413, "The body is larger than 1 MiB."));
        problems.push((415, "The content type is not JSON."));
    }
    if has_body || !parameters.is_empty() {
        problems.push((422, "A field is unknown, or a value is not allowed."));
        problems.push((504, "Something outside took too long."));
    }
    let responses = &mut operation["responses"];
    for (status, description) in problems {
        let place = &mut responses[status.to_string()];
        if place.is_null() {
            *place = json!({ "description": description, "content": { CONTENT_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } } });
        }
    }
    sort_responses(responses);
}

/// Puts statuses into order, and problems that a handler names under their content type.
fn sort_responses(responses: &mut Value) {
    let Some(fields) = responses.as_object_mut() else { return };
    for response in fields.values_mut() {
        let content = response["content"].as_object_mut();
        let is_problem = |content: &Map<String, Value>| content.values().any(|body| body["schema"]["$ref"] == "#/components/schemas/Problem");
        if let Some(content) = content.filter(|content| is_problem(content)) {
            if let Some(body) = content.shift_remove("application/json") {
                content.insert(CONTENT_TYPE.to_owned(), body);
            }
        } else if response["content"].is_null() {
            response.as_object_mut().map(|fields| fields.shift_remove("content"));
        }
    }
    fields.sort_keys();
}
