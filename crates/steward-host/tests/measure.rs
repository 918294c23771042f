//! Measures what is promised in comparison with Docker's own commands. Needs the lab:
//! `cargo test -p steward-host --release --test measure -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::disallowed_types)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use steward_core::name::ImageRef;
use steward_host::local::{LocalConfig, LocalHost};
use steward_host::{ComposeAction, ComposeRequest, Host, LogsRequest, ProjectFile, Silent};

fn host(root: &std::path::Path) -> Option<LocalHost> {
    let Ok(docker_host) = std::env::var("STEWARD_TEST_DOCKER_HOST") else {
        println!("skipped: needs a Docker engine (make lab-up)");
        return None;
    };
    Some(LocalHost::new(LocalConfig {
        docker_host: Some(docker_host),
        docker_config: std::env::var_os("STEWARD_TEST_DOCKER_CONFIG").map(Into::into),
        path: std::env::var_os("PATH"),
        projects_root: root.to_owned(),
        instance: "measure".into(),
        name: "lab".into(),
        ..LocalConfig::default()
    }))
}

fn docker(args: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(args).env("DOCKER_HOST", std::env::var_os("STEWARD_TEST_DOCKER_HOST").unwrap());
    if let Some(config) = std::env::var_os("STEWARD_TEST_DOCKER_CONFIG") {
        command.env("DOCKER_CONFIG", config);
    }
    command
}

async fn compose(host: &LocalHost, project: &str, action: ComposeAction) -> Duration {
    let request = ComposeRequest { project: project.into(), action, deadline: Duration::from_secs(120) };
    host.compose(&request, &Silent).await.unwrap().duration
}

async fn pull(host: &LocalHost, image: &str) {
    host.image_pull(&ImageRef::parse(image).unwrap(), Duration::from_secs(60), &Silent).await.unwrap();
}

/// How long `docker logs -f` takes for so many lines.
fn by_command(container: &str, lines: usize) -> Duration {
    let begun = Instant::now();
    let mut child = docker(&["logs", "-f", "--tail", &lines.to_string(), container]).stdout(Stdio::piped()).spawn().unwrap();
    let read = BufReader::new(child.stdout.take().unwrap()).lines().take(lines).count();
    let took = begun.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(read, lines);
    took
}

async fn by_host(host: &LocalHost, project: &str, lines: usize) -> Duration {
    let begun = Instant::now();
    let request = LogsRequest { project: project.into(), service: None, tail: u32::try_from(lines).unwrap(), since: None, follow: true };
    let read = host.logs(&request).await.unwrap().take(lines).filter(|line| std::future::ready(line.is_ok())).count().await;
    let took = begun.elapsed();
    assert_eq!(read, lines);
    took
}

/// How long it takes until so many lines have come that the container begins to write only now.
async fn live(host: &LocalHost, project: &str, container: &str, lines: usize) -> (Duration, Duration) {
    let count = lines.to_string();
    docker(&["restart", "-t", "0", container]).output().unwrap();
    let begun = Instant::now();
    let mut child = docker(&["logs", "-f", "--tail", "0", container]).stdout(Stdio::piped()).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    let counted = tokio::task::spawn_blocking(move || (BufReader::new(output).lines().take(lines).count(), begun.elapsed()));
    let request = LogsRequest { project: project.into(), service: None, tail: 0, since: None, follow: true };
    let mut ours = host.logs(&request).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun_writing = Instant::now();
    let mut writer = docker(&["exec", container, "/bin/sh", "-c", &format!("seq 1 {count} >/proc/1/fd/1")]).spawn().unwrap();
    let read = ours.by_ref().take(lines).count().await;
    let host_took = begun_writing.elapsed();
    let (by_command, took) = counted.await.unwrap();
    let command_took = took - (begun_writing - begun);
    child.kill().unwrap();
    child.wait().unwrap();
    writer.wait().unwrap();
    assert_eq!((read, by_command), (lines, lines));
    (command_took, host_took)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, with --release"]
async fn log_throughput() {
    let root = tempfile::tempdir().unwrap();
    let Some(host) = host(root.path()) else { return };
    let project = "steward-measure-logs";
    pull(&host, "steward/web:chatty").await;
    let file = "services:\n  web:\n    image: steward/web:chatty\n    environment: {LINES: \"100000\"}\n";
    host.write_file(project, ProjectFile::Compose, file).await.unwrap();
    compose(&host, project, ComposeAction::Up).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let container = format!("{project}-web-1");
    for lines in [20_000, 20_000, 20_000, 90_000] {
        let (command, ours) = (by_command(&container, lines), by_host(&host, project, lines).await);
        println!(
            "{lines} lines of the past: docker logs -f {command:?}, steward {ours:?}, ratio {:.2}",
            command.as_secs_f64() / ours.as_secs_f64()
        );
    }
    for _ in 0..3 {
        let (command, ours) = live(&host, project, &container, 20_000).await;
        println!("20000 lines live: docker logs -f {command:?}, steward {ours:?}, ratio {:.2}", command.as_secs_f64() / ours.as_secs_f64());
    }
    compose(&host, project, ComposeAction::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run alone, with --release"]
async fn compose_overhead() {
    let root = tempfile::tempdir().unwrap();
    let Some(host) = host(root.path()) else { return };
    let project = "steward-measure-up";
    pull(&host, "steward/web:1").await;
    host.write_file(project, ProjectFile::Compose, "services:\n  web:\n    image: steward/web:1\n").await.unwrap();
    let folder = host.project_folder(project);
    for round in 0..4 {
        let ours = compose(&host, project, ComposeAction::Up).await;
        compose(&host, project, ComposeAction::Down).await;
        let file = format!("{folder}/compose.yaml");
        let begun = Instant::now();
        let up = docker(&["compose", "-p", project, "-f", &file, "up", "-d", "--wait"]).output().unwrap();
        let plain = begun.elapsed();
        assert!(up.status.success());
        compose(&host, project, ComposeAction::Down).await;
        println!("round {round}: docker compose up -d --wait {plain:?}, steward {ours:?}");
    }
}
