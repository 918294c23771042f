//! A made-up server: it answers what a test says, so that operations can end in every way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

pub const OPERATION: &str = "op_0123456789abcdef";
const DEPLOYMENT: &str = "dep_0123456789abcdef";
const DEVICE: &str = "dev_0123456789abcdef";

/// What is answered.
pub enum Reply {
    /// JSON with a status.
    Json(u16, Value),
    /// A stream.
    Lines(Vec<Line>),
    /// The connection is closed without an answer.
    Nothing,
}

/// A part of a stream.
pub enum Line {
    Text(String),
    Pause(Duration),
    /// Nothing more comes, and the connection stays open.
    Hold,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub key: String,
    pub body: Value,
}

/// The made-up server.
pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Answers by the request's line, such as `POST /api/v1/applications/greeter/deploy`.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, log) = (answer.clone(), log.clone());
                thread::spawn(move || {
                    // A client that goes away in the middle is what some tests are about.
                    let _ = serve(stream.unwrap(), answer.as_ref(), &log);
                });
            }
        });
        Self { url, asked }
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often something was asked.
    pub fn count(&self, line: &str) -> usize {
        self.asked().iter().filter(|asked| asked.line == line).count()
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Reply, log: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let line = first.rsplit_once(' ').map(|(line, _)| line.to_owned()).unwrap_or_default();
    let (mut length, mut key) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "idempotency-key" => key = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    log.lock().unwrap().push(Asked { line: line.clone(), key, body });
    match answer(&line) {
        Reply::Nothing => Ok(()),
        Reply::Json(status, value) => {
            let text = value.to_string();
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
        }
        Reply::Lines(lines) => {
            write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            for line in lines {
                match line {
                    Line::Text(text) => writeln!(stream, "{text}")?,
                    Line::Pause(pause) => {
                        stream.flush()?;
                        thread::sleep(pause);
                    }
                    Line::Hold => {
                        stream.flush()?;
                        // Ends when the client closes its side.
                        let _ = stream.read(&mut [0]);
                    }
                }
            }
            stream.flush()
        }
    }
}

/// An operation in a state.
pub fn operation(state: &str) -> Value {
    json!({
        "id": OPERATION, "kind": "deployment.deploy", "state": state, "target": "greeter",
        "deployment_id": DEPLOYMENT, "device_id": DEVICE, "actor": "anna", "request": {}, "changed": true,
        "created_at": 1_000, "started_at": 2_000, "finished_at": null, "current_step": null, "failed_step": null,
        "error": null, "left_over": [], "waiting": null, "cancel_requested": false
    })
}

/// The same with a plan, steps and commands.
pub fn detail(state: &str, steps: Value, commands: Value) -> Value {
    let mut detail = operation(state);
    detail["plan"] = plan();
    detail["steps"] = steps;
    detail["commands"] = commands;
    detail
}

/// A plan with one check that failed, and what would mend it.
pub fn plan() -> Value {
    json!({
        "kind": "deployment.deploy", "target": "greeter", "device_id": DEVICE, "device": "nas", "summary": "deploy greeter on nas",
        "changed": true,
        "checks": [
            {"code": "engine", "status": "pass", "message": "Docker 28 answers"},
            {"code": "port", "status": "fail", "message": "port 80 is used by traefik", "fix": {"field": "ports.80/tcp", "value": "8081"}}
        ],
        "steps": [], "files": [], "commands": [["docker", "compose", "up"]], "images": [], "volumes": [], "risks": [], "hash": "abc"
    })
}

/// A step of an operation.
pub fn step(ordinal: u32, name: &str, state: &str, note: Option<&str>) -> Value {
    json!({
        "ordinal": ordinal, "name": name, "state": state, "started_at": 2_000, "finished_at": 2_400,
        "undone_at": note.map(|_| 3_000), "error": null, "undo_note": note
    })
}

/// An event line.
pub fn event(operation: &Value) -> Line {
    Line::Text(json!({ "type": "operation", "operation": operation }).to_string())
}

/// A progress line.
pub fn progress(step: &str, message: &str, done: u64, total: u64) -> Line {
    let progress = json!({
        "operation_id": OPERATION, "deployment_id": DEPLOYMENT, "step": step, "message": message,
        "done": done, "total": total, "bytes_done": null, "bytes_total": null
    });
    Line::Text(json!({ "type": "progress", "progress": progress }).to_string())
}

/// The greeter as an app.
pub fn app() -> Value {
    json!({
        "id": DEPLOYMENT, "name": "greeter", "application": "greeter", "title": "Greeter", "icon": null, "device_id": DEVICE,
        "device": "nas", "state": "running", "desired": "running", "revision": 1,
        "services": [{"name": "greeter", "image": "x:1", "state": "running", "health": "none", "restart_count": 0, "exit_code": null, "started_at": null}],
        "links": [{"title": "Greeter", "url": "http://nas:18080"}], "busy": null, "update_available": false, "post_install": null,
        "created_at": 1_000, "updated_at": 2_000, "observed_at": null
    })
}

/// A server where deploying the greeter is accepted, and its events are these.
pub fn deploying(events: impl Fn(usize) -> Vec<Line> + Send + Sync + 'static) -> Stub {
    let connections = Mutex::new(0);
    Stub::start(move |line| match line {
        "POST /api/v1/applications/greeter/deploy" => Reply::Json(202, json!({ "operation": operation("queued"), "unchanged": false })),
        "GET /api/v1/operations/op_0123456789abcdef/events" => {
            let mut connections = connections.lock().unwrap();
            *connections += 1;
            Reply::Lines(events(*connections))
        }
        "POST /api/v1/operations/op_0123456789abcdef/cancel" => Reply::Json(202, operation("rolling_back")),
        "GET /api/v1/deployments/greeter" => Reply::Json(200, app()),
        _ => Reply::Json(404, json!({ "status": 404, "code": "not_found", "detail": "there is nothing here" })),
    })
}
