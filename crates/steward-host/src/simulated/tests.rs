#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use futures_util::StreamExt;
use steward_core::device::{ContainerState, Health, Protocol};
use steward_core::log::LogStream;
use steward_core::name::{ImageRef, VolumeName};

use super::*;
use crate::error::HostErrorKind;
use crate::host::{CommandReport, ComposeAction, ComposeRequest, Host, LogsRequest, PortProbe, ProbeOutcome, Result, Silent};

const PROJECT: &str = "steward-web";
const FILE: &str = r#"
services:
  web:
    image: web:1
    ports: ["8080:80"]
    volumes: ["data:/data"]
    environment: {GREETING: "${GREETING}"}
volumes: {data: {}}
"#;

fn image(text: &str) -> ImageRef {
    ImageRef::parse(text).unwrap()
}

async fn compose(host: &SimulatedHost, action: ComposeAction) -> Result<CommandReport> {
    let request = ComposeRequest { project: PROJECT.into(), action, deadline: Duration::from_secs(60) };
    host.compose(&request, &Silent).await
}

async fn deployed() -> SimulatedHost {
    let host = SimulatedHost::new();
    host.install(SimulatedImage::new(&image("web:1")));
    host.write_file(PROJECT, ProjectFile::Compose, FILE).await.unwrap();
    compose(&host, ComposeAction::Up).await.unwrap();
    host
}

#[tokio::test]
async fn up_twice_changes_nothing() {
    let host = deployed().await;
    let before = host.containers(None).await.unwrap();
    assert_eq!(before[0].state, ContainerState::Running);
    compose(&host, ComposeAction::Up).await.unwrap();
    assert_eq!(host.containers(None).await.unwrap()[0].id, before[0].id);
}

#[tokio::test]
async fn a_changed_secret_or_image_makes_a_new_container() {
    let host = deployed().await;
    let id = |containers: Vec<Container>| containers[0].id.clone();
    let first = id(host.containers(None).await.unwrap());
    host.write_file(PROJECT, ProjectFile::Secrets, "GREETING='hello'").await.unwrap();
    compose(&host, ComposeAction::Up).await.unwrap();
    let second = id(host.containers(None).await.unwrap());
    assert_ne!(first, second);
    host.install(SimulatedImage::new(&image("web:1")).revision(1));
    compose(&host, ComposeAction::Up).await.unwrap();
    assert_ne!(second, id(host.containers(None).await.unwrap()));
}

#[tokio::test]
async fn down_keeps_volumes_and_only_volume_delete_removes_them() {
    let host = deployed().await;
    host.write_volume("steward-web_data", "photo", b"bytes");
    let name = VolumeName::parse("steward-web_data").unwrap();
    assert_eq!(host.volume_delete(&name).await.unwrap_err().kind, HostErrorKind::Conflict);
    compose(&host, ComposeAction::Down).await.unwrap();
    assert!(host.containers(None).await.unwrap().is_empty());
    assert_eq!(host.volume("steward-web_data").unwrap().content["photo"], b"bytes");
    host.volume_delete(&name).await.unwrap();
    host.volume_delete(&name).await.unwrap();
    assert!(host.volumes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_taken_port_fails_and_leaves_the_container() {
    let host = SimulatedHost::new();
    host.install(SimulatedImage::new(&image("web:1")));
    host.listen(8080, Protocol::Tcp, Some("nginx"));
    host.write_file(PROJECT, ProjectFile::Compose, FILE).await.unwrap();
    let error = compose(&host, ComposeAction::Up).await.unwrap_err();
    assert!(error.message.contains("address already in use"), "{error}");
    assert_eq!(error.report.unwrap().exit_code, Some(1));
    assert_eq!(host.containers(Some(PROJECT)).await.unwrap()[0].state, ContainerState::Created);
    host.unlisten(8080);
    compose(&host, ComposeAction::Up).await.unwrap();
}

#[tokio::test]
async fn a_missing_image_fails_as_the_engine_says_it() {
    let host = SimulatedHost::new();
    host.write_file(PROJECT, ProjectFile::Compose, FILE).await.unwrap();
    let error = compose(&host, ComposeAction::Up).await.unwrap_err();
    assert!(error.message.contains("No such image: web:1"), "{error}");
}

#[tokio::test]
async fn health_follows_the_script() {
    let host = SimulatedHost::new();
    host.install(SimulatedImage::new(&image("web:1")).with_health_check().behaviour(Behaviour::HealthyAfter(2)));
    host.write_file(PROJECT, ProjectFile::Compose, FILE).await.unwrap();
    compose(&host, ComposeAction::Up).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(host.containers(None).await.unwrap()[0].health);
    }
    assert_eq!(seen, [Health::Starting, Health::Starting, Health::Healthy]);
    let probe = PortProbe::Tcp { port: 8080 };
    assert_eq!(host.probe(&probe, Duration::from_secs(1)).await.unwrap(), ProbeOutcome::Healthy);
    compose(&host, ComposeAction::Stop).await.unwrap();
    assert!(matches!(host.probe(&probe, Duration::from_secs(1)).await.unwrap(), ProbeOutcome::Unhealthy(_)));
}

#[tokio::test]
async fn containers_can_end_by_themselves() {
    let host = SimulatedHost::new();
    host.install(SimulatedImage::new(&image("web:1")).behaviour(Behaviour::Exits(3)));
    host.write_file(PROJECT, ProjectFile::Compose, FILE).await.unwrap();
    compose(&host, ComposeAction::Up).await.unwrap();
    let container = host.containers(None).await.unwrap().remove(0);
    assert_eq!((container.state, container.exit_code), (ContainerState::Exited, Some(3)));
}

#[tokio::test]
async fn faults_strike_before_halfway_or_after() {
    for (when, containers) in [(When::Before, 0), (When::Halfway, 1), (When::After, 1)] {
        let host = SimulatedHost::new();
        host.install(SimulatedImage::new(&image("web:1")));
        host.write_file(PROJECT, ProjectFile::Compose, FILE).await.unwrap();
        host.fail(Fault { call: Some("compose".into()), mutating_only: true, nth: 1, kind: HostErrorKind::TimedOut, when });
        assert_eq!(compose(&host, ComposeAction::Up).await.unwrap_err().kind, HostErrorKind::TimedOut);
        let seen = host.containers(None).await.unwrap();
        assert_eq!(seen.len(), containers, "{when:?}");
        let running = seen.iter().filter(|c| c.state == ContainerState::Running).count();
        assert_eq!(running, usize::from(when == When::After), "{when:?}");
    }
}

#[tokio::test]
async fn a_hanging_call_ends_when_it_is_dropped_and_did_nothing() {
    let host = deployed().await;
    let before = host.snapshot();
    host.hang("compose.down");
    let hung = tokio::time::timeout(Duration::from_millis(20), compose(&host, ComposeAction::Down)).await;
    assert!(hung.is_err());
    assert_eq!(host.snapshot(), before);
    host.containers(None).await.unwrap();
    host.release();
    compose(&host, ComposeAction::Down).await.unwrap();
    assert!(!before.differences(&host.snapshot()).is_empty());
}

#[tokio::test]
async fn an_engine_that_is_down_ends_streams_and_is_unreachable() {
    let host = deployed().await;
    let mut events = host.watch().await.unwrap();
    compose(&host, ComposeAction::Stop).await.unwrap();
    assert_eq!(events.next().await.unwrap().action, "die");
    host.set_engine_up(false);
    while events.next().await.is_some() {}
    assert_eq!(host.engine().await.unwrap_err().kind, HostErrorKind::Unreachable);
    assert!(host.read_file(PROJECT, ProjectFile::Compose).await.unwrap().is_some());
}

#[tokio::test]
async fn logs_are_followed_over_a_restart() {
    let host = deployed().await;
    host.write_log(PROJECT, "web", LogStream::Stderr, "one");
    let request = LogsRequest { project: PROJECT.into(), service: None, tail: 1, since: None, follow: true };
    let mut lines = host.logs(&request).await.unwrap();
    compose(&host, ComposeAction::Restart).await.unwrap();
    host.write_log(PROJECT, "web", LogStream::Stdout, "two");
    let mut texts = Vec::new();
    for _ in 0..3 {
        texts.push(lines.next().await.unwrap().unwrap().text);
    }
    assert_eq!(texts, ["one", "started", "two"]);
}

#[tokio::test]
async fn pulls_fail_as_registries_do() {
    let host = SimulatedHost::new();
    let web = image("web:1");
    let pull = || host.image_pull(&web, Duration::from_secs(1), &Silent);
    assert_eq!(pull().await.unwrap_err().kind, HostErrorKind::NotFound);
    host.publish(SimulatedImage::new(&web));
    host.set_registry_up(false);
    assert_eq!(pull().await.unwrap_err().kind, HostErrorKind::Failed);
    host.set_registry_up(true);
    pull().await.unwrap();
    assert!(host.image(&web).await.unwrap().is_some());
    host.image_remove(&web).await.unwrap();
    assert!(host.image(&web).await.unwrap().is_none());
    assert_eq!(host.mutations(), 4);
}

#[tokio::test]
async fn an_image_in_use_stays() {
    let host = deployed().await;
    let report = host.image_remove(&image("web:1")).await.unwrap();
    assert!(report.output.contains("stays"));
    assert!(host.has_image(&image("web:1")));
}
