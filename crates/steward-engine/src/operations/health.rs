//! The last step: wait until every container is healthy, and say why when it never is.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::Value;
use steward_core::definition::{ContainerSpec, Definition, ProbeSpec};
use steward_core::device::{Container, ContainerState, Health};
use steward_core::operation::PortChoices;
use steward_core::plan::PlannedStep;
use steward_core::{Code, Refusal};
use steward_host::{LogsRequest, PortProbe, ProbeOutcome};

use futures_util::StreamExt;

use super::step::{Step, StepContext, StepResult};

/// A container without any health check counts as healthy after it ran for this long.
const STEADY: Duration = Duration::from_secs(2);
/// How long a container may need when its definition does not say.
const WITHIN: Duration = Duration::from_secs(120);
/// A container that the engine restarted this often is not coming up.
const RESTARTS: u64 = 3;
/// Lines of its log that go into the reason.
const LOG_LINES: u32 = 10;
/// Waits between two looks: short at first, so that a quick start is seen quickly.
const FIRST_WAIT: Duration = Duration::from_millis(25);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Waits until every container is healthy.
pub(super) struct HealthCheckStep {
    project: String,
    definition: Definition,
    ports: PortChoices,
}

/// What one look at a container found.
enum Look {
    Healthy,
    NotYet(String),
    Never(String),
}

impl HealthCheckStep {
    pub fn new(project: String, definition: Definition, ports: PortChoices) -> Self {
        Self { project, definition, ports }
    }

    fn within(&self) -> Duration {
        let longest = self.definition.containers.iter().filter_map(|c| c.health_check.as_ref()).map(|h| u64::from(h.within)).max();
        longest.map_or(WITHIN, Duration::from_secs)
    }

    async fn look(&self, cx: &StepContext, spec: &ContainerSpec, container: Option<&Container>, running_for: Duration) -> StepResult<Look> {
        let name = &spec.name;
        let Some(container) = container else { return Ok(Look::NotYet(format!("`{name}` has no container"))) };
        match container.state {
            ContainerState::Exited | ContainerState::Dead => {
                let code = container.exit_code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
                return Ok(Look::Never(format!("`{name}` ended with exit code {code}")));
            }
            _ if container.restart_count >= RESTARTS => {
                let code = container.exit_code.map_or_else(String::new, |code| format!(" with exit code {code}"));
                return Ok(Look::Never(format!("`{name}` ends again and again{code}")));
            }
            ContainerState::Running => {}
            _ => return Ok(Look::NotYet(format!("`{name}` is not running yet"))),
        }
        match container.health {
            Health::Healthy if !self.has_port_probe(spec) => return Ok(Look::Healthy),
            Health::Starting => return Ok(Look::NotYet(format!("`{name}` is starting"))),
            Health::Unhealthy => return Ok(Look::NotYet(format!("the health check of `{name}` fails"))),
            _ => {}
        }
        self.probe(cx, spec, running_for).await
    }

    fn has_port_probe(&self, spec: &ContainerSpec) -> bool {
        matches!(spec.health_check.as_ref().map(|h| &h.probe), Some(ProbeSpec::Http { .. } | ProbeSpec::Tcp { .. }))
    }

    async fn probe(&self, cx: &StepContext, spec: &ContainerSpec, running_for: Duration) -> StepResult<Look> {
        let Some(check) = &spec.health_check else {
            return Ok(if running_for >= STEADY { Look::Healthy } else { Look::NotYet(format!("`{}` is running", spec.name)) });
        };
        let external = |internal: u16| {
            let port = spec.ports.iter().find(|p| p.internal == internal)?;
            self.ports.get(&port.key()).copied().or(port.external)
        };
        let probe = match &check.probe {
            ProbeSpec::Http { port, path } => external(*port).map(|port| PortProbe::Http { port, path: path.clone() }),
            ProbeSpec::Tcp { port } => external(*port).map(|port| PortProbe::Tcp { port }),
            ProbeSpec::Command { .. } => None,
        };
        let Some(probe) = probe else { return Ok(Look::NotYet(format!("`{}` has not reported its health yet", spec.name))) };
        match cx.host.probe(&probe, Duration::from_secs(u64::from(check.timeout))).await? {
            ProbeOutcome::Healthy => Ok(Look::Healthy),
            ProbeOutcome::Unhealthy(why) => Ok(Look::NotYet(format!("`{}`: {why}", spec.name))),
        }
    }

    /// The reason with the last lines of the container's log, which mostly say it best.
    async fn with_log(&self, cx: &StepContext, spec: &ContainerSpec, why: String) -> Refusal {
        let request =
            LogsRequest { project: self.project.clone(), service: Some(spec.name.clone()), tail: LOG_LINES, since: None, follow: false };
        let mut lines = Vec::new();
        if let Ok(mut stream) = cx.host.logs(&request).await {
            while let Ok(Some(Ok(line))) = tokio::time::timeout(Duration::from_secs(3), stream.next()).await {
                lines.push(cx.redactor.redact(&line.text));
            }
        }
        let keep = lines.len().saturating_sub(LOG_LINES as usize);
        let hint = if lines.is_empty() {
            "It wrote nothing to its log.".to_owned()
        } else {
            format!("Its last log lines:\n{}", lines[keep..].join("\n"))
        };
        Refusal::new(Code::StepFailed, why).with_hint(hint)
    }
}

#[async_trait]
impl Step for HealthCheckStep {
    fn planned(&self) -> PlannedStep {
        PlannedStep { name: "health_check".to_owned(), does: "wait until every container is healthy".to_owned(), undo: String::new() }
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        let started = Instant::now();
        let within = self.within();
        let mut wait = FIRST_WAIT;
        loop {
            let containers = cx.host.containers(Some(&self.project)).await?;
            let mut waiting = None;
            for spec in &self.definition.containers {
                let container = containers.iter().find(|c| c.service() == Some(spec.name.as_str()));
                match self.look(cx, spec, container, started.elapsed()).await? {
                    Look::Healthy => {}
                    Look::Never(why) => return Err(self.with_log(cx, spec, why).await.into()),
                    Look::NotYet(why) => waiting = waiting.or(Some((spec, why))),
                }
            }
            let Some((spec, why)) = waiting else { return Ok(()) };
            if started.elapsed() >= within {
                let why = format!("not healthy after {} s: {why}", within.as_secs());
                return Err(self.with_log(cx, spec, why).await.into());
            }
            cx.say(format!("waiting: {why}"));
            tokio::time::sleep(wait.min(within.saturating_sub(started.elapsed()))).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        Ok("nothing to undo".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        Vec::new()
    }
}
