//! Host maintenance scripts of the simulated machine.

use sha2::{Digest, Sha256};
use steward_core::event::Progress;
use steward_core::script::{HostScript, HostScripts, LONGEST, header};

use super::host::report;
use super::world::{SimulatedScript, World};
use crate::error::{HostError, HostErrorKind};
use crate::host::{CommandReport, ProgressSink, Result, ScriptRequest};

/// Where they would be.
const FOLDER: &str = "/etc/steward/scripts";

fn sha256(script: &SimulatedScript) -> String {
    hex::encode(Sha256::digest(&script.text))
}

/// Every script, judged.
pub(super) fn list(world: &World) -> HostScripts {
    let describe = |(name, script): (&String, &SimulatedScript)| {
        let header = header(&script.text);
        let refused = script.refused.clone().or(header.as_ref().err().cloned());
        let header = header.ok();
        HostScript {
            name: name.clone(),
            path: format!("{FOLDER}/{name}"),
            title: header.as_ref().and_then(|header| header.title.clone()),
            description: header.as_ref().and_then(|header| header.description.clone()),
            deadline_seconds: header.map_or(LONGEST, |header| header.deadline).as_secs(),
            sha256: refused.is_none().then(|| sha256(script)),
            refused,
        }
    };
    let scripts = world.scripts.iter().map(describe).collect();
    HostScripts { folder: FOLDER.to_owned(), runs_as: "root".to_owned(), problem: None, scripts }
}

/// One run: what each `echo` would print, then the exit code.
pub(super) fn run(world: &mut World, request: &ScriptRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
    let name = request.name.as_str();
    let script = world.scripts.get_mut(name).filter(|script| script.refused.is_none());
    let script = script.ok_or_else(|| HostError::new(HostErrorKind::NotFound, format!("the script `{name}` cannot be run")))?;
    if sha256(script) != request.sha256 {
        return Err(HostError::new(
            HostErrorKind::Conflict,
            format!("the script `{name}` has changed since it was planned; it was not run"),
        ));
    }
    script.runs += 1;
    let lines: Vec<&str> = script.text.lines().filter_map(|line| line.strip_prefix("echo ")).collect();
    for line in &lines {
        sink.progress(Progress { message: (*line).to_owned(), ..Progress::default() });
    }
    let ran = report(&[&format!("{FOLDER}/{name}")], script.exit_code, lines.iter().map(|line| format!("{line}\n")).collect());
    if script.exit_code == 0 {
        return Ok(ran);
    }
    let message = format!("the script `{name}` ended with exit code {}", script.exit_code);
    Err(HostError::new(HostErrorKind::Failed, message).with_report(ran))
}
