//! Everything twice: the same request, and the same undo.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steward_core::operation::{Kind, Operation, Request, State};
use steward_core::{Code, OperationId};
use steward_engine::faults::{Fault, Faults, Moment};

use crate::faults::{data_is_there, prepared, steps_of};
use crate::scene::{Scene, timing};

/// What a person asks for anew each time: it is done again, and leads to the same.
const AGAIN: [&str; 5] = ["deployment.restart", "deployment.bulk", "script.run", "steward.backup", "steward.restart"];

/// Waits until an operation is at rest or until something else is so; restarts Steward when it asks for that.
async fn until(scene: &mut Scene, id: &OperationId, faults: Option<&Arc<dyn Faults>>, or: impl Fn() -> bool) {
    while !or() && !scene.detail(id).await.operation.state.is_at_rest() {
        scene.obey(timing(), faults.cloned()).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Runs a request to its end.
async fn run(scene: &mut Scene, request: &Request, place: &str) -> Operation {
    let id = scene.submit(request.clone()).await.unwrap_or_else(|r| panic!("{place}: {:?}", r.refusal)).operation.id;
    until(scene, &id, None, || false).await;
    scene.at_rest(&id).await.operation
}

/// Promise 3, P2: every operation run twice. The second request finds what it asks for and changes nothing,
/// without a call that could; or there is nothing any more that it could be about.
#[tokio::test]
async fn every_request_twice() {
    for kind in Kind::ALL {
        let what = kind.as_str();
        let (mut scene, request) = prepared(*kind).await;
        let first = run(&mut scene, &request, what).await;
        assert_eq!(first.state, State::Succeeded, "{what}: {:?}", first.error);
        let before = scene.host.snapshot();
        scene.host.clear_calls();
        match scene.submit(request).await {
            Ok(accepted) if accepted.unchanged => assert!(!AGAIN.contains(&what), "{what} is not in the list any more"),
            Ok(accepted) => {
                assert!(AGAIN.contains(&what), "{what} did something again");
                until(&mut scene, &accepted.operation.id, None, || false).await;
                let second = scene.at_rest(&accepted.operation.id).await.operation;
                assert_eq!(second.state, State::Succeeded, "{what}: {:?}", second.error);
                assert_ne!(second.id, first.id, "{what}");
            }
            Err(refused) => {
                assert!(matches!(kind, Kind::DeploymentRemove | Kind::VolumeDelete), "{what}: {:?}", refused.refusal);
                assert_eq!(refused.refusal.code, Code::NotFound, "{what}");
            }
        }
        if !AGAIN.contains(&what) {
            assert_eq!(scene.host.mutations(), 0, "{what}: {:?}", scene.host.calls());
        }
        let after = scene.host.snapshot();
        let mut changed = before.differences(&after);
        if *kind == Kind::ScriptRun {
            // That it ran is what the machine shows of it.
            assert_eq!((scene.host.script_runs("trim-disks"), changed.len()), (2, 1), "{changed:?}");
            changed.clear();
        }
        assert_eq!(changed, Vec::<String>::new(), "{what}");
        data_is_there(&after, what);
    }
}

/// The last step fails after its effect, and the process dies after the undo of one step, which is then undone again.
struct Interrupted {
    last: String,
    moment: Moment,
    undone: String,
    failed: AtomicBool,
    struck: AtomicBool,
}

impl Faults for Interrupted {
    fn at(&self, _: Kind, step: &str, moment: Moment) -> Fault {
        let once = |flag: &AtomicBool| !flag.swap(true, Ordering::SeqCst);
        if step == self.last && moment == self.moment && once(&self.failed) {
            return Fault::Error;
        }
        if step == self.undone && moment == Moment::AfterUndo && once(&self.struck) { Fault::Crash } else { Fault::None }
    }
}

/// Promise 3, P11: every undo of every operation twice. The world is as before, as after one undo.
#[tokio::test]
async fn every_undo_twice() {
    let mut undone = 0;
    // The parts of a bulk operation are operations of their own.
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::DeploymentBulk) {
        let steps = steps_of(*kind).await;
        let last = steps.last().unwrap();
        for step in &steps {
            let place = format!("{} {step}", kind.as_str());
            let (mut scene, request) = prepared(*kind).await;
            let (before, own) = (scene.host.snapshot(), scene.own_files());
            // What cannot be taken back must not happen before.
            let moment = if kind.is_irreversible() { Moment::BeforeAct } else { Moment::AfterAct };
            let plan = Interrupted { last: last.clone(), moment, undone: step.clone(), failed: false.into(), struck: false.into() };
            let plan = Arc::new(plan);
            let faults: Arc<dyn Faults> = plan.clone();
            scene.restart(Some(faults.clone())).await;
            let id = scene.submit(request).await.unwrap_or_else(|r| panic!("{place}: {:?}", r.refusal)).operation.id;
            until(&mut scene, &id, Some(&faults), || plan.struck.load(Ordering::SeqCst)).await;
            if plan.struck.load(Ordering::SeqCst) {
                undone += 1;
                scene.restart(None).await;
            }
            let ended = scene.at_rest(&id).await.operation;
            assert_eq!(ended.state, State::RolledBack, "{place}: {:?}", ended.error);
            let after = scene.host.snapshot();
            assert_eq!(before.differences(&after), Vec::<String>::new(), "{place}");
            assert!(own == scene.own_files(), "{place}");
            data_is_there(&after, &place);
        }
    }
    assert!(undone > 20, "only {undone} undos were interrupted");
}
