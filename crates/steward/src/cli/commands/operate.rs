//! What every command that changes something has in common: plan, ask, send, wait, say what came of it.

use reqwest::Method;
use serde_json::{Value, json};
use steward_core::operation::State;
use steward_core::plan::Plan;

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::{Ended, WaitArgs, Waiter, conclude};
use super::super::{plan_view, prompt, text};
use crate::api::types::{Accepted, DeploymentView};

/// Options of every command that changes something.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OperateArgs {
    /// Only show what would be done; exit code 5 when a check fails.
    #[arg(long)]
    pub plan: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
    /// How long to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// One change that is asked for.
pub struct Change {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The body.
    pub body: Value,
    /// Where its plan is, and what is sent there.
    pub plan: (String, Value),
    /// What was typed, to be repeated with what would mend a failed check.
    pub command: String,
}

/// What came of a change.
pub enum Outcome {
    /// It is accepted, and nobody waits; the operation, as the API gives it.
    Accepted(Value),
    /// Everything was so already.
    Unchanged(Box<Ended>),
    /// It came to rest.
    Ended(Box<Ended>),
    /// The person said no.
    Declined,
}

/// Fetches a plan.
///
/// # Errors
/// What the server refused.
pub async fn plan(client: &Client, change: &Change) -> Result<(Value, Plan), Failure> {
    let (path, body) = &change.plan;
    let answer = client.ask(Method::POST, path, Some(body)).await?;
    let plan = decode(&answer.body)?;
    Ok((answer.body, plan))
}

/// Prints a plan: 0, or 5 when a check fails.
///
/// # Errors
/// What the server refused.
pub async fn show_plan(context: &Context, client: &Client, change: &Change) -> Result<Exit, Failure> {
    let (value, plan) = plan(client, change).await?;
    context.printer.object(&value, "target", || Ok(plan_view::full(&plan, context.printer.paint)))?;
    match plan_view::refused(&plan, &change.command) {
        Some(failure) => Err(failure),
        None => Ok(Exit::DONE),
    }
}

/// Shows the plan and asks, when somebody is there. Gives false when the answer is no. The change
/// is then bound to the plan that was seen.
///
/// # Errors
/// What the server refused, or a failed check.
pub async fn approve(context: &Context, client: &Client, change: &mut Change, yes: bool, question: &str) -> Result<bool, Failure> {
    if yes || !context.printer.interactive {
        return Ok(true);
    }
    let (_, plan) = plan(client, change).await?;
    context.printer.tell(plan_view::short(&plan, context.printer.paint_err).trim_end());
    if !plan.changed {
        return Ok(true);
    }
    if let Some(failure) = plan_view::refused(&plan, &change.command) {
        return Err(failure);
    }
    if let Some(fields) = change.body.as_object_mut().filter(|_| change.method != Method::DELETE) {
        fields.insert("plan_hash".to_owned(), json!(plan.hash));
    }
    prompt::confirm(question)
}

/// Sends a change, and waits for it unless that is not wanted.
///
/// # Errors
/// What the server refused, and everything that can come of waiting.
pub async fn send(context: &Context, client: &Client, waiter: &mut Waiter, wait: &WaitArgs, change: &Change) -> Result<Outcome, Failure> {
    let answer =
        client.operate(change.method.clone(), &change.path, &change.body).await.map_err(|failure| with_plan(failure, &change.command))?;
    let accepted: Accepted = decode(&answer.body)?;
    let id = accepted.operation.id.as_str();
    if accepted.unchanged {
        let value = client.get(&format!("/operations/{}", segment(id)), &[]).await?;
        let detail = decode(&value)?;
        return Ok(Outcome::Unchanged(Box::new(Ended { value, detail })));
    }
    if wait.no_wait {
        return Ok(Outcome::Accepted(answer.body.get("operation").cloned().unwrap_or_default()));
    }
    Ok(Outcome::Ended(Box::new(waiter.wait(context, client, id).await?)))
}

/// A refusal that brings its plan says which flags would mend it.
fn with_plan(failure: Failure, command: &str) -> Failure {
    let better = failure.plan.as_ref().filter(|_| failure.exit == Exit::PREFLIGHT).and_then(|plan| plan_view::refused(plan, command));
    match better {
        Some(better) => Failure { operation: failure.operation.clone(), ..better },
        None => failure,
    }
}

/// Says what came of a change. `sentence` is asked only for people.
///
/// # Errors
/// When it did not end as it should.
pub async fn finish(context: &Context, client: &Client, outcome: Outcome, sentence: Sentence<'_>) -> Result<Exit, Failure> {
    let printer = &context.printer;
    match outcome {
        Outcome::Declined => {
            printer.note("Nothing was done.");
            Ok(Exit::DONE)
        }
        Outcome::Accepted(operation) => {
            let id = operation.get("id").map(text::value).unwrap_or_default();
            printer.object(&operation, "id", || Ok(format!("{id}\n")))?;
            printer.note(&format!("Follow it with: steward ops watch {id}"));
            Ok(Exit::DONE)
        }
        Outcome::Unchanged(ended) => {
            let target = ended.detail.operation.target.clone();
            conclude(context, &ended, &target, &format!("{target} is so already; nothing was changed."))
        }
        Outcome::Ended(ended) => {
            let target = ended.detail.operation.target.clone();
            let wordless = printer.structured() || printer.quiet || ended.detail.operation.state != State::Succeeded;
            let said = match sentence {
                _ if wordless => String::new(),
                Sentence::Fixed(words) => format!("{target} {words}."),
                Sentence::App => app_sentence(client, &target).await,
            };
            conclude(context, &ended, &target, &said)
        }
    }
}

/// What is said when all went well.
#[derive(Clone, Copy)]
pub enum Sentence<'a> {
    /// The target and these words.
    Fixed(&'a str),
    /// How the app is, and where it can be opened.
    App,
}

/// `hello is running: http://nas:8080`, and what to do after the first start.
async fn app_sentence(client: &Client, name: &str) -> String {
    let app = match client.get(&format!("/deployments/{}", segment(name)), &[]).await {
        Ok(value) => decode::<DeploymentView>(&value).ok(),
        // It did work; that it cannot be looked at now is no failure of it.
        Err(_) => None,
    };
    let Some(app) = app else { return format!("{name} is done.") };
    let mut said = format!("{name} is {} on {}", text::word(&app.state), text::clean(&app.device));
    match app.links.as_slice() {
        [] => said.push('.'),
        [link] => said.push_str(&format!(": {}", text::clean(&link.url))),
        links => links.iter().for_each(|link| said.push_str(&format!("\n  {}: {}", text::clean(&link.title), text::clean(&link.url)))),
    }
    said
}
