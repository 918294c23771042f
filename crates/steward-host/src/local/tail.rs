//! Splitting output into lines.

use steward_core::log::{MAX_LINE, cap_line};

/// Puts lines together from pieces. A line that is too long is cut, and its rest is dropped.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    pub(crate) fn feed(&mut self, bytes: &[u8], line: &mut dyn FnMut(&str)) {
        let mut pieces = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            // One byte more than a line may have, so that the cut shows.
            let room = (MAX_LINE + 1).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.end(line);
            }
        }
    }

    /// Hands on what stands without a line break.
    pub(crate) fn finish(&mut self, line: &mut dyn FnMut(&str)) {
        if !self.partial.is_empty() {
            self.end(line);
        }
    }

    fn end(&mut self, line: &mut dyn FnMut(&str)) {
        let bytes = self.partial.strip_suffix(b"\r").unwrap_or(&self.partial);
        line(&cap_line(String::from_utf8_lossy(bytes).into_owned()));
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for piece in pieces {
            lines.feed(piece, &mut |line| found.push(line.to_owned()));
        }
        lines.finish(&mut |line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn lines_are_put_together() {
        assert_eq!(lines(&[b"a\nb", b"c\r\n\n", b"d"]), ["a", "bc", "", "d"]);
        assert_eq!(lines(&[b"\xc3", b"\xa4\n\xff"]), ["ä", "\u{fffd}"]);
        assert!(lines(&[b""]).is_empty());
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let long = vec![b'x'; MAX_LINE];
        let found = lines(&[&long, &long, &long, b"\nnext\n"]);
        assert!(found[0].len() < MAX_LINE + 64 && found[0].ends_with("(line cut at 16 KiB)"));
        assert_eq!(found[1], "next");
    }
}
