//! `steward apps start`, `stop`, `restart`, `update`, `set`, `rollback`, `remove`.

use reqwest::Method;
use serde_json::{Map, Value, json};
use steward_engine::VolumeView;

use super::super::client::{Client, decode};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::{Waiter, conclude};
use super::super::{parse, prompt, text};
use super::apps::path;
use super::operate::{self, Change, OperateArgs, Outcome, Sentence};
use super::{apps_bulk, suggest, volumes};

const POWER_EXAMPLES: &str = "\
Examples:
  steward apps stop hello
  steward apps start hello
  steward apps restart hello --no-wait
  steward apps restart hello photos      each as an operation of its own
  steward apps update --all --plan
";
const SET_EXAMPLES: &str = "\
Examples:
  steward apps set hello title='Good morning'
  steward apps set hello --port 80/tcp=8082 --plan
  steward apps set hello --unset title           back to its default
";
const ROLLBACK_EXAMPLES: &str = "\
Examples:
  steward apps history hello
  steward apps rollback hello 1
";
const REMOVE_EXAMPLES: &str = "\
Examples:
  steward apps remove hello                                      keeps its data
  steward apps remove hello --delete-data --confirm hello        deletes its data too
";

/// Apps, and how to change them.
#[derive(Debug, clap::Args)]
#[command(before_help = POWER_EXAMPLES)]
pub struct NamedArgs {
    /// The names of the apps.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,
    /// Every app.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// How.
    #[command(flatten)]
    pub operate: OperateArgs,
}

impl NamedArgs {
    /// The one app, or else all of them back.
    fn one(mut self) -> Result<(String, OperateArgs), Self> {
        match self.names.pop() {
            Some(name) if self.names.is_empty() => Ok((name, self.operate)),
            last => {
                self.names.extend(last);
                Err(self)
            }
        }
    }
}

/// Options of `steward apps set`.
#[derive(Debug, clap::Args)]
#[command(before_help = SET_EXAMPLES)]
pub struct SetArgs {
    /// The app's name.
    pub name: String,
    /// Settings to change.
    #[arg(value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// The same, as `steward deploy` has it; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub more: Vec<String>,
    /// A port on the device to change, such as 80/tcp=8081; may be repeated.
    #[arg(long = "port", value_name = "INTERNAL[/PROTO]=EXTERNAL")]
    pub ports: Vec<String>,
    /// A setting that returns to its default; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
    /// How.
    #[command(flatten)]
    pub operate: OperateArgs,
}

/// Options of `steward apps rollback`.
#[derive(Debug, clap::Args)]
#[command(before_help = ROLLBACK_EXAMPLES)]
pub struct RollbackArgs {
    /// The app's name.
    pub name: String,
    /// The revision's number, as `steward apps history` shows it.
    pub revision: u32,
    /// How.
    #[command(flatten)]
    pub operate: OperateArgs,
}

/// Options of `steward apps remove`.
#[derive(Debug, clap::Args)]
#[command(before_help = REMOVE_EXAMPLES)]
pub struct RemoveArgs {
    /// The app's name.
    pub name: String,
    /// Delete its data too. This cannot be undone.
    #[arg(long, conflicts_with = "no_wait")]
    pub delete_data: bool,
    /// The app's name again, to delete its data.
    #[arg(long, value_name = "NAME", requires = "delete_data")]
    pub confirm: Option<String>,
    /// How.
    #[command(flatten)]
    pub operate: OperateArgs,
}

/// A change of an app. `action` is the plan's word for it.
fn change(name: &str, method: Method, below: &str, body: Value, action: &str, command: String) -> Change {
    let mut plan = body.clone();
    if let Some(fields) = plan.as_object_mut() {
        fields.insert("action".to_owned(), json!(action));
    }
    Change { method, path: format!("{}{below}", path(name)), body, plan: (format!("{}/plan", path(name)), plan), command }
}

/// Plans, or asks, sends and waits. `question` is asked only when there is one.
async fn run(
    context: &Context,
    client: &Client,
    name: &str,
    args: &OperateArgs,
    mut change: Change,
    question: Option<&str>,
    sentence: Sentence<'_>,
) -> Result<Exit, Failure> {
    let mut waiter = Waiter::new(&args.wait)?;
    let outcome = async {
        if args.plan {
            return operate::show_plan(context, client, &change).await;
        }
        let go = match question {
            Some(question) => operate::approve(context, client, &mut change, args.yes, question).await?,
            None => true,
        };
        let outcome = if go { operate::send(context, client, &mut waiter, &args.wait, &change).await? } else { Outcome::Declined };
        operate::finish(context, client, outcome, sentence).await
    };
    match outcome.await {
        Ok(exit) => Ok(exit),
        Err(failure) => Err(suggest(client, failure, "/deployments", "name", name).await),
    }
}

/// Starts, stops or restarts.
///
/// # Errors
/// What the server refused, and everything that can come of it.
pub async fn power(context: &Context, client: &Client, args: NamedArgs, verb: &str) -> Result<Exit, Failure> {
    let (name, operate) = match args.one() {
        Ok(one) => one,
        Err(many) => return apps_bulk::run(context, client, many, verb).await,
    };
    let change = change(&name, Method::POST, &format!("/{verb}"), json!({}), verb, format!("steward apps {verb} {name}"));
    let sentence = if verb == "stop" { Sentence::Fixed("is stopped") } else { Sentence::App };
    run(context, client, &name, &operate, change, None, sentence).await
}

/// Brings an app to the catalog's present definition.
///
/// # Errors
/// What the server refused, and everything that can come of it.
pub async fn update(context: &Context, client: &Client, args: NamedArgs) -> Result<Exit, Failure> {
    let (name, operate) = match args.one() {
        Ok(one) => one,
        Err(many) => return apps_bulk::run(context, client, many, "update").await,
    };
    let change = change(&name, Method::PATCH, "", json!({}), "update", format!("steward apps update {name}"));
    run(context, client, &name, &operate, change, Some("Update?"), Sentence::App).await
}

/// Changes settings and ports.
///
/// # Errors
/// What the server refused, and everything that can come of it.
pub async fn set(context: &Context, client: &Client, args: SetArgs) -> Result<Exit, Failure> {
    let SetArgs { name, mut settings, more, ports, unset, operate } = args;
    settings.extend(more);
    let mut given = parse::settings(&settings)?;
    let ports = parse::ports(&ports)?;
    for key in unset {
        if given.insert(key.clone(), Value::Null).is_some() {
            return Err(Failure::value(&format!("settings.{key}"), format!("the setting `{key}` is both set and unset")));
        }
    }
    if given.is_empty() && ports.is_empty() {
        return Err(Failure::usage("there is nothing to set")
            .hint(format!("steward apps set {name} KEY=VALUE; `steward apps config {name}` lists what there is.")));
    }
    let mut body = Map::new();
    if !given.is_empty() {
        body.insert("settings".to_owned(), Value::Object(given));
    }
    if !ports.is_empty() {
        body.insert("ports".to_owned(), json!(ports));
    }
    let change = change(&name, Method::PATCH, "", Value::Object(body), "update", "the same with".to_owned());
    run(context, client, &name, &operate, change, Some("Change?"), Sentence::App).await
}

/// Returns to an earlier revision.
///
/// # Errors
/// What the server refused, and everything that can come of it.
pub async fn rollback(context: &Context, client: &Client, args: RollbackArgs) -> Result<Exit, Failure> {
    let RollbackArgs { name, revision, operate } = args;
    let command = format!("steward apps rollback {name} {revision}");
    let change = change(&name, Method::POST, "/rollback", json!({ "revision": revision }), "rollback", command);
    run(context, client, &name, &operate, change, Some("Roll back?"), Sentence::App).await
}

/// Removes an app; deletes its data too when that is asked for and confirmed.
///
/// # Errors
/// What the server refused, and everything that can come of it.
pub async fn remove(context: &Context, client: &Client, args: RemoveArgs) -> Result<Exit, Failure> {
    let RemoveArgs { name, delete_data, confirm, operate } = args;
    let change = change(&name, Method::DELETE, "", json!({}), "remove", format!("steward apps remove {name}"));
    if !delete_data || operate.plan {
        return run(
            context,
            client,
            &name,
            &operate,
            change,
            Some("Remove? Its data stays."),
            Sentence::Fixed("is removed; its data stays"),
        )
        .await;
    }
    let mut waiter = Waiter::new(&operate.wait)?;
    let app = match client.get(&path(&name), &[]).await {
        Ok(app) => app,
        Err(failure) => return Err(suggest(client, failure, "/deployments", "name", &name).await),
    };
    // The app may have been named by its id; its data goes by its name.
    let name = app.get("name").map_or(name, text::value);
    let data: Vec<VolumeView> = decode(&client.get("/volumes", &[]).await?)?;
    let data: Vec<VolumeView> = data.into_iter().filter(|volume| volume.deployment.as_deref() == Some(name.as_str())).collect();
    let effect = format!("This removes {name} and deletes {} with all that is in it, for good.", text::count(data.len(), "volume"));
    prompt::typed_name(&context.printer, confirm.as_deref(), &name, &effect)?;

    let ended = match operate::send(context, client, &mut waiter, &operate.wait, &change).await? {
        Outcome::Ended(ended) | Outcome::Unchanged(ended) => ended,
        other => return operate::finish(context, client, other, Sentence::Fixed("is removed")).await,
    };
    if ended.detail.operation.state != steward_core::operation::State::Succeeded {
        return conclude(context, &ended, &name, "");
    }
    let mut deleted = Vec::new();
    for volume in &data {
        let change = volumes::deletion(volume.device_id.as_str(), volume.name.as_str());
        match operate::send(context, client, &mut waiter, &operate.wait, &change).await? {
            Outcome::Ended(gone) | Outcome::Unchanged(gone) if gone.detail.operation.state == steward_core::operation::State::Succeeded => {
                deleted.push(gone.value);
            }
            other => return operate::finish(context, client, other, Sentence::Fixed("is deleted")).await,
        }
    }
    let mut record = ended.value;
    if let Some(fields) = record.as_object_mut() {
        fields.insert("volumes_deleted".to_owned(), Value::Array(deleted));
        fields.insert("name".to_owned(), json!(name));
    }
    context.printer.done(&record, "name", &format!("{name} is removed, and {} with it.", text::count(data.len(), "volume")))?;
    Ok(Exit::DONE)
}
