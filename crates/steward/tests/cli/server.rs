//! Runs the program, and a server of its own for each test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub const PASSWORD: &str = "tall brown dog";
/// Nothing is there: the server must serve all the same.
pub const NO_ENGINE: &str = "unix:///nonexistent/docker.sock";

/// What a run of the program did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn bad(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Standard output as JSON, and nothing but JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The error on the last line of standard error as JSON.
    #[track_caller]
    pub fn error(&self) -> Value {
        let last = self.err.lines().last().unwrap_or_default();
        let value: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        value["error"].clone()
    }
}

/// The program with these arguments; nothing of this process's own configuration reaches it.
pub fn program(config: &Path, arguments: &[&str]) -> Command {
    program_at(Path::new(env!("CARGO_BIN_EXE_steward")), config, arguments)
}

fn program_at(file: &Path, config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(file);
    command.args(arguments);
    for name in [
        "STEWARD_URL",
        "STEWARD_TOKEN",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "DOCKER_HOST",
        "DOCKER_CONFIG",
        "XDG_CONFIG_HOME",
        "STEWARD_DATA_DIR",
        "STEWARD_BACKUP_DIR",
        "STEWARD_CA",
        "STEWARD_HTTPS",
        "STEWARD_TLS_CERT",
        "STEWARD_TLS_KEY",
        "STEWARD_LISTEN",
        "STEWARD_ACME",
        "STEWARD_ACME_CA",
        "STEWARD_ACME_DIRECTORY",
    ] {
        command.env_remove(name);
    }
    command.env("STEWARD_CONFIG_DIR", config).env("TZ", "UTC").env("TERM", "xterm");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub fn run(mut command: Command, input: &str) -> Ran {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        // The program may end without having read it.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder for a sign-in, used with any server.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Where the sign-in is kept; it does not exist yet.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(program(&self.config(), arguments), "")
    }
}

/// A server with data of its own.
pub struct Server {
    child: Child,
    pub url: String,
    /// The line for the set-up: an address with a code.
    pub setup: String,
    data: Option<TempDir>,
    home: Home,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// One that nobody owns yet, without an engine.
    pub fn unclaimed() -> Self {
        Self::with_engine(NO_ENGINE, &[])
    }

    /// One that is owned by anna, who is signed in, without an engine.
    pub fn claimed() -> Self {
        Self::unclaimed().claim()
    }

    /// One on an engine.
    pub fn with_engine(engine: &str, environment: &[(&str, String)]) -> Self {
        Self::start(tempfile::tempdir().unwrap(), engine, environment, &[])
    }

    /// One on data that has an owner already; nobody is signed in.
    pub fn on(data: TempDir) -> Self {
        Self::start(data, NO_ENGINE, &[], &[])
    }

    /// One with more options.
    pub fn serving(data: TempDir, options: &[&str]) -> Self {
        Self::start(data, NO_ENGINE, &[], options)
    }

    /// One whose program is this file.
    pub fn of(file: &Path) -> Self {
        Self::start_at(file, tempfile::tempdir().unwrap(), NO_ENGINE, "127.0.0.1:0", &[], &[])
    }

    /// One that listens at a certain address, on data that may have an owner.
    pub fn start_with(data: TempDir, listen: &str, options: &[&str]) -> Self {
        Self::start_at(Path::new(env!("CARGO_BIN_EXE_steward")), data, NO_ENGINE, listen, &[], options)
    }

    fn start(data: TempDir, engine: &str, environment: &[(&str, String)], options: &[&str]) -> Self {
        Self::start_at(Path::new(env!("CARGO_BIN_EXE_steward")), data, engine, "127.0.0.1:0", environment, options)
    }

    fn start_at(file: &Path, data: TempDir, engine: &str, listen: &str, environment: &[(&str, String)], options: &[&str]) -> Self {
        let home = Home::new();
        let owned = data.path().join("data/steward.db").exists();
        let mut command = program_at(file, &home.config(), &["serve", "--listen", listen, "--docker-host", engine, "--data-dir"]);
        command.arg(data.path().join("data")).args(options).stderr(Stdio::null());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = |start: &str| {
            let line = lines.next().expect("the server ended").unwrap();
            line.strip_prefix(start).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let url = line("listening: ");
        // One that has an owner says no more.
        let setup = if owned { String::new() } else { line("setup: ") };
        Self { child, url, setup, data: Some(data), home }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.data.as_ref().unwrap().path().join("data")
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the server; gives its data, in `data` of a folder.
    pub fn end(self) -> TempDir {
        self.end_by(rustix::process::Signal::TERM)
    }

    /// Ends it as a power cut does.
    pub fn kill(self) -> TempDir {
        self.end_by(rustix::process::Signal::KILL)
    }

    fn end_by(mut self, signal: rustix::process::Signal) -> TempDir {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        self.child.wait().unwrap();
        self.data.take().unwrap()
    }

    pub fn claim(self) -> Self {
        let mut command = program(&self.home.config(), &["setup", "--url", &self.setup, "--user", "anna", "--password-stdin"]);
        command.stdin(Stdio::piped());
        run(command, PASSWORD).good();
        self
    }

    pub fn config(&self) -> PathBuf {
        self.home.config()
    }

    /// The program, signed in here.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(arguments)
    }

    /// The program with something on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        run(program(&self.home.config(), arguments), input)
    }

    /// Puts an entry into the catalog, and waits until the server has seen it.
    pub fn entry(&self, slug: &str, text: &str) {
        let folder = self.data().join("catalog").join(slug);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("service.hcl"), text).unwrap();
        let seen = |server: &Self| {
            let all = server.run(&["catalog", "list", "--json"]).good().json();
            all.as_array().unwrap().iter().any(|application| application["slug"] == slug)
        };
        wait_for(&format!("{slug} in the catalog"), || seen(self));
    }
}

/// Waits for something that comes by itself.
#[track_caller]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}
