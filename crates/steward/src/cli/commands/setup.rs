//! `steward setup`: the first account of a new server.

use reqwest::Method;
use serde_json::json;

use super::super::client::{self, Client, decode};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::sign_in::{self, SignIn};
use super::super::{meet, prompt};
use crate::api::types::NewSession;

const EXAMPLES: &str = "\
Examples:
  steward setup --url 'http://nas:8080/setup#code=CODE' --user anna
  echo \"$PASSWORD\" | steward setup --url http://nas:8080 --code CODE --user anna --password-stdin
";

/// Options of `steward setup`. The server prints the code, and the whole address, when it starts.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct SetupArgs {
    /// The code from the server's console; not needed when --url is the whole line that was printed.
    #[arg(long)]
    pub code: Option<String>,
    /// The name of the owner's account.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Believe the server that shows this authority or certificate, and nobody else: its SHA-256; not
    /// needed when --url is the whole line that was printed.
    #[arg(long, value_name = "SHA256")]
    pub fingerprint: Option<String>,
}

/// Makes the owner's account and stays signed in.
///
/// # Errors
/// What the server refused, or what is missing.
pub async fn run(context: &Context, args: SetupArgs) -> Result<(), Failure> {
    let printer = &context.printer;
    let named = context.address()?;
    let fingerprint = args.fingerprint.as_deref().or(named.fingerprint.as_deref());
    let authority = meet::meet(context, &named.url, fingerprint).await?;
    let client = context.anonymous(named.url.clone(), authority.clone())?;
    ensure_unclaimed(&client).await?;
    let code = prompt::text(printer, args.code.or(named.code).as_deref(), "Code from the server's console", "--code")?;
    let user = prompt::text(printer, args.user.as_deref(), "Name of the owner's account", "--user")?;
    let password = prompt::password(printer, args.password_stdin, "Password (10 characters or more)", true)?;
    let body = json!({ "code": code, "user": user, "password": password });
    let answer = client.ask(Method::POST, "/setup", Some(&body)).await?;
    let session: NewSession = decode(&answer.body)?;
    let kept =
        SignIn { url: client::shown(&named.url).to_owned(), user: session.user.name.to_string(), token: Some(session.token.0), authority };
    sign_in::save(context.folder(), &kept)?;
    let shown = json!({ "url": kept.url, "user": session.user });
    printer.done(&shown, "url", &format!("{} is yours, {}. You are signed in.", kept.url, kept.user))
}

/// Nobody should type a password for a server that has an owner.
async fn ensure_unclaimed(client: &Client) -> Result<(), Failure> {
    match client.get("/setup", &[]).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.code == "not_found" => {
            let message = format!("{} has an owner already", client::shown(client.base()));
            Err(Failure { message, ..failure }.hint("Sign in with `steward login`."))
        }
        Err(failure) => Err(failure),
    }
}
