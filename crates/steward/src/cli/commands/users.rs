//! `steward users`: accounts.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use steward_core::user::User;

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::table::Table;
use super::super::{prompt, when};
use super::pick;

const EXAMPLES: &str = "\
Examples:
  steward users list
  steward users add ben --role operator
  steward users set-role ben viewer
  steward users set-password ben --password-stdin < password-file
  steward users remove ben --yes
";

/// `steward users`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum UsersCommand {
    /// Every account.
    #[command(before_help = EXAMPLES)]
    List,
    /// Make an account.
    #[command(before_help = EXAMPLES)]
    Add {
        /// Its name.
        name: String,
        /// What it may do: viewer, operator, admin or owner.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove an account; its sign-ins and tokens stop working.
    #[command(before_help = EXAMPLES)]
    Remove {
        /// Its name.
        name: String,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
    /// Change what an account may do.
    #[command(before_help = EXAMPLES)]
    SetRole {
        /// Its name.
        name: String,
        /// viewer, operator, admin or owner.
        role: String,
    },
    /// Give an account a new password; its sign-ins end.
    #[command(before_help = EXAMPLES)]
    SetPassword {
        /// Its name.
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

async fn find(client: &Client, name: &str) -> Result<User, Failure> {
    let users: Vec<User> = decode(&client.get("/users", &[]).await?)?;
    pick(&users, "user", name, |user| [user.id.as_str(), user.name.as_str()]).cloned()
}

fn path(user: &User) -> String {
    format!("/users/{}", segment(user.id.as_str()))
}

/// Accounts.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: UsersCommand) -> Result<(), Failure> {
    let printer = &context.printer;
    let client = context.client()?;
    match command {
        UsersCommand::List => {
            let value = client.get("/users", &[]).await?;
            printer.list(&value, "name", "There is no account.", || {
                let mut table = Table::new(&["NAME", "ROLE", "MADE", "ID"]);
                for user in decode::<Vec<User>>(&value)? {
                    table.row(vec![
                        user.name.as_str().into(),
                        user.role.as_str().into(),
                        when::ago(user.created_at.0).into(),
                        user.id.as_str().into(),
                    ]);
                }
                Ok(table)
            })
        }
        UsersCommand::Add { name, role, password_stdin } => {
            let password = prompt::password(printer, password_stdin, &format!("Password of {name}"), true)?;
            let body = json!({ "name": name, "password": password, "role": role });
            let answer = client.ask(Method::POST, "/users", Some(&body)).await?;
            printer.done(&answer.body, "name", &format!("{name} can sign in now, as {role}."))
        }
        UsersCommand::Remove { name, yes } => {
            let user = find(&client, &name).await?;
            if !yes && !printer.interactive {
                return Err(Failure::usage(format!("removing {name} has to be confirmed")).hint("Add --yes"));
            }
            if !yes
                && !prompt::confirm(&format!(
                    "Remove {name} ({})? The sign-ins and tokens of this account stop working.",
                    user.role.as_str()
                ))?
            {
                printer.note("Nothing was done.");
                return Ok(());
            }
            client.ask(Method::DELETE, &path(&user), None).await?;
            printer.done(&json!(user), "name", &format!("{name} is removed."))
        }
        UsersCommand::SetRole { name, role } => {
            let user = find(&client, &name).await?;
            let answer = client.ask(Method::PATCH, &path(&user), Some(&json!({ "role": role }))).await?;
            printer.done(&answer.body, "name", &format!("{name} is {role} now."))
        }
        UsersCommand::SetPassword { name, password_stdin } => {
            let user = find(&client, &name).await?;
            let password = prompt::password(printer, password_stdin, &format!("New password of {name}"), true)?;
            let answer = client.ask(Method::PATCH, &path(&user), Some(&json!({ "password": password }))).await?;
            printer.done(&answer.body, "name", &format!("{name} has a new password; the sign-ins with the old one are ended."))
        }
    }
}
