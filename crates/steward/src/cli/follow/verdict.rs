//! What came of an operation, in words.

use steward_core::operation::{CommandRecord, Kind, OperationDetail, State, StepRecord, StepState};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::text;

/// Lines of a failed command's output that are repeated with the failure.
const OUTPUT_LINES: usize = 10;

/// A state as a person would say it, and whether all was undone.
pub fn outcome_word(kind: Kind, state: State) -> &'static str {
    match state {
        // What cannot be undone was not.
        State::RolledBack if !kind.is_irreversible() => "failed, all undone",
        State::Cancelled if !kind.is_irreversible() => "cancelled, all undone",
        _ => state_word(state),
    }
}

/// A state as a person would say it, of whatever kind the operation is.
pub fn state_word(state: State) -> &'static str {
    match state {
        State::Queued => "waiting",
        State::Running => "under way",
        State::RollingBack => "being undone",
        State::Succeeded => "done",
        State::RolledBack => "failed",
        State::NeedsAttention => "needs attention",
        State::Cancelled => "cancelled",
    }
}

/// The steps that were undone or should have been, last first.
pub fn undone(detail: &OperationDetail) -> Vec<&StepRecord> {
    let mut steps: Vec<&StepRecord> =
        detail.steps.iter().filter(|s| matches!(s.state, StepState::Undone | StepState::UndoFailed)).collect();
    steps.sort_by_key(|step| std::cmp::Reverse(step.ordinal));
    steps
}

/// The command that failed, when one did.
fn failed_command(detail: &OperationDetail) -> Option<&CommandRecord> {
    detail.commands.iter().rev().find(|command| !command.undo && command.exit_code != Some(0))
}

/// The failure that an operation that did not succeed is.
pub fn failure(detail: &OperationDetail) -> Failure {
    let operation = &detail.operation;
    let what = format!("{} of `{}`", operation.kind.as_str(), operation.target);
    let (exit, effect) = match operation.state {
        State::NeedsAttention if !detail.targets.is_empty() => (Exit::NEEDS_ATTENTION, "What is done stays done."),
        State::NeedsAttention => (Exit::NEEDS_ATTENTION, "Not all of it could be undone."),
        _ if operation.kind.is_irreversible() => (Exit::ROLLED_BACK, "It cannot be undone: what it did until then stays."),
        _ => (Exit::ROLLED_BACK, "All was undone; nothing changed."),
    };
    let cause = operation.error.as_ref().map(|error| error.message.trim_end_matches('.').to_owned());
    let step = operation.failed_step.as_deref();
    let message = match (operation.state, step, cause) {
        (State::Cancelled, _, _) => format!("{what} was cancelled. {effect}"),
        (_, Some(step), Some(cause)) => format!("{what} failed at {step}: {cause}. {effect}"),
        (_, None, Some(cause)) => format!("{what} failed: {cause}. {effect}"),
        (_, Some(step), None) => format!("{what} failed at {step}. {effect}"),
        (_, None, None) => format!("{what} failed. {effect}"),
    };
    let code = match (&operation.error, operation.state) {
        (_, State::Cancelled) => "cancelled",
        (Some(error), _) => error.code.as_str(),
        (None, _) => "step_failed",
    };
    let mut failure = Failure::new(exit, code, message);
    failure.operation = Some(operation.id.to_string());
    failure.field = operation.error.as_ref().and_then(|error| error.field.clone());
    failure.hint = match operation.state {
        State::NeedsAttention => Some(format!("Mend what is listed, then: steward ops retry {}", operation.id)),
        _ => operation.error.as_ref().and_then(|error| error.hint.clone()),
    };
    failure.notes = notes(detail, &failure.message);
    failure
}

fn notes(detail: &OperationDetail, message: &str) -> Vec<String> {
    let operation = &detail.operation;
    let mut notes = Vec::new();
    if let (Some(command), true) = (failed_command(detail), operation.state != State::Cancelled) {
        let lines: Vec<&str> = command.output.lines().filter(|line| !line.trim().is_empty() && !message.contains(line.trim())).collect();
        if !lines.is_empty() {
            notes.push(format!("output of `{}`:", text::command(&command.argv)));
            notes.extend(lines.iter().skip(lines.len().saturating_sub(OUTPUT_LINES)).map(|line| format!("  {line}")));
        }
    }
    let undone = undone(detail);
    if !undone.is_empty() {
        notes.push("undone, last first:".to_owned());
        let line = |step: &&StepRecord| {
            let failed = if step.state == StepState::UndoFailed { "FAILED: " } else { "" };
            format!("  {}: {failed}{}", step.name, step.undo_note.as_deref().unwrap_or("nothing to undo"))
        };
        notes.extend(undone.iter().map(line));
    }
    if !operation.left_over.is_empty() {
        notes.push("left over:".to_owned());
        notes.extend(operation.left_over.iter().map(|left| format!("  {left}")));
    }
    notes.push(format!("all commands and their output: steward ops show {} --full", operation.id));
    notes
}
