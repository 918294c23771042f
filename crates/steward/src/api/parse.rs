//! Reads JSON into types, and says precisely what is wrong with it.
//!
//! No message repeats a value that was sent: it may be a password.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use steward_core::{Code, Refusal};

/// Reads a body, which is an object.
///
/// # Errors
/// `invalid_body` when it is no JSON; `unknown_field` or `invalid_value` with the field.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // serde would read an array as the fields in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
        return Err(Refusal::new(Code::InvalidValue, "expected an object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| refusal(error.path(), error.inner()))?;
    reader.end().map_err(|_| Refusal::new(Code::InvalidBody, "there is something after the end of the JSON"))?;
    Ok(value)
}

/// Reads a value that was read already.
///
/// # Errors
/// `unknown_field` or `invalid_value` with the field.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|error| refusal(error.path(), error.inner()))
}

fn refusal(path: &Path, error: &serde_json::Error) -> Refusal {
    match error.classify() {
        Category::Data => data(&dotted(path), &error.to_string()),
        Category::Eof | Category::Syntax | Category::Io => not_json(error),
    }
}

fn not_json(error: &serde_json::Error) -> Refusal {
    if error.is_eof() {
        return Refusal::new(Code::InvalidBody, "the JSON ends too early");
    }
    Refusal::new(Code::InvalidBody, format!("this is no JSON: line {}, column {}", error.line(), error.column()))
}

/// What is wrong with a value, from the words of its reader.
pub(super) fn data(path: &str, message: &str) -> Refusal {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    if let Some(field) = quoted_after(message, "unknown field `") {
        let refusal = Refusal::new(Code::UnknownField, format!("there is no field `{field}`")).with_field(with_last(path, field));
        return match message.rsplit_once(", expected ") {
            Some((_, known)) => refusal.with_hint(format!("Known: {known}.")),
            None => refusal,
        };
    }
    if let Some(field) = quoted_after(message, "missing field `") {
        return Refusal::new(Code::InvalidValue, format!("`{field}` is required")).with_field(with_last(path, field));
    }
    if let Some(field) = quoted_after(message, "duplicate field `") {
        return Refusal::new(Code::InvalidValue, format!("`{field}` is there twice")).with_field(with_last(path, field));
    }
    // These quote the value that was sent in front of what was expected.
    let quotes =
        ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"].iter().any(|start| message.starts_with(start));
    let said = match message.rsplit_once(", expected ") {
        Some((_, expected)) if quotes => format!("expected {expected}"),
        _ if quotes => "this value is not allowed here".to_owned(),
        _ => message.to_owned(),
    };
    match path {
        "" => Refusal::new(Code::InvalidValue, said),
        path => Refusal::new(Code::InvalidValue, format!("`{path}`: {said}")).with_field(path),
    }
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('`').next()
}

/// The path of a field in the object at `path`. Some readers name the field itself already.
fn with_last(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else if path == field || path.ends_with(&format!(".{field}")) {
        path.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

/// A path as `a.b.0`.
pub(super) fn dotted(path: &Path) -> String {
    let segments = path.iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    segments.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[allow(dead_code)]
        name: String,
        #[serde(default)]
        #[allow(dead_code)]
        ports: BTreeMap<String, u16>,
    }

    fn refused(text: &str) -> (Code, Option<String>, String) {
        let refusal = from_slice::<Body>(text.as_bytes()).unwrap_err();
        (refusal.code, refusal.field, refusal.message)
    }

    /// R16, M6: what is wrong is named by its path.
    #[test]
    fn what_is_wrong_is_named() {
        let cases: &[(&str, Code, Option<&str>)] = &[
            ("", Code::InvalidBody, None),
            ("{", Code::InvalidBody, None),
            ("nothing", Code::InvalidBody, None),
            (r#"{"name":"a"} x"#, Code::InvalidBody, None),
            ("[]", Code::InvalidValue, None),
            (r#" ["a"]"#, Code::InvalidValue, None),
            ("[", Code::InvalidBody, None),
            ("{}", Code::InvalidValue, Some("name")),
            (r#"{"name":1}"#, Code::InvalidValue, Some("name")),
            (r#"{"name":"a","nme":1}"#, Code::UnknownField, Some("nme")),
            (r#"{"name":"a","name":"b"}"#, Code::InvalidValue, Some("name")),
            (r#"{"name":"a","ports":{"80/tcp":"x"}}"#, Code::InvalidValue, Some("ports.80/tcp")),
            (r#"{"name":"a","ports":{"80/tcp":70000}}"#, Code::InvalidValue, Some("ports.80/tcp")),
        ];
        for (text, code, field) in cases {
            let (found, at, message) = refused(text);
            assert_eq!((found, at.as_deref()), (*code, *field), "{text}: {message}");
        }
    }

    /// R34: a refusal never repeats what was sent.
    #[test]
    fn values_are_not_repeated() {
        for text in [r#"{"name":{"s3cret":1}}"#, r#"{"name":["s3cret"]}"#, r#"{"name":"a","ports":{"80/tcp":"s3cret, expected s3cret"}}"#] {
            let (_, _, message) = refused(text);
            assert!(!message.contains("s3cret\""), "{message}");
        }
        let (_, _, message) = refused(r#"{"name":"a","ports":"s3cret"}"#);
        assert!(!message.contains("s3cret"), "{message}");
    }
}
