//! `steward health`: whether the server answers, for whoever watches over its process.

use std::net::SocketAddr;

use super::super::client::{address, decode};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use crate::api::types::{Health, Part};
use crate::serve::reachable;

const EXAMPLES: &str = "\
Examples:
  steward health                                  the server of this machine; exit code 0 when it answers
  steward health --url http://nas:8080 --quiet
";

/// Options of `steward health`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct HealthArgs {
    /// Where the server of this machine listens; it is asked when no URL is given.
    #[arg(long, env = "STEWARD_LISTEN", value_name = "ADDRESS:PORT", hide_env_values = true)]
    pub listen: Option<SocketAddr>,
}

/// Asks as nobody: no account is needed, and no token is shown to a server that this was not signed in at.
///
/// # Errors
/// That the server does not answer, or cannot read its database.
pub async fn run(context: &Context, args: HealthArgs) -> Result<(), Failure> {
    let base = match args.listen.filter(|_| !context.names_a_server()) {
        // Plain HTTP, also where the server speaks HTTPS: this is asked before anybody trusts anybody.
        Some(listen) => address(&reachable(listen).to_string())?.url,
        None => context.address()?.url,
    };
    let pinned = context.pinned_for(&base)?;
    let client = context.anonymous(base, pinned)?;
    let health = client.get("/system/health", &[]).await?;
    let read: Health = decode(&health)?;
    if read.database != Part::Ok {
        return Err(Failure::new(Exit::OTHER, "unhealthy", "Steward answers, and its database does not".to_owned())
            .hint("Look at the server's own log."));
    }
    context.printer.object(&health, "status", || Ok(format!("Steward {} answers.\n", read.version)))
}
