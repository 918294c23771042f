//! The command line: a client of the API.
//!
//! Data goes to standard output, everything else to standard error. Every command can print JSON.
//! Nothing is decided here: what may happen and what came of it is what the server says.

pub mod args;
pub mod client;
pub mod commands;
pub mod context;
pub mod environment;
pub mod exit;
pub mod failure;
pub mod follow;
pub mod lines;
pub mod meet;
pub mod nearest;
pub mod output;
pub mod paint;
pub mod parse;
pub mod plan_view;
pub mod prompt;
pub mod sign_in;
pub mod table;
pub mod text;
pub mod trust;
pub mod when;

use std::process::ExitCode;

pub use args::Args;
use args::Command;
use commands::{
    account, apps, audit, catalog, completion, deploy, devices, health, logs, ops, own, reconcilers, retention, schedules, scripts, setup,
    status, token, users, version, volumes,
};
use context::Context;
use environment::Environment;
use exit::Exit;
use failure::Failure;

/// Does what the command line asks; gives the exit code.
pub async fn dispatch(args: Args) -> ExitCode {
    let Args { global, command } = args;
    let context = Context::new(global, Environment::read());
    let outcome = match command {
        Command::Serve(args) => return crate::serve::run(args).await,
        command => run(&context, command).await,
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let failure = explain(failure);
            context.printer.fail(&failure);
            failure.exit.into()
        }
    }
}

async fn run(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Serve(_) => Ok(()),
        Command::Setup(args) => setup::run(context, args).await,
        Command::Login(args) => account::login(context, args).await,
        Command::Logout => account::logout(context).await,
        Command::Whoami => account::whoami(context).await,
        Command::Password(args) => account::password(context, args).await,
        Command::Sessions(command) => account::sessions(context, command).await,
        Command::Status => status::run(context).await,
        Command::Health(args) => health::run(context, args).await,
        Command::Catalog(command) => catalog::run(context, command).await,
        Command::Plan(args) => return deploy::plan(context, args).await,
        Command::Deploy(args) => return deploy::deploy(context, args).await,
        Command::Apps(command) => return apps::run(context, command).await,
        Command::Logs(args) => logs::run(context, args).await,
        Command::Ops(command) => return ops::run(context, command).await,
        Command::Schedules(command) => return schedules::run(context, command).await,
        Command::Devices(command) => devices::run(context, command).await,
        Command::Volumes(command) => return volumes::run(context, command).await,
        Command::Scripts(command) => return scripts::run(context, command).await,
        Command::Token(command) => token::run(context, command).await,
        Command::Users(command) => users::run(context, command).await,
        Command::Audit(args) => audit::run(context, args).await,
        Command::Retention(args) => retention::run(context, args).await,
        Command::Reconcilers(args) => reconcilers::run(context, args).await,
        Command::Own(command) => return own::run(context, command).await,
        Command::Completion(args) => completion::run(context, &args),
        Command::Version => version::run(context),
        Command::Openapi => context.printer.raw(&(crate::api::openapi_json() + "\n")),
    }
    .map(|()| Exit::DONE)
}

/// Adds what only the command line knows: how to sign in with it.
fn explain(failure: Failure) -> Failure {
    if failure.code == "not_signed_in" {
        failure.hint("Sign in with `steward login`, or set STEWARD_TOKEN to an API token.")
    } else {
        failure
    }
}
