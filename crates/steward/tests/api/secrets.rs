//! Secrets stay secret.

use serde_json::json;

use crate::support::TestApp;

/// C10, M8: the value of a secret setting is in no answer but the one that reveals it.
#[tokio::test]
async fn a_secret_is_in_no_answer() {
    let (app, owner) = TestApp::claimed().await;
    let canary = "canary-9d1f4c77-secret";
    let settings = json!({ "settings": { "password": canary } });
    let plan = owner.post("/applications/hello/plan", settings.clone()).await;
    plan.expect(200);
    let accepted = owner.post("/applications/hello/deploy", settings).await;
    let operation = accepted.expect(202)["operation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.at_rest(&operation).await["state"], "succeeded");
    app.seen_running(&owner, "hello").await;
    let mut texts = vec![plan.text, accepted.text];
    for path in [
        format!("/operations/{operation}"),
        format!("/operations/{operation}/events"),
        "/operations".to_owned(),
        "/deployments".to_owned(),
        "/deployments/hello".to_owned(),
        "/deployments/hello/config".to_owned(),
        "/deployments/hello/revisions".to_owned(),
        "/deployments/hello/files".to_owned(),
        "/applications/hello".to_owned(),
        "/audit?limit=500".to_owned(),
    ] {
        let answer = owner.get(&path).await;
        answer.expect(200);
        texts.push(answer.text);
    }
    texts.push(owner.patch("/deployments/hello", json!({ "settings": { "password": { "x": canary } } })).await.text);
    texts.push(owner.patch("/deployments/hello", json!({ "settings": canary })).await.text);
    for text in texts {
        assert!(!text.contains(canary), "{text}");
    }
    let revealed = owner.post("/deployments/hello/secrets/reveal", json!({ "key": "password" })).await;
    assert_eq!(revealed.expect(200)["value"], canary);
    owner.post("/deployments/hello/secrets/reveal", json!({ "key": "none" })).await.problem(404, "not_found");
    let audit = owner.get("/audit?limit=2").await;
    let rows = audit.expect(200).as_array().unwrap().clone();
    assert!(rows.iter().all(|row| row["action"] == "secret.reveal"), "{rows:#?}");
    assert_eq!((rows[0]["phase"].as_str(), rows[1]["phase"].as_str()), (Some("refused"), Some("accepted")), "{rows:#?}");
    assert!(!audit.text.contains(canary));
    let files = owner.get("/deployments/hello/files").await.expect(200);
    assert!(files.as_array().unwrap().iter().any(|file| file["secret"] == true), "{files:#}");
}
