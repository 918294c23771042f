//! What is typed to make or change a schedule.

use serde_json::{Value, json};

use super::super::client::{Client, segment};
use super::super::failure::Failure;
use super::super::when;
use super::suggest;

const ADD_EXAMPLES: &str = "\
Examples:
  steward schedules add nightly --cron \"0 3 * * *\" --zone Europe/Berlin restart photos
  steward schedules add weekend-off --cron \"0 22 * * FRI\" stop games
  steward schedules add updates --cron \"30 4 * * MON,THU\" --window 120 --jitter 600 --catch-up update photos
  steward schedules add own-backup --cron \"0 4 * * *\" --catch-up backup      Steward's own state
  steward schedules add back --cron \"0 5 1 * *\" --request '{\"kind\":\"deployment.rollback\",\"deployment_id\":\"dep_0123456789abcdef\",\"revision\":1}'
";

const EDIT_EXAMPLES: &str = "\
Examples:
  steward schedules edit nightly --cron \"30 2 * * *\"
  steward schedules edit nightly --zone UTC --overlap wait
  steward schedules edit nightly --name weekly --cron \"0 3 * * SUN\" update photos
";

/// What is to be done.
#[derive(Debug, clap::Args)]
pub struct WhatArgs {
    /// restart, stop, start or update an app; or backup, of Steward's own state.
    pub action: Option<String>,
    /// The app.
    pub app: Option<String>,
    /// Any other operation, as the API takes it.
    #[arg(long, value_name = "JSON", conflicts_with = "action")]
    pub request: Option<String>,
}

/// How it is to be done.
#[derive(Debug, clap::Args)]
pub struct HowArgs {
    /// The time zone, such as Europe/Berlin; this machine's when absent.
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// How late a run may still start; 60 when absent.
    #[arg(long, value_name = "MINUTES")]
    pub window: Option<u32>,
    /// By how much at most a run is put off.
    #[arg(long, value_name = "SECONDS")]
    pub jitter: Option<u32>,
    /// What happens when an earlier run is still under way: skip or wait.
    #[arg(long, value_name = "POLICY")]
    pub overlap: Option<String>,
    /// Make up for one run after a downtime longer than the window.
    #[arg(long)]
    pub catch_up: bool,
    /// Do not make up for anything.
    #[arg(long, conflicts_with = "catch_up")]
    pub no_catch_up: bool,
}

/// Options of `steward schedules add`.
#[derive(Debug, clap::Args)]
#[command(before_help = ADD_EXAMPLES)]
pub struct AddArgs {
    /// The schedule's name.
    pub name: String,
    /// When: minute, hour, day of the month, month, day of the week.
    #[arg(long, value_name = "CRON")]
    pub cron: String,
    /// What.
    #[command(flatten)]
    pub what: WhatArgs,
    /// How.
    #[command(flatten)]
    pub how: HowArgs,
}

/// Options of `steward schedules edit`.
#[derive(Debug, clap::Args)]
#[command(before_help = EDIT_EXAMPLES)]
pub struct EditArgs {
    /// The schedule's name.
    #[arg(value_name = "SCHEDULE")]
    pub name: String,
    /// Its new name.
    #[arg(long = "name", value_name = "NAME")]
    pub new_name: Option<String>,
    /// When: minute, hour, day of the month, month, day of the week.
    #[arg(long, value_name = "CRON")]
    pub cron: Option<String>,
    /// What.
    #[command(flatten)]
    pub what: WhatArgs,
    /// How.
    #[command(flatten)]
    pub how: HowArgs,
}

impl HowArgs {
    /// The zone that was named, or this machine's.
    pub fn zone_or_here(&self) -> String {
        self.zone.clone().unwrap_or_else(when::zone)
    }

    /// Puts what was named into a body.
    pub fn put_into(&self, body: &mut Value) {
        let Some(fields) = body.as_object_mut() else { return };
        fields.extend(self.window.map(|window| ("window_minutes".to_owned(), json!(window))));
        fields.extend(self.jitter.map(|jitter| ("jitter_seconds".to_owned(), json!(jitter))));
        fields.extend(self.overlap.as_ref().map(|overlap| ("overlap".to_owned(), json!(overlap))));
        if self.catch_up || self.no_catch_up {
            fields.insert("catch_up".to_owned(), json!(self.catch_up));
        }
    }
}

/// The request that is meant; none when nothing was said.
///
/// # Errors
/// When it is no JSON, no known action, or about an app that does not exist.
pub async fn what(client: &Client, action: Option<&str>, app: Option<&str>, request: Option<&str>) -> Result<Option<Value>, Failure> {
    if let Some(text) = request {
        let read = serde_json::from_str(text).map_err(|error| Failure::value("request", format!("this is no JSON: {error}")));
        return read.map(Some);
    }
    let Some(action) = action else { return Ok(None) };
    if action == "backup" {
        return match app {
            None => Ok(Some(json!({ "kind": "steward.backup" }))),
            Some(_) => Err(Failure::usage("a backup is of Steward's own state, not of an app")),
        };
    }
    if !["restart", "stop", "start", "update"].contains(&action) {
        return Err(Failure::value("request", format!("`{action}` is nothing that can be done to an app"))
            .hint("Write restart, stop, start or update, backup without an app, or --request JSON for any other operation."));
    }
    let Some(app) = app else {
        return Err(Failure::usage("the app's name is missing").hint(format!("Write: {action} NAME")));
    };
    let found = match client.get(&format!("/deployments/{}", segment(app)), &[]).await {
        Ok(found) => found,
        Err(failure) => return Err(suggest(client, failure, "/deployments", "name", app).await),
    };
    Ok(Some(json!({ "kind": format!("deployment.{action}"), "deployment_id": found["id"] })))
}
