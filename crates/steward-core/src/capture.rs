//! What a program printed, as it is kept: without secrets, on one screen, and bounded.

use std::collections::VecDeque;
use std::fmt::Write;

use crate::log::cap_line;
use crate::redact::Redactor;

/// How much of what one command printed is kept, in bytes.
pub const COMMAND: usize = 64 * 1024;
/// How much of what all commands of an operation printed is kept, in bytes.
pub const OPERATION: u64 = 1024 * 1024;
/// The longest message of progress, in characters.
const MESSAGE: usize = 400;
/// Room for the line that says what is left out.
const GAP: usize = 96;
/// How the line that says what is left out begins.
const GAP_MARK: &str = "… (left out here: ";

/// The last lines of an output, at most 64 KiB; what is left out before them is counted and said.
#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<String>,
    size: usize,
    left_lines: u64,
    left_bytes: u64,
}

impl Tail {
    /// Appends a line; the oldest lines make room for it.
    pub fn push(&mut self, line: &str) {
        self.size += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.size > COMMAND - GAP {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.size -= oldest.len() + 1;
            self.left_lines += 1;
            self.left_bytes += oldest.len() as u64 + 1;
        }
    }

    /// The text, each line with its line break.
    pub fn into_text(self) -> String {
        let mut text = String::with_capacity(self.size + GAP);
        if self.left_lines > 0 {
            text = format!("{GAP_MARK}{} lines, {} bytes)\n", self.left_lines, self.left_bytes);
        }
        for line in self.lines {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// An output as it is kept: secrets masked, control characters visible, each line at most 16 KiB, all
/// together at most 64 KiB.
pub fn kept(text: &str, redactor: &Redactor) -> String {
    let redacted = redactor.redact(text);
    let mut tail = Tail::default();
    let mut lines = redacted.lines().peekable();
    // What was left out before is said once more.
    let gap = lines.next_if(|line| line.starts_with(GAP_MARK)).map(|gap| visible(gap) + "\n").filter(|gap| gap.len() <= GAP);
    lines.for_each(|line| tail.push(&cap_line(visible(line))));
    let mut kept = gap.unwrap_or_default() + &tail.into_text();
    if !text.ends_with('\n') {
        kept.truncate(kept.trim_end_matches('\n').len());
    }
    kept
}

/// A line of progress as it is shown: secrets masked, control characters visible, not long.
pub fn message(text: &str, redactor: &Redactor) -> String {
    let shown = visible(&redactor.redact(text)).replace('\n', " ");
    match shown.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// The text with what a terminal or a page would not show written out: control characters as `\x1b`,
/// what turns the direction of text as `\u{202e}`. Line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        // Writing into a string does not fail.
        let _ = match character {
            '\n' | '\t' => out.write_char(character),
            '\r' => out.write_str("\\r"),
            '\0'..='\u{9f}' if character.is_control() => write!(out, "\\x{:02x}", u32::from(character)),
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                write!(out, "\\u{{{:x}}}", u32::from(character))
            }
            other => out.write_char(other),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::{CUT, MAX_LINE};

    #[test]
    fn the_end_is_kept_and_the_gap_is_said() {
        let mut tail = Tail::default();
        let mut all = 0;
        for number in 0..20_000 {
            tail.push(&number.to_string());
            all += number.to_string().len() + 1;
        }
        let text = tail.into_text();
        assert!(text.len() <= COMMAND && text.len() > COMMAND - 2 * GAP);
        assert!(text.ends_with("19998\n19999\n"));
        let (gap, rest) = text.split_once('\n').unwrap();
        let lines = rest.lines().count();
        assert_eq!(gap, format!("… (left out here: {} lines, {} bytes)", 20_000 - lines, all - rest.len()));
    }

    /// R36.
    #[test]
    fn control_characters_are_written_out() {
        let none = Redactor::default();
        assert_eq!(kept("a\u{1b}[31mred\u{7}\tb\r\u{85}\n", &none), "a\\x1b[31mred\\x07\tb\\r\\x85\n");
        assert_eq!(kept("user\u{202e}txt.exe", &none), "user\\u{202e}txt.exe");
        assert_eq!(kept("no line break", &none), "no line break");
        assert_eq!(message("two\nlines\u{1b}", &none), "two lines\\x1b");
        assert_eq!(message(&"ä".repeat(MESSAGE + 1), &none), "ä".repeat(MESSAGE) + "…");
        assert_eq!(message("the password is hunter22", &Redactor::new(["hunter22".to_owned()])), "the password is ••••••");
    }

    #[test]
    fn what_was_left_out_before_stays_said() {
        let long = format!("{GAP_MARK}7 lines, 70 bytes)\n{}", "\u{1b}line\n".repeat(12_000));
        let text = kept(&long, &Redactor::default());
        assert!(text.starts_with("… (left out here: 7 lines, 70 bytes)\n… (left out here: "), "{}", &text[..200]);
        assert!(text.ends_with("\\x1bline\n"));
    }

    proptest! {
        /// R36: whatever a program prints, what is kept is bounded, per line and in all.
        #[test]
        fn what_is_kept_is_bounded(lines in proptest::collection::vec(("\\PC{0,80}|[\u{0}-\u{ff}]{0,80}", 1_usize..400), 0..40)) {
            let text: String = lines.iter().map(|(line, times)| line.repeat(*times) + "\n").collect();
            let text = kept(&text, &Redactor::default());
            prop_assert!(text.len() <= COMMAND + GAP);
            prop_assert!(text.lines().all(|line| line.len() <= MAX_LINE + CUT.len()));
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        }
    }
}
