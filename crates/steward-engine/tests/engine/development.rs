//! The development guard.

use std::sync::Arc;
use std::time::Duration;

use steward_core::device::DeviceChange;
use steward_core::operation::{Kind, State};
use steward_core::role::Role;
use steward_core::{Code, DeviceId};
use steward_engine::SystemClock;
use steward_engine::faults::{Fault, Faults, Moment};

use crate::faults::prepared;
use crate::scene::{OneFault, Scene, actor, all_rows, deploy, start_as, timing};

async fn device_of(scene: &Scene) -> DeviceId {
    scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone()
}

async fn mark(scene: &Scene, development: bool) {
    let change = DeviceChange { development: Some(development) };
    let view = scene.engine.change_device(&scene.owner, device_of(scene).await.as_str(), &change).await.unwrap();
    assert_eq!(view.device.development, development);
}

/// P9, R5: a development instance refuses every kind of operation on a device that is not marked, at the
/// door, audited, and touches nothing; on a marked one it works.
#[tokio::test]
async fn every_kind_is_refused_on_a_device_that_is_not_marked() {
    for kind in Kind::ALL {
        let place = kind.as_str();
        let (mut scene, request) = prepared(*kind).await;
        scene.serve_as_development().await;
        let (before, mutations) = (scene.host.snapshot(), scene.host.mutations());
        let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap().len();
        let refused = scene.submit(request.clone()).await.map(|accepted| accepted.operation.id).unwrap_err();
        assert_eq!(refused.refusal.code, Code::DevelopmentOnly, "{place}: {}", refused.refusal);
        let plan = refused.plan.unwrap_or_else(|| panic!("{place}: the refusal brings its plan"));
        assert_eq!(plan.failed().map(|check| check.code.as_str()), Some("development"), "{place}");
        assert_eq!(scene.engine.plan(&scene.owner, &request).await.unwrap().failed().map(|check| check.code.as_str()), Some("development"));
        let told = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
        assert_eq!((told.len(), told[0].action.as_str(), &told[0].detail["code"]), (rows + 1, place, &"development_only".into()));
        assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new(), "{place}");
        assert_eq!(scene.host.mutations(), mutations, "{place}: nothing was even tried");

        mark(&scene, true).await;
        let id = scene.submit(request).await.unwrap().operation.id;
        if *kind == Kind::StewardRestart {
            while !scene.process.is_asked() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            scene.process.begin_anew();
            scene.serve_as_development().await;
        }
        let detail = scene.at_rest(&id).await;
        assert_eq!(detail.operation.state, State::Succeeded, "{place}: {:?}", detail.operation.error);
    }
}

/// P9: an instance that is not marked ignores the marks, and only an admin sets them.
#[tokio::test]
async fn a_production_instance_ignores_the_mark() {
    let scene = Scene::new().await;
    assert!(!scene.engine.is_development());
    for development in [true, false] {
        mark(&scene, development).await;
        scene.deployed("hello", if development { "one" } else { "two" }).await;
        if development {
            let remove = steward_core::operation::DeploymentRemove { deployment_id: scene.id_of("one").await };
            scene.run(steward_core::operation::Request::DeploymentRemove(remove)).await;
        }
    }
    let id = device_of(&scene).await;
    let change = DeviceChange { development: Some(true) };
    for role in [Role::Viewer, Role::Operator] {
        let refusal = scene.engine.change_device(&actor(role), id.as_str(), &change).await.unwrap_err();
        assert_eq!(refusal.code, Code::NotAllowed);
    }
    assert_eq!(scene.engine.change_device(&scene.owner, "nowhere", &change).await.unwrap_err().code, Code::NotFound);
    assert!(!scene.engine.device(&scene.owner, id.as_str()).await.unwrap().device.development);
    let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
    let marks = rows.iter().filter(|row| row.action == "device.manage");
    assert_eq!(marks.map(|row| row.phase).collect::<Vec<_>>().len(), 5, "two changes and three refusals");
}

/// P9: a database that was copied from production brings operations that were under way there. Here they
/// come to rest without touching the device, and nothing of the other instance is ended.
#[tokio::test]
async fn operations_of_a_copied_database_touch_nothing() {
    // Interrupted within a step: what it had done is listed, not undone.
    let crash = OneFault::new("deploying", Moment::AfterAct, Fault::Crash);
    let mut scene = Scene::with(Some(crash.clone() as Arc<dyn Faults>)).await;
    let running = scene.submit(deploy("web", "site")).await.unwrap().operation.id;
    while !crash.struck() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    scene.engine.shutdown().await;
    // Accepted, and not begun: the engine has stopped taking up work.
    let queued = scene.submit(deploy("hello", "later")).await.unwrap().operation.id;
    scene.host.set_left_behind(3);
    let before = scene.host.snapshot();
    let mutations = scene.host.mutations();

    scene.engine = start_as(&scene.host, &scene.store, timing(), None, Arc::new(SystemClock), true).await;
    let detail = scene.at_rest(&running).await;
    assert_eq!(detail.operation.state, State::NeedsAttention);
    assert_eq!(detail.operation.error.map(|error| error.code), Some(Code::DevelopmentOnly));
    assert!(!detail.operation.left_over.is_empty());
    let detail = scene.at_rest(&queued).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert_eq!(detail.operation.error.map(|error| error.code), Some(Code::DevelopmentOnly));
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
    assert_eq!(scene.host.mutations(), mutations);
    let reaped = scene.host.calls().iter().filter(|call| call.name == "reap").count();
    assert_eq!(reaped, 1, "the engine before looked for processes, this one did not");

    // Once the device is marked, the rest can be undone.
    mark(&scene, true).await;
    scene.engine.retry(&scene.owner, &running).await.unwrap();
    for _ in 0..1000 {
        if scene.detail(&running).await.operation.state == State::RolledBack {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the rest was not undone");
}
