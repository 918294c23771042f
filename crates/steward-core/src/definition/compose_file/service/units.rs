//! Compose's ways to write sizes, times and commands.

/// `512m`, `1.5g` or bytes, in MiB, rounded up.
pub(super) fn mebibytes(text: &str) -> Result<u64, String> {
    let wrong = || "a size is a number with `b`, `k`, `m` or `g`, such as `512m`".to_owned();
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: f64 = match lower.get(digits.len()..).unwrap_or_default() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.trim().parse().map_err(|_| wrong())?;
    let mebibytes = (number * unit / (1024.0 * 1024.0)).ceil();
    if !(6.0..=f64::from(16_u32 << 20)).contains(&mebibytes) {
        return Err("a limit of memory is at least 6 MiB and at most 16 TiB".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and within the range above")]
    Ok(mebibytes as u64)
}

/// `1m30s`, in whole seconds, rounded up.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || "a time is such as `30s` or `1m30s`, at most an hour".to_owned();
    let mut rest = text.trim();
    let mut milliseconds = 0.0_f64;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?);
        let (unit, behind) = behind.split_at(behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len()));
        let length = match unit {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return Err(wrong()),
        };
        milliseconds += number.parse::<f64>().map_err(|_| wrong())? * length;
        rest = behind;
    }
    let seconds = (milliseconds / 1000.0).ceil();
    if !(0.0..=3600.0).contains(&seconds) || text.trim().is_empty() {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and within the range above")]
    Ok(seconds as u32)
}

/// Splits a command at spaces, with quotes. What a shell would act on is refused: no shell sees
/// the text, so it would not do what its author means.
pub(super) fn split_command(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '|' | '&' | ';' | '<' | '>' | '`' | '(' | ')') => {
                return Err(format!("`{c}` means something to a shell only, and none is run; write the command as a list"));
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote has no end; write the command as a list".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in
            [("512m", 512), ("512M", 512), ("1g", 1024), ("1.5gb", 1536), ("1GiB", 1024), ("104857600", 100), ("8193k", 9)]
        {
            assert_eq!(mebibytes(text), Ok(expected), "{text}");
        }
        for bad in ["", "m", "1t", "-5m", "1x", "0", "1k", "nan", "inf", "99999999999g"] {
            assert!(mebibytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [("30s", 30), ("1m30s", 90), ("1h", 3600), ("500ms", 1), ("1.5s", 2), ("0s", 0)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for bad in ["", "30", "s", "1d", "2h", "-1s", "1s2", "1..s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn commands() {
        let words = |text| split_command(text).map(|words| words.join("|"));
        assert_eq!(words("serve --port 80"), Ok("serve|--port|80".to_owned()));
        assert_eq!(words(" a  'b c' \"d 'e'\" f\\ g '' "), Ok("a|b c|d 'e'|f g|".to_owned()));
        assert_eq!(words("a 'x | y'"), Ok("a|x | y".to_owned()));
        for bad in ["a | b", "a && b", "a; b", "a > b", "a `b`", "(a)", "'a", "\"a"] {
            assert!(split_command(bad).is_err(), "{bad}");
        }
    }
}
