//! Deploying, and what stops it.

use std::collections::BTreeMap;

use serde_json::json;
use steward_core::Code;
use steward_core::deployment::DeploymentState;
use steward_core::device::Protocol;
use steward_core::operation::{DeploymentDeploy, DeploymentUpdate, Request, State, StepState};
use steward_core::role::Role;
use steward_engine::Submission;
use steward_host::{HostErrorKind, ProjectFile};

use crate::scene::{Scene, actor, all_rows, deploy, key};

/// Proves M5: the pipeline's steps in order, the generated file and the commands stored.
#[tokio::test]
async fn an_application_is_deployed_step_by_step() {
    let scene = Scene::new().await;
    let detail = scene.run(deploy("web", "site")).await;
    assert_eq!(detail.operation.state, State::Succeeded, "{:?}", detail.operation.error);
    let steps: Vec<&str> = detail.steps.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(steps, ["validating", "preparing", "deploying", "configuring", "health_check"]);
    assert!(detail.steps.iter().all(|s| s.state == StepState::Done));
    assert!(detail.commands.iter().any(|c| c.argv.iter().any(|a| a == "up") && c.exit_code == Some(0)), "{:?}", detail.commands);
    let view = scene.engine.deployment(&scene.owner, "site").await.unwrap();
    assert_eq!(view.state, DeploymentState::Running);
    assert_eq!(view.revision, Some(1));
    assert_eq!(view.links.iter().map(|l| l.port).collect::<Vec<_>>(), [8081]);
    let file = scene.host.file("steward-site", ProjectFile::Compose).unwrap();
    assert_eq!(detail.plan.files[0].content.as_deref(), Some(file.as_str()), "the preview is the file");
}

/// Proves P2 and M5 (idempotent): promise 3.
#[tokio::test]
async fn the_same_request_twice_changes_nothing() {
    let scene = Scene::new().await;
    scene.deployed("web", "site").await;
    let before = scene.host.snapshot();
    scene.host.clear_calls();
    let accepted = scene.submit(deploy("web", "site")).await.unwrap();
    assert!(accepted.unchanged);
    assert_eq!(accepted.operation.state, State::Succeeded);
    assert_eq!(scene.host.mutations(), 0, "{:?}", scene.host.calls());
    assert_eq!(scene.host.snapshot(), before);
}

#[tokio::test]
async fn another_request_under_the_same_name_is_refused() {
    let scene = Scene::new().await;
    scene.deployed("web", "site").await;
    let refused = scene.submit(deploy("hello", "site")).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::NameTaken);
}

/// Promise 9: a secret reaches the container's file and nothing else.
#[tokio::test]
async fn a_generated_secret_is_in_no_record() {
    let scene = Scene::new().await;
    let detail = scene.run(deploy("web", "site")).await;
    let secrets = scene.host.file("steward-site", ProjectFile::Secrets).unwrap();
    let secret = secrets.split('=').nth(1).unwrap().trim().trim_matches(|c| c == '"' || c == '\'').to_owned();
    assert_eq!(secret.len(), 24, "{secrets}");
    let id = scene.id_of("site").await;
    let records = [
        serde_json::to_string(&detail).unwrap(),
        serde_json::to_string(&scene.engine.config(&scene.owner, "site").await.unwrap()).unwrap(),
        serde_json::to_string(&scene.engine.files(&scene.owner, "site").await.unwrap()).unwrap(),
        serde_json::to_string(&scene.engine.audit(&scene.owner, all_rows()).await.unwrap()).unwrap(),
        serde_json::to_string(&scene.engine.revisions(&scene.owner, id.as_str()).await.unwrap()).unwrap(),
    ];
    for record in records {
        assert!(!record.contains(&secret), "{record}");
    }
    assert!(scene.host.service_config("steward-site", "web").unwrap().to_string().contains(&secret), "the container has it");
}

#[tokio::test]
async fn a_taken_port_is_refused_with_a_free_one() {
    let scene = Scene::new().await;
    scene.host.listen(8081, Protocol::Tcp, Some("nginx"));
    let before = scene.host.snapshot();
    let refused = scene.submit(deploy("web", "site")).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::PreflightFailed);
    let plan = refused.plan.unwrap();
    let fix = plan.failed().unwrap().fix.clone().unwrap();
    assert_eq!((fix.field.as_str(), fix.value.as_str()), ("ports.80/tcp", "8082"));
    assert_eq!(scene.host.snapshot(), before);
    let fixed = Request::DeploymentDeploy(DeploymentDeploy {
        ports: BTreeMap::from([("80/tcp".to_owned(), 8082)]),
        ..match deploy("web", "site") {
            Request::DeploymentDeploy(parameters) => parameters,
            _ => unreachable!(),
        }
    });
    assert_eq!(scene.run(fixed).await.operation.state, State::Succeeded);
}

#[tokio::test]
async fn a_plan_that_was_seen_and_does_not_fit_any_more_is_refused() {
    let scene = Scene::new().await;
    let plan = scene.engine.plan(&scene.owner, &deploy("web", "site")).await.unwrap();
    scene.host.write_volume("steward-site_data", "photo", b"1");
    let submission = Submission::new(None, Some(plan.hash));
    let refused = scene.engine.submit(&scene.owner, deploy("web", "site"), submission).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::PlanStale);
    assert!(refused.plan.is_some());
    assert!(scene.engine.deployments(&scene.owner).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_operation_and_no_other() {
    let scene = Scene::new().await;
    let with_key = || Submission::new(Some("k1".to_owned()), None);
    let first = scene.engine.submit(&scene.owner, deploy("web", "site"), with_key()).await.unwrap();
    let second = scene.engine.submit(&scene.owner, deploy("web", "site"), with_key()).await.unwrap();
    assert_eq!(first.operation.id, second.operation.id);
    let refused = scene.engine.submit(&scene.owner, deploy("hello", "other"), with_key()).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::IdempotencyKeyReused);
    scene.at_rest(&first.operation.id).await;
}

#[tokio::test]
async fn two_clicks_at_once_are_one_operation() {
    let scene = Scene::new().await;
    let (a, b) = tokio::join!(scene.submit(deploy("web", "site")), scene.submit(deploy("web", "site")));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.operation.id, b.operation.id);
    assert_eq!(scene.at_rest(&a.operation.id).await.operation.state, State::Succeeded);
}

/// Proves C8, P6, P3 and R37: a role that may not is refused, audited, and nothing happens.
#[tokio::test]
async fn a_viewer_may_plan_and_not_deploy() {
    let scene = Scene::new().await;
    let viewer = actor(Role::Viewer);
    let before = scene.host.mutations();
    assert!(scene.engine.plan(&viewer, &deploy("web", "site")).await.is_ok());
    let refused = scene.engine.submit(&viewer, deploy("web", "site"), Submission::default()).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::NotAllowed);
    assert_eq!(scene.host.mutations(), before);
    let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
    assert!(
        rows.iter()
            .any(|row| row.action == "deployment.deploy" && row.actor == "viewer" && row.phase == steward_core::audit::AuditPhase::Refused)
    );
}

#[tokio::test]
async fn a_broken_entry_is_shown_as_broken_and_the_others_work() {
    let scene = Scene::new().await;
    let refused = scene.submit(deploy("broken", "x")).await.unwrap_err();
    assert_eq!(refused.refusal.code, Code::InvalidDefinition);
    let all = scene.engine.applications(&scene.owner).await.unwrap();
    let broken: Vec<&str> = all.iter().filter(|(e, _)| e.definition.is_err()).map(|(e, _)| e.slug.as_str()).collect();
    assert_eq!(broken, ["broken"]);
    scene.deployed("hello", "hi").await;
}

#[tokio::test]
async fn an_image_that_does_not_exist_leaves_nothing() {
    let scene = Scene::new().await;
    let before = scene.host.snapshot();
    let detail = scene.run(deploy("absent", "x")).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert_eq!(detail.operation.failed_step.as_deref(), Some("preparing"));
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
    assert!(scene.engine.deployments(&scene.owner).await.unwrap().is_empty());
    assert!(detail.commands.iter().any(|c| c.argv[..2] == ["docker", "pull"] && c.exit_code != Some(0)), "{:?}", detail.commands);
}

#[tokio::test]
async fn a_container_that_never_gets_healthy_is_undone_last_first() {
    let scene = Scene::new().await;
    let before = scene.host.snapshot();
    let detail = scene.run(deploy("sick", "x")).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert_eq!(detail.operation.failed_step.as_deref(), Some("health_check"));
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
    let mut undone: Vec<_> = detail.steps.iter().filter_map(|s| Some((s.undone_at?, s.ordinal))).collect();
    undone.sort();
    assert_eq!(undone.len(), 5, "{:?}", detail.steps);
    let undo_commands: Vec<u32> = detail.commands.iter().filter(|c| c.undo).map(|c| c.step).collect();
    assert!(undo_commands.is_sorted_by(|a, b| a >= b), "last first: {undo_commands:?}");
}

/// Promise 10: what was there before the run is never removed: a volume with data that a failed deploy found.
#[tokio::test]
async fn a_failed_deploy_leaves_data_that_was_there() {
    let scene = Scene::new().await;
    scene.host.write_volume("steward-x_data", "photo.jpg", b"irreplaceable");
    let detail = scene.run(deploy("sick", "x")).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert_eq!(scene.host.volume("steward-x_data").unwrap().content.get("photo.jpg").unwrap(), b"irreplaceable");
    assert!(scene.host.volume("steward-x_cache").is_none(), "the volume that this run made is gone");
}

#[tokio::test]
async fn an_engine_that_goes_away_is_waited_for_and_then_all_is_undone() {
    let scene = Scene::new().await;
    let before = scene.host.snapshot();
    scene.host.fail_next("compose.up", HostErrorKind::Unreachable);
    let accepted = scene.submit(deploy("web", "site")).await.unwrap();
    let host = scene.host.clone();
    let back = tokio::spawn(async move {
        while !host.calls().iter().any(|c| c.name == "compose.up") {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        host.set_engine_up(false);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        host.set_engine_up(true);
    });
    let detail = scene.at_rest(&accepted.operation.id).await;
    back.await.unwrap();
    assert_eq!(detail.operation.state, State::RolledBack, "{:?}", detail.operation);
    assert_eq!(before.differences(&scene.host.snapshot()), Vec::<String>::new());
}

#[tokio::test]
async fn settings_out_of_schema_are_refused_with_their_field() {
    let scene = Scene::new().await;
    let with = |name: &str, value: serde_json::Value| {
        Request::DeploymentDeploy(DeploymentDeploy {
            settings: BTreeMap::from([(key(name), value)]),
            ..match deploy("web", "site") {
                Request::DeploymentDeploy(parameters) => parameters,
                _ => unreachable!(),
            }
        })
    };
    let refused = scene.submit(with("greetings", json!("x"))).await.unwrap_err().refusal;
    assert_eq!((refused.code, refused.field.as_deref()), (Code::UnknownField, Some("settings.greetings")));
    let refused = scene.submit(with("greeting", json!({"a": 1}))).await.unwrap_err().refusal;
    assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidValue, Some("settings.greeting")));
    let update = DeploymentUpdate {
        deployment_id: steward_core::DeploymentId::from_random([1; 10]),
        settings: BTreeMap::new(),
        ports: BTreeMap::new(),
        expected_revision: None,
    };
    assert_eq!(scene.submit(Request::DeploymentUpdate(update)).await.unwrap_err().refusal.code, Code::NotFound);
}
