//! Host maintenance scripts, with what came of the last run of each.

use serde::{Deserialize, Serialize};
use steward_core::operation::{Kind, State};
use steward_core::script::HostScript;
use steward_core::user::Actor;
use steward_core::{OperationId, Refusal, Timestamp};
use steward_store::operations as rows;

use crate::engine::Engine;
use crate::error;

/// The last run of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScriptLastRun {
    /// The operation.
    pub operation_id: OperationId,
    /// Where it is.
    pub state: State,
    /// Who asked.
    pub actor: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it came to rest.
    pub finished_at: Option<Timestamp>,
}

/// A script with its last run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScriptView {
    /// The script.
    #[serde(flatten)]
    pub script: HostScript,
    /// Its last run, as far as it is remembered.
    pub last_run: Option<ScriptLastRun>,
}

/// The scripts of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScriptsView {
    /// The folder in which they are looked for.
    pub folder: String,
    /// The user they run as.
    pub runs_as: String,
    /// Why the folder as a whole is not used; absent when it is.
    pub problem: Option<String>,
    /// Every file in it, by name.
    pub scripts: Vec<ScriptView>,
}

impl Engine {
    /// The host maintenance scripts of a device, by its id or name, looked at now.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`, `device_unreachable`.
    pub async fn scripts(&self, actor: &Actor, device: &str) -> Result<ScriptsView, Refusal> {
        let view = self.device(actor, device).await?;
        let found = self.inner.host(&view.device.id)?.scripts().await.map_err(|failure| error::host(&failure))?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        let mut scripts = Vec::new();
        for script in found.scripts {
            let last = rows::last_of(&mut reader, &view.device.id, Kind::ScriptRun, &script.name).await.map_err(error::store)?;
            let last_run = last.map(|operation| ScriptLastRun {
                operation_id: operation.id,
                state: operation.state,
                actor: operation.actor,
                created_at: operation.created_at,
                finished_at: operation.finished_at,
            });
            scripts.push(ScriptView { script, last_run });
        }
        Ok(ScriptsView { folder: found.folder, runs_as: found.runs_as, problem: found.problem, scripts })
    }
}
