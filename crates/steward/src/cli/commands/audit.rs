//! `steward audit`: who did what.

use std::io::{self, BufWriter, Write};

use steward_core::audit::{AuditPhase, AuditRow, AuditVerdict};

use super::super::client::decode;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};

const EXAMPLES: &str = "\
Examples:
  steward audit --limit 20
  steward audit --actor ben --json
  steward audit --target hello --before 1200
  steward audit verify                            whether every row is as it was written
  steward audit export > audit.jsonl              all rows, oldest first
";

const VERIFY_EXAMPLES: &str = "\
Examples:
  steward audit verify
  steward audit verify --json                     also with the newest row's hash, to be kept elsewhere
";

const EXPORT_EXAMPLES: &str = "\
Examples:
  steward audit export > audit.jsonl
  steward audit export --after 1200               what came after row 1200
";

/// Options of `steward audit`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    /// What else can be done with it.
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
    /// How many rows, newest first; at most 500.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
    /// Only rows before this number.
    #[arg(long, value_name = "SEQUENCE")]
    pub before: Option<i64>,
    /// Which rows.
    #[command(flatten)]
    pub which: WhichArgs,
}

/// Which rows of the audit are wanted.
#[derive(Debug, clap::Args)]
pub struct WhichArgs {
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

impl WhichArgs {
    fn into_query(self) -> impl Iterator<Item = (&'static str, String)> {
        let all = [("actor", self.actor), ("action", self.action), ("target", self.target)];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// What can be done with the audit, apart from looking at it.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Say whether every row is there, unchanged and in its place
    #[command(before_help = VERIFY_EXAMPLES)]
    Verify,
    /// Print all rows as JSON lines, oldest first
    Export(ExportArgs),
}

/// Options of `steward audit export`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXPORT_EXAMPLES)]
pub struct ExportArgs {
    /// Only rows after this number.
    #[arg(long, value_name = "SEQUENCE")]
    pub after: Option<i64>,
    /// Which rows.
    #[command(flatten)]
    pub which: WhichArgs,
}

/// Audit rows.
///
/// # Errors
/// What the server refused; an audit that is not as it was written.
pub async fn run(context: &Context, args: AuditArgs) -> Result<(), Failure> {
    match args.command {
        Some(AuditCommand::Verify) => verify(context).await,
        Some(AuditCommand::Export(args)) => export(context, args).await,
        None => list(context, args).await,
    }
}

async fn verify(context: &Context) -> Result<(), Failure> {
    let value = context.client()?.get("/audit/verify", &[]).await?;
    let verdict: AuditVerdict = decode(&value)?;
    if let Some(at) = verdict.broken_at {
        let message = format!("the audit is not as it was written, from row {at} on");
        return Err(Failure::new(Exit::OTHER, "audit_broken", message)
            .hint(format!("steward audit --before {at} shows the rows that can be trusted; a backup of the database has the others.")));
    }
    context.printer.object(&value, "rows", || {
        let head = verdict.head.map(|hash| format!("\nThe newest row's hash is {hash}.")).unwrap_or_default();
        let rows = match &verdict.cut {
            None => format!("All {} rows of the audit are as they were written.", verdict.rows),
            Some(cut) => format!(
                "Rows {} to {} of the audit are as they were written; those up to {} were cut off by the retention.",
                verdict.first, verdict.rows, cut.through
            ),
        };
        Ok(format!("{rows}{head}\n"))
    })
}

async fn export(context: &Context, args: ExportArgs) -> Result<(), Failure> {
    let mut query = Vec::new();
    query.extend(args.after.map(|after| ("after", after.to_string())));
    query.extend(args.which.into_query());
    let mut lines = context.client()?.stream("/audit/export", &query).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(line) = lines.next().await.map_err(|reason| Failure::new(Exit::UNREACHABLE, "connection_broken", reason))? {
        writeln!(out, "{}", text::escape(String::from_utf8_lossy(&line).into_owned()))?;
    }
    out.flush()?;
    Ok(())
}

async fn list(context: &Context, args: AuditArgs) -> Result<(), Failure> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.before.map(|before| ("before", before.to_string())));
    query.extend(args.which.into_query());
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
