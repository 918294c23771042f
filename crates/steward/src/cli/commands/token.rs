//! `steward token`: API tokens.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};
use steward_core::user::Token;

use super::super::client::{decode, segment};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::output::Format;
use super::super::table::Table;
use super::super::when;
use super::pick;
use crate::api::types::TokenMade;

const EXAMPLES: &str = "\
Examples:
  steward token create backup-script --role operator --expires-in-days 90
  steward token create photos-only --role operator --app photos
  export STEWARD_TOKEN=$(steward token create ci -q)
  steward token list
  steward token revoke ci
";

/// `steward token`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum TokenCommand {
    /// Make a token and print it, once.
    #[command(before_help = EXAMPLES)]
    Create {
        /// What to call it.
        name: String,
        /// What it may do, at most: viewer, operator, admin or owner. As much as you without it.
        #[arg(long)]
        role: Option<String>,
        /// How many days it works; until it is revoked without it.
        #[arg(long, value_name = "N")]
        expires_in_days: Option<u32>,
        /// Only for this app, by its name or id; can be given again.
        #[arg(long, value_name = "APP")]
        app: Vec<String>,
        /// Only for this device and all that is on it; can be given again.
        #[arg(long, value_name = "DEVICE")]
        device: Vec<String>,
    },
    /// Your tokens.
    #[command(before_help = EXAMPLES)]
    List,
    /// Make a token stop working.
    #[command(before_help = EXAMPLES)]
    Revoke {
        /// Its id, or its name.
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// API tokens.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: TokenCommand) -> Result<(), Failure> {
    let printer = &context.printer;
    let client = context.client()?;
    match command {
        TokenCommand::Create { name, role, expires_in_days, app, device } => {
            let mut body = Map::from_iter([("name".to_owned(), json!(name))]);
            body.extend(role.map(|role| ("role".to_owned(), json!(role))));
            body.extend(expires_in_days.map(|days| ("expires_in_days".to_owned(), json!(days))));
            if !app.is_empty() {
                body.insert("deployments".to_owned(), json!(app));
            }
            if !device.is_empty() {
                body.insert("devices".to_owned(), json!(device));
            }
            let answer = client.ask(Method::POST, "/tokens", Some(&Value::Object(body))).await?;
            if printer.structured() {
                return printer.data(&answer.body);
            }
            let made: TokenMade = decode(&answer.body)?;
            if printer.format == Format::Name {
                return printer.raw(&format!("{}\n", made.token.id));
            }
            let until =
                made.token.expires_at.map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {}", when::date_time(at.0)));
            printer.note(&format!("Token {} ({}) works {until}. It is shown this once:", made.token.id, made.token.role.as_str()));
            printer.raw(&format!("{}\n", made.secret.0))
        }
        TokenCommand::List => {
            let value = client.get("/tokens", &[]).await?;
            printer.list(&value, "id", "There is no token.", || {
                let mut table = Table::new(&["ID", "NAME", "ROLE", "FOR", "MADE", "EXPIRES", "LAST USED"]);
                for token in decode::<Vec<Token>>(&value)? {
                    table.row(vec![
                        token.id.as_str().into(),
                        token.name.into(),
                        token.role.as_str().into(),
                        match token.scopes.as_ref().map(Vec::len) {
                            None => "everything".into(),
                            Some(1) => "1 app or device".into(),
                            Some(count) => format!("{count} apps or devices").into(),
                        },
                        when::ago(token.created_at.0).into(),
                        token.expires_at.map_or_else(|| "never".to_owned(), |at| when::date_time(at.0)).into(),
                        token.last_used_at.map_or_else(|| "never".to_owned(), |at| when::ago(at.0)).into(),
                    ]);
                }
                Ok(table)
            })
        }
        TokenCommand::Revoke { id } => {
            let tokens: Vec<Token> = decode(&client.get("/tokens", &[]).await?)?;
            let same_name = tokens.iter().filter(|token| token.name == id).count();
            if same_name > 1 {
                return Err(
                    Failure::usage(format!("{same_name} tokens are called `{id}`")).hint("Give the id; `steward token list` shows it.")
                );
            }
            let token = pick(&tokens, "token", &id, |token| [token.id.as_str(), &token.name])?;
            client.ask(Method::DELETE, &format!("/tokens/{}", segment(token.id.as_str())), None).await?;
            printer.done(&json!(token), "id", &format!("The token `{}` works no more.", token.name))
        }
    }
}
