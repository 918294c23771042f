//! Checks of the texts in a definition, whichever file they come from.

use super::nearest::did_you_mean;
use super::{CATEGORIES, MAX_TEXT};
use crate::refusal::Refusal;

/// A text without control characters.
pub(super) fn one_line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("this must be one line without control characters".to_owned());
    }
    several_lines(text)
}

/// A text that may have line breaks and tabs.
pub(super) fn several_lines(text: &str) -> Result<String, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("this is longer than {} KiB", MAX_TEXT / 1024));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("this has a control character, which no program expects in a text".to_owned());
    }
    Ok(text.to_owned())
}

/// What people call an application.
pub(super) fn title(text: &str) -> Result<String, String> {
    let text = one_line(text)?;
    if text.trim().is_empty() || text.chars().count() > 64 {
        return Err("a name has 1 to 64 characters".to_owned());
    }
    Ok(text.trim().to_owned())
}

/// One of [`CATEGORIES`].
pub(super) fn category(text: &str) -> Result<String, String> {
    if CATEGORIES.contains(&text) {
        return Ok(text.to_owned());
    }
    let near = did_you_mean(text, CATEGORIES.iter().copied());
    Err(format!("this is no category{near} (they are {})", CATEGORIES.join(", ")))
}

/// An address that a browser may be sent to. Another scheme, such as `javascript:`, would run in
/// the page that shows the link.
pub(super) fn website(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.len() <= 2048
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() || "\"'<>\\`".contains(c));
    if good { Ok(text.to_owned()) } else { Err("a website begins with `https://` or `http://` and has no spaces".to_owned()) }
}

/// `USER` or `USER:GROUP`, by name or number.
pub(super) fn user(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    if text.len() <= 64 && part(user) && group.is_none_or(part) {
        Ok(text.to_owned())
    } else {
        Err("a user is a name or a number, with a group behind `:` if need be, such as `1000:1000`".to_owned())
    }
}

/// The path of an HTTP probe.
pub(super) fn probe_path(text: &str) -> Result<String, String> {
    let good = text.starts_with('/') && text.len() <= 1024 && text.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(text.to_owned()) } else { Err("the path of a health check begins with `/` and has no spaces".to_owned()) }
}

/// The sentence of a refused name.
pub(super) fn name<T>(result: Result<T, Refusal>) -> Result<T, String> {
    result.map_err(|refusal| refusal.message)
}

/// A slug made from any text: `Uptime Kuma` becomes `uptime-kuma`.
pub(super) fn slugify(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(longest);
    slug.trim_matches('-').to_owned()
}
