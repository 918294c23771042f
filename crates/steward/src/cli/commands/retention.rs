//! `steward retention`: how long what was done is remembered.

use reqwest::Method;
use serde_json::json;
use steward_core::retention::RetentionChange;
use steward_engine::RetentionView;

use super::super::client::decode;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::{text, when};

const EXAMPLES: &str = "\
Examples:
  steward retention                               how long, and how much is remembered now
  steward retention set --operations-days 180 --audit-days 365
  steward retention set --operations-kept 10000
  steward reconcilers run retention               forget now what is too old
";

/// Options of `steward retention`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct RetentionArgs {
    /// What else can be done.
    #[command(subcommand)]
    pub command: Option<RetentionCommand>,
}

/// What can be done with the retention.
#[derive(Debug, clap::Subcommand)]
pub enum RetentionCommand {
    /// Change it; what is not named stays.
    #[command(before_help = EXAMPLES)]
    Set(SetArgs),
}

/// Options of `steward retention set`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct SetArgs {
    /// Forget operations after so many days, unless they are among the newest.
    #[arg(long, value_name = "DAYS")]
    pub operations_days: Option<u32>,
    /// Keep the newest so many operations whatever their age.
    #[arg(long, value_name = "N")]
    pub operations_kept: Option<u32>,
    /// Forget what commands printed after so many days.
    #[arg(long, value_name = "DAYS")]
    pub output_days: Option<u32>,
    /// Cut the audit after so many days, at least 30.
    #[arg(long, value_name = "DAYS")]
    pub audit_days: Option<u32>,
}

/// How long what was done is remembered.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, args: RetentionArgs) -> Result<(), Failure> {
    let client = context.client()?;
    let value = match args.command {
        None => client.get("/system/retention", &[]).await?,
        Some(RetentionCommand::Set(set)) => {
            let SetArgs { operations_days, operations_kept, output_days, audit_days } = set;
            let change = RetentionChange { operations_days, operations_kept, output_days, audit_days };
            client.ask(Method::PATCH, "/system/retention", Some(&json!(change))).await?.body
        }
    };
    context.printer.object(&value, "settings", || Ok(shown(&decode(&value)?)))
}

fn shown(view: &RetentionView) -> String {
    let settings = &view.settings;
    let since = |at: Option<steward_core::Timestamp>| at.map(|at| format!(", the oldest of {}", when::date_time(at.0))).unwrap_or_default();
    format!(
        "operations  {} days, and the newest {} whatever their age; now {}{}\n\
         output      {} days\n\
         audit       {} days; now {}{}\n\
         database    {}, {} of it empty\n",
        settings.operations_days,
        settings.operations_kept,
        view.operations,
        since(view.oldest_operation_at),
        settings.output_days,
        settings.audit_days,
        text::count(usize::try_from(view.audit_rows).unwrap_or(usize::MAX), "row"),
        since(view.oldest_audit_at),
        text::bytes(view.file_bytes),
        text::bytes(view.free_bytes),
    )
}
