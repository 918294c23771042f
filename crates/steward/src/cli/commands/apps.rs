//! `steward apps`: what is deployed.

use clap::Subcommand;
use serde_json::Value;
use steward_core::deployment::DeploymentState;
use steward_core::device::Health;
use steward_engine::{ConfigView, FileView, RevisionView};

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::paint::{Paint, Tone};
use super::super::table::{Cell, Table};
use super::super::{text, when};
use super::apps_change::{self, NamedArgs, RemoveArgs, RollbackArgs, SetArgs};
use super::suggest;
use crate::api::types::{DeploymentView, RevealedSecret};

const EXAMPLES: &str = "\
Examples:
  steward apps list
  steward apps show hello
  steward apps open hello
  steward apps config hello
  steward apps history hello
";

/// `steward apps`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum AppsCommand {
    /// Every app.
    #[command(before_help = EXAMPLES)]
    List,
    /// One app with its services.
    #[command(before_help = EXAMPLES)]
    Show(Named),
    /// Start an app.
    Start(NamedArgs),
    /// Stop an app.
    Stop(NamedArgs),
    /// Restart an app.
    Restart(NamedArgs),
    /// Bring an app to the catalog's present definition.
    Update(NamedArgs),
    /// Remove an app; its data stays.
    Remove(RemoveArgs),
    /// The settings of an app.
    #[command(before_help = EXAMPLES)]
    Config(ConfigArgs),
    /// Change settings of an app.
    Set(SetArgs),
    /// The revisions of an app with what changed.
    #[command(before_help = EXAMPLES)]
    History(Named),
    /// Return an app to an earlier revision.
    Rollback(RollbackArgs),
    /// The files that were generated for an app.
    #[command(before_help = EXAMPLES)]
    Files(Named),
    /// Where an app can be opened.
    #[command(before_help = EXAMPLES)]
    Open(Named),
}

/// An app.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The app's name.
    pub name: String,
}

/// Options of `steward apps config`.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// The app's name.
    pub name: String,
    /// Print the value of this secret setting; it is noted in the audit log.
    #[arg(long, value_name = "KEY")]
    pub reveal: Option<String>,
}

/// The path of an app.
pub(super) fn path(name: &str) -> String {
    format!("/deployments/{}", segment(name))
}

/// Fetches something of an app; an unknown name gets the nearest one for an answer.
async fn get(client: &Client, name: &str, below: &str) -> Result<Value, Failure> {
    match client.get(&format!("{}{below}", path(name)), &[]).await {
        Ok(value) => Ok(value),
        Err(failure) => Err(suggest(client, failure, "/deployments", "name", name).await),
    }
}

/// Apps.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: AppsCommand) -> Result<Exit, Failure> {
    let client = context.client()?;
    match command {
        AppsCommand::List => list(context, &client).await,
        AppsCommand::Show(Named { name }) => show(context, &client, &name).await,
        AppsCommand::Config(args) => config(context, &client, args).await,
        AppsCommand::History(Named { name }) => history(context, &client, &name).await,
        AppsCommand::Files(Named { name }) => files(context, &client, &name).await,
        AppsCommand::Open(Named { name }) => open(context, &client, &name).await,
        AppsCommand::Start(args) => return apps_change::power(context, &client, args, "start").await,
        AppsCommand::Stop(args) => return apps_change::power(context, &client, args, "stop").await,
        AppsCommand::Restart(args) => return apps_change::power(context, &client, args, "restart").await,
        AppsCommand::Update(args) => return apps_change::update(context, &client, args).await,
        AppsCommand::Remove(args) => return apps_change::remove(context, &client, args).await,
        AppsCommand::Set(args) => return apps_change::set(context, &client, args).await,
        AppsCommand::Rollback(args) => return apps_change::rollback(context, &client, args).await,
    }
    .map(|()| Exit::DONE)
}

/// A state with its colour.
pub(super) fn state(state: DeploymentState) -> Cell {
    let tone = match state {
        DeploymentState::Running => Tone::Good,
        DeploymentState::Degraded | DeploymentState::Deploying => Tone::Warn,
        DeploymentState::Failed => Tone::Bad,
        DeploymentState::Stopped | DeploymentState::Unknown => Tone::Dim,
    };
    Cell::new(&text::word(&state), tone)
}

async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    let value = client.get("/deployments", &[]).await?;
    context.printer.list(&value, "name", "Nothing runs here yet. Look at `steward catalog list`.", || {
        let mut table = Table::new(&["NAME", "STATE", "APPLICATION", "DEVICE", "LINK"]);
        for app in decode::<Vec<DeploymentView>>(&value)? {
            table.row(vec![
                app.name.as_str().into(),
                state(app.state),
                app.application.as_str().into(),
                app.device.into(),
                app.links.first().map(|link| link.url.clone()).unwrap_or_default().into(),
            ]);
        }
        Ok(table)
    })
}

async fn show(context: &Context, client: &Client, name: &str) -> Result<(), Failure> {
    let value = get(client, name, "").await?;
    context.printer.object(&value, "name", || Ok(shown(&decode(&value)?, context.printer.paint)))
}

fn shown(app: &DeploymentView, paint: Paint) -> String {
    let revision = app.revision.map_or_else(|| "no revision yet".to_owned(), |number| format!("revision {number}"));
    let mut out = format!(
        "{} ({}) is {} on {}, {revision}, changed {}\n",
        paint.bold(app.name.as_str()),
        text::clean(&app.title),
        text::word(&app.state),
        text::clean(&app.device),
        when::ago(app.updated_at.0)
    );
    if let Some(busy) = &app.busy {
        let step = busy.step.as_deref().map(|step| format!(", at {}", text::clean(step))).unwrap_or_default();
        out.push_str(&format!("busy: {} ({}){step}\n", busy.kind.as_str(), busy.operation_id));
    }
    for link in &app.links {
        out.push_str(&format!("open: {}\n", text::clean(&link.url)));
    }
    if app.update_available {
        out.push_str(&format!("the catalog has another definition: steward apps update {}\n", app.name));
    }
    let mut table = Table::new(&["SERVICE", "STATE", "HEALTH", "RESTARTS", "IMAGE"]);
    for service in &app.services {
        let state = service.state.as_ref().map_or_else(|| "no container".to_owned(), text::word);
        let state = service.exit_code.filter(|_| state == "exited").map_or(state.clone(), |code| format!("{state} ({code})"));
        let health = if service.health == Health::None { String::new() } else { text::word(&service.health) };
        table.row(vec![
            service.name.as_str().into(),
            state.into(),
            health.into(),
            service.restart_count.to_string().into(),
            service.image.as_str().into(),
        ]);
    }
    if !app.services.is_empty() {
        out.push_str(&format!("\n{}", table.print(paint)));
    }
    if let Some(words) = &app.post_install {
        out.push_str(&format!("\nAfter the first start:\n  {}\n", text::clean_block(words)));
    }
    out
}

async fn config(context: &Context, client: &Client, args: ConfigArgs) -> Result<(), Failure> {
    let ConfigArgs { name, reveal } = args;
    if let Some(key) = reveal {
        let path = format!("{}/secrets/reveal", path(&name));
        let answer = client.ask(reqwest::Method::POST, &path, Some(&serde_json::json!({ "key": key }))).await?;
        let secret: RevealedSecret = decode(&answer.body)?;
        return if context.printer.structured() {
            context.printer.data(&answer.body)
        } else {
            context.printer.raw(&format!("{}\n", secret.value.0))
        };
    }
    let value = get(client, &name, "/config").await?;
    let config: ConfigView = decode(&value)?;
    if context.printer.quiet && !context.printer.structured() {
        let lines = config.settings.iter().map(|(key, value)| format!("{key}={}\n", text::clean(&text::value(value))));
        return context.printer.raw(&lines.collect::<String>());
    }
    context.printer.object(&value, "revision", || {
        let mut table = Table::new(&["SETTING", "VALUE", "WHAT IT IS"]);
        for setting in &config.definition.settings {
            let value = match config.settings.get(&setting.key) {
                Some(value) => text::value(value),
                None if config.secrets_set.contains(&setting.key) => "(secret, set)".to_owned(),
                None if setting.secret => "(secret, not set)".to_owned(),
                None => String::new(),
            };
            table.row(vec![setting.key.as_str().into(), value.into(), setting.title.as_str().into()]);
        }
        for (port, external) in &config.ports {
            table.row(vec![format!("port {port}").into(), external.to_string().into(), "port on the device".into()]);
        }
        let empty = config.definition.settings.is_empty() && config.ports.is_empty();
        Ok(if empty { format!("{name} has no settings.\n") } else { table.print(context.printer.paint) })
    })
}

async fn history(context: &Context, client: &Client, name: &str) -> Result<(), Failure> {
    let value = get(client, name, "/revisions").await?;
    let printer = &context.printer;
    if printer.structured() || printer.quiet || printer.format == super::super::output::Format::Name {
        return printer.list(&value, "number", "", || Ok(Table::new(&[])));
    }
    let revisions: Vec<RevisionView> = decode(&value)?;
    let mut out = String::new();
    for revision in &revisions {
        let active = if revision.active { ", in force" } else { "" };
        let head =
            format!("revision {} by {}, {}{active}", revision.number, text::clean(&revision.actor), when::date_time(revision.created_at.0));
        out.push_str(&format!("{}\n{}\n", printer.paint.bold(&head), printer.paint.diff(&revision.diff)));
    }
    printer.raw(&out)?;
    if let Some(before) = revisions.iter().find(|revision| !revision.active) {
        printer.note(&format!("Go back with: steward apps rollback {name} {}", before.number));
    }
    Ok(())
}

async fn files(context: &Context, client: &Client, name: &str) -> Result<(), Failure> {
    let value = get(client, name, "/files").await?;
    let printer = &context.printer;
    if printer.structured() || printer.quiet || printer.format == super::super::output::Format::Name {
        return printer.list(&value, "path", "", || Ok(Table::new(&[])));
    }
    let mut out = String::new();
    for file in decode::<Vec<FileView>>(&value)? {
        let content: String = file.content.lines().map(|line| text::clean(line).into_owned() + "\n").collect();
        out.push_str(&format!("{}\n{content}\n", printer.paint.bold(&format!("# {}", text::clean(&file.path)))));
    }
    printer.raw(&out)
}

async fn open(context: &Context, client: &Client, name: &str) -> Result<(), Failure> {
    let app = get(client, name, "").await?;
    let links = app.get("links").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    context.printer.list(&links, "url", &format!("{name} has nothing to open in a browser."), || {
        let mut table = Table::new(&["WHAT", "WHERE"]);
        for link in decode::<Vec<crate::api::types::LinkView>>(&links)? {
            table.row(vec![link.title.into(), link.url.into()]);
        }
        Ok(table)
    })
}
