//! What a person types, turned into what the API takes.
//!
//! This is not done by the parser of the command line, so that a bad value is told in the same way
//! as any other refusal, in JSON too.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::failure::Failure;

/// `KEY=VALUE` pairs as settings. The server knows the types and takes text for all of them.
///
/// # Errors
/// When a pair has no `=` or a key is given twice.
pub fn settings(pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut settings = Map::new();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::value("settings", format!("`{pair}` is no setting")).hint("Write KEY=VALUE, such as title=Home."));
        };
        if settings.insert(key.to_owned(), Value::String(value.to_owned())).is_some() {
            return Err(Failure::value(&format!("settings.{key}"), format!("the setting `{key}` is given twice")));
        }
    }
    Ok(settings)
}

/// `INTERNAL[/PROTOCOL]=EXTERNAL` pairs as port choices.
///
/// # Errors
/// When one is not of this form, or a port is not from 1 to 65535.
pub fn ports(pairs: &[String]) -> Result<BTreeMap<String, u16>, Failure> {
    let mut ports = BTreeMap::new();
    for pair in pairs {
        let (key, external) = port(pair)?;
        if ports.insert(key.clone(), external).is_some() {
            return Err(Failure::value(&format!("ports.{key}"), format!("the port {key} is given twice")));
        }
    }
    Ok(ports)
}

fn port(pair: &str) -> Result<(String, u16), Failure> {
    let form = "Write INTERNAL[/PROTOCOL]=EXTERNAL, such as 80/tcp=8081.";
    let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    let Some((inside, outside)) = pair.split_once('=') else {
        return Err(Failure::value("ports", format!("`{pair}` is no choice of a port")).hint(form));
    };
    let (internal, protocol) = inside.split_once('/').unwrap_or((inside, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    let (Some(internal), true) = (number(internal), ["tcp", "udp"].contains(&protocol.as_str())) else {
        return Err(Failure::value("ports", format!("`{inside}` is no port of a container")).hint(form));
    };
    let key = format!("{internal}/{protocol}");
    match number(outside) {
        Some(external) => Ok((key, external)),
        None => Err(Failure::value(&format!("ports.{key}"), format!("`{outside}` is no port")).hint("A port is a number from 1 to 65535.")),
    }
}

/// `90`, `90s`, `10m`, `2h`, `1d` as a duration.
///
/// # Errors
/// When it is not of this form.
pub fn duration(flag: &str, text: &str) -> Result<Duration, Failure> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    // A year is more than anybody waits, and keeps clocks from overflowing.
    match seconds.filter(|seconds| *seconds <= 366 * 86_400) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err(Failure::value(flag, format!("`{text}` is no duration")).hint("Write a number and s, m, h or d, such as 10m.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read() -> Result<(), Failure> {
        let read = ports(&["80=8081".to_owned(), "53/UDP=5353".to_owned()])?;
        assert_eq!(read, BTreeMap::from([("53/udp".to_owned(), 5353), ("80/tcp".to_owned(), 8081)]));
        for bad in ["80", "80=", "=80", "80=0", "80=70000", "80/icmp=1", "x=1", "80=8081x"] {
            assert!(ports(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(ports(&["80=1".to_owned(), "80/tcp=2".to_owned()]).is_err());
        Ok(())
    }

    #[test]
    fn settings_are_text() -> Result<(), Failure> {
        let read = settings(&["a=1".to_owned(), "b=x=y".to_owned(), "c=".to_owned()])?;
        assert_eq!(Value::Object(read).to_string(), r#"{"a":"1","b":"x=y","c":""}"#);
        assert!(settings(&["a".to_owned()]).is_err());
        assert!(settings(&["=a".to_owned()]).is_err());
        Ok(())
    }

    #[test]
    fn durations_are_read() {
        let seconds = |text| duration("timeout", text).ok().map(|d| d.as_secs());
        assert_eq!(["90", "90s", "10m", "2h", "1d"].map(seconds), [Some(90), Some(90), Some(600), Some(7200), Some(86_400)]);
        assert_eq!(["", "m", "1w", "-1", "1.5h", "99999999999999999999s", "9999d"].map(seconds), [None; 7]);
    }
}
