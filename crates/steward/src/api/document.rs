//! The description of the API, made from the handlers and completed by rule: what every request may
//! be refused for is said in one place.

use axum::http::StatusCode;
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
        (Problem::name().into_owned(), Problem::schema()),
        (ClientMessage::name().into_owned(), ClientMessage::schema()),
        (ServerMessage::name().into_owned(), ServerMessage::schema()),
    ];
    Problem::schemas(&mut schemas);
    ClientMessage::schemas(&mut schemas);
    ServerMessage::schemas(&mut schemas);
    for (name, schema) in schemas {
        let place = &mut document["components"]["schemas"][name];
        if place.is_null() {
            *place = serde_json::to_value(schema).unwrap_or_default();
        }
    }
}

/// Adds what follows from what an operation takes: who may ask, and what it may be refused for.
fn complete_operation(operation: &mut Value) {
    let public = operation["x-permission"] == "public";
    operation["security"] = if public { json!([]) } else { json!([{ "session": [] }, { "bearer": [] }]) };
    let refusals = refusals(operation, public);
    let responses = &mut operation["responses"];
    for (status, description) in refusals {
        let place = &mut responses[status.to_string()];
        if place.is_null() {
            let content = json!({ CONTENT_TYPE: { "schema": { "$ref": PROBLEM } } });
            *place = json!({ "description": description, "content": content });
        }
    }
    if let Some(responses) = responses.as_object_mut() {
        for (status, response) in responses.iter_mut() {
            complete_response(status, response);
        }
        responses.sort_keys();
    }
}

/// Where the description of a problem is.
const PROBLEM: &str = "#/components/schemas/Problem";
/// Who may not.
const FORBIDDEN: &str = "The role does not allow it, or another site's page asked.";

fn refusals(operation: &Value, public: bool) -> Vec<(u16, &'static str)> {
    let has_body = operation.get("requestBody").is_some();
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut refusals = vec![
        (421, "The Host header names another server."),
        (500, "A defect of Steward's own."),
        (503, "The database or a device does not answer now."),
    ];
    if !public {
        refusals.extend([(401, "Nobody is signed in."), (403, FORBIDDEN)]);
    }
    if parameters.iter().any(|parameter| parameter["in"] == "path") {
        refusals.push((404, "There is no such thing."));
    }
    if has_body {
        refusals.extend([
            (400, "The body is no JSON."),
            (403, FORBIDDEN),
            (413, "The body is larger than 1 MiB."),
            (415, "The content type is not JSON."),
        ]);
    }
    if has_body || !parameters.is_empty() {
        refusals.extend([(422, "A field is unknown, or a value is not allowed."), (504, "Something outside took too long.")]);
    }
    refusals
}

/// Gives a response words, and a problem its content type.
fn complete_response(status: &str, response: &mut Value) {
    if response["description"] == "" {
        let words = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
        response["description"] = json!(words.unwrap_or_default());
    }
    let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { return };
    if content.values().any(|body| body["schema"]["$ref"] == PROBLEM)
        && let Some(body) = content.shift_remove("application/json")
    {
        content.insert(CONTENT_TYPE.to_owned(), body);
    }
}
