//! `steward schedules`: what is done at due times.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};
use steward_core::schedule::RunOutcome;
use steward_engine::{RunView, SchedulePreview, ScheduleView};

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::state_word;
use super::super::follow::{WaitArgs, Waiter};
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{prompt, when};
use super::operate::{self, Change, Sentence};
use super::schedules_args::{AddArgs, EditArgs, what};
use super::{ops, schedules_view as view, suggest};

const EXAMPLES: &str = "\
Examples:
  steward schedules list
  steward schedules add nightly --cron \"0 3 * * *\" restart photos
  steward schedules preview \"*/20 8-17 * * MON-FRI\" --zone Europe/Berlin --count 5
  steward schedules runs nightly
  steward schedules pause nightly
  steward schedules remove nightly --yes
";

/// `steward schedules`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum SchedulesCommand {
    /// Every schedule, when it runs next, and what came of its last run.
    #[command(before_help = EXAMPLES)]
    List,
    /// One schedule.
    #[command(before_help = EXAMPLES)]
    Show {
        /// Its name.
        name: String,
    },
    /// Make a schedule.
    Add(AddArgs),
    /// Change a schedule; what is not named stays.
    Edit(EditArgs),
    /// Remove a schedule; what it did stays in the operations and in the audit.
    #[command(before_help = EXAMPLES)]
    Remove {
        /// Its name.
        name: String,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
    /// Do now what a schedule does, as yourself.
    #[command(before_help = EXAMPLES)]
    Run {
        /// Its name.
        name: String,
        /// How long to wait.
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Pause a schedule.
    #[command(before_help = EXAMPLES)]
    Pause {
        /// Its name.
        name: String,
    },
    /// Let a paused schedule run again; what was due meanwhile is not made up for.
    #[command(before_help = EXAMPLES)]
    Resume {
        /// Its name.
        name: String,
    },
    /// What came of a schedule's due times, the newest first.
    #[command(before_help = EXAMPLES)]
    Runs {
        /// Its name.
        name: String,
        /// How many; at most 500.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// What a cron expression means, and when it is due next.
    #[command(before_help = EXAMPLES)]
    Preview {
        /// Minute, hour, day of the month, month, day of the week.
        cron: String,
        /// The time zone; this machine's when absent.
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
        /// How many due times; at most 100.
        #[arg(long, value_name = "N", default_value_t = 3)]
        count: u32,
    },
}

/// Schedules.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: SchedulesCommand) -> Result<Exit, Failure> {
    let client = context.client()?;
    match command {
        SchedulesCommand::List => list(context, &client).await,
        SchedulesCommand::Show { name } => {
            let value = fetch(&client, &name).await?;
            context.printer.object(&value, "name", || Ok(view::shown(&decode::<ScheduleView>(&value)?, context.printer.paint)))
        }
        SchedulesCommand::Add(args) => add(context, &client, args).await,
        SchedulesCommand::Edit(args) => edit(context, &client, args).await,
        SchedulesCommand::Remove { name, yes } => remove(context, &client, &name, yes).await,
        SchedulesCommand::Run { name, wait } => return run_now(context, &client, &name, &wait).await,
        SchedulesCommand::Pause { name } => {
            let value = ask(&client, Method::POST, &name, "/pause", None).await?;
            context.printer.done(&value, "name", &format!("{name} is paused."))
        }
        SchedulesCommand::Resume { name } => {
            let value = ask(&client, Method::POST, &name, "/resume", None).await?;
            let next = view::next_sentence(&decode(&value)?);
            context.printer.done(&value, "name", &format!("{name} runs again. {next}"))
        }
        SchedulesCommand::Runs { name, limit } => runs(context, &client, &name, limit).await,
        SchedulesCommand::Preview { cron, zone, count } => preview(context, &client, &cron, zone, count).await,
    }
    .map(|()| Exit::DONE)
}

fn path(name: &str) -> String {
    format!("/schedules/{}", segment(name))
}

async fn fetch(client: &Client, name: &str) -> Result<Value, Failure> {
    match client.get(&path(name), &[]).await {
        Ok(value) => Ok(value),
        Err(failure) => Err(suggest(client, failure, "/schedules", "name", name).await),
    }
}

async fn ask(client: &Client, method: Method, name: &str, below: &str, body: Option<&Value>) -> Result<Value, Failure> {
    match client.ask(method, &format!("{}{below}", path(name)), body).await {
        Ok(answer) => Ok(answer.body),
        Err(failure) => Err(suggest(client, failure, "/schedules", "name", name).await),
    }
}

async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    let value = client.get("/schedules", &[]).await?;
    context.printer.list(&value, "name", "There is no schedule yet. Make one with `steward schedules add`.", || {
        let mut table = Table::new(&["NAME", "WHAT", "WHEN", "ZONE", "NEXT", "LAST", "OWNER"]);
        for schedule in decode::<Vec<ScheduleView>>(&value)? {
            table.row(view::row(&schedule));
        }
        Ok(table)
    })
}

async fn add(context: &Context, client: &Client, args: AddArgs) -> Result<(), Failure> {
    let request = what(client, args.what.action.as_deref(), args.what.app.as_deref(), args.what.request.as_deref()).await?;
    let request = request.ok_or_else(|| {
        Failure::usage("what is to be done is missing").hint("Add restart, stop, start or update and the name of an app, or --request JSON")
    })?;
    let mut body = json!({ "name": args.name, "cron": args.cron, "time_zone": args.how.zone_or_here(), "request": request });
    args.how.put_into(&mut body);
    let answer = client.ask(Method::POST, "/schedules", Some(&body)).await?;
    let made: ScheduleView = decode(&answer.body)?;
    let said = format!("{} runs {}. {}", args.name, view::when_words(&made), view::next_sentence(&made));
    context.printer.done(&answer.body, "name", &said)
}

async fn edit(context: &Context, client: &Client, args: EditArgs) -> Result<(), Failure> {
    let before: ScheduleView = decode(&fetch(client, &args.name).await?)?;
    let request = what(client, args.what.action.as_deref(), args.what.app.as_deref(), args.what.request.as_deref()).await?;
    let now = &before.schedule;
    let mut body = json!({
        "name": args.new_name.as_deref().unwrap_or(now.name.as_str()),
        "cron": args.cron.as_deref().unwrap_or(now.cron.as_str()),
        "time_zone": args.how.zone.as_deref().unwrap_or(now.time_zone.as_str()),
        "request": request.unwrap_or_else(|| json!(now.request)),
        "window_minutes": now.window_minutes,
        "jitter_seconds": now.jitter_seconds,
        "overlap": now.overlap,
        "catch_up": now.catch_up,
        "expected_version": now.version,
    });
    args.how.put_into(&mut body);
    let value = ask(client, Method::PUT, now.id.as_str(), "", Some(&body)).await?;
    let after: ScheduleView = decode(&value)?;
    let said = format!("{} runs {}. {}", after.schedule.name, view::when_words(&after), view::next_sentence(&after));
    context.printer.done(&value, "name", &said)
}

async fn remove(context: &Context, client: &Client, name: &str, yes: bool) -> Result<(), Failure> {
    let printer = &context.printer;
    let value = fetch(client, name).await?;
    if !yes && !printer.interactive {
        return Err(Failure::usage(format!("removing {name} has to be confirmed")).hint("Add --yes"));
    }
    if !yes && !prompt::confirm(&format!("Remove the schedule {name} and the record of its runs?"))? {
        printer.note("Nothing was done.");
        return Ok(());
    }
    client.ask(Method::DELETE, &path(name), None).await?;
    printer.done(&value, "name", &format!("{name} is removed."))
}

async fn run_now(context: &Context, client: &Client, name: &str, wait: &WaitArgs) -> Result<Exit, Failure> {
    let mut waiter = Waiter::new(wait)?;
    let change = Change {
        method: Method::POST,
        path: format!("{}/run", path(name)),
        body: json!({}),
        plan: (String::new(), Value::Null),
        command: format!("steward schedules run {name}"),
    };
    let outcome = match operate::send(context, client, &mut waiter, wait, &change).await {
        Ok(outcome) => outcome,
        Err(failure) => return Err(suggest(client, failure, "/schedules", "name", name).await),
    };
    operate::finish(context, client, outcome, Sentence::Fixed("is done")).await
}

async fn runs(context: &Context, client: &Client, name: &str, limit: u32) -> Result<(), Failure> {
    let query = [("limit", limit.to_string())];
    let value = match client.get(&format!("{}/runs", path(name)), &query).await {
        Ok(value) => value,
        Err(failure) => return Err(suggest(client, failure, "/schedules", "name", name).await),
    };
    context.printer.list(&value, "due_at", "It has not been due yet.", || {
        let mut table = Table::new(&["DUE", "RESULT", "DETAIL", "PASSED OVER"]);
        for run in decode::<Vec<RunView>>(&value)? {
            let result = result(&run);
            let run = run.run;
            let detail = run.operation_id.as_ref().map(ToString::to_string).or(run.refusal.as_ref().map(|refusal| refusal.message.clone()));
            let passed = if run.missed_before > 0 { run.missed_before.to_string() } else { String::new() };
            table.row(vec![when::date_time(run.due_at.0).into(), result, detail.unwrap_or_default().into(), passed.into()]);
        }
        Ok(table)
    })
}

/// What came of a due time, or of its operation, with its colour.
pub(super) fn result(view: &RunView) -> Cell {
    let outcome = view.run.outcome;
    if let (RunOutcome::Started, Some(state)) = (outcome, view.state) {
        return Cell::new(state_word(state), ops::tone(state));
    }
    let tone = match outcome {
        RunOutcome::Started | RunOutcome::Unchanged => Tone::Good,
        RunOutcome::Refused | RunOutcome::Missed => Tone::Bad,
        RunOutcome::Skipped => Tone::Warn,
    };
    Cell::new(outcome.as_str(), tone)
}

async fn preview(context: &Context, client: &Client, cron: &str, zone: Option<String>, count: u32) -> Result<(), Failure> {
    let zone = zone.unwrap_or_else(when::zone);
    let body = json!({ "cron": cron, "time_zone": zone, "count": count });
    let value = client.ask(Method::POST, "/schedules/preview", Some(&body)).await?.body;
    context.printer.object(&value, "words", || {
        let preview: SchedulePreview = decode(&value)?;
        let zone = preview.time_zone.as_str();
        let times = preview.next.iter().map(|at| format!("  {}\n", when::both(at.0, zone))).collect::<String>();
        Ok(format!("{} ({zone})\n{times}", preview.words))
    })
}
