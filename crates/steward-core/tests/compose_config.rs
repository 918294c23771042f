//! What Steward writes, judged by the real Compose: `docker compose config` needs no engine.
//!
//! The program is looked for where Docker has its plugins, or where `STEWARD_TEST_COMPOSE` says; the
//! tests say so and pass when there is none.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the judge is another program, and this crate has no host to ask")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use steward_core::compose::{ComposeInput, render, secrets_file};
use steward_core::definition::settings::{Kept, resolve};
use steward_core::definition::{Definition, ProbeSpec, Template, TemplatePart, hcl};
use steward_core::deployment::Settings;
use steward_core::name::{DeploymentName, EnvKey, SettingKey, Slug};
use steward_core::operation::PortChoices;

fn compose() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let plugins = [
        variable("DOCKER_CONFIG").map(|folder| folder.join("cli-plugins")),
        variable("HOME").map(|folder| folder.join(".docker/cli-plugins")),
        Some(PathBuf::from("/usr/local/libexec/docker/cli-plugins")),
        Some(PathBuf::from("/usr/libexec/docker/cli-plugins")),
        Some(PathBuf::from("/usr/lib/docker/cli-plugins")),
    ];
    let places = plugins.into_iter().flatten().map(|folder| folder.join("docker-compose"));
    let found = variable("STEWARD_TEST_COMPOSE").into_iter().chain(places).find(|place| place.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no docker-compose; set STEWARD_TEST_COMPOSE to its path");
    }
    found
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("steward-compose-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What Compose makes of a file.
fn config(program: &Path, yaml: &str, secrets: &BTreeMap<SettingKey, String>) -> Value {
    let folder = Folder::new();
    let (file, env_file) = (folder.0.join("compose.yaml"), folder.0.join("secrets.env"));
    std::fs::write(&file, yaml).unwrap();
    std::fs::write(&env_file, secrets_file(secrets)).unwrap();
    let mut command = Command::new(program);
    command.env_clear().env("HOME", &folder.0).env("PATH", "/usr/bin:/bin");
    command.arg("-f").arg(&file).arg("--env-file").arg(&env_file).args(["config", "--format", "json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}\n{yaml}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `config` writes a file that can be read again, so that it doubles every `$`.
fn meant(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).replace("$$", "$")
}

fn key(text: &str) -> SettingKey {
    SettingKey::parse(text).unwrap()
}

fn rendered(slug: &Slug, definition: &Definition, settings: &Settings, secrets: &BTreeMap<SettingKey, String>) -> String {
    render(&ComposeInput {
        name: &DeploymentName::parse("try").unwrap(),
        application: slug,
        definition,
        settings,
        secret_keys: &secrets.keys().cloned().collect::<BTreeSet<_>>(),
        ports: &PortChoices::new(),
    })
}

#[test]
fn compose_takes_every_entry_of_the_catalog() {
    let Some(program) = compose() else { return };
    let catalog = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    for entry in std::fs::read_dir(catalog).unwrap() {
        let path = entry.unwrap().path();
        let slug = Slug::parse(path.file_name().unwrap().to_str().unwrap()).unwrap();
        let definition = hcl::parse(&std::fs::read_to_string(path.join("service.hcl")).unwrap()).unwrap();
        // Settings that have no default are left without a value, or given one when they must have it.
        let secrets: BTreeMap<SettingKey, String> = definition
            .settings
            .iter()
            .filter(|setting| setting.secret)
            .map(|setting| (setting.key.clone(), "it's $ecret".to_owned()))
            .collect();
        let optional = Definition {
            settings: definition
                .settings
                .iter()
                .cloned()
                .map(|mut setting| {
                    setting.required = false;
                    setting
                })
                .collect(),
            ..definition.clone()
        };
        let resolved = resolve(&optional, &BTreeMap::new(), &Kept::default()).unwrap();
        let file = config(&program, &rendered(&slug, &definition, &resolved.settings, &secrets), &secrets);

        assert_eq!(file["name"], "steward-try");
        assert_eq!(file["services"].as_object().unwrap().len(), definition.containers.len(), "{slug}");
        for container in &definition.containers {
            let service = &file["services"][container.name.as_str()];
            assert_eq!(service["image"], container.image.as_str(), "{slug}");
            assert_eq!(service["labels"]["io.steward.deployment"], "try");
            assert_eq!(service["labels"]["io.steward.application"], slug.as_str());
            let published = container.ports.iter().filter(|port| port.external.is_some()).count();
            assert_eq!(service["ports"].as_array().map_or(0, Vec::len), published, "{slug}");
            assert_eq!(service["volumes"].as_array().map_or(0, Vec::len), container.volumes.len(), "{slug}");
            for argument in 0..container.command.len() {
                assert_eq!(meant(&service["command"][argument]), container.command[argument], "{slug}");
            }
            for (name, template) in &container.env {
                if let [TemplatePart::Setting(setting)] = template.parts.as_slice()
                    && let Some(secret) = secrets.get(setting)
                {
                    assert_eq!(&meant(&service["environment"][name.as_str()]), secret, "{slug} {name}");
                }
            }
        }
        for volume in definition.volumes() {
            assert_eq!(file["volumes"][volume.as_str()]["name"], format!("steward-try_{volume}"), "{slug}");
        }
        assert_eq!(file["networks"]["default"]["name"], "steward-try_default");
    }
}

const NASTY: &[&str] = &[
    " ",
    "  lead",
    "trail  ",
    "no",
    "NO",
    "yes",
    "on",
    "y",
    "true",
    "null",
    "~",
    "1",
    "1.0",
    "0x1F",
    "017",
    "0b1",
    "1_000",
    "1e3",
    ".inf",
    "12:30",
    "12:30:45",
    "2001-01-01",
    "<<",
    "=",
    "- a",
    "? a",
    "a: b",
    "a:",
    "a #b",
    "#",
    " #",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "'",
    "\"",
    "''",
    "\"\"",
    "'''",
    "it's",
    "'quoted'",
    "\"quoted\"",
    "say \"x\"",
    "`a`",
    "@",
    "%",
    "{}",
    "[]",
    "a, b",
    "---",
    "\\",
    "\\\\",
    "a\\",
    "\\'",
    "'\\",
    "\\n",
    "\\\\n",
    "\\u0041",
    "\\$",
    "$",
    "$$",
    "$$$",
    "${A}",
    "$A",
    "$${A}",
    "${A:-b}",
    "${",
    "$(ls)",
    "ä",
    "日本語",
    "\u{1f600}",
    "\u{a0}",
    "a\u{301}",
    "{{ .Names }}",
    "key=value",
    "export A=b",
    "A=",
    "${STEWARD_SECRET_S1:?}",
    "$STEWARD_BACKSLASH",
    "a\u{2028}b",
    "\u{feff}",
];

/// All of the nasty texts at once: as text, as values of settings and as secrets.
#[test]
fn compose_reads_what_was_meant() {
    let Some(program) = compose() else { return };
    let mut definition = hcl::parse(
        "service {\n name = \"a\"\n container {\n image = \"a\"\n health_check {\n type = \"command\"\n command = [\"x\"]\n }\n }\n}\n",
    )
    .unwrap();
    let (mut settings, mut secrets) = (Settings::new(), BTreeMap::new());
    let container = &mut definition.containers[0];
    container.command = NASTY.iter().map(|text| (*text).to_owned()).collect();
    if let Some(ProbeSpec::Command { command }) = container.health_check.as_mut().map(|check| &mut check.probe) {
        command.clone_from(&container.command);
    }
    let mut put = |name: String, parts: Vec<TemplatePart>| container.env.insert(EnvKey::parse(&name).unwrap(), Template { parts });
    for (n, text) in NASTY.iter().enumerate() {
        settings.insert(key(&format!("o{n}")), json!(text));
        secrets.insert(key(&format!("s{n}")), (*text).to_owned());
        put(format!("PLAIN_{n}"), vec![TemplatePart::Text((*text).to_owned())]);
        put(format!("OPEN_{n}"), vec![TemplatePart::Setting(key(&format!("o{n}")))]);
        put(format!("SECRET_{n}"), vec![TemplatePart::Setting(key(&format!("s{n}")))]);
    }
    put("LINES".to_owned(), vec![TemplatePart::Text("a\n\n b\tc\n".to_owned())]);
    for name in ["NO", "y", "null", "true", "_"] {
        put(name.to_owned(), vec![TemplatePart::Text("1".to_owned())]);
    }

    let slug = Slug::parse("a").unwrap();
    let file = config(&program, &rendered(&slug, &definition, &settings, &secrets), &secrets);
    let service = &file["services"]["a"];
    let environment = &service["environment"];
    for (n, text) in NASTY.iter().enumerate() {
        assert_eq!(meant(&environment[format!("PLAIN_{n}")]), *text, "{text:?} as text");
        assert_eq!(meant(&environment[format!("OPEN_{n}")]), *text, "{text:?} as a setting");
        assert_eq!(meant(&environment[format!("SECRET_{n}")]), *text, "{text:?} as a secret");
        assert_eq!(meant(&service["command"][n]), *text, "{text:?} as an argument");
        assert_eq!(meant(&service["healthcheck"]["test"][n + 1]), *text, "{text:?} in a health check");
    }
    assert_eq!(meant(&environment["LINES"]), "a\n\n b\tc\n");
    for name in ["NO", "y", "null", "true", "_"] {
        assert_eq!(environment[name], "1", "{name}");
    }
}

/// A secret that is missing stops Compose, instead of being an empty password.
#[test]
fn a_missing_secret_stops_compose() {
    let Some(program) = compose() else { return };
    let text = "service {\n name = \"a\"\n container {\n image = \"a\"\n env {\n P = \"x${setting.p}\"\n }\n }\n setting \"p\" {\n secret = true\n }\n}\n";
    let definition = hcl::parse(text).unwrap();
    let secrets = BTreeMap::from([(key("p"), "x".to_owned())]);
    let yaml = rendered(&Slug::parse("a").unwrap(), &definition, &Settings::new(), &secrets);
    let folder = Folder::new();
    std::fs::write(folder.0.join("compose.yaml"), yaml).unwrap();
    let mut command = Command::new(program);
    let output = command.env_clear().env("HOME", &folder.0).arg("-f").arg(folder.0.join("compose.yaml")).arg("config").output().unwrap();
    assert!(!output.status.success());
}
