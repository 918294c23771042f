//! The description of the API, made from the handlers and completed by rule: what every request may
//! be refused for is said in one place.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::https::Link;
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
    require_what_is_always_there(document);
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": Link::Plain.cookie(), "description": format!("What signing in sets in a browser. Over HTTPS its name is {}.", Link::Encrypted.cookie()) },
        "bearer": { "type": "http", "scheme": "bearer", "description": "A session's token or an API token." },
    });
    document["servers"] = json!([{ "url": "/", "description": "This server." }]);
    let paths = document["paths"].as_object_mut();
    for operation in paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        complete_operation(operation);
    }
}

/// What the server sends over a WebSocket, whatever it is about.
type Sent = ServerMessage<Value>;

/// Adds the types that no handler names.
fn add_schemas(document: &mut Value) {
    let mut schemas = vec![
        (Problem::name().into_owned(), Problem::schema()),
        (ClientMessage::name().into_owned(), ClientMessage::schema()),
        (Sent::name().into_owned(), Sent::schema()),
    ];
    Problem::schemas(&mut schemas);
    ClientMessage::schemas(&mut schemas);
    Sent::schemas(&mut schemas);
    for (name, schema) in schemas {
        let place = &mut document["components"]["schemas"][name];
        if place.is_null() {
            *place = serde_json::to_value(schema).unwrap_or_default();
        }
    }
}

/// What the server sends is there also when it is null; the derived schemas say so only of what is
/// never null. What is left out when there is none is marked as not nullable where it is defined. What
/// clients send is left as it is: there, what may be null may be left out.
fn require_what_is_always_there(document: &mut Value) {
    let mut sent_by_clients = BTreeSet::new();
    let paths = document["paths"].as_object().into_iter().flat_map(Map::values);
    for operation in paths.filter_map(Value::as_object).flat_map(Map::values) {
        add_references(document, &operation["requestBody"], &mut sent_by_clients);
    }
    add_references(document, &document["components"]["schemas"]["ClientMessage"], &mut sent_by_clients);
    sent_by_clients.insert("ClientMessage".to_owned());
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (_, schema) in schemas.iter_mut().filter(|(name, _)| !sent_by_clients.contains(*name)) {
        require_nullable(schema);
        let parts = schema.get_mut("allOf").and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(require_nullable);
    }
}

/// Adds the names of the schemas that this one refers to, and those that they refer to.
fn add_references(document: &Value, schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
                && names.insert(name.to_owned())
            {
                add_references(document, &document["components"]["schemas"][name], names);
            }
            fields.values().for_each(|field| add_references(document, field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| add_references(document, item, names)),
        _ => {}
    }
}

fn require_nullable(schema: &mut Value) {
    let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
    let may_be_null = |property: &Value| {
        let kinds = property["type"].as_array().or(property["oneOf"].as_array());
        kinds.is_some_and(|kinds| kinds.iter().any(is_null))
    };
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let all = properties.iter().filter(|(name, property)| is_required(name) || may_be_null(property));
    let all: Vec<Value> = all.map(|(name, _)| json!(name)).collect();
    if !all.is_empty() {
        schema["required"] = json!(all);
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
