//! What holds when all is quiet, whatever happened before.

use std::collections::BTreeMap;

use steward_core::OperationId;
use steward_core::audit::{AuditEntry, AuditPhase};
use steward_core::deployment::Desired;
use steward_core::device::ContainerState;
use steward_core::operation::{Kind, Operation, State};
use steward_host::ProjectFile;
use steward_store::{audit, deployments, locks, operations as rows, revisions};

use super::story::{Planted, Story};
use crate::scene::all_rows;

/// Checks every promise; the first that is broken is said.
pub fn hold(story: &Story) -> Result<(), String> {
    let operations = operations(story);
    acknowledged_once_and_at_rest(story, &operations)?;
    no_lock_is_held(story)?;
    the_audit_is_whole(story, &operations)?;
    no_data_is_lost(story)?;
    no_process_is_replaced_twice(story)?;
    nothing_is_left_over(story)
}

/// Every operation, newest first.
pub fn operations(story: &Story) -> Vec<Operation> {
    let life = story.life();
    let filter = rows::OperationFilter { limit: 1000, ..Default::default() };
    life.run(async { rows::list(&mut life.store.read().await.unwrap(), &filter).await.unwrap() })
}

/// Promise 1.
fn acknowledged_once_and_at_rest(story: &Story, operations: &[Operation]) -> Result<(), String> {
    for (request, id) in story.acknowledged.values() {
        let found = operations.iter().filter(|operation| &operation.id == id).count();
        if found != 1 {
            return Err(format!("the acknowledged {} {id} is there {found} times", request.kind().as_str()));
        }
    }
    for operation in operations {
        let known = story.acknowledged.values().any(|(_, id)| id == &operation.id) || operation.parent_id.is_some();
        if !known {
            return Err(format!("{} {} was never acknowledged, and never asked for again", operation.kind.as_str(), operation.id));
        }
        // Of one on many, a target may be gone for good: that is said, and nothing is to be done.
        let rests = match operation.state {
            State::NeedsAttention => operation.kind == Kind::DeploymentBulk,
            state => state.is_at_rest(),
        };
        if !rests {
            return Err(format!("{} {} is {:?}: {:?}", operation.kind.as_str(), operation.id, operation.state, operation.left_over));
        }
    }
    Ok(())
}

/// A restart of Steward happens once, whatever becomes of the process that begins it.
fn no_process_is_replaced_twice(story: &Story) -> Result<(), String> {
    let restarts = story.world.process.restarts();
    if restarts.iter().all(|count| *count == 1) { Ok(()) } else { Err(format!("Steward restarts again and again: {restarts:?}")) }
}

/// Promise 6.
fn no_lock_is_held(story: &Story) -> Result<(), String> {
    let life = story.life();
    let held = life.run(async { locks::all(&mut life.store.read().await.unwrap()).await.unwrap() });
    if held.is_empty() { Ok(()) } else { Err(format!("locks are held: {held:?}")) }
}

/// Promise 7: one accepted row for each operation, one outcome for each time that it came to rest.
fn the_audit_is_whole(story: &Story, operations: &[Operation]) -> Result<(), String> {
    let life = story.life();
    let (verdict, mut rows) = life.run(async {
        let mut reader = life.store.read().await.unwrap();
        let verdict = audit::verify(&mut reader).await.unwrap();
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |row: &steward_core::audit::AuditRow| row.sequence);
            let page = audit::list(&mut reader, &audit::AuditFilter { after: Some(after), ..all_rows() }).await.unwrap();
            if page.is_empty() {
                return (verdict, all);
            }
            all.extend(page);
        }
    });
    if !verdict.whole {
        return Err(format!("the audit is broken at {:?}", verdict.broken_at));
    }
    rows.retain(|row| row.operation_id.is_some());
    let count = |operation: &Operation, action: &str, phase: AuditPhase| {
        rows.iter().filter(|row| row.operation_id.as_ref() == Some(&operation.id) && row.action == action && row.phase == phase).count()
    };
    for operation in operations {
        let accepted = count(operation, operation.kind.as_str(), AuditPhase::Accepted);
        let outcomes = count(operation, operation.kind.as_str(), AuditPhase::Outcome);
        let retries = count(operation, "operation.retry", AuditPhase::Accepted);
        if accepted != 1 || outcomes != 1 + retries {
            return Err(format!("{} has {accepted} accepted rows, {outcomes} outcomes and {retries} retries", operation.id));
        }
    }
    Ok(())
}

/// Promise 10, and R39: what Steward did not make is as it was.
fn no_data_is_lost(story: &Story) -> Result<(), String> {
    let read = |volume: &str| story.world.host.volume(volume).and_then(|found| found.content.get("photo.jpg").cloned());
    if read("foreign_photos").as_deref() != Some(b"somebody else's") {
        return Err("a volume that is not Steward's was touched".to_owned());
    }
    match story.photos.iter().find(|volume| read(volume).as_deref() != Some(b"irreplaceable")) {
        None => Ok(()),
        Some(lost) => Err(format!("the photo in {lost} is gone")),
    }
}

/// Promise 2: there are the containers and files of the apps in force, and no others.
fn nothing_is_left_over(story: &Story) -> Result<(), String> {
    let life = story.life();
    let apps = life.run(async {
        let mut reader = life.store.read().await.unwrap();
        let mut found = BTreeMap::new();
        for deployment in deployments::list(&mut reader).await.unwrap() {
            let Some(number) = deployment.revision else { continue };
            let revision = revisions::get(&mut reader, &deployment.id, number).await.unwrap().unwrap();
            found.insert(deployment.name.project(), (deployment, revision));
        }
        found
    });
    let world = story.world.host.snapshot();
    for (name, container) in &world.containers {
        let project = container.labels.get("com.docker.compose.project").cloned().unwrap_or_default();
        if !apps.contains_key(&project) {
            return Err(format!("the container {name} belongs to no app"));
        }
    }
    for file in world.files.keys() {
        let project = file.split('/').next().unwrap_or_default();
        if !apps.contains_key(project) {
            return Err(format!("the file {file} belongs to no app"));
        }
    }
    for (project, (deployment, revision)) in &apps {
        let of = |project: &str| {
            world
                .containers
                .values()
                .filter(|c| c.labels.get("com.docker.compose.project").is_some_and(|p| p == project))
                .collect::<Vec<_>>()
        };
        let containers = of(project);
        if story.world.host.file(project, ProjectFile::Compose).as_deref() != Some(revision.compose.as_str()) {
            let there = story.world.host.file(project, ProjectFile::Compose).is_some();
            return Err(format!(
                "the Compose file of {project} (there: {there}) is not that of revision {}: {deployment:?}",
                revision.number
            ));
        }
        let alive = containers.iter().filter(|c| matches!(c.state, ContainerState::Running | ContainerState::Restarting)).count();
        if deployment.desired == Desired::Running && containers.len() != revision.definition.containers.len() {
            return Err(format!("{project} should run and has {} containers", containers.len()));
        }
        if deployment.desired == Desired::Stopped && alive > 0 {
            return Err(format!("{project} should be stopped and {alive} containers run"));
        }
    }
    Ok(())
}

/// Puts a defect into a story.
pub fn plant(story: &mut Story, planted: Planted) {
    let Some(id) = story.acknowledged.values().next().map(|(_, id)| id.clone()) else { return };
    let life = story.life();
    match planted {
        // The machine lies from the beginning.
        Planted::Nothing | Planted::Lie => {}
        Planted::DataGoes => {
            if let Some(volume) = story.photos.first().cloned() {
                story.world.host.remove_volume(&volume);
            }
        }
        Planted::LockStays => life.run(async {
            let mut tx = life.store.begin().await.unwrap();
            locks::acquire(&mut tx, &["deployment:ghost".to_owned()], &id).await.unwrap();
            tx.commit().await.unwrap();
        }),
        Planted::RunTwice => life.run(async {
            let mut tx = life.store.begin().await.unwrap();
            let mut operation = rows::get(&mut tx, &id).await.unwrap().unwrap();
            if operation.state.is_at_rest() {
                operation.state = State::Queued;
                rows::update(&mut tx, &operation).await.unwrap();
                tx.commit().await.unwrap();
            }
        }),
        Planted::OperationForgotten => {
            let (request, _) = story.acknowledged.values().next().cloned().unwrap();
            story.acknowledged.insert("forgotten".to_owned(), (request, OperationId::from_random([7; 10])));
        }
        Planted::AcceptedTwice => life.run(async {
            let mut tx = life.store.begin().await.unwrap();
            let rows = audit::list(&mut tx, &all_rows()).await.unwrap();
            let row = rows.into_iter().find(|row| row.operation_id.as_ref() == Some(&id) && row.phase == AuditPhase::Accepted).unwrap();
            let again = AuditEntry {
                actor: row.actor,
                address: row.address,
                action: row.action,
                target: row.target,
                phase: row.phase,
                operation_id: row.operation_id,
                detail: row.detail,
            };
            audit::append(&mut tx, &again, row.at).await.unwrap();
            tx.commit().await.unwrap();
        }),
    }
}
