//! What is forgotten, and how a person sees that.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use steward_core::operation::{DeploymentRestart, Request, State};
use steward_core::reconciler::ReconcilerStatus;
use steward_core::retention::RetentionChange;
use steward_core::role::Role;
use steward_core::{Code, Timestamp};
use steward_engine::{Clock, SystemClock};
use steward_store::operations::OperationFilter;

use crate::scene::{Scene, actor, all_rows, start_as, timing};

const DAY: i64 = 24 * 3600 * 1000;

/// The machine's clock, so many milliseconds ahead.
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0.load(Ordering::SeqCst))
    }
}

/// Wakes a background task and waits until it has ended.
pub async fn run(scene: &Scene, name: &str) -> ReconcilerStatus {
    let before = scene.engine.run_reconciler(&scene.owner, name).await.unwrap();
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let all = scene.engine.reconcilers(&scene.owner).await.unwrap();
        let now = all.into_iter().find(|task| task.name == name).unwrap();
        if !now.running && now.started_at > before.started_at {
            return now;
        }
    }
    panic!("`{name}` did not end");
}

async fn aged() -> (Scene, Arc<Ahead>) {
    let mut scene = Scene::new().await;
    let clock = Arc::new(Ahead(AtomicI64::new(0)));
    scene.engine.shutdown().await;
    scene.engine = start_as(&scene.host, &scene.store, timing(), None, clock.clone(), false).await;
    (scene, clock)
}

/// R38, promise 16: what is older than it has to be is forgotten; what runs now still says where it came
/// from, the audit is whole from where it begins, and a second activation finds nothing.
#[tokio::test]
async fn what_is_old_is_forgotten() {
    let (scene, clock) = aged().await;
    let id = scene.deployed("web", "site").await;
    for _ in 0..3 {
        let detail = scene.run(Request::DeploymentRestart(DeploymentRestart { deployment_id: id.clone() })).await;
        assert_eq!(detail.operation.state, State::Succeeded);
    }
    assert_eq!(run(&scene, "retention").await.did.as_deref(), Some("nothing is older than it has to be"));
    let change = RetentionChange { operations_days: Some(10), operations_kept: Some(0), output_days: Some(5), audit_days: Some(30) };
    let view = scene.engine.change_retention(&scene.owner, &change).await.unwrap();
    assert_eq!((view.settings.operations_kept, view.operations), (0, 4));

    clock.0.store(6 * DAY, Ordering::SeqCst);
    let status = run(&scene, "retention").await;
    let said = status.did.unwrap();
    assert!(said.starts_with("forgot ") && said.ends_with(" outputs of commands"), "{said}");
    clock.0.store(40 * DAY, Ordering::SeqCst);
    let said = run(&scene, "retention").await.did.unwrap();
    assert!(said.starts_with("forgot 3 operations, ") && said.contains(" audit rows"), "{said}");

    let all = OperationFilter { limit: 100, ..Default::default() };
    let left = scene.engine.operations(&scene.owner, all).await.unwrap();
    assert_eq!(left.iter().map(|operation| operation.kind.as_str()).collect::<Vec<_>>(), ["deployment.deploy"]);
    let deploy = scene.detail(&left[0].id).await;
    assert!(deploy.commands.iter().any(|command| command.output.contains("of output were forgotten")), "{:?}", deploy.commands);
    let verdict = scene.engine.verify_audit(&scene.owner).await.unwrap();
    assert!(verdict.whole && verdict.first > 8 && verdict.cut.is_some_and(|cut| cut.through + 1 == verdict.first));
    let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
    assert!(rows.iter().any(|row| row.action == "audit.cut") && rows.iter().all(|row| row.sequence >= verdict.first));
    assert_eq!(run(&scene, "retention").await.did.as_deref(), Some("nothing is older than it has to be"));
    let view = scene.engine.retention(&scene.owner).await.unwrap();
    assert_eq!((view.operations, view.audit_rows as i64), (1, verdict.rows + 2 - verdict.first), "the wake-up is a row too");
    // Work goes on as before.
    assert_eq!(scene.run(Request::DeploymentRestart(DeploymentRestart { deployment_id: id })).await.operation.state, State::Succeeded);
}

/// R38: a cut does not remove the proof that somebody changed the audit; the background task says so.
#[tokio::test]
async fn a_changed_audit_is_not_cut() {
    let (scene, clock) = aged().await;
    scene.deployed("web", "site").await;
    let mut tx = scene.store.begin().await.unwrap();
    sqlx::query("UPDATE audit SET actor = 'eve' WHERE sequence = 2").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    clock.0.store(1000 * DAY, Ordering::SeqCst);
    for failures in 1..=2 {
        let status = run(&scene, "retention").await;
        let failure = status.failure.unwrap();
        assert_eq!((failure.code, status.failures), (Code::Conflict, failures));
        assert!(failure.message.contains("from row 2 on"), "{failure}");
    }
    assert_eq!(scene.engine.verify_audit(&scene.owner).await.unwrap().broken_at, Some(2));
}

/// Bad input: each with its field, audited, nothing changed; and who may not, may not.
#[tokio::test]
async fn a_retention_that_forgets_too_much_is_refused() {
    let scene = Scene::new().await;
    let before = scene.engine.retention(&scene.owner).await.unwrap().settings;
    let short = RetentionChange { audit_days: Some(29), ..Default::default() };
    let refusal = scene.engine.change_retention(&scene.owner, &short).await.unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (Code::InvalidValue, Some("audit_days")));
    let refusal = scene.engine.change_retention(&actor(Role::Operator), &RetentionChange::default()).await.unwrap_err();
    assert_eq!(refusal.code, Code::NotAllowed);
    assert_eq!(scene.engine.retention(&scene.owner).await.unwrap().settings, before);
    let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
    let refused: Vec<&str> = rows.iter().filter(|row| row.action == "retention.manage").map(|row| row.actor.as_str()).collect();
    assert_eq!(refused, ["operator", "owner"]);
}
