//! Finds and ends processes that a killed Steward left behind. They are known by the mark in their
//! environment, which names the instance: another Steward's processes are never touched.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, getpgid, getpid, kill_process, kill_process_group, pidfd_open, pidfd_send_signal};
use tokio::time::sleep;

use crate::error::{HostError, HostErrorKind};
use crate::host::Result;

/// How long they may take to end after they were asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How often it is looked whether they are gone.
const LOOK: Duration = Duration::from_millis(50);

/// How often it is looked for processes that were started while others were killed.
const ROUNDS: usize = 10;

/// Ends every process of an instance but the caller's own family; says how many there were.
pub(crate) async fn reap(instance: &str) -> Result<usize> {
    let found = find(instance).await?;
    if found.is_empty() {
        return Ok(0);
    }
    signal(&found, Signal::TERM);
    let mut left = found.clone();
    let mut waited = Duration::ZERO;
    while !left.is_empty() && waited < GRACE {
        sleep(LOOK).await;
        waited += LOOK;
        left = find(instance).await?;
    }
    signal(&left, Signal::KILL);
    Ok(found.len())
}

async fn find(instance: &str) -> Result<BTreeSet<i32>> {
    let mark = format!("STEWARD_INSTANCE={instance}");
    let found = tokio::task::spawn_blocking(move || marked(Path::new("/proc"), &mark, getpid().as_raw_nonzero().get())).await;
    found.map_err(|error| HostError::new(HostErrorKind::Failed, format!("looking for processes broke off: {error}")))
}

/// Kills every process whose environment holds this variable, also those that were started meanwhile,
/// and says how many there were. Blocks for as long as it takes to look through `/proc` a few times.
pub(crate) fn kill_marked(variable: &str) -> usize {
    let me = getpid().as_raw_nonzero().get();
    let mut killed = 0;
    // Whoever starts processes faster than they are found is killed itself in the first round.
    for _ in 0..ROUNDS {
        let found: Vec<Pid> = parents(Path::new("/proc")).into_keys().filter(|pid| *pid != me).filter_map(Pid::from_raw).collect();
        let ended = found.into_iter().filter(|pid| kill_if_marked(*pid, variable)).count();
        if ended == 0 {
            break;
        }
        killed += ended;
        std::thread::sleep(LOOK / 5);
    }
    killed
}

/// Kills a process if it carries the mark. The handle is opened first, so that what is killed is what
/// was looked at, whoever gets the number afterwards.
fn kill_if_marked(pid: Pid, variable: &str) -> bool {
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    let environ = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
    has_mark(&environ, variable) && pidfd_send_signal(&handle, Signal::KILL).is_ok()
}

/// Processes with the mark, without `me`, its ancestors (a Steward started by another one carries
/// the mark, too) and its descendants, which are in use.
fn marked(proc: &Path, mark: &str, me: i32) -> BTreeSet<i32> {
    let parents = parents(proc);
    let ancestors = |pid: i32| {
        // Bounded by the number of processes, for the table is no single picture and may hold circles.
        std::iter::successors(Some(pid), |pid| parents.get(pid).copied()).take(parents.len() + 1)
    };
    let mine: BTreeSet<i32> = ancestors(me).collect();
    let carries = |pid: &i32| std::fs::read(proc.join(pid.to_string()).join("environ")).is_ok_and(|environ| has_mark(&environ, mark));
    let related = |pid: i32| mine.contains(&pid) || ancestors(pid).any(|ancestor| ancestor == me);
    parents.keys().copied().filter(|&pid| !related(pid)).filter(carries).collect()
}

/// Every process with its parent.
fn parents(proc: &Path) -> HashMap<i32, i32> {
    let entries = std::fs::read_dir(proc).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, parent(&std::fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?)?))).collect()
}

/// The fourth field of `/proc/PID/stat`. The second one, the name in parentheses, may hold anything.
fn parent(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn has_mark(environ: &[u8], mark: &str) -> bool {
    environ.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
}

/// Signals each process, with its group when the group is its own: programs are started in groups
/// of their own, and whatever they started without the mark ends with them.
fn signal(processes: &BTreeSet<i32>, signal: Signal) {
    let own_group = getpgid(None).ok();
    for pid in processes.iter().copied().filter_map(Pid::from_raw) {
        let group = getpgid(Some(pid)).ok().filter(|group| Some(*group) != own_group);
        let leads_marked = group.filter(|group| *group == pid || processes.contains(&group.as_raw_nonzero().get()));
        // ESRCH: it has ended by itself meanwhile.
        let _ = match leads_marked {
            Some(group) => kill_process_group(group, signal),
            None => kill_process(pid, signal),
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::Command;

    use super::*;

    #[test]
    fn the_mark_is_a_whole_variable() {
        assert!(has_mark(b"A=1\0STEWARD_INSTANCE=x\0", "STEWARD_INSTANCE=x"));
        assert!(!has_mark(b"STEWARD_INSTANCE=xy\0", "STEWARD_INSTANCE=x"));
        assert!(!has_mark(b"B=STEWARD_INSTANCE=x\0", "STEWARD_INSTANCE=x"));
    }

    #[test]
    fn parents_are_read_behind_any_name() {
        assert_eq!(parent("12 (a) b) (c) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12 (a"), None);
    }

    /// R6, promises 1 and 5: what a killed Steward left running is ended by the next one, and nothing else is.
    #[tokio::test]
    async fn orphans_are_ended_and_others_are_not() {
        let instance = format!("test-{}", std::process::id());
        // `setsid --fork` leaves an orphan behind, as a killed Steward does.
        let orphan = |seconds: &str, instance: &str| {
            Command::new("setsid").args(["--fork", "sleep", seconds]).env("STEWARD_INSTANCE", instance).status().unwrap();
        };
        orphan("97541", &instance);
        orphan("97542", &instance);
        let mut mine = Command::new("sleep").arg("97543").env("STEWARD_INSTANCE", &instance).spawn().unwrap();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(reap(&format!("{instance}-other")).await.unwrap(), 0);
        assert_eq!(reap(&instance).await.unwrap(), 2);
        assert_eq!(reap(&instance).await.unwrap(), 0);
        assert!(mine.try_wait().unwrap().is_none(), "a child in use lives on");
        mine.kill().unwrap();
        mine.wait().unwrap();
    }

    /// R6, promise 5.
    #[tokio::test]
    async fn one_that_does_not_listen_is_killed() {
        let instance = format!("deaf-{}", std::process::id());
        let script = "trap '' TERM; while :; do sleep 0.1; done";
        Command::new("setsid").args(["--fork", "bash", "-c", script]).env("STEWARD_INSTANCE", &instance).status().unwrap();
        sleep(Duration::from_millis(200)).await;
        assert!(reap(&instance).await.unwrap() >= 1);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(reap(&instance).await.unwrap(), 0);
    }
}
