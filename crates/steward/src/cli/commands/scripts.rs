//! `steward scripts`: host maintenance scripts.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use steward_engine::{DeviceView, ScriptView, ScriptsView};

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::{Waiter, outcome_word};
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};
use super::operate::{self, Change, OperateArgs, Outcome, Sentence};
use super::{devices, pick};

const EXAMPLES: &str = "\
Examples:
  steward scripts list
  steward scripts list --device nas
  steward scripts run trim-disks
";

const RUN_EXAMPLES: &str = "\
Examples:
  steward scripts run trim-disks                  show the plan, ask, run it, and wait until it ends
  steward scripts run trim-disks --yes --json
  steward scripts run trim-disks --plan           only show what would be done
";

/// `steward scripts`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum ScriptsCommand {
    /// Every script, and why one cannot be run.
    #[command(before_help = EXAMPLES)]
    List {
        /// The device's name or id; not needed when there is only one.
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
    },
    /// Run a script. What it does cannot be undone by Steward.
    #[command(before_help = RUN_EXAMPLES)]
    Run {
        /// Its name.
        name: String,
        /// The device's name or id; not needed when there is only one.
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        /// Whether to ask, and how long to wait.
        #[command(flatten)]
        operate: OperateArgs,
    },
}

/// Scripts.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: ScriptsCommand) -> Result<Exit, Failure> {
    let client = context.client()?;
    match command {
        ScriptsCommand::List { device } => list(context, &client, device).await.map(|()| Exit::DONE),
        ScriptsCommand::Run { name, device, operate } => run_one(context, &client, &name, device, operate).await,
    }
}

fn path(device: &DeviceView) -> String {
    format!("/devices/{}/scripts", segment(device.device.id.as_str()))
}

async fn list(context: &Context, client: &Client, device: Option<String>) -> Result<(), Failure> {
    let device = devices::find(client, device).await?;
    let value = client.get(&path(&device), &[]).await?;
    let view: ScriptsView = decode(&value)?;
    let empty = format!("There is no script in {} on {}.", text::clean(&view.folder), text::clean(&device.device.name));
    if context.printer.structured() {
        return context.printer.data(&value);
    }
    if let Some(problem) = &view.problem {
        context.printer.note(&format!("{}: {}", text::clean(&view.folder), text::clean_block(problem)));
    }
    context.printer.list(&json!(view.scripts), "name", &empty, || {
        let mut table = Table::new(&["NAME", "TITLE", "AT MOST", "LAST RUN", "STATE"]);
        for ScriptView { script, last_run } in &view.scripts {
            let state = match (&script.refused, last_run) {
                (Some(why), _) => Cell::new(&format!("refused: {why}"), Tone::Bad),
                (None, Some(run)) => outcome_word(steward_core::operation::Kind::ScriptRun, run.state).into(),
                (None, None) => "never run".into(),
            };
            table.row(vec![
                script.name.as_str().into(),
                script.title.as_deref().unwrap_or_default().into(),
                text::duration(std::time::Duration::from_secs(script.deadline_seconds)).into(),
                last_run.as_ref().map(|run| when::ago(run.created_at.0)).unwrap_or_default().into(),
                state,
            ]);
        }
        Ok(table)
    })
}

async fn run_one(context: &Context, client: &Client, name: &str, device: Option<String>, operate: OperateArgs) -> Result<Exit, Failure> {
    let device = devices::find(client, device).await?;
    let view: ScriptsView = decode(&client.get(&path(&device), &[]).await?)?;
    let found = pick(&view.scripts, "script", name, |view| [view.script.name.as_str(), view.script.name.as_str()]);
    let found = found.map_err(|failure| match &view.problem {
        Some(problem) => failure.hint(format!("{}: {problem}", view.folder)),
        None => failure,
    })?;
    let body = json!({ "kind": "script.run", "device_id": device.device.id, "script": found.script.name });
    let mut change = Change {
        method: Method::POST,
        path: "/operations".to_owned(),
        plan: ("/operations/plan".to_owned(), body.clone()),
        body,
        command: format!("steward scripts run {name}"),
    };
    if operate.plan {
        return operate::show_plan(context, client, &change).await;
    }
    let mut waiter = Waiter::new(&operate.wait)?;
    let question = format!("Run {name} on {}?", device.device.name);
    let outcome = match operate::approve(context, client, &mut change, operate.yes, &question).await? {
        true => operate::send(context, client, &mut waiter, &operate.wait, &change).await?,
        false => Outcome::Declined,
    };
    operate::finish(context, client, outcome, Sentence::Fixed("ran to its end")).await
}
