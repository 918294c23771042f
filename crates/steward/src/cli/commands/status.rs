//! `steward status`: whether everything is all right, in sentences.

use serde_json::{Value, json};
use steward_core::deployment::DeploymentState;
use steward_core::device::DeviceStatus;
use steward_core::reconciler::ReconcilerStatus;
use steward_engine::DeviceView;

use super::super::client::{self, decode};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::paint::Paint;
use super::super::text;
use crate::api::types::{DeploymentView, Health, HealthStatus, HttpsView, Version};

/// Something that is wrong.
struct Problem {
    target: String,
    message: String,
    hint: String,
}

/// How the server, its devices and its apps are.
///
/// # Errors
/// What the server refused, or that it does not answer.
pub async fn run(context: &Context) -> Result<(), Failure> {
    let client = context.client()?;
    let health = client.get("/system/health", &[]).await?;
    let read: Health = decode(&health)?;
    if !read.claimed {
        let message = format!("Steward {} at {} has no owner yet", read.version, client::shown(client.base()));
        return Err(Failure::new(super::super::exit::Exit::NOT_ALLOWED, "not_claimed", message)
            .hint("Take the address that the server printed when it started: steward setup --url ADDRESS --user NAME"));
    }
    let devices = client.get("/devices", &[]).await?;
    let apps = client.get("/deployments", &[]).await?;
    let device_views: Vec<DeviceView> = decode(&devices)?;
    let app_views: Vec<DeploymentView> = decode(&apps)?;
    let version = client.get("/system/version", &[]).await?;
    let development = decode::<Version>(&version)?.development;
    let tasks: Vec<ReconcilerStatus> = decode(&client.get("/reconcilers", &[]).await?)?;
    let mut problems = problems(&read, &device_views, &app_views);
    let https: HttpsView = decode(&client.get("/system/https", &[]).await?)?;
    problems.extend(open(&https));
    problems.extend(tasks.iter().filter_map(failing));
    let said = sentences(&read, client::shown(client.base()), &device_views, &app_views, &problems, development, context.printer.paint);
    let shown = json!({
        "status": if problems.is_empty() { "ok" } else { "problems" },
        "url": client::shown(client.base()),
        "development": development,
        "health": health,
        "devices": devices,
        "deployments": apps,
        "problems": problems.iter().map(shown).collect::<Vec<Value>>(),
    });
    context.printer.object(&shown, "status", || Ok(said))
}

fn shown(problem: &Problem) -> Value {
    json!({ "target": problem.target, "message": problem.message, "hint": problem.hint })
}

fn problems(health: &Health, devices: &[DeviceView], apps: &[DeploymentView]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for view in devices.iter().filter(|view| view.status != DeviceStatus::Online) {
        let name = view.device.name.clone();
        let message = match &view.problem {
            Some(problem) => format!("{name} is {}: {}", text::word(&view.status), problem.message),
            None => format!("{name} is {}", text::word(&view.status)),
        };
        problems.push(Problem { hint: format!("steward devices show {name}"), target: name, message });
    }
    for app in apps {
        let name = app.name.to_string();
        let hint = match app.state {
            DeploymentState::Failed | DeploymentState::Degraded => format!("steward logs {name}"),
            _ => continue,
        };
        problems.push(Problem { message: format!("{name} is {}", text::word(&app.state)), target: name, hint });
    }
    if problems.is_empty() && health.status == HealthStatus::Degraded {
        let message = "the server says that something it needs does not answer".to_owned();
        problems.push(Problem { target: "steward".to_owned(), message, hint: "Look at the server's own log.".to_owned() });
    }
    problems
}

/// What is wrong with how the server is reached.
fn open(https: &HttpsView) -> Option<Problem> {
    let hint = "Look at `steward serve --help` for HTTPS.";
    let exposed = "plain HTTP is spoken where other machines reach it: passwords and sign-ins can be read on the way";
    let message = https.problem.clone().or_else(|| https.exposed.then(|| exposed.to_owned()))?;
    Some(Problem { target: "steward".to_owned(), message, hint: hint.to_owned() })
}

/// What is wrong with a background task whose last activation failed.
fn failing(task: &ReconcilerStatus) -> Option<Problem> {
    let failure = task.failure.as_ref()?;
    let times = if task.failures > 1 { format!(" {} times in a row", task.failures) } else { String::new() };
    let message = format!("the background task {} failed{times}: {}", task.name, failure.message);
    Some(Problem { target: task.name.clone(), message, hint: format!("steward reconcilers run {}", task.name) })
}

fn sentences(
    health: &Health,
    url: &str,
    devices: &[DeviceView],
    apps: &[DeploymentView],
    problems: &[Problem],
    development: bool,
    paint: Paint,
) -> String {
    let verdict = match problems.len() {
        0 => paint.good("All good."),
        number => paint.bad(&format!("{}:", text::count(number, "problem"))),
    };
    let mut out = format!("{verdict}\n");
    for problem in problems {
        out.push_str(&format!("  {}  {}\n", text::clean_block(&problem.message), paint.dim(&text::clean_block(&problem.hint))));
    }
    let online = devices.iter().filter(|view| view.status == DeviceStatus::Online).count();
    let devices_said = match (devices.len(), online) {
        (1, 1) => "1 device, online".to_owned(),
        (all, online) => format!("{}, {online} online", text::count(all, "device")),
    };
    out.push_str(&format!("{devices_said}. {}.\n", apps_said(apps)));
    out.push_str(&format!("Steward {} at {url}\n", text::clean(&health.version)));
    if development {
        let marked = devices.iter().filter(|view| view.device.development).count();
        let touched = format!("{} of {}", marked, text::count(devices.len(), "device"));
        out.push_str(&format!("{} It may touch {touched}.\n", paint.warn("This is a development instance.")));
    }
    out
}

fn apps_said(apps: &[DeploymentView]) -> String {
    const ORDER: [DeploymentState; 6] = [
        DeploymentState::Running,
        DeploymentState::Deploying,
        DeploymentState::Degraded,
        DeploymentState::Failed,
        DeploymentState::Stopped,
        DeploymentState::Unknown,
    ];
    if apps.is_empty() {
        return "No apps yet".to_owned();
    }
    let counts = ORDER.iter().filter_map(|state| {
        let number = apps.iter().filter(|app| app.state == *state).count();
        (number > 0).then(|| format!("{number} {}", text::word(state)))
    });
    format!("{}: {}", text::count(apps.len(), "app"), counts.collect::<Vec<_>>().join(", "))
}
