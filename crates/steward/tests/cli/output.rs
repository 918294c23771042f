//! Streams and forms of output.

use crate::server::{Home, Server, program, run};

/// Every list, on a server where nothing happened yet.
const LISTS: &[&[&str]] = &[
    &["catalog", "search", "nothingofthekind"],
    &["apps", "list"],
    &["ops", "list"],
    &["volumes", "list"],
    &["token", "list"],
    &["devices", "containers"],
];

#[test]
fn empty_lists_are_empty_arrays() {
    let server = Server::claimed();
    for list in LISTS {
        let ran = server.run(&[list, &["--json"][..]].concat()).good();
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("[]\n", ""), "{list:?}");
        let table = server.run(list).good();
        assert!(table.out.is_empty() && !table.err.is_empty(), "{list:?} {table:#?}");
        let quiet = server.run(&[list, &["-q"][..]].concat()).good();
        assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""), "{list:?}");
    }
}

#[test]
fn shapes_of_json() {
    let server = Server::claimed();
    let object = |arguments: &[&str], keys: &[&str]| {
        let value = server.run(&[arguments, &["--json"]].concat()).good().json();
        let value = if value.is_array() { value[0].clone() } else { value };
        for key in keys {
            assert!(value.get(key).is_some(), "{arguments:?}: no {key} in {value:#}");
        }
    };
    object(&["whoami"], &["user", "permissions", "via", "url", "name"]);
    object(&["status"], &["status", "url", "health", "devices", "deployments", "problems"]);
    object(&["devices", "list"], &["id", "name", "type", "address", "status", "facts", "engine", "problem", "observed_at", "deployments"]);
    object(&["devices", "show"], &["id", "name", "status"]);
    object(&["users", "list"], &["id", "name", "role", "created_at"]);
    object(&["sessions", "list"], &["id", "client", "address", "expires_at", "current"]);
    object(&["audit"], &["sequence", "at", "actor", "address", "action", "target", "phase", "operation_id", "detail", "hash"]);
    object(&["version"], &["name", "version"]);
    object(&["reconcilers"], &["name", "does", "running", "finished_at", "did", "failure", "failures", "next_at"]);
    object(&["reconcilers", "run", "sessions"], &["name", "did", "succeeded_at"]);
}

#[test]
fn status_says_what_is_wrong() {
    let server = Server::claimed();
    let ran = server.run(&["status"]).good();
    assert!(ran.out.contains("problem") && ran.out.contains("steward devices show"), "{ran:#?}");
    assert!(ran.out.contains("No apps yet."), "{ran:#?}");
    let json = server.run(&["status", "--json"]).good().json();
    assert_eq!((json["status"].as_str(), json["problems"].as_array().map(Vec::len)), (Some("problems"), Some(1)));
}

#[test]
fn no_escapes_in_pipes() {
    let server = Server::claimed();
    let commands: &[&[&str]] = &[
        &["status"],
        &["whoami"],
        &["devices", "list"],
        &["devices", "show"],
        &["catalog", "list"],
        &["users", "list"],
        &["audit"],
        &["sessions", "list"],
        &["apps", "show", "nothing"],
        &["--help"],
        &["deploy", "--help"],
        &["frobnicate"],
    ];
    for command in commands {
        let ran = server.run(command);
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{command:?} {ran:#?}");
    }
}

#[test]
fn colour_is_chosen() {
    let server = Server::claimed();
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = program(&server.config(), arguments);
        command.envs(variable);
        run(command, "").good().out.contains("\u{1b}[")
    };
    assert!(!coloured(&["status"], None));
    assert!(coloured(&["status", "--color", "always"], None));
    assert!(coloured(&["status"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!coloured(&["status", "--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!coloured(&["status", "--color", "auto"], Some(("NO_COLOR", "1"))));
    assert!(!coloured(&["status", "--json", "--color", "always"], None), "JSON has no colour");
}

#[test]
fn verbose_says_what_was_asked_and_hides_what_is_secret() {
    let server = Server::claimed();
    let ran = server.run(&["whoami", "-v"]).good();
    assert!(ran.err.starts_with(&format!("GET {}/api/v1/session 200 ", server.url)), "{ran:#?}");
    assert!(!ran.err.to_lowercase().contains("bearer"));
}

#[test]
fn help_opens_with_examples() {
    let home = Home::new();
    for command in [&["--help"][..], &["deploy", "--help"], &["apps", "set", "--help"], &["logs", "--help"], &["catalog", "lint", "--help"]]
    {
        let ran = home.run(command).good();
        assert!(ran.out.starts_with("Examples:\n  "), "{command:?} {}", ran.out);
    }
}

#[test]
fn what_needs_no_server() {
    let home = Home::new();
    assert_eq!(home.run(&["version"]).good().out, format!("steward {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(home.run(&["--version"]).good().out, format!("steward {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(home.run(&["completion", shell]).good().out.contains("rollback"), "{shell}");
    }
    let document = home.run(&["openapi"]).good().json();
    assert!(document["paths"]["/api/v1/session"].is_object(), "{document:#}");
    assert!(!home.config().exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = Server::claimed();
    let mut child = program(&server.config(), &["openapi"]).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
}
