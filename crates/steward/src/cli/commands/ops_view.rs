//! An operation in words: steps, commands, what went wrong, what was undone.

use std::time::Duration;

use steward_core::operation::{CommandRecord, OperationDetail, StepRecord, StepState};

use super::super::follow::{outcome_word, undone};
use super::super::paint::Paint;
use super::super::paint::Tone;
use super::super::table::{Cell, Table};
use super::super::{text, when};

/// Everything about an operation; `full` with the output of its commands.
pub(super) fn shown(detail: &OperationDetail, full: bool, paint: Paint) -> String {
    let operation = &detail.operation;
    let head = format!("{} of {}", operation.kind.as_str(), text::clean(&operation.target));
    let mut out = format!("{}: {}\n", paint.bold(&head), outcome_word(operation.kind, operation.state));
    let took = operation.started_at.zip(operation.finished_at).map(|(from, to)| format!(", took {}", when::between(from.0, to.0)));
    let by = text::clean(&operation.actor);
    out.push_str(&format!("{} by {by} at {}{}\n", operation.id, when::date_time(operation.created_at.0), took.unwrap_or_default()));
    if let Some(waiting) = &operation.waiting {
        out.push_str(&format!("waiting for {}, which holds {}\n", waiting.held_by, text::clean(&waiting.lock)));
    }
    if !operation.changed {
        out.push_str("everything was so already; nothing was changed\n");
    }
    steps(&mut out, detail, paint);
    targets(&mut out, detail, paint);
    commands(&mut out, detail, full, paint);
    cause(&mut out, detail, paint);
    out
}

fn steps(out: &mut String, detail: &OperationDetail, paint: Paint) {
    if detail.steps.is_empty() {
        return;
    }
    let mut table = Table::new(&["STEP", "STATE", "TOOK", "NOTE"]);
    for step in &detail.steps {
        let took = step.started_at.zip(step.finished_at).map(|(from, to)| when::between(from.0, to.0));
        table.row(vec![step.name.as_str().into(), state(step), took.unwrap_or_default().into(), note(step).into()]);
    }
    out.push_str(&format!("\n{}", table.print(paint)));
}

fn targets(out: &mut String, detail: &OperationDetail, paint: Paint) {
    if detail.targets.is_empty() {
        return;
    }
    let mut table = Table::new(&["APP", "RESULT", "OPERATION", "NOTE"]);
    for target in &detail.targets {
        let result = match target.state {
            Some(_) if target.is_done() && target.changed == Some(false) => Cell::new("so already", Tone::Dim),
            Some(state) => super::ops::state(detail.operation.kind, state),
            None => Cell::new("refused", Tone::Bad),
        };
        let operation = target.operation_id.as_ref().map(ToString::to_string).unwrap_or_default();
        let note = target.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
        table.row(vec![target.name.as_str().into(), result, operation.into(), note.into()]);
    }
    out.push_str(&format!("\n{}", table.print(paint)));
}

fn state(step: &StepRecord) -> Cell {
    let tone = match step.state {
        StepState::Done => Tone::Good,
        StepState::Failed | StepState::UndoFailed => Tone::Bad,
        StepState::Running | StepState::Undoing | StepState::Undone => Tone::Warn,
        StepState::Pending => Tone::Dim,
    };
    Cell::new(&text::word(&step.state), tone)
}

fn note(step: &StepRecord) -> String {
    let error = step.error.as_ref().map(|error| error.message.clone());
    let parts: Vec<String> = error.into_iter().chain(step.undo_note.as_ref().map(|note| format!("undo: {note}"))).collect();
    parts.join("; ")
}

fn commands(out: &mut String, detail: &OperationDetail, full: bool, paint: Paint) {
    if detail.commands.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", paint.bold("Commands")));
    for command in &detail.commands {
        let took = text::duration(Duration::from_millis(command.duration_ms));
        let code = command.exit_code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
        let code = if command.exit_code == Some(0) { paint.good(&code) } else { paint.bad(&code) };
        let step = detail.steps.iter().find(|step| step.ordinal == command.step).map_or_else(String::new, |step| step.name.clone());
        let undo = if command.undo { ", undo" } else { "" };
        let place = format!("({}{undo} on {})", text::clean(&step), text::clean(&command.device));
        out.push_str(&format!("  {code} {took:>6}  {}  {}\n", text::clean(&text::command(&command.argv)), paint.dim(&place)));
        if full || (command.exit_code != Some(0) && !command.undo) {
            output(out, command);
        }
    }
}

fn output(out: &mut String, command: &CommandRecord) {
    for line in command.output.lines() {
        out.push_str(&format!("      {}\n", text::clean(line)));
    }
}

fn cause(out: &mut String, detail: &OperationDetail, paint: Paint) {
    let operation = &detail.operation;
    if let Some(error) = &operation.error {
        let step = operation.failed_step.as_deref().map(|step| format!(" at {}", text::clean(step))).unwrap_or_default();
        out.push_str(&format!("\n{}{step}: {}\n", paint.bad("Failed"), text::clean_block(&error.message)));
        if let Some(hint) = &error.hint {
            out.push_str(&format!("  hint: {}\n", text::clean_block(hint)));
        }
    }
    let undone = undone(detail);
    if !undone.is_empty() {
        out.push_str(&format!("\n{}\n", paint.bold("Undone, last first")));
        for step in undone {
            let failed = if step.state == StepState::UndoFailed { "FAILED: " } else { "" };
            let note = step.undo_note.as_deref().unwrap_or("nothing to undo");
            out.push_str(&format!("  {}: {failed}{}\n", text::clean(&step.name), text::clean_block(note)));
        }
    }
    if !operation.left_over.is_empty() {
        out.push_str(&format!("\n{}\n", paint.bad("Left over")));
        operation.left_over.iter().for_each(|left| out.push_str(&format!("  {}\n", text::clean_block(left))));
        out.push_str(&format!("Mend it, then: steward ops retry {}\n", operation.id));
    }
}
