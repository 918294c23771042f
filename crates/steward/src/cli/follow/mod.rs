//! Waits for an operation, and shows how far it is.

mod events;
mod live;
mod verdict;

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use steward_core::operation::{OperationDetail, State};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::client::{Client, segment};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::{parse, text};
use events::{Event, Events};
use live::Live;
pub use verdict::{failure, outcome_word, state_word, undone};

/// How often a live line is drawn anew.
const TICK: Duration = Duration::from_millis(120);
/// How soon a second Ctrl-C has to come to cancel.
const SECOND: Duration = Duration::from_secs(3);

/// How an operation is waited for.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WaitArgs {
    /// Do not wait; print the operation's id.
    #[arg(long)]
    pub no_wait: bool,
    /// How long to wait, such as 10m; the work goes on after that.
    #[arg(long, value_name = "DURATION", conflicts_with = "no_wait")]
    pub timeout: Option<String>,
}

/// Waits. Made before the request is sent, so that a Ctrl-C in between is not lost.
pub struct Waiter {
    interrupts: Signal,
    deadline: Option<(Instant, Duration)>,
}

/// An operation that came to rest.
pub struct Ended {
    /// As the API gives it.
    pub value: Value,
    /// The same, read.
    pub detail: OperationDetail,
}

impl Waiter {
    /// Begins to count, and to listen for Ctrl-C.
    ///
    /// # Errors
    /// When the time is no duration.
    pub fn new(args: &WaitArgs) -> Result<Self, Failure> {
        let timeout = args.timeout.as_deref().map(|timeout| parse::duration("timeout", timeout)).transpose()?;
        let interrupts = signal(SignalKind::interrupt())
            .map_err(|error| Failure::new(Exit::OTHER, "signals", format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(Self { interrupts, deadline: timeout.map(|timeout| (Instant::now() + timeout, timeout)) })
    }

    /// Waits until an operation is at rest.
    ///
    /// # Errors
    /// When it cannot be watched, when the time is up (124), on Ctrl-C (130).
    pub async fn wait(&mut self, context: &Context, client: &Client, id: &str) -> Result<Ended, Failure> {
        let mut live = Live::new(&context.printer);
        let mut events = Events::new(client, id);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let far = Instant::now() + Duration::from_secs(400 * 86_400);
        let deadline = self.deadline.map_or(far, |(at, _)| at);
        let mut last: Option<Value> = None;
        loop {
            // One future until the event comes: dropping it at every tick would begin its pauses anew.
            let mut next = std::pin::pin!(events.next());
            let event = loop {
                tokio::select! {
                    event = &mut next => break event,
                    _ = tick.tick() => live.tick(),
                    () = sleep_until(deadline) => {
                        live.close();
                        return Err(self.timed_out(context, id, last));
                    }
                    _ = self.interrupts.recv() => {
                        live.close();
                        return Err(self.detach(context, client, id).await);
                    }
                }
            };
            match event {
                Ok(Event::Progress(progress)) => live.progress(&progress),
                Ok(Event::Operation(value, detail)) => {
                    live.operation(&detail);
                    if detail.operation.state.is_at_rest() {
                        live.close();
                        return Ok(Ended { value, detail: *detail });
                    }
                    last = Some(value);
                }
                Err(failure) => {
                    live.close();
                    return Err(failure);
                }
            }
        }
    }

    fn timed_out(&self, context: &Context, id: &str, last: Option<Value>) -> Failure {
        if let (true, Some(last)) = (context.printer.structured(), &last)
            && let Err(failure) = context.printer.data(last)
        {
            return failure;
        }
        let waited = self.deadline.map(|(_, waited)| text::duration(waited)).unwrap_or_default();
        let message = format!("still under way after {waited}; the work goes on");
        Failure { operation: Some(id.to_owned()), ..Failure::new(Exit::TIMED_OUT, "wait_timed_out", message) }
            .hint(format!("steward ops watch {id}"))
    }

    /// The first Ctrl-C leaves the work alone; a second one soon after asks to cancel it.
    async fn detach(&mut self, context: &Context, client: &Client, id: &str) -> Failure {
        context.printer.tell(&format!("Detached; the work goes on. Follow it again with: steward ops watch {id}"));
        context.printer.note("Ctrl-C again within 3 s cancels it.");
        tokio::select! {
            () = sleep(SECOND) => {}
            _ = self.interrupts.recv() => match cancel(client, id).await {
                Ok(_) => context.printer.tell(&format!("Asked to cancel; what was done is being undone. Look with: steward ops show {id}")),
                Err(failure) => context.printer.fail(&failure),
            },
        }
        Failure { operation: Some(id.to_owned()), silent: true, ..Failure::new(Exit::DETACHED, "detached", "detached") }
    }
}

/// Asks for an operation to be cancelled.
///
/// # Errors
/// What the server refused.
pub async fn cancel(client: &Client, id: &str) -> Result<Value, Failure> {
    Ok(client.ask(Method::POST, &format!("/operations/{}/cancel", segment(id)), None).await?.body)
}

/// Prints the record for programs, and says what came of it otherwise: `good` when it succeeded.
///
/// # Errors
/// When it did not end as it should.
pub fn conclude(context: &Context, ended: &Ended, name: &str, good: &str) -> Result<Exit, Failure> {
    if context.printer.structured() {
        context.printer.data(&ended.value)?;
    }
    match ended.detail.operation.state {
        State::Succeeded if context.printer.structured() => Ok(Exit::DONE),
        State::Succeeded => {
            context.printer.done(&serde_json::json!({ "name": name }), "name", good)?;
            Ok(Exit::DONE)
        }
        _ => Err(failure(&ended.detail)),
    }
}
