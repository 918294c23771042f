//! Why the server does not start, and what a person can do about it.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use steward_engine::backups::newest_good;
use steward_host::backup::{BackupFolder, BackupKey};
use steward_store::StoreError;

use crate::cli::exit::Exit;
use crate::cli::when;

/// Why the server does not start, and the exit code that says so.
pub struct NoStart(pub u8, pub anyhow::Error);

impl From<anyhow::Error> for NoStart {
    fn from(error: anyhow::Error) -> Self {
        Self(Exit::OTHER.0, error)
    }
}

/// The exit code of a data folder that cannot be had.
pub fn exit_of(error: &StoreError) -> Exit {
    match error {
        StoreError::InUse => Exit::IN_USE,
        StoreError::Corrupt(_) => Exit::CORRUPT,
        StoreError::Newer { .. } => Exit::NEWER,
        StoreError::Foreign => Exit::FOREIGN,
        _ => Exit::OTHER,
    }
}

/// What a person can do about a database that does not open. The newest good backup is named, when
/// there is one.
pub async fn explain(folder: &Path, backups: &Path, error: StoreError) -> NoStart {
    let advice = match &error {
        StoreError::InUse => "another Steward uses it; stop that one, or choose another folder with --data-dir",
        StoreError::Corrupt(_) => "nothing was changed; put back a backup, or move the folder away to start empty",
        StoreError::Newer { .. } => "nothing was changed; start the Steward that wrote it, or a later one, or put back an older backup",
        StoreError::Foreign => "nothing was changed; choose another folder with --data-dir, or put back a backup",
        StoreError::Full(_) => "Steward needs to write there; look at its owner, its mode, and the free space",
        _ => "nothing was changed",
    };
    let helps = matches!(error, StoreError::Corrupt(_) | StoreError::Newer { .. } | StoreError::Foreign);
    let backup = if helps { newest_backup(folder, backups).await } else { String::new() };
    NoStart(exit_of(&error).0, anyhow!("the data folder {} cannot be opened: {error}\n{advice}{backup}", folder.display()))
}

async fn newest_backup(folder: &Path, backups: &Path) -> String {
    let key = match BackupKey::load(folder) {
        Ok(Some(key)) => key,
        Ok(None) => return format!("\nbackups are looked for in {}, but their key is not in the data folder", backups.display()),
        Err(error) => return format!("\nbackups are not looked at: {error}"),
    };
    match newest_good(&BackupFolder::new(backups.to_owned()), Arc::new(key)).await {
        Some((file, checked)) => format!(
            "\nthe newest good backup is of {}; to put it back:\n  steward self restore {} --data-dir {}",
            when::exact(checked.manifest.made_at.0),
            file.display(),
            folder.display()
        ),
        None => format!("\nthere is no good backup in {}", backups.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M10: a database that does not open is not replaced, and the exit code says why.
    #[tokio::test]
    async fn each_reason_has_its_exit_code() {
        for (error, exit) in [
            (StoreError::InUse, Exit::IN_USE),
            (StoreError::Corrupt(String::new()), Exit::CORRUPT),
            (StoreError::Newer { found: 9, known: 1 }, Exit::NEWER),
            (StoreError::Foreign, Exit::FOREIGN),
            (StoreError::Full(String::new()), Exit::OTHER),
        ] {
            let nowhere = Path::new("/nonexistent");
            assert_eq!(explain(nowhere, nowhere, error).await.0, exit.0);
        }
    }
}
