//! What was called, and what goes wrong on purpose.

use crate::error::{HostError, HostErrorKind};
use crate::host::Result;

/// One call that reached the simulated machine, also when it failed or hung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method; for Compose with the action: `compose.up`.
    pub name: &'static str,
    /// What it was about: a project, an image, a file.
    pub detail: String,
    /// Whether the method can change the machine.
    pub mutating: bool,
}

/// When a planned fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing was done.
    Before,
    /// `compose.up` has made its containers and started none; other calls as with [`When::After`].
    Halfway,
    /// All was done, and the caller is told that it failed.
    After,
}

/// A fault that strikes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The method, or all of them. `compose` stands for every action of Compose.
    pub call: Option<String>,
    /// Whether only calls that can change the machine count.
    pub mutating_only: bool,
    /// Which of the calls that match, counted from 1 from now on.
    pub nth: u32,
    /// The kind of error that the caller gets.
    pub kind: HostErrorKind,
    /// When it strikes.
    pub when: When,
}

impl Fault {
    fn matches(&self, call: &Call) -> bool {
        let named = self
            .call
            .as_deref()
            .is_none_or(|name| name == call.name || call.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
        named && (call.mutating || !self.mutating_only)
    }
}

/// The fault that a call has drawn, still to strike.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) when: When,
    error: HostError,
}

impl Drawn {
    pub(crate) fn error(self) -> HostError {
        self.error
    }
}

/// The call log and the faults to come.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) calls: Vec<Call>,
    pub(crate) faults: Vec<Fault>,
    /// The action of Compose that says that it is done, and is not.
    pub(crate) lie: Option<String>,
}

/// Methods that can change the machine.
const MUTATING: [&str; 13] = [
    "image_pull",
    "image_load",
    "image_remove",
    "volume_delete",
    "compose.up",
    "compose.start",
    "compose.stop",
    "compose.restart",
    "compose.down",
    "write_file",
    "remove_file",
    "run_script",
    "reap",
];

impl Script {
    /// Records a call and draws the fault that strikes it, if any.
    pub(crate) fn record(&mut self, name: &'static str, detail: &str) -> Option<Drawn> {
        let call = Call { name, detail: detail.to_owned(), mutating: MUTATING.contains(&name) };
        self.calls.push(call.clone());
        let mut drawn = None;
        self.faults.retain_mut(|fault| {
            if drawn.is_some() || !fault.matches(&call) {
                return true;
            }
            fault.nth = fault.nth.saturating_sub(1);
            if fault.nth > 0 {
                return true;
            }
            let message = format!("`{name}` of {detail} failed, as the test asked");
            drawn = Some(Drawn { when: fault.when, error: HostError::new(fault.kind, message) });
            false
        });
        drawn
    }
}

/// Lets a fault strike that is due before the effect.
pub(crate) fn strike_before(drawn: Option<Drawn>) -> Result<Option<Drawn>> {
    match drawn {
        Some(drawn) if drawn.when == When::Before => Err(drawn.error()),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(call: Option<&str>, mutating_only: bool, nth: u32) -> Fault {
        Fault { call: call.map(str::to_owned), mutating_only, nth, kind: HostErrorKind::Failed, when: When::Before }
    }

    #[test]
    fn a_fault_strikes_once_and_only_where_it_was_meant() {
        let mut script = Script::default();
        script.faults.push(fault(Some("compose"), false, 2));
        assert!(script.record("compose.up", "p").is_none());
        assert!(script.record("image_pull", "i").is_none());
        assert!(script.record("compose.stop", "p").is_some());
        assert!(script.record("compose.stop", "p").is_none());
    }

    #[test]
    fn reads_can_be_left_out_of_the_count() {
        let mut script = Script::default();
        script.faults.push(fault(None, true, 1));
        assert!(script.record("containers", "").is_none());
        assert!(script.record("write_file", "f").is_some());
        assert!(script.faults.is_empty());
    }
}
