//! The fault harness: every step of every operation fails, dies before and after its effect, and
//! hangs; each time with fresh parameters. The world is then as before, or the operation is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steward_core::DeploymentId;
use steward_core::name::{ScriptName, VolumeName};
use steward_core::operation::{
    BulkAction, DeploymentBulk, DeploymentRemove, DeploymentRestart, DeploymentRollback, DeploymentStart, DeploymentStop, DeploymentUpdate,
    Kind, Request, ScriptRun, State, StewardBackup, StewardRestart, VolumeDelete,
};
use steward_engine::faults::{Fault, Faults, Moment};
use steward_host::simulated::Snapshot;

use crate::scene::{KEPT, OneFault, Scene, deploy, key, timing};

const FAULTS: [(Moment, Fault); 8] = [
    (Moment::BeforeIntent, Fault::Error),
    (Moment::BeforeAct, Fault::Error),
    (Moment::AfterAct, Fault::Error),
    (Moment::BeforeIntent, Fault::Crash),
    (Moment::BeforeAct, Fault::Crash),
    (Moment::AfterAct, Fault::Crash),
    (Moment::AfterAct, Fault::Hang),
    (Moment::AfterAct, Fault::Panic),
];

/// A world in which an operation makes sense, and a request for it.
pub async fn prepared(kind: Kind) -> (Scene, Request) {
    let scene = Scene::new().await;
    if kind == Kind::DeploymentDeploy {
        // Data of an earlier life, which must be there afterwards too.
        scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
        return (scene, deploy("web", "site"));
    }
    if kind == Kind::ScriptRun {
        scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
        scene.host.put_script("trim-disks", "#!/bin/sh\necho trimming\n", 0);
        let device_id = scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone();
        return (scene, Request::ScriptRun(ScriptRun { device_id, script: ScriptName::parse("trim-disks").unwrap() }));
    }
    if kind == Kind::StewardBackup {
        scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
        scene.write_own_files();
        // As many as are kept, so that the next one takes the oldest out.
        for _ in 0..KEPT {
            assert_eq!(scene.run(backup()).await.operation.state, State::Succeeded);
        }
        return (scene, backup());
    }
    if kind == Kind::StewardRestart {
        scene.deployed("web", "site").await;
        scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
        return (scene, restart());
    }
    let deployment_id = scene.deployed("web", "site").await;
    scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
    let request = match kind {
        Kind::DeploymentDeploy | Kind::ScriptRun | Kind::StewardBackup | Kind::StewardRestart => unreachable!(),
        Kind::DeploymentStop => Request::DeploymentStop(DeploymentStop { deployment_id }),
        Kind::DeploymentRestart => Request::DeploymentRestart(DeploymentRestart { deployment_id }),
        Kind::DeploymentRemove => Request::DeploymentRemove(DeploymentRemove { deployment_id }),
        Kind::DeploymentStart => {
            scene.run(Request::DeploymentStop(DeploymentStop { deployment_id: deployment_id.clone() })).await;
            Request::DeploymentStart(DeploymentStart { deployment_id })
        }
        Kind::DeploymentUpdate => change(deployment_id),
        Kind::DeploymentRollback => {
            scene.run(change(deployment_id.clone())).await;
            Request::DeploymentRollback(DeploymentRollback { deployment_id, revision: 1 })
        }
        Kind::DeploymentBulk => {
            let other = scene.deployed("hello", "other").await;
            bulk(BulkAction::Restart, vec![deployment_id, other])
        }
        Kind::VolumeDelete => {
            scene.run(Request::DeploymentRemove(DeploymentRemove { deployment_id })).await;
            let device_id = scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone();
            let volume = VolumeName::parse("steward-site_cache").unwrap();
            Request::VolumeDelete(VolumeDelete { device_id, confirm: volume.to_string(), volume })
        }
    };
    (scene, request)
}

pub fn bulk(action: BulkAction, deployment_ids: Vec<DeploymentId>) -> Request {
    Request::DeploymentBulk(DeploymentBulk { action, deployment_ids })
}

pub fn backup() -> Request {
    Request::StewardBackup(StewardBackup {})
}

pub fn restart() -> Request {
    Request::StewardRestart(StewardRestart {})
}

fn change(deployment_id: DeploymentId) -> Request {
    let settings = BTreeMap::from([(key("greeting"), json!("changed"))]);
    Request::DeploymentUpdate(DeploymentUpdate { deployment_id, settings, ports: BTreeMap::new(), expected_revision: None })
}

/// The names of an operation's steps, from its own plan: a new step is tested without being named here.
pub async fn steps_of(kind: Kind) -> Vec<String> {
    let (scene, request) = prepared(kind).await;
    let plan = scene.engine.plan(&scene.owner, &request).await.unwrap();
    assert!(plan.changed);
    plan.steps.into_iter().map(|step| step.name).collect()
}

async fn one_round(kind: Kind, step: &str, moment: Moment, fault: Fault) {
    let place = format!("{} {step} {moment:?} {fault:?}", kind.as_str());
    let (mut scene, request) = prepared(kind).await;
    let before = scene.host.snapshot();
    let own = scene.own_files();
    let planned = OneFault::new(step, moment, fault);
    let mut waits = timing();
    if fault == Fault::Hang {
        // Long enough for every step that does not hang, also on a busy machine.
        waits.deadline = Some(Duration::from_secs(4));
    }
    let faults = || Some(planned.clone() as Arc<dyn Faults>);
    scene.restart_with(waits.clone(), faults()).await;
    let accepted = scene.submit(request.clone()).await.unwrap_or_else(|r| panic!("{place}: {:?}", r.refusal));
    let id = accepted.operation.id;
    if fault == Fault::Crash {
        while !planned.struck() {
            scene.obey(waits.clone(), faults()).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.restart(None).await;
    }
    while !scene.detail(&id).await.operation.state.is_at_rest() {
        scene.obey(waits.clone(), faults()).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let detail = scene.at_rest(&id).await;
    assert!(scene.process.restarts().iter().all(|count| *count == 1), "{place}: nothing is restarted twice for one operation");
    assert!(planned.struck(), "{place}: the step was reached");
    let after = scene.host.snapshot();
    match detail.operation.state {
        State::RolledBack => {
            assert_eq!(detail.operation.failed_step.as_deref(), Some(step), "{place}: the step that failed is the one that was meant");
            let changed = before.differences(&after);
            // A volume that is gone cannot come back, and a script that ran has run; the step says so, and
            // nothing else differs.
            let irreversible = kind.is_irreversible() && moment == Moment::AfterAct;
            if kind == Kind::ScriptRun {
                let runs = u32::from(moment == Moment::AfterAct);
                assert_eq!(scene.host.script_runs("trim-disks"), runs, "{place}: it is not run again by itself");
            }
            assert!(irreversible || changed.is_empty(), "{place}: {changed:?}");
            let now = scene.own_files();
            assert!(own == now, "{place}: {:?} and {:?}", own.keys(), now.keys());
        }
        State::Succeeded => assert_eq!(fault, Fault::Crash, "{place}: only an interrupted operation may be finished"),
        // The parts that are done stay done, and the record says which are not.
        State::NeedsAttention if kind == Kind::DeploymentBulk => {
            assert_eq!(detail.operation.failed_step.as_deref(), Some(step), "{place}");
            assert!(detail.targets.iter().all(|target| target.is_at_rest()), "{place}: {:?}", detail.targets);
            assert!(before.differences(&after).is_empty(), "{place}");
        }
        other => panic!("{place}: ended as {other:?}: {:?}", detail.operation),
    }
    data_is_there(&after, &place);
    again(&mut scene, &request, &id, detail.operation.state, &place).await;
}

/// Promise 10: what was in the volume before is in it afterwards, whatever happened.
pub fn data_is_there(world: &Snapshot, place: &str) {
    let data = world.volumes.get("steward-site_data").unwrap_or_else(|| panic!("{place}: the data volume is there"));
    assert_eq!(data.content.get("photo.jpg").map(Vec::as_slice), Some(b"irreplaceable".as_slice()), "{place}");
}

/// One clean run afterwards shows that nothing was left that is in its way.
async fn again(scene: &mut Scene, request: &Request, first: &steward_core::OperationId, ended: State, place: &str) {
    if ended == State::Succeeded {
        return;
    }
    match scene.submit(request.clone()).await {
        Ok(accepted) => {
            assert_ne!(&accepted.operation.id, first, "{place}: a new operation");
            while !scene.detail(&accepted.operation.id).await.operation.state.is_at_rest() {
                scene.obey(timing(), None).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let detail = scene.at_rest(&accepted.operation.id).await;
            assert_eq!(detail.operation.state, State::Succeeded, "{place}: the clean run: {:?}", detail.operation.error);
        }
        Err(refused) => assert_eq!(request.kind(), Kind::VolumeDelete, "{place}: {:?}", refused.refusal),
    }
}

async fn harness(kind: Kind) {
    for step in steps_of(kind).await {
        for (moment, fault) in FAULTS {
            one_round(kind, &step, moment, fault).await;
        }
    }
}

macro_rules! every_step {
    ($($name:ident: $kind:ident;)*) => {
        $(
            /// Proves P2, P11 and promise 2 for this operation.
            #[tokio::test]
            async fn $name() {
                harness(Kind::$kind).await;
            }
        )*

        /// An operation that is not in the harness fails the build's tests.
        #[test]
        fn every_operation_is_in_the_harness() {
            let here = [$(Kind::$kind),*];
            for kind in Kind::ALL {
                assert!(here.contains(kind), "{} is not in the fault harness", kind.as_str());
            }
        }
    };
}

every_step! {
    deploy_survives_every_fault: DeploymentDeploy;
    start_survives_every_fault: DeploymentStart;
    stop_survives_every_fault: DeploymentStop;
    restart_survives_every_fault: DeploymentRestart;
    update_survives_every_fault: DeploymentUpdate;
    rollback_survives_every_fault: DeploymentRollback;
    remove_survives_every_fault: DeploymentRemove;
    bulk_survives_every_fault: DeploymentBulk;
    volume_delete_survives_every_fault: VolumeDelete;
    script_run_survives_every_fault: ScriptRun;
    backup_survives_every_fault: StewardBackup;
    restart_of_steward_survives_every_fault: StewardRestart;
}

/// A crash in an undo is taken over like any other.
#[tokio::test]
async fn a_crash_in_an_undo_is_taken_over() {
    for step in ["health_check", "deploying", "preparing"] {
        for moment in [Moment::BeforeUndo, Moment::AfterUndo] {
            let planned = OneFault::new(step, moment, Fault::Crash);
            let mut scene = Scene::with(Some(planned.clone() as Arc<dyn Faults>)).await;
            let before = scene.host.snapshot();
            let accepted = scene.submit(deploy("sick", "x")).await.unwrap();
            while !planned.struck() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            scene.restart(None).await;
            let detail = scene.at_rest(&accepted.operation.id).await;
            assert_eq!(detail.operation.state, State::RolledBack, "{step} {moment:?}");
            assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new(), "{step} {moment:?}");
        }
    }
}

/// The n-th call to the machine fails, for every n until a run passes untouched.
#[tokio::test]
async fn whichever_call_fails_a_deploy_is_all_or_nothing() {
    for nth in 1.. {
        let scene = Scene::new().await;
        scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
        let before = scene.host.snapshot();
        scene.host.fail_nth(nth, steward_host::HostErrorKind::Failed);
        let state = match scene.submit(deploy("web", "site")).await {
            Err(_) => State::RolledBack,
            Ok(accepted) => scene.at_rest(&accepted.operation.id).await.operation.state,
        };
        let untouched = scene.host.clear_faults() == 1;
        let after = scene.host.snapshot();
        match state {
            State::RolledBack => assert_eq!(before.differences(&after), Vec::<String>::new(), "call {nth}"),
            State::Succeeded => {}
            other => panic!("call {nth}: {other:?}"),
        }
        data_is_there(&after, &format!("call {nth}"));
        if untouched {
            assert!(nth > 10, "the fault was reached in more than ten places");
            return;
        }
    }
}
