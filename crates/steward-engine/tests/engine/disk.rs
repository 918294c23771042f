//! The database's disk is full at every moment of an operation, for a moment or for a while.

use std::time::Duration;

use steward_core::operation::{Operation, Request, State};
use steward_core::{Code, OperationId};
use steward_store::operations::OperationFilter;

use crate::faults::backup;
use crate::scene::{KEPT, Scene, deploy};

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
