//! Retention over the API.

use serde_json::{Value, json};
use steward_engine::{Clock, SystemClock};

use crate::reconcilers::{ended, task};
use crate::support::{TestApp, send};

/// R38: the settings are read by all and changed by admins, checked, audited; what is absent stays.
#[tokio::test]
async fn retention_is_read_and_changed() {
    let (app, owner) = TestApp::claimed().await;
    let view = owner.get("/system/retention").await.expect(200);
    let defaults = json!({ "operations_days": 365, "operations_kept": 100_000, "output_days": 90, "audit_days": 730 });
    assert_eq!((&view["settings"], &view["defaults"], view["operations"].as_u64()), (&defaults, &defaults, Some(0)));
    assert!(view["file_bytes"].as_u64() > Some(0) && view["audit_rows"].as_u64() > Some(0));
    for (body, field) in [
        (json!({ "audit_days": 29 }), "audit_days"),
        (json!({ "operations_days": 0 }), "operations_days"),
        (json!({ "operations_kept": 10_000_001 }), "operations_kept"),
        (json!({ "output_days": -1 }), "output_days"),
    ] {
        let problem = owner.patch("/system/retention", body).await.problem(422, "invalid_value");
        assert_eq!(problem["field"], field, "{problem}");
    }
    owner.patch("/system/retention", json!({ "days": 1 })).await.problem(422, "unknown_field");
    let operator = app.user(&owner, "otto", "operator").await;
    operator.patch("/system/retention", json!({ "output_days": 5 })).await.problem(403, "not_allowed");
    assert_eq!(owner.get("/system/retention").await.expect(200)["settings"], defaults);

    let changed = owner.patch("/system/retention", json!({ "output_days": 5 })).await.expect(200);
    assert_eq!(changed["settings"]["output_days"], 5);
    assert_eq!(operator.get("/system/retention").await.expect(200)["settings"]["audit_days"], 730);
    let row = &owner.get("/audit?action=retention.manage&limit=1").await.expect(200)[0];
    assert_eq!((&row["detail"]["before"]["output_days"], &row["detail"]["after"]["output_days"]), (&json!(90), &json!(5)));
}

/// R38: an export says where the audit was cut; so does the verdict. What was cut is not listed.
#[tokio::test]
async fn an_export_says_where_the_audit_was_cut() {
    let (app, owner) = TestApp::claimed().await;
    let lines = async || -> Vec<Value> {
        let text = send(owner.request(reqwest::Method::GET, "/audit/export")).await.text;
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(lines().await[0]["sequence"], 1);
    assert!(owner.get("/audit/verify").await.expect(200)["cut"].is_null());
    // Everything so far is of long ago.
    {
        let mut tx = app.store.begin().await.unwrap();
        let far = steward_core::Timestamp(i64::MAX);
        let steward_store::audit::CutPoint::Through(cut) = steward_store::audit::cut_point(&mut tx, far, far).await.unwrap() else {
            panic!()
        };
        steward_store::audit::cut(&mut tx, &cut, SystemClock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }
    let before = task(&owner, "retention").await["started_at"].clone();
    owner.post("/reconcilers/retention/run", json!({})).await.expect(202);
    ended(&owner, "retention", &before).await;
    let verdict = owner.get("/audit/verify").await.expect(200);
    assert_eq!(
        (verdict["whole"].as_bool(), verdict["first"].as_i64()),
        (Some(true), verdict["cut"]["through"].as_i64().map(|cut| cut + 1))
    );
    let exported = lines().await;
    assert_eq!(exported[0], json!({ "cut": verdict["cut"] }));
    assert_eq!(exported[1]["action"], "audit.cut");
    assert_eq!(exported[1]["sequence"], verdict["first"]);
    let after = send(owner.request(reqwest::Method::GET, &format!("/audit/export?after={}", verdict["first"]))).await.text;
    assert!(!after.contains("\"cut\":{"), "what is asked for was not cut: {after}");
    let listed = owner.get("/audit?limit=500").await.expect(200);
    assert_eq!(listed.as_array().unwrap().last().unwrap()["sequence"], verdict["first"]);
}
