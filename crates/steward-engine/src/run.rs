//! Runs one operation: its steps forward, and backward when one fails.
//!
//! Each step writes its intent, acts, and writes that it is done. Undo is last-in-first-out, also
//! for the step that failed, which may have acted in part.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use steward_core::event::Event;
use steward_core::operation::{Operation, State, StepRecord, StepState};
use steward_core::redact::Redactor;
use steward_core::{Code, Refusal};
use steward_store::{journal, operations as rows};
use tokio_util::sync::CancellationToken;

use crate::engine::Inner;
use crate::error;
use crate::faults::{Fault, Moment};
use crate::operations::{self, Ending, Step, StepContext, StepFailure};

/// Why a run ends without coming to rest.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The engine is shutting down, or a test crashed it: recovery goes on from the journal.
    Abandoned,
    /// The store failed: nothing can be recorded, so nothing more is done.
    Store(Refusal),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Stopped::Store(refusal)
    }
}

impl From<steward_store::StoreError> for Stopped {
    fn from(failure: steward_store::StoreError) -> Self {
        Stopped::Store(error::store(failure))
    }
}

type Run<T> = Result<T, Stopped>;

/// One run of one operation.
pub(crate) struct Runner {
    engine: Arc<Inner>,
    operation: Operation,
    steps: Vec<Box<dyn Step>>,
    /// Why the steps cannot be built: what the operation is about went while it waited.
    impossible: Option<Refusal>,
    /// Whether it was at rest before.
    rested: bool,
    cancel: CancellationToken,
}

impl Runner {
    pub async fn new(engine: Arc<Inner>, operation: Operation, cancel: CancellationToken) -> Run<Self> {
        let (steps, impossible) = match operations::steps(&engine, &operation).await {
            Ok(steps) => (steps, None),
            Err(refusal) if refusal.code == Code::StorageUnavailable => return Err(Stopped::Store(refusal)),
            Err(refusal) => (Vec::new(), Some(refusal)),
        };
        let impossible = impossible.or(engine.may_touch(&operation.device_id).await.err());
        let mut reader = engine.store.read().await?;
        let rested = rows::has_rested(&mut reader, &operation.id).await?;
        drop(reader);
        Ok(Self { engine, operation, steps, impossible, rested, cancel })
    }

    /// Goes forward from the first step that is not done; when a step fails, unwinds.
    pub async fn forward(mut self) -> Run<()> {
        if let Some(refusal) = self.impossible.take() {
            return self.fail(0, refusal).await;
        }
        let journal = self.journal().await?;
        self.operation.state = State::Running;
        self.operation.waiting = None;
        self.operation.started_at.get_or_insert(self.engine.clock.now());
        let deadline = self.engine.timing.deadline.unwrap_or_else(|| operations::deadline(self.operation.kind));
        let deadline = tokio::time::Instant::now() + deadline;
        for ordinal in 0..self.steps.len() {
            if journal.get(ordinal).is_some_and(|record| record.state == StepState::Done) {
                continue;
            }
            if let Err(failure) = self.step(ordinal, deadline).await? {
                return self.fail(ordinal, failure.refusal).await;
            }
        }
        self.succeed().await
    }

    async fn journal(&self) -> Run<Vec<StepRecord>> {
        let mut reader = self.engine.store.read().await?;
        Ok(journal::steps(&mut reader, &self.operation.id).await?)
    }

    /// One step: intent, act, done. The inner result is the step's own.
    async fn step(&mut self, ordinal: usize, deadline: tokio::time::Instant) -> Run<Result<(), StepFailure>> {
        let cx = self.context(ordinal, false).await?;
        self.operation.current_step = Some(cx.step.clone());
        let outcome = {
            let work = self.attempt(ordinal, &cx);
            tokio::select! {
                outcome = work => outcome?,
                () = tokio::time::sleep_until(deadline) => {
                    Err(Refusal::new(Code::TimedOut, format!("the step `{}` did not end before the operation's deadline", cx.step)).into())
                }
                () = self.cancel.cancelled() => Err(Refusal::new(Code::StepFailed, "cancelled").into()),
                () = self.engine.stop.cancelled() => return Err(Stopped::Abandoned),
            }
        };
        let now = self.engine.clock.now();
        let mut tx = self.engine.store.begin().await?;
        match &outcome {
            Ok(()) => journal::done(&mut tx, &self.operation.id, cx.ordinal, now).await?,
            Err(failure) => journal::failed(&mut tx, &self.operation.id, cx.ordinal, &failure.refusal, now).await?,
        }
        tx.commit().await?;
        self.tell();
        Ok(outcome)
    }

    /// Looks, writes the intent, acts.
    async fn attempt(&self, ordinal: usize, cx: &StepContext) -> Run<Result<(), StepFailure>> {
        let step = &self.steps[ordinal];
        if let Err(failure) = self.fault(cx, Moment::BeforeIntent).await? {
            return Ok(Err(failure));
        }
        let intent = match self.known_intent(cx.ordinal).await? {
            Some(intent) => intent,
            None => match step.intend(cx).await {
                Ok(intent) => intent,
                Err(failure) => return Ok(Err(failure)),
            },
        };
        let mut tx = self.engine.store.begin().await?;
        journal::intent(&mut tx, &self.operation.id, cx.ordinal, &intent, self.engine.clock.now()).await?;
        rows::update(&mut tx, &self.operation).await?;
        tx.commit().await?;
        self.tell();
        if let Err(failure) = self.fault(cx, Moment::BeforeAct).await? {
            return Ok(Err(failure));
        }
        if let Err(failure) = step.act(cx, &intent).await {
            return Ok(Err(failure));
        }
        self.fault(cx, Moment::AfterAct).await
    }

    /// A resumed step keeps its first intent: what it made itself must not count as "there before".
    async fn known_intent(&self, ordinal: u32) -> Run<Option<Value>> {
        let journal = self.journal().await?;
        Ok(journal
            .into_iter()
            .find(|record| record.ordinal == ordinal && record.state != StepState::Pending)
            .and_then(|record| record.intent))
    }

    async fn succeed(mut self) -> Run<()> {
        self.operation.state = State::Succeeded;
        operations::verdict(&self.engine, &mut self.operation).await?;
        self.end(Some(Ending::Done)).await
    }

    /// Marks the operation as failing, and unwinds.
    async fn fail(mut self, ordinal: usize, refusal: Refusal) -> Run<()> {
        self.operation.failed_step = self.operation.current_step.clone();
        tracing::warn!(operation = %self.operation.id, step = self.operation.failed_step, error = %refusal, "a step failed");
        self.operation.error = Some(refusal);
        self.operation.state = State::RollingBack;
        let mut tx = self.engine.store.begin().await?;
        rows::update(&mut tx, &self.operation).await?;
        tx.commit().await?;
        self.tell();
        self.backward(ordinal).await
    }

    /// Undoes every step up to `last` that has an intent, last first.
    pub async fn backward(mut self, last: usize) -> Run<()> {
        let journal = self.journal().await?;
        let to_undo: Vec<(usize, Value)> = journal
            .iter()
            .filter(|record| record.ordinal as usize <= last)
            .filter(|record| !matches!(record.state, StepState::Pending | StepState::Undone))
            .filter_map(|record| Some((record.ordinal as usize, record.intent.clone()?)))
            .rev()
            .collect();
        if let (false, Err(refusal)) = (to_undo.is_empty(), self.engine.may_touch(&self.operation.device_id).await) {
            return self.leave(&to_undo, refusal).await;
        }
        for (position, (ordinal, intent)) in to_undo.iter().enumerate() {
            let Some(step) = self.steps.get(*ordinal) else {
                // What the steps are made from is gone, so nobody can undo what they did.
                let of = |(ordinal, _): &(usize, Value)| journal.get(*ordinal).map(|record| format!("`{}` is not undone", record.name));
                self.operation.left_over = to_undo[position..].iter().filter_map(of).collect();
                self.operation.state = State::NeedsAttention;
                return self.end(None).await;
            };
            let cx = self.context(*ordinal, true).await?;
            self.operation.current_step = Some(cx.step.clone());
            let mut tx = self.engine.store.begin().await?;
            journal::undoing(&mut tx, &self.operation.id, cx.ordinal).await?;
            rows::update(&mut tx, &self.operation).await?;
            tx.commit().await?;
            self.tell();
            match self.undo(step.as_ref(), &cx, intent).await? {
                Ok(note) => {
                    let mut tx = self.engine.store.begin().await?;
                    journal::undone(&mut tx, &self.operation.id, cx.ordinal, &note, self.engine.clock.now()).await?;
                    tx.commit().await?;
                }
                Err(failure) => {
                    let mut tx = self.engine.store.begin().await?;
                    journal::undo_failed(&mut tx, &self.operation.id, cx.ordinal, &failure.refusal.message, self.engine.clock.now())
                        .await?;
                    tx.commit().await?;
                    // Earlier steps may be what this one stands on: they are listed, not undone.
                    self.operation.left_over = self.left_over(&to_undo[position..]);
                    self.operation.state = State::NeedsAttention;
                    return self.end(None).await;
                }
            }
            self.tell();
        }
        let cancelled = self.operation.cancel_requested || self.cancel.is_cancelled();
        self.operation.state = if cancelled { State::Cancelled } else { State::RolledBack };
        operations::verdict(&self.engine, &mut self.operation).await?;
        self.end(Some(Ending::Undone)).await
    }

    /// What is left when these steps are not undone.
    fn left_over(&self, not_undone: &[(usize, Value)]) -> Vec<String> {
        let left = not_undone.iter().filter_map(|(ordinal, intent)| Some(self.steps.get(*ordinal)?.left_over(intent)));
        left.flatten().collect()
    }

    /// Undoes nothing, because this instance may not touch the device, and says what is left there.
    async fn leave(mut self, not_undone: &[(usize, Value)], refusal: Refusal) -> Run<()> {
        self.operation.left_over = self.left_over(not_undone);
        self.operation.error = Some(refusal);
        self.operation.state = State::NeedsAttention;
        self.end(None).await
    }

    /// One undo, tried again with growing waits; a device that does not answer is waited for.
    async fn undo(&self, step: &dyn Step, cx: &StepContext, intent: &Value) -> Run<Result<String, StepFailure>> {
        let mut waits = self.engine.timing.undo_waits.clone().into_iter();
        let give_up = tokio::time::Instant::now() + self.engine.timing.wait_for_device;
        loop {
            let outcome = match self.fault(cx, Moment::BeforeUndo).await? {
                Err(failure) => Err(failure),
                Ok(()) => tokio::select! {
                    outcome = step.undo(cx, intent) => outcome,
                    () = self.engine.stop.cancelled() => return Err(Stopped::Abandoned),
                },
            };
            let failure = match outcome {
                Ok(note) => return Ok(self.fault(cx, Moment::AfterUndo).await?.map(|()| note)),
                Err(failure) => failure,
            };
            tracing::warn!(operation = %self.operation.id, step = cx.step, error = %failure.refusal, "an undo failed");
            let wait = if failure.unreachable && tokio::time::Instant::now() < give_up {
                cx.say(format!("waiting for {} to answer", cx.device));
                self.engine.timing.retry_engine
            } else {
                match waits.next() {
                    Some(wait) => wait,
                    None => return Ok(Err(failure)),
                }
            };
            self.pause(wait).await?;
        }
    }

    async fn pause(&self, wait: Duration) -> Run<()> {
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.engine.stop.cancelled() => Err(Stopped::Abandoned),
        }
    }

    /// The end of this run; [`Inner::bring_to_rest`] says of what it is made.
    async fn end(mut self, ending: Option<Ending>) -> Run<()> {
        Ok(self.engine.bring_to_rest(&mut self.operation, ending).await?)
    }

    fn tell(&self) {
        self.engine.bus.send(Event::Operation { id: self.operation.id.clone(), deployment_id: self.operation.deployment_id.clone() });
    }

    async fn context(&self, ordinal: usize, undo: bool) -> Run<StepContext> {
        let device = self.engine.device(&self.operation.device_id).await?;
        Ok(StepContext {
            host: self.engine.host(&self.operation.device_id)?,
            store: self.engine.store.clone(),
            bus: self.engine.bus.clone(),
            clock: self.engine.clock.clone(),
            redactor: Redactor::new(self.engine.secrets_of(&self.operation).await?),
            operation_id: self.operation.id.clone(),
            deployment_id: self.operation.deployment_id.clone(),
            device: device.name,
            ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
            step: self.steps[ordinal].planned().name,
            undo,
            rested: self.rested,
        })
    }

    /// Where a test puts a fault; a server has none.
    #[allow(clippy::panic, reason = "a test asks for it")]
    async fn fault(&self, cx: &StepContext, moment: Moment) -> Run<Result<(), StepFailure>> {
        let Some(faults) = &self.engine.faults else { return Ok(Ok(())) };
        match faults.at(self.operation.kind, &cx.step, moment) {
            Fault::None => Ok(Ok(())),
            Fault::Error => Ok(Err(Refusal::new(Code::StepFailed, "a fault was put here").into())),
            Fault::Crash => Err(Stopped::Abandoned),
            Fault::Hang => std::future::pending().await,
            Fault::Panic => panic!("a fault was put here"),
        }
    }
}
