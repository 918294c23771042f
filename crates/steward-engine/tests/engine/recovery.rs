//! What brings a process down, or a run of an operation, again and again.

use std::sync::Arc;
use std::time::Duration;

use steward_core::Code;
use steward_core::operation::{Kind, State};
use steward_engine::faults::{Fault, Faults, Moment};

use crate::scene::{OneFault, Scene, deploy};

/// The same fault whenever the place is reached.
struct Always {
    step: &'static str,
    moment: Moment,
    fault: Fault,
    struck: std::sync::atomic::AtomicU32,
}

impl Always {
    fn new(step: &'static str, moment: Moment, fault: Fault) -> Arc<Self> {
        Arc::new(Self { step, moment, fault, struck: 0.into() })
    }

    async fn strikes(&self, times: u32) {
        while self.struck.load(std::sync::atomic::Ordering::SeqCst) < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Faults for Always {
    fn at(&self, _: Kind, step: &str, moment: Moment) -> Fault {
        if step != self.step || moment != self.moment {
            return Fault::None;
        }
        self.struck.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.fault
    }
}

/// Proves P11: an operation whose recovery ends the process three times is parked, the server starts,
/// nothing is locked, and a retry ends it once the cause is gone.
#[tokio::test]
async fn a_recovery_that_ends_the_process_three_times_is_parked() {
    let always = Always::new("deploying", Moment::BeforeUndo, Fault::Crash);
    let mut scene = Scene::with(Some(always.clone() as Arc<dyn Faults>)).await;
    let before = scene.host.snapshot();
    let id = scene.submit(deploy("sick", "x")).await.unwrap().operation.id;
    for times in 1..=4 {
        always.strikes(times).await;
        scene.restart(Some(always.clone() as Arc<dyn Faults>)).await;
    }
    let parked = scene.at_rest(&id).await.operation;
    assert_eq!(parked.state, State::NeedsAttention);
    assert_eq!(always.struck.load(std::sync::atomic::Ordering::SeqCst), 4, "it was tried at first and three times more");
    assert!(parked.left_over.iter().any(|line| line.contains("`deploying`")), "{:?}", parked.left_over);
    assert!(parked.left_over.iter().any(|line| line.contains(&format!("steward ops retry {id}"))), "{:?}", parked.left_over);
    scene.deployed("web", "site").await;
    scene.restart(None).await;
    scene.engine.retry(&scene.owner, &id).await.unwrap();
    assert_eq!(scene.rests(&id).await.operation.state, State::RolledBack);
    let site = |line: &String| !line.contains("site") && !line.contains("image") && !line.starts_with("volume ");
    assert_eq!(before.differences(&scene.host.snapshot()).into_iter().filter(site).collect::<Vec<_>>(), Vec::<String>::new());
}

/// Stopping Steward as often as one likes is not the operation's fault.
#[tokio::test]
async fn an_orderly_stop_does_not_count_as_a_crash() {
    let mut scene = Scene::new().await;
    scene.host.hang("compose.down");
    let id = scene.submit(deploy("sick", "x")).await.unwrap().operation.id;
    for _ in 0..6 {
        while scene.detail(&id).await.operation.state != State::RollingBack
            || !scene.host.calls().iter().any(|call| call.name == "compose.down")
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.host.clear_calls();
        scene.restart(None).await;
        assert_eq!(scene.detail(&id).await.operation.state, State::RollingBack);
    }
    scene.host.release();
    assert_eq!(scene.at_rest(&id).await.operation.state, State::RolledBack);
}

/// Proves P11: a panic in a step ends that operation alone; what it did is undone at once.
#[tokio::test]
async fn a_panic_in_a_step_is_undone_without_a_restart() {
    for (step, moment) in [("preparing", Moment::BeforeIntent), ("deploying", Moment::BeforeAct), ("deploying", Moment::AfterAct)] {
        let fault = OneFault::new(step, moment, Fault::Panic);
        let scene = Scene::with(Some(fault as Arc<dyn Faults>)).await;
        let before = scene.host.snapshot();
        let ended = scene.run(deploy("web", "site")).await.operation;
        assert_eq!((ended.state, ended.error.unwrap().code), (State::RolledBack, Code::Internal), "{step} {moment:?}");
        assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new(), "{step} {moment:?}");
        scene.deployed("web", "site").await;
    }
}

/// An undo that panics is not tried for ever: the operation needs attention, and holds up nobody.
#[tokio::test]
async fn a_panic_in_an_undo_needs_attention() {
    let fault = OneFault::new("deploying", Moment::BeforeUndo, Fault::Panic);
    let scene = Scene::with(Some(fault as Arc<dyn Faults>)).await;
    let before = scene.host.snapshot();
    let ended = scene.run(deploy("sick", "x")).await.operation;
    assert_eq!(ended.state, State::NeedsAttention);
    scene.engine.retry(&scene.owner, &ended.id).await.unwrap();
    assert_eq!(scene.rests(&ended.id).await.operation.state, State::RolledBack);
    // Its volumes may have been used in the meantime.
    let others = |line: &String| !line.starts_with("volume ");
    assert_eq!(before.differences(&scene.host.snapshot()).into_iter().filter(others).collect::<Vec<_>>(), Vec::<String>::new());
}

/// A crash between the last step and the end of the operation does not undo what was done.
#[tokio::test]
async fn what_was_done_to_its_end_is_not_undone() {
    let mut scene = Scene::new().await;
    let id = scene.submit(deploy("web", "site")).await.unwrap().operation.id;
    let detail = scene.at_rest(&id).await;
    // The record as it is when the process dies after the last step's `done`.
    let mut tx = scene.store.begin().await.unwrap();
    let mut operation = detail.operation;
    operation.state = State::Running;
    operation.finished_at = None;
    steward_store::operations::update(&mut tx, &operation).await.unwrap();
    tx.commit().await.unwrap();
    scene.restart(None).await;
    assert_eq!(scene.rests(&id).await.operation.state, State::Succeeded);
    assert_eq!(scene.host.snapshot().containers.len(), 2);
}
