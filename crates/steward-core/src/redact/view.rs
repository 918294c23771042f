//! A text seen through an encoding: decoded bytes, and where in the text each comes from.

use std::ops::Range;

use memchr::memmem;

use super::Needle;

/// The part of a secret that a cut may leave: shorter ones are found in ordinary words.
const SHORTEST_PART: usize = 4;

/// The longest escape: two times `\\uXXXX`.
const LONGEST_ESCAPE: usize = 12;

/// A text seen through an encoding.
pub(super) struct View {
    bytes: Vec<u8>,
    /// Where in the text each byte begins, and behind the last one where that ends; empty when every
    /// byte stands where it is.
    at: Vec<usize>,
    /// Whether several bytes of the text can make one of the view.
    escapes: bool,
}

impl View {
    fn with_room(text: &str, escapes: bool) -> Self {
        Self { bytes: Vec::with_capacity(text.len()), at: Vec::with_capacity(text.len() + 1), escapes }
    }

    fn push(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        self.at.push(at);
    }

    fn ended(mut self, text: &str) -> Self {
        self.at.push(text.len());
        self
    }

    /// The text as it is.
    pub fn plain(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), at: Vec::new(), escapes: false }
    }

    /// With the escapes of JSON strings resolved; none when there are none.
    pub fn json(text: &str) -> Option<Self> {
        if !text.contains('\\') {
            return None;
        }
        let bytes = text.as_bytes();
        let mut view = Self::with_room(text, true);
        let mut at = 0;
        while at < bytes.len() {
            let (decoded, length) = json_escape(&bytes[at..]);
            let mut buffer = [0; 4];
            match decoded {
                Some(character) => character.encode_utf8(&mut buffer).bytes().for_each(|byte| view.push(byte, at)),
                None => view.push(bytes[at], at),
            }
            at += length;
        }
        Some(view.ended(text))
    }

    /// With percent signs resolved as in addresses, and `+` as what it stands for: a space in forms,
    /// itself elsewhere. None when there is neither.
    pub fn percent(text: &str, plus: u8) -> Option<Self> {
        if !text.contains('%') && !text.contains('+') {
            return None;
        }
        let bytes = text.as_bytes();
        let mut view = Self::with_room(text, true);
        let mut at = 0;
        while at < bytes.len() {
            let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
            match digits.and_then(|digits| Some(hex_digit(digits[0])? << 4 | hex_digit(digits[1])?)) {
                Some(byte) => {
                    view.push(byte, at);
                    at += 3;
                }
                None => {
                    view.push(if bytes[at] == b'+' { plus } else { bytes[at] }, at);
                    at += 1;
                }
            }
        }
        Some(view.ended(text))
    }

    /// With doubled dollars as one, as in Compose files; none when there are none.
    pub fn dollars(text: &str) -> Option<Self> {
        if !text.contains("$$") {
            return None;
        }
        let bytes = text.as_bytes();
        let mut view = Self::with_room(text, true);
        let mut at = 0;
        while at < bytes.len() {
            view.push(bytes[at], at);
            at += if bytes[at..].starts_with(b"$$") { 2 } else { 1 };
        }
        Some(view.ended(text))
    }

    /// In lower case, without what is put between the digits of hex.
    pub fn hex(text: &str) -> Self {
        let mut view = Self::with_room(text, false);
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| !b"\r\n: ".contains(byte)) {
            view.push(byte.to_ascii_lowercase(), at);
        }
        view.ended(text)
    }

    /// Without line breaks, in the first of the two alphabets of Base64.
    pub fn base64(text: &str) -> Self {
        let mut view = Self::with_room(text, false);
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| !b"\r\n".contains(byte)) {
            view.push(
                match byte {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => other,
                },
                at,
            );
        }
        view.ended(text)
    }

    /// The range of the text that a range of bytes comes from.
    fn range(&self, bytes: Range<usize>) -> Range<usize> {
        if self.at.is_empty() {
            return bytes;
        }
        // Behind the last byte may stand what the view leaves out, such as a line break, which stays.
        let end = if self.escapes { self.at[bytes.end] } else { self.at[bytes.end - 1] + 1 };
        self.at[bytes.start]..end
    }

    /// Adds every place of a needle, with the characters beside it that hold a part of it.
    pub fn find(&self, needle: &Needle, found: &mut Vec<Range<usize>>) {
        let finder = memmem::Finder::new(&needle.bytes);
        let mut from = 0;
        while let Some(offset) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let (mut start, mut end) = (from + offset, from + offset + needle.bytes.len());
            // From the next byte on, for a needle can overlap itself.
            from = start + 1;
            let digit = |at: usize| self.bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
            if needle.before && start > 0 && digit(start - 1) {
                start -= 1;
            }
            if needle.behind && digit(end) {
                end += 1;
            }
            found.push(self.range(start..end));
        }
    }

    /// Adds the beginning of a needle that a cut at this place of the text left over.
    pub fn find_cut(&self, cut: usize, needles: &[Needle], found: &mut Vec<Range<usize>>) {
        let end = if self.at.is_empty() { cut } else { self.at.partition_point(|at| *at < cut).min(self.bytes.len()) };
        // The cut may have gone through an escape, of which the beginning is left.
        let whole = |skip: &usize| *skip == 0 || self.escapes && end.checked_sub(*skip).is_some_and(|at| b"%\\$".contains(&self.bytes[at]));
        for end in (0..LONGEST_ESCAPE).filter(whole).map(|skip| end - skip) {
            let before = &self.bytes[..end];
            let left =
                |needle: &Needle| (SHORTEST_PART..needle.bytes.len()).rev().find(|length| before.ends_with(&needle.bytes[..*length]));
            if let Some(length) = needles.iter().filter_map(left).max() {
                found.push(self.range(end - length..end).start..cut);
            }
        }
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The character that an escape at the beginning stands for, and how long the escape is; none and 1
/// when there is none.
fn json_escape(bytes: &[u8]) -> (Option<char>, usize) {
    let plain = |character: char| (Some(character), 2);
    match bytes {
        [b'\\', b'n', ..] => plain('\n'),
        [b'\\', b't', ..] => plain('\t'),
        [b'\\', b'r', ..] => plain('\r'),
        [b'\\', b'b', ..] => plain('\u{8}'),
        [b'\\', b'f', ..] => plain('\u{c}'),
        [b'\\', b'u', rest @ ..] => unicode_escape(rest),
        [b'\\', other @ (b'"' | b'\\' | b'/' | b'\''), ..] => plain(char::from(*other)),
        _ => (None, 1),
    }
}

/// What stands behind `\u`: four digits, or two times four with another `\u` between them.
fn unicode_escape(rest: &[u8]) -> (Option<char>, usize) {
    let unit = |digits: Option<&[u8]>| digits?.iter().try_fold(0_u32, |value, digit| Some(value << 4 | u32::from(hex_digit(*digit)?)));
    let Some(first) = unit(rest.get(..4)) else { return (None, 1) };
    let second = rest.get(4..6).filter(|between| between == b"\\u").and_then(|_| unit(rest.get(6..10)));
    match (first, second) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => (char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)), 12),
        _ => match char::from_u32(first) {
            Some(character) => (Some(character), 6),
            None => (None, 1),
        },
    }
}
