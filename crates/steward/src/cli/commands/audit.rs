//! `steward audit`: who did what.

use steward_core::audit::{AuditPhase, AuditRow};

use super::super::client::decode;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};

const EXAMPLES: &str = "\
Examples:
  steward audit --limit 20
  steward audit --actor ben --json
  steward audit --target hello --before 1200
";

/// Options of `steward audit`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct AuditArgs {
    /// How many rows, newest first; at most 500.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
    /// Only rows before this number.
    #[arg(long, value_name = "SEQUENCE")]
    pub before: Option<i64>,
    /// Only what this user did.
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only this action, such as deployment.deploy.
    #[arg(long)]
    pub action: Option<String>,
    /// Only what was done to this.
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
}

/// Audit rows.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, args: AuditArgs) -> Result<(), Failure> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.before.map(|before| ("before", before.to_string())));
    query.extend(args.actor.map(|actor| ("actor", actor)));
    query.extend(args.action.map(|action| ("action", action)));
    query.extend(args.target.map(|target| ("target", target)));
    let value = context.client()?.get("/audit", &query).await?;
    context.printer.list(&value, "sequence", "There is no such row.", || {
        let mut table = Table::new(&["NO", "WHEN", "WHO", "FROM", "WHAT", "ON", "RESULT", "DETAIL"]);
        for row in decode::<Vec<AuditRow>>(&value)? {
            let tone = if row.phase == AuditPhase::Refused { Tone::Bad } else { Tone::Plain };
            let detail = match &row.operation_id {
                Some(id) => id.to_string(),
                None => row.detail.get("message").map(text::value).unwrap_or_default(),
            };
            table.row(vec![
                row.sequence.to_string().into(),
                when::date_time(row.at.0).into(),
                row.actor.into(),
                row.address.into(),
                row.action.into(),
                row.target.into(),
                Cell::new(&text::word(&row.phase), tone),
                detail.into(),
            ]);
        }
        Ok(table)
    })
}
