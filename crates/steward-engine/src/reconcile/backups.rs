//! `backups`: removes backups of Steward's own state that are no longer kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::Refusal;
use steward_core::operation::{Kind, State};
use steward_host::backup::BackupError;
use steward_store::operations::{self as rows, OperationFilter};

use super::{Did, Reconciler};
use crate::backups::{blocking, refusal};
use crate::engine::Inner;
use crate::error;

/// How soon to look again while a backup is under way.
const SOON: Duration = Duration::from_secs(2);

/// Removes what operations set aside, once none of them can be undone any more.
pub(super) struct Backups;

#[async_trait]
impl Reconciler for Backups {
    fn name(&self) -> &'static str {
        "backups"
    }

    fn does(&self) -> &'static str {
        "Removes backups of Steward's own state that are more than those that are kept."
    }

    fn every(&self, _: &Inner) -> Duration {
        Duration::from_secs(3600)
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        let own = engine.own.clone();
        // Listed first: what an operation sets aside from now on is not removed now.
        let aside = blocking(move || own.folder.aside()).await.map_err(refusal)?;
        if aside.is_empty() {
            return Ok(Did::new("no backup was more than those that are kept"));
        }
        if engine.backup_can_be_undone().await? {
            return Ok(Did { said: "a backup is under way".to_owned(), again: Some(SOON) });
        }
        let (own, instance) = (engine.own.clone(), engine.instance().await?);
        let removed = blocking(move || match own.key()? {
            Some(key) => own.folder.sweep(&aside, &key, &instance),
            None => Err(BackupError::WrongKey),
        });
        Ok(Did::new(match removed.await.map_err(refusal)? {
            1 => "removed 1 backup".to_owned(),
            many => format!("removed {many} backups"),
        }))
    }

    async fn woken(&self, engine: &Inner) {
        engine.own.ended.notified().await;
    }
}

impl Inner {
    /// Whether there is a `steward.backup` that could still bring back what it set aside.
    async fn backup_can_be_undone(&self) -> Result<bool, Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        let unfinished = rows::unfinished(&mut reader).await.map_err(error::store)?;
        if unfinished.iter().any(|operation| operation.kind == Kind::StewardBackup) {
            return Ok(true);
        }
        let filter =
            OperationFilter { state: Some(State::NeedsAttention), kind: Some(Kind::StewardBackup), limit: 1, ..OperationFilter::default() };
        Ok(!rows::list(&mut reader, &filter).await.map_err(error::store)?.is_empty())
    }
}
