//! The closed registry: every operation that exists, and the steps it is made of.
//!
//! One file per operation says what it asks of the world before it starts (`plan`), and which steps
//! it takes. A step says what it is going to make (`intend`), makes it (`act`) and removes it again
//! (`undo`); the engine alone locks, times, records and unwinds. To add an operation: add it to
//! `kinds!` in core, write its file, and add it to the two `match`es here.

mod apply;
mod deployment_bulk;
mod deployment_deploy;
mod deployment_remove;
mod deployment_restart;
mod deployment_rollback;
mod deployment_start;
mod deployment_stop;
mod deployment_update;
mod draft;
mod health;
mod power;
mod script_run;
mod step;
mod steward_backup;
mod steward_restart;
mod volume_delete;
mod world;

use std::time::Duration;

use steward_core::operation::{Kind, Operation, Request};
use steward_core::plan::Plan;
use steward_core::user::Actor;
use steward_core::{DeploymentId, DeviceId, Refusal};
use steward_store::Connection;

pub(crate) use deployment_bulk::{PreparedTarget, may_begin, prepare_targets};
pub(crate) use deployment_deploy::not_free;
pub(crate) use deployment_update::in_force;
pub(crate) use draft::{Draft, open_secrets};
pub(crate) use step::{Step, StepContext, StepFailure};

use crate::engine::Inner;

/// What a request comes to before it is accepted: a plan, and what must be stored with it.
pub(crate) struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The deployment it is about.
    pub deployment_id: Option<DeploymentId>,
    /// The device it happens on.
    pub device_id: DeviceId,
    /// Locks it needs.
    pub locks: Vec<String>,
    /// The request without secrets, as it is recorded.
    pub request: serde_json::Value,
    /// A revision to be stored as a draft when the operation is accepted.
    pub draft: Option<Draft>,
    /// Its targets, for an operation on many.
    pub targets: Vec<PreparedTarget>,
}

/// What recovery does with an operation whose process died while it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnCrash {
    /// Undo what was done.
    Unwind,
    /// Look again, and go on from the first step that is not done.
    Resume,
}

/// How an operation ended, as far as its rows are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every step is done.
    Done,
    /// Everything was undone.
    Undone,
}

/// The longest an operation may take before it is stopped and unwound.
pub(crate) fn deadline(kind: Kind) -> Duration {
    let minutes = match kind {
        Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback | Kind::StewardBackup => 60,
        // A script's own deadline comes first, and the time to end it.
        Kind::ScriptRun => 62,
        Kind::DeploymentStart | Kind::DeploymentRestart => 10,
        // Its parts have deadlines of their own, and may have to wait for their turn.
        Kind::DeploymentBulk => 24 * 60,
        Kind::DeploymentStop | Kind::DeploymentRemove | Kind::VolumeDelete | Kind::StewardRestart => 5,
    };
    Duration::from_secs(minutes * 60)
}

/// Operations that burden a device in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Pulls images and starts containers.
    Deploy,
    /// Starts, stops and removes what is there.
    Change,
    /// Waits for its parts.
    Parent,
    /// Does what nobody here knows.
    Script,
    /// About Steward itself: its own state, its own process.
    Own,
}

impl Class {
    /// How many of one class run at once on a device; the others wait.
    pub fn at_once(self) -> usize {
        match self {
            Class::Deploy => 2,
            Class::Change => 8,
            Class::Parent => 16,
            Class::Script => 2,
            Class::Own => 1,
        }
    }
}

/// The class of an operation.
pub(crate) fn class(kind: Kind) -> Class {
    match kind {
        Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback => Class::Deploy,
        Kind::DeploymentStart | Kind::DeploymentStop | Kind::DeploymentRestart | Kind::DeploymentRemove | Kind::VolumeDelete => {
            Class::Change
        }
        Kind::DeploymentBulk => Class::Parent,
        Kind::ScriptRun => Class::Script,
        Kind::StewardBackup | Kind::StewardRestart => Class::Own,
    }
}

/// What recovery does.
pub(crate) fn on_crash(kind: Kind) -> OnCrash {
    match kind {
        // A script that was interrupted may have done anything: it is not run again.
        Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback | Kind::ScriptRun | Kind::StewardBackup => {
            OnCrash::Unwind
        }
        Kind::DeploymentStart
        | Kind::DeploymentStop
        | Kind::DeploymentRestart
        | Kind::DeploymentRemove
        | Kind::DeploymentBulk
        | Kind::VolumeDelete
        | Kind::StewardRestart => OnCrash::Resume,
    }
}

/// Whether a request is refused while another operation is under way on the same deployment,
/// because its plan would be stale when its turn comes. The others wait.
pub(crate) fn refuses_to_wait(kind: Kind) -> bool {
    matches!(kind, Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback)
}

/// Looks at the world and makes the plan of a request, in words for who asks.
pub(crate) async fn prepare(engine: &Inner, actor: &Actor, request: &Request) -> Result<Prepared, Refusal> {
    Ok(engine.guard_plan(look(engine, actor, request).await?).await)
}

async fn look(engine: &Inner, actor: &Actor, request: &Request) -> Result<Prepared, Refusal> {
    match request {
        Request::DeploymentDeploy(parameters) => deployment_deploy::prepare(engine, actor, parameters).await,
        Request::DeploymentStart(parameters) => deployment_start::prepare(engine, parameters).await,
        Request::DeploymentStop(parameters) => deployment_stop::prepare(engine, parameters).await,
        Request::DeploymentRestart(parameters) => deployment_restart::prepare(engine, parameters).await,
        Request::DeploymentUpdate(parameters) => deployment_update::prepare(engine, actor, parameters).await,
        Request::DeploymentRollback(parameters) => deployment_rollback::prepare(engine, actor, parameters).await,
        Request::DeploymentRemove(parameters) => deployment_remove::prepare(engine, parameters).await,
        Request::DeploymentBulk(parameters) => deployment_bulk::prepare(engine, actor, parameters).await,
        Request::VolumeDelete(parameters) => volume_delete::prepare(engine, parameters).await,
        Request::ScriptRun(parameters) => script_run::prepare(engine, parameters).await,
        Request::StewardBackup(parameters) => steward_backup::prepare(engine, parameters).await,
        Request::StewardRestart(_) => steward_restart::prepare(engine).await,
    }
}

/// The steps of an accepted operation, rebuilt from what is stored.
pub(crate) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    match operation.kind {
        Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback => apply::steps(engine, operation).await,
        Kind::DeploymentStart => deployment_start::steps(engine, operation).await,
        Kind::DeploymentStop => deployment_stop::steps(engine, operation).await,
        Kind::DeploymentRestart => deployment_restart::steps(engine, operation).await,
        Kind::DeploymentRemove => deployment_remove::steps(engine, operation).await,
        Kind::DeploymentBulk => deployment_bulk::steps(engine, operation),
        Kind::VolumeDelete => volume_delete::steps(engine, operation).await,
        Kind::ScriptRun => script_run::steps(engine, operation).await,
        Kind::StewardBackup => steward_backup::steps(engine, operation).await,
        Kind::StewardRestart => steward_restart::steps(engine, operation),
    }
}

/// Changes Steward's own rows in the transaction that ends the operation.
pub(crate) async fn conclude(engine: &Inner, conn: &mut Connection, operation: &Operation, ending: Ending) -> Result<(), Refusal> {
    match operation.kind {
        Kind::DeploymentDeploy | Kind::DeploymentUpdate | Kind::DeploymentRollback => {
            draft::conclude(engine, conn, operation, ending).await
        }
        Kind::DeploymentStart => power::conclude(engine, conn, operation, ending, steward_core::deployment::Desired::Running).await,
        Kind::DeploymentStop => power::conclude(engine, conn, operation, ending, steward_core::deployment::Desired::Stopped).await,
        Kind::DeploymentRestart => power::conclude(engine, conn, operation, ending, steward_core::deployment::Desired::Running).await,
        Kind::DeploymentRemove => deployment_remove::conclude(engine, conn, operation, ending).await,
        Kind::DeploymentBulk => deployment_bulk::conclude(engine, conn, operation, ending).await,
        // The rows of a removed deployment stay: another of its volumes may need its secrets.
        Kind::VolumeDelete | Kind::ScriptRun | Kind::StewardRestart => Ok(()),
        Kind::StewardBackup => {
            engine.own.ended.notify_one();
            Ok(())
        }
    }
}

/// The state that an operation rests in, when its steps are done or undone. For one on many it
/// depends on what came of its targets.
pub(crate) async fn verdict(engine: &Inner, operation: &mut Operation) -> Result<(), Refusal> {
    if operation.kind == Kind::DeploymentBulk { deployment_bulk::verdict(engine, operation).await } else { Ok(()) }
}
