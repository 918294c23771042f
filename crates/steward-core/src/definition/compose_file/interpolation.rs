//! References in a Compose file: `${TITLE:-Home}` becomes the setting `title`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::definition::draft::{At, DraftTemplate, Problems, Spot};
use crate::definition::{Setting, SettingType, TemplatePart, settings, text};
use crate::name::SettingKey;

/// How long a password is that Steward makes in place of one that everybody knows.
const GENERATED: u8 = 32;

/// A reference, or the text between two of them.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Variable { name: String, default: Option<String> },
}

/// Takes text apart, as Compose would.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        plain.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            plain.push('$');
            rest = after;
            continue;
        }
        let (variable, after) = if let Some(after) = after.strip_prefix('{') { braced(after)? } else { bare(after)? };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(variable);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// How many bytes of the text are the name of a variable.
fn name_length(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

/// `NAME` behind `$`.
fn bare(text: &str) -> Result<(Piece, &str), String> {
    let (name, rest) = text.split_at(name_length(text));
    if name.is_empty() {
        return Err("a `$` begins a reference such as `${NAME}`; write `$$` for the character itself".to_owned());
    }
    Ok((Piece::Variable { name: name.to_owned(), default: None }, rest))
}

/// `NAME}`, `NAME:-default}` or `NAME:?message}` behind `${`.
fn braced(text: &str) -> Result<(Piece, &str), String> {
    let Some((inside, rest)) = text.split_once('}') else {
        return Err("a reference has no `}`; write `$$` for the character `$` itself".to_owned());
    };
    let (name, modifier) = inside.split_at(name_length(inside));
    if modifier.contains('$') {
        return Err("a reference within a reference is not taken; write the default as it is".to_owned());
    }
    let default = match modifier.strip_prefix(':').unwrap_or(modifier).split_at_checked(1) {
        _ if modifier.is_empty() => None,
        Some(("-", default)) => Some(default.to_owned()),
        // The message would be Compose's; Steward says itself that a value is required.
        Some(("?", _)) => None,
        _ => return Err("a reference is `${NAME}`, `${NAME:-default}` or `${NAME:?}`".to_owned()),
    };
    if name.is_empty() {
        return Err("a reference is `${NAME}`, `${NAME:-default}` or `${NAME:?}`".to_owned());
    }
    Ok((Piece::Variable { name: name.to_owned(), default }, rest))
}

/// The variables that a file refers to, each of which becomes a setting.
#[derive(Default)]
pub(super) struct Variables {
    seen: BTreeMap<SettingKey, At<Option<String>>>,
    order: Vec<SettingKey>,
}

impl Variables {
    /// The value of an environment variable, with references to settings.
    pub(super) fn template(&mut self, spot: Spot, text: &str, problems: &mut Problems) -> Option<DraftTemplate> {
        let text = problems.take(spot, text::several_lines(text))?;
        let mut template = DraftTemplate::new();
        for piece in problems.take(spot, pieces(&text))? {
            let part = match piece {
                Piece::Text(text) => TemplatePart::Text(text),
                Piece::Variable { name, default } => TemplatePart::Setting(self.see(spot, &name, default, problems)?),
            };
            template.push(At::new(spot, part));
        }
        Some(template)
    }

    fn see(&mut self, spot: Spot, name: &str, default: Option<String>, problems: &mut Problems) -> Option<SettingKey> {
        let key = problems.take(spot, text::name(SettingKey::parse(&name.to_ascii_lowercase())))?;
        match self.seen.get_mut(&key) {
            None => {
                self.order.push(key.clone());
                self.seen.insert(key.clone(), At::new(spot, default));
            }
            Some(seen) => match (&seen.value, default) {
                (Some(one), Some(other)) if *one != other => {
                    problems.add(spot, format!("`{name}` has another default on line {}", seen.spot.line));
                }
                (None, Some(default)) => seen.value = Some(default),
                _ => {}
            },
        }
        Some(key)
    }

    /// The settings, in the order in which the file first refers to them.
    pub(super) fn settings(self, problems: &mut Problems) -> Vec<At<Setting>> {
        let Self { mut seen, order } = self;
        let mut found = Vec::new();
        for key in order {
            let Some(At { spot, value: default }) = seen.remove(&key) else { continue };
            let setting = setting(key, default);
            if let Err(message) = settings::check_declared(&setting) {
                problems.add(spot, message);
            }
            found.push(At::new(spot, setting));
        }
        found
    }
}

/// A password with a default is one that everybody knows, so Steward makes another one.
fn setting(key: SettingKey, default: Option<String>) -> Setting {
    let secret = is_secret(&key);
    let generate = secret && default.as_ref().is_some_and(|default| !default.is_empty());
    Setting {
        setting_type: SettingType::String,
        title: settings::title_of(&key),
        description: String::new(),
        required: default.is_none(),
        default: if secret { None } else { default.map(Value::String) },
        options: Vec::new(),
        minimum: None,
        maximum: None,
        pattern: None,
        secret,
        generate: generate.then_some(GENERATED),
        advanced: false,
        key,
    }
}

/// Whether the name of a variable says that it is a secret.
fn is_secret(key: &SettingKey) -> bool {
    let words = ["password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "private_key"];
    words.iter().any(|word| key.as_str().contains(word)) || key.as_str().split('_').any(|word| word == "pass" || word == "pw")
}
