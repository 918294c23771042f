//! `steward self`: the backups of Steward's own state, and its restart.

use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use steward_core::backup::{Backup, BackupState, Backups};

use super::super::client::{Client, decode};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::Waiter;
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};
use super::operate::{self, Change, OperateArgs, Outcome, Sentence};
use super::own_authority::{self, CaArgs};
use super::own_offline::{self, CheckArgs, KeyArg, RestoreArgs};
use crate::api::types::RevealedBackupKey;

const EXAMPLES: &str = "\
Examples:
  steward self backup                             back up Steward's own state
  steward self list                               the backups that there are
  steward self key > steward-backup.key           the key that opens them, to be kept elsewhere
  steward self ca                                 the fingerprint of its authority for HTTPS
  steward self check FILE                         whether a backup is good
  steward self restore FILE                       put it back, while no server runs
  steward self restart                            a new process, with the same data on the same port
";
const BACKUP_EXAMPLES: &str = "\
Examples:
  steward self backup
  steward self backup --plan                      where it goes and what it needs
  steward self backup --yes --no-wait
";
const RESTART_EXAMPLES: &str = "\
Examples:
  steward self restart
  steward self restart --plan                     what is under way, and what becomes of it
  steward self restart --yes --no-wait
";
const LIST_EXAMPLES: &str = "\
Examples:
  steward self list
  steward self list --json
  steward self list --folder /mnt/usb/steward     without a server
";
const KEY_EXAMPLES: &str = "\
Examples:
  steward self key > steward-backup.key           keep it where the backups are not
  steward self key --saved                        say that it is kept
";

/// `steward self`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum SelfCommand {
    /// Back up Steward's own state.
    #[command(before_help = BACKUP_EXAMPLES)]
    Backup(OperateArgs),
    /// The backups of Steward's own state.
    List(ListArgs),
    /// Say whether a backup is good, without a server and without changing anything.
    Check(CheckArgs),
    /// Put a backup in the place of the data folder, while no server runs.
    Restore(RestoreArgs),
    /// The authority that vouches for this machine's server over HTTPS, without asking the server.
    Ca(CaArgs),
    /// Print the key that opens the backups; the audit says who saw it.
    Key(KeyArgs),
    /// Restart Steward itself, and wait for the new process; apps go on running.
    #[command(before_help = RESTART_EXAMPLES)]
    Restart(OperateArgs),
}

/// Options of `steward self list`.
#[derive(Debug, clap::Args)]
#[command(before_help = LIST_EXAMPLES)]
pub struct ListArgs {
    /// Look into this folder, without a server.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// With which key.
    #[command(flatten)]
    pub key: KeyArg,
}

/// Options of `steward self key`.
#[derive(Debug, clap::Args)]
#[command(before_help = KEY_EXAMPLES)]
pub struct KeyArgs {
    /// Say that the key is kept where the backups are not, instead of printing it.
    #[arg(long)]
    pub saved: bool,
}

/// Steward's own state.
///
/// # Errors
/// What the server refused; what is wrong with a backup.
pub async fn run(context: &Context, command: SelfCommand) -> Result<Exit, Failure> {
    match command {
        SelfCommand::Backup(args) => backup(context, args).await,
        SelfCommand::List(args) => list(context, args).await.map(|()| Exit::DONE),
        SelfCommand::Check(args) => own_offline::check(context, args).await.map(|()| Exit::DONE),
        SelfCommand::Restore(args) => own_offline::restore(context, args).await.map(|()| Exit::DONE),
        SelfCommand::Ca(args) => own_authority::run(context, &args).map(|()| Exit::DONE),
        SelfCommand::Key(args) => key(context, args).await.map(|()| Exit::DONE),
        SelfCommand::Restart(args) => restart(context, args).await,
    }
}

async fn backup(context: &Context, args: OperateArgs) -> Result<Exit, Failure> {
    let client = context.client()?;
    let change = Change {
        method: Method::POST,
        path: "/system/backups".to_owned(),
        body: json!({}),
        plan: ("/operations/plan".to_owned(), json!({ "kind": "steward.backup" })),
        command: "steward self backup".to_owned(),
    };
    if args.plan {
        return operate::show_plan(context, &client, &change).await;
    }
    let outcome = ask(context, &client, &args, change, "Back up now?").await?;
    let waited = matches!(outcome, Outcome::Ended(_));
    let exit = operate::finish(context, &client, outcome, Sentence::Fixed("is backed up")).await?;
    if waited {
        remind(context, &client).await;
    }
    Ok(exit)
}

async fn restart(context: &Context, args: OperateArgs) -> Result<Exit, Failure> {
    let client = context.client()?;
    let request = json!({ "kind": "steward.restart" });
    let change = Change {
        method: Method::POST,
        path: "/operations".to_owned(),
        body: request.clone(),
        plan: ("/operations/plan".to_owned(), request),
        command: "steward self restart".to_owned(),
    };
    if args.plan {
        return operate::show_plan(context, &client, &change).await;
    }
    let outcome = ask(context, &client, &args, change, "Restart Steward now?").await?;
    operate::finish(context, &client, outcome, Sentence::Fixed("has restarted")).await
}

/// Shows the plan, sends the request when the answer is yes, and waits.
async fn ask(context: &Context, client: &Client, args: &OperateArgs, mut change: Change, question: &str) -> Result<Outcome, Failure> {
    let mut waiter = Waiter::new(&args.wait)?;
    if !operate::approve(context, client, &mut change, args.yes, question).await? {
        return Ok(Outcome::Declined);
    }
    operate::send(context, client, &mut waiter, &args.wait, &change).await
}

/// Says what is still to be done with the key. That it cannot be asked for is no failure of the backup.
async fn remind(context: &Context, client: &Client) {
    let listed = client.get("/system/backups", &[]).await.and_then(|value| decode::<Backups>(&value));
    if listed.is_ok_and(|backups| !backups.key_saved) {
        context.printer.note("Only the key opens it. Keep a copy elsewhere: steward self key > steward-backup.key");
    }
}

async fn list(context: &Context, args: ListArgs) -> Result<(), Failure> {
    if let Some(folder) = args.folder {
        return own_offline::list(context, folder, &args.key);
    }
    let value = context.client()?.get("/system/backups", &[]).await?;
    let found: Backups = decode(&value)?;
    if context.printer.structured() {
        return context.printer.data(&value);
    }
    show(context, &json!(found.backups), &found.backups)?;
    if let Some(problem) = &found.problem {
        context.printer.tell(&format!("warning: {}", text::clean(&problem.message)));
        problem.hint.iter().for_each(|hint| context.printer.tell(&format!("  hint: {}", text::clean(hint))));
    }
    let good = found
        .latest_good_at
        .map_or_else(|| "There is no good backup yet.".to_owned(), |at| format!("The newest good one was made {}.", when::ago(at.0)));
    context.printer.note(&format!("{good} They are in {}; {} are kept.", text::clean(&found.folder), found.keep));
    if !found.key_saved {
        context.printer.note("Only the key opens them. Keep a copy elsewhere: steward self key > steward-backup.key");
    }
    Ok(())
}

/// A list of backups.
pub(super) fn show(context: &Context, value: &serde_json::Value, backups: &[Backup]) -> Result<(), Failure> {
    context.printer.list(value, "name", "There is no backup.", || {
        let mut table = Table::new(&["NAME", "MADE", "SIZE", "STEWARD", "STATE", "SHA256"]);
        for backup in backups {
            let tone = if backup.state == BackupState::Good { Tone::Good } else { Tone::Bad };
            table.row(vec![
                backup.name.as_str().into(),
                when::date_time(backup.made_at.0).into(),
                text::bytes(backup.size).into(),
                backup.program.clone().unwrap_or_default().into(),
                Cell::new(&text::word(&backup.state), tone),
                backup.sha256.as_deref().map(|hash| hash.chars().take(12).collect::<String>()).unwrap_or_default().into(),
            ]);
        }
        Ok(table)
    })
}

async fn key(context: &Context, args: KeyArgs) -> Result<(), Failure> {
    let client = context.client()?;
    if args.saved {
        let listed: Backups = decode(&client.get("/system/backups", &[]).await?)?;
        let recipient = listed.recipient.unwrap_or_default();
        client.ask(Method::POST, "/system/backups/key/saved", Some(&json!({ "recipient": recipient }))).await?;
        return context.printer.done(&json!({ "recipient": recipient }), "recipient", "It is noted that the key is kept elsewhere.");
    }
    let answer = client.ask(Method::POST, "/system/backups/key", Some(&json!({}))).await?;
    if context.printer.structured() {
        return context.printer.data(&answer.body);
    }
    let revealed: RevealedBackupKey = decode(&answer.body)?;
    // As it stands, so that it can be sent to a file.
    context.printer.raw(&revealed.key.0)?;
    context.printer.note("Keep this where the backups are not, and say so: steward self key --saved");
    Ok(())
}
