//! The logs that a connection follows.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use steward_core::DeploymentId;
use steward_engine::LogBatch;
use tokio_stream::StreamMap;

/// Deployments that can be asked for one by one.
pub const MAX_SINGLE: usize = 32;
/// Deployments whose logs one connection follows when it asks for all.
pub const MAX_ALL: usize = 256;

/// What came of a followed log: lines, or that it ended.
pub type Heard = Option<LogBatch>;

/// The followed logs, and whether new deployments join them.
#[derive(Default)]
pub struct Followed {
    streams: StreamMap<DeploymentId, BoxStream<'static, Heard>>,
    /// How many lines from the end, when every deployment is followed.
    pub all: Option<u32>,
}

impl Followed {
    /// Whether another deployment may be followed.
    pub fn has_room(&self, id: &DeploymentId) -> bool {
        let most = if self.all.is_some() { MAX_ALL } else { MAX_SINGLE };
        self.streams.contains_key(id) || self.streams.len() < most
    }

    /// Follows a deployment, in place of how it was followed before.
    pub fn follow(&mut self, id: DeploymentId, batches: BoxStream<'static, LogBatch>) {
        self.streams.insert(id, batches.map(Some).chain(stream::iter([None])).boxed());
    }

    /// Whether a deployment is followed.
    pub fn follows(&self, id: &DeploymentId) -> bool {
        self.streams.contains_key(id)
    }

    /// Whether any log is open.
    pub fn follows_any(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Whether any is.
    pub fn any(&self) -> bool {
        self.all.is_some() || !self.streams.is_empty()
    }

    /// Follows a deployment no more.
    pub fn leave(&mut self, id: &DeploymentId) {
        self.streams.remove(id);
    }

    /// Follows none.
    pub fn leave_all(&mut self) {
        *self = Self::default();
    }

    /// What comes next; never returns when nothing is followed.
    pub async fn next(&mut self) -> (DeploymentId, Heard) {
        match self.streams.next().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }
}
