//! Running a script: the very file that was judged, with an environment made from nothing, and nothing
//! left of it afterwards.

use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::process::getpid;
use steward_core::event::Progress;

use super::super::process::{Ended, Job, Program, run};
use super::super::{LocalHost, blocking, reap};
use super::{Judged, judge, open_folder};
use crate::error::{HostError, HostErrorKind};
use crate::host::{CommandReport, ProgressSink, Result, ScriptRequest};

/// The variable that marks the processes of one run.
const RUN: &str = "STEWARD_RUN";

impl LocalHost {
    pub(crate) async fn run_script_file(&self, request: &ScriptRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
        let judged = self.judged(request).await?;
        // The file is started by way of the handle through which it was judged: whatever the name stands
        // for by now, this is what runs. The handle is this process's own and stays open until the end, for
        // the interpreter of a script opens it once more.
        let handle = PathBuf::from(format!("/proc/{}/fd/{}", getpid().as_raw_nonzero(), judged.handle.as_raw_fd()));
        let shown = self.config.scripts_root.join(request.name.as_str()).display().to_string();
        let leftovers = Leftovers { variable: format!("{RUN}={}", request.run) };
        let job = Job {
            program: Program::Opened { handle, shown },
            args: Vec::new(),
            env: self.script_environment(request),
            path: self.search_path(),
            deadline: request.deadline,
        };
        let mut on_line = |line: &str| sink.progress(Progress { message: line.to_owned(), ..Progress::default() });
        let ended = run(job, &mut on_line).await;
        // What left the process group is found by its mark.
        blocking(move || drop(leftovers)).await?;
        drop(judged);
        verdict(ended?, request)
    }

    /// The script, as it is now; it has to be the one that was planned.
    async fn judged(&self, request: &ScriptRequest) -> Result<Judged> {
        let (root, name) = (self.config.scripts_root.clone(), request.name.clone());
        let judged = blocking(move || open_folder(&root).and_then(|folder| judge(&folder, name.as_str()))).await?;
        let judged =
            judged.map_err(|why| HostError::new(HostErrorKind::NotFound, format!("the script `{}` cannot be run: {why}", request.name)))?;
        if judged.sha256 != request.sha256 {
            let message = format!("the script `{}` has changed since it was planned; it was not run", request.name);
            return Err(HostError::new(HostErrorKind::Conflict, message));
        }
        Ok(judged)
    }

    fn script_environment(&self, request: &ScriptRequest) -> Vec<(&'static str, OsString)> {
        vec![
            ("PATH", self.search_path()),
            ("HOME", "/".into()),
            ("LANG", "C.UTF-8".into()),
            ("STEWARD_SCRIPT", request.name.as_str().into()),
            ("STEWARD_INSTANCE", self.config.instance.clone().into()),
            (RUN, request.run.clone().into()),
        ]
    }
}

/// What a run may have left behind: everything with its mark ends when this is dropped, also when the
/// run is given up half-way.
struct Leftovers {
    variable: String,
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        let killed = reap::kill_marked(&self.variable);
        if killed > 0 {
            tracing::warn!(killed, run = self.variable, "ended processes that a script left behind");
        }
    }
}

fn verdict(ended: Ended, request: &ScriptRequest) -> Result<CommandReport> {
    let failed = |kind, message: String| Err(HostError::new(kind, message).with_report(ended.report.clone()));
    let name = &request.name;
    if ended.timed_out {
        return failed(
            HostErrorKind::TimedOut,
            format!("the script `{name}` was ended because it took longer than {} seconds", request.deadline.as_secs()),
        );
    }
    match ended.report.exit_code {
        Some(0) => Ok(ended.report),
        Some(code) => failed(HostErrorKind::Failed, format!("the script `{name}` ended with exit code {code}")),
        None => failed(HostErrorKind::Failed, format!("the script `{name}` was killed")),
    }
}
