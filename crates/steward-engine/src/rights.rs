//! The gate: who may do what, and what is there for whom.
//!
//! Whatever somebody may not see answers like something that does not exist. There is one place for
//! each kind of thing: a deployment, a device, an operation, a schedule, an event.

use steward_core::deployment::Deployment;
use steward_core::device::Device;
use steward_core::event::Event;
use steward_core::operation::{Kind, Operation, Reach, Request};
use steward_core::rights::{Rights, Target};
use steward_core::role::Permission;
use steward_core::schedule::Schedule;
use steward_core::user::{Actor, User};
use steward_core::{Code, DeploymentId, DeviceId, OperationId, Refusal};
use steward_store::operations::{self as rows, Sight};
use steward_store::{Connection, deployments, devices, grants, schedules, targets};

use crate::engine::{Engine, Inner};
use crate::error;

impl Inner {
    /// Whether an actor may do it for Steward as a whole.
    pub fn authorize(&self, actor: &Actor, permission: Permission) -> Result<(), Refusal> {
        self.authorize_on(actor, permission, Target::Everything)
    }

    /// Whether an actor may do it there. Only for what it sees: say `not_found` otherwise, with [`Self::absent`].
    pub fn authorize_on(&self, actor: &Actor, permission: Permission, target: Target<'_>) -> Result<(), Refusal> {
        let Some(rights) = actor.rights() else {
            return Err(match actor {
                Actor::Schedule { .. } => Refusal::new(Code::NotAllowed, "the account that owns this schedule is gone")
                    .with_hint("Save the schedule again: whoever saves it owns it."),
                _ => Refusal::new(Code::NotSignedIn, "sign in first"),
            });
        };
        if rights.are_scoped() && matches!(permission, Permission::OwnAccount | Permission::CreateToken) {
            return Err(Refusal::new(Code::NotAllowed, "a token that is for some apps or devices cannot be used for the account itself"));
        }
        let role = rights.role_on(target);
        if role.may(permission) {
            return Ok(());
        }
        let who = if matches!(actor, Actor::Schedule { .. }) { "the schedule's owner is" } else { "you are" };
        let message = format!("this needs the role {}; {who} {}", permission.lowest_role().as_str(), role.as_str());
        Err(Refusal::new(Code::NotAllowed, message))
    }

    /// The answer about something that is not there, or not for this actor. Who sees everything and
    /// may do this nowhere hears that instead.
    pub fn absent(&self, actor: &Actor, permission: Permission, missing: Refusal) -> Refusal {
        match actor.rights() {
            Some(rights) if rights.highest().may(permission) || !rights.see_everything() => missing,
            _ => self.authorize(actor, permission).err().unwrap_or(missing),
        }
    }

    /// What an account may do now.
    pub async fn rights_of(&self, conn: &mut Connection, user: &User) -> Result<Rights, Refusal> {
        let granted = grants::list(conn, &user.id).await.map_err(error::store)?;
        Ok(Rights::new(user.role, granted.into_iter().map(|grant| (grant.scope, grant.role))))
    }

    /// A deployment that is there, by its id or name, for somebody who may do this to it.
    pub async fn deployment_for(&self, actor: &Actor, permission: Permission, which: &str) -> Result<Deployment, Refusal> {
        let found = self.find_deployment(which).await?.filter(|deployment| actor.sees(deployment.target()));
        let deployment = found.ok_or_else(|| self.absent(actor, permission, Refusal::not_found("app", which)))?;
        self.authorize_on(actor, permission, deployment.target())?;
        Ok(deployment)
    }

    /// A device, by its id or name, for somebody who may do this to it.
    pub async fn device_for(&self, conn: &mut Connection, actor: &Actor, permission: Permission, which: &str) -> Result<Device, Refusal> {
        let all = devices::list(conn).await.map_err(error::store)?;
        let found = all.into_iter().find(|device| device.id.as_str() == which || device.name == which);
        let seen = found.filter(|device| actor.sees(Target::Device(&device.id)));
        let device = seen.ok_or_else(|| self.absent(actor, permission, Refusal::not_found("device", which)))?;
        self.authorize_on(actor, permission, Target::Device(&device.id))?;
        Ok(device)
    }

    /// An operation, for somebody who may do this to all that it is about.
    pub async fn operation_for(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        permission: Permission,
        id: &OperationId,
    ) -> Result<Operation, Refusal> {
        let missing = || self.absent(actor, permission, Refusal::not_found("operation", id));
        let sight = self.sight(conn, actor).await?;
        if let Some(sight) = &sight
            && rows::seen(conn, std::slice::from_ref(id), sight).await.map_err(error::store)?.is_empty()
        {
            return Err(missing());
        }
        let operation = rows::get(conn, id).await.map_err(error::store)?.ok_or_else(missing)?;
        self.authorize_operation(conn, actor, permission, &operation).await?;
        let mut only = [operation];
        self.hide_others(conn, &sight, &mut only).await?;
        let [operation] = only;
        Ok(operation)
    }

    /// Whether an actor may do something to all that an operation is about.
    pub async fn authorize_operation(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        permission: Permission,
        operation: &Operation,
    ) -> Result<(), Refusal> {
        let device_id = &operation.device_id;
        match (operation.kind.reach(), &operation.deployment_id) {
            (Reach::Everything, _) => self.authorize(actor, permission),
            (Reach::Deployment, Some(id)) => self.authorize_on(actor, permission, Target::Deployment { id, device_id }),
            (Reach::Deployment | Reach::Device, _) => self.authorize_on(actor, permission, Target::Device(device_id)),
            (Reach::Deployments, _) => {
                for target in targets::list(conn, &operation.id).await.map_err(error::store)? {
                    let deployment = deployments::get(conn, &target.deployment_id).await.map_err(error::store)?;
                    let target = deployment.as_ref().map_or(Target::Everything, Deployment::target);
                    self.authorize_on(actor, permission, target)?;
                }
                Ok(())
            }
        }
    }

    /// Takes out of operations what names others that are not in sight: the one that it waits for,
    /// the one that it is a part of.
    pub async fn hide_others(&self, conn: &mut Connection, sight: &Option<Sight>, operations: &mut [Operation]) -> Result<(), Refusal> {
        let Some(sight) = sight else { return Ok(()) };
        let named =
            |operation: &Operation| operation.waiting.iter().map(|w| w.held_by.clone()).chain(operation.parent_id.clone()).collect();
        let named: Vec<OperationId> = operations.iter().flat_map::<Vec<_>, _>(named).collect();
        let seen = rows::seen(conn, &named, sight).await.map_err(error::store)?;
        for operation in operations {
            operation.waiting.take_if(|waiting| !seen.contains(&waiting.held_by));
            operation.parent_id.take_if(|parent| !seen.contains(parent));
        }
        Ok(())
    }

    /// An operation as an actor may see it, to whom it was just accepted or changed.
    pub async fn shown(&self, actor: &Actor, operation: Operation) -> Result<Operation, Refusal> {
        if actor.sees(Target::Everything) {
            return Ok(operation);
        }
        let mut reader = self.store.read().await.map_err(error::store)?;
        let sight = self.sight(&mut reader, actor).await?;
        let mut only = [operation];
        self.hide_others(&mut reader, &sight, &mut only).await?;
        let [operation] = only;
        Ok(operation)
    }

    /// What an actor sees; none for one that sees everything.
    pub async fn sight(&self, conn: &mut Connection, actor: &Actor) -> Result<Option<Sight>, Refusal> {
        if actor.sees(Target::Everything) {
            return Ok(None);
        }
        let devices = devices::list(conn).await.map_err(error::store)?.into_iter().map(|device| device.id);
        let deployments = deployments::all(conn).await.map_err(error::store)?;
        Ok(Some(Sight {
            devices: devices.filter(|id| actor.sees(Target::Device(id))).collect(),
            deployments: deployments.into_iter().filter(|d| actor.sees(d.target())).map(|d| d.id).collect(),
        }))
    }

    /// A schedule, by its id or name, for somebody who may do this to all that it asks for.
    pub async fn schedule_for(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        permission: Permission,
        which: &str,
    ) -> Result<Schedule, Refusal> {
        let found = match crate::schedules::find(conn, which).await? {
            Some(schedule) if self.sees_request(conn, actor, &schedule.request).await? => Some(schedule),
            _ => None,
        };
        let schedule = found.ok_or_else(|| self.absent(actor, permission, Refusal::not_found("schedule", which)))?;
        self.judge(conn, actor, &schedule.request, |_| permission).await?;
        Ok(schedule)
    }

    /// Whether all that a request is about is there for an actor.
    pub async fn sees_request(&self, conn: &mut Connection, actor: &Actor, request: &Request) -> Result<bool, Refusal> {
        if actor.sees(Target::Everything) {
            return Ok(true);
        }
        match self.judge(conn, actor, request, |_| Permission::Read).await {
            Ok(()) => Ok(true),
            Err(refusal) if matches!(refusal.code, Code::NotFound | Code::NotAllowed | Code::NotSignedIn) => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    /// Whether an actor may ask for it, and for each of its parts.
    pub async fn authorize_request(&self, actor: &Actor, request: &Request) -> Result<(), Refusal> {
        self.authorize_request_as(actor, request, Kind::permission).await
    }

    /// Whether an actor may do to all that a request is about what each kind of operation is mapped to.
    pub async fn authorize_request_as(&self, actor: &Actor, request: &Request, needed: fn(Kind) -> Permission) -> Result<(), Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        self.judge(&mut reader, actor, request, needed).await
    }

    /// The same, on an open connection.
    pub async fn judge(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        request: &Request,
        needed: impl Fn(Kind) -> Permission,
    ) -> Result<(), Refusal> {
        let permission = needed(request.kind());
        match request {
            Request::DeploymentDeploy(p) => match &p.device_id {
                Some(id) => self.authorize_device(actor, permission, id),
                None if actor.sees(Target::Device(self.local_id())) => self.authorize_device(actor, permission, self.local_id()),
                // None was named, so none is said to be missing.
                None => self.authorize(actor, permission),
            },
            Request::VolumeDelete(p) => self.authorize_device(actor, permission, &p.device_id),
            Request::ScriptRun(p) => self.authorize_device(actor, permission, &p.device_id),
            Request::DeploymentBulk(bulk) => {
                self.authorize_somewhere(actor, permission)?;
                for id in &bulk.deployment_ids {
                    self.authorize_deployment(conn, actor, needed(bulk.action.request(id.clone()).kind()), id).await?;
                }
                Ok(())
            }
            other => match other.deployment_id() {
                Some(id) => self.authorize_deployment(conn, actor, permission, id).await,
                None => self.authorize(actor, permission),
            },
        }
    }

    /// Whether there is anything for which an actor may do it.
    pub fn authorize_somewhere(&self, actor: &Actor, permission: Permission) -> Result<(), Refusal> {
        if actor.rights().is_some_and(|rights| rights.highest().may(permission)) { Ok(()) } else { self.authorize(actor, permission) }
    }

    fn authorize_device(&self, actor: &Actor, permission: Permission, id: &DeviceId) -> Result<(), Refusal> {
        if !actor.sees(Target::Device(id)) {
            return Err(self.absent(actor, permission, Refusal::not_found("device", id).with_field("device_id")));
        }
        self.authorize_on(actor, permission, Target::Device(id))
    }

    /// Who sees everything learns later that there is no such deployment, or that one of many is none.
    async fn authorize_deployment(
        &self,
        conn: &mut Connection,
        actor: &Actor,
        permission: Permission,
        id: &DeploymentId,
    ) -> Result<(), Refusal> {
        let found = deployments::get(conn, id).await.map_err(error::store)?;
        match found.filter(|deployment| actor.sees(deployment.target())) {
            Some(deployment) => self.authorize_on(actor, permission, deployment.target()),
            None if actor.sees(Target::Everything) => self.authorize_somewhere(actor, permission),
            None => Err(self.absent(actor, permission, Refusal::not_found("app", id))),
        }
    }

    async fn hears(&self, actor: &Actor, event: &Event) -> Result<bool, Refusal> {
        match event {
            Event::Device { id, .. } => return Ok(actor.sees(Target::Device(id))),
            Event::Reconciler { .. } => return Ok(actor.sees(Target::Everything)),
            _ if actor.sees(Target::Everything) => return Ok(true),
            _ => {}
        }
        let mut reader = self.store.read().await.map_err(error::store)?;
        let (deployment, operation) = match event {
            Event::Deployment { id, .. } => (Some(id), None),
            Event::Progress(progress) => (progress.deployment_id.as_ref(), progress.operation_id.as_ref()),
            Event::Operation { id, .. } => (None, Some(id)),
            Event::Schedule { id } => {
                let found = schedules::get(&mut reader, id).await.map_err(error::store)?;
                let Some(schedule) = found else { return Ok(false) };
                return self.sees_request(&mut reader, actor, &schedule.request).await;
            }
            Event::Device { .. } | Event::Reconciler { .. } => (None, None),
        };
        if let Some(id) = deployment {
            let found = deployments::get(&mut reader, id).await.map_err(error::store)?;
            return Ok(found.is_some_and(|deployment| actor.sees(deployment.target())));
        }
        let Some(id) = operation else { return Ok(false) };
        let sight = self.sight(&mut reader, actor).await?.unwrap_or_default();
        Ok(!rows::seen(&mut reader, std::slice::from_ref(id), &sight).await.map_err(error::store)?.is_empty())
    }
}

impl Engine {
    /// Whether an event is about something that is there for an actor. What cannot be said is not heard.
    pub async fn hears(&self, actor: &Actor, event: &Event) -> bool {
        self.inner.hears(actor, event).await.unwrap_or_else(|refusal| {
            tracing::warn!(error = %refusal, "cannot say whether an event may be heard");
            false
        })
    }

    /// The id of a deployment for which an operation is asked, by its id or name.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`, with an audit row.
    pub async fn deployment_to(&self, actor: &Actor, kind: Kind, which: &str) -> Result<DeploymentId, Refusal> {
        let found = self.inner.deployment_for(actor, kind.permission(), which).await;
        self.inner.audited(actor, kind.as_str(), which, found).await.map(|deployment| deployment.id)
    }

    /// Changes whenever somebody's rights may have changed.
    pub fn rights_changes(&self) -> tokio::sync::watch::Receiver<()> {
        self.inner.bus.rights_changes()
    }
}
