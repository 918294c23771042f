//! A server for one test, and a client for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use steward::api::{self, App, Https, KnownHosts, ListenLimits, Speaks};
use steward_core::device::ContainerState;
use steward_core::name::ImageRef;
use steward_engine::catalog::{CatalogSource, Format, Origin, RawEntry};
use steward_engine::{BackupConfig, Engine, EngineConfig, OsRandom, SystemClock, Timing};
use steward_host::simulated::{SimulatedHost, SimulatedImage};
use steward_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub const PASSWORD: &str = "tall brown dog";

/// One container, a port, and a secret.
const HELLO: &str = r#"
service "hello" {
  name        = "Hello"
  description = "Says hello."
  container {
    image = "example/hello:1"
    ports = [{ internal = 80, external = 8088 }]
    env {
      WHO      = "${setting.who}"
      PASSWORD = "${setting.password}"
    }
    volume "data" {
      path = "/data"
    }
  }
  setting "who" {
    type    = "string"
    default = "world"
  }
  setting "password" {
    type     = "string"
    secret   = true
    generate = 24
  }
}
"#;

const BROKEN: &str = "service \"broken\" {\n  name = \"Broken\"\n  colour = \"red\"\n}\n";

struct TestCatalog;

impl CatalogSource for TestCatalog {
    fn entries(&self) -> Vec<RawEntry> {
        let entry = |folder: &str, text: &str, icon: Option<&str>| RawEntry {
            folder: folder.to_owned(),
            format: Format::Hcl,
            text: text.to_owned(),
            icon: icon.map(str::to_owned),
            origin: Origin::Builtin,
        };
        vec![entry("hello", HELLO, Some("<svg xmlns=\"http://www.w3.org/2000/svg\"/>")), entry("broken", BROKEN, None)]
    }
}

/// A server with a machine of its own. Everything ends with it.
pub struct TestApp {
    pub host: SimulatedHost,
    pub engine: Engine,
    pub store: Store,
    pub address: SocketAddr,
    pub client: reqwest::Client,
    stop: CancellationToken,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Asserts that it is a problem document of this code, and gives it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!((self.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        problem
    }

    /// Asserts a status, and gives the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }
}

impl TestApp {
    /// A server that nobody owns yet.
    pub async fn new() -> Self {
        Self::with_limits(ListenLimits::default()).await
    }

    pub async fn with_limits(limits: ListenLimits) -> Self {
        Self::with(limits, false).await
    }

    /// A development instance that nobody owns yet.
    pub async fn development() -> Self {
        Self::with(ListenLimits::default(), true).await
    }

    async fn with(limits: ListenLimits, development: bool) -> Self {
        let host = SimulatedHost::new();
        host.publish(SimulatedImage::new(&ImageRef::parse("example/hello:1").unwrap()));
        let store = Store::in_memory().await.unwrap();
        let timing = Timing {
            deadline: None,
            undo_waits: vec![Duration::from_millis(10)],
            wait_for_device: Duration::from_secs(1),
            observe_every: Duration::from_millis(100),
            retry_engine: Duration::from_millis(50),
            retry_store: Duration::from_millis(20),
            look_at_schedules: Duration::from_millis(20),
        };
        let engine = Engine::start(EngineConfig {
            store: store.clone(),
            local: Arc::new(host.clone()),
            catalog: Box::new(TestCatalog),
            archives: BTreeMap::new(),
            key: [7; 32],
            backups: BackupConfig { folder: None, keep: 3 },
            restart: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            timing,
            development,
            faults: None,
        })
        .await
        .unwrap();
        let stop = CancellationToken::new();
        let app =
            App::new(engine.clone(), Arc::new(SystemClock), KnownHosts::new(["steward.test".to_owned()]), Https::default(), stop.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(api::listen(listener, Speaks::Http(api::router(app)), limits, stop.clone()));
        let app = Self { host, engine, store, address, client: reqwest::Client::new(), stop };
        app.observed().await;
        app
    }

    /// A server with an owner, and the owner.
    pub async fn claimed() -> (Self, Asker) {
        Self::new().await.owned().await
    }

    /// The server with an owner, and the owner.
    pub async fn owned(self) -> (Self, Asker) {
        let app = self;
        let code = app.engine.setup_code().unwrap().to_owned();
        let answer = app.anonymous().post("/setup", json!({ "code": code, "user": "anna", "password": PASSWORD })).await;
        let token = answer.expect(201)["token"].as_str().unwrap().to_owned();
        let owner = app.asker(Some(token));
        (app, owner)
    }

    /// Waits until the machine was looked at.
    async fn observed(&self) {
        for _ in 0..500 {
            let devices = self.engine.devices(&steward_core::user::Actor::System).await.unwrap();
            if devices.iter().all(|device| device.facts.is_some()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the simulated machine was not looked at");
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn asker(&self, token: Option<String>) -> Asker {
        Asker { base: self.url("/api/v1"), client: self.client.clone(), token }
    }

    pub fn anonymous(&self) -> Asker {
        self.asker(None)
    }

    /// Makes an account of a role, and signs it in.
    pub async fn user(&self, owner: &Asker, name: &str, role: &str) -> Asker {
        owner.post("/users", json!({ "name": name, "password": PASSWORD, "role": role })).await.expect(201);
        let session = self.anonymous().post("/session", json!({ "user": name, "password": PASSWORD })).await.expect(201);
        self.asker(Some(session["token"].as_str().unwrap().to_owned()))
    }

    /// From now on the image says by itself that it is healthy, so that nobody waits whether it stays up.
    pub fn hurry(&self) {
        self.host.publish(SimulatedImage::new(&ImageRef::parse("example/hello:1").unwrap()).with_health_check());
    }

    /// Deploys `hello` and waits until it runs.
    pub async fn deploy_hello(&self, asker: &Asker) -> Value {
        let accepted = asker.post("/applications/hello/deploy", json!({})).await.expect(202);
        let operation = asker.at_rest(accepted["operation"]["id"].as_str().unwrap()).await;
        assert_eq!(operation["state"], "succeeded", "{operation:#}");
        self.seen_running(asker, "hello").await
    }

    /// Waits until a deployment is seen to run.
    pub async fn seen_running(&self, asker: &Asker, name: &str) -> Value {
        for _ in 0..500 {
            let view = asker.get(&format!("/deployments/{name}")).await.expect(200);
            if view["state"] == "running" {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("`{name}` was not seen to run");
    }

    /// The states of the machine's containers by name.
    pub fn containers(&self) -> BTreeMap<String, ContainerState> {
        self.host.snapshot().containers.into_iter().map(|(name, container)| (name, container.state)).collect()
    }
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Asker {
    pub base: String,
    pub client: reqwest::Client,
    pub token: Option<String>,
}

impl Asker {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        send(self.request(method, path).json(&body)).await
    }

    /// Waits until an operation is at rest.
    pub async fn at_rest(&self, id: &str) -> Value {
        for _ in 0..1000 {
            let operation = self.get(&format!("/operations/{id}")).await.expect(200);
            if !["queued", "running", "rolling_back"].contains(&operation["state"].as_str().unwrap()) {
                return operation;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the operation {id} did not come to rest");
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}
