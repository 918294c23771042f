//! `retention`: forgets what is older than it has to be, in small batches.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use steward_core::{Code, Refusal, Timestamp};
use steward_store::audit::{self, CutPoint};
use steward_store::{Tx, meta, retention};

use super::{Did, PAUSE, Reconciler};
use crate::engine::Inner;
use crate::error;

/// Rows of one transaction.
const BATCH: u32 = 500;
/// Operations of one transaction; each takes its steps and commands with it.
const OPERATIONS: u32 = 100;
/// How much of the file may be empty without being given back: it will be used again.
const KEPT_FREE: u64 = 16 * 1024 * 1024;
/// Up to which command outputs were forgotten.
const OUTPUT_SEEN: &str = "retention_output_seen";

/// Forgets old operations, old output and the beginning of the audit.
pub(super) struct Retention;

#[async_trait]
impl Reconciler for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn does(&self) -> &'static str {
        "Forgets operations, output and audit rows that are older than the retention says, and gives their space back."
    }

    fn every(&self, _: &Inner) -> Duration {
        Duration::from_secs(3600)
    }

    async fn reconcile(&self, engine: &Arc<Inner>) -> Result<Did, Refusal> {
        let settings = engine.retention().await?;
        let now = engine.clock.now();
        let operations = forget_operations(engine, days_before(now, settings.operations_days), now, settings.operations_kept).await?;
        let outputs = forget_output(engine, days_before(now, settings.output_days), now).await?;
        let rows = cut_audit(engine, days_before(now, settings.audit_days), now).await?;
        let bytes = give_back(engine).await?;
        let parts = [(operations, "operations"), (outputs, "outputs of commands"), (rows, "audit rows")];
        let said: Vec<String> = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
        let mut said =
            if said.is_empty() { "nothing is older than it has to be".to_owned() } else { format!("forgot {}", said.join(", ")) };
        if bytes > 0 {
            said.push_str(&format!("; gave {} KiB of the disk back", bytes / 1024));
        }
        Ok(Did::new(said))
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.plus(-i64::from(days) * 24 * 3600 * 1000)
}

async fn commit(tx: Tx<'_>) -> Result<(), Refusal> {
    tx.commit().await.map_err(error::store)?;
    // Whoever waits to write comes first.
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

async fn forget_operations(engine: &Inner, before: Timestamp, now: Timestamp, kept: u32) -> Result<u64, Refusal> {
    let (mut seen, mut forgotten) = (0, 0);
    loop {
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let batch = retention::forget_operations(&mut tx, before, now, kept, seen, OPERATIONS).await.map_err(error::store)?;
        commit(tx).await?;
        seen = batch.seen;
        forgotten += batch.forgotten;
        if !batch.more {
            return Ok(forgotten);
        }
    }
}

async fn forget_output(engine: &Inner, before: Timestamp, now: Timestamp) -> Result<u64, Refusal> {
    let mut forgotten = 0;
    loop {
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let seen = meta::get(&mut tx, OUTPUT_SEEN).await.map_err(error::store)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let batch = retention::forget_output(&mut tx, before, now, seen, BATCH).await.map_err(error::store)?;
        if batch.seen != seen {
            meta::put(&mut tx, OUTPUT_SEEN, &batch.seen.to_string()).await.map_err(error::store)?;
        }
        commit(tx).await?;
        forgotten += batch.forgotten;
        if !batch.more {
            return Ok(forgotten);
        }
    }
}

/// Cuts the audit, unless it is not as it was written: a cut must not remove the proof of that.
async fn cut_audit(engine: &Inner, before: Timestamp, now: Timestamp) -> Result<u64, Refusal> {
    let point = {
        let mut reader = engine.store.read().await.map_err(error::store)?;
        audit::cut_point(&mut reader, before, now).await.map_err(error::store)?
    };
    match point {
        CutPoint::Nothing => {}
        CutPoint::Through(cut) => {
            let mut tx = engine.store.begin().await.map_err(error::store)?;
            audit::cut(&mut tx, &cut, now).await.map_err(error::store)?;
            commit(tx).await?;
        }
        CutPoint::Broken(at) => {
            let message = format!("the audit is not as it was written, from row {at} on, so nothing of it was cut off");
            return Err(Refusal::new(Code::Conflict, message).with_hint("A backup of the database has the rows as they were."));
        }
    }
    // Also what an activation that was interrupted left.
    let mut removed = 0;
    loop {
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let batch = audit::remove_cut(&mut tx, BATCH).await.map_err(error::store)?;
        commit(tx).await?;
        removed += batch;
        if batch < u64::from(BATCH) {
            return Ok(removed);
        }
    }
}

async fn give_back(engine: &Inner) -> Result<u64, Refusal> {
    let mut bytes = 0;
    loop {
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let batch = retention::give_back(&mut tx, KEPT_FREE).await.map_err(error::store)?;
        if batch == 0 {
            return Ok(bytes);
        }
        commit(tx).await?;
        bytes += batch;
    }
}
