//! The command line: options that hold everywhere, and the commands.

use clap::{Parser, Subcommand};

use super::commands::{
    account, apps, audit, catalog, completion, deploy, devices, health, logs, ops, own, reconcilers, retention, schedules, scripts, setup,
    token, users, volumes,
};
use super::output::{ColorChoice, Format};

const EXAMPLES: &str = "\
Examples:
  steward serve                                   start the server
  steward setup --url http://nas:8080/setup#code=CODE --user anna
  steward catalog list                            what can be deployed
  steward deploy hello --port 8080/tcp=8081       deploy it and wait until it runs
  steward apps list                               what is there
  steward logs hello -f                           follow its log
  steward apps remove hello                       remove it, keep its data
";

/// Steward: a control plane for the machines and services of a home.
#[derive(Debug, Parser)]
#[command(name = "steward", version, before_help = EXAMPLES, arg_required_else_help = true)]
pub struct Args {
    /// Options that hold everywhere.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that hold everywhere.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The server, such as http://nas:8080. Without it STEWARD_URL, then the one you are signed in at.
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// A file with authorities, in PEM, that may vouch for the server beside the system's own. Without it
    /// STEWARD_CA.
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<std::path::PathBuf>,
    /// In which form data is printed.
    #[arg(short, long, global = true, value_enum, default_value = "table", hide_default_value = true, value_name = "FORMAT")]
    pub output: Format,
    /// The same as --output json.
    #[arg(long, global = true)]
    pub json: bool,
    /// Data only: no progress, no hints, lists as names.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Every request to the server, on standard error.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value = "auto", hide_default_value = true, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server.
    Serve(crate::serve::ServeArgs),
    /// Make the first account of a new server.
    Setup(setup::SetupArgs),
    /// Sign in.
    Login(account::LoginArgs),
    /// Sign out.
    Logout,
    /// Who is signed in, where, and what they may do.
    Whoami,
    /// Change your password.
    Password(account::PasswordArgs),
    /// Your sign-ins.
    #[command(subcommand)]
    Sessions(account::SessionsCommand),
    /// Whether everything is all right.
    Status,
    /// Whether the server answers; needs no account.
    Health(health::HealthArgs),
    /// What can be deployed.
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// What deploying an application would do.
    Plan(deploy::PlanArgs),
    /// Deploy an application.
    Deploy(deploy::DeployArgs),
    /// What is deployed.
    #[command(subcommand)]
    Apps(apps::AppsCommand),
    /// The log of an app.
    Logs(logs::LogsArgs),
    /// What was done, and what is under way.
    #[command(subcommand)]
    Ops(ops::OpsCommand),
    /// What is done at due times.
    #[command(subcommand)]
    Schedules(schedules::SchedulesCommand),
    /// The machines.
    #[command(subcommand)]
    Devices(devices::DevicesCommand),
    /// The data of apps.
    #[command(subcommand)]
    Volumes(volumes::VolumesCommand),
    /// Host maintenance scripts.
    #[command(subcommand)]
    Scripts(scripts::ScriptsCommand),
    /// API tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Accounts.
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Who did what.
    Audit(audit::AuditArgs),
    /// How long what was done is remembered.
    Retention(retention::RetentionArgs),
    /// Background tasks.
    Reconcilers(reconcilers::ReconcilersArgs),
    /// Steward's own state: back it up, check a backup, put one back; its authority for HTTPS.
    #[command(subcommand, name = "self")]
    Own(own::SelfCommand),
    /// Print the completion script of a shell.
    Completion(completion::CompletionArgs),
    /// The version of this program.
    Version,
    /// Print the description of the API.
    Openapi,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn help_opens_with_examples() {
        fn look(command: &mut clap::Command, path: &str) {
            let has_own_work = command.get_subcommands().next().is_none();
            let path = format!("{path} {}", command.get_name());
            let skipped = ["serve", "logout", "whoami", "status", "version", "openapi", "help"].contains(&command.get_name());
            if has_own_work && !skipped {
                let help = command.render_long_help().to_string();
                assert!(help.starts_with("Examples:\n"), "{path}:\n{help}");
            }
            for sub in command.get_subcommands_mut() {
                look(sub, &path);
            }
        }
        let mut command = Args::command();
        assert!(command.render_help().to_string().starts_with("Examples:\n"));
        look(&mut command, "");
    }
}
