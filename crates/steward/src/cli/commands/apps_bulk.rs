//! The same for many apps: one operation with a part for each.

use reqwest::Method;
use serde_json::json;

use super::super::client::{Client, decode};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::Waiter;
use super::apps_change::NamedArgs;
use super::operate::{self, Change, Outcome, Sentence};
use super::suggest;
use crate::api::types::DeploymentView;

/// Starts, stops, restarts or updates many.
///
/// # Errors
/// What the server refused, and what came of each part.
pub async fn run(context: &Context, client: &Client, args: NamedArgs, verb: &str) -> Result<Exit, Failure> {
    let NamedArgs { names, all, operate } = args;
    let mut waiter = Waiter::new(&operate.wait)?;
    let apps: Vec<DeploymentView> = decode(&client.get("/deployments", &[]).await?)?;
    let mut ids = Vec::new();
    for name in &names {
        match apps.iter().find(|app| app.name.as_str() == name || app.id.as_str() == name) {
            Some(app) => ids.push(app.id.clone()),
            None => {
                let unknown = Failure::new(Exit::NOT_FOUND, "not_found", format!("there is no deployment `{name}`"));
                return Err(suggest(client, unknown, "/deployments", "name", name).await);
            }
        }
    }
    if all {
        ids = apps.into_iter().map(|app| app.id).collect();
    }
    if ids.is_empty() {
        context.printer.note("There is no app yet.");
        return Ok(Exit::DONE);
    }
    let body = json!({ "kind": "deployment.bulk", "action": verb, "deployment_ids": ids });
    let which = if all { "--all".to_owned() } else { names.join(" ") };
    let mut change = Change {
        method: Method::POST,
        path: "/operations".to_owned(),
        plan: ("/operations/plan".to_owned(), body.clone()),
        body,
        command: format!("steward apps {verb} {which}"),
    };
    if operate.plan {
        return operate::show_plan(context, client, &change).await;
    }
    // A start takes nothing away from anybody.
    let asks = verb != "start";
    if asks && !operate::approve(context, client, &mut change, operate.yes, &format!("{verb} {} apps?", ids.len())).await? {
        return operate::finish(context, client, Outcome::Declined, Sentence::Fixed("")).await;
    }
    let outcome = operate::send(context, client, &mut waiter, &operate.wait, &change).await?;
    operate::finish(context, client, outcome, Sentence::Fixed("are done")).await
}
