//! Keeps secrets out of text that is stored or shown.
//!
//! A secret is found as it is, and in the forms in which programs print it: in JSON strings, with
//! percent signs as in addresses, with doubled dollars as in Compose files, in hex, and in Base64
//! wherever in the encoded bytes it stands, also over line breaks. What is known of a secret of several
//! lines is each of its longer lines too, because a text may hold only a part of it.

mod view;

use std::ops::Range;

use crate::log::CUT;
use view::View;

/// What stands where a secret stood.
pub const MASK: &str = "••••••";

/// A secret that is shorter is left alone: masking it would destroy the text and hide nothing.
const SHORTEST: usize = 4;
/// A line of a secret that is shorter is not a secret by itself.
const SHORTEST_LINE: usize = 8;
/// An encoded form with fewer characters is found in ordinary words.
const SHORTEST_FORM: usize = 6;

/// What is looked for.
#[derive(Clone, Default)]
struct Needle {
    bytes: Vec<u8>,
    /// Whether the character before it holds a few bits of the secret as well.
    before: bool,
    /// Whether the character behind it does.
    behind: bool,
}

impl Needle {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, before: false, behind: false }
    }
}

/// Replaces known secrets in text.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The secrets, longest first.
    plain: Vec<Needle>,
    /// Their lower-case hex.
    hex: Vec<Needle>,
    /// What of their Base64 does not depend on the bytes around them.
    base64: Vec<Needle>,
}

impl Redactor {
    /// A redactor that knows these secrets and their encoded forms.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut known = Self::default();
        for secret in secrets {
            known.add(secret.as_bytes(), SHORTEST);
            if secret.contains('\n') {
                secret.lines().for_each(|line| known.add(line.trim().as_bytes(), SHORTEST_LINE));
            }
        }
        // Longest first, so that a secret that contains another one is masked whole.
        known.plain.sort_by_key(|secret| std::cmp::Reverse(secret.bytes.len()));
        known
    }

    fn add(&mut self, secret: &[u8], shortest: usize) {
        if secret.len() < shortest || self.plain.iter().any(|known| known.bytes == secret) {
            return;
        }
        self.plain.push(Needle::new(secret.to_vec()));
        self.hex.push(Needle::new(hex::encode(secret).into_bytes()));
        self.base64.extend((0..3).map(|before| base64(secret, before)).filter(|form| form.bytes.len() >= SHORTEST_FORM));
    }

    /// The text with every known secret masked.
    pub fn redact(&self, text: &str) -> String {
        let mut found = self.find(text);
        if found.is_empty() {
            return text.to_owned();
        }
        found.sort_by_key(|range| range.start);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut ranges = found.into_iter().peekable();
        while let Some(mut range) = ranges.next() {
            while let Some(next) = ranges.next_if(|next| next.start < range.end) {
                range.end = range.end.max(next.end);
            }
            out.push_str(&text[done..range.start]);
            out.push_str(MASK);
            done = range.end;
        }
        out.push_str(&text[done..]);
        out
    }

    /// Where secrets are in a text.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.plain.is_empty() {
            return found;
        }
        let cuts: Vec<usize> = text.match_indices(CUT).map(|(at, _)| at).collect();
        let mut look = |view: &View, needles: &[Needle]| {
            for needle in needles {
                view.find(needle, &mut found);
            }
            for cut in &cuts {
                view.find_cut(*cut, needles, &mut found);
            }
        };
        look(&View::plain(text), &self.plain);
        for view in [View::json(text), View::percent(text, b'+'), View::percent(text, b' '), View::dollars(text)].into_iter().flatten() {
            look(&view, &self.plain);
        }
        look(&View::hex(text), &self.hex);
        look(&View::base64(text), &self.base64);
        found
    }
}

/// What of the Base64 of a secret is the same whatever stands around it, when `before` bytes, modulo
/// three, come before it.
fn base64(secret: &[u8], before: usize) -> Needle {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (begin, end) = (before * 8, (before + secret.len()) * 8);
    let bit = |at: usize| (secret[(at - begin) / 8] >> (7 - at % 8)) & 1;
    let digit = |place: usize| (place * 6..place * 6 + 6).fold(0, |value, at| (value << 1) | bit(at));
    let bytes = (begin.div_ceil(6)..end / 6).map(|place| ALPHABET[usize::from(digit(place))]).collect();
    Needle { bytes, before: begin % 6 != 0, behind: end % 6 != 0 }
}

#[cfg(test)]
mod tests;
