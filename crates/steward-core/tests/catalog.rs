//! The catalog that Steward brings along: every entry can be read, rendered and deployed beside
//! every other one.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use steward_core::compose::{ComposeInput, check_ports, render, secrets_file};
use steward_core::definition::settings::{Kept, json_schema, resolve};
use steward_core::definition::{Definition, Setting, TemplatePart, hcl};
use steward_core::name::{DeploymentName, SettingKey, Slug};
use steward_core::operation::PortChoices;

/// Where Steward itself listens.
const STEWARD: u16 = 8080;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../catalog")
}

/// Every entry, by its folder's name.
fn entries() -> BTreeMap<Slug, Definition> {
    let mut entries = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let slug = Slug::parse(path.file_name().unwrap().to_str().unwrap()).unwrap();
        let text = std::fs::read_to_string(path.join("service.hcl")).unwrap();
        match hcl::parse(&text) {
            Ok(definition) => entries.insert(slug, definition),
            Err(problems) => panic!("{slug}: {problems:#?}"),
        };
    }
    assert!(entries.len() >= 28, "{} entries", entries.len());
    entries
}

/// A value that a person could give.
fn example(setting: &Setting) -> serde_json::Value {
    match setting.key.as_str() {
        "trusted_domains" => "192.168.1.10 cloud.home.example".into(),
        "auth_key" => "tskey-auth-abc".into(),
        _ => "correct horse battery staple".into(),
    }
}

#[test]
fn every_entry_says_what_it_is() {
    for (slug, definition) in entries() {
        assert!(!definition.title.is_empty(), "{slug}");
        assert_ne!(definition.title, slug.as_str().to_owned() + " ", "{slug}");
        assert!(definition.description.ends_with('.'), "{slug}: {}", definition.description);
        assert_ne!(definition.category, "other", "{slug}");
        // `hello` is Steward's own and has no other home.
        assert!(definition.website.is_some() || slug.as_str() == "hello", "{slug}");
        assert!(definition.post_install.is_some(), "{slug}");
        let resources = definition.resources;
        assert!(resources.cpu > 0 && resources.memory > 0 && resources.storage > 0, "{slug}");
        for setting in &definition.settings {
            assert!(!setting.title.is_empty(), "{slug} {}", setting.key);
        }
    }
}

#[test]
fn every_entry_has_a_small_icon_that_runs_nothing() {
    for slug in entries().keys() {
        let icon = std::fs::read_to_string(folder().join(slug.as_str()).join("icon.svg")).unwrap();
        assert!(icon.len() < 1024, "{slug}: {} bytes", icon.len());
        assert!(icon.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{slug}");
        for forbidden in ["<script", "onload", "href", "<foreignObject", "url(", "<style", "<!"] {
            assert!(!icon.contains(forbidden), "{slug}: {forbidden}");
        }
    }
}

#[test]
fn images_are_pinned_to_a_version() {
    for (slug, definition) in entries() {
        for image in definition.images() {
            let tag = image.as_str().rsplit_once(':').map(|(_, tag)| tag);
            assert!(tag.is_some_and(|tag| tag != "latest" && tag.bytes().any(|b| b.is_ascii_digit())), "{slug}: {image}");
        }
    }
}

/// All of the catalog can run on one device, beside Steward.
#[test]
fn no_two_entries_want_the_same_port() {
    let mut taken: BTreeMap<(u16, &str), Slug> = BTreeMap::new();
    for (slug, definition) in entries() {
        for port in definition.containers.iter().flat_map(|container| &container.ports) {
            let Some(external) = port.external else { continue };
            assert_ne!(external, STEWARD, "{slug} wants Steward's own port");
            let other = taken.insert((external, port.protocol.as_str()), slug.clone());
            assert_eq!(other, None, "{slug} wants {external}/{}", port.protocol.as_str());
        }
    }
}

/// Whoever deploys an entry learns whether it works.
#[test]
fn the_main_container_is_checked() {
    for (slug, definition) in entries() {
        assert!(definition.containers[0].health_check.is_some(), "{slug}");
        // What another container waits for is checked too, or the waiting means nothing.
        for name in definition.containers.iter().flat_map(|container| &container.depends_on) {
            assert!(definition.container(name).unwrap().health_check.is_some(), "{slug}: {name}");
        }
    }
}

/// A password in the catalog is a password that everybody knows.
#[test]
fn there_are_no_passwords_in_the_catalog() {
    for (slug, definition) in entries() {
        for (key, template) in definition.containers.iter().flat_map(|container| &container.env) {
            let name = key.as_str().to_ascii_lowercase();
            let names_a_secret = ["password", "secret", "token", "authkey"].iter().any(|word| name.contains(word)) || name == "pass";
            if !names_a_secret || name.contains("random") {
                continue;
            }
            let [TemplatePart::Setting(setting)] = template.parts.as_slice() else { panic!("{slug}: {key} is written down") };
            assert!(definition.setting(setting).unwrap().secret, "{slug}: {key} comes from `{setting}`, which is not secret");
        }
    }
}

/// Secrets that are generated are for machines; nobody could read one to sign in with it.
#[test]
fn generated_secrets_are_for_machines() {
    for (slug, definition) in entries() {
        for setting in definition.settings.iter().filter(|setting| setting.generate.is_some()) {
            assert!(setting.secret && setting.key.as_str().starts_with("database"), "{slug}: {}", setting.key);
        }
    }
}

#[test]
fn every_setting_is_used() {
    for (slug, definition) in entries() {
        let used: BTreeSet<&SettingKey> = definition
            .containers
            .iter()
            .flat_map(|container| container.env.values())
            .flat_map(|template| &template.parts)
            .filter_map(|part| if let TemplatePart::Setting(key) = part { Some(key) } else { None })
            .collect();
        for setting in &definition.settings {
            assert!(used.contains(&setting.key), "{slug}: {}", setting.key);
        }
    }
}

#[test]
fn every_entry_can_be_rendered() {
    for (slug, definition) in entries() {
        let given =
            definition.settings.iter().filter(|setting| setting.required).map(|setting| (setting.key.clone(), example(setting))).collect();
        let resolved = resolve(&definition, &given, &Kept::default()).unwrap_or_else(|refusals| panic!("{slug}: {refusals:#?}"));
        let mut secrets = resolved.secrets;
        secrets.extend(resolved.to_generate.iter().map(|(key, length)| (key.clone(), "x".repeat(usize::from(*length)))));
        let ports = PortChoices::new();
        assert_eq!(check_ports(&definition, &ports), Ok(()), "{slug}");
        let compose = render(&ComposeInput {
            name: &DeploymentName::parse("try").unwrap(),
            application: &slug,
            definition: &definition,
            settings: &resolved.settings,
            secret_keys: &secrets.keys().cloned().collect(),
            ports: &ports,
        });
        assert!(!compose.contains("correct horse"), "{slug}: a secret is in the Compose file\n{compose}");
        assert!(json_schema(&definition)["properties"].is_object(), "{slug}");
        assert!(secrets_file(&secrets).lines().count() > secrets.len(), "{slug}");
    }
}

/// The example in the instructions is one that works.
#[test]
fn the_example_in_the_instructions_is_read() {
    let text = include_str!("../../../docs/how-to/add-an-application.md");
    let example = text.split("```hcl\n").nth(1).unwrap().split("```").next().unwrap();
    let definition = hcl::parse(example).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(definition.title, "Notes");
    for category in steward_core::definition::CATEGORIES {
        assert!(text.contains(&format!("`{category}`")), "the instructions do not name the category {category}");
    }
}
