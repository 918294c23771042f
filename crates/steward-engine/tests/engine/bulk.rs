//! One request for many deployments.

use std::time::Duration;

use steward_core::operation::{BulkAction, State};
use steward_core::role::Role;
use steward_core::{Code, DeploymentId};
use steward_engine::Submission;
use steward_host::HostErrorKind;

use crate::faults::bulk;
use crate::scene::{Scene, actor};

/// Two apps on one machine.
async fn two() -> (Scene, DeploymentId, DeploymentId) {
    let scene = Scene::new().await;
    let site = scene.deployed("web", "site").await;
    let other = scene.deployed("hello", "other").await;
    (scene, site, other)
}

/// Proves C4 for many: each app has an operation of its own, and the parent ends when all have.
#[tokio::test]
async fn each_target_has_an_operation_of_its_own() {
    let (scene, site, other) = two().await;
    let detail = scene.run(bulk(BulkAction::Stop, vec![site.clone(), other.clone()])).await;
    assert_eq!(detail.operation.state, State::Succeeded, "{:?}", detail.targets);
    assert_eq!(detail.targets.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["site", "other"]);
    for target in &detail.targets {
        let part = scene.at_rest(target.operation_id.as_ref().unwrap()).await.operation;
        assert_eq!((part.state, part.parent_id.as_ref()), (State::Succeeded, Some(&detail.operation.id)));
    }
    let parts = steward_store::operations::OperationFilter { parent: Some(detail.operation.id), limit: 10, ..Default::default() };
    assert_eq!(scene.engine.operations(&scene.owner, parts).await.unwrap().len(), 2);
    let again = scene.run(bulk(BulkAction::Stop, vec![site, other])).await;
    assert_eq!(again.operation.state, State::Succeeded);
    assert!(!again.operation.changed, "what is stopped stays so");
}

/// One failure hides no other result; a retry tries only those again that are not done.
#[tokio::test]
async fn one_failure_hides_no_other_and_is_tried_again_alone() {
    let (scene, site, other) = two().await;
    let gone = DeploymentId::from_random([7; 10]);
    for _ in 0..2 {
        scene.host.fail_next("compose.restart", HostErrorKind::Failed);
    }
    let ids = vec![site.clone(), gone.clone(), other.clone()];
    // Both fail, and there is one that does not exist.
    let detail = scene.run(bulk(BulkAction::Restart, ids)).await;
    assert_eq!(detail.operation.state, State::NeedsAttention);
    assert_eq!(detail.operation.left_over.len(), 3, "{:?}", detail.operation.left_over);
    assert_eq!(detail.targets[1].error.as_ref().unwrap().code, Code::NotFound);
    assert_eq!(detail.targets[0].state, Some(State::RolledBack));
    scene.engine.retry(&scene.owner, &detail.operation.id).await.unwrap();
    let after = scene.rests(&detail.operation.id).await;
    assert_eq!(after.operation.state, State::NeedsAttention, "one is still not there");
    assert_eq!(after.operation.left_over.len(), 1, "{:?}", after.operation.left_over);
    assert_ne!(after.targets[0].operation_id, detail.targets[0].operation_id);
    assert_eq!(after.targets.iter().map(|t| t.state).collect::<Vec<_>>(), [Some(State::Succeeded), None, Some(State::Succeeded)]);
}

/// A cancelled parent takes back what has not begun and leaves what is done.
#[tokio::test]
async fn cancelling_the_parent_cancels_the_parts() {
    let (scene, site, other) = two().await;
    scene.host.hang("compose.stop");
    let accepted = scene.submit(bulk(BulkAction::Stop, vec![site, other])).await.unwrap();
    while scene.host.calls().iter().filter(|call| call.name == "compose.stop").count() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    scene.engine.cancel(&scene.owner, &accepted.operation.id).await.unwrap();
    let detail = scene.at_rest(&accepted.operation.id).await;
    scene.host.release();
    assert_eq!(detail.operation.state, State::Cancelled);
    assert!(detail.targets.iter().all(|target| target.state == Some(State::Cancelled)), "{:?}", detail.targets);
}

/// A process that dies in the middle leaves the parts to recovery, and the parent waits for them.
#[tokio::test]
async fn a_crash_in_the_middle_ends_well() {
    let (mut scene, site, other) = two().await;
    scene.host.hang("compose.restart");
    let accepted = scene.submit(bulk(BulkAction::Restart, vec![site, other])).await.unwrap();
    while !scene.host.calls().iter().any(|call| call.name == "compose.restart") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    scene.restart(None).await;
    scene.host.release();
    let detail = scene.at_rest(&accepted.operation.id).await;
    assert_eq!(detail.operation.state, State::Succeeded, "{:?}", detail.targets);
}

/// Bad input, and a role that may not: refused as a whole, with an audit row, and nothing done.
#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let (scene, site, _) = two().await;
    for ids in [vec![], vec![site.clone(), site.clone()], (0..=200).map(|n| DeploymentId::from_random([n; 10])).collect()] {
        let refused = scene.submit(bulk(BulkAction::Stop, ids)).await.unwrap_err().refusal;
        assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidValue, Some("deployment_ids")));
    }
    let viewer = scene.engine.submit(&actor(Role::Viewer), bulk(BulkAction::Stop, vec![site]), Submission::default()).await;
    assert_eq!(viewer.unwrap_err().refusal.code, Code::NotAllowed);
    assert_eq!(scene.host.snapshot().containers.len(), 3);
    let rows = scene.engine.audit(&scene.owner, crate::scene::all_rows()).await.unwrap();
    assert_eq!(rows.iter().filter(|r| r.action == "deployment.bulk" && r.phase == steward_core::audit::AuditPhase::Refused).count(), 4);
}

/// A second click while the first is under way is the same operation, also of its parts.
#[tokio::test]
async fn two_clicks_are_one() {
    let (scene, site, other) = two().await;
    scene.host.hang("compose.restart");
    let request = || bulk(BulkAction::Restart, vec![site.clone(), other.clone()]);
    let first = scene.submit(request()).await.unwrap().operation.id;
    assert_eq!(scene.submit(request()).await.unwrap().operation.id, first);
    let overlapping = scene.submit(bulk(BulkAction::Restart, vec![site.clone()])).await.unwrap().operation.id;
    let shared = scene.detail(&overlapping).await.targets[0].operation_id.clone();
    assert_eq!(shared, scene.detail(&first).await.targets[0].operation_id, "one restart answers both");
    scene.host.release();
    assert_eq!(scene.at_rest(&first).await.operation.state, State::Succeeded);
    assert_eq!(scene.at_rest(&overlapping).await.operation.state, State::Succeeded);
}
