//! `steward users`: accounts.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use steward_core::rights::Scope;
use steward_core::user::User;
use steward_engine::accounts::GrantView;

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
  steward users add kim --role guest
  steward users grant kim operator --app photos
  steward users grant kim viewer --device nas
  steward users grants kim
  steward users revoke kim --app photos
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
        /// What it may do: guest (only what is granted), viewer, operator, admin or owner.
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
        /// guest, viewer, operator, admin or owner.
        role: String,
    },
    /// Give an account a role on one app or one device, in place of the one that it had there.
    #[command(before_help = EXAMPLES)]
    Grant {
        /// The account's name.
        name: String,
        /// viewer, operator or admin.
        role: String,
        /// Where.
        #[command(flatten)]
        on: On,
    },
    /// Take back what an account was granted on an app or a device.
    #[command(before_help = EXAMPLES)]
    Revoke {
        /// The account's name.
        name: String,
        /// Where.
        #[command(flatten)]
        on: On,
    },
    /// What an account is granted on single apps and devices.
    #[command(before_help = EXAMPLES)]
    Grants {
        /// The account's name.
        name: String,
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

/// Where a grant holds.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct On {
    /// One app, by its name or id.
    #[arg(long)]
    app: Option<String>,
    /// One device with all that is on it, by its name or id.
    #[arg(long)]
    device: Option<String>,
}

impl On {
    /// Whether a grant is the one that is meant.
    fn is(&self, grant: &GrantView) -> bool {
        let (wanted, id) = match &grant.grant.scope {
            Scope::Device(id) => (&self.device, id.as_str()),
            Scope::Deployment(id) => (&self.app, id.as_str()),
        };
        wanted.as_ref().is_some_and(|wanted| *wanted == grant.name || wanted == id)
    }

    fn words(&self) -> &str {
        self.app.as_deref().or(self.device.as_deref()).unwrap_or_default()
    }
}

fn kind(grant: &GrantView) -> &'static str {
    match (&grant.grant.scope, grant.removed) {
        (Scope::Device(_), _) => "device",
        (Scope::Deployment(_), false) => "app",
        (Scope::Deployment(_), true) => "app (removed)",
    }
}

async fn grants(client: &Client, user: &User) -> Result<Value, Failure> {
    client.get(&format!("{}/grants", path(user)), &[]).await
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
        UsersCommand::Grant { name, role, on } => {
            let user = find(&client, &name).await?;
            let body = json!({ "role": role, "deployment": on.app, "device": on.device });
            let answer = client.ask(Method::POST, &format!("{}/grants", path(&user)), Some(&body)).await?;
            printer.done(&answer.body, "id", &format!("{name} is {role} on {} now.", on.words()))
        }
        UsersCommand::Revoke { name, on } => {
            let user = find(&client, &name).await?;
            let all: Vec<GrantView> = decode(&grants(&client, &user).await?)?;
            let grant = all.iter().find(|grant| on.is(grant)).ok_or_else(|| {
                Failure::usage(format!("nothing is granted to {name} on `{}`", on.words()))
                    .hint(format!("See: steward users grants {name}"))
            })?;
            let place = format!("{}/grants/{}", path(&user), segment(grant.grant.id.as_str()));
            client.ask(Method::DELETE, &place, None).await?;
            printer.done(&json!(grant), "id", &format!("{name} is not {} on {} any more.", grant.grant.role.as_str(), grant.name))
        }
        UsersCommand::Grants { name } => {
            let user = find(&client, &name).await?;
            let value = grants(&client, &user).await?;
            printer.list(&value, "id", &format!("Nothing is granted to {name} beyond the role {}.", user.role.as_str()), || {
                let mut table = Table::new(&["ON", "KIND", "ROLE", "GIVEN", "ID"]);
                for grant in decode::<Vec<GrantView>>(&value)? {
                    table.row(vec![
                        grant.name.as_str().into(),
                        kind(&grant).into(),
                        grant.grant.role.as_str().into(),
                        when::ago(grant.grant.created_at.0).into(),
                        grant.grant.id.as_str().into(),
                    ]);
                }
                Ok(table)
            })
        }
        UsersCommand::SetPassword { name, password_stdin } => {
            let user = find(&client, &name).await?;
            let password = prompt::password(printer, password_stdin, &format!("New password of {name}"), true)?;
            let answer = client.ask(Method::PATCH, &path(&user), Some(&json!({ "password": password }))).await?;
            printer.done(&answer.body, "name", &format!("{name} has a new password; the sign-ins with the old one are ended."))
        }
    }
}
