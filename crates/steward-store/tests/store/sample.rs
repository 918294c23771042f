//! Things to store, all different from each other and from their defaults.

use serde_json::{Value, json};
use steward_core::deployment::{Deployment, Desired, Revision};
use steward_core::device::{Device, DeviceType};
use steward_core::name::{DeploymentName, SettingKey, Slug, UserName};
use steward_core::operation::{Kind, Operation, State};
use steward_core::plan::Plan;
use steward_core::role::Role;
use steward_core::user::User;
use steward_core::{DeploymentId, DeviceId, OperationId, Timestamp, UserId};
use steward_store::{Connection, deployments, devices, operations};

/// Ten bytes for an id.
pub fn bytes(number: u16) -> [u8; 10] {
    let [high, low] = number.to_be_bytes();
    [7, 0, 0, 0, 0, 0, 0, 0, high, low]
}

pub fn operation_id(number: u16) -> OperationId {
    OperationId::from_random(bytes(number))
}

pub fn user(number: u16, name: &str, role: Role) -> User {
    User {
        id: UserId::from_random(bytes(number)),
        name: UserName::parse(name).unwrap(),
        role,
        created_at: Timestamp(1_000 + i64::from(number)),
    }
}

pub fn device() -> Device {
    Device {
        id: DeviceId::from_random(bytes(1)),
        name: "attic".to_owned(),
        device_type: DeviceType::Nas,
        address: "local".to_owned(),
        development: true,
        created_at: Timestamp(5),
    }
}

pub fn deployment(number: u16, name: &str) -> Deployment {
    Deployment {
        id: DeploymentId::from_random(bytes(number)),
        name: DeploymentName::parse(name).unwrap(),
        application: Slug::parse("uptime-kuma").unwrap(),
        device_id: device().id,
        desired: Desired::Running,
        revision: None,
        created_at: Timestamp(10),
        updated_at: Timestamp(11),
        removed_at: None,
    }
}

pub fn revision(of: &Deployment, number: u32) -> Revision {
    let definition = json!({
        "title": "Uptime Kuma", "description": "Watches.", "category": "monitoring", "website": null,
        "containers": [{
            "name": "app", "image": "louislam/uptime-kuma:1", "command": ["node", "server.js"],
            "ports": [{"internal": 3001, "external": 3001, "protocol": "tcp", "web": true}],
            "env": {"TZ": {"parts": [{"setting": "zone"}, {"text": "!"}, "deployment_name"]}},
            "volumes": [{"name": "data", "path": "/app/data", "read_only": false}],
            "health_check": {"type": "http", "port": 3001, "path": "/", "interval": 1, "timeout": 2, "within": 3},
            "depends_on": [], "user": "1000:1000", "memory_limit": 256,
        }],
        "resources": {"cpu": 100, "memory": 128, "storage": 512},
        "settings": [], "database": null, "public_access": true, "post_install": null,
    });
    Revision {
        deployment_id: of.id.clone(),
        number,
        definition: serde_json::from_value(definition).unwrap(),
        settings: [(SettingKey::parse("zone").unwrap(), json!("Europe/Berlin"))].into(),
        ports: [("3001/tcp".to_owned(), 8001)].into(),
        compose: "services: {}\n# ü\n".to_owned(),
        operation_id: operation_id(1),
        actor: "anna".to_owned(),
        created_at: Timestamp(20 + i64::from(number)),
        activated_at: None,
    }
}

pub fn operation(number: u16) -> Operation {
    Operation {
        id: operation_id(number),
        kind: Kind::DeploymentDeploy,
        state: State::Queued,
        target: "photos".to_owned(),
        deployment_id: None,
        device_id: device().id,
        actor: "anna".to_owned(),
        request: json!({"kind": "deployment.deploy", "application": "hello"}),
        changed: true,
        // The same for all: order must not come from the clock.
        created_at: Timestamp(100),
        started_at: None,
        finished_at: None,
        current_step: None,
        failed_step: None,
        error: None,
        left_over: Vec::new(),
        waiting: None,
        cancel_requested: false,
        parent_id: None,
    }
}

pub fn plan() -> Plan {
    Plan {
        kind: Kind::DeploymentDeploy,
        target: "photos".to_owned(),
        device_id: device().id,
        device: "attic".to_owned(),
        summary: "Deploys photos.".to_owned(),
        changed: true,
        checks: Vec::new(),
        steps: Vec::new(),
        files: Vec::new(),
        commands: vec![vec!["docker".to_owned(), "compose".to_owned(), "up".to_owned()]],
        images: Vec::new(),
        volumes: Vec::new(),
        targets: Vec::new(),
        risks: vec!["none".to_owned()],
        script: None,
        hash: String::new(),
    }
    .sealed()
}

pub async fn insert_operation(conn: &mut Connection, number: u16) -> OperationId {
    let operation = operation(number);
    operations::insert(conn, &operation, &plan(), &[]).await.unwrap();
    operation.id
}

pub async fn insert_deployment(conn: &mut Connection, number: u16, name: &str) -> Deployment {
    if devices::get(conn, &device().id).await.unwrap().is_none() {
        devices::insert(conn, &device()).await.unwrap();
    }
    let deployment = deployment(number, name);
    deployments::insert(conn, &deployment).await.unwrap();
    deployment
}

pub fn detail() -> Value {
    json!({"name": "photos", "b": {"z": 1, "a": [0.1, null, {"y": true, "x": "ä\"\\"}]}, "a": 1e300})
}
