//! The walls between the crates: which may know which.
//!
//! `steward` → `engine` → {`integrations` → `host`, `store`} → `core`. `steward` may name the others
//! too, because it builds what the engine is given.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const ALLOWED: &[(&str, &[&str])] = &[
    ("steward-core", &[]),
    ("steward-host", &["steward-core"]),
    ("steward-store", &["steward-core"]),
    ("steward-integrations", &["steward-core", "steward-host"]),
    ("steward-engine", &["steward-core", "steward-host", "steward-store", "steward-integrations"]),
    ("steward", &["steward-core", "steward-host", "steward-store", "steward-engine"]),
];

/// What a crate may not know at all, whoever brings it.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "steward-core",
        &["tokio", "axum", "hyper", "sqlx", "bollard", "reqwest", "async-trait", "futures-util", "getrandom", "rand", "chrono", "time"],
    ),
    ("steward-host", &["sqlx", "axum"]),
    ("steward-store", &["bollard", "axum", "reqwest", "procfs-core"]),
    ("steward-engine", &["sqlx", "axum", "bollard", "reqwest"]),
    ("steward", &["sqlx", "bollard"]),
];

/// The dependencies that a manifest names, without those for tests.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            let section = line.trim_matches(['[', ']']);
            let named = section.rsplit_once("dependencies.").filter(|(before, _)| !before.ends_with("dev-"));
            found.extend(named.map(|(_, name)| name.to_owned()));
            inside = section == "dependencies"
                || section == "build-dependencies"
                || (section.starts_with("target.") && section.ends_with(".dependencies"));
        } else if inside && !line.starts_with('#') {
            found.extend(line.split_once(['=', '.']).map(|(name, _)| name.trim().to_owned()));
        }
    }
    found
}

fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let listed = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    listed
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), dependencies(&fs::read_to_string(path.join("Cargo.toml")).unwrap()))
        })
        .collect()
}

/// The design's arrows: no other one, and no crate that is not in the picture.
#[test]
fn arrows_point_one_way() {
    let crates = crates();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(crates.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "a new crate needs a promise and a place in the picture");
    for (name, allowed) in ALLOWED {
        for arrow in crates[*name].iter().filter(|dependency| known.contains(dependency.as_str())) {
            assert!(allowed.contains(&arrow.as_str()), "{name} must not know {arrow}");
        }
    }
}

/// SQL stays in the store, engines and processes in the host, HTTP in the program.
#[test]
fn what_belongs_elsewhere_is_not_there() {
    let crates = crates();
    for (name, forbidden) in FORBIDDEN {
        for dependency in *forbidden {
            assert!(!crates[*name].contains(*dependency), "{name} must not use {dependency}");
        }
    }
}

#[test]
fn manifests_are_read_as_they_are_written() {
    let text = "[dependencies]\na.workspace = true\nb = \"1\"\n# c = \"1\"\n[dev-dependencies]\nd = \"1\"\n[dependencies.e]\nversion = \"1\"\n[dev-dependencies.f]\n[features]\ng = []\n";
    assert_eq!(dependencies(text), ["a", "b", "e"].map(str::to_owned).into());
}
