//! What a reader has found in the text of a definition: the parts of a
//! [`Definition`](super::Definition), each with its place, before they are checked against each
//! other.

use super::{Database, DefinitionProblem, ProbeSpec, Resources, Setting, TemplatePart, VolumeSpec};
use crate::device::Protocol;
use crate::name::{EnvKey, ImageRef, ServiceName};

/// More problems than this help nobody, and their number is the author's choice.
const MAX_PROBLEMS: usize = 100;

/// A place in the text, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct At<T> {
    pub(super) spot: Spot,
    pub(super) value: T,
}

impl<T> At<T> {
    pub(super) fn new(spot: Spot, value: T) -> Self {
        Self { spot, value }
    }
}

/// Collects what is wrong, so that one reading reports all of it.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<DefinitionProblem>);

impl Problems {
    pub(super) fn add(&mut self, spot: Spot, message: impl Into<String>) {
        self.0.push(DefinitionProblem { line: spot.line.max(1), column: spot.column.max(1), message: message.into() });
    }

    /// Takes the value, or notes what is wrong with it.
    pub(super) fn take<T>(&mut self, spot: Spot, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(spot, message)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the text.
    pub(super) fn into_vec(mut self) -> Vec<DefinitionProblem> {
        self.0.sort();
        self.0.dedup();
        self.0.truncate(MAX_PROBLEMS);
        self.0
    }
}

#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) spot: Spot,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) category: String,
    pub(super) website: Option<String>,
    pub(super) public_access: bool,
    pub(super) post_install: Option<String>,
    pub(super) resources: Resources,
    pub(super) containers: Vec<DraftContainer>,
    pub(super) settings: Vec<At<Setting>>,
    pub(super) database: Option<At<Database>>,
}

#[derive(Clone, Debug)]
pub(super) struct DraftContainer {
    pub(super) name: At<ServiceName>,
    /// Absent only when a problem was noted.
    pub(super) image: Option<ImageRef>,
    pub(super) command: Vec<String>,
    pub(super) ports: Vec<At<DraftPort>>,
    pub(super) env: Vec<(At<EnvKey>, DraftTemplate)>,
    pub(super) volumes: Vec<At<VolumeSpec>>,
    pub(super) health_check: Option<At<DraftHealth>>,
    pub(super) depends_on: Vec<At<ServiceName>>,
    pub(super) user: Option<String>,
    pub(super) memory_limit: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct DraftPort {
    pub(super) internal: u16,
    pub(super) external: Option<u16>,
    pub(super) protocol: Protocol,
    /// Absent: decided by the other parts.
    pub(super) web: Option<bool>,
}

#[derive(Clone, Debug)]
pub(super) struct DraftHealth {
    /// A port of 0 stands for "the only one".
    pub(super) probe: ProbeSpec,
    pub(super) interval: Option<u32>,
    pub(super) timeout: Option<u32>,
    pub(super) within: Option<u32>,
}

pub(super) type DraftTemplate = Vec<At<TemplatePart>>;
