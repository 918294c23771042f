#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::*;
use crate::definition::{ProbeSpec, Template, TemplatePart};

fn read(text: &str) -> Result<Definition, Vec<DefinitionProblem>> {
    parse(text, &Slug::parse("app").unwrap())
}

fn good(text: &str) -> Definition {
    read(text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn bad(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => panic!("this was taken:\n{text}"),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let found = bad(text);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(expected), "expected `{expected}` in `{}`", found[0]);
}

/// A service with some lines; the first of them is line 4, behind four spaces.
fn service(lines: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    format!("services:\n  app:\n    image: nginx:1.28\n    {lines}\nvolumes:\n  data:\n  my_data: {{}}\n")
}

#[test]
fn a_whole_file() {
    let definition = good(
        r#"
name: photos
version: "3.8"
x-steward:
  title: Photos
  description: Keeps photos.
  category: photos
  website: https://example.org
  post_install: |
    Open it.
    Sign in.
  resources: { cpu: 500, memory: 1024, storage: 2048 }
x-common: &common
  restart: always
  user: 1000:1000
services:
  server:
    <<: *common
    image: ghcr.io/example/server:${VERSION:-v1.2}
    command: serve --port 80 "two words"
    ports:
      - "2283:80"
      - 9090
      - "53:53/udp"
      - target: 443
        published: "8443"
        app_protocol: https
    environment:
      TITLE: ${TITLE:-Home}
      DB_PASSWORD: ${DB_PASSWORD:-postgres}
      API_TOKEN: ${API_TOKEN}
      NUMBER: 1.0
      FLAG: true
      PRICE: 5$$
      URL: http://${HOST:?say the host}/${TITLE}
    volumes:
      - my_library:/data
      - type: volume
        source: cache
        target: /cache
        read_only: true
    depends_on:
      database:
        condition: service_healthy
    deploy:
      resources:
        limits:
          memory: 1.5g
    labels:
      - anything=goes
  database:
    image: postgres:17
    environment:
      - POSTGRES_PASSWORD=${DB_PASSWORD:-postgres}
      - POSTGRES_DB=photos
    volumes: ["db_data:/var/lib/postgresql/data"]
    mem_limit: 512m
    healthcheck:
      test: ["CMD", "pg_isready", "-U", "postgres"]
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 2m
volumes:
  my_library:
  cache: { driver: local }
  db_data: {}
"#,
    );
    insta::assert_json_snapshot!(definition);
}

#[test]
fn what_would_reach_the_device_is_refused_key_by_key() {
    for (lines, why) in [
        ("privileged: true", "root on the device"),
        ("devices: [/dev/sda]", "hardware of the device"),
        ("gpus: all", "hardware of the device"),
        ("cap_add: [SYS_ADMIN]", "rights over the device"),
        ("security_opt: [apparmor=unconfined]", "keeps the container from the device"),
        ("network_mode: host", "network of the device"),
        ("pid: host", "what belongs to the device"),
        ("ipc: host", "what belongs to the device"),
        ("uts: host", "what belongs to the device"),
        ("userns_mode: host", "what belongs to the device"),
        ("cgroup_parent: x", "what belongs to the device"),
        ("sysctls: {a: 1}", "how the device treats"),
        ("volumes_from: [other]", "whatever another container has"),
        ("env_file: .env", "read a file of the device"),
        ("extends: {file: x, service: y}", "another file"),
        ("build: .", "builds none"),
        ("configs: [x]", "files of the device"),
        ("secrets: [x]", "files of the device"),
        ("container_name: x", "names containers itself"),
        ("networks: [x]", "network of its own"),
        ("use_api_socket: true", "root on the device"),
        ("volumes: [/etc:/etc]", "a folder of the device is not allowed"),
        ("volumes: ['./x:/x']", "a folder of the device is not allowed"),
        ("volumes: ['../x:/x']", "a folder of the device is not allowed"),
        ("volumes: ['~/x:/x']", "a folder of the device is not allowed"),
        ("volumes: ['x/y:/x']", "a folder of the device is not allowed"),
        ("volumes: ['${HOME:-/root}:/x']", "a folder of the device is not allowed"),
        ("volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']", "the engine's socket"),
        ("volumes: [/data]", "would be lost"),
        ("volumes: ['data:/x:rshared']", "the option `rshared` is not taken"),
        ("volumes: ['dta:/x']", "there is no volume `dta` under `volumes` at the top; did you mean `data`?"),
        ("tmpfs: /x", "`tmpfs` is not taken here"),
        ("privilegd: true", "`privilegd` is not taken here"),
        ("ports: ['127.0.0.1:80:80']", "an address in front of the port"),
        ("ports: ['8000-8010:80']", "a range of ports"),
        ("ports: ['80:0']", "a port is a number"),
        ("ports: [{target: 80, host_ip: 127.0.0.1}]", "`host_ip` is not taken"),
        ("command: a | b", "no"),
        ("command: a $(b)", "a `$` begins a reference"),
        ("deploy: {replicas: 3}", "from 1 to 1"),
        ("deploy: {resources: {reservations: {devices: [{driver: nvidia}]}}}", "hardware of the device"),
        ("deploy: {resources: {limits: {cpus: '1'}}}", "only `memory` is"),
        ("environment: [HOME]", "it would come from the device"),
        ("environment: {HOME: }", "it would come from the device"),
        ("user: -x", "a user is"),
        ("healthcheck: {test: [x]}", "a test is"),
        ("mem_limit: lots", "a size is"),
    ] {
        refused(&service(lines), why);
    }
}

#[test]
fn mounts_of_two_faults_report_both() {
    for (source, why) in [("/etc", "a folder of the device is not allowed"), ("/var/run/docker.sock", "the engine's socket is not allowed")]
    {
        let found = bad(&service(&format!("volumes: [{{type: bind, source: {source}, target: /x}}]")));
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found.iter().all(|problem| problem.contains(why)), "{found:#?}");
    }
}

#[test]
fn what_would_reach_outside_at_the_top_is_refused() {
    let with = |lines: &str| format!("services: {{a: {{image: b}}}}\n{lines}\n");
    for (lines, why) in [
        ("include: [x.yaml]", "2:1: `include` is not allowed: it would read another file"),
        ("networks: {a: }", "a network of its own"),
        ("configs: {a: {file: /etc/shadow}}", "files of the device"),
        ("secrets: {a: {file: /etc/shadow}}", "files of the device"),
        ("volumes: {a: {driver_opts: {type: none, o: bind, device: /etc}}}", "disguised as a volume"),
        ("volumes: {a: {external: true}}", "data of another deployment"),
        ("volumes: {a: {name: other}}", "data of another deployment"),
        ("volumes: {a: {driver: nfs}}", "the driver is `local`"),
        ("volumes: {a_b: , a-b: }", "another volume is called `a-b` already"),
        ("service: {}", "`service` is not taken here; did you mean `services`?"),
        ("x-steward: {titel: x}", "there is no `titel` here; did you mean `title`?"),
        ("x-steward: {website: 'javascript:alert(1)'}", "a website begins with"),
    ] {
        refused(&with(lines), why);
    }
    refused("name: x\n", "there are no `services`");
    refused("services: {}\n", "there is no container");
    refused("services: [a]\n", "1:11: this should be a mapping");
    refused("services: {my_app: {image: a}}\n", "the service is lower-case letters");
    refused("services: {a: {}}\n", "has no `image`");
}

#[test]
fn references_become_settings() {
    let definition = good(&service(
        "environment:\n  A: ${TITLE:-Home}\n  B: x-$TITLE-y\n  C: ${NEEDED}\n  D: ${SMTP_PASSWORD-}\n  E: ${DB_PASS:-changeme}\n  F: $$HOME",
    ));
    let settings: Vec<_> =
        definition.settings.iter().map(|s| (s.key.as_str(), s.default.clone(), s.required, s.secret, s.generate)).collect();
    assert_eq!(
        settings,
        [
            ("title", Some(json!("Home")), false, false, None),
            ("needed", None, true, false, None),
            ("smtp_password", None, false, true, None),
            ("db_pass", None, false, true, Some(32)),
        ]
    );
    let env = &definition.containers[0].env;
    let get = |key: &str| env.iter().find(|(name, _)| name.as_str() == key).map(|(_, template)| template.clone()).unwrap();
    let title = TemplatePart::Setting(crate::name::SettingKey::parse("title").unwrap());
    assert_eq!(get("A").parts, std::slice::from_ref(&title));
    assert_eq!(get("B").parts, [TemplatePart::Text("x-".to_owned()), title, TemplatePart::Text("-y".to_owned())]);
    assert_eq!(get("F"), Template::text("$HOME"));
}

#[test]
fn references_that_cannot_be_settings_are_refused() {
    for (lines, why) in [
        ("environment: {A: '${X:+y}'}", "a reference is"),
        ("environment: {A: '${X:-${Y}}'}", "a reference within a reference"),
        ("environment: {A: '${X'}", "has no `}`"),
        ("environment: {A: '${}'}", "a reference is"),
        ("environment: {A: 'a $ b'}", "a `$` begins a reference"),
        ("environment: {A: '${_X}'}", "the setting is lower-case"),
        ("environment: {A: '${X:-a}', B: '${X:-b}'}", "`X` has another default on line 4"),
        ("user: '${UID}'", "`UID` has no value here: only the values of `environment` can be settings"),
    ] {
        refused(&service(lines), why);
    }
}

#[test]
fn other_places_take_the_default() {
    let definition =
        good("services:\n  a:\n    image: b:${TAG:-v1}\n    ports: ['${PORT:-8080}:80']\n    command: [x, '$$5', '${A:-b}']\n");
    assert_eq!(definition.containers[0].image.as_str(), "b:v1");
    assert_eq!(definition.containers[0].ports[0].external, Some(8080));
    assert_eq!(definition.containers[0].command, ["x", "$5", "b"]);
    assert!(definition.settings.is_empty());
}

#[test]
fn health_checks() {
    let check = |lines: &str| good(&service(lines)).containers[0].health_check.clone();
    let shell = check("healthcheck: {test: 'curl -f http://localhost || exit 1', interval: 1m, timeout: 10s, retries: 5}").unwrap();
    let command = ["/bin/sh", "-c", "curl -f http://localhost || exit 1"].map(str::to_owned).to_vec();
    assert_eq!(shell.probe, ProbeSpec::Command { command });
    assert_eq!((shell.interval, shell.timeout, shell.within), (60, 10, 300));
    assert_eq!(check("healthcheck: {test: [CMD-SHELL, x]}").unwrap().within, 120);
    assert_eq!(check("healthcheck: {test: [NONE]}"), None);
    assert_eq!(check("healthcheck: {disable: true}"), None);
}

#[test]
fn places_are_those_of_the_text() {
    let found = bad(
        "services:\n  app:\n    image: nginx\n    privileged: true\n    ports:\n      - 80:80\n      - x\n    volumes:\n      - /a:/b\n",
    );
    let places: Vec<&str> = found.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["4:5", "7:9", "9:9"], "{found:#?}");
}

#[test]
fn yaml_that_cannot_be_read() {
    for (text, place) in [
        ("services: [", "1:"),
        ("a: 1\na: 2\n", "2:1"),
        ("services: !!python/object:os.system x\n", "1:"),
        ("services: *x\n", "1:11"),
        ("a: 1\n---\nb: 2\n", ""),
        ("\t- x", "1:"),
        ("", "1:1"),
        ("\u{0}", ""),
    ] {
        let found = bad(text);
        assert_eq!(found.len(), if text.is_empty() { found.len() } else { 1 }, "{found:#?}");
        assert!(found[0].starts_with(place), "{text:?}: {found:#?}");
        assert!(!found[0].contains(" at line "), "{found:#?}");
    }
    let found = bad(&"#".repeat(257 * 1024));
    assert!(found[0].contains("larger than 256 KiB"));
}

#[test]
fn bombs_are_refused_in_no_time() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let before = n - 1;
        laughs.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{before}"); 9].join(", ")));
    }
    let aliases = format!("a: &a x\nb: [{}]\n", vec!["*a"; 10_000].join(", "));
    let anchors: String = (0..5000).map(|n| format!("a{n}: &a{n} x\n")).collect();
    let deep_block: String = (0..400).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let merges: String = std::iter::once("a: &a {x: 1}\n".to_owned()).chain((0..2000).map(|n| format!("b{n}: {{<<: *a}}\n"))).collect();
    for text in [
        laughs,
        aliases,
        anchors,
        deep_block,
        merges,
        "[".repeat(100_000),
        "{a: ".repeat(50_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "&a ".repeat(50_000),
        "!a ".repeat(50_000),
        format!("a: {}", "\"\\u0041".repeat(30_000)),
    ] {
        let started = std::time::Instant::now();
        assert!(!bad(&text).is_empty());
        assert!(started.elapsed().as_secs() < 10, "{} took {:?}", text.get(..40).unwrap(), started.elapsed());
    }
}
