//! The life of an app from the command line, on a real engine.

use std::net::TcpListener;

use serde_json::Value;

use crate::server::{Ran, Server, wait_for};

const IMAGE: &str = "steward/web:1";

fn entry(image: &str, port: u16) -> String {
    format!(
        r#"
service "web" {{
  name        = "Web"
  description = "Serves one page."
  category    = "web"

  resources {{
    memory  = 16
    storage = 16
  }}

  container "web" {{
    image = "{image}"
    ports = [
      {{ internal = 80, external = {port} }},
    ]
    env {{
      TITLE = "${{setting.title}}"
    }}
    volume {{
      name = "data"
      path = "/data"
    }}
    health_check {{
      type   = "http"
      port   = 80
      path   = "/"
      within = 30
    }}
  }}

  setting "title" {{
    default = "Hello"
  }}
}}
"#
    )
}

/// A server on the lab's engine; none when there is no lab. What it deploys, it removes.
struct Lab {
    server: Server,
    name: String,
    port: u16,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let name = self.name.as_str();
        self.server.run(&["apps", "remove", name, "--delete-data", "--confirm", name]);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

impl Lab {
    fn open(name: &str) -> Option<Self> {
        let Ok(engine) = std::env::var("STEWARD_TEST_DOCKER_HOST") else {
            println!("skipped: needs a Docker engine (make lab-up)");
            return None;
        };
        let config = std::env::var("STEWARD_TEST_DOCKER_CONFIG").ok().map(|config| ("DOCKER_CONFIG", config));
        let server = Server::with_engine(&engine, &config.into_iter().collect::<Vec<_>>()).claim();
        wait_for("the engine", || server.run(&["status", "--json"]).json()["health"]["engine"] == "ok");
        // Two runs at once must not meet.
        let lab = Self { server, name: format!("{name}-{}", std::process::id()), port: free_port() };
        lab.server.entry("web", &entry(IMAGE, lab.port));
        Some(lab)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.server.run(arguments)
    }

    fn deploy(&self, more: &[&str]) -> Ran {
        self.run(&[&["deploy", "web", "--name", &self.name][..], more].concat())
    }

    fn show(&self) -> Value {
        self.run(&["apps", "show", &self.name, "--json"]).good().json()
    }

    fn state_becomes(&self, state: &str) {
        wait_for(state, || self.show()["state"] == state);
    }
}

#[test]
fn the_life_of_an_app() {
    let Some(lab) = Lab::open("life") else { return };
    let name = lab.name.as_str();

    let plan = lab.deploy(&["--plan", "--json"]).good().json();
    assert!(plan["changed"] == true && !plan["commands"].as_array().unwrap().is_empty() && !plan["files"].as_array().unwrap().is_empty());
    assert_eq!(lab.run(&["apps", "list", "--json"]).good().out, "[]\n", "a plan changes nothing");

    let deployed = lab.deploy(&["--json"]).good();
    assert_eq!(deployed.json()["state"], "succeeded");
    assert!(deployed.err.lines().any(|line| line.contains(&format!("{name} validating"))), "{deployed:#?}");
    lab.state_becomes("running");
    let link = lab.run(&["apps", "open", name, "-o", "name"]).good().out;
    assert_eq!(link, format!("http://127.0.0.1:{}\n", lab.port));
    assert!(reads(lab.port), "the app answers");

    // The same again changes nothing, and says so.
    let again = lab.deploy(&["--json"]).good().json();
    assert_eq!((again["changed"].as_bool(), again["state"].as_str()), (Some(false), Some("succeeded")));
    assert_eq!(lab.deploy(&[]).good().out, format!("{name} is so already; nothing was changed.\n"));
    // The name with other settings is taken.
    assert_eq!(lab.deploy(&["--set", "title=Other", "--json"]).bad(8).error()["code"], "name_taken");

    let log = lab.run(&["logs", name]).good().out;
    assert!(log.contains("serving on port 80"), "{log}");
    assert_eq!(lab.run(&["logs", name, "--grep", "SERVING", "--json"]).good().out.lines().count(), 1);

    lab.run(&["apps", "stop", name]).good();
    lab.state_becomes("stopped");
    assert_eq!(lab.run(&["apps", "stop", name, "--json"]).good().json()["changed"], false);
    lab.run(&["apps", "start", name]).good();
    lab.state_becomes("running");
    lab.run(&["apps", "restart", name]).good();

    let other = free_port();
    lab.run(&["apps", "set", name, "--set", "title=Other", "--port", &format!("80={other}")]).good();
    lab.state_becomes("running");
    assert!(reads(other) && !reads(lab.port));
    let config = lab.run(&["apps", "config", name, "--json"]).good().json();
    assert_eq!((config["settings"]["title"].as_str(), config["ports"]["80/tcp"].as_u64()), (Some("Other"), Some(u64::from(other))));
    assert_eq!(lab.run(&["apps", "set", name, "titel=x", "--json"]).bad(2).error()["code"], "unknown_field");

    let history = lab.run(&["apps", "history", name, "--json"]).good().json();
    let numbers: Vec<u64> = history.as_array().unwrap().iter().map(|revision| revision["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), 2, "{history:#}");
    assert!(lab.run(&["apps", "history", name]).good().out.contains("Other"));
    lab.run(&["apps", "rollback", name, &numbers[1].to_string()]).good();
    lab.state_becomes("running");
    assert!(reads(lab.port) && !reads(other));
    assert!(lab.run(&["apps", "files", name]).good().out.contains("services:"));

    // What was done can be looked at: every command with its exit code.
    let operations = lab.run(&["ops", "list", "--app", name, "--json"]).good().json();
    let id = operations.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    let shown = lab.run(&["ops", "show", &id]).good().out;
    assert!(shown.contains("exit 0") && shown.contains("compose"), "{shown}");

    lab.run(&["apps", "remove", name]).good();
    assert_eq!(lab.run(&["apps", "show", name, "--json"]).bad(3).error()["code"], "not_found");
    let volumes = lab.run(&["volumes", "list", "--json"]).good().json();
    let kept = volumes.as_array().unwrap().iter().find(|volume| volume["deployment"] == name).expect("the data stays");
    let volume = kept["name"].as_str().unwrap();
    assert_eq!(lab.run(&["volumes", "delete", volume, "--json"]).bad(2).error()["code"], "confirmation_required");
    assert_eq!(lab.run(&["volumes", "delete", volume, "--confirm", "x", "--json"]).bad(2).error()["code"], "confirmation_required");
    lab.run(&["volumes", "delete", volume, "--confirm", volume]).good();
    wait_for("the volume's end", || lab.run(&["volumes", "list", "--json"]).good().out == "[]\n");
}

#[test]
fn data_goes_only_when_its_name_is_typed() {
    let Some(lab) = Lab::open("data") else { return };
    let name = lab.name.as_str();
    lab.deploy(&[]).good();
    let refused = lab.run(&["apps", "remove", name, "--delete-data", "--json"]).bad(2);
    assert_eq!(refused.error()["hint"], format!("Add --confirm {name}"));
    lab.run(&["apps", "remove", name, "--delete-data", "--confirm", "other"]).bad(2);
    assert_eq!(lab.show()["state"], "running", "nothing was done");
    let removed = lab.run(&["apps", "remove", name, "--delete-data", "--confirm", name, "--json"]).good().json();
    assert_eq!((removed["state"].as_str(), removed["volumes_deleted"].as_array().map(Vec::len)), (Some("succeeded"), Some(1)));
}

#[test]
fn a_taken_port_is_refused_with_a_free_one() {
    let Some(lab) = Lab::open("port") else { return };
    let _taken = TcpListener::bind(("0.0.0.0", lab.port)).unwrap();
    let refused = lab.deploy(&["--json"]).bad(5);
    assert_eq!((refused.error()["code"].as_str(), refused.error()["field"].as_str()), (Some("preflight_failed"), Some("ports.80/tcp")));
    let hint = refused.error()["hint"].as_str().unwrap().to_owned();
    let fixed = hint.rsplit_once("--port ").unwrap_or_else(|| panic!("{hint}")).1.to_owned();
    lab.deploy(&["--port", &fixed]).good();
    lab.state_becomes("running");
}

#[test]
fn a_deployment_that_does_not_become_healthy_is_undone() {
    let Some(lab) = Lab::open("sick") else { return };
    lab.server.entry("sick", &entry("steward/web:exits", lab.port));
    let failed = lab.run(&["deploy", "sick", "--name", &lab.name, "--json"]).bad(6);
    assert_eq!(
        (failed.json()["state"].as_str(), failed.error()["operation"].as_str()),
        (Some("rolled_back"), failed.json()["id"].as_str())
    );
    assert_eq!(lab.run(&["apps", "list", "--json"]).good().out, "[]\n");
    let human = lab.run(&["deploy", "sick", "--name", &lab.name]).bad(6);
    assert!(human.err.contains("undone, last first:") && human.err.contains("nothing changed"), "{human:#?}");
}

/// Whether something answers HTTP on a port of this machine.
fn reads(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(5)));
    let mut answer = String::new();
    let asked = stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").and_then(|()| stream.read_to_string(&mut answer));
    asked.is_ok() && answer.starts_with("HTTP/1.")
}
