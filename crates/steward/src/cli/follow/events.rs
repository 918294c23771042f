//! The events of one operation, also across a restart of the server.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use steward_core::event::Progress;
use steward_core::operation::OperationDetail;
use tokio::time::{Instant, sleep, timeout};

use super::super::client::{Client, decode, segment};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::lines::Lines;

/// How long a server may be away before waiting for it makes no sense.
const AWAY: Duration = Duration::from_secs(60);
/// After this much silence the operation is looked at: the connection may be dead without a word.
const SILENCE: Duration = Duration::from_secs(15);

/// What happened.
pub enum Event {
    /// The operation changed; as the API gives it, and read.
    Operation(Value, Box<OperationDetail>),
    /// Its running step got further.
    Progress(Progress),
}

/// The kinds of lines. Others are of a newer server and are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
enum Line {
    Operation {
        operation: Value,
    },
    Progress {
        progress: Progress,
    },
    #[serde(other)]
    Other,
}

/// Follows an operation.
pub struct Events<'a> {
    client: &'a Client,
    path: String,
    id: String,
    lines: Option<Lines>,
    /// Since when there was no answer, and how often it was tried.
    away: Option<(Instant, u32)>,
}

impl<'a> Events<'a> {
    /// Of an operation.
    pub fn new(client: &'a Client, id: &str) -> Self {
        Self { client, path: format!("/operations/{}", segment(id)), id: id.to_owned(), lines: None, away: None }
    }

    /// The next event.
    ///
    /// # Errors
    /// When the server refuses, or is away for a minute.
    pub async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            let Some(lines) = &mut self.lines else {
                self.connect().await?;
                continue;
            };
            match timeout(SILENCE, lines.next()).await {
                Ok(Ok(Some(line))) => {
                    self.away = None;
                    match serde_json::from_slice(&line) {
                        Ok(Line::Operation { operation }) => return Ok(Event::Operation(operation.clone(), Box::new(decode(&operation)?))),
                        Ok(Line::Progress { progress }) => return Ok(Event::Progress(progress)),
                        Ok(Line::Other) | Err(_) => {}
                    }
                }
                // The server stopped, or the line is dead.
                Ok(Ok(None) | Err(_)) => self.lost(),
                Err(_) => match self.client.get(&self.path, &[]).await {
                    Ok(operation) => {
                        let detail = Box::new(decode(&operation)?);
                        return Ok(Event::Operation(operation, detail));
                    }
                    Err(failure) if failure.exit == Exit::UNREACHABLE => self.lost(),
                    Err(failure) => return Err(failure),
                },
            }
        }
    }

    fn lost(&mut self) {
        self.lines = None;
        self.away.get_or_insert((Instant::now(), 0));
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        if let Some((_, tries)) = &mut self.away {
            let pause = Duration::from_millis(100 << (*tries).min(5));
            *tries += 1;
            sleep(pause).await;
        }
        match self.client.stream(&format!("{}/events", self.path), &[]).await {
            Ok(lines) => {
                self.lines = Some(lines);
                Ok(())
            }
            Err(failure) if failure.exit == Exit::UNREACHABLE => match self.away {
                Some((since, _)) if since.elapsed() > AWAY => {
                    let hint = format!("The work may go on. When the server is back: steward ops watch {}", self.id);
                    Err(Failure { operation: Some(self.id.clone()), ..failure }.hint(hint))
                }
                _ => {
                    self.lost();
                    Ok(())
                }
            },
            Err(failure) => Err(failure),
        }
    }
}
