//! Host maintenance scripts: programs that only root can put in place, run by name.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest a script may take, and how long it may when it says nothing.
pub const LONGEST: Duration = Duration::from_secs(3600);
/// Lines from the beginning of a script that can say something about it.
const HEADER_LINES: usize = 40;
/// How each of these lines begins.
const MARK: &str = "# steward:";

/// A file in the folder of scripts. What its header says is untrusted text for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HostScript {
    /// The file's name, which is the script's; it may be one that is refused.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// What people call it.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// How many seconds it may take.
    pub deadline_seconds: u64,
    /// The SHA-256 of the file, in hex; absent when it is refused.
    pub sha256: Option<String>,
    /// Why it cannot be run; absent when it can.
    pub refused: Option<String>,
}

/// The scripts of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HostScripts {
    /// The folder in which they are looked for.
    pub folder: String,
    /// The user they run as.
    pub runs_as: String,
    /// Why the folder as a whole is not used; absent when it is.
    pub problem: Option<String>,
    /// Every file in it, by name.
    pub scripts: Vec<HostScript>,
}

/// What a script says about itself in its first lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What people call it.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// How long it may take.
    pub deadline: Duration,
}

/// Reads the header of a script: lines such as `# steward: deadline=10m` among the comments that it
/// begins with.
///
/// # Errors
/// Why a line cannot be understood. A mistyped deadline must not become the longest one.
pub fn header(text: &str) -> Result<Header, String> {
    let mut header = Header { title: None, description: None, deadline: LONGEST };
    let lines = text.lines().take(HEADER_LINES).map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'));
    for said in lines.filter_map(|line| line.strip_prefix(MARK)) {
        let (key, value) = said.split_once('=').ok_or_else(|| format!("`{MARK}{said}` is not `{MARK} key=value`"))?;
        let (key, value) = (key.trim(), value.trim());
        match key {
            "title" => header.title = Some(words(key, value, 80)?),
            "description" => header.description = Some(words(key, value, 400)?),
            "deadline" => header.deadline = deadline(value)?,
            other => return Err(format!("its header has `{other}`; known are title, description and deadline")),
        }
    }
    Ok(header)
}

fn words(key: &str, value: &str, most: usize) -> Result<String, String> {
    if value.is_empty() || value.chars().count() > most || value.chars().any(char::is_control) {
        return Err(format!("the {key} in its header is not 1 to {most} printable characters"));
    }
    Ok(value.to_owned())
}

fn deadline(value: &str) -> Result<Duration, String> {
    let wrong = || format!("the deadline in its header is `{value}`, not a time from 1s to 1h such as 90s, 10m or 1h");
    let unit = value.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = value.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    let deadline = Duration::from_secs(number.checked_mul(seconds).ok_or_else(wrong)?);
    if (Duration::from_secs(1)..=LONGEST).contains(&deadline) { Ok(deadline) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_says_what_a_script_is() {
        let text = "#!/bin/sh\n# Ours.\n# steward: title=Trim the disks\n#\n# steward: description=fstrim on every disk\n# steward: deadline=10m\nset -eu\n# steward: deadline=1s\n";
        let found = header(text);
        let expected = Header {
            title: Some("Trim the disks".to_owned()),
            description: Some("fstrim on every disk".to_owned()),
            deadline: Duration::from_secs(600),
        };
        assert_eq!(found, Ok(expected), "what stands behind the first command is not a header");
        assert_eq!(header("#!/bin/sh\necho\n").map(|header| header.deadline), Ok(LONGEST));
        assert_eq!(header("").map(|header| header.title), Ok(None));
    }

    #[test]
    fn a_header_that_cannot_be_understood_is_refused() {
        for bad in [
            "deadline=10",
            "deadline=0s",
            "deadline=2h",
            "deadline=m",
            "deadline=-1s",
            "deadline=",
            "dedline=10m",
            "deadline",
            "title=",
            "title=a\u{1b}b",
        ] {
            assert!(header(&format!("#!/bin/sh\n# steward: {bad}\n")).is_err(), "{bad}");
        }
        for (good, seconds) in [("1s", 1), ("90s", 90), ("60m", 3600), ("1h", 3600)] {
            assert_eq!(header(&format!("# steward: deadline={good}")).map(|header| header.deadline.as_secs()), Ok(seconds));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "(#!?[ -~]{0,40}\n|# steward:[ -~]{0,40}\n|\\PC{0,40}\n){0,20}") {
            if let Ok(header) = header(&text) {
                prop_assert!(header.deadline <= LONGEST && header.deadline.as_secs() >= 1);
            }
        }
    }
}
