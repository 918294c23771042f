//! The anatomy of a step, and what the engine hands to it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use steward_core::capture;
use steward_core::event::{Event, Progress};
use steward_core::operation::CommandRecord;
use steward_core::plan::PlannedStep;
use steward_core::redact::Redactor;
use steward_core::{Code, DeploymentId, OperationId, Refusal};
use steward_host::{CommandReport, Host, HostError, HostErrorKind, ProgressSink};
use steward_store::{Store, commands};

use crate::bus::Bus;
use crate::error;
use crate::seams::Clock;

/// Why a step, or its undo, failed.
#[derive(Debug)]
pub(crate) struct StepFailure {
    /// What to tell.
    pub refusal: Refusal,
    /// Whether the device did not answer: then an undo waits for it.
    pub unreachable: bool,
}

impl From<Refusal> for StepFailure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, unreachable: false }
    }
}

impl From<HostError> for StepFailure {
    fn from(failure: HostError) -> Self {
        Self { refusal: error::host(&failure), unreachable: failure.kind == HostErrorKind::Unreachable }
    }
}

impl From<steward_store::StoreError> for StepFailure {
    fn from(failure: steward_store::StoreError) -> Self {
        error::store(failure).into()
    }
}

/// The result of a step's part.
pub(crate) type StepResult<T> = Result<T, StepFailure>;

/// The smallest thing an operation does and can undo.
///
/// `act` and `undo` are idempotent. `undo` removes only what the intent says this run was going to
/// make, and tolerates that it was never made.
#[async_trait]
pub(crate) trait Step: Send + Sync {
    /// Its name, what it does and what its undo does.
    fn planned(&self) -> PlannedStep;

    /// Looks at the world: what this step is going to make, and what is there before.
    async fn intend(&self, cx: &StepContext) -> StepResult<Value>;

    /// Does it.
    async fn act(&self, cx: &StepContext, intent: &Value) -> StepResult<()>;

    /// Undoes it; says what it did.
    async fn undo(&self, cx: &StepContext, intent: &Value) -> StepResult<String>;

    /// What is left when the undo failed, and the command that mends it.
    fn left_over(&self, intent: &Value) -> Vec<String>;
}

/// What a step works with.
pub(crate) struct StepContext {
    pub host: Arc<dyn Host>,
    pub store: Store,
    pub bus: Bus,
    pub clock: Arc<dyn Clock>,
    pub redactor: Redactor,
    pub operation_id: OperationId,
    pub deployment_id: Option<DeploymentId>,
    pub device: String,
    pub ordinal: u32,
    pub step: String,
    pub undo: bool,
    /// Whether the operation was at rest before: since then somebody may have used what it left.
    pub rested: bool,
}

impl StepContext {
    /// Records a command that ran, whether it succeeded or not.
    pub async fn ran(&self, outcome: Result<CommandReport, HostError>) -> StepResult<CommandReport> {
        let report = match &outcome {
            Ok(report) => Some(report),
            Err(failure) => failure.report.as_deref(),
        };
        if let Some(report) = report {
            self.record(report).await?;
        }
        outcome.map_err(|mut failure| {
            failure.message = capture::visible(&self.redactor.redact(&failure.message));
            failure.into()
        })
    }

    async fn record(&self, report: &CommandReport) -> StepResult<()> {
        let duration_ms = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX);
        let record = CommandRecord {
            step: self.ordinal,
            undo: self.undo,
            device: self.device.clone(),
            argv: report.argv.iter().map(|word| capture::visible(&self.redactor.redact(word))).collect(),
            exit_code: report.exit_code,
            duration_ms,
            output: capture::kept(&report.output, &self.redactor),
            started_at: self.clock.now().plus(-i64::try_from(duration_ms).unwrap_or(0)),
        };
        let mut tx = self.store.begin().await?;
        commands::insert(&mut tx, &self.operation_id, &record).await?;
        commands::bound(&mut tx, &self.operation_id, capture::OPERATION).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Says how far the step is.
    pub fn say(&self, message: impl Into<String>) {
        self.progress(Progress { message: message.into(), ..Progress::default() });
    }
}

impl ProgressSink for StepContext {
    fn progress(&self, progress: Progress) {
        self.bus.send(Event::Progress(Progress {
            operation_id: Some(self.operation_id.clone()),
            deployment_id: self.deployment_id.clone(),
            step: self.step.clone(),
            message: capture::message(&progress.message, &self.redactor),
            ..progress
        }));
    }
}

/// Reads an intent back; a stored intent that does not parse is a defect, and nothing is guessed.
pub(crate) fn read_intent<T: serde::de::DeserializeOwned>(intent: &Value) -> StepResult<T> {
    serde_json::from_value(intent.clone())
        .map_err(|e| Refusal::new(Code::Internal, format!("the step's journal cannot be read: {e}")).into())
}

/// Writes an intent.
pub(crate) fn write_intent<T: serde::Serialize>(intent: &T) -> StepResult<Value> {
    serde_json::to_value(intent).map_err(|e| Refusal::new(Code::Internal, format!("the step's journal cannot be written: {e}")).into())
}
