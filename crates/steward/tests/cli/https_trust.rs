//! Whom the command line believes over HTTPS.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Home, PASSWORD, Server, program, run};
use crate::tls::{Files, address, authority};

fn serving(options: &[&str]) -> Server {
    Server::serving(tempfile::tempdir().unwrap(), options)
}

fn fingerprint(server: &Server) -> String {
    steward::tls::fingerprint(&authority(server))
}

/// C10: nothing is said to a server that nobody vouches for; its fingerprint is shown, and one that is
/// given decides.
#[test]
fn a_fingerprint_decides() {
    let server = serving(&["--https"]).claim();
    let home = Home::new();
    let login = |more: &[&str]| {
        let words = ["login", "--url", &server.url, "--user", "anna", "--password-stdin", "--json"];
        run(program(&home.config(), &[&words[..], more].concat()), PASSWORD)
    };
    let refused = login(&[]).bad(4);
    assert_eq!(refused.error()["code"], "certificate_not_trusted");
    assert!(refused.error()["message"].as_str().unwrap().contains(&fingerprint(&server)), "{refused:#?}");
    assert!(refused.error()["hint"].as_str().unwrap().contains("--fingerprint"));
    let other = "00".repeat(32);
    assert_eq!(login(&["--fingerprint", &other]).bad(4).error()["code"], "fingerprint_differs");
    assert_eq!(login(&["--fingerprint", "xyz"]).bad(2).error()["code"], "invalid_value");
    assert!(!home.config().exists(), "nothing is kept of a server that is not believed");
    login(&["--fingerprint", &fingerprint(&server).to_lowercase()]).good();
    assert_eq!(home.run(&["whoami", "--json"]).good().json()["url"], server.url.as_str());
    // Signed out, the server is still known.
    home.run(&["logout"]).good();
    login(&[]).good();
    // It is of no use for plain HTTP.
    let plain = format!("http://{}", address(&server));
    let ran = run(program(&home.config(), &["login", "--url", &plain, "--fingerprint", &other, "--json"]), "").bad(2);
    assert_eq!(ran.error()["field"], "fingerprint");
    let ran = home.run(&["status", "--url", &plain, "--json"]).bad(2);
    assert_eq!(
        (ran.error()["code"].as_str(), ran.error()["hint"].as_str()),
        (Some("https_required"), Some(format!("Ask {}", server.url).as_str()))
    );
}

/// Another server in its place is not believed, whatever it has: not even one that asks for the sign-in.
#[test]
fn another_server_in_its_place_is_refused() {
    let server = serving(&["--https"]).claim();
    let (config, url) = (tempfile::tempdir().unwrap(), server.url.clone());
    let kept = config.path().join("sign-in.json");
    fs::copy(server.config().join("sign-in.json"), &kept).unwrap();
    let data = server.end();
    fs::remove_dir_all(data.path().join("data/tls")).unwrap();
    let other = Server::start_with(data, url.split_once("://").unwrap().1, &["--https"]);
    assert_eq!(other.url, url);
    let whoami = |url: &str| run(program(config.path(), &["whoami", "--url", url, "--json"]), "");
    assert_eq!(whoami(&url).bad(4).error()["code"], "certificate_not_trusted");
    let before = fs::read(&kept).unwrap();
    let login = run(program(config.path(), &["login", "--url", &url, "--user", "anna", "--password-stdin", "--json"]), PASSWORD).bad(4);
    assert_eq!(login.error()["code"], "certificate_not_trusted");
    assert_eq!(fs::read(&kept).unwrap(), before);
    // The sessions are those of before: it is the certificate alone that is another one.
    fs::write(&kept, String::from_utf8(before).unwrap().replace("\"authority\"", "\"nobody\"")).unwrap();
    assert_eq!(whoami(&url).bad(4).error()["code"], "certificate_not_trusted");
}

/// A file of authorities counts for commands without a sign-in too; a name that is not in the certificate does not.
#[test]
fn a_file_of_authorities_is_enough() {
    let server = serving(&["--https"]).claim();
    let secret = server.run(&["token", "create", "ci"]).good().out.trim().to_owned();
    let file = server.data().join("tls/ca.crt");
    let home = Home::new();
    let whoami = |url: &str, with: &dyn Fn(&mut Command)| {
        let mut command = program(&home.config(), &["whoami", "--json"]);
        command.env("STEWARD_URL", url).env("STEWARD_TOKEN", &secret);
        with(&mut command);
        run(command, "")
    };
    assert_eq!(whoami(&server.url, &|_| {}).bad(4).error()["code"], "certificate_not_trusted");
    assert_eq!(
        whoami(&server.url, &|command| {
            command.arg("--ca").arg(&file);
        })
        .good()
        .json()["name"],
        "anna"
    );
    assert_eq!(
        whoami(&server.url, &|command| {
            command.env("STEWARD_CA", &file);
        })
        .good()
        .json()["name"],
        "anna"
    );
    // Any name under localhost leads here, and is not in the certificate.
    let port = server.url.rsplit(':').next().unwrap();
    let elsewhere = whoami(&format!("https://127.0.0.2:{port}"), &|command| {
        command.arg("--ca").arg(&file);
    });
    // Nobody listens there, or it is said that the certificate is for other names; never an answer.
    assert!([4, 9].contains(&elsewhere.code), "{elsewhere:#?}");
    for (bad, text) in [("/nonexistent", ""), ("empty", "nothing")] {
        let path = home.config().with_file_name(bad);
        if !text.is_empty() {
            fs::write(&path, text).unwrap();
        }
        let path = if text.is_empty() { bad.into() } else { path };
        assert_eq!(
            whoami(&server.url, &|command| {
                command.arg("--ca").arg(&path);
            })
            .bad(2)
            .error()["field"],
            "ca"
        );
    }
}

/// R24: a server that is asked by a name that its certificate is not for is not believed, whoever vouches for it.
#[test]
fn the_name_has_to_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    files.write(100);
    let server = serving(&files.options());
    let port = server.url.rsplit(':').next().unwrap();
    let ask = |host: &str| {
        let url = format!("https://{host}:{port}");
        let mut command = program(&folder.path().join("config"), &["status", "--json", "--url", &url, "--ca"]);
        command.arg(&files.certificate);
        run(command, "")
    };
    assert_eq!(ask("127.0.0.1").bad(4).error()["code"], "not_claimed", "the certificate is for this address");
    let wrong = ask("localhost").bad(4);
    assert_eq!(wrong.error()["code"], "certificate_not_trusted");
    assert!(wrong.error()["message"].as_str().unwrap().contains("for other names: 127.0.0.1, own.test"), "{wrong:#?}");
}

/// HTTPS asked of a server that speaks HTTP says so.
#[test]
fn a_server_without_https_says_so() {
    let server = Server::unclaimed();
    let ran = Home::new().run(&["status", "--url", &format!("https://{}", address(&server)), "--json"]).bad(9);
    assert!(ran.error()["message"].as_str().unwrap().ends_with("does not speak HTTPS"), "{ran:#?}");
}

/// A person is shown the fingerprint and asked; who says no has said nothing to the server.
#[test]
fn a_person_is_asked() {
    let server = serving(&["--https"]).claim();
    let home = Home::new();
    let dialogue = |answers: &[(&str, &str)]| {
        let program = env!("CARGO_BIN_EXE_steward");
        let line = format!("{program} login --url {} --user anna", server.url);
        let mut child = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env("STEWARD_CONFIG_DIR", home.config())
            .env_remove("STEWARD_CA")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script` of util-linux");
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut said, mut part, started) = (String::new(), [0; 1024], Instant::now());
        for (question, answer) in answers {
            while !said.contains(question) {
                assert!(started.elapsed() < Duration::from_secs(20), "{question}: {said}");
                let read = output.read(&mut part).unwrap();
                assert!(read > 0, "{question}: {said}");
                said.push_str(&String::from_utf8_lossy(&part[..read]));
            }
            input.write_all(answer.as_bytes()).unwrap();
            input.flush().unwrap();
        }
        output.read_to_string(&mut said).ok();
        (child.wait().unwrap().code().unwrap(), said)
    };
    let (code, said) = dialogue(&[("[y/N]", "n\n")]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains(&fingerprint(&server)) && !said.contains("Password"), "{said}");
    assert!(!home.config().exists());
    let (code, said) = dialogue(&[("[y/N]", "y\n"), ("Password:", &format!("{PASSWORD}\n"))]);
    assert_eq!(code, 0, "{said}");
    // The next time it is known.
    let (code, said) = dialogue(&[("Password:", &format!("{PASSWORD}\n"))]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("[y/N]"));
}
