//! YAML as a tree with places, within limits.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::definition::draft::{At, Spot};
use crate::definition::{DefinitionProblem, MAX_FILE};

/// A value and where it is written. Within something that is repeated by an alias, that is where
/// it is written first.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) spot: Spot,
    /// Where in the text a scalar stands, to have it as it is written.
    pub(super) span: Option<Range<usize>>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(At<String>, Node)>),
}

/// Reads the one document of a file.
pub(super) fn read(text: &str) -> Result<Node, DefinitionProblem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 24,
            flow_nesting_limit: 24,
            max_documents: 1,
            max_events: 100_000,
            max_nodes: 50_000,
            max_anchors: 64,
            max_aliases: 512,
            max_merge_keys: 512,
            max_inclusion_depth: 0,
            max_recorded_anchor_events: 50_000,
            max_recorded_anchor_bytes: 4 * MAX_FILE,
            max_total_scalar_bytes: 4 * MAX_FILE,
            max_total_comment_bytes: MAX_FILE,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 8,
        },
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let location = error.location().unwrap_or(Location::UNKNOWN);
        let spot = spot(location);
        let message = error.to_string();
        // The place is told apart from the sentence.
        let message = message.split(" at line ").next().unwrap_or_default();
        DefinitionProblem { line: spot.line, column: spot.column, message: format!("this YAML cannot be read: {message}") }
    })
}

fn spot(location: Location) -> Spot {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
    Spot { line: number(location.line()), column: number(location.column()) }
}

fn span(location: Location) -> Option<Range<usize>> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    Some(start..start.checked_add(usize::try_from(location.span().byte_len()?).ok()?)?)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Node { spot: spot(spanned.defined), span: span(spanned.defined), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut items: Vec<(At<String>, Node)> = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if items.iter().any(|(other, _)| other.value == key.value) {
                return Err(A::Error::custom(format!("the key `{}` is written twice", key.value)));
            }
            items.push((At::new(spot(key.defined), key.value), map.next_value()?));
        }
        Ok(Kind::Map(items))
    }
}
