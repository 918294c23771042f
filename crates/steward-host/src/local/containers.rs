//! Containers as the engine lists them, and what only a closer look at each one tells.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{
    ContainerInspectResponse, ContainerState as EngineState, ContainerSummary, ContainerSummaryStateEnum as State, HealthStatusEnum,
    PortSummary, PortSummaryTypeEnum,
};
use bollard::query_parameters::ListContainersOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt, stream};
use steward_core::device::{Container, ContainerState, Health, LABEL_PROJECT, Protocol, PublishedPort};

use super::docker::Engine;
use super::moment;
use crate::host::Result;

/// How many containers are looked at more closely at the same time.
const LOOKS: usize = 8;

/// Lists containers in one request. Those that belong to a Compose project are looked at one by
/// one, because the list holds neither restart counts nor exact exit codes; for the others the
/// list's own words have to do, so that a machine full of foreign containers stays cheap.
pub(crate) async fn list(engine: &Engine, project: Option<&str>) -> Result<Vec<Container>> {
    let summaries = summaries(engine, project).await?;
    let docker = engine.client()?;
    let looked = stream::iter(summaries.into_iter().map(|summary| {
        let docker = docker.clone();
        async move {
            let container = from_summary(summary);
            if container.project().is_none() {
                return Ok(Some(container));
            }
            look(engine, docker, container).await
        }
    }));
    let found: Vec<Option<Container>> = looked.buffered(LOOKS).try_collect().await?;
    let mut containers: Vec<Container> = found.into_iter().flatten().collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(containers)
}

/// Containers with their published ports and nothing that would need a closer look.
pub(crate) async fn published_by(engine: &Engine) -> Result<Vec<Container>> {
    Ok(summaries(engine, None).await?.into_iter().map(from_summary).collect())
}

/// The engine's list, unchanged.
pub(crate) async fn summaries(engine: &Engine, project: Option<&str>) -> Result<Vec<ContainerSummary>> {
    let mut options = ListContainersOptionsBuilder::new().all(true);
    if let Some(project) = project {
        let label = format!("{LABEL_PROJECT}={project}");
        options = options.filters(&HashMap::from([("label".to_owned(), vec![label])]));
    }
    let options = options.build();
    engine.ask("listing containers", |docker| async move { docker.list_containers(Some(options)).await }).await
}

/// Adds what an inspection tells; none when the container has gone since it was listed.
async fn look(engine: &Engine, docker: Docker, mut container: Container) -> Result<Option<Container>> {
    let id = container.id.clone();
    let inspect = async move { docker.inspect_container(&id, None).await };
    let what = format!("looking at container `{}`", container.name);
    let found = engine.ask(&what, |_| async move {
        match inspect.await {
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            other => other.map(Some),
        }
    });
    let Some(found) = found.await? else { return Ok(None) };
    add_inspection(&mut container, found);
    Ok(Some(container))
}

fn add_inspection(container: &mut Container, found: ContainerInspectResponse) {
    container.restart_count = found.restart_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
    if let Some(image) = found.config.and_then(|config| config.image) {
        // The list shows a bare id once the tag has moved on; the inspection still has the name.
        container.image = image;
    }
    let Some(state) = found.state else { return };
    container.health = health_of(&state);
    container.exit_code = match container.state {
        ContainerState::Exited | ContainerState::Dead | ContainerState::Restarting => state.exit_code,
        _ => None,
    };
    container.started_at = state.started_at.as_deref().and_then(moment::parse).map(moment::Nanos::timestamp);
}

fn health_of(state: &EngineState) -> Health {
    match state.health.as_ref().and_then(|health| health.status) {
        Some(HealthStatusEnum::STARTING) => Health::Starting,
        Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
        Some(HealthStatusEnum::UNHEALTHY) => Health::Unhealthy,
        _ => Health::None,
    }
}

fn from_summary(summary: ContainerSummary) -> Container {
    let status = summary.status.unwrap_or_default();
    let name = summary.names.unwrap_or_default().into_iter().next().unwrap_or_default();
    let mounts = summary.mounts.unwrap_or_default().into_iter();
    let volumes = mounts.filter(|mount| mount.typ.as_deref() == Some("volume")).filter_map(|mount| mount.name);
    let labels: BTreeMap<String, String> = summary.labels.unwrap_or_default().into_iter().collect();
    Container {
        id: summary.id.unwrap_or_default(),
        name: name.trim_start_matches('/').to_owned(),
        image: summary.image.unwrap_or_default(),
        image_id: summary.image_id.unwrap_or_default(),
        state: state_of(summary.state),
        health: health_from_status(&status),
        exit_code: exit_code_from_status(&status),
        restart_count: 0,
        started_at: None,
        labels,
        ports: published(summary.ports.unwrap_or_default()),
        volumes: volumes.collect(),
    }
}

fn state_of(state: Option<State>) -> ContainerState {
    match state {
        // A container that is being stopped still runs.
        Some(State::RUNNING | State::STOPPING) => ContainerState::Running,
        Some(State::PAUSED) => ContainerState::Paused,
        Some(State::RESTARTING) => ContainerState::Restarting,
        Some(State::REMOVING) => ContainerState::Removing,
        Some(State::EXITED) => ContainerState::Exited,
        Some(State::DEAD) => ContainerState::Dead,
        Some(State::CREATED | State::EMPTY) | None => ContainerState::Created,
    }
}

/// `Up 3 minutes (healthy)`, `Up 2 seconds (health: starting)`.
fn health_from_status(status: &str) -> Health {
    match status.rsplit_once('(').map(|(_, rest)| rest.trim_end_matches(')')) {
        Some("healthy") => Health::Healthy,
        Some("unhealthy") => Health::Unhealthy,
        Some("health: starting") => Health::Starting,
        _ => Health::None,
    }
}

/// `Exited (137) 2 hours ago`, `Restarting (1) 5 seconds ago`.
fn exit_code_from_status(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split_once(')')?.0.parse().ok()
}

/// Published ports, once each: the engine lists a port for IPv4 and again for IPv6.
fn published(ports: Vec<PortSummary>) -> Vec<PublishedPort> {
    let mut found = Vec::new();
    for port in ports {
        let protocol = match port.typ {
            Some(PortSummaryTypeEnum::TCP) => Protocol::Tcp,
            Some(PortSummaryTypeEnum::UDP) => Protocol::Udp,
            _ => continue,
        };
        let Some(external) = port.public_port else { continue };
        let port = PublishedPort { internal: port.private_port, external, protocol };
        if !found.contains(&port) {
            found.push(port);
        }
    }
    found.sort_by_key(|port: &PublishedPort| (port.external, port.protocol, port.internal));
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn status_texts() {
        for (text, health, code) in [
            ("Up 3 minutes (healthy)", Health::Healthy, None),
            ("Up 2 seconds (health: starting)", Health::Starting, None),
            ("Up About an hour (unhealthy)", Health::Unhealthy, None),
            ("Up 3 minutes", Health::None, None),
            ("Up 3 minutes (Paused)", Health::None, None),
            ("Exited (137) 2 hours ago", Health::None, Some(137)),
            ("Restarting (1) 5 seconds ago", Health::None, Some(1)),
            ("Created", Health::None, None),
            ("", Health::None, None),
            ("Exited (", Health::None, None),
        ] {
            assert_eq!((health_from_status(text), exit_code_from_status(text)), (health, code), "{text}");
        }
    }

    #[test]
    fn a_listed_container() {
        let text = r#"{"Id":"c0ffee","Names":["/web"],"Image":"nginx:1.28","ImageID":"sha256:1","State":"running",
            "Status":"Up 1 second","Labels":{"a":"b"},
            "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
                     {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
                     {"PrivatePort":443,"Type":"tcp"},
                     {"IP":"0.0.0.0","PrivatePort":53,"PublicPort":53,"Type":"udp"}],
            "Mounts":[{"Type":"volume","Name":"data","Destination":"/data"},{"Type":"bind","Source":"/x"}]}"#;
        let container = from_summary(serde_json::from_str(text).unwrap());
        assert_eq!(container.name, "web");
        assert_eq!(container.volumes, ["data"]);
        let ports: Vec<_> = container.ports.iter().map(|p| (p.external, p.internal, p.protocol)).collect();
        assert_eq!(ports, [(53, 53, Protocol::Udp), (8080, 80, Protocol::Tcp)]);
    }

    #[test]
    fn an_inspection_adds_what_the_list_lacks() {
        let mut container = from_summary(serde_json::from_str(r#"{"Id":"1","State":"exited","Image":"sha256:2"}"#).unwrap());
        let text = r#"{"RestartCount":3,"Config":{"Image":"web:1"},
            "State":{"Status":"exited","ExitCode":7,"StartedAt":"2026-11-21T07:00:00.5Z","Health":{"Status":"unhealthy"}}}"#;
        add_inspection(&mut container, serde_json::from_str(text).unwrap());
        assert_eq!((container.restart_count, container.exit_code, container.health), (3, Some(7), Health::Unhealthy));
        assert_eq!(container.image, "web:1");
        assert_eq!(container.started_at.unwrap().0 % 1000, 500);
    }
}
