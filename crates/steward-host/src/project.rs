//! The name of a Compose project, checked where it is used.

use crate::error::{HostError, HostErrorKind};
use crate::host::Result;

/// The longest project name; Docker's own names made from it stay below 255 bytes.
const MAX: usize = 63;

/// Refuses a project name that could be a flag or leave the projects' folder. Names come from the
/// database and from labels too, so they are checked here again although callers check them.
pub(crate) fn check(project: &str) -> Result<&str> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let good = project.bytes().next().is_some_and(allowed)
        && project.len() <= MAX
        && project.bytes().all(|b| allowed(b) || b == b'-' || b == b'_');
    if good {
        Ok(project)
    } else {
        Err(HostError::new(HostErrorKind::Failed, format!("`{}` is not the name of a Compose project", project.escape_debug())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        for good in ["steward-web", "a", "0_x-y"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "-p", "..", "a/b", "A", "a b", "a\0", &"a".repeat(64)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
