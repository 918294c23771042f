//! Takes typed values out of the YAML tree and notes what is wrong at its place.

use super::node::{Kind, Node};
use crate::definition::draft::{At, Problems};

pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) problems: Problems,
}

/// The entries of a mapping.
type Entries<'n> = Vec<(&'n At<String>, &'n Node)>;

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Problems::default() }
    }

    pub(super) fn map<'n>(&mut self, node: &'n Node) -> Entries<'n> {
        match &node.kind {
            Kind::Map(items) => items.iter().map(|(key, value)| (key, value)).collect(),
            _ => {
                self.expected("a mapping, such as `key: value`", node);
                Vec::new()
            }
        }
    }

    /// A mapping, or nothing at all, as `data:` in a list of volumes.
    pub(super) fn map_or_nothing<'n>(&mut self, node: &'n Node) -> Entries<'n> {
        if matches!(node.kind, Kind::Null) { Vec::new() } else { self.map(node) }
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            _ => {
                self.expected("a list", node);
                &[]
            }
        }
    }

    /// A text, or another scalar as it is written: `80` and `1.0` are text to most of Compose.
    pub(super) fn scalar(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Number => {
                let written = node.span.clone().and_then(|span| self.text.get(span)).map(|text| text.trim().to_owned());
                written.filter(|text| !text.is_empty()).or_else(|| {
                    self.problems.add(node.spot, "put this number in quotes");
                    None
                })
            }
            _ => {
                self.expected("a text", node);
                None
            }
        }
    }

    /// A text that is parsed into something.
    pub(super) fn parsed<T>(&mut self, node: &Node, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.scalar(node)?;
        self.problems.take(node.spot, parse(&text))
    }

    pub(super) fn is_text(&self, node: &Node, expected: &str) -> bool {
        matches!(&node.kind, Kind::Text(text) if text == expected)
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => {
                self.expected("`true` or `false`", node);
                None
            }
        }
    }

    /// A whole number in a range, with or without quotes.
    pub(super) fn whole(&mut self, node: &Node, smallest: u64, largest: u64) -> Option<u64> {
        let text = self.scalar(node)?;
        let number = text.parse().ok().filter(|number| (smallest..=largest).contains(number));
        if number.is_none() {
            self.problems.add(node.spot, format!("this is a whole number from {smallest} to {largest}"));
        }
        number
    }

    pub(super) fn expected(&mut self, what: &str, node: &Node) {
        let found = match node.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "`true` or `false`",
            Kind::Number => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        };
        self.problems.add(node.spot, format!("this should be {what}, not {found}"));
    }
}
