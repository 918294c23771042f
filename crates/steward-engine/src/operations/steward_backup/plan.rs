//! The plan of a backup: whether the folder, the key and the disk allow it.

use steward_core::Refusal;
use steward_core::operation::{Kind, Request, StewardBackup};
use steward_core::plan::{Check, CheckStatus, Plan};
use steward_host::backup::{self, Stop};

use super::planned;
use crate::backups::blocking;
use crate::engine::Inner;
use crate::error;
use crate::operations::Prepared;

/// Room that is left on a disk, in bytes.
const ROOM: u64 = 16 * 1024 * 1024;

/// Looks at the world and makes the plan.
pub(in crate::operations) async fn prepare(engine: &Inner, asked: &StewardBackup) -> Result<Prepared, Refusal> {
    let device = engine.default_device().await?;
    let own = &engine.own;
    let folder = own.folder.path().display().to_string();
    let saved = engine.backup_key_state().await?;
    let plan = Plan {
        kind: Kind::StewardBackup,
        target: "steward".to_owned(),
        device_id: device.id.clone(),
        device: device.name.clone(),
        summary: format!("Back up Steward's own state to {folder}"),
        changed: true,
        checks: vec![folder_check(engine, &folder).await?, key_check(saved), disk_check(engine).await?],
        steps: planned(),
        files: Vec::new(),
        commands: Vec::new(),
        images: Vec::new(),
        volumes: Vec::new(),
        risks: Vec::new(),
        script: None,
        targets: Vec::new(),
        hash: String::new(),
    }
    .sealed();
    Ok(Prepared {
        plan,
        deployment_id: None,
        device_id: device.id,
        locks: vec!["steward:backup".to_owned()],
        request: serde_json::to_value(Request::StewardBackup(asked.clone())).unwrap_or_default(),
        draft: None,
        targets: Vec::new(),
    })
}

fn found(code: &str, status: CheckStatus, message: String, hint: Option<String>) -> Check {
    Check { code: code.to_owned(), status, message, fix: None, hint }
}

async fn folder_check(engine: &Inner, folder: &str) -> Result<Check, Refusal> {
    Ok(match engine.own.folder_is_the_one(&engine.store).await {
        Ok(()) => found("folder", CheckStatus::Pass, format!("backups go to {folder}"), None),
        Err(refusal) => found("folder", CheckStatus::Fail, refusal.message, refusal.hint),
    })
}

fn key_check(state: Result<bool, Refusal>) -> Check {
    match state {
        Ok(true) => found("key", CheckStatus::Pass, "the key that opens the backups is kept elsewhere too".to_owned(), None),
        Ok(false) => found(
            "key",
            CheckStatus::Warn,
            "nobody has said that the key of the backups is kept elsewhere; without it nobody can open one".to_owned(),
            Some("`steward self key` shows it; keep it where the backups are not.".to_owned()),
        ),
        Err(refusal) => found("key", CheckStatus::Fail, refusal.message, refusal.hint),
    }
}

/// The copy is in the data folder while the archive is written.
async fn disk_check(engine: &Inner) -> Result<Check, Refusal> {
    let own = engine.own.clone();
    let database = engine.store.size().await.map_err(error::store)?;
    let looked = blocking(move || {
        let files = backup::collect(&own.data, &Stop::new(false))?;
        let archive = files.members.iter().fold(database, |sum, member| sum.saturating_add(member.size)).saturating_add(ROOM);
        let (data, folder) = (backup::free_space(&own.data)?, backup::free_space(own.folder.path())?);
        Ok((archive, data, folder))
    });
    Ok(match looked.await {
        // Where both are on one disk, it needs room for both; counted so always, which asks for little more.
        Ok((archive, data, folder)) if data < database.saturating_add(archive) || folder < archive => {
            let message = format!(
                "there is not enough room: {} MB are needed, {} MB are free for the data and {} MB for backups",
                mega(database.saturating_add(archive)),
                mega(data),
                mega(folder)
            );
            found("disk", CheckStatus::Fail, message, Some("Make room, or name another folder with --backup-dir.".to_owned()))
        }
        Ok((archive, _, folder)) => {
            found("disk", CheckStatus::Pass, format!("about {} MB are needed, {} MB are free", mega(archive), mega(folder)), None)
        }
        Err(error) => found("disk", CheckStatus::Fail, error.to_string(), None),
    })
}

fn mega(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
