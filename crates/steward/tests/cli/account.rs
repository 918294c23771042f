//! Setting up, signing in and out, accounts, tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::server::{Home, PASSWORD, Server, program, run};

#[test]
fn set_up_signs_in_and_keeps_it_for_the_owner_alone() {
    let server = Server::unclaimed();
    let ran = server.run_with(&["setup", "--url", &server.setup, "--user", "anna", "--password-stdin", "--json"], PASSWORD).good();
    assert_eq!((ran.json()["user"]["name"].as_str(), ran.json()["user"]["role"].as_str()), (Some("anna"), Some("owner")));
    assert!(!ran.out.contains("stw_") && ran.json().get("token").is_none(), "{ran:#?}");

    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(server.config()), 0o700);
    assert_eq!(mode(server.config().join("sign-in.json")), 0o600);

    let who = server.run(&["whoami", "--json"]).good().json();
    assert_eq!(
        (who["name"].as_str(), who["url"].as_str(), who["via"].as_str()),
        (Some("anna"), Some(server.url.as_str()), Some("session"))
    );
    assert!(who["permissions"].as_array().unwrap().iter().any(|p| p == "deployment.deploy"));

    // It works once.
    let again = server.run_with(&["setup", "--url", &server.setup, "--user", "eve", "--password-stdin", "--json"], PASSWORD).bad(3);
    assert_eq!(again.error()["code"], "not_found");
}

#[test]
fn a_wrong_code_and_a_weak_password_are_told_apart() {
    let server = Server::unclaimed();
    let url = server.url.as_str();
    let wrong =
        server.run_with(&["setup", "--url", url, "--code", "WRONG", "--user", "anna", "--password-stdin", "--json"], PASSWORD).bad(4);
    assert_eq!(wrong.error()["code"], "setup_code_wrong");
    let weak = server.run_with(&["setup", "--url", &server.setup, "--user", "anna", "--password-stdin", "--json"], "short").bad(2);
    assert_eq!((weak.error()["code"].as_str(), weak.error()["field"].as_str()), (Some("invalid_value"), Some("password")));
    let missing = server.run(&["setup", "--url", url, "--user", "anna", "--json"]).bad(2);
    assert!(missing.error()["message"].as_str().unwrap().contains("--code"), "{missing:#?}");
    let missing = server.run(&["setup", "--url", &server.setup, "--user", "anna", "--json"]).bad(2);
    assert!(missing.error()["hint"].as_str().unwrap().contains("--password-stdin"), "{missing:#?}");
    // A server without an owner is told as such.
    let status = server.run(&["status", "--url", url, "--json"]).bad(4);
    assert_eq!(status.error()["code"], "not_claimed");
}

#[test]
fn signing_in_and_out() {
    let server = Server::claimed();
    let home = Home::new();
    let login = |password: &str| {
        run(program(&home.config(), &["login", "--url", &server.url, "--user", "anna", "--password-stdin", "--json"]), password)
    };
    assert_eq!(login("wrong password").bad(4).error()["code"], "sign_in_failed");
    assert!(!home.config().exists(), "a failed sign-in keeps nothing");
    let good = login(&format!("{PASSWORD}\n")).good();
    assert_eq!(good.json()["user"]["name"], "anna");
    assert!(good.json().get("token").is_none());
    assert_eq!(home.run(&["whoami"]).good().out, format!("anna (owner) at {}\n", server.url));
    assert_eq!(home.run(&["sessions", "list", "--json"]).good().json().as_array().unwrap().len(), 2);

    home.run(&["logout"]).good();
    assert!(!fs::read_to_string(home.config().join("sign-in.json")).unwrap().contains("token\": \""));
    // The address is kept, the right is not.
    let gone = home.run(&["whoami", "--json"]).bad(4);
    assert_eq!(gone.error()["code"], "not_signed_in");
    assert!(gone.error()["hint"].as_str().unwrap().contains("steward login"));
    assert_eq!(home.run(&["logout"]).good().out, "Nobody was signed in.\n");
}

#[test]
fn a_token_works_from_the_environment_until_it_is_revoked() {
    let server = Server::claimed();
    let made = server.run(&["token", "create", "ci", "--role", "viewer", "--expires-in-days", "7", "--json"]).good().json();
    assert_eq!((made["token"]["name"].as_str(), made["token"]["role"].as_str()), (Some("ci"), Some("viewer")));
    let secret = made["secret"].as_str().unwrap().to_owned();
    let home = Home::new();
    let with_token = |arguments: &[&str]| {
        let mut command = program(&home.config(), arguments);
        command.env("STEWARD_URL", &server.url).env("STEWARD_TOKEN", &secret);
        run(command, "")
    };
    assert_eq!(with_token(&["whoami", "--json"]).good().json()["via"], "token");
    assert_eq!(with_token(&["deploy", "anything", "--json"]).bad(4).error()["code"], "not_allowed");
    assert_eq!(with_token(&["logout", "--json"]).bad(2).error()["code"], "usage");
    assert!(!home.config().exists(), "a token of the environment is not kept");

    let plain = server.run(&["token", "create", "second"]).good();
    assert!(plain.out.starts_with("stw_") && plain.out.lines().count() == 1, "{plain:#?}");
    assert_eq!(server.run(&["token", "list", "--json"]).good().json().as_array().unwrap().len(), 2);
    let wrong = server.run(&["token", "revoke", "cj", "--json"]).bad(3);
    assert_eq!(wrong.error()["hint"], "Did you mean `ci`?");
    server.run(&["token", "revoke", "ci"]).good();
    with_token(&["whoami"]).bad(4);
}

#[test]
fn accounts() {
    let server = Server::claimed();
    server.run_with(&["users", "add", "ben", "--role", "operator", "--password-stdin"], PASSWORD).good();
    let users = server.run(&["users", "list", "--json"]).good().json();
    let names: Vec<&str> = users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["anna", "ben"]);
    assert_eq!(server.run(&["users", "list", "-o", "name"]).good().out, "anna\nben\n");
    assert_eq!(server.run(&["users", "set-role", "ben", "viewer", "--json"]).good().json()["role"], "viewer");
    assert_eq!(server.run(&["users", "set-role", "ben", "king", "--json"]).bad(2).error()["code"], "invalid_value");
    assert_eq!(server.run(&["users", "set-role", "bem", "viewer", "--json"]).bad(3).error()["hint"], "Did you mean `ben`?");
    // Nobody is there to ask, so the flag is named.
    assert_eq!(server.run(&["users", "remove", "ben", "--json"]).bad(2).error()["hint"], "Add --yes");
    server.run(&["users", "remove", "ben", "--yes"]).good();
    // The last owner stays.
    assert_ne!(server.run(&["users", "remove", "anna", "--yes", "--json"]).code, 0);
    server.run_with(&["users", "set-password", "anna", "--password-stdin"], "quite another dog").good();
}

#[test]
fn a_password_is_changed() {
    let server = Server::claimed();
    let changed = server.run_with(&["password", "--password-stdin"], &format!("{PASSWORD}\nquite another dog\n")).good();
    assert!(changed.out.contains("changed"));
    let home = Home::new();
    let login =
        |password: &str| run(program(&home.config(), &["login", "--url", &server.url, "--user", "anna", "--password-stdin"]), password);
    login(PASSWORD).bad(4);
    login("quite another dog").good();
    server.run_with(&["password", "--password-stdin", "--json"], "only one\n").bad(2);
}

/// C8: grants are given, shown and taken back; what cannot be granted is told apart.
#[test]
fn grants_of_an_account() {
    let server = Server::claimed();
    server.run_with(&["users", "add", "kim", "--role", "guest", "--password-stdin"], PASSWORD).good();
    let device = server.run(&["devices", "list", "--json"]).good().json()[0]["name"].as_str().unwrap().to_owned();
    assert_eq!(server.run(&["users", "grants", "kim"]).good().err, "Nothing is granted to kim beyond the role guest.\n");
    let given = server.run(&["users", "grant", "kim", "viewer", "--device", &device, "--json"]).good().json();
    assert_eq!((given["role"].as_str(), given["name"].as_str()), (Some("viewer"), Some(device.as_str())));
    server.run(&["users", "grant", "kim", "operator", "--device", &device]).good();
    let all = server.run(&["users", "grants", "kim", "--json"]).good().json();
    assert_eq!((all.as_array().unwrap().len(), all[0]["role"].as_str()), (1, Some("operator")));

    assert_eq!(server.run(&["users", "grant", "kim", "owner", "--device", &device, "--json"]).bad(2).error()["field"], "role");
    assert_eq!(server.run(&["users", "grant", "kim", "viewer", "--app", "nothing", "--json"]).bad(3).error()["code"], "not_found");
    assert!(server.run(&["users", "grant", "kim", "viewer"]).bad(2).err.contains("--app"));
    server.run(&["users", "revoke", "kim", "--app", "nothing", "--json"]).bad(2);

    let token = server.run(&["token", "create", "narrow", "--device", &device, "--json"]).good().json();
    assert!(token["token"]["scopes"][0]["device_id"].is_string(), "{token}");
    server.run(&["users", "revoke", "kim", "--device", &device]).good();
    assert_eq!(server.run(&["users", "grants", "kim", "--json"]).good().json(), serde_json::json!([]));
}
