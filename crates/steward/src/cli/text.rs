//! Text from elsewhere, made fit for a terminal or a pipe, and numbers made fit for people.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use steward_core::log::plain;

/// Whether a text holds a control character other than the tab, C1 ones included.
fn has_control(text: &str) -> bool {
    // In UTF-8 the C1 characters are 0xC2 followed by 0x80 to 0x9F.
    let bytes = text.as_bytes();
    bytes.iter().any(|&b| (b < 0x20 && b != b'\t') || b == 0x7f) || bytes.windows(2).any(|pair| pair[0] == 0xc2 && pair[1] < 0xa0)
}

/// One line without anything that steers a terminal. Almost every line is clean and is not copied.
pub fn clean(text: &str) -> Cow<'_, str> {
    if has_control(text) { Cow::Owned(plain(text)) } else { Cow::Borrowed(text) }
}

/// Several lines without anything that steers a terminal; the second and later ones are indented.
pub fn clean_block(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.trim_end().lines().map(clean).collect();
    lines.join("\n  ")
}

/// JSON in one line. What serde leaves alone and a terminal may obey is escaped.
pub fn json_line(value: &Value) -> String {
    escape(value.to_string())
}

/// JSON over several lines.
pub fn json_pretty(value: &Value) -> String {
    escape(format!("{value:#}"))
}

/// Escapes the control characters that JSON allows inside a string: DEL and C1.
pub fn escape(json: String) -> String {
    if !json.chars().any(|c| c.is_control() && c != '\n') {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() && c != '\n' {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Bytes as `1.4 GiB`.
pub fn bytes(amount: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let mut value = amount as f64;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 { format!("{value:.0} {}", UNITS[unit]) } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// MiB as a definition writes them.
pub fn mib(amount: u64) -> String {
    bytes(amount.saturating_mul(1024 * 1024))
}

/// A duration as `0.4s`, `38s`, `2m 05s`, `3h 10m`, `4d 2h`.
pub fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..=9 => format!("{:.1}s", length.as_secs_f64()),
        10..=59 => format!("{seconds}s"),
        60..=3599 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..=86_399 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// `1 app`, `2 apps`.
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// An argument vector as a shell would take it.
pub fn command(argv: &[String]) -> String {
    let quote = |word: &String| {
        let simple = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:=@,+%".contains(&b));
        if simple { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// A word of the API (`needs_attention`) as people write it: `needs attention`.
pub fn word(word: &impl serde::Serialize) -> String {
    serde_json::to_value(word).map(|word| value(&word).replace('_', " ")).unwrap_or_default()
}

/// A value of JSON as people write it: text without quotes.
pub fn value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "—".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_lines_are_not_copied() {
        assert!(matches!(clean("GET /\tß 200"), Cow::Borrowed(_)));
        assert_eq!(clean("\u{1b}[31mred"), "red");
        assert_eq!(clean("a\u{9b}31mb"), "a\u{fffd}31mb");
    }

    #[test]
    fn json_holds_no_control_characters() {
        let shown = json_line(&Value::String("a\u{1b}\u{7f}\u{9b}b".to_owned()));
        assert_eq!(shown, r#""a\u001b\u007f\u009bb""#);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap_or_default(), "a\u{1b}\u{7f}\u{9b}b");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([bytes(0), bytes(1536), bytes(412 << 20), bytes(3 << 40)], ["0 B", "1.5 KiB", "412 MiB", "3.0 TiB"]);
        assert_eq!(duration(Duration::from_millis(430)), "0.4s");
        assert_eq!(duration(Duration::from_secs(125)), "2m 05s");
        assert_eq!(duration(Duration::from_secs(90_000)), "1d 1h");
    }

    #[test]
    fn commands_can_be_pasted() {
        let argv = ["docker", "run", "a b", "it's", ""].map(str::to_owned);
        assert_eq!(command(&argv), r"docker run 'a b' 'it'\''s' ''");
    }
}
