//! Devices, deployments, revisions, secrets.

use serde_json::json;
use steward_core::Timestamp;
use steward_core::deployment::{Deployment, Desired};
use steward_core::device::{Device, DeviceType};
use steward_core::name::{DeploymentName, SettingKey};
use steward_store::{Store, StoreError, deployments, devices, revisions, secrets};

use crate::sample::{deployment, device, insert_deployment, revision};

#[tokio::test]
async fn known_devices() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let attic = device();
    assert_eq!(devices::get(&mut tx, &attic.id).await.unwrap(), None);
    devices::insert(&mut tx, &attic).await.unwrap();
    for device_type in [DeviceType::Server, DeviceType::Router, DeviceType::Switch] {
        let id = steward_core::DeviceId::from_random([device_type as u8 + 50; 10]);
        let other = Device { id: id.clone(), name: format!("z {device_type:?}"), device_type, ..attic.clone() };
        devices::insert(&mut tx, &other).await.unwrap();
        assert_eq!(devices::get(&mut tx, &id).await.unwrap(), Some(other));
    }
    let all = devices::list(&mut tx).await.unwrap();
    assert_eq!((all.len(), &all[0]), (4, &attic));
    assert!(matches!(devices::insert(&mut tx, &attic).await, Err(StoreError::NotUnique(_))));
}

#[tokio::test]
async fn known_deployments() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let photos = insert_deployment(&mut tx, 1, "photos").await;
    let files = insert_deployment(&mut tx, 2, "files").await;
    assert_eq!(deployments::list(&mut tx).await.unwrap(), [files.clone(), photos.clone()]);
    assert_eq!(deployments::by_name(&mut tx, &photos.name).await.unwrap(), Some(photos.clone()));
    let taken = deployments::insert(&mut tx, &deployment(3, "photos")).await;
    assert!(matches!(taken, Err(StoreError::NotUnique(_))));

    let changed = Deployment {
        name: DeploymentName::parse("pictures").unwrap(),
        desired: Desired::Stopped,
        revision: Some(4),
        updated_at: Timestamp(99),
        ..photos.clone()
    };
    deployments::update(&mut tx, &changed).await.unwrap();
    assert_eq!(deployments::get(&mut tx, &photos.id).await.unwrap(), Some(changed));
    assert_eq!(deployments::by_name(&mut tx, &photos.name).await.unwrap(), None);
    assert!(deployments::update(&mut tx, &deployment(9, "nobody")).await.is_err());
    deployments::delete(&mut tx, &files.id).await.unwrap();
    deployments::delete(&mut tx, &files.id).await.unwrap();
    assert_eq!(deployments::list(&mut tx).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_removed_deployment_leaves_its_name_free() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let name = DeploymentName::parse("photos").unwrap();
    for number in 1..=3 {
        let deployment = insert_deployment(&mut tx, number, "photos").await;
        let removed = Deployment { removed_at: Some(Timestamp(i64::from(number))), ..deployment };
        deployments::update(&mut tx, &removed).await.unwrap();
        assert_eq!(deployments::get(&mut tx, &removed.id).await.unwrap(), Some(removed.clone()));
        assert_eq!(deployments::removed_by_name(&mut tx, &name).await.unwrap(), Some(removed));
        assert_eq!(deployments::by_name(&mut tx, &name).await.unwrap(), None);
        assert_eq!(deployments::list(&mut tx).await.unwrap(), []);
    }
    let present = insert_deployment(&mut tx, 4, "photos").await;
    assert_eq!(deployments::list(&mut tx).await.unwrap(), std::slice::from_ref(&present));
    let back = deployments::removed_by_name(&mut tx, &name).await.unwrap().unwrap();
    let back = deployments::update(&mut tx, &Deployment { removed_at: None, ..back }).await;
    assert!(matches!(back, Err(StoreError::NotUnique(_))), "two of one name");
}

#[tokio::test]
async fn a_deployment_needs_its_device() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(deployments::insert(&mut tx, &deployment(1, "photos")).await.is_err());
}

#[tokio::test]
async fn revisions_and_their_secrets() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let photos = insert_deployment(&mut tx, 1, "photos").await;
    assert_eq!(revisions::next_number(&mut tx, &photos.id).await.unwrap(), 1);
    let key = |text: &str| SettingKey::parse(text).unwrap();
    // Within one transaction the order does not matter.
    secrets::put(&mut tx, &photos.id, 1, &key("password"), b"sealed").await.unwrap();
    secrets::put(&mut tx, &photos.id, 1, &key("password"), &[0, 255, 1]).await.unwrap();
    secrets::put(&mut tx, &photos.id, 1, &key("api_key"), b"").await.unwrap();
    let first = revision(&photos, 1);
    let mut second = revision(&photos, 2);
    second.settings.insert(key("count"), json!(3));
    revisions::insert(&mut tx, &first).await.unwrap();
    revisions::insert(&mut tx, &second).await.unwrap();
    assert!(matches!(revisions::insert(&mut tx, &second).await, Err(StoreError::NotUnique(_))));
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    assert_eq!(revisions::get(&mut tx, &photos.id, 1).await.unwrap(), Some(first.clone()));
    assert_eq!(revisions::get(&mut tx, &photos.id, 3).await.unwrap(), None);
    assert_eq!(revisions::list(&mut tx, &photos.id).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(revisions::current(&mut tx).await.unwrap(), [second.clone()], "none is in force yet: the newest");
    assert_eq!(revisions::next_number(&mut tx, &photos.id).await.unwrap(), 3);
    let sealed = secrets::list(&mut tx, &photos.id, 1).await.unwrap();
    assert_eq!(sealed, [(key("api_key"), vec![]), (key("password"), vec![0, 255, 1])]);

    revisions::activate(&mut tx, &photos.id, 2, Timestamp(77)).await.unwrap();
    let active = revisions::get(&mut tx, &photos.id, 2).await.unwrap().unwrap();
    assert_eq!(active.activated_at, Some(Timestamp(77)));
    assert_eq!(deployments::get(&mut tx, &photos.id).await.unwrap().unwrap().revision, Some(2));
    assert!(revisions::activate(&mut tx, &photos.id, 5, Timestamp(78)).await.is_err());
    revisions::activate(&mut tx, &photos.id, 1, Timestamp(79)).await.unwrap();
    assert_eq!(revisions::current(&mut tx).await.unwrap()[0].number, 1, "the one in force");
    revisions::activate(&mut tx, &photos.id, 2, Timestamp(80)).await.unwrap();

    revisions::delete(&mut tx, &photos.id, 1).await.unwrap();
    assert_eq!(secrets::list(&mut tx, &photos.id, 1).await.unwrap(), []);
    secrets::put(&mut tx, &photos.id, 2, &key("password"), b"x").await.unwrap();
    deployments::delete(&mut tx, &photos.id).await.unwrap();
    assert_eq!(revisions::list(&mut tx, &photos.id).await.unwrap(), []);
    assert_eq!(secrets::list(&mut tx, &photos.id, 2).await.unwrap(), []);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_secret_without_its_revision_is_not_committed() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let photos = insert_deployment(&mut tx, 1, "photos").await;
    secrets::put(&mut tx, &photos.id, 1, &SettingKey::parse("password").unwrap(), b"x").await.unwrap();
    assert!(tx.commit().await.is_err());
    let mut tx = store.begin().await.unwrap();
    assert_eq!(deployments::list(&mut tx).await.unwrap(), []);
}
