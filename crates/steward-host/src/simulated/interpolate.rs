//! Variables in a Compose file, filled in from the secrets file, as Compose does it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Reads `KEY=value` lines; a value may stand in single or double quotes.
pub(crate) fn parse_env_file(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), unquote(value.trim())))
        .collect()
}

fn unquote(value: &str) -> String {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(literal) = inside('\'') {
        return literal.replace("\\'", "'");
    }
    if let Some(escaped) = inside('"') {
        return escaped.replace("\\n", "\n").replace("\\\"", "\"").replace("\\$", "$").replace("\\\\", "\\");
    }
    value.to_owned()
}

/// Fills in the variables of every text in a value.
pub(crate) fn fill(value: &mut Value, env: &BTreeMap<String, String>) -> Result<(), String> {
    match value {
        Value::String(text) => *text = fill_text(text, env)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, env))?,
        Value::Object(map) => map.values_mut().try_for_each(|item| fill(item, env))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn fill_text(text: &str, env: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (inner, after) = after.split_once('}').ok_or_else(|| invalid(text))?;
            out.push_str(&expand(inner, env)?);
            rest = after;
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if end == 0 {
                return Err(invalid(text));
            }
            out.push_str(env.get(&rest[..end]).map_or("", String::as_str));
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn invalid(text: &str) -> String {
    format!("invalid interpolation format for `{text}`. You may need to escape any $ with another $")
}

/// `NAME`, `NAME:-default`, `NAME-default`, `NAME:?message` or `NAME?message`.
fn expand(inner: &str, env: &BTreeMap<String, String>) -> Result<String, String> {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, modifier) = inner.split_at(end);
    let value = env.get(name);
    let (filled, modifier) = match modifier.strip_prefix(':') {
        Some(rest) => (value.filter(|value| !value.is_empty()), rest),
        None => (value, modifier),
    };
    if let Some(filled) = filled {
        return Ok(filled.clone());
    }
    match modifier.chars().next() {
        None => Ok(String::new()),
        Some('-') => Ok(modifier[1..].to_owned()),
        Some('?') => Err(format!("required variable {name} is missing a value: {}", &modifier[1..])),
        Some(_) => Err(invalid(inner)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let env = parse_env_file("# comment\nA=1\nEMPTY=\nQ='it is $5'\nD=\"a\\nb\"\n");
        for (text, want) in [
            ("${A}", "1"),
            ("$A/$A", "1/1"),
            ("$$A", "$A"),
            ("${MISSING}x", "x"),
            ("${MISSING:-d}${EMPTY:-e}${EMPTY-f}", "de"),
            ("${A:?needed}", "1"),
            ("${Q}", "it is $5"),
            ("${D}", "a\nb"),
            ("cost: 5 €", "cost: 5 €"),
        ] {
            assert_eq!(fill_text(text, &env).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_an_error() {
        let env = parse_env_file("EMPTY=");
        assert!(fill_text("${EMPTY:?say so}", &env).unwrap_err().contains("say so"));
        assert!(fill_text("${NO?}", &env).is_err());
        assert!(fill_text("${open", &env).is_err());
        assert!(fill_text("5$", &env).is_err());
    }
}
