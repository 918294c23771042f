//! `docker compose`, as an argument vector.

use std::ffi::OsString;
use std::time::Duration;

use steward_core::event::Progress;

use super::docker::ANSWER;
use super::process::{Ended, Job, Program, run};
use super::{LocalHost, files};
use crate::error::{HostError, HostErrorKind};
use crate::host::{CommandReport, ComposeAction, ComposeRequest, ProgressSink, ProjectFile, Result};
use crate::{compose, project};

/// Where programs are searched when the caller says nothing.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl LocalHost {
    pub(crate) fn search_path(&self) -> OsString {
        self.config.path.clone().unwrap_or_else(|| DEFAULT_PATH.into())
    }

    /// The environment of a child, made from nothing. `DOCKER_HOST` is always set, so that no
    /// context of the user's configuration can lead Compose to another engine.
    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut env = vec![
            ("PATH", self.search_path()),
            ("LC_ALL", "C".into()),
            ("DOCKER_HOST", self.engine.address.clone().into()),
            ("STEWARD_INSTANCE", self.config.instance.clone().into()),
        ];
        if let Some(home) = &self.config.home {
            env.push(("HOME", home.into()));
        }
        if let Some(folder) = &self.config.docker_config {
            env.push(("DOCKER_CONFIG", folder.into()));
        }
        env
    }

    async fn docker(&self, args: Vec<String>, deadline: Duration, on_line: &mut (dyn FnMut(&str) + Send)) -> Result<Ended> {
        run(Job { program: Program::Named("docker"), args, env: self.environment(), path: self.search_path(), deadline }, on_line).await
    }

    /// The version of the Compose plugin. Once found it is kept: starting the plugin is slow.
    pub(crate) async fn compose_version(&self) -> Option<String> {
        if let Some(version) = self.compose_version.get() {
            return Some(version.clone());
        }
        let args = ["compose", "version", "--short"].map(str::to_owned).to_vec();
        let ended = self.docker(args, ANSWER, &mut |_| {}).await.ok()?;
        let version = parse_version(&ended.report)?;
        Some(self.compose_version.get_or_init(|| version).clone())
    }

    pub(crate) async fn run_compose(&self, request: &ComposeRequest, sink: &dyn ProgressSink) -> Result<CommandReport> {
        let project = project::check(&request.project)?;
        let has_secrets = files::exists(&self.config.projects_root, project, ProjectFile::Secrets).await?;
        let args = self.compose_args(project, request.action, has_secrets);
        let mut on_line = |line: &str| {
            let message = words(line);
            if !message.is_empty() {
                sink.progress(Progress { message, ..Progress::default() });
            }
        };
        let ended = self.docker(args, request.deadline, &mut on_line).await?;
        judge(ended, request)
    }

    fn compose_args(&self, project: &str, action: ComposeAction, has_secrets: bool) -> Vec<String> {
        let folder = self.config.projects_root.join(project);
        let file = |file: ProjectFile| folder.join(file.file_name()).display().to_string();
        let mut args: Vec<String> = ["compose", "--progress", "plain", "--ansi", "never", "-p", project].map(str::to_owned).to_vec();
        args.extend(["--project-directory".to_owned(), folder.display().to_string(), "-f".to_owned(), file(ProjectFile::Compose)]);
        if has_secrets {
            args.extend(["--env-file".to_owned(), file(ProjectFile::Secrets)]);
        }
        args.extend(compose::words(action).iter().map(|&word| word.to_owned()));
        args
    }
}

/// A version of 2 or later; `docker-compose` 1 is another program and never asked.
fn parse_version(report: &CommandReport) -> Option<String> {
    if report.exit_code != Some(0) {
        return None;
    }
    let text = report.output.lines().map(str::trim).find(|line| !line.is_empty())?;
    let version = text.trim_start_matches('v');
    let major: u32 = version.split('.').next()?.parse().ok()?;
    (major >= 2).then(|| version.to_owned())
}

/// A line of Compose as one sentence: single spaces, no line of a progress bar.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn judge(ended: Ended, request: &ComposeRequest) -> Result<CommandReport> {
    if ended.timed_out {
        let seconds = request.deadline.as_secs();
        let message = format!("`docker compose` for `{}` was ended because it took longer than {seconds} seconds", request.project);
        return Err(HostError::new(HostErrorKind::TimedOut, message).with_report(ended.report));
    }
    if ended.report.exit_code == Some(0) {
        return Ok(ended.report);
    }
    let message = last_error(&ended.report.output).unwrap_or_else(|| match ended.report.exit_code {
        Some(code) => format!("`docker compose` for `{}` ended with exit code {code}", request.project),
        None => format!("`docker compose` for `{}` was killed", request.project),
    });
    Err(HostError::new(compose::kind_of(&message), message).with_report(ended.report))
}

/// The line that says best what went wrong: the last one that the engine reported, else the last one.
fn last_error(output: &str) -> Option<String> {
    let lines = || output.lines().rev().map(words).filter(|line| !line.is_empty());
    let reported = lines().find(|line| line.starts_with("Error response from daemon:"));
    reported.or_else(|| lines().find(|line| !line.starts_with("time=") || line.contains("level=error"))).or_else(|| lines().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let version =
            |output: &str, exit_code| parse_version(&CommandReport { output: output.to_owned(), exit_code, ..CommandReport::default() });
        assert_eq!(version("2.40.3-3\n", Some(0)).as_deref(), Some("2.40.3-3"));
        assert_eq!(version("v5.0.1\n", Some(0)).as_deref(), Some("5.0.1"));
        assert_eq!(version("1.29.2\n", Some(0)), None);
        assert_eq!(version("docker: unknown command: docker compose\n", Some(1)), None);
        assert_eq!(version("", Some(0)), None);
    }

    #[test]
    fn the_line_that_matters_is_found() {
        let output = " Network x_default  Creating\n Container x-web-1  Starting\nError response from daemon: driver failed programming external \
                      connectivity on endpoint x-web-1 (1): Bind for 0.0.0.0:8080 failed: port is already allocated\n\n";
        let message = last_error(output).unwrap_or_default();
        assert!(message.ends_with("port is already allocated"), "{message}");
        assert_eq!(last_error("service \"web\" has no container to start\n").as_deref(), Some("service \"web\" has no container to start"));
        assert_eq!(last_error("real\ntime=\"1\" level=warning msg=\"x\"\n").as_deref(), Some("real"));
        assert_eq!(last_error("\n \n"), None);
    }
}
