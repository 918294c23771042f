//! Shows how far an operation is: one line that is redrawn on a terminal, a line for each event
//! elsewhere.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use steward_core::event::Progress;
use steward_core::operation::{OperationDetail, State, StepRecord, StepState};

use super::super::output::Printer;
use super::super::paint::Paint;
use super::super::{text, when};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// Where every event is a line, progress of one step is told at most this often.
const PACE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Nothing,
    Lines,
    Block,
}

/// The display.
pub struct Live {
    mode: Mode,
    paint: Paint,
    target: String,
    /// The state of each step as it was last shown.
    shown: HashMap<u32, StepState>,
    /// The step under way, and since when.
    step: Option<(String, i64)>,
    progress: Option<Progress>,
    /// When progress was last told as a line, and what was said.
    told: Option<(Instant, String)>,
    waiting: Option<String>,
    frame: usize,
    drawn: bool,
}

impl Live {
    /// For a printer. When quiet, nothing is shown.
    pub fn new(printer: &Printer) -> Self {
        let mode = match (printer.quiet, printer.live) {
            (true, _) => Mode::Nothing,
            (false, true) => Mode::Block,
            (false, false) => Mode::Lines,
        };
        Self {
            mode,
            paint: printer.paint_err,
            target: String::new(),
            shown: HashMap::new(),
            step: None,
            progress: None,
            told: None,
            waiting: None,
            frame: 0,
            drawn: false,
        }
    }

    /// The operation changed.
    pub fn operation(&mut self, detail: &OperationDetail) {
        let operation = &detail.operation;
        self.target = text::clean(&operation.target).into_owned();
        self.wait_for(operation.waiting.as_ref().filter(|_| operation.state == State::Queued).map(|waiting| waiting.held_by.to_string()));
        let mut steps: Vec<&StepRecord> = detail.steps.iter().collect();
        if operation.state == State::RollingBack || operation.state.is_at_rest() {
            // Undone last first, so that is the order in which it is told.
            let key = |step: &&StepRecord| {
                (step.undone_at.is_some(), if step.undone_at.is_some() { u32::MAX - step.ordinal } else { step.ordinal })
            };
            steps.sort_by_key(key);
        }
        for step in steps {
            self.step(step);
        }
        self.draw();
    }

    fn wait_for(&mut self, holder: Option<String>) {
        if self.waiting != holder
            && let (Some(holder), Mode::Lines) = (&holder, self.mode)
        {
            self.line(&format!("waiting for {holder}"));
        }
        self.waiting = holder;
    }

    fn step(&mut self, step: &StepRecord) {
        let before = self.shown.insert(step.ordinal, step.state);
        if before == Some(step.state) || (before.is_none() && step.state == StepState::Pending) {
            return;
        }
        let name = text::clean(&step.name).into_owned();
        let took = step.started_at.zip(step.finished_at).map(|(from, to)| when::between(from.0, to.0)).unwrap_or_default();
        let why = step.error.as_ref().map(|error| text::clean_block(&error.message)).unwrap_or_default();
        let note = step.undo_note.as_deref().map(text::clean_block).unwrap_or_default();
        match step.state {
            StepState::Running | StepState::Undoing => {
                let name = if step.state == StepState::Undoing { format!("undoing {name}") } else { name };
                if self.mode == Mode::Lines {
                    self.line(&name);
                }
                let since = step.started_at.filter(|_| step.state == StepState::Running).map_or_else(when::now, |at| at.0);
                self.step = Some((name, since));
                self.progress = None;
                self.told = None;
            }
            StepState::Done => self.ended(&self.paint.good("✔"), &name, "done", &took),
            StepState::Failed => {
                self.ended(&self.paint.bad("✘"), &name, "failed", &took);
                self.line_of(&format!("  {why}"), &format!("{name} failed: {why}"));
            }
            StepState::Undone => self.ended(&self.paint.warn("↩"), &name, "undone", &note),
            StepState::UndoFailed => self.ended(&self.paint.bad("✘"), &name, "undo failed", &note),
            StepState::Pending => {}
        }
    }

    fn ended(&mut self, glyph: &str, name: &str, word: &str, more: &str) {
        self.step = None;
        self.progress = None;
        let word_shown = if word == "done" || word == "failed" { String::new() } else { format!(" {word}") };
        self.line_of(&format!("{glyph} {name}{word_shown} {}", self.paint.dim(more)), &format!("{name} {word} {more}"));
    }

    /// A running step got further.
    pub fn progress(&mut self, progress: &Progress) {
        if self.mode == Mode::Lines {
            let said = amounts(progress);
            let soon = self.told.as_ref().is_some_and(|(at, last)| at.elapsed() < PACE || *last == said);
            if !soon && !said.is_empty() {
                self.line(&format!("{} {said}", text::clean(&progress.step)));
                self.told = Some((Instant::now(), said));
            }
        }
        self.progress = Some(progress.clone());
    }

    /// Time passed.
    pub fn tick(&mut self) {
        self.frame = self.frame.wrapping_add(1);
        self.draw();
    }

    /// Takes the live line away.
    pub fn close(&mut self) {
        self.erase();
    }

    fn draw(&mut self) {
        if self.mode != Mode::Block {
            return;
        }
        let spinner = SPINNER[self.frame % SPINNER.len()];
        let line = match (&self.step, &self.waiting) {
            (Some((name, since)), _) => {
                let said = self.progress.as_ref().filter(|progress| name.ends_with(&progress.step)).map(amounts).unwrap_or_default();
                format!("{spinner} {name} {}  {said}", self.paint.dim(&when::between(*since, when::now())))
            }
            (None, Some(holder)) => format!("{spinner} waiting for {holder}"),
            (None, None) => {
                self.erase();
                return;
            }
        };
        // Without line wrapping a line that is too long is cut, and one carriage return takes it back.
        self.write(&format!("\r\u{1b}[?7l{line}\u{1b}[K\u{1b}[?7h"));
        self.drawn = true;
    }

    fn erase(&mut self) {
        if self.drawn {
            self.write("\r\u{1b}[K");
            self.drawn = false;
        }
    }

    /// A line that stays: one form for the terminal, one for everything else.
    fn line_of(&mut self, block: &str, plain: &str) {
        match self.mode {
            Mode::Nothing => {}
            Mode::Block => {
                self.erase();
                self.write(&format!("{}\n", block.trim_end()));
            }
            Mode::Lines => self.line(plain),
        }
    }

    fn line(&mut self, line: &str) {
        if self.mode != Mode::Nothing {
            self.write(&format!("{} {} {}\n", when::clock(when::now()), self.target, line.trim_end()));
        }
    }

    fn write(&self, text: &str) {
        // Progress is for whoever looks; when nobody can, the work goes on.
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

/// `pulling nginx:1.28 3/7 412 MiB/690 MiB 41%`.
fn amounts(progress: &Progress) -> String {
    let mut parts = vec![text::clean(&progress.message).into_owned()];
    if let (Some(done), Some(total)) = (progress.done, progress.total) {
        parts.push(format!("{done}/{total}"));
    }
    let of = |done: Option<u64>, total: Option<u64>| done.zip(total).filter(|(_, total)| *total > 0);
    if let Some((done, total)) = of(progress.bytes_done, progress.bytes_total) {
        parts.push(format!("{}/{}", text::bytes(done), text::bytes(total)));
    }
    if let Some((done, total)) = of(progress.bytes_done, progress.bytes_total).or_else(|| of(progress.done, progress.total)) {
        parts.push(format!("{}%", done.min(total).saturating_mul(100) / total));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_said_as_far_as_they_are_known() {
        let said = |progress: Progress| amounts(&progress);
        let message = || "pulling nginx:1.28".to_owned();
        assert_eq!(said(Progress { message: message(), ..Progress::default() }), "pulling nginx:1.28");
        assert_eq!(
            said(Progress { message: message(), done: Some(3), total: Some(7), ..Progress::default() }),
            "pulling nginx:1.28 3/7 42%"
        );
        let bytes = Progress {
            message: message(),
            done: Some(3),
            total: Some(7),
            bytes_done: Some(41),
            bytes_total: Some(100),
            ..Progress::default()
        };
        assert_eq!(said(bytes), "pulling nginx:1.28 3/7 41 B/100 B 41%");
        assert_eq!(said(Progress { done: Some(0), total: Some(0), ..Progress::default() }), "0/0");
    }
}
