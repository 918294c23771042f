//! One connection, from its first message to its last.

use std::collections::HashSet;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use serde::Serialize;
use serde_json::json;
use steward_core::device::DeviceStatus;
use steward_core::event::{Channel, Event};
use steward_core::log::LogLine;
use steward_core::name::ServiceName;
use steward_core::user::Actor;
use steward_core::{Code, DeploymentId, Refusal};
use steward_engine::{LogBatch, LogQuery};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::followed::{Followed, MAX_ALL, MAX_SINGLE};
use crate::api::extract::Credential;
use crate::api::types::ClientMessage;
use crate::api::types::socket::{ServerMessage, Topic};
use crate::api::{Shared, parse, stream};

/// How often the other side is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// A side that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A side that takes nothing for so long is gone too.
const STALLED: Duration = Duration::from_secs(10);
/// Lines from the end when nothing else is asked for.
const TAIL: u32 = 100;
/// Messages that make no sense, until the connection is closed.
const PATIENCE: u32 = 32;
/// Text of log lines in one message, about.
const MAX_LINES: usize = 256 * 1024;

/// Lines of a log. They come by the thousand, so they are written as they are.
#[derive(Serialize)]
struct Lines<'a> {
    deployment_id: &'a DeploymentId,
    lines: &'a [LogLine],
    dropped: u64,
}

/// Why a connection ends.
struct End(u16, &'static str);

type Step = Result<(), End>;

const GONE: End = End(close_code::NORMAL, "");

/// A connection.
pub struct Connection {
    app: Shared,
    socket: WebSocket,
    credential: Credential,
    actor: Actor,
    seq: u64,
    topics: HashSet<Channel>,
    followed: Followed,
    events: broadcast::Receiver<Event>,
    ping: Interval,
    heard_at: Instant,
    nonsense: u32,
}

impl Connection {
    /// A connection that was just opened.
    pub fn new(app: Shared, socket: WebSocket, credential: Credential, actor: Actor) -> Self {
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            events: app.engine.events(),
            app,
            socket,
            credential,
            actor,
            seq: 0,
            topics: HashSet::new(),
            followed: Followed::default(),
            ping,
            heard_at: Instant::now(),
            nonsense: 0,
        }
    }

    /// Serves it until it ends.
    pub async fn run(mut self) {
        let End(code, reason) = self.serve().await;
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.send(close)).await;
    }

    async fn serve(&mut self) -> End {
        let rights = stream::rights_end(self.app.clone(), self.credential.clone(), self.actor.clone());
        tokio::pin!(rights);
        let hello = json!({ "version": env!("CARGO_PKG_VERSION") });
        let mut step = self.say(Topic::System, "hello", hello).await;
        loop {
            if let Err(end) = step {
                return end;
            }
            step = tokio::select! {
                message = self.socket.recv() => self.hear(message).await,
                event = self.events.recv() => self.pass_event(event).await,
                (id, heard) = self.followed.next() => self.pass_log(&id, heard).await,
                _ = self.ping.tick() => self.beat().await,
                () = &mut rights => Err(End(close_code::POLICY, "signed out, or other rights than before; or the server stops")),
            };
        }
    }

    /// Sends a message with the next number.
    async fn say(&mut self, channel: Topic, event: &str, data: impl Serialize) -> Step {
        self.seq += 1;
        let message = ServerMessage { seq: self.seq, channel, event: event.to_owned(), data };
        let text = serde_json::to_string(&message).unwrap_or_default();
        self.send(Message::Text(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Step {
        match tokio::time::timeout(STALLED, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(GONE),
            Err(_) => Err(End(close_code::AGAIN, "too slow")),
        }
    }

    async fn beat(&mut self) -> Step {
        if self.heard_at.elapsed() > SILENCE {
            return Err(End(close_code::AWAY, "no answer"));
        }
        self.send(Message::Ping(Default::default())).await
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Step {
        let Some(Ok(message)) = message else { return Err(GONE) };
        self.heard_at = Instant::now();
        let parsed = match message {
            Message::Text(text) => parse::from_slice::<ClientMessage>(text.as_bytes()),
            Message::Binary(_) => Err(Refusal::new(Code::InvalidBody, "messages are text")),
            Message::Close(_) => return Err(GONE),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        match parsed {
            Ok(ClientMessage::Ping {}) => self.say(Topic::System, "pong", json!({})).await,
            Ok(ClientMessage::Subscribe { channels, deployment_id, tail, service }) => {
                self.subscribe(channels, deployment_id, tail, service).await
            }
            Ok(ClientMessage::Unsubscribe { channels, deployment_id }) => self.unsubscribe(channels, deployment_id).await,
            Err(refusal) => {
                self.nonsense += 1;
                if self.nonsense > PATIENCE {
                    return Err(End(close_code::POLICY, "too many messages that make no sense"));
                }
                self.complain(&refusal).await
            }
        }
    }

    async fn complain(&mut self, refusal: &Refusal) -> Step {
        self.say(Topic::System, "error", json!({ "code": refusal.code, "message": refusal.message })).await
    }

    async fn subscribe(&mut self, channels: Vec<Channel>, which: Option<String>, tail: Option<u32>, service: Option<String>) -> Step {
        let tail = tail.unwrap_or(TAIL);
        for channel in channels {
            if channel != Channel::Logs {
                self.topics.insert(channel);
                continue;
            }
            let begun = match &which {
                Some(which) => self.follow(which, tail, service.as_deref()).await,
                None => self.follow_all(tail).await,
            };
            if let Err(refusal) = begun {
                self.complain(&refusal).await?;
            }
        }
        self.subscribed().await
    }

    async fn unsubscribe(&mut self, channels: Vec<Channel>, which: Option<String>) -> Step {
        for channel in channels {
            match (channel, &which) {
                (Channel::Logs, None) => self.followed.leave_all(),
                (Channel::Logs, Some(which)) => {
                    // The id of one that is gone is as good as that of one that is there.
                    let id = self.app.engine.deployment_id(&self.actor, which).await.or_else(|_| DeploymentId::parse(which));
                    if let Ok(id) = id {
                        self.followed.leave(&id);
                    }
                }
                _ => {
                    self.topics.remove(&channel);
                }
            }
        }
        self.subscribed().await
    }

    /// Says what is subscribed to now.
    async fn subscribed(&mut self) -> Step {
        let all = [Channel::Devices, Channel::Deployments, Channel::Operations, Channel::Schedules, Channel::Reconcilers];
        let mut channels: Vec<Channel> = all.into_iter().filter(|channel| self.topics.contains(channel)).collect();
        if self.followed.any() {
            channels.push(Channel::Logs);
        }
        self.say(Topic::System, "subscribed", json!({ "channels": channels })).await
    }

    async fn follow(&mut self, which: &str, tail: u32, service: Option<&str>) -> Result<(), Refusal> {
        let service = service.map(ServiceName::parse).transpose()?;
        let query = LogQuery { tail: Some(tail), service, follow: true, ..LogQuery::default() };
        let (id, batches) = self.app.engine.logs(&self.actor, which, query).await?;
        if !self.followed.has_room(&id) {
            return Err(Refusal::new(Code::TooManyRequests, format!("at most {MAX_SINGLE} logs at once")));
        }
        self.followed.follow(id, batches);
        Ok(())
    }

    async fn follow_all(&mut self, tail: u32) -> Result<(), Refusal> {
        let all = self.app.engine.deployments(&self.actor).await?;
        self.followed.all = Some(tail);
        // Somebody may see more apps than those whose logs it may read.
        let mut refused = None;
        for view in all.iter().take(MAX_ALL) {
            match self.follow(view.id.as_str(), tail, None).await {
                Ok(()) => {}
                Err(refusal) if refusal.code == Code::NotAllowed => refused = Some(refusal),
                Err(refusal) => {
                    self.followed.all = None;
                    return Err(refusal);
                }
            }
        }
        match refused {
            Some(refusal) if !self.followed.follows_any() => {
                self.followed.all = None;
                Err(refusal)
            }
            _ => Ok(()),
        }
    }

    async fn pass_log(&mut self, id: &DeploymentId, heard: Option<LogBatch>) -> Step {
        let Some(batch) = heard else {
            return self.say(Topic::Logs, "end", json!({ "deployment_id": id, "reason": "the log ended" })).await;
        };
        let mut dropped = batch.dropped;
        let mut lines = batch.lines.as_slice();
        while !lines.is_empty() || dropped > 0 {
            let (part, rest) = lines.split_at(fitting(lines));
            self.say(Topic::Logs, "lines", Lines { deployment_id: id, lines: part, dropped }).await?;
            (lines, dropped) = (rest, 0);
        }
        if let Some(reason) = batch.error {
            self.followed.leave(id);
            return self.say(Topic::Logs, "end", json!({ "deployment_id": id, "reason": reason })).await;
        }
        Ok(())
    }

    async fn pass_event(&mut self, event: Result<Event, RecvError>) -> Step {
        let event = match event {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => return self.say(Topic::System, "gap", json!({ "missed": missed })).await,
            Err(RecvError::Closed) => return Err(End(close_code::RESTART, "the server stops")),
        };
        let wanted = self.topics.contains(&event.channel()) || self.followed.all.is_some();
        if !wanted || !self.app.engine.hears(&self.actor, &event).await {
            return Ok(());
        }
        self.join_logs(&event).await;
        if !self.topics.contains(&event.channel()) {
            return Ok(());
        }
        match event {
            Event::Device { id, what, online } => {
                let seen = self.app.engine.device(&self.actor, id.as_str()).await.map(|view| view.status);
                let status = seen.unwrap_or(if online { DeviceStatus::Online } else { DeviceStatus::Offline });
                self.say(Topic::Devices, what, json!({ "device_id": id, "status": status })).await
            }
            Event::Deployment { id, what } => self.say(Topic::Deployments, what, json!({ "deployment_id": id })).await,
            Event::Progress(progress) => self.say(Topic::Deployments, "progress", json!(progress)).await,
            Event::Schedule { id } => self.say(Topic::Schedules, "changed", json!({ "schedule_id": id })).await,
            Event::Operation { id, deployment_id } => {
                self.say(Topic::Operations, "changed", json!({ "operation_id": id, "deployment_id": deployment_id })).await
            }
            Event::Reconciler { name } => self.say(Topic::Reconcilers, "changed", json!({ "name": name })).await,
        }
    }

    /// Whoever follows all logs follows those of new deployments too.
    async fn join_logs(&mut self, event: &Event) {
        let (Some(tail), Event::Deployment { id, what }) = (self.followed.all, event) else { return };
        if *what == "created"
            && !self.followed.follows(id)
            && let Err(refusal) = self.follow(id.as_str(), tail, None).await
        {
            tracing::debug!(deployment = %id, error = %refusal, "a log cannot be followed");
        }
    }
}

/// How many of these lines make one message: at least one.
fn fitting(lines: &[LogLine]) -> usize {
    let mut bytes = 0;
    let over = lines.iter().position(|line| {
        bytes += line.text.len();
        bytes > MAX_LINES
    });
    over.map_or(lines.len(), |first| first.max(1))
}
