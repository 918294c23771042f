//! A restart of Steward itself is finished by the new process, and never happens twice.

use std::sync::Arc;
use std::time::Duration;

use steward_core::name::ScriptName;
use steward_core::operation::{DeploymentRestart, Kind, Operation, Request, ScriptRun, State};
use steward_core::plan::CheckStatus;
use steward_core::role::Role;
use steward_core::{Code, OperationId};
use steward_engine::Submission;
use steward_engine::faults::{Fault, Faults, Moment};

use crate::faults::{backup, restart};
use crate::scene::{OneFault, Scene, actor, deploy, timing};

/// Waits until the operation has asked for another process.
async fn asks(scene: &Scene) {
    let asked = async {
        while !scene.process.is_asked() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("a restart is asked for");
}

async fn ended(scene: &Scene, id: &OperationId) -> Operation {
    scene.at_rest(id).await.operation
}

/// Issue 3: an operation that restarts Steward is finished by the new process. What waits stays in the
/// queue, and a second request is the same operation.
#[tokio::test]
async fn the_new_process_finishes_it() {
    let mut scene = Scene::new().await;
    scene.deployed("web", "site").await;
    let id = scene.submit(restart()).await.unwrap().operation.id;
    asks(&scene).await;
    let again = scene.submit(restart()).await.unwrap();
    assert_eq!(again.operation.id, id);
    let waiting = scene.submit(backup()).await.unwrap().operation.id;
    let before = scene.detail(&id).await;
    assert_eq!(
        (before.operation.state, before.steps[0].intent.as_ref().unwrap()["replaces"]["boot"].as_str()),
        (State::Running, Some("boot 1"))
    );
    assert!(scene.obey(timing(), None).await);
    assert_eq!(ended(&scene, &id).await.state, State::Succeeded);
    assert_eq!(ended(&scene, &waiting).await.state, State::Succeeded);
    assert!(!scene.process.is_asked());
    let second = scene.submit(restart()).await.unwrap().operation.id;
    assert_ne!(second, id);
    asks(&scene).await;
    assert!(scene.obey(timing(), None).await);
    assert_eq!(ended(&scene, &second).await.state, State::Succeeded);
    assert_eq!(scene.process.restarts(), [1, 1]);
}

/// Promise 3 of the queue: what was running is undone or goes on, as after an orderly stop, and what had
/// not begun begins afterwards.
#[tokio::test]
async fn a_deploy_that_waits_survives_in_the_queue() {
    let mut scene = Scene::with(Some(Arc::new(NothingEnds))).await;
    let mut deploys = Vec::new();
    // Two at once, so that the third one waits.
    for (application, name) in [("web", "a"), ("hello", "b"), ("web", "c")] {
        let mut request = deploy(application, name);
        if let (Request::DeploymentDeploy(deploy), "c") = (&mut request, name) {
            deploy.ports = [("80/tcp", 9081), ("6379/tcp", 9380)].map(|(inner, outer)| (inner.to_owned(), outer)).into();
        }
        deploys.push(scene.submit(request).await.unwrap().operation.id);
    }
    let id = scene.submit(restart()).await.unwrap().operation.id;
    while scene.detail(&id).await.operation.state == State::Queued {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(scene.detail(&deploys[2]).await.operation.state, State::Queued);
    scene.restart(None).await;
    let mut states = Vec::new();
    for id in deploys.iter().chain([&id]) {
        states.push(ended(&scene, id).await.state);
    }
    assert_eq!(states, [State::RolledBack, State::RolledBack, State::Succeeded, State::Succeeded]);
}

/// A process that dies while the restart waits in the queue has been replaced: nothing restarts again.
#[tokio::test]
async fn a_restart_that_waited_is_done_when_another_process_is_there() {
    let held = OneFault::new("writing", Moment::BeforeAct, Fault::Hang);
    let mut scene = Scene::with(Some(held.clone() as Arc<dyn Faults>)).await;
    let backing_up = scene.submit(backup()).await.unwrap().operation.id;
    while !held.struck() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let id = scene.submit(restart()).await.unwrap().operation.id;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(scene.detail(&id).await.operation.state, State::Queued, "a backup is waited for");
    scene.restart(None).await;
    assert_eq!(ended(&scene, &id).await.state, State::Succeeded);
    assert_eq!(ended(&scene, &backing_up).await.state, State::RolledBack);
    assert!(scene.process.restarts().is_empty());
}

/// The system does not start the program although it is there: the operation says so, the same process
/// goes on, and the next request is a new try.
#[tokio::test]
async fn a_program_that_does_not_start_fails_the_operation() {
    let mut scene = Scene::new().await;
    let id = scene.submit(restart()).await.unwrap().operation.id;
    asks(&scene).await;
    scene.process.cannot_begin_anew();
    scene.go_on().await;
    let failed = ended(&scene, &id).await;
    assert_eq!((failed.state, failed.failed_step.as_deref()), (State::RolledBack, Some("restarting")));
    assert!(failed.error.unwrap().message.contains("could not be started"));
    assert!(!scene.process.is_asked());
    let next = scene.submit(restart()).await.unwrap().operation.id;
    asks(&scene).await;
    scene.obey(timing(), None).await;
    assert_eq!(ended(&scene, &next).await.state, State::Succeeded);
}

/// Bad input: nothing is stopped for a program that is not there.
#[tokio::test]
async fn a_program_that_is_missing_stops_nothing() {
    let scene = Scene::new().await;
    scene.process.program_is_missing(Some("/usr/bin/steward cannot be started: it is gone"));
    let refused = scene.submit(restart()).await.unwrap_err();
    assert_eq!((refused.refusal.code, refused.plan.is_some()), (Code::PreflightFailed, true));
    assert!(refused.refusal.message.contains("it is gone"), "{:?}", refused.refusal);
    assert!(!scene.process.is_asked());
    for role in [Role::Viewer, Role::Operator] {
        let refused = scene.engine.submit(&actor(role), restart(), Submission::default()).await.unwrap_err();
        assert_eq!(refused.refusal.code, Code::NotAllowed);
    }
    scene.process.program_is_missing(None);
    scene.engine.submit(&actor(Role::Admin), restart(), Submission::default()).await.unwrap();
    asks(&scene).await;
}

/// Every step that acts goes on for ever.
struct NothingEnds;

impl Faults for NothingEnds {
    fn at(&self, _: Kind, _: &str, moment: Moment) -> Fault {
        if moment == Moment::BeforeAct { Fault::Hang } else { Fault::None }
    }
}

/// Before anybody says yes, the plan names what is under way and what becomes of it.
#[tokio::test]
async fn the_plan_says_what_becomes_of_what_is_under_way() {
    let mut scene = Scene::new().await;
    let site = scene.deployed("web", "site").await;
    scene.restart(Some(Arc::new(NothingEnds))).await;
    let checks = async || scene.engine.plan(&scene.owner, &restart()).await.unwrap().checks;
    assert_eq!(checks().await.len(), 1, "only the program");
    scene.host.put_script("trim-disks", "#!/bin/sh\nsleep 60\n", 0);
    let device_id = scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone();
    let script = Request::ScriptRun(ScriptRun { device_id, script: ScriptName::parse("trim-disks").unwrap() });
    let mut ids = Vec::new();
    for request in [Request::DeploymentRestart(DeploymentRestart { deployment_id: site }), deploy("hello", "other"), script] {
        ids.push(scene.submit(request).await.unwrap().operation.id);
    }
    for id in &ids {
        while scene.detail(id).await.operation.state == State::Queued {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let said: Vec<(CheckStatus, String)> = checks().await.into_iter().map(|check| (check.status, check.message)).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[1].0 == CheckStatus::Warn && said[1].1.contains("undone: deployment.deploy of `other`"), "{said:?}");
    assert!(said[2].0 == CheckStatus::Warn && said[2].1.contains("where it is: script.run of `trim-disks`"), "{said:?}");
    assert!(said[3].0 == CheckStatus::Pass && said[3].1.contains("goes on after the restart: deployment.restart of `site`"), "{said:?}");
}

/// Restarting Steward as often as one likes is the fault of no operation: none is parked for it.
#[tokio::test]
async fn a_restart_counts_as_no_crash() {
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
        let own = scene.submit(restart()).await.unwrap().operation.id;
        asks(&scene).await;
        scene.obey(timing(), None).await;
        assert_eq!(ended(&scene, &own).await.state, State::Succeeded);
        assert_eq!(scene.detail(&id).await.operation.state, State::RollingBack);
    }
    scene.host.release();
    assert_eq!(ended(&scene, &id).await.state, State::RolledBack);
    assert_eq!(scene.process.restarts(), [1; 6]);
}

/// Promise 1: a key that came while the same restart was under way stands for it afterwards too. Its answer
/// may be what the restart cut off, and asking again must not restart again.
#[tokio::test]
async fn a_key_that_joined_a_restart_does_not_restart_again() {
    let mut scene = Scene::new().await;
    let id = scene.submit(restart()).await.unwrap().operation.id;
    asks(&scene).await;
    let joined = || Submission::new(Some("second".to_owned()), None);
    assert_eq!(scene.engine.submit(&scene.owner, restart(), joined()).await.unwrap().operation.id, id);
    scene.obey(timing(), None).await;
    assert_eq!(ended(&scene, &id).await.state, State::Succeeded);
    assert_eq!(scene.engine.submit(&scene.owner, restart(), joined()).await.unwrap().operation.id, id);
    let other = scene.engine.submit(&scene.owner, backup(), joined()).await.unwrap_err();
    assert_eq!(other.refusal.code, Code::IdempotencyKeyReused);
    assert_eq!(scene.process.restarts(), [1]);
}

/// Cancelled in time, nothing restarts.
#[tokio::test]
async fn a_restart_that_is_cancelled_in_the_queue_does_not_happen() {
    let held = OneFault::new("writing", Moment::BeforeAct, Fault::Hang);
    let scene = Scene::with(Some(held.clone() as Arc<dyn Faults>)).await;
    let backing_up = scene.submit(backup()).await.unwrap().operation.id;
    while !held.struck() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let id = scene.submit(restart()).await.unwrap().operation.id;
    scene.engine.cancel(&scene.owner, &id).await.unwrap();
    scene.engine.cancel(&scene.owner, &backing_up).await.unwrap();
    assert_eq!(ended(&scene, &id).await.state, State::Cancelled);
    assert_eq!(ended(&scene, &backing_up).await.state, State::Cancelled);
    assert!(scene.process.restarts().is_empty());
}

/// Requests for a restart have no parameters, and take none.
#[test]
fn a_request_has_no_parameters() {
    assert!(serde_json::from_str::<Request>(r#"{"kind":"steward.restart"}"#).is_ok());
    assert!(serde_json::from_str::<Request>(r#"{"kind":"steward.restart","replaces":{"boot":"x","pid":1}}"#).is_err());
    assert!(serde_json::from_str::<Request>(r#"{"kind":"steward.restart","program":"/bin/sh"}"#).is_err());
}
