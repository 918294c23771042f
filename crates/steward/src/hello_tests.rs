#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the program is tried by running it and asking it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::*;

/// The files of an archive.
fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 0);
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), content);
    }
    files
}

fn json(files: &BTreeMap<String, Vec<u8>>, name: &str) -> serde_json::Value {
    serde_json::from_slice(&files[name]).unwrap()
}

/// The program of the image.
fn program() -> Vec<u8> {
    let image = files(ARCHIVE);
    let manifest = json(&image, "manifest.json");
    let layer = &image[manifest[0]["Layers"][0].as_str().unwrap()];
    files(layer)["hello"].clone()
}

#[test]
fn the_image_is_whole_and_small() {
    assert!(ARCHIVE.len() < 64 * 1024, "{} bytes", ARCHIVE.len());
    let image = files(ARCHIVE);
    let manifest = json(&image, "manifest.json");
    assert_eq!(manifest[0]["RepoTags"], serde_json::json!([IMAGE]));
    let config_name = manifest[0]["Config"].as_str().unwrap();
    assert_eq!(config_name, format!("{}.json", hex::encode(Sha256::digest(&image[config_name]))));
    let config = json(&image, config_name);
    assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/hello"]));
    assert_eq!(config["config"]["User"], "65534:65534");
    let layer = &image[manifest[0]["Layers"][0].as_str().unwrap()];
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", hex::encode(Sha256::digest(layer))));
    assert!(program().starts_with(b"\x7fELF"));
}

/// The program, running; killed when the test ends.
struct Running {
    child: Child,
    log: BufReader<ChildStdout>,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(greeting: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hello");
        std::fs::write(&path, program()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&path);
        command.env_clear().env("GREETING", greeting).env("PORT", port.to_string()).stdout(Stdio::piped());
        // Another test may be starting a program at this moment and hold the file open for writing.
        let mut child = (0..50)
            .find_map(|_| command.spawn().inspect_err(|_| std::thread::sleep(Duration::from_millis(20))).ok())
            .expect("the program starts");
        let log = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child, log, port, _folder: folder };
        assert_eq!(running.line(), format!("listening on port {port}"));
        running
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_greets_and_escapes() {
    let mut running = Running::start("<Grüße> & \"more\"");
    let answer = running.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    assert!(body.contains("<h1>&lt;Grüße&gt; &amp; &quot;more&quot;</h1>"), "{body}");
    assert_eq!(running.line(), "GET / HTTP/1.1");
    assert!(running.ask("POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert_eq!(running.line(), "POST / HTTP/1.1");
    running.ask("GET /\u{1b}[2J HTTP/1.1\r\n\r\n");
    assert_eq!(running.line(), "GET /?[2J HTTP/1.1");
}

#[test]
fn a_client_that_says_nothing_does_not_hold_up_the_others() {
    let running = Running::start("");
    let silent = running.connect();
    let started = Instant::now();
    assert!(running.ask("GET / HTTP/1.1\r\n\r\n").contains("<h1>Hello</h1>"));
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(silent);
    // More than it will ever read.
    let mut flood = running.connect();
    let _ = flood.write_all(&vec![b'x'; 1 << 20]);
    drop(flood);
    assert!(running.ask("GET / HTTP/1.1\r\n\r\n").contains("<h1>Hello</h1>"));
}

#[test]
fn it_ends_at_once_when_asked() {
    let mut running = Running::start("");
    let pid = rustix::process::Pid::from_child(&running.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let started = Instant::now();
    let status = running.child.wait().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(status.code(), Some(0));
}
