//! Grants, and which operations are in somebody's sight.

use steward_core::operation::Kind;
use steward_core::rights::{Grant, Scope};
use steward_core::role::Role;
use steward_core::{GrantId, OperationId, Refusal, Timestamp};
use steward_store::operations::{OperationFilter, Sight};
use steward_store::{Store, deployments, devices, grants, operations, targets, users};

use crate::sample::{bytes, deployment, device, operation, plan, user};

fn grant(number: u16, scope: Scope, role: Role) -> Grant {
    let id = GrantId::from_random(bytes(number));
    Grant { id, user_id: user(1, "anna", Role::Guest).id, scope, role, created_at: Timestamp(i64::from(number)) }
}

/// C8: one grant for each place; it goes with the account, the device and the deployment.
#[tokio::test]
async fn one_grant_for_each_place() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let anna = user(1, "anna", Role::Guest);
    users::insert(&mut tx, &anna, "x").await.unwrap();
    devices::insert(&mut tx, &device()).await.unwrap();
    let app = deployment(1, "photos");
    deployments::insert(&mut tx, &app).await.unwrap();
    let on_device = grant(1, Scope::Device(device().id), Role::Viewer);
    let on_app = grant(2, Scope::Deployment(app.id.clone()), Role::Operator);
    for one in [&on_device, &on_app] {
        grants::put(&mut tx, one).await.unwrap();
    }
    let again = grant(3, Scope::Deployment(app.id.clone()), Role::Admin);
    grants::put(&mut tx, &again).await.unwrap();
    assert_eq!(grants::list(&mut tx, &anna.id).await.unwrap(), [on_device.clone(), again.clone()]);
    assert!(grants::delete(&mut tx, &on_device.id).await.unwrap());
    assert!(!grants::delete(&mut tx, &on_device.id).await.unwrap());
    deployments::delete(&mut tx, &app.id).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(grants::list(&mut tx, &anna.id).await.unwrap(), []);
    grants::put(&mut tx, &on_device).await.unwrap();
    users::delete(&mut tx, &anna.id).await.unwrap();
    assert_eq!(grants::list(&mut tx, &anna.id).await.unwrap(), []);
}

/// R12: an operation is in sight with its deployment or its device; one on many with all of them; one
/// about Steward itself never.
#[tokio::test]
async fn what_is_in_sight() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    devices::insert(&mut tx, &device()).await.unwrap();
    let (seen, hidden) = (deployment(1, "photos"), deployment(2, "ledger"));
    for app in [&seen, &hidden] {
        deployments::insert(&mut tx, app).await.unwrap();
    }
    let mut all = Vec::new();
    for (number, kind, about) in [
        (1, Kind::DeploymentStop, Some(&seen)),
        (2, Kind::DeploymentStop, Some(&hidden)),
        (3, Kind::ScriptRun, None),
        (4, Kind::StewardBackup, None),
        (5, Kind::DeploymentBulk, None),
        (6, Kind::DeploymentBulk, None),
    ] {
        let made = steward_core::operation::Operation {
            kind,
            deployment_id: about.map(|app| app.id.clone()),
            device_id: device().id,
            parent_id: None,
            ..operation(number)
        };
        operations::insert(&mut tx, &made, &plan(), &[]).await.unwrap();
        all.push(made.id);
    }
    let refusal = Refusal::not_found("app", "x");
    for (parent, apps) in [(&all[4], vec![&seen]), (&all[5], vec![&seen, &hidden])] {
        for (place, app) in apps.into_iter().enumerate() {
            targets::put(&mut tx, parent, place, (&app.id, app.name.as_str()), Err(&refusal)).await.unwrap();
        }
    }
    let cases = [
        (Sight::default(), vec![]),
        (Sight { deployments: vec![seen.id.clone()], devices: vec![] }, vec![0, 4]),
        (Sight { deployments: vec![], devices: vec![device().id] }, vec![0, 1, 2, 4, 5]),
    ];
    for (sight, wanted) in cases {
        let wanted: Vec<OperationId> = wanted.into_iter().map(|place: usize| all[place].clone()).collect();
        let mut found = operations::seen(&mut tx, &all, &sight).await.unwrap();
        found.sort();
        assert_eq!(found, wanted, "{sight:?}");
        let filter = OperationFilter { sight: Some(sight.clone()), limit: 100, ..OperationFilter::default() };
        let mut listed: Vec<OperationId> = operations::list(&mut tx, &filter).await.unwrap().into_iter().map(|o| o.id).collect();
        listed.reverse();
        assert_eq!(listed, wanted, "{sight:?}");
    }
}
