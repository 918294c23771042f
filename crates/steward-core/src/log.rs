//! Log lines: untrusted text with a source and a time.

use serde::{Deserialize, Serialize};

use crate::name::ServiceName;
use crate::time::Timestamp;

/// The longest line that is kept, in bytes; the rest is cut with a mark.
pub const MAX_LINE: usize = 16 * 1024;

/// What stands behind a line that was cut.
pub const CUT: &str = " … (line cut at 16 KiB)";

/// Which stream a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line that a container wrote. The text is untrusted and may hold anything but a line break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLine {
    /// When the engine received it; absent when it did not say.
    pub at: Option<Timestamp>,
    /// The container's service.
    pub service: ServiceName,
    /// Which stream.
    pub stream: LogStream,
    /// The text, without the line break, at most 16 KiB.
    pub text: String,
}

/// Cuts a line to the limit at a character boundary, marking the cut.
pub fn cap_line(mut text: String) -> String {
    if text.len() > MAX_LINE {
        let mut end = MAX_LINE;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

/// A line with terminal escape sequences and control characters made visible or dropped, for a terminal.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => out.push('\t'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Skips the rest of an escape sequence: CSI to its final byte, OSC to BEL or ST, else one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        }
        Some(']') => {
            chars.next();
            while let Some(c) = chars.next() {
                if c == '\u{7}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        Some(_) => {
            chars.next();
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_at_a_character() {
        let cut = cap_line("ä".repeat(MAX_LINE));
        assert!(cut.len() < MAX_LINE + 64);
        assert!(cut.ends_with("(line cut at 16 KiB)"));
        assert_eq!(cap_line("short".to_owned()), "short");
    }

    #[test]
    fn escape_sequences_do_not_reach_a_terminal() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(plain("\u{1b}]0;title\u{7}x"), "x");
        assert_eq!(plain("\u{1b}]0;title\u{1b}\\x"), "x");
        assert_eq!(plain("a\rb\u{8}c\td"), "a\u{fffd}b\u{fffd}c\td");
        assert_eq!(plain("\u{1b}"), "");
    }
}
