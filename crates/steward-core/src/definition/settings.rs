//! Checks the values that a user gives for an application's settings.

mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use super::nearest::nearest;
use super::{Definition, Setting, SettingType};
use crate::deployment::Settings;
use crate::name::SettingKey;
use crate::redact::MASK;
use crate::refusal::{Code, Refusal};

pub(super) use self::value::check_declared;

/// The values of the revision that is in force; empty for a new deployment.
#[derive(Clone, Default, PartialEq)]
pub struct Kept {
    /// The values that are not secret.
    pub settings: Settings,
    /// The secret values.
    pub secrets: BTreeMap<SettingKey, String>,
}

/// The values that a deployment will have.
#[derive(Clone, Default, PartialEq)]
pub struct Resolved {
    /// The values that are not secret, defaults included.
    pub settings: Settings,
    /// The secret values that are known.
    pub secrets: BTreeMap<SettingKey, String>,
    /// What has to be generated: the setting, and how many characters. The result belongs with
    /// `secrets` when the setting is secret, and with `settings` otherwise.
    pub to_generate: Vec<(SettingKey, u8)>,
}

/// Writes the keys of secrets without their values.
struct Masked<'a>(&'a BTreeMap<SettingKey, String>);

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|key| (key, MASK))).finish()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("settings", &self.settings).field("secrets", &Masked(&self.secrets)).finish()
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field("settings", &self.settings)
            .field("secrets", &Masked(&self.secrets))
            .field("to_generate", &self.to_generate)
            .finish()
    }
}

/// Brings together what the user gives, what is kept, and the defaults. A given `null` returns a
/// setting to its default, or has a generated one generated anew.
///
/// # Errors
/// Every value that cannot be taken, with the field `settings.KEY`. No refusal repeats a value:
/// it may be a secret.
pub fn resolve(definition: &Definition, given: &BTreeMap<SettingKey, Value>, kept: &Kept) -> Result<Resolved, Vec<Refusal>> {
    let mut refusals: Vec<Refusal> =
        given.keys().filter(|key| definition.setting(key).is_none()).map(|key| unknown(definition, key)).collect();
    let mut resolved = Resolved::default();
    for setting in &definition.settings {
        match choose(setting, given.get(&setting.key), kept) {
            Ok(Some(value)) => keep(&mut resolved, setting, value),
            Ok(None) => match setting.generate {
                Some(length) => resolved.to_generate.push((setting.key.clone(), length)),
                None if setting.required => refusals.push(
                    refusal(setting, "a value is required")
                        .with_hint(format!("Give it one; on the command line: --set {}=VALUE", setting.key)),
                ),
                None => {}
            },
            Err(refused) => refusals.push(refused),
        }
    }
    if refusals.is_empty() { Ok(resolved) } else { Err(refusals) }
}

/// The value of one setting; none when there is neither a given, a kept nor a default one.
fn choose(setting: &Setting, given: Option<&Value>, kept: &Kept) -> Result<Option<Value>, Refusal> {
    match given {
        Some(Value::Null) => Ok(setting.default.clone()),
        Some(value) => value::take(setting, value).map(Some).map_err(|message| refusal(setting, &message)),
        None => match kept_value(setting, kept) {
            // What was kept was right for the definition of then; this may be another one.
            Some(value) => value::take(setting, &value).map(Some).map_err(|message| {
                refusal(setting, &format!("the value that is kept does not fit any more: {message}")).with_hint("give a new value")
            }),
            None => Ok(setting.default.clone()),
        },
    }
}

/// A value of the revision before. One that became secret goes on as a secret; one that was secret
/// and is no more is left behind, or it would be shown.
fn kept_value(setting: &Setting, kept: &Kept) -> Option<Value> {
    let secret = || kept.secrets.get(&setting.key).cloned().map(Value::String);
    let open = || kept.settings.get(&setting.key).cloned();
    if setting.secret { secret().or_else(open) } else { open() }
}

fn keep(resolved: &mut Resolved, setting: &Setting, value: Value) {
    match (setting.secret, value) {
        (true, Value::String(secret)) => {
            resolved.secrets.insert(setting.key.clone(), secret);
        }
        (_, value) => {
            resolved.settings.insert(setting.key.clone(), value);
        }
    }
}

fn refusal(setting: &Setting, message: &str) -> Refusal {
    Refusal::new(Code::InvalidValue, format!("`{}`: {message}", setting.key)).with_field(format!("settings.{}", setting.key))
}

fn unknown(definition: &Definition, key: &SettingKey) -> Refusal {
    let refusal = Refusal::new(Code::UnknownField, format!("there is no setting `{key}`")).with_field(format!("settings.{key}"));
    let known = definition.settings.iter().map(|setting| setting.key.as_str());
    match nearest(key.as_str(), known.clone()) {
        Some(near) => refusal.with_hint(format!("did you mean `{near}`?")),
        None if definition.settings.is_empty() => refusal.with_hint("this application has no settings"),
        None => refusal.with_hint(format!("the settings are {}", known.collect::<Vec<_>>().join(", "))),
    }
}

/// `admin_password` becomes `Admin password`.
pub(super) fn title_of(key: &SettingKey) -> String {
    let words = key.as_str().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The settings as a JSON Schema, draft 2020-12, for forms. `writeOnly` marks secrets; `x-advanced`
/// and `x-generate` say what JSON Schema has no word for.
pub fn json_schema(definition: &Definition) -> Value {
    let properties: Map<String, Value> = definition.settings.iter().map(|setting| (setting.key.to_string(), property(setting))).collect();
    let required: Vec<&str> = definition
        .settings
        .iter()
        .filter(|setting| setting.required && setting.default.is_none() && setting.generate.is_none())
        .map(|setting| setting.key.as_str())
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(setting: &Setting) -> Value {
    let mut property = Map::new();
    let mut put = |key: &str, value: Value| property.insert(key.to_owned(), value);
    put("type", json!(setting.setting_type));
    put("title", json!(setting.title));
    if !setting.description.is_empty() {
        put("description", json!(setting.description));
    }
    if let Some(default) = &setting.default {
        put("default", default.clone());
    }
    if !setting.options.is_empty() {
        put("enum", json!(setting.options));
    }
    let (smallest, largest) = match setting.setting_type {
        SettingType::String => ("minLength", "maxLength"),
        _ => ("minimum", "maximum"),
    };
    for (key, limit) in [(smallest, setting.minimum), (largest, setting.maximum)] {
        if let Some(limit) = limit {
            put(key, value::number(limit));
        }
    }
    if let Some(pattern) = &setting.pattern {
        put("pattern", json!(format!("^(?:{pattern})$")));
    }
    if setting.secret {
        put("writeOnly", json!(true));
    }
    if let Some(length) = setting.generate {
        put("x-generate", json!(length));
    }
    if setting.advanced {
        put("x-advanced", json!(true));
    }
    Value::Object(property)
}

#[cfg(test)]
mod tests;
