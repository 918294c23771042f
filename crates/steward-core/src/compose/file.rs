//! The parts of a Compose file that Steward writes, in the order in which it writes them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;
use serde_saphyr::DoubleQuoted;

/// Text of others, always in quotes, so that no reader takes it for anything but text.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Quoted(DoubleQuoted<String>);

impl Quoted {
    pub(super) fn new(text: String) -> Self {
        Self(DoubleQuoted(text))
    }
}

#[derive(Serialize)]
pub(super) struct ComposeFile<'a> {
    pub(super) name: String,
    pub(super) services: IndexMap<&'a str, Service<'a>>,
    pub(super) networks: IndexMap<&'a str, Network<'a>>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) volumes: IndexMap<String, Volume<'a>>,
}

#[derive(Serialize)]
pub(super) struct Service<'a> {
    pub(super) image: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) command: Vec<Quoted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Quoted>,
    pub(super) restart: &'a str,
    pub(super) pull_policy: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<&'a str, Quoted>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<Quoted>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) volumes: Vec<Mount<'a>>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) depends_on: IndexMap<&'a str, Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mem_limit: Option<String>,
    pub(super) labels: BTreeMap<&'a str, &'a str>,
}

/// The long form, for it has no separators that a path could hold.
#[derive(Serialize)]
pub(super) struct Mount<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) source: &'a str,
    pub(super) target: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) read_only: bool,
}

#[derive(Serialize)]
pub(super) struct Condition {
    pub(super) condition: &'static str,
}

#[derive(Serialize)]
pub(super) struct Healthcheck {
    pub(super) test: Vec<Quoted>,
    pub(super) interval: String,
    pub(super) timeout: String,
    pub(super) retries: u32,
    pub(super) start_period: String,
}

#[derive(Serialize)]
pub(super) struct Network<'a> {
    pub(super) name: String,
    pub(super) labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
pub(super) struct Volume<'a> {
    pub(super) name: String,
    pub(super) labels: BTreeMap<&'a str, &'a str>,
}
