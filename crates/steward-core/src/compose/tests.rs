#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::definition::hcl;
use crate::name::EnvKey;
use crate::refusal::Code;

const PHOTOS: &str = r#"
service "photos" {
  name = "Photos"
  container "server" {
    image        = "ghcr.io/example/server:v1"
    command      = ["serve", "--price=5$"]
    user         = "1000:1000"
    memory_limit = 512
    depends_on   = ["database", "cache"]
    ports = [
      { internal = 80, external = 2283 },
      { internal = 53, external = 53, protocol = "udp" },
      { internal = 9000 },
    ]
    env {
      URL      = "postgres://photos:${setting.password}@database/${deployment.name}"
      TITLE    = "${setting.title}"
      WORKERS  = "${setting.workers}"
      OPTIONAL = "${setting.optional}"
      PREFIX   = "a${setting.optional}b"
      MONEY    = "$5 $${x}"
    }
    volume {
      name = "library"
      path = "/data"
    }
    volume {
      name      = "shared"
      path      = "/shared"
      read_only = true
    }
    health_check {
      type = "http"
      port = 80
    }
  }
  container "database" {
    image = "postgres:17"
    volume {
      name = "shared"
      path = "/shared"
    }
    health_check {
      type     = "command"
      command  = ["sh", "-c", "pg_isready -U $USER"]
      interval = 5
      within   = 60
    }
  }
  container "cache" {
    image = "redis:7.4"
  }
  setting "password" {
    secret   = true
    generate = 24
  }
  setting "title" {
    default = "Home"
  }
  setting "workers" {
    type    = "integer"
    default = 4
  }
  setting "optional" {
  }
}
"#;

/// Renders a definition for the deployment `album`.
fn rendered(definition: &Definition, settings: &Settings, secrets: &[&str], ports: &[(&str, u16)]) -> String {
    let secret_keys = secrets.iter().map(|key| SettingKey::parse(key).unwrap()).collect();
    let ports = ports.iter().map(|(key, port)| ((*key).to_owned(), *port)).collect();
    render(&ComposeInput {
        name: &DeploymentName::parse("album").unwrap(),
        application: &Slug::parse("photos").unwrap(),
        definition,
        settings,
        secret_keys: &secret_keys,
        ports: &ports,
    })
}

fn settings(pairs: &[(&str, Value)]) -> Settings {
    pairs.iter().map(|(key, value)| (SettingKey::parse(key).unwrap(), value.clone())).collect()
}

fn read(yaml: &str) -> Value {
    serde_saphyr::from_str_with_options(yaml, serde_saphyr::options! { strict_booleans: true }).unwrap()
}

/// What Compose makes of text without references.
fn as_compose_reads(text: &str) -> String {
    text.replace("$$", "$")
}

#[test]
fn a_whole_file() {
    let values = settings(&[("title", json!("Cost: 5$")), ("workers", json!(4))]);
    let text = rendered(&hcl::parse(PHOTOS).unwrap(), &values, &["password"], &[("80/tcp", 8081)]);
    insta::assert_snapshot!(text);
}

#[test]
fn the_same_input_gives_the_same_text() {
    let definition = hcl::parse(PHOTOS).unwrap();
    let values = settings(&[("title", json!("x"))]);
    assert_eq!(rendered(&definition, &values, &[], &[]), rendered(&definition, &values, &[], &[]));
}

#[test]
fn volumes_are_named_as_the_deployment_names_them() {
    let definition = hcl::parse(PHOTOS).unwrap();
    let file = read(&rendered(&definition, &Settings::new(), &[], &[]));
    let name = DeploymentName::parse("album").unwrap();
    for key in definition.volumes() {
        assert_eq!(file["volumes"][key.as_str()]["name"], json!(name.volume(&key).unwrap().as_str()));
    }
    assert_eq!(file["networks"]["default"]["name"], "steward-album_default");
}

#[test]
fn secrets_are_referred_to_and_never_written() {
    let values = settings(&[("password", json!("must not appear"))]);
    let text = rendered(&hcl::parse(PHOTOS).unwrap(), &values, &["password"], &[]);
    assert!(!text.contains("must not appear"));
    assert!(text.contains("postgres://photos:${STEWARD_SECRET_PASSWORD:?}@database/album"));
}

#[test]
fn a_variable_without_a_value_is_left_out() {
    let file = read(&rendered(&hcl::parse(PHOTOS).unwrap(), &Settings::new(), &[], &[]));
    let environment = &file["services"]["server"]["environment"];
    assert_eq!(environment.get("OPTIONAL"), None);
    assert_eq!(environment.get("TITLE"), None);
    assert_eq!(environment["PREFIX"], "ab");
}

#[test]
fn ports_are_checked() {
    let definition = hcl::parse(PHOTOS).unwrap();
    let check = |pairs: &[(&str, u16)]| check_ports(&definition, &pairs.iter().map(|(key, port)| ((*key).to_owned(), *port)).collect());
    assert_eq!(check(&[]), Ok(()));
    assert_eq!(check(&[("80/tcp", 8081), ("53/udp", 5353)]), Ok(()));
    // Each protocol has ports of its own.
    assert_eq!(check(&[("80/tcp", 53)]), Ok(()));

    for (pairs, code, field) in [
        (&[("81/tcp", 80)], Code::UnknownField, "ports.81/tcp"),
        (&[("80/udp", 80)], Code::UnknownField, "ports.80/udp"),
        // Not published: nothing to choose.
        (&[("9000/tcp", 80)], Code::UnknownField, "ports.9000/tcp"),
        (&[("80/tcp", 0)], Code::InvalidValue, "ports.80/tcp"),
    ] {
        let refusals = check(pairs).unwrap_err();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!((refusals[0].code, refusals[0].field.as_deref()), (code, Some(field)));
    }
}

#[test]
fn two_ports_cannot_be_the_same_on_the_device() {
    let text = "service {\n name = \"a\"\n container {\n image = \"a\"\n ports = [{ internal = 1, external = 1 }, { internal = 2, external = 2 }]\n }\n}\n";
    let definition = hcl::parse(text).unwrap();
    let refusals = check_ports(&definition, &PortChoices::from([("1/tcp".to_owned(), 2)])).unwrap_err();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].field.as_deref(), Some("ports.1/tcp"));
    let swapped = PortChoices::from([("1/tcp".to_owned(), 2), ("2/tcp".to_owned(), 1)]);
    assert_eq!(check_ports(&definition, &swapped), Ok(()));
}

#[test]
fn secrets_files() {
    let secrets = |pairs: &[(&str, &str)]| -> BTreeMap<SettingKey, String> {
        pairs.iter().map(|(key, value)| (SettingKey::parse(key).unwrap(), (*value).to_owned())).collect()
    };
    insta::assert_snapshot!(secrets_file(&secrets(&[("a", "plain$ #x"), ("b_1", "it's\\'"), ("c", "\\")])), @r##"
    # Written by Steward. Secrets: keep this file to yourself.
    STEWARD_SINGLE_QUOTE="'"
    STEWARD_BACKSLASH=\
    STEWARD_SECRET_A='plain$ #x'
    STEWARD_PART_1='it'
    STEWARD_PART_2='s'
    STEWARD_SECRET_B_1=${STEWARD_PART_1}${STEWARD_SINGLE_QUOTE}${STEWARD_PART_2}${STEWARD_BACKSLASH}${STEWARD_SINGLE_QUOTE}
    STEWARD_SECRET_C=${STEWARD_BACKSLASH}
    "##);
}

/// A definition with one container that has this text everywhere a text may be.
fn with_text(text: &str) -> Definition {
    let mut definition = hcl::parse(
        "service {\n name = \"a\"\n container {\n image = \"a\"\n health_check {\n type = \"command\"\n command = [\"x\"]\n }\n }\n}\n",
    )
    .unwrap();
    let container = &mut definition.containers[0];
    container.command = vec![text.to_owned(), "last".to_owned()];
    if let Some(ProbeSpec::Command { command }) = container.health_check.as_mut().map(|check| &mut check.probe) {
        *command = vec![text.to_owned()];
    }
    for key in ["PLAIN", "NO", "y", "null", "_"] {
        container.env.insert(EnvKey::parse(key).unwrap(), Template::text(text));
    }
    let part = TemplatePart::Setting(SettingKey::parse("given").unwrap());
    container.env.insert(EnvKey::parse("GIVEN").unwrap(), Template { parts: vec![part] });
    definition
}

fn round_trip(text: &str) {
    let yaml = rendered(&with_text(text), &settings(&[("given", json!(text))]), &[], &[]);
    let file = read(&yaml);
    let service = &file["services"]["a"];
    let meant = |value: &Value| as_compose_reads(value.as_str().unwrap_or_else(|| panic!("no text: {value} in\n{yaml}")));
    for key in ["PLAIN", "NO", "y", "null", "_", "GIVEN"] {
        assert_eq!(meant(&service["environment"][key]), text, "{key} in\n{yaml}");
    }
    assert_eq!(meant(&service["command"][0]), text, "{yaml}");
    assert_eq!(service["command"][1], "last");
    assert_eq!(service["healthcheck"]["test"][0], "CMD");
    assert_eq!(meant(&service["healthcheck"]["test"][1]), text);
    assert_eq!(file["name"], "steward-album");
    assert_eq!(file.as_object().unwrap().len(), 3, "{yaml}");
}

/// Text that one YAML reader or another takes for something else.
const NASTY: &[&str] = &[
    "",
    " ",
    "  lead",
    "trail  ",
    "no",
    "NO",
    "yes",
    "on",
    "off",
    "y",
    "n",
    "true",
    "null",
    "~",
    "Null",
    "1",
    "1.0",
    "0x1F",
    "0o17",
    "017",
    "0b1",
    "1_000",
    "1e3",
    ".5",
    "+1",
    "-1",
    ".inf",
    "-.INF",
    ".nan",
    "12:30",
    "12:30:45",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "<<",
    "=",
    "-",
    "- a",
    "? a",
    ": a",
    "a: b",
    "a:",
    "a #b",
    "#",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "'",
    "\"",
    "''",
    "\"\"",
    "it's",
    "say \"x\"",
    "`",
    "@",
    "%",
    "{}",
    "[]",
    "{a: b}",
    "[a, b]",
    "a, b",
    "---",
    "...",
    "\\",
    "\\n",
    "\\\\",
    "\\u0041",
    "a\nb",
    "a\n",
    "\na",
    "a\n\nb",
    "a\tb",
    "\t",
    "$",
    "$$",
    "$$$",
    "${A}",
    "$A",
    "$${A}",
    "${A:-b}",
    "ä",
    "日本語",
    "\u{1f600}",
    "\u{feff}",
    "\u{2028}",
    "\u{a0}",
    "a\u{301}",
    "{{ .Names }}",
    "%TAG",
    "key=value",
    "${STEWARD_SECRET_X:?}",
];

#[test]
fn nasty_text_arrives_as_it_is() {
    for text in NASTY {
        round_trip(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_text_arrives_as_it_is(text in "[^\\p{Cc}]{0,40}|[-?:,\\[\\]{}#&*!|>'\"%@`\\\\$ \\n\\t0-9a-zA-Z_.=~<]{0,40}") {
        round_trip(&text);
    }
}
