//! What can be read: views that join what is stored with what is observed.

mod applications;
mod deployments;
mod devices;
mod records;
mod scripts;

pub use deployments::{Busy, ConfigView, DeploymentView, FileView, Link, RevisionView, ServiceView};
pub use devices::{DeviceView, Problem, VolumeView};
pub use scripts::{ScriptLastRun, ScriptView, ScriptsView};

use crate::engine::Engine;

impl Engine {
    /// Whether the database answers.
    pub async fn database_answers(&self) -> bool {
        match self.inner.store.read().await {
            Ok(mut reader) => steward_store::meta::get(&mut reader, "local_device").await.is_ok(),
            Err(_) => false,
        }
    }
}
