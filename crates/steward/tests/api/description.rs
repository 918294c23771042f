//! The description of the API.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::TestApp;

fn description() -> Value {
    serde_json::from_str(&steward::api::openapi_json()).unwrap()
}

/// M16: the committed description is the one that this program gives. When it is not, write the new
/// one: `steward openapi > openapi.json`.
#[test]
fn the_committed_description_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed.trim_end() == steward::api::openapi_json().trim_end(), "openapi.json is stale: run `steward openapi > openapi.json`");
}

/// M6: the server gives the same description.
#[tokio::test]
async fn the_server_describes_itself() {
    let app = TestApp::new().await;
    assert_eq!(app.anonymous().get("/openapi.json").await.expect(200), description());
}

/// M16: every reference leads somewhere, every operation has a name of its own, words, and answers
/// for what it can be refused for.
#[test]
fn the_description_is_whole() {
    let document = description();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{reference} leads nowhere");
    }
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}: its name is taken");
            assert!(operation["summary"].as_str().is_some_and(|words| !words.is_empty()), "{place} has no words");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{place} has no success");
            assert!(responses.contains_key("421") && responses.contains_key("500"), "{place}");
            assert_eq!(operation["x-permission"] == "public", operation["security"].as_array().unwrap().is_empty(), "{place}");
            if operation["x-permission"] != "public" {
                assert!(responses.contains_key("401") && responses.contains_key("403"), "{place}");
            }
            if operation.get("requestBody").is_some() {
                assert!(["400", "413", "415", "422"].iter().all(|status| responses.contains_key(*status)), "{place}");
            }
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                assert!(response["content"]["application/problem+json"].is_object(), "{place} {status}: {response}");
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path") {
                assert!(parameter["schema"]["pattern"].is_string(), "{place}: {parameter}");
            }
        }
    }
    for name in ["Problem", "ClientMessage", "ServerMessage", "OperationDetail", "Progress"] {
        assert!(schemas.contains_key(name), "{name}");
    }
}
