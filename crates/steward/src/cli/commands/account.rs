//! `steward login`, `logout`, `whoami`, `password`, `sessions`: one's own account.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::super::client::{self, decode, segment};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::sign_in::{self, SignIn};
use super::super::table::{Cell, Table};
use super::super::{meet, prompt, when};
use crate::api::types::{CurrentSession, NewSession, OwnSession};

const LOGIN_EXAMPLES: &str = "\
Examples:
  steward login --url http://nas:8080 --user anna
  steward login --url http://nas:8080 --user anna --password-stdin < password-file
  steward login --url https://nas:8080 --user anna --fingerprint 3A:5F:…   without being asked
  STEWARD_URL=http://nas:8080 STEWARD_TOKEN=stw_… steward apps list     without signing in
";
const PASSWORD_EXAMPLES: &str = "\
Examples:
  steward password
  printf '%s\\n%s\\n' \"$OLD\" \"$NEW\" | steward password --password-stdin
";
const SESSIONS_EXAMPLES: &str = "\
Examples:
  steward sessions list
  steward sessions end ses_0123456789abcdef
";

/// Options of `steward login`.
#[derive(Debug, clap::Args)]
#[command(before_help = LOGIN_EXAMPLES)]
pub struct LoginArgs {
    /// The account's name.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Believe the server that shows this authority or certificate, and nobody else: its SHA-256, as
    /// `steward self ca` says it on the server's own machine.
    #[arg(long, value_name = "SHA256")]
    pub fingerprint: Option<String>,
}

/// Options of `steward password`.
#[derive(Debug, clap::Args)]
#[command(before_help = PASSWORD_EXAMPLES)]
pub struct PasswordArgs {
    /// Read the present password and the new one from standard input, a line each.
    #[arg(long)]
    pub password_stdin: bool,
}

/// `steward sessions`.
#[derive(Debug, Subcommand)]
#[command(before_help = SESSIONS_EXAMPLES)]
pub enum SessionsCommand {
    /// Where you are signed in.
    #[command(before_help = SESSIONS_EXAMPLES)]
    List,
    /// End a sign-in.
    #[command(before_help = SESSIONS_EXAMPLES)]
    End {
        /// Its id.
        id: String,
    },
}

/// Signs in and keeps the sign-in.
///
/// # Errors
/// What the server refused, or what is missing.
pub async fn login(context: &Context, args: LoginArgs) -> Result<(), Failure> {
    let printer = &context.printer;
    let named = context.address()?;
    let fingerprint = args.fingerprint.as_deref().or(named.fingerprint.as_deref());
    let authority = meet::meet(context, &named.url, fingerprint).await?;
    let client = context.anonymous(named.url, authority.clone())?;
    let user = prompt::text(printer, args.user.as_deref(), "Name", "--user")?;
    let password = prompt::password(printer, args.password_stdin, "Password", false)?;
    let answer = client.ask(Method::POST, "/session", Some(&json!({ "user": user, "password": password }))).await?;
    let session: NewSession = decode(&answer.body)?;
    let url = client::shown(client.base()).to_owned();
    let kept = SignIn { url, user: session.user.name.to_string(), token: Some(session.token.0), authority };
    sign_in::save(context.folder(), &kept)?;
    let shown = json!({ "url": kept.url, "user": session.user, "expires_at": answer.body.get("expires_at") });
    printer.done(&shown, "url", &format!("Signed in at {} as {} ({}).", kept.url, kept.user, session.user.role.as_str()))
}

/// Ends the session and forgets it. It is forgotten even when the server does not answer.
///
/// # Errors
/// When it cannot be forgotten.
pub async fn logout(context: &Context) -> Result<(), Failure> {
    if context.token_is_from_environment() {
        return Err(Failure::usage("you are signed in by STEWARD_TOKEN").hint("Unset it, or revoke it with `steward token revoke`."));
    }
    let printer = &context.printer;
    let signed_in = sign_in::load(context.folder())?.is_some_and(|kept| kept.token.is_some());
    let client = context.client()?;
    let ended = match (signed_in, client.has_token()) {
        (true, true) => client.ask(Method::DELETE, "/session", None).await.err(),
        _ => None,
    };
    if signed_in {
        // The address stays: the next sign-in is most likely there again.
        sign_in::forget_token(context.folder())?;
    }
    if let Some(failure) = ended.filter(|failure| failure.code != "not_signed_in") {
        printer.note(&format!("The server did not end the session ({}); it ends by itself.", failure.message));
    }
    let sentence = if signed_in { "Signed out." } else { "Nobody was signed in." };
    printer.done(&json!({ "url": client::shown(client.base()), "signed_out": signed_in }), "url", sentence)
}

/// Who is signed in.
///
/// # Errors
/// What the server refused.
pub async fn whoami(context: &Context) -> Result<(), Failure> {
    let client = context.client()?;
    let mut value = client.get("/session", &[]).await?;
    let session: CurrentSession = decode(&value)?;
    let url = client::shown(client.base()).to_owned();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("url".to_owned(), json!(url));
        fields.insert("name".to_owned(), json!(session.user.name));
    }
    context.printer.object(&value, "name", || {
        let by = if context.token_is_from_environment() { ", by STEWARD_TOKEN" } else { "" };
        Ok(format!("{} ({}) at {url}{by}\n", session.user.name, session.user.role.as_str()))
    })
}

/// Changes one's own password.
///
/// # Errors
/// What the server refused, or what is missing.
pub async fn password(context: &Context, args: PasswordArgs) -> Result<(), Failure> {
    let printer = &context.printer;
    let (current, new) = if args.password_stdin {
        prompt::two_passwords()?
    } else {
        (prompt::password(printer, false, "Present password", false)?, prompt::password(printer, false, "New password", true)?)
    };
    let client = context.client()?;
    client.ask(Method::POST, "/account/password", Some(&json!({ "current": current, "new": new }))).await?;
    printer.done(&json!({ "changed": true }), "changed", "The password is changed; your other sign-ins are ended.")
}

/// One's own sessions.
///
/// # Errors
/// What the server refused.
pub async fn sessions(context: &Context, command: SessionsCommand) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        SessionsCommand::List => {
            let value = client.get("/sessions", &[]).await?;
            context.printer.list(&value, "id", "There is no sign-in.", || {
                let mut table = Table::new(&["ID", "FROM", "CLIENT", "LAST USED", "ENDS", "THIS"]);
                for own in decode::<Vec<OwnSession>>(&value)? {
                    let session = own.session;
                    table.row(vec![
                        session.id.as_str().into(),
                        Cell::from(session.address),
                        Cell::from(session.client),
                        when::ago(session.last_used_at.0).into(),
                        when::date_time(session.expires_at.0).into(),
                        if own.current { "yes" } else { "" }.into(),
                    ]);
                }
                Ok(table)
            })
        }
        SessionsCommand::End { id } => {
            client.ask(Method::DELETE, &format!("/sessions/{}", segment(&id)), None).await?;
            context.printer.done(&json!({ "id": id }), "id", "The sign-in is ended.")
        }
    }
}
