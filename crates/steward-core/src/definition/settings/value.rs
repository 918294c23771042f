//! One value against its setting, and a setting against itself.

use regex_lite::RegexBuilder;
use serde_json::{Number, Value};

use crate::definition::{MAX_TEXT, Setting, SettingType};

/// The largest program that a pattern may become; matching takes time in proportion to it.
const PATTERN_SIZE: usize = 64 * 1024;

/// Takes a value as one of the setting's type: the command line can only send text, so text that
/// reads as a number, `true` or `false` is taken for one.
pub(super) fn take(setting: &Setting, value: &Value) -> Result<Value, String> {
    let value = match setting.setting_type {
        SettingType::String => Value::String(as_text(setting, value)?),
        SettingType::Integer => as_integer(value).ok_or("this is no whole number")?,
        SettingType::Number => as_number(value).ok_or("this is no number")?,
        SettingType::Boolean => as_boolean(value).ok_or("this is neither `true` nor `false`")?,
    };
    if !setting.options.is_empty() {
        if setting.options.iter().any(|option| same(option, &value)) {
            return Ok(value);
        }
        let options: Vec<String> = setting.options.iter().map(shown).collect();
        return Err(format!("this is none of {}", options.join(", ")));
    }
    check_limits(setting, &value)?;
    check_pattern(setting, &value)?;
    Ok(value)
}

fn as_text(setting: &Setting, value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or("this is no text")?;
    if text.len() > MAX_TEXT {
        return Err(format!("this is longer than {} KiB", MAX_TEXT / 1024));
    }
    // An environment cannot hold NUL, and an env file no line break.
    if text.chars().any(char::is_control) {
        return Err("this must be one line without control characters".to_owned());
    }
    if text.is_empty() && (setting.required || setting.secret) {
        return Err("a value is required, and this is empty".to_owned());
    }
    Ok(text.to_owned())
}

fn as_integer(value: &Value) -> Option<Value> {
    let number = parsed_number(value)?;
    if number.is_i64() || number.is_u64() {
        return number.as_i64().map(Value::from);
    }
    // JSON knows no integers: 5.0 is one.
    let number = number.as_f64()?;
    let whole = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
    whole.then(|| Value::from(number as i64))
}

fn as_number(value: &Value) -> Option<Value> {
    parsed_number(value).filter(|number| number.as_f64().is_some_and(f64::is_finite)).map(Value::Number)
}

fn parsed_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        _ => None,
    }
}

fn as_boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) if text == "true" => Some(Value::Bool(true)),
        Value::String(text) if text == "false" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// Equal as JSON Schema means it: 1 and 1.0 are.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn shown(option: &Value) -> String {
    option.as_str().map_or_else(|| option.to_string(), |text| format!("`{text}`"))
}

/// A number without a needless `.0`.
pub(super) fn number(number: f64) -> Value {
    let whole = as_integer(&Value::from(number));
    whole.unwrap_or_else(|| Value::from(number))
}

fn check_limits(setting: &Setting, value: &Value) -> Result<(), String> {
    let (measured, what) = match value {
        #[expect(clippy::cast_precision_loss, reason = "a text has at most 64 KiB")]
        Value::String(text) => (text.chars().count() as f64, "characters"),
        Value::Number(number) => (number.as_f64().unwrap_or(f64::NAN), ""),
        _ => return Ok(()),
    };
    let say = |limit: f64, word: &str| {
        let limit = number(limit);
        if what.is_empty() { format!("this must be {word} {limit}") } else { format!("this must have {word} {limit} {what}") }
    };
    match (setting.minimum, setting.maximum) {
        (Some(smallest), _) if measured < smallest => Err(say(smallest, "at least")),
        (_, Some(largest)) if measured > largest => Err(say(largest, "at most")),
        _ => Ok(()),
    }
}

fn check_pattern(setting: &Setting, value: &Value) -> Result<(), String> {
    let (Some(pattern), Some(text)) = (&setting.pattern, value.as_str()) else { return Ok(()) };
    if text.is_empty() && !setting.required {
        return Ok(());
    }
    let matches = compile(pattern)?.is_match(text);
    if matches { Ok(()) } else { Err(format!("this does not match the pattern `{pattern}`")) }
}

/// The pattern, bound to both ends of the text. The matcher never goes back, so that no pattern
/// takes more than linear time.
fn compile(pattern: &str) -> Result<regex_lite::Regex, String> {
    // Checked alone first: `a)|(b` would be good between the brackets below and mean something else.
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).nest_limit(16).build();
    build(pattern).and_then(|_| build(&format!("^(?:{pattern})$"))).map_err(|error| format!("the pattern cannot be used: {error}"))
}

/// Checks a setting as it is declared: its default, its options and its limits against each other.
pub(in crate::definition) fn check_declared(setting: &Setting) -> Result<(), String> {
    check_kind(setting)?;
    for (limit, what) in [(setting.minimum, "minimum"), (setting.maximum, "maximum")] {
        let Some(limit) = limit else { continue };
        if setting.setting_type == SettingType::Boolean {
            return Err(format!("a boolean has no `{what}`"));
        }
        if setting.setting_type == SettingType::String && (limit < 0.0 || limit.fract() != 0.0) {
            return Err(format!("the `{what}` of a string is how many characters it has"));
        }
    }
    if let (Some(smallest), Some(largest)) = (setting.minimum, setting.maximum)
        && smallest > largest
    {
        return Err("`minimum` is above `maximum`".to_owned());
    }
    if let Some(pattern) = &setting.pattern {
        compile(pattern)?;
    }
    check_options(setting)?;
    if let Some(default) = &setting.default {
        check_type(setting, default).map_err(|message| format!("the default does not fit: {message}"))?;
    }
    check_generated(setting)
}

fn check_kind(setting: &Setting) -> Result<(), String> {
    let is_text = setting.setting_type == SettingType::String;
    if setting.secret && !is_text {
        return Err("only a string can be secret".to_owned());
    }
    if setting.secret && setting.default.is_some() {
        return Err("a secret has no default: everybody would know it; use `generate`".to_owned());
    }
    if setting.secret && !setting.options.is_empty() {
        return Err("a secret has no options: everybody would know them".to_owned());
    }
    if setting.pattern.is_some() && !is_text {
        return Err("only a string has a `pattern`".to_owned());
    }
    if setting.generate.is_some() && !is_text {
        return Err("only a string can be generated".to_owned());
    }
    Ok(())
}

fn check_options(setting: &Setting) -> Result<(), String> {
    if setting.options.len() > 100 {
        return Err("there are more than 100 options".to_owned());
    }
    // Each option is a value by itself, so it is held to the type and the limits, not to the others.
    let alone = Setting { options: Vec::new(), ..setting.clone() };
    for (index, option) in setting.options.iter().enumerate() {
        check_type(&alone, option).map_err(|message| format!("the option {} does not fit: {message}", shown(option)))?;
        if setting.options.iter().take(index).any(|other| same(other, option)) {
            return Err(format!("the option {} is written twice", shown(option)));
        }
    }
    Ok(())
}

/// In a definition, a number is written as a number; text is taken for one from users only.
fn check_type(setting: &Setting, value: &Value) -> Result<(), String> {
    if setting.setting_type != SettingType::String && value.is_string() {
        return Err("it is written as a text".to_owned());
    }
    take(setting, value).map(|_| ())
}

fn check_generated(setting: &Setting) -> Result<(), String> {
    let Some(length) = setting.generate else { return Ok(()) };
    if setting.default.is_some() {
        return Err("a setting has a `default` or is generated, not both".to_owned());
    }
    if setting.pattern.is_some() || !setting.options.is_empty() {
        return Err("a generated value cannot be promised to match `pattern` or `options`".to_owned());
    }
    let length = f64::from(length);
    if setting.minimum.is_some_and(|smallest| length < smallest) || setting.maximum.is_some_and(|largest| length > largest) {
        return Err("the generated value would be outside `minimum` and `maximum`".to_owned());
    }
    Ok(())
}
