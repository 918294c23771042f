//! Backups of Steward's own state: made while it works, listed, kept in number, and put back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use steward_core::backup::{BackupState, DATABASE};
use steward_core::operation::{DeploymentRemove, Kind, Request, State, StewardBackup};
use steward_core::role::Role;
use steward_core::schedule::ScheduleDraft;
use steward_core::{Code, Timestamp};
use steward_engine::backups::restore::{self, RestoreError};
use steward_engine::backups::{CheckError, check};
use steward_engine::faults::{Fault, Faults, Moment};
use steward_engine::{BackupConfig, Engine, EngineConfig};
use steward_host::backup::{BackupError, BackupKey, KEY_FILE};
use steward_store::audit::AuditFilter;
use steward_store::operations::OperationFilter;
use steward_store::{FILE, FolderLock, Store, StoreError, audit};

use crate::faults::backup;
use crate::scene::{KEPT, OneFault, Scene, actor, start, timing};
use crate::stage::{Stage, utc};

async fn made(scene: &Scene) -> PathBuf {
    let detail = scene.run(backup()).await;
    assert_eq!(detail.operation.state, State::Succeeded, "{:?}", detail.operation.error);
    let listed = scene.engine.backups(&scene.owner).await.unwrap();
    Path::new(&listed.folder).join(listed.backups[0].name.as_str())
}

fn key_of(folder: &Path) -> BackupKey {
    BackupKey::load(folder).unwrap().unwrap()
}

/// Promise 4, R43: what is listed as good is good, and no more are kept than were asked for.
#[tokio::test]
async fn backups_are_made_checked_listed_and_pruned() {
    let scene = Scene::new().await;
    scene.write_own_files();
    let empty = scene.engine.backups(&scene.owner).await.unwrap();
    assert!(empty.backups.is_empty() && empty.latest_good_at.is_none() && empty.problem.is_none() && !empty.key_saved);
    for round in 1..=KEPT + 2 {
        let file = made(&scene).await;
        let listed = scene.engine.backups(&scene.owner).await.unwrap();
        assert_eq!(listed.backups.len(), round.min(KEPT) as usize);
        let newest = &listed.backups[0];
        assert_eq!((newest.state, newest.schema), (BackupState::Good, Some(steward_store::KNOWN_VERSION)));
        assert_eq!(newest.size, fs::metadata(&file).unwrap().len());
        assert_eq!(listed.latest_good_at, Some(newest.made_at));
        let checked = check(&file, Arc::new(key_of(scene.store.folder()))).await.unwrap();
        let paths: Vec<&str> = checked.manifest.members.iter().map(|member| member.path.as_str()).collect();
        assert_eq!(paths, [DATABASE, "master.key", "projects/steward-site/compose.yaml", "catalog/mine/service.hcl"]);
    }
    // Nothing is left of the work, nor soon of what was pruned, besides the folder's marker and the key.
    let expected = 3 + 2 + 2 * KEPT as usize;
    for _ in 0..500 {
        if scene.own_files().len() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", scene.own_files().keys());
}

/// A second request while one is under way is the same operation.
#[tokio::test]
async fn one_backup_at_a_time() {
    let held = OneFault::new("writing", Moment::BeforeAct, Fault::Hang);
    let scene = Scene::with(Some(held.clone() as Arc<dyn Faults>)).await;
    let first = scene.submit(backup()).await.unwrap();
    while !held.struck() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let second = scene.submit(backup()).await.unwrap();
    assert_eq!(first.operation.id, second.operation.id);
    scene.engine.cancel(&scene.owner, &first.operation.id).await.unwrap();
    assert_eq!(scene.at_rest(&first.operation.id).await.operation.state, State::Cancelled);
}

/// C6, promise 15, R14: at its due time, once, by the schedule, and what it made is good.
#[tokio::test]
async fn a_backup_is_made_when_it_is_due() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(ScheduleDraft { request: Ok(backup()), ..stage.draft("own", "0 3 * * *") }).await;
    let due = utc("01-11T02:00:00");
    let run = stage.runs_at("own", due, due).await;
    let operation = stage.detail(&run.operation_id.unwrap()).await.operation;
    assert_eq!((operation.state, operation.actor.as_str()), (State::Succeeded, "schedule own (anna)"), "{:?}", operation.error);
    let listed = stage.engine.backups(&stage.anna).await.unwrap();
    assert_eq!((listed.backups.len(), listed.latest_good_at), (1, Some(due)));
    let file = Path::new(&listed.folder).join(listed.backups[0].name.as_str());
    assert_eq!(check(&file, Arc::new(key_of(stage.store.folder()))).await.unwrap().manifest.made_at, due);
}

/// R11, R34: only admins see backups and their key, and the audit says to whom the key was shown.
#[tokio::test]
async fn the_key_is_shown_to_admins_and_the_audit_knows() {
    let scene = Scene::new().await;
    for role in [Role::Viewer, Role::Operator] {
        let actor = actor(role);
        assert_eq!(scene.engine.backups(&actor).await.unwrap_err().code, Code::NotAllowed);
        assert_eq!(scene.engine.reveal_backup_key(&actor).await.unwrap_err().code, Code::NotAllowed);
        assert_eq!(scene.engine.backup_key_is_saved(&actor, "age1x").await.unwrap_err().code, Code::NotAllowed);
        let refused = scene.engine.submit(&actor, backup(), steward_engine::Submission::default()).await.unwrap_err();
        assert_eq!(refused.refusal.code, Code::NotAllowed);
    }
    let key = scene.engine.reveal_backup_key(&actor(Role::Admin)).await.unwrap();
    assert_eq!(key.text(), fs::read_to_string(scene.store.folder().join(KEY_FILE)).unwrap());
    assert_eq!(scene.engine.backup_key_is_saved(&scene.owner, "age1another").await.unwrap_err().code, Code::Conflict);
    assert!(!scene.engine.backups(&scene.owner).await.unwrap().key_saved);
    scene.engine.backup_key_is_saved(&scene.owner, &key.recipient()).await.unwrap();
    assert!(scene.engine.backups(&scene.owner).await.unwrap().key_saved);
    let filter = AuditFilter { action: Some("backup_key.reveal".to_owned()), limit: 50, ..AuditFilter::default() };
    let rows = scene.engine.audit(&scene.owner, filter).await.unwrap();
    assert_eq!(rows.len(), 7, "{rows:?}");
    assert!(!serde_json::to_string(&rows).unwrap().contains("SECRET"));
}

fn failed(detail: &Result<steward_engine::Accepted, steward_engine::Refused>) -> (Code, String) {
    let refused = detail.as_ref().unwrap_err();
    (refused.refusal.code, format!("{} {}", refused.refusal.message, refused.refusal.hint.clone().unwrap_or_default()))
}

/// R43: a key that is gone is not replaced by one that opens nothing, and a folder whose disk is away
/// is not written to.
#[tokio::test]
async fn what_is_missing_is_not_made_anew() {
    let mut scene = Scene::new().await;
    made(&scene).await;
    let key = scene.store.folder().join(KEY_FILE);
    let text = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    scene.restart(None).await;
    assert!(!key.exists());
    let (code, said) = failed(&scene.submit(backup()).await);
    assert!(code == Code::PreflightFailed && said.contains("is missing") && said.contains("Put back the copy"), "{said}");
    let listed = scene.engine.backups(&scene.owner).await.unwrap();
    assert_eq!(listed.backups[0].state, BackupState::OtherKey);
    assert!(listed.problem.is_some() && listed.latest_good_at.is_none());
    fs::write(&key, text).unwrap();
    assert!(failed(&scene.submit(backup()).await).1.contains("600"), "a key that others may read is not used");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    made(&scene).await;

    let disk = tempfile::tempdir().unwrap();
    let folder = disk.path().join("steward");
    let engine = elsewhere(&scene, &folder).await;
    scene.engine.shutdown().await;
    scene.engine = engine;
    made(&scene).await;
    fs::rename(&folder, disk.path().join("away")).unwrap();
    fs::create_dir(&folder).unwrap();
    let (code, said) = failed(&scene.submit(backup()).await);
    assert!(code == Code::PreflightFailed && said.contains("may be away"), "{said}");
    assert!(scene.engine.backups(&scene.owner).await.unwrap().problem.is_some());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::remove_dir(&folder).unwrap();
    fs::rename(disk.path().join("away"), &folder).unwrap();
    made(&scene).await;
}

/// The same scene with another folder for backups.
async fn elsewhere(scene: &Scene, folder: &Path) -> Engine {
    scene.engine.shutdown().await;
    Engine::start(EngineConfig {
        store: scene.store.clone(),
        local: Arc::new(scene.host.clone()),
        catalog: Box::new(crate::scene::TestCatalog),
        archives: Default::default(),
        key: [9; 32],
        backups: BackupConfig { folder: Some(folder.to_owned()), keep: KEPT },
        restart: None,
        clock: Arc::new(steward_engine::SystemClock),
        random: Arc::new(steward_engine::OsRandom),
        timing: timing(),
        development: false,
        faults: None,
    })
    .await
    .unwrap()
}

/// Issue 3, restore: on another machine, with an app that is there again, sessions that are not, and a
/// row in the audit that says so, once.
#[tokio::test]
async fn a_restored_state_is_the_one_that_was_backed_up() {
    let scene = Scene::new().await;
    scene.write_own_files();
    scene.deployed("web", "site").await;
    let file = made(&scene).await;
    let id = scene.id_of("site").await;
    scene.run(Request::DeploymentRemove(DeploymentRemove { deployment_id: id })).await;

    // The backup is already where the restored Steward keeps its own: what it unwinds must not take it.
    let there = tempfile::tempdir().unwrap();
    let data = there.path().to_owned();
    fs::create_dir(data.join("backups")).unwrap();
    let copy = data.join("backups").join(file.file_name().unwrap());
    fs::copy(&file, &copy).unwrap();
    let restored = restore::restore(&data, &file, key_of(scene.store.folder()), Timestamp(1_751_623_872_123)).await.unwrap();
    assert!(restored.before.ends_with("before-restore-20250704T101112.123Z"));
    assert_eq!(fs::read_dir(&restored.before).unwrap().count(), 0, "there was nothing before");
    assert_eq!(key_of(&data).recipient(), key_of(scene.store.folder()).recipient());
    assert_eq!(fs::read(data.join("projects/steward-site/compose.yaml")).unwrap(), b"services: {}");

    for round in 0..2 {
        let store = Store::open(&data).await.unwrap();
        let engine = start(&scene.host, &store, timing(), None).await;
        // The backup that was under way when the copy was made is unwound.
        let operations =
            engine.operations(&scene.owner, OperationFilter { kind: Some(Kind::StewardBackup), limit: 9, ..OperationFilter::default() });
        let interrupted = operations.await.unwrap().remove(0);
        let here =
            Scene { host: scene.host.clone(), store: store.clone(), engine, owner: actor(Role::Owner), process: scene.process.clone() };
        assert_eq!(here.at_rest(&interrupted.id).await.operation.state, State::RolledBack);
        let engine = here.engine.clone();
        let listed = engine.backups(&scene.owner).await.unwrap().backups;
        assert_eq!((listed.len(), listed[0].state), (1, BackupState::Good));
        let names: Vec<String> = engine.deployments(&scene.owner).await.unwrap().iter().map(|view| view.name.to_string()).collect();
        assert_eq!(names, ["site"]);
        let filter = AuditFilter { action: Some("steward.restore".to_owned()), limit: 5, ..AuditFilter::default() };
        let rows = engine.audit(&scene.owner, filter).await.unwrap();
        assert_eq!(rows.len(), 1, "round {round}");
        assert_eq!(rows[0].detail["backup"], file.file_name().unwrap().to_str().unwrap());
        assert_eq!(rows[0].detail["restored_at"], 1_751_623_872_123_i64);
        engine.shutdown().await;
        let mut reader = store.read().await.unwrap();
        assert!(audit::verify(&mut reader).await.unwrap().whole);
        drop(reader);
        drop(here);
        store.close().await;
    }
    assert!(fs::read(&copy).unwrap() == fs::read(&file).unwrap());
}

/// A backup that is not good changes nothing, and neither does one for a folder that is in use.
#[tokio::test]
async fn what_cannot_be_restored_changes_nothing() {
    let scene = Scene::new().await;
    let file = made(&scene).await;
    let there = tempfile::tempdir().unwrap();
    let data = there.path();
    let store = Store::open(data).await.unwrap();
    let key = || key_of(scene.store.folder());
    let in_use = restore::restore(data, &file, key(), Timestamp(1)).await.unwrap_err();
    assert!(matches!(in_use, RestoreError::Folder(StoreError::InUse)), "{in_use:?}");
    store.close().await;
    let before = fs::read(data.join(FILE)).unwrap();
    let names = || fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>();
    let listed = names();

    let elsewhere = tempfile::tempdir().unwrap();
    let bad = elsewhere.path().join("bad.age");
    let bytes = fs::read(&file).unwrap();
    let other = BackupKey::make(tempfile::tempdir().unwrap().path()).unwrap();
    let refused = |result: Result<_, RestoreError>| match result.unwrap_err() {
        RestoreError::Backup(CheckError::File(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused(restore::restore(data, &file, other, Timestamp(1)).await), BackupError::WrongKey));
    fs::write(&bad, &bytes[..bytes.len() - 100]).unwrap();
    assert!(matches!(refused(restore::restore(data, &bad, key(), Timestamp(1)).await), BackupError::Damaged(_)));
    fs::write(&bad, "something else").unwrap();
    assert!(matches!(refused(restore::restore(data, &bad, key(), Timestamp(1)).await), BackupError::Foreign(_)));
    fs::remove_file(&bad).unwrap();
    assert!(matches!(refused(restore::restore(data, &bad, key(), Timestamp(1)).await), BackupError::Io(..)));
    assert_eq!(names(), listed);
    assert!(fs::read(data.join(FILE)).unwrap() == before);
    drop(FolderLock::take(data).unwrap());
}

/// Requests for a backup have no parameters, and take none.
#[test]
fn a_request_has_no_parameters() {
    assert!(serde_json::from_str::<Request>(r#"{"kind":"steward.backup"}"#).is_ok());
    assert!(serde_json::from_str::<Request>(r#"{"kind":"steward.backup","folder":"/etc"}"#).is_err());
    assert_eq!(backup(), Request::StewardBackup(StewardBackup {}));
}
