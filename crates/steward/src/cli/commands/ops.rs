//! `steward ops`: what was done, and what is under way.

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;
use steward_core::operation::{Kind, Operation, OperationDetail, State};

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::{self, Ended, WaitArgs, Waiter, outcome_word};
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};
use super::{ops_view, suggest};

const EXAMPLES: &str = "\
Examples:
  steward ops list
  steward ops list --app hello --limit 5
  steward ops show op_0123456789abcdef --full
  steward ops watch op_0123456789abcdef
  steward ops cancel op_0123456789abcdef
";

/// `steward ops`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum OpsCommand {
    /// Operations, newest first.
    #[command(before_help = EXAMPLES)]
    List(ListArgs),
    /// One operation: its steps, its commands, what was undone.
    #[command(before_help = EXAMPLES)]
    Show {
        /// Its id.
        id: String,
        /// With the output of every command.
        #[arg(long)]
        full: bool,
    },
    /// Follow an operation until it ends.
    #[command(before_help = EXAMPLES)]
    Watch(IdArgs),
    /// Ask an operation to stop; what it did is undone.
    #[command(before_help = EXAMPLES)]
    Cancel(IdArgs),
    /// Try again to undo what an operation left.
    #[command(before_help = EXAMPLES)]
    Retry(IdArgs),
}

/// Options of `steward ops list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only of this app.
    #[arg(long, value_name = "NAME")]
    pub app: Option<String>,
    /// Only in this state, such as running or needs_attention.
    #[arg(long)]
    pub state: Option<String>,
    /// Only of this kind, such as deployment.deploy.
    #[arg(long)]
    pub kind: Option<String>,
    /// How many; at most 500.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    /// Only operations before this one.
    #[arg(long, value_name = "ID")]
    pub before: Option<String>,
}

/// An operation, and how to wait for it.
#[derive(Debug, clap::Args)]
pub struct IdArgs {
    /// Its id.
    pub id: String,
    /// How long to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// Operations.
///
/// # Errors
/// What the server refused, and what became of the operation.
pub async fn run(context: &Context, command: OpsCommand) -> Result<Exit, Failure> {
    let client = context.client()?;
    match command {
        OpsCommand::List(args) => list(context, &client, args).await,
        OpsCommand::Show { id, full } => show(context, &client, &id, full).await,
        OpsCommand::Watch(args) => watch(context, &client, args).await,
        OpsCommand::Cancel(args) => cancel(context, &client, args).await,
        OpsCommand::Retry(args) => retry(context, &client, args).await,
    }
}

fn path(id: &str) -> String {
    format!("/operations/{}", segment(id))
}

/// A state with its colour.
pub(super) fn state(kind: Kind, state: State) -> Cell {
    Cell::new(outcome_word(kind, state), tone(state))
}

/// The colour of a state.
pub(super) fn tone(state: State) -> Tone {
    match state {
        State::Succeeded => Tone::Good,
        State::Queued | State::Running | State::RollingBack => Tone::Warn,
        State::RolledBack | State::NeedsAttention => Tone::Bad,
        State::Cancelled => Tone::Dim,
    }
}

async fn list(context: &Context, client: &Client, args: ListArgs) -> Result<Exit, Failure> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.app.clone().map(|app| ("deployment", app)));
    query.extend(args.state.map(|state| ("state", state)));
    query.extend(args.kind.map(|kind| ("kind", kind)));
    query.extend(args.before.map(|before| ("before", before)));
    let value = match (client.get("/operations", &query).await, args.app) {
        (Ok(value), _) => value,
        (Err(failure), Some(app)) => return Err(suggest(client, failure, "/deployments", "name", &app).await),
        (Err(failure), None) => return Err(failure),
    };
    context.printer.list(&value, "id", "There is no such operation.", || {
        let mut table = Table::new(&["ID", "WHAT", "ON", "STATE", "BY", "WHEN", "TOOK"]);
        for operation in decode::<Vec<Operation>>(&value)? {
            let took = operation.started_at.zip(operation.finished_at).map(|(from, to)| when::between(from.0, to.0));
            table.row(vec![
                operation.id.as_str().into(),
                operation.kind.as_str().into(),
                operation.target.into(),
                state(operation.kind, operation.state),
                operation.actor.into(),
                when::ago(operation.created_at.0).into(),
                took.unwrap_or_default().into(),
            ]);
        }
        Ok(table)
    })?;
    Ok(Exit::DONE)
}

async fn fetch(client: &Client, id: &str) -> Result<(Value, OperationDetail), Failure> {
    let value = match client.get(&path(id), &[]).await {
        Ok(value) => value,
        Err(failure) => return Err(suggest(client, failure, "/operations", "id", id).await),
    };
    let detail = decode(&value)?;
    Ok((value, detail))
}

async fn show(context: &Context, client: &Client, id: &str, full: bool) -> Result<Exit, Failure> {
    let (value, detail) = fetch(client, id).await?;
    context.printer.object(&value, "id", || Ok(ops_view::shown(&detail, full, context.printer.paint)))?;
    Ok(Exit::DONE)
}

async fn watch(context: &Context, client: &Client, args: IdArgs) -> Result<Exit, Failure> {
    let mut waiter = Waiter::new(&args.wait)?;
    let (value, detail) = fetch(client, &args.id).await?;
    let ended = if detail.operation.state.is_at_rest() {
        Ended { value, detail }
    } else if args.wait.no_wait {
        return show(context, client, &args.id, false).await;
    } else {
        waiter.wait(context, client, &args.id).await?
    };
    conclude(context, &ended)
}

/// As the operation itself would have ended: the same words and exit codes.
fn conclude(context: &Context, ended: &Ended) -> Result<Exit, Failure> {
    let operation = &ended.detail.operation;
    let took = operation.started_at.zip(operation.finished_at).map(|(from, to)| when::between(from.0, to.0)).unwrap_or_default();
    let said = if operation.changed { format!("done in {took}") } else { "nothing had to be changed".to_owned() };
    let good = format!("{} of {}: {said}.", operation.kind.as_str(), text::clean(&operation.target));
    follow::conclude(context, ended, operation.id.as_str(), &good)
}

async fn cancel(context: &Context, client: &Client, args: IdArgs) -> Result<Exit, Failure> {
    let mut waiter = Waiter::new(&args.wait)?;
    let asked = match follow::cancel(client, &args.id).await {
        Ok(value) => value,
        Err(failure) => return Err(suggest(client, failure, "/operations", "id", &args.id).await),
    };
    if args.wait.no_wait {
        context.printer.done(&asked, "id", "Asked to cancel; what was done is being undone.")?;
        return Ok(Exit::DONE);
    }
    let ended = waiter.wait(context, client, &args.id).await?;
    match ended.detail.operation.state {
        State::Cancelled => {
            context.printer.done(&ended.value, "id", "Cancelled; all was undone.")?;
            Ok(Exit::DONE)
        }
        State::Succeeded => {
            if context.printer.structured() {
                context.printer.data(&ended.value)?;
            }
            let late = Failure::new(Exit::CONFLICT, "wrong_state", "it was done before it could be cancelled");
            Err(Failure { operation: Some(args.id), ..late })
        }
        _ => conclude(context, &ended),
    }
}

async fn retry(context: &Context, client: &Client, args: IdArgs) -> Result<Exit, Failure> {
    let mut waiter = Waiter::new(&args.wait)?;
    let asked = match client.ask(Method::POST, &format!("{}/retry", path(&args.id)), None).await {
        Ok(answer) => answer.body,
        Err(failure) => return Err(suggest(client, failure, "/operations", "id", &args.id).await),
    };
    if args.wait.no_wait {
        context.printer.done(&asked, "id", "The rest is being undone.")?;
        return Ok(Exit::DONE);
    }
    let ended = waiter.wait(context, client, &args.id).await?;
    match ended.detail.operation.state {
        // What was asked for is that nothing is left, and nothing is.
        State::RolledBack | State::Cancelled => {
            context.printer.done(&ended.value, "id", "All is undone now; nothing is left.")?;
            Ok(Exit::DONE)
        }
        _ => conclude(context, &ended),
    }
}
