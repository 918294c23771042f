//! `steward devices`: the machines.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};
use steward_core::device::{Container, DeviceChange, DeviceStatus, ListeningPort};
use steward_engine::DeviceView;

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::paint::{Paint, Tone};
use super::super::table::{Cell, Table};
use super::super::{text, when};
use super::pick;

const EXAMPLES: &str = "\
Examples:
  steward devices list
  steward devices show nas
  steward devices ports
  steward devices containers nas
  steward devices mark-development nas            let a development instance touch it
";

const MARK_EXAMPLES: &str = "\
Examples:
  steward devices mark-development nas
  steward devices mark-development nas --off
";

/// `steward devices`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum DevicesCommand {
    /// Every device.
    #[command(before_help = EXAMPLES)]
    List,
    /// One device.
    #[command(before_help = EXAMPLES)]
    Show(Which),
    /// What listens on a device.
    #[command(before_help = EXAMPLES)]
    Ports(Which),
    /// Every container on a device, also those that Steward did not make.
    #[command(before_help = EXAMPLES)]
    Containers(Which),
    /// Say that a device is for development: a development instance touches no other.
    #[command(before_help = MARK_EXAMPLES)]
    MarkDevelopment(MarkArgs),
}

/// Options of `steward devices mark-development`.
#[derive(Debug, clap::Args)]
pub struct MarkArgs {
    /// Which device.
    #[command(flatten)]
    pub which: Which,
    /// Take the mark away.
    #[arg(long)]
    pub off: bool,
}

/// A device.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Its name or id; not needed when there is only one.
    #[arg(value_name = "DEVICE")]
    pub device: Option<String>,
}

/// Devices.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: DevicesCommand) -> Result<(), Failure> {
    let client = context.client()?;
    match command {
        DevicesCommand::List => list(context, &client).await,
        DevicesCommand::Show(which) => show(context, &client, which).await,
        DevicesCommand::Ports(which) => ports(context, &client, which).await,
        DevicesCommand::Containers(which) => containers(context, &client, which).await,
        DevicesCommand::MarkDevelopment(args) => mark(context, &client, args).await,
    }
}

/// The device that is meant: the only one when none is named.
pub(super) async fn find(client: &Client, which: Option<String>) -> Result<DeviceView, Failure> {
    let devices: Vec<DeviceView> = decode(&client.get("/devices", &[]).await?)?;
    match (which, devices.as_slice()) {
        (None, [only]) => Ok(only.clone()),
        (None, _) => {
            let known: Vec<&str> = devices.iter().map(|view| view.device.name.as_str()).collect();
            Err(Failure::usage("which device?").hint(format!("There are {}.", known.join(", "))))
        }
        (Some(name), all) => pick(all, "device", &name, |view| [view.device.id.as_str(), view.device.name.as_str()]).cloned(),
    }
}

/// The path of the device that is meant.
async fn path(client: &Client, which: Which) -> Result<String, Failure> {
    Ok(format!("/devices/{}", segment(find(client, which.device).await?.device.id.as_str())))
}

/// A status with its colour.
pub(super) fn status(status: DeviceStatus) -> Cell {
    let tone = match status {
        DeviceStatus::Online => Tone::Good,
        DeviceStatus::Degraded => Tone::Warn,
        DeviceStatus::Offline => Tone::Bad,
    };
    Cell::new(&text::word(&status), tone)
}

fn of(free: u64, total: u64) -> String {
    if total == 0 { String::new() } else { format!("{} of {} free", text::bytes(free), text::bytes(total)) }
}

async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    let value = client.get("/devices", &[]).await?;
    context.printer.list(&value, "name", "There is no device.", || {
        let mut table = Table::new(&["NAME", "STATUS", "APPS", "MEMORY", "DISK", "LOAD", "DOCKER"]);
        for view in decode::<Vec<DeviceView>>(&value)? {
            let facts = view.facts.unwrap_or_default();
            table.row(vec![
                view.device.name.into(),
                status(view.status),
                view.deployments.to_string().into(),
                of(facts.memory_available, facts.memory_total).into(),
                of(facts.disk_available, facts.disk_total).into(),
                format!("{:.1}", facts.load_1m).into(),
                view.engine.map(|engine| engine.version).unwrap_or_default().into(),
            ]);
        }
        Ok(table)
    })
}

async fn show(context: &Context, client: &Client, which: Which) -> Result<(), Failure> {
    let value = client.get(&path(client, which).await?, &[]).await?;
    context.printer.object(&value, "name", || Ok(shown(&decode(&value)?, context.printer.paint)))
}

fn shown(view: &DeviceView, paint: Paint) -> String {
    let device = &view.device;
    let mut out = format!("{} ({}) is {}\n", paint.bold(&text::clean(&device.name)), device.id, text::word(&view.status));
    if let Some(problem) = &view.problem {
        out.push_str(&format!("{}\n  {}\n", paint.bad(&text::clean_block(&problem.message)), text::clean_block(&problem.hint)));
        problem.commands.iter().for_each(|command| out.push_str(&format!("    {}\n", text::clean_block(command))));
    }
    let mut line = |what: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("{what:<9} {}\n", text::clean(&value)));
        }
    };
    if let Some(facts) = &view.facts {
        line("host", facts.hostname.clone());
        line("system", format!("{}, Linux {}, {}", facts.os, facts.kernel, facts.architecture));
        line("cpu", format!("{}, load {:.2}", text::count(facts.cpus as usize, "processor"), facts.load_1m));
        line("memory", of(facts.memory_available, facts.memory_total));
        line("disk", of(facts.disk_available, facts.disk_total));
        line("up", text::duration(std::time::Duration::from_secs(facts.uptime_seconds)));
    }
    if let Some(engine) = &view.engine {
        let compose = engine.compose_version.as_deref().map_or_else(|| "no Compose".to_owned(), |version| format!("Compose {version}"));
        line("docker", format!("{}, {compose}, data in {}", engine.version, engine.data_root));
    }
    line("apps", view.deployments.to_string());
    line("for", if device.development { "development".to_owned() } else { String::new() });
    line("seen", view.observed_at.map(|at| when::ago(at.0)).unwrap_or_default());
    out
}

async fn mark(context: &Context, client: &Client, args: MarkArgs) -> Result<(), Failure> {
    let path = path(client, args.which).await?;
    let change = DeviceChange { development: Some(!args.off) };
    let value = client.ask(Method::PATCH, &path, Some(&json!(change))).await?.body;
    let view: DeviceView = decode(&value)?;
    let said = if args.off { "is no longer marked as a development device" } else { "is marked as a development device" };
    context.printer.done(&value, "name", &format!("{} {said}.", text::clean(&view.device.name)))
}

async fn ports(context: &Context, client: &Client, which: Which) -> Result<(), Failure> {
    let value = client.get(&format!("{}/ports", path(client, which).await?), &[]).await?;
    context.printer.list(&value, "port", "Nothing listens.", || {
        let mut ports: Vec<ListeningPort> = decode(&value)?;
        ports.sort_by_key(|port| (port.port, port.protocol));
        let mut table = Table::new(&["PORT", "WHO LISTENS"]);
        for port in ports {
            table.row(vec![format!("{}/{}", port.port, port.protocol.as_str()).into(), port.owner.unwrap_or_default().into()]);
        }
        Ok(table)
    })
}

async fn containers(context: &Context, client: &Client, which: Which) -> Result<(), Failure> {
    let value: Value = client.get(&format!("{}/containers", path(client, which).await?), &[]).await?;
    context.printer.list(&value, "name", "There is no container.", || {
        let mut table = Table::new(&["NAME", "STATE", "PROJECT", "IMAGE"]);
        for container in decode::<Vec<Container>>(&value)? {
            let project = container.project().unwrap_or_default().to_owned();
            table.row(vec![container.name.into(), text::word(&container.state).into(), project.into(), container.image.into()]);
        }
        Ok(table)
    })
}
