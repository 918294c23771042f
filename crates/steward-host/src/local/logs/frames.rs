//! Takes the engine's log stream apart: frames, times, lines.

use bytes::{Buf, Bytes, BytesMut};
use steward_core::log::{LogLine, LogStream, MAX_LINE, cap_line};
use steward_core::name::ServiceName;

use super::position::{Position, Resume};
use crate::local::moment::{self, Nanos};

/// The longest frame that is taken in one piece. The engine cuts at 16 KiB; what a plugin driver sends
/// beyond this is read and dropped, so that nobody can make the buffer grow.
const LONGEST: usize = 256 * 1024;

/// How a container's log is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    /// Not seen yet.
    Unknown,
    /// Frames with a header of eight bytes: stream, three zeros, length.
    Frames,
    /// No frames, because the container has a terminal: everything is standard output.
    Raw,
}

/// A line, with its exact time for sorting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) at: Option<Nanos>,
    pub(crate) line: LogLine,
}

/// A line under construction.
#[derive(Debug, Default)]
struct Partial {
    at: Option<Nanos>,
    text: Vec<u8>,
}

/// Reads one container's stream.
#[derive(Debug)]
pub(crate) struct Decoder {
    service: ServiceName,
    buffer: BytesMut,
    wrapping: Wrapping,
    /// Bytes of a frame that is too long, still to be dropped.
    skip: usize,
    partials: [Partial; 2],
    resume: Resume,
}

impl Decoder {
    pub(crate) fn new(service: ServiceName, seen: Position) -> Self {
        Self {
            service,
            buffer: BytesMut::new(),
            wrapping: Wrapping::Unknown,
            skip: 0,
            partials: Default::default(),
            resume: Resume::new(seen),
        }
    }

    /// Where the reader stands now.
    pub(crate) fn position(&self) -> &Position {
        self.resume.position()
    }

    /// Whether the stream reached back to what was read before; none before the first piece.
    pub(crate) fn overlaps(&self) -> Option<bool> {
        self.resume.overlaps()
    }

    /// Takes bytes in and hands whole lines on.
    pub(crate) fn feed(&mut self, bytes: &[u8], lines: &mut Vec<Stamped>) {
        self.buffer.extend_from_slice(bytes);
        loop {
            let dropped = self.skip.min(self.buffer.len());
            self.buffer.advance(dropped);
            self.skip -= dropped;
            let more = match self.wrapping {
                Wrapping::Unknown => self.detect(),
                Wrapping::Frames => self.frame(lines),
                Wrapping::Raw => self.raw(lines),
            };
            if !more {
                break;
            }
        }
    }

    /// Hands on what stands without a line break when the stream has ended.
    pub(crate) fn finish(&mut self, lines: &mut Vec<Stamped>) {
        if self.wrapping == Wrapping::Raw && !self.buffer.is_empty() {
            let rest = self.buffer.split().freeze();
            self.piece(LogStream::Stdout, &rest, lines);
        }
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            if self.partials[index(stream)].at.is_some() {
                self.end_line(stream, lines);
            }
        }
    }

    /// With times asked for, a log without frames begins with a digit, one with frames with 1 or 2.
    fn detect(&mut self) -> bool {
        let Some(&first) = self.buffer.first() else { return false };
        self.wrapping = if first <= 2 { Wrapping::Frames } else { Wrapping::Raw };
        true
    }

    fn frame(&mut self, lines: &mut Vec<Stamped>) -> bool {
        let Some(&[stream, _, _, _, a, b, c, d]) = self.buffer.first_chunk::<8>() else { return false };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > LONGEST {
            self.buffer.advance(8);
            self.skip = length;
            return true;
        }
        if self.buffer.len() < 8 + length {
            return false;
        }
        self.buffer.advance(8);
        let frame = self.buffer.split_to(length).freeze();
        let stream = if stream == 2 { LogStream::Stderr } else { LogStream::Stdout };
        self.piece(stream, &frame, lines);
        true
    }

    fn raw(&mut self, lines: &mut Vec<Stamped>) -> bool {
        let end = match self.buffer.iter().position(|&byte| byte == b'\n') {
            Some(end) => end + 1,
            None if self.buffer.len() > LONGEST => self.buffer.len(),
            None => return false,
        };
        let piece = self.buffer.split_to(end).freeze();
        self.piece(LogStream::Stdout, &piece, lines);
        true
    }

    /// One message of the log: a time, a space, and a line or a part of one.
    fn piece(&mut self, stream: LogStream, bytes: &Bytes, lines: &mut Vec<Stamped>) {
        let (at, mut text) = split_time(bytes);
        if at.is_some_and(|at| !self.resume.is_new(at)) {
            return;
        }
        // A driver may hand several lines over in one message.
        while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
            self.extend(stream, at, &text[..end]);
            self.end_line(stream, lines);
            text = &text[end + 1..];
        }
        if !text.is_empty() {
            self.extend(stream, at, text);
        }
    }

    fn extend(&mut self, stream: LogStream, at: Option<Nanos>, text: &[u8]) {
        let partial = &mut self.partials[index(stream)];
        partial.at = partial.at.or(at);
        // One byte more than a line may have, so that the cut shows.
        let room = (MAX_LINE + 1).saturating_sub(partial.text.len());
        partial.text.extend_from_slice(&text[..text.len().min(room)]);
    }

    fn end_line(&mut self, stream: LogStream, lines: &mut Vec<Stamped>) {
        let partial = &mut self.partials[index(stream)];
        let text = partial.text.strip_suffix(b"\r").unwrap_or(&partial.text);
        let text = cap_line(String::from_utf8_lossy(text).into_owned());
        let at = partial.at.take();
        partial.text.clear();
        let line = LogLine { at: at.map(Nanos::timestamp), service: self.service.clone(), stream, text };
        lines.push(Stamped { at, line });
    }
}

fn index(stream: LogStream) -> usize {
    match stream {
        LogStream::Stdout => 0,
        LogStream::Stderr => 1,
    }
}

fn split_time(bytes: &[u8]) -> (Option<Nanos>, &[u8]) {
    let Some(space) = bytes.iter().take(40).position(|&byte| byte == b' ') else { return (None, bytes) };
    match std::str::from_utf8(&bytes[..space]).ok().and_then(moment::parse) {
        Some(at) => (Some(at), &bytes[space + 1..]),
        None => (None, bytes),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn frame(stream: u8, nanos: u32, text: &str) -> Vec<u8> {
        let payload = format!("2026-11-21T07:00:00.{nanos:09}Z {text}");
        let mut bytes = vec![stream, 0, 0, 0];
        bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend(payload.as_bytes());
        bytes
    }

    fn decoder(seen: Position) -> Decoder {
        Decoder::new(ServiceName::parse("web").unwrap(), seen)
    }

    fn texts(decoder: &mut Decoder, bytes: &[u8], step: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for chunk in bytes.chunks(step) {
            decoder.feed(chunk, &mut lines);
        }
        decoder.finish(&mut lines);
        lines.into_iter().map(|stamped| format!("{:?} {}", stamped.line.stream, stamped.line.text)).collect()
    }

    #[test]
    fn frames_in_any_pieces() {
        let bytes = [
            frame(1, 1, "one\n"),
            frame(2, 2, "two\r\n"),
            frame(1, 3, "par"),
            frame(2, 4, "x\n"),
            frame(1, 5, "tial\n"),
            frame(1, 6, "end"),
        ]
        .concat();
        let want = ["Stdout one", "Stderr two", "Stderr x", "Stdout partial", "Stdout end"];
        for step in [1, 3, 7, 64, bytes.len()] {
            assert_eq!(texts(&mut decoder(Position::default()), &bytes, step), want, "{step}");
        }
    }

    #[test]
    fn a_terminal_has_no_frames() {
        let bytes = b"2026-11-21T07:00:00.000000001Z one\r\n2026-11-21T07:00:00.000000002Z t\xffo";
        assert_eq!(texts(&mut decoder(Position::default()), bytes, 5), ["Stdout one", "Stdout t\u{fffd}o"]);
    }

    #[test]
    fn what_was_read_before_is_dropped() {
        let bytes = [frame(1, 1, "a\n"), frame(1, 2, "b\n"), frame(1, 2, "c\n"), frame(1, 2, "d\n"), frame(1, 3, "e\n")].concat();
        let mut first = decoder(Position::default());
        assert_eq!(texts(&mut first, &bytes[..3 * frame(1, 1, "a\n").len()], 9).len(), 3);
        let mut second = decoder(first.position().clone());
        assert_eq!(texts(&mut second, &bytes, 11), ["Stdout d", "Stdout e"]);
        assert_eq!(second.overlaps(), Some(true));
    }

    #[test]
    fn memory_is_bounded() {
        let mut long = decoder(Position::default());
        let mut bytes = vec![1, 0, 0, 0];
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.extend(vec![b'x'; 100_000]);
        assert!(texts(&mut long, &bytes, 4096).is_empty());
        assert!(long.buffer.len() < 8192 && long.skip > 0);

        let mut terminal = decoder(Position::default());
        let bytes = vec![b'x'; 3 * LONGEST];
        let lines = texts(&mut terminal, &bytes, 4096);
        assert!(lines.iter().all(|line| line.len() < MAX_LINE + 64));
        assert!(terminal.buffer.len() <= LONGEST);
    }

    #[test]
    fn a_long_line_is_cut() {
        let part = "y".repeat(16 * 1024);
        let bytes = [frame(1, 1, &part), frame(1, 1, &part), frame(1, 1, "\n"), frame(1, 2, "next\n")].concat();
        let lines = texts(&mut decoder(Position::default()), &bytes, 5000);
        assert!(lines[0].ends_with("(line cut at 16 KiB)"));
        assert_eq!(lines[1], "Stdout next");
    }
}
