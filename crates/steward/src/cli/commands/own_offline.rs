//! What `steward self` does without a server: it reads files of this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use steward_core::backup::Manifest;
use steward_engine::backups::restore::{self, RestoreError, Restored};
use steward_engine::backups::{self, CheckError};
use steward_engine::{Clock, SystemClock};
use steward_host::backup::{BackupError, BackupFolder, BackupKey, KEY_FILE};

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::{prompt, text, when};
use super::own::show;
use crate::{config, no_start};

const CHECK_EXAMPLES: &str = "\
Examples:
  steward self check /mnt/usb/steward/steward-20250704T101112.123Z.tar.age
  steward self check FILE --key steward-backup.key
";
const RESTORE_EXAMPLES: &str = "\
Examples:
  steward self restore /mnt/usb/steward/steward-20250704T101112.123Z.tar.age
  steward self restore FILE --key steward-backup.key --data-dir /var/lib/steward --yes
";

/// Which key, and which data folder.
#[derive(Debug, Default, clap::Args)]
pub struct KeyArg {
    /// The file with the key. Without it the one in the data folder.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The data folder. Without it $XDG_DATA_HOME/steward, or ~/.local/share/steward.
    #[arg(long, env = "STEWARD_DATA_DIR", value_name = "FOLDER", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
}

/// Options of `steward self check`.
#[derive(Debug, clap::Args)]
#[command(before_help = CHECK_EXAMPLES)]
pub struct CheckArgs {
    /// The backup.
    pub file: PathBuf,
    /// With which key.
    #[command(flatten)]
    pub key: KeyArg,
}

/// Options of `steward self restore`.
#[derive(Debug, clap::Args)]
#[command(before_help = RESTORE_EXAMPLES)]
pub struct RestoreArgs {
    /// The backup.
    pub file: PathBuf,
    /// With which key, and where.
    #[command(flatten)]
    pub key: KeyArg,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
}

impl KeyArg {
    fn folder(&self) -> Result<PathBuf, Failure> {
        config::data_dir(self.data_dir.as_deref()).map_err(|error| Failure::usage(error.to_string()))
    }

    fn load(&self) -> Result<BackupKey, Failure> {
        if let Some(path) = &self.key {
            return BackupKey::from_file(path).map_err(|error| file_failure(&error));
        }
        let folder = self.folder()?;
        BackupKey::load(&folder).map_err(|error| file_failure(&error))?.ok_or_else(|| {
            let message = format!("there is no key {}", folder.join(KEY_FILE).display());
            Failure::new(Exit::WRONG_KEY, "wrong_key", message).hint("Name the copy that you keep with --key FILE.")
        })
    }
}

/// The backups in a folder.
///
/// # Errors
/// When it cannot be read.
pub fn list(context: &Context, folder: PathBuf, key: &KeyArg) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(Failure::not_found("folder", &folder.display().to_string()));
    }
    let key = key.load()?;
    let mut found = BackupFolder::new(folder).list(Some(&key), "").map_err(|error| file_failure(&error))?;
    // Without a server there is no installation that they could be foreign to.
    for backup in found.iter_mut().filter(|backup| backup.program.is_some()) {
        backup.state = steward_core::backup::BackupState::Good;
    }
    show(context, &json!(found), &found)
}

/// Whether a backup is good.
///
/// # Errors
/// What is wrong with it.
pub async fn check(context: &Context, args: CheckArgs) -> Result<(), Failure> {
    let checked = backups::check(&args.file, Arc::new(args.key.load()?)).await.map_err(|error| check_failure(&args.file, &error))?;
    let value = about(&args.file, &checked.manifest, checked.database.audit_rows);
    context.printer.object(&value, "file", || {
        Ok(format!("{} is good.\n{}", args.file.display(), said(&checked.manifest, checked.database.audit_rows)))
    })
}

fn about(file: &Path, manifest: &Manifest, audit_rows: i64) -> Value {
    json!({
        "file": file.display().to_string(),
        "made_at": manifest.made_at,
        "program": manifest.program,
        "schema": manifest.schema,
        "instance": manifest.instance,
        "files": manifest.members.len(),
        "size": manifest.size(),
        "audit_rows": audit_rows,
        "left_out": manifest.left_out,
    })
}

fn said(manifest: &Manifest, audit_rows: i64) -> String {
    let mut said = format!(
        "  made     {} by Steward {}\n  holds    {}, {} in all\n  audit    {}, whole\n",
        when::exact(manifest.made_at.0),
        text::clean(&manifest.program),
        text::count(manifest.members.len(), "file"),
        text::bytes(manifest.size()),
        text::count(usize::try_from(audit_rows).unwrap_or(0), "row"),
    );
    for path in &manifest.left_out {
        said.push_str(&format!("  without  {}\n", text::clean(path)));
    }
    said
}

/// Puts a backup back.
///
/// # Errors
/// Why not.
pub async fn restore(context: &Context, args: RestoreArgs) -> Result<(), Failure> {
    let data = args.key.folder()?;
    let key = args.key.load()?;
    let manifest = steward_host::backup::look(&args.file, &key).map_err(|error| check_failure(&args.file, &error.into()))?;
    owner(&data)?;
    if !args.yes {
        let made = when::exact(manifest.made_at.0);
        if !context.printer.interactive {
            return Err(Failure::usage(format!("this replaces the state in {} by that of {made}; say --yes", data.display())));
        }
        context.printer.tell(&format!(
            "This replaces the state in {} by that of {made}.\nWhat is there now is kept in a folder beside it. Apps go on running as they are.",
            data.display()
        ));
        if !prompt::confirm("Restore?")? {
            context.printer.note("Nothing was done.");
            return Ok(());
        }
    }
    let Restored { checked, before } =
        restore::restore(&data, &args.file, key, SystemClock.now()).await.map_err(|error| restore_failure(&data, &args.file, error))?;
    let mut value = about(&args.file, &checked.manifest, checked.database.audit_rows);
    value["data_dir"] = json!(data.display().to_string());
    value["before"] = json!(before.display().to_string());
    context.printer.object(&value, "file", || {
        Ok(format!(
            "{} has the state of the backup.\n{}What was there before is in {}; remove it when all is well.\nNow start the server; everybody signs in again.\n",
            data.display(),
            said(&checked.manifest, checked.database.audit_rows),
            before.display()
        ))
    })
}

/// Files of another user than the server's would keep it from starting.
fn owner(data: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;
    let Ok(about) = std::fs::metadata(data) else { return Ok(()) };
    let me = rustix::process::geteuid().as_raw();
    if about.uid() == me {
        return Ok(());
    }
    let message = format!("{} belongs to the user with the number {}, and you are {me}", data.display(), about.uid());
    Err(Failure::new(Exit::NOT_ALLOWED, "not_allowed", message).hint("Run this as the user that the server runs as, such as with sudo -u."))
}

fn restore_failure(data: &Path, file: &Path, error: RestoreError) -> Failure {
    match error {
        RestoreError::Folder(error) => {
            let failure =
                Failure::new(no_start::exit_of(&error), code_of(no_start::exit_of(&error)), format!("{}: {error}", data.display()));
            if no_start::exit_of(&error) == Exit::IN_USE { failure.hint("Stop the server first.") } else { failure }
        }
        RestoreError::Backup(error) => check_failure(file, &error),
        error @ RestoreError::NoRoom { .. } => {
            Failure::new(Exit::OTHER, "storage_unavailable", error.to_string()).hint("Nothing was changed.")
        }
        error @ RestoreError::Unfinished(_) => Failure::new(Exit::OTHER, "storage_unavailable", error.to_string()),
    }
}

fn check_failure(file: &Path, error: &CheckError) -> Failure {
    let failure = match error {
        CheckError::File(error) => file_failure(error),
        CheckError::Database(error) => {
            let exit = no_start::exit_of(error);
            Failure::new(exit, code_of(exit), error.to_string())
        }
    };
    let message = format!("{} is not good: {error}", file.display());
    match error {
        // The path is in the message already, and it may be another one.
        CheckError::File(BackupError::Io(..) | BackupError::NoKey(..)) => failure,
        _ => Failure { message, ..failure }.hint("Nothing was changed."),
    }
}

fn file_failure(error: &BackupError) -> Failure {
    let exit = match error {
        BackupError::Io(_, cause) if cause.kind() == io::ErrorKind::NotFound => Exit::NOT_FOUND,
        BackupError::WrongKey | BackupError::NoKey(..) => Exit::WRONG_KEY,
        BackupError::Foreign(_) => Exit::FOREIGN,
        BackupError::Newer { .. } => Exit::NEWER,
        BackupError::Damaged(_) | BackupError::Changed(_) => Exit::CORRUPT,
        BackupError::Io(..) | BackupError::Exists(_) | BackupError::Stopped => Exit::OTHER,
    };
    Failure::new(exit, code_of(exit), error.to_string())
}

fn code_of(exit: Exit) -> &'static str {
    match exit {
        Exit::IN_USE => "in_use",
        Exit::CORRUPT => "corrupt",
        Exit::NEWER => "newer",
        Exit::FOREIGN => "foreign",
        Exit::WRONG_KEY => "wrong_key",
        Exit::NOT_FOUND => "not_found",
        _ => "storage_unavailable",
    }
}
