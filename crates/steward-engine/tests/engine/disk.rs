//! The database's disk is full at every moment of an operation, for a moment or for a while.

use std::sync::Arc;
use std::time::Duration;

use steward_core::audit::{AuditPhase, AuditRow};
use steward_core::operation::{Kind, Operation, Request, State};
use steward_core::role::Role;
use steward_core::{Code, OperationId};
use steward_engine::faults::{Fault, Faults, Moment};
use steward_store::operations::OperationFilter;

use crate::faults::backup;
use crate::scene::{KEPT, OneFault, Scene, all_rows, deploy};

/// Asks until it is accepted. What is refused meanwhile is refused for the disk, and leaves no trace but rows
/// that say so.
async fn accepted(scene: &Scene, request: &Request) -> OperationId {
    for _ in 0..50 {
        let before = known(scene).await.len();
        match scene.submit(request.clone()).await {
            Ok(accepted) => return accepted.operation.id,
            Err(refused) => {
                assert_eq!(refused.refusal.code, Code::StorageUnavailable, "{:?}", refused.refusal);
                assert_eq!(known(scene).await.len(), before, "what is refused is not recorded");
            }
        }
    }
    panic!("it is never accepted");
}

async fn known(scene: &Scene) -> Vec<Operation> {
    let filter = OperationFilter { limit: 100, ..OperationFilter::default() };
    scene.engine.operations(&scene.owner, filter).await.unwrap()
}

/// Whether the operation came to rest without a write that failed. Everything else that is promised is
/// checked: done or as before, one accepted and one outcome row in a whole chain, no lock left.
async fn one_round(mut scene: Scene, request: Request, nth: u32, count: u32, again: bool) -> bool {
    let place = format!("write {nth}, {count} of them{}", if again { ", then a restart" } else { "" });
    let (before, own) = (scene.host.snapshot(), scene.own_files());
    if !again {
        scene.store.write_faults().arm(nth, count);
    }
    let id = accepted(&scene, &request).await;
    if again {
        // The process ends while nothing can be written, and a new one goes on.
        scene.store.write_faults().arm(nth, count);
        tokio::time::sleep(Duration::from_millis(10)).await;
        scene.engine.shutdown().await;
        scene.store.write_faults().disarm();
        scene.restart(None).await;
    }
    let detail = scene.at_rest(&id).await;
    let untouched = scene.store.write_faults().disarm() == 0;
    let after = scene.host.snapshot();
    match detail.operation.state {
        State::Succeeded => {}
        State::RolledBack => {
            assert_eq!(before.differences(&after), Vec::<String>::new(), "{place}");
            let now = scene.own_files();
            assert!(own == now, "{place}: {:?} and {:?}", own.keys(), now.keys());
        }
        other => panic!("{place}: {other:?}: {:?}", detail.operation),
    }
    assert_eq!(known(&scene).await.iter().filter(|operation| !operation.state.is_at_rest()).count(), 0, "{place}");
    // Without faults the same works: nothing was left that is in its way.
    if detail.operation.state == State::RolledBack {
        let clean = scene.run(request).await;
        assert_eq!(clean.operation.state, State::Succeeded, "{place}: {:?}", clean.operation.error);
    }
    untouched
}

/// R37, P3: no row, no action. While no audit row can be written, no operation is accepted, no call changes the machine, and
/// neither does a change that is no operation.
#[tokio::test]
async fn without_a_row_nothing_happens() {
    let scene = Scene::new().await;
    scene.deployed("hello", "other").await;
    let (before, known_before) = (scene.host.snapshot(), known(&scene).await.len());
    scene.host.clear_calls();
    scene.store.write_faults().arm(1, u32::MAX);
    for request in [deploy("web", "site"), backup()] {
        let refused = scene.submit(request).await.unwrap_err().refusal;
        assert_eq!(refused.code, Code::StorageUnavailable);
    }
    let refused = scene.engine.create_user(&scene.owner, "eve", "tall brown dog", Role::Viewer).await.unwrap_err();
    assert_eq!(refused.code, Code::StorageUnavailable);
    let ran = scene.engine.run_reconciler(&scene.owner, "retention").await.unwrap_err();
    assert_eq!(ran.code, Code::StorageUnavailable);
    assert!(scene.store.write_faults().disarm() > 3);
    assert_eq!(scene.host.mutations(), 0, "{:?}", scene.host.calls());
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
    assert_eq!(known(&scene).await.len(), known_before);
    assert!(scene.engine.users(&scene.owner).await.unwrap().iter().all(|user| user.name.as_str() != "eve"));
}

/// R37: the row is there before the effect, and what came of it is a second row.
#[tokio::test]
async fn the_row_comes_before_the_effect() {
    let held = OneFault::new("preparing", Moment::BeforeAct, Fault::Hang);
    let scene = Scene::with(Some(held.clone() as Arc<dyn Faults>)).await;
    scene.host.clear_calls();
    let id = scene.submit(deploy("web", "site")).await.unwrap().operation.id;
    while !held.struck() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let phases = async || {
        let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
        let mine = |row: &AuditRow| row.operation_id.as_ref() == Some(&id) && row.action == Kind::DeploymentDeploy.as_str();
        rows.into_iter().filter(mine).map(|row| row.phase).collect::<Vec<_>>()
    };
    assert_eq!(scene.host.mutations(), 0, "{:?}", scene.host.calls());
    assert_eq!(phases().await, [AuditPhase::Accepted]);
    scene.engine.cancel(&scene.owner, &id).await.unwrap();
    scene.at_rest(&id).await;
    assert_eq!(phases().await, [AuditPhase::Outcome, AuditPhase::Accepted], "the newest first");
}

/// Promises 1 and 2, n-th write: whichever write of a deploy the disk refuses, once or several times, the deploy
/// ends done or as if it had not been, without a restart.
#[tokio::test]
async fn whichever_write_fails_a_deploy_is_all_or_nothing() {
    for count in [1, 5] {
        for nth in 1.. {
            let scene = Scene::new().await;
            scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
            if one_round(scene, deploy("web", "site"), nth, count, false).await {
                assert!(nth > 20, "only {nth} writes");
                break;
            }
        }
    }
}

/// The same, when the process ends while the disk refuses.
#[tokio::test]
async fn whichever_write_fails_a_new_process_goes_on() {
    for nth in (1..60).step_by(3) {
        one_round(Scene::new().await, deploy("web", "site"), nth, 1000, true).await;
    }
}

/// The same for a backup: what is in the folder is as before, or there is one more good backup.
#[tokio::test]
async fn whichever_write_fails_a_backup_is_all_or_nothing() {
    for nth in 1.. {
        let scene = Scene::new().await;
        scene.write_own_files();
        for _ in 0..KEPT {
            assert_eq!(scene.run(backup()).await.operation.state, State::Succeeded);
        }
        if one_round(scene, backup(), nth, 1, false).await {
            assert!(nth > 15, "only {nth} writes");
            return;
        }
    }
}
