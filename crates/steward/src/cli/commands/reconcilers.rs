//! `steward reconcilers`: background tasks.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steward_core::reconciler::ReconcilerStatus;

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};

const EXAMPLES: &str = "\
Examples:
  steward reconcilers                             every background task, and what it did last
  steward reconcilers --json
  steward reconcilers run retention               let one begin now, and wait until it ends
";

const RUN_EXAMPLES: &str = "\
Examples:
  steward reconcilers run retention
  steward reconcilers run sessions --no-wait
";

/// How often, and how many times, it is looked whether a task has ended.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS: u32 = 5 * 60 * 30;

/// Options of `steward reconcilers`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct ReconcilersArgs {
    /// What else can be done.
    #[command(subcommand)]
    pub command: Option<ReconcilersCommand>,
}

/// What can be done with background tasks.
#[derive(Debug, clap::Subcommand)]
pub enum ReconcilersCommand {
    /// Let one begin now.
    #[command(before_help = RUN_EXAMPLES)]
    Run(RunArgs),
}

/// Options of `steward reconcilers run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Do not wait until it ends.
    #[arg(long)]
    pub no_wait: bool,
}

/// Background tasks.
///
/// # Errors
/// What the server refused; that the task failed.
pub async fn run(context: &Context, args: ReconcilersArgs) -> Result<(), Failure> {
    let client = context.client()?;
    match args.command {
        None => list(context, &client).await,
        Some(ReconcilersCommand::Run(args)) => run_one(context, &client, args).await,
    }
}

async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    let value = client.get("/reconcilers", &[]).await?;
    context.printer.list(&value, "name", "There is no background task.", || {
        let mut table = Table::new(&["NAME", "STATE", "LAST", "TOOK", "NEXT", "DID"]);
        for task in decode::<Vec<ReconcilerStatus>>(&value)? {
            let (word, tone) = state(&task);
            table.row(vec![
                task.name.into(),
                Cell::new(&word, tone),
                task.finished_at.map(|at| when::ago(at.0)).unwrap_or_default().into(),
                task.duration_ms.map(|ms| text::duration(Duration::from_millis(ms))).unwrap_or_default().into(),
                task.next_at.map(|at| when::date_time(at.0)).unwrap_or_default().into(),
                task.failure.map(|failure| failure.message).or(task.did).unwrap_or_default().into(),
            ]);
        }
        Ok(table)
    })
}

/// How a task is, in a word or two.
fn state(task: &ReconcilerStatus) -> (String, Tone) {
    match (task.running, task.failures, task.finished_at) {
        (true, _, _) => ("running".to_owned(), Tone::Plain),
        (false, 0, None) => ("waiting".to_owned(), Tone::Plain),
        (false, 0, Some(_)) => ("ok".to_owned(), Tone::Good),
        (false, 1, _) => ("failed".to_owned(), Tone::Bad),
        (false, many, _) => (format!("failed {many} times"), Tone::Bad),
    }
}

async fn run_one(context: &Context, client: &Client, args: RunArgs) -> Result<(), Failure> {
    let path = format!("/reconcilers/{}/run", segment(&args.name));
    let asked = match client.ask(Method::POST, &path, Some(&json!({}))).await {
        Ok(answer) => answer.body,
        Err(failure) => return Err(super::suggest(client, failure, "/reconcilers", "name", &args.name).await),
    };
    let before: ReconcilerStatus = decode(&asked)?;
    if args.no_wait {
        return context.printer.done(&asked, "name", &format!("{} was woken.", text::clean(&before.name)));
    }
    let (value, task) = ended(client, &before).await?;
    if let Some(failure) = task.failure {
        return Err(Failure::new(Exit::OTHER, failure.code.as_str(), format!("{} failed: {}", task.name, failure.message)));
    }
    let said = format!("{}: {}\n", text::clean(&task.name), text::clean(&task.did.unwrap_or_default()));
    context.printer.object(&value, "name", || Ok(said))
}

/// The task after an activation that began when it was woken or later.
async fn ended(client: &Client, before: &ReconcilerStatus) -> Result<(Value, ReconcilerStatus), Failure> {
    for _ in 0..LOOKS {
        let all: Vec<Value> = decode(&client.get("/reconcilers", &[]).await?)?;
        for value in all {
            let task: ReconcilerStatus = decode(&value)?;
            // One that was at work when it was asked begins once more; its first end does not count.
            let begun_anew = task.started_at > before.started_at;
            if task.name == before.name && begun_anew && !task.running {
                return Ok((value, task));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Failure::new(Exit::OTHER, "timed_out", format!("{} is still at work", before.name)))
}
