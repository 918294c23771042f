//! Deployments: what is stored of them, joined with what their containers do.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::definition::{Definition, SettingValue, settings};
use steward_core::deployment::{Deployment, DeploymentState, Desired, Revision, Settings, observed_state};
use steward_core::device::{Container, ContainerState, Device, Health};
use steward_core::name::{DeploymentName, ServiceName, SettingKey, Slug};
use steward_core::operation::{Kind, Operation, PortChoices};
use steward_core::redact::MASK;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{DeploymentId, DeviceId, OperationId, Refusal, Timestamp, compose, diff};
use steward_host::ProjectFile;
use steward_store::{deployments, devices, operations as rows, revisions};

use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations::open_secrets;

/// One service of a deployment with what was last seen of its container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ServiceView {
    /// The service.
    pub name: ServiceName,
    /// Its image.
    pub image: String,
    /// What its container is doing; absent when there is no container.
    pub state: Option<ContainerState>,
    /// What its health check says.
    pub health: Health,
    /// How often the engine restarted it.
    pub restart_count: u64,
    /// The exit code, when it ended.
    pub exit_code: Option<i64>,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
}

/// Something that a browser can open. The host is the one that the browser asked, so it is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Link {
    /// What it is.
    pub title: String,
    /// The port on the device.
    pub port: u16,
    /// Whether it speaks HTTPS.
    pub tls: bool,
}

/// Ports on which services speak HTTPS by convention.
const TLS_PORTS: [u16; 3] = [443, 8443, 9443];

/// The operation that is under way on a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Busy {
    /// The operation.
    pub operation_id: OperationId,
    /// What it does.
    pub kind: Kind,
    /// The step that is under way.
    pub step: Option<String>,
}

/// A deployment with what was last seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentView {
    /// Its id.
    pub id: DeploymentId,
    /// Its name.
    pub name: DeploymentName,
    /// Its application.
    pub application: Slug,
    /// The application's title.
    pub title: String,
    /// Where it runs.
    pub device_id: DeviceId,
    /// That device's name.
    pub device: String,
    /// What it is doing.
    pub state: DeploymentState,
    /// Whether it should run.
    pub desired: Desired,
    /// The revision in force.
    pub revision: Option<u32>,
    /// Its services.
    pub services: Vec<ServiceView>,
    /// What a browser can open.
    pub links: Vec<Link>,
    /// What is under way on it.
    pub busy: Option<Busy>,
    /// Whether the catalog's definition is another one than the revision's.
    pub update_available: bool,
    /// What to do after the first start.
    pub post_install: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its device's engine last answered.
    pub observed_at: Option<Timestamp>,
}

/// The settings of a deployment as they are in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConfigView {
    /// Values of the settings that are not secret.
    #[schema(value_type = BTreeMap<String, SettingValue>)]
    pub settings: Settings,
    /// Secret settings that have a value.
    pub secrets_set: Vec<SettingKey>,
    /// Ports on the device, by `INTERNAL/PROTOCOL`.
    pub ports: BTreeMap<String, u16>,
    /// JSON Schema of the settings.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub schema: Value,
    /// The definition that a change would bring into force.
    pub definition: Definition,
    /// The revision in force.
    pub revision: u32,
}

/// A revision for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionView {
    /// Its number.
    pub number: u32,
    /// Whether it is in force.
    pub active: bool,
    /// Who asked for it.
    pub actor: String,
    /// The operation that made it.
    pub operation_id: OperationId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became active.
    pub activated_at: Option<Timestamp>,
    /// Values of the settings that are not secret.
    #[schema(value_type = BTreeMap<String, SettingValue>)]
    pub settings: Settings,
    /// The chosen ports.
    #[schema(value_type = BTreeMap<String, u16>)]
    pub ports: PortChoices,
    /// A unified diff of the Compose file against the revision before.
    pub diff: String,
}

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileView {
    /// Its path on the device.
    pub path: String,
    /// Its content, secrets masked.
    pub content: String,
    /// Whether anything in it is masked.
    pub secret: bool,
}

impl Engine {
    /// Every deployment.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn deployments(&self, actor: &Actor) -> Result<Vec<DeploymentView>, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::SignedIn)?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let mut all = deployments::list(&mut reader).await.map_err(error::store)?;
        all.retain(|deployment| actor.sees(deployment.target()));
        let known = devices::list(&mut reader).await.map_err(error::store)?;
        let unfinished = rows::unfinished(&mut reader).await.map_err(error::store)?;
        let current = revisions::current(&mut reader).await.map_err(error::store)?;
        let current: HashMap<&DeploymentId, &Revision> = current.iter().map(|revision| (&revision.deployment_id, revision)).collect();
        let view = |deployment: Deployment| {
            let revision = current.get(&deployment.id).copied();
            inner.deployment_view(deployment, revision, &known, &unfinished)
        };
        Ok(all.into_iter().map(view).collect())
    }

    /// One deployment, by its id or its name.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn deployment(&self, actor: &Actor, which: &str) -> Result<DeploymentView, Refusal> {
        let wanted = self.inner.deployment_for(actor, Permission::Read, which).await?.id;
        let all = self.deployments(actor).await?;
        all.into_iter().find(|view| view.id == wanted).ok_or_else(|| Refusal::not_found("app", which))
    }

    /// The settings of a deployment.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn config(&self, actor: &Actor, which: &str) -> Result<ConfigView, Refusal> {
        let inner = &self.inner;
        let (deployment, revision) = inner.in_force(actor, Permission::Read, which).await?;
        let definition = match inner.catalog.definition(&deployment.application) {
            Ok(definition) => (*definition).clone(),
            Err(_) => revision.definition.clone(),
        };
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let secrets = open_secrets(inner, &mut reader, &deployment.id, revision.number).await?;
        let mut ports = BTreeMap::new();
        for port in definition.containers.iter().flat_map(|c| &c.ports) {
            if let Some(external) = port.external {
                ports.insert(port.key(), revision.ports.get(&port.key()).copied().unwrap_or(external));
            }
        }
        Ok(ConfigView {
            settings: revision.settings,
            secrets_set: secrets.into_keys().collect(),
            ports,
            schema: settings::json_schema(&definition),
            definition,
            revision: revision.number,
        })
    }

    /// The revisions of a deployment that were ever in force, newest first.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn revisions(&self, actor: &Actor, which: &str) -> Result<Vec<RevisionView>, Refusal> {
        let inner = &self.inner;
        let deployment = inner.deployment_for(actor, Permission::Read, which).await?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let all: Vec<Revision> = revisions::list(&mut reader, &deployment.id).await.map_err(error::store)?;
        let all: Vec<Revision> = all.into_iter().filter(|revision| revision.activated_at.is_some()).collect();
        let before = |index: usize| all.get(index + 1).map(|revision| revision.compose.as_str()).unwrap_or_default();
        Ok(all
            .iter()
            .enumerate()
            .map(|(index, revision)| RevisionView {
                number: revision.number,
                active: Some(revision.number) == deployment.revision,
                actor: revision.actor.clone(),
                operation_id: revision.operation_id.clone(),
                created_at: revision.created_at,
                activated_at: revision.activated_at,
                settings: revision.settings.clone(),
                ports: revision.ports.clone(),
                diff: diff::unified(ProjectFile::Compose.file_name(), before(index), &revision.compose),
            })
            .collect())
    }

    /// The generated files of a deployment, secrets masked.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn files(&self, actor: &Actor, which: &str) -> Result<Vec<FileView>, Refusal> {
        let inner = &self.inner;
        let (deployment, revision) = inner.in_force(actor, Permission::ReadFiles, which).await?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        let secrets = open_secrets(inner, &mut reader, &deployment.id, revision.number).await?;
        let folder = inner.host(&deployment.device_id)?.project_folder(&deployment.name.project());
        let path = |file: ProjectFile| format!("{folder}/{}", file.file_name());
        let mut files = vec![FileView { path: path(ProjectFile::Compose), content: revision.compose, secret: false }];
        if !secrets.is_empty() {
            let masked = secrets.into_keys().map(|key| (key, MASK.to_owned())).collect();
            files.push(FileView { path: path(ProjectFile::Secrets), content: compose::secrets_file(&masked), secret: true });
        }
        Ok(files)
    }

    /// The id behind an id or a name of a deployment that is there.
    ///
    /// # Errors
    /// `not_signed_in`, `not_found`.
    pub async fn deployment_id(&self, actor: &Actor, which: &str) -> Result<DeploymentId, Refusal> {
        Ok(self.inner.deployment_for(actor, Permission::Read, which).await?.id)
    }
}

impl Inner {
    /// A deployment that is there, by its id or its name. Whoever asks for it comes by [`Self::deployment_for`].
    pub async fn find_deployment(&self, which: &str) -> Result<Option<Deployment>, Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        let found = match DeploymentId::parse(which) {
            Ok(id) => deployments::get(&mut reader, &id).await.map_err(error::store)?,
            Err(_) => match DeploymentName::parse(which) {
                Ok(name) => deployments::by_name(&mut reader, &name).await.map_err(error::store)?,
                Err(_) => None,
            },
        };
        Ok(found.filter(|deployment| deployment.removed_at.is_none()))
    }

    async fn in_force(&self, actor: &Actor, permission: Permission, which: &str) -> Result<(Deployment, Revision), Refusal> {
        let deployment = self.deployment_for(actor, permission, which).await?;
        crate::operations::in_force(self, &deployment.id).await
    }

    fn deployment_view(
        &self,
        deployment: Deployment,
        revision: Option<&Revision>,
        known: &[Device],
        unfinished: &[Operation],
    ) -> DeploymentView {
        let seen = self.observers.of(&deployment.device_id);
        let project = deployment.name.project();
        let containers: Vec<Container> = seen.containers.iter().filter(|c| c.project() == Some(project.as_str())).cloned().collect();
        let specs = revision.map(|r| r.definition.containers.as_slice()).unwrap_or_default();
        let state = match (deployment.revision, &seen.engine) {
            (None, _) => DeploymentState::Deploying,
            (_, None) => DeploymentState::Unknown,
            _ => observed_state(deployment.desired, specs.len(), &containers),
        };
        let present = self.catalog.entries().get(&deployment.application).cloned();
        let present = present.and_then(|entry| entry.definition.ok());
        let busy = unfinished.iter().find(|o| o.deployment_id.as_ref() == Some(&deployment.id));
        DeploymentView {
            title: revision.map_or_else(|| deployment.application.to_string(), |r| r.definition.title.clone()),
            device: known.iter().find(|d| d.id == deployment.device_id).map(|d| d.name.clone()).unwrap_or_default(),
            state,
            services: specs.iter().map(|spec| service_view(spec, &containers)).collect(),
            links: revision.map(links).unwrap_or_default(),
            busy: busy.map(|o| Busy { operation_id: o.id.clone(), kind: o.kind, step: o.current_step.clone() }),
            update_available: revision.zip(present).is_some_and(|(revision, present)| revision.definition != *present),
            post_install: revision.and_then(|r| r.definition.post_install.clone()),
            observed_at: seen.at,
            id: deployment.id,
            name: deployment.name,
            application: deployment.application,
            device_id: deployment.device_id,
            desired: deployment.desired,
            revision: deployment.revision,
            created_at: deployment.created_at,
            updated_at: deployment.updated_at,
        }
    }
}

fn service_view(spec: &steward_core::definition::ContainerSpec, containers: &[Container]) -> ServiceView {
    let container = containers.iter().find(|c| c.service() == Some(spec.name.as_str()));
    ServiceView {
        name: spec.name.clone(),
        image: spec.image.to_string(),
        state: container.map(|c| c.state),
        health: container.map_or(Health::None, |c| c.health),
        restart_count: container.map_or(0, |c| c.restart_count),
        exit_code: container.and_then(|c| c.exit_code),
        started_at: container.and_then(|c| c.started_at),
    }
}

fn links(revision: &Revision) -> Vec<Link> {
    let several = revision.definition.containers.len() > 1;
    let mut links = Vec::new();
    for container in &revision.definition.containers {
        for port in container.ports.iter().filter(|port| port.web) {
            if let Some(external) = revision.ports.get(&port.key()).copied().or(port.external) {
                let title =
                    if several { format!("{} ({})", revision.definition.title, container.name) } else { revision.definition.title.clone() };
                links.push(Link { title, port: external, tls: TLS_PORTS.contains(&port.internal) });
            }
        }
    }
    links
}
