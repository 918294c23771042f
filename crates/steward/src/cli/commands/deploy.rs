//! `steward plan` and `steward deploy`.

use reqwest::Method;
use serde_json::{Map, Value, json};
use steward_engine::DeviceView;

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::Waiter;
use super::super::parse;
use super::operate::{self, Change, OperateArgs, Outcome, Sentence};
use super::{pick, suggest};

const PLAN_EXAMPLES: &str = "\
Examples:
  steward plan hello
  steward plan hello --port 80/tcp=8081 --json
";
const DEPLOY_EXAMPLES: &str = "\
Examples:
  steward deploy hello
  steward deploy hello --name greeter --port 80/tcp=8081 --set title='Good morning'
  steward deploy hello --plan              only show what would be done
  steward deploy hello --yes --timeout 10m in scripts
";

/// What is deployed, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct What {
    /// The application: its name in the catalog.
    #[arg(value_name = "SLUG")]
    pub slug: String,
    /// The app's name; the application's own without it.
    #[arg(long)]
    pub name: Option<String>,
    /// A setting, such as title=Home; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// A port on the device, such as 80/tcp=8081; may be repeated.
    #[arg(long = "port", value_name = "INTERNAL[/PROTO]=EXTERNAL")]
    pub ports: Vec<String>,
    /// The device, by name or id; the best one without it.
    #[arg(long)]
    pub device: Option<String>,
}

/// Options of `steward plan`.
#[derive(Debug, clap::Args)]
#[command(before_help = PLAN_EXAMPLES)]
pub struct PlanArgs {
    /// What would be deployed.
    #[command(flatten)]
    pub what: What,
}

/// Options of `steward deploy`.
#[derive(Debug, clap::Args)]
#[command(before_help = DEPLOY_EXAMPLES)]
pub struct DeployArgs {
    /// What to deploy.
    #[command(flatten)]
    pub what: What,
    /// How.
    #[command(flatten)]
    pub operate: OperateArgs,
}

async fn change(client: &Client, what: &What) -> Result<Change, Failure> {
    let settings = parse::settings(&what.settings)?;
    let ports = parse::ports(&what.ports)?;
    let mut body = Map::new();
    body.extend(what.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
    if let Some(device) = &what.device {
        let devices: Vec<DeviceView> = decode(&client.get("/devices", &[]).await?)?;
        let device = pick(&devices, "device", device, |view| [view.device.id.as_str(), &view.device.name])?;
        body.insert("device_id".to_owned(), json!(device.device.id));
    }
    if !settings.is_empty() {
        body.insert("settings".to_owned(), Value::Object(settings));
    }
    if !ports.is_empty() {
        body.insert("ports".to_owned(), json!(ports));
    }
    let base = format!("/applications/{}", segment(&what.slug));
    let body = Value::Object(body);
    Ok(Change {
        method: Method::POST,
        path: format!("{base}/deploy"),
        plan: (format!("{base}/plan"), body.clone()),
        body,
        command: command(what),
    })
}

/// What was typed, without ports, which a fix replaces, and without settings, which may be secret.
fn command(what: &What) -> String {
    if !what.settings.is_empty() || what.ports.len() > 1 {
        return "the same with".to_owned();
    }
    let name = what.name.as_ref().map(|name| format!(" --name {name}")).unwrap_or_default();
    let device = what.device.as_ref().map(|device| format!(" --device {device}")).unwrap_or_default();
    format!("steward deploy {}{name}{device}", what.slug)
}

async fn known(client: &Client, failure: Failure, slug: &str) -> Failure {
    suggest(client, failure, "/applications", "slug", slug).await
}

/// Shows what deploying would do.
///
/// # Errors
/// What the server refused, or a failed check.
pub async fn plan(context: &Context, args: PlanArgs) -> Result<Exit, Failure> {
    let client = context.client()?;
    let change = change(&client, &args.what).await?;
    match operate::show_plan(context, &client, &change).await {
        Ok(exit) => Ok(exit),
        Err(failure) => Err(known(&client, failure, &args.what.slug).await),
    }
}

/// Deploys.
///
/// # Errors
/// What the server refused, and everything that can come of it.
pub async fn deploy(context: &Context, args: DeployArgs) -> Result<Exit, Failure> {
    let DeployArgs { what, operate } = args;
    let mut waiter = Waiter::new(&operate.wait)?;
    let client = context.client()?;
    let mut change = change(&client, &what).await?;
    let outcome = if operate.plan {
        operate::show_plan(context, &client, &change).await
    } else {
        go(context, &client, &mut waiter, &operate, &mut change).await
    };
    match outcome {
        Ok(exit) => Ok(exit),
        Err(failure) => Err(known(&client, failure, &what.slug).await),
    }
}

async fn go(context: &Context, client: &Client, waiter: &mut Waiter, args: &OperateArgs, change: &mut Change) -> Result<Exit, Failure> {
    let outcome = if operate::approve(context, client, change, args.yes, "Deploy?").await? {
        operate::send(context, client, waiter, &args.wait, change).await?
    } else {
        Outcome::Declined
    };
    operate::finish(context, client, outcome, Sentence::App).await
}
