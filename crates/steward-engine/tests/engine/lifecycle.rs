//! What happens to a deployment after its first start.

use std::collections::BTreeMap;

use serde_json::json;
use steward_core::deployment::DeploymentState;
use steward_core::name::VolumeName;
use steward_core::operation::{
    DeploymentRemove, DeploymentRestart, DeploymentRollback, DeploymentStart, DeploymentStop, DeploymentUpdate, Request, State,
    VolumeDelete,
};
use steward_core::role::Role;
use steward_core::{Code, DeploymentId};
use steward_engine::Submission;
use steward_host::{HostErrorKind, ProjectFile};

use crate::scene::{Scene, actor, deploy, key};

fn set(id: &DeploymentId, greeting: &str) -> Request {
    Request::DeploymentUpdate(DeploymentUpdate {
        deployment_id: id.clone(),
        settings: BTreeMap::from([(key("greeting"), json!(greeting))]),
        ports: BTreeMap::new(),
        expected_revision: None,
    })
}

async fn greeting(scene: &Scene) -> String {
    scene.engine.config(&scene.owner, "site").await.unwrap().settings[&key("greeting")].as_str().unwrap().to_owned()
}

/// Proves C4: stop, start and restart, each step's outcome reported back.
#[tokio::test]
async fn stop_start_restart() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    let state = async || scene.engine.deployment(&scene.owner, "site").await.unwrap().state;
    let stop = || Request::DeploymentStop(DeploymentStop { deployment_id: id.clone() });
    let start = || Request::DeploymentStart(DeploymentStart { deployment_id: id.clone() });
    assert_eq!(scene.run(stop()).await.operation.state, State::Succeeded);
    assert_eq!(state().await, DeploymentState::Stopped);
    assert!(scene.submit(stop()).await.unwrap().unchanged, "stopping what is stopped changes nothing");
    assert_eq!(scene.run(start()).await.operation.state, State::Succeeded);
    assert_eq!(state().await, DeploymentState::Running);
    assert!(scene.submit(start()).await.unwrap().unchanged);
    let restart = Request::DeploymentRestart(DeploymentRestart { deployment_id: id.clone() });
    let detail = scene.run(restart).await;
    assert_eq!(detail.operation.state, State::Succeeded);
    assert!(detail.commands.iter().any(|c| c.argv.iter().any(|a| a == "restart")));
}

/// Proves C5: a change of settings is a revision, and any earlier one comes back.
#[tokio::test]
async fn a_change_is_a_revision_and_can_be_taken_back() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    let secrets = scene.host.file("steward-site", ProjectFile::Secrets).unwrap();
    assert_eq!(scene.run(set(&id, "moin")).await.operation.state, State::Succeeded);
    assert_eq!(greeting(&scene).await, "moin");
    assert_eq!(scene.host.file("steward-site", ProjectFile::Secrets).unwrap(), secrets, "secrets stay");
    let all = scene.engine.revisions(&scene.owner, "site").await.unwrap();
    assert_eq!(all.iter().map(|r| (r.number, r.active)).collect::<Vec<_>>(), [(2, true), (1, false)]);
    assert!(all[0].diff.contains("moin"), "{}", all[0].diff);
    let back = Request::DeploymentRollback(DeploymentRollback { deployment_id: id.clone(), revision: 1 });
    assert_eq!(scene.run(back).await.operation.state, State::Succeeded);
    assert_eq!(greeting(&scene).await, "hello");
    assert_eq!(scene.engine.deployment(&scene.owner, "site").await.unwrap().revision, Some(3));
    assert!(scene.submit(set(&id, "hello")).await.unwrap().unchanged);
}

#[tokio::test]
async fn a_change_against_an_older_revision_is_refused() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    scene.run(set(&id, "moin")).await;
    let late = Request::DeploymentUpdate(DeploymentUpdate {
        deployment_id: id,
        settings: BTreeMap::from([(key("greeting"), json!("late"))]),
        ports: BTreeMap::new(),
        expected_revision: Some(1),
    });
    assert_eq!(scene.submit(late).await.unwrap_err().refusal.code, Code::Conflict);
}

/// R41: the old version comes back when the new one is not healthy.
#[tokio::test]
async fn a_failed_change_brings_the_previous_revision_back() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    let before = scene.host.snapshot();
    scene.host.fail_next("compose.up", HostErrorKind::Failed);
    let detail = scene.run(set(&id, "moin")).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
    assert_eq!(greeting(&scene).await, "hello");
    assert_eq!(scene.engine.revisions(&scene.owner, "site").await.unwrap().len(), 1);
}

/// Promise 10: removing keeps the data, and the same application finds it again with its secrets.
#[tokio::test]
async fn remove_keeps_data_and_the_same_name_finds_it_again() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    scene.host.write_volume("steward-site_data", "photo.jpg", b"irreplaceable");
    let secrets = scene.host.file("steward-site", ProjectFile::Secrets).unwrap();
    let removed = scene.run(Request::DeploymentRemove(DeploymentRemove { deployment_id: id.clone() })).await;
    assert_eq!(removed.operation.state, State::Succeeded);
    let after = scene.host.snapshot();
    let its_network = after.networks.contains_key("steward-site_default");
    assert!(after.containers.is_empty() && after.files.is_empty() && !its_network, "{after:?}");
    assert!(scene.engine.deployments(&scene.owner).await.unwrap().is_empty());
    assert_eq!(scene.engine.volumes(&scene.owner).await.unwrap().len(), 2);
    assert_eq!(scene.deployed("web", "site").await, id, "the same deployment again");
    assert_eq!(scene.host.file("steward-site", ProjectFile::Secrets).unwrap(), secrets);
    assert_eq!(scene.host.volume("steward-site_data").unwrap().content.get("photo.jpg").unwrap(), b"irreplaceable");
}

/// R40: one operation deletes data; it needs an admin and the typed name, and nothing may use it.
#[tokio::test]
async fn a_volume_is_deleted_only_with_its_typed_name_and_when_nothing_uses_it() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    let device_id = scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone();
    let delete = |confirm: &str| {
        Request::VolumeDelete(VolumeDelete {
            device_id: device_id.clone(),
            volume: VolumeName::parse("steward-site_data").unwrap(),
            confirm: confirm.to_owned(),
        })
    };
    assert_eq!(scene.submit(delete("yes")).await.unwrap_err().refusal.code, Code::ConfirmationRequired);
    assert_eq!(scene.submit(delete("steward-site_data")).await.unwrap_err().refusal.code, Code::PreflightFailed);
    scene.run(Request::DeploymentRemove(DeploymentRemove { deployment_id: id })).await;
    let refused = scene.engine.submit(&actor(Role::Operator), delete("steward-site_data"), Submission::default()).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::NotAllowed);
    assert_eq!(scene.run(delete("steward-site_data")).await.operation.state, State::Succeeded);
    assert!(scene.host.volume("steward-site_data").is_none());
    assert!(scene.host.volume("steward-site_cache").is_some(), "the other one stays");
}

/// R39, R40: nothing is touched that Steward did not make.
#[tokio::test]
async fn a_volume_that_steward_did_not_make_is_not_its_to_delete() {
    let scene = Scene::new().await;
    scene.host.write_volume("photos", "a", b"1");
    let device_id = scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone();
    let request =
        Request::VolumeDelete(VolumeDelete { device_id, volume: VolumeName::parse("photos").unwrap(), confirm: "photos".to_owned() });
    assert_eq!(scene.submit(request).await.unwrap_err().refusal.code, Code::NotFound);
}

#[tokio::test]
async fn an_operation_that_hangs_can_be_cancelled_and_is_undone() {
    let scene = Scene::new().await;
    let before = scene.host.snapshot();
    scene.host.hang("compose.up");
    let accepted = scene.submit(deploy("web", "site")).await.unwrap();
    while !scene.host.calls().iter().any(|c| c.name == "compose.up") {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    scene.engine.cancel(&scene.owner, &accepted.operation.id).await.unwrap();
    let detail = scene.at_rest(&accepted.operation.id).await;
    scene.host.release();
    assert_eq!(detail.operation.state, State::Cancelled);
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
    let again = scene.engine.cancel(&scene.owner, &accepted.operation.id).await.unwrap_err();
    assert_eq!(again.code, Code::WrongState);
}

#[tokio::test]
async fn what_cannot_be_undone_needs_attention_and_a_retry_ends_it() {
    let scene = Scene::new().await;
    let before = scene.host.snapshot();
    for _ in 0..2 {
        scene.host.fail_next("compose.down", HostErrorKind::Failed);
    }
    let detail = scene.run(deploy("sick", "x")).await;
    assert_eq!(detail.operation.state, State::NeedsAttention);
    assert!(detail.operation.left_over.iter().any(|l| l.contains("docker compose -p steward-x down")), "{:?}", detail.operation.left_over);
    // Somebody uses what is there, as long as it is there.
    scene.host.write_volume("steward-x_data", "photo.jpg", b"irreplaceable");
    scene.engine.retry(&scene.owner, &detail.operation.id).await.unwrap();
    assert_eq!(scene.rests(&detail.operation.id).await.operation.state, State::RolledBack);
    // R40: since it came to rest, the volumes that it made may have been used. They stay.
    let left = before.differences(&scene.host.snapshot());
    assert_eq!(left, ["volume steward-x_cache is new", "volume steward-x_data is new"]);
    assert_eq!(scene.host.volume("steward-x_data").unwrap().content.get("photo.jpg").unwrap(), b"irreplaceable");
}

/// A restart starts what was stopped; when it fails, it is stopped again.
#[tokio::test]
async fn a_failed_restart_of_a_stopped_app_leaves_it_stopped() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    scene.run(Request::DeploymentStop(DeploymentStop { deployment_id: id.clone() })).await;
    let before = scene.host.snapshot();
    scene.host.fail(steward_host::simulated::Fault {
        call: Some("compose.restart".to_owned()),
        mutating_only: false,
        nth: 1,
        kind: HostErrorKind::Failed,
        when: steward_host::simulated::When::After,
    });
    let detail = scene.run(Request::DeploymentRestart(DeploymentRestart { deployment_id: id })).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
}

/// M7: an operation that waits for its turn is not overtaken by a later one on the same app.
#[tokio::test]
async fn nobody_overtakes_on_the_same_app() {
    let scene = Scene::new().await;
    let id = scene.deployed("web", "site").await;
    scene.host.hang("image_pull");
    // Two deploys take every place of their class; they hang.
    for (name, ports) in [("one", 20_001_u16), ("two", 20_002)] {
        let mut request = deploy("absent", name);
        if let Request::DeploymentDeploy(parameters) = &mut request {
            parameters.ports.insert("8080/tcp".to_owned(), ports);
        }
        scene.submit(request).await.unwrap();
    }
    while scene.host.calls().iter().filter(|call| call.name == "image_pull").count() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let update = scene.submit(set(&id, "moin")).await.unwrap().operation.id;
    let remove = scene.submit(Request::DeploymentRemove(DeploymentRemove { deployment_id: id })).await.unwrap().operation.id;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let waiting = scene.detail(&remove).await.operation;
    assert_eq!(waiting.state, State::Queued);
    assert_eq!(waiting.waiting.map(|waiting| waiting.held_by), Some(update.clone()), "it says whom it waits for");
    scene.host.release();
    let (update, remove) = (scene.at_rest(&update).await.operation, scene.at_rest(&remove).await.operation);
    assert_eq!((update.state, remove.state), (State::Succeeded, State::Succeeded));
    assert!(update.finished_at <= remove.started_at);
}
