//! Takes typed values out of parsed HCL and notes what is wrong at its place.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::{Element, Strip, Template};
use serde_json::Value;

use crate::definition::draft::{At, DraftTemplate, Problems, Spot};
use crate::definition::nearest::did_you_mean;
use crate::definition::{MAX_TEXT, TemplatePart, text};
use crate::name::SettingKey;

/// A named value, from an attribute of a block or an item of an object.
#[derive(Clone, Copy)]
pub(super) struct Field<'b> {
    pub(super) spot: Spot,
    pub(super) key: &'b str,
    pub(super) expr: &'b Expression,
}

/// The named values and the blocks within a block, or the items of an object.
pub(super) struct Table<'b> {
    fields: Vec<Field<'b>>,
    blocks: Vec<&'b Block>,
}

impl<'b> Table<'b> {
    pub(super) fn field(&self, key: &str) -> Option<Field<'b>> {
        self.fields.iter().find(|field| field.key == key).copied()
    }

    pub(super) fn blocks(&self, key: &'static str) -> impl Iterator<Item = &'b Block> + use<'b, '_> {
        self.blocks.iter().copied().filter(move |block| block.has_ident(key))
    }
}

/// What is read, and what was wrong with it so far.
pub(super) struct Reader<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    pub(super) problems: Problems,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(after_breaks).collect(), problems: Problems::default() }
    }

    /// Where something begins.
    pub(super) fn spot(&self, thing: &impl Span) -> Spot {
        let offset = thing.span().map_or(0, |span| span.start).min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Spot { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// What stands in a block; anything that is not named in `attributes` or `blocks` is a problem.
    pub(super) fn table<'b>(&mut self, place: &str, body: &'b Body, attributes: &[&str], blocks: &[&str]) -> Table<'b> {
        let mut table = Table { fields: Vec::new(), blocks: Vec::new() };
        for structure in body.iter() {
            match structure {
                Structure::Attribute(attribute) => {
                    let (key, spot) = (attribute.key.as_str(), self.spot(&attribute.key));
                    if attributes.contains(&key) {
                        table.fields.push(Field { spot, key, expr: &attribute.value });
                    } else if blocks.contains(&key) {
                        self.problems.add(spot, format!("`{key}` is a block: write `{key} {{`, without `=`"));
                    } else {
                        self.unknown(place, spot, key, attributes, blocks);
                    }
                }
                Structure::Block(block) => {
                    let (key, spot) = (block.ident.as_str(), self.spot(&block.ident));
                    if blocks.contains(&key) {
                        table.blocks.push(block);
                    } else if attributes.contains(&key) {
                        self.problems.add(spot, format!("`{key}` is no block: write `{key} = ...`"));
                    } else {
                        self.unknown(place, spot, key, attributes, blocks);
                    }
                }
            }
        }
        table
    }

    /// The items of an object; anything that is not named in `attributes` is a problem.
    pub(super) fn object<'b>(&mut self, place: &str, expr: &'b Expression, attributes: &[&str]) -> Option<Table<'b>> {
        let mut fields = Vec::new();
        for field in self.items(expr)? {
            if attributes.contains(&field.key) {
                fields.push(field);
            } else {
                self.unknown(place, field.spot, field.key, attributes, &[]);
            }
        }
        Some(Table { fields, blocks: Vec::new() })
    }

    /// The items of an object, whatever their keys.
    pub(super) fn items<'b>(&mut self, expr: &'b Expression) -> Option<Vec<Field<'b>>> {
        let Expression::Object(object) = expr else {
            self.expected("an object, such as `{ internal = 80 }`", expr);
            return None;
        };
        let mut fields = Vec::new();
        for (key, value) in object.iter() {
            let spot = self.spot(key);
            let name = key.as_ident().map(|ident| ident.as_str()).or_else(|| key.as_expr().and_then(Expression::as_str));
            match name {
                Some(key) => fields.push(Field { spot, key, expr: value.expr() }),
                None => self.problems.add(spot, "a key is a word or a text in quotes"),
            }
        }
        Some(fields)
    }

    fn unknown(&mut self, place: &str, spot: Spot, key: &str, attributes: &[&str], blocks: &[&str]) {
        let near = did_you_mean(key, attributes.iter().chain(blocks).copied());
        let known: Vec<&str> = attributes.iter().chain(blocks.iter().filter(|block| !attributes.contains(block))).copied().collect();
        let known = if near.is_empty() { format!(" (it takes {})", known.join(", ")) } else { near };
        self.problems.add(spot, format!("`{place}` has no `{key}`{known}"));
    }

    /// The block of this kind, when there is one; a second one is a problem.
    pub(super) fn only_block<'b>(&mut self, table: &Table<'b>, key: &'static str) -> Option<&'b Block> {
        let mut blocks = table.blocks(key);
        let first = blocks.next();
        for block in blocks {
            let spot = self.spot(&block.ident);
            self.problems.add(spot, format!("there is a second block `{key}`; one is enough"));
        }
        first
    }

    /// The one label of a block, when it has one.
    pub(super) fn label<T>(&mut self, block: &Block, parse: impl Fn(&str) -> Result<T, String>) -> Option<At<T>> {
        if let Some(second) = block.labels.get(1) {
            let spot = self.spot(second);
            self.problems.add(spot, format!("`{}` takes one label", block.ident.as_str()));
        }
        let label = block.labels.first()?;
        let spot = self.spot(label);
        self.problems.take(spot, parse(label.as_str())).map(|value| At::new(spot, value))
    }

    /// A text that is parsed into something.
    pub(super) fn parsed<T>(&mut self, field: Option<Field<'_>>, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(field?.expr)?;
        self.problems.take(text.spot, parse(&text.value))
    }

    /// A text without references.
    pub(super) fn text(&mut self, expr: &Expression) -> Option<At<String>> {
        let spot = self.spot(expr);
        let template = match expr {
            Expression::String(text) => return Some(At::new(spot, text.value().clone())),
            Expression::StringTemplate(template) => &**template,
            Expression::HeredocTemplate(heredoc) => &heredoc.template,
            _ => {
                self.expected("a text in quotes", expr);
                return None;
            }
        };
        let mut text = String::new();
        for element in template.iter() {
            let Some(literal) = element.as_literal() else {
                let spot = self.spot(element);
                self.problems.add(spot, "only the values of `env` can refer to settings; write `$${` for the characters themselves");
                return None;
            };
            text.push_str(literal);
        }
        Some(At::new(spot, text))
    }

    /// The value of a variable: a text with references, a number or yes and no.
    pub(super) fn template(&mut self, expr: &Expression) -> Option<DraftTemplate> {
        let spot = self.spot(expr);
        let literal = |text: String| Some(vec![At::new(spot, TemplatePart::Text(text))]);
        match expr {
            Expression::StringTemplate(template) => self.template_parts(template),
            Expression::HeredocTemplate(heredoc) => self.template_parts(&heredoc.template),
            Expression::Bool(value) => literal(value.value().to_string()),
            // As it is written: `1.0` and `0.10` are not to become `1` and `0.1`.
            Expression::Number(number) => {
                literal(expr.span().and_then(|span| self.text.get(span)).map_or_else(|| number.value().to_string(), str::to_owned))
            }
            Expression::Traversal(_) | Expression::Variable(_) => {
                let written = expr.span().and_then(|span| self.text.get(span)).unwrap_or("setting.key").trim().to_owned();
                self.problems.add(spot, format!("put this in quotes: a text as it is, a reference as \"${{{written}}}\""));
                None
            }
            _ => {
                let text = self.text(expr)?;
                let text = self.problems.take(text.spot, text::several_lines(&text.value))?;
                literal(text)
            }
        }
    }

    fn template_parts(&mut self, template: &Template) -> Option<DraftTemplate> {
        let mut parts: DraftTemplate = Vec::new();
        let mut length = 0;
        for element in template.iter() {
            let spot = self.spot(element);
            let part = match element {
                Element::Literal(text) => {
                    length += text.len();
                    self.problems.take(spot, text::several_lines(text)).map(TemplatePart::Text)?
                }
                Element::Interpolation(reference) if reference.strip != Strip::None => {
                    self.problems.add(spot, "`~` is not known in a reference");
                    return None;
                }
                Element::Interpolation(reference) => self.reference(spot, &reference.expr)?,
                Element::Directive(_) => {
                    self.problems.add(spot, "`%{ ... }` is not known here; write `%%{` for the characters themselves");
                    return None;
                }
            };
            parts.push(At::new(spot, part));
        }
        if length > MAX_TEXT {
            let spot = parts.first().map_or(Spot::default(), |part| part.spot);
            self.problems.add(spot, format!("this is longer than {} KiB", MAX_TEXT / 1024));
        }
        Some(parts)
    }

    /// `setting.KEY` or `deployment.name`.
    fn reference(&mut self, spot: Spot, expr: &Expression) -> Option<TemplatePart> {
        if let Expression::Traversal(traversal) = expr
            && let Expression::Variable(root) = &traversal.expr
            && let [operator] = traversal.operators.as_slice()
            && let TraversalOperator::GetAttr(key) = operator.value()
        {
            match (root.value().as_str(), key.as_str()) {
                ("deployment", "name") => return Some(TemplatePart::DeploymentName),
                ("setting", key) => return self.problems.take(spot, text::name(SettingKey::parse(key))).map(TemplatePart::Setting),
                _ => {}
            }
        }
        self.problems.add(
            spot,
            "a reference is `${setting.KEY}` or `${deployment.name}`, and nothing is computed; write `$${` for the characters themselves",
        );
        None
    }

    /// A whole number in a range.
    pub(super) fn whole(&mut self, field: Field<'_>, smallest: u64, largest: u64) -> Option<u64> {
        let number = match field.expr {
            Expression::Number(number) => number.value().as_u64(),
            _ => None,
        };
        let good = number.filter(|number| (smallest..=largest).contains(number));
        if good.is_none() {
            let spot = self.spot(field.expr);
            self.problems.add(spot, format!("`{}` is a whole number from {smallest} to {largest}", field.key));
        }
        good
    }

    /// Any number.
    pub(super) fn number(&mut self, field: Field<'_>) -> Option<f64> {
        match field.expr {
            Expression::Number(number) => number.value().as_f64().filter(|number| number.is_finite()),
            other => {
                self.expected("a number", other);
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, field: Field<'_>) -> Option<bool> {
        match field.expr {
            Expression::Bool(value) => Some(*value.value()),
            other => {
                self.expected("`true` or `false`", other);
                None
            }
        }
    }

    /// A list; what is none is a problem and counts as an empty one.
    pub(super) fn list<'b>(&mut self, field: Option<Field<'b>>) -> Vec<&'b Expression> {
        match field.map(|field| field.expr) {
            None => Vec::new(),
            Some(Expression::Array(array)) => array.iter().collect(),
            Some(other) => {
                self.expected("a list, such as `[\"a\", \"b\"]`", other);
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, field: Option<Field<'_>>) -> Vec<At<String>> {
        self.list(field).into_iter().filter_map(|expr| self.text(expr)).collect()
    }

    /// A text, a number, or yes and no.
    pub(super) fn scalar(&mut self, expr: &Expression) -> Option<Value> {
        match expr {
            Expression::Bool(value) => Some(Value::Bool(*value.value())),
            Expression::Number(number) => {
                let number = number.value();
                let whole = number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from));
                whole.or_else(|| number.as_f64().map(Value::from))
            }
            _ => self.text(expr).map(|text| Value::String(text.value)),
        }
    }

    fn expected(&mut self, what: &str, found: &Expression) {
        let found_what = match found {
            Expression::Null(_) => "`null`",
            Expression::Bool(_) => "`true` or `false`",
            Expression::Number(_) => "a number",
            Expression::String(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => "a text",
            Expression::Array(_) => "a list",
            Expression::Object(_) => "an object",
            Expression::Variable(_) | Expression::Traversal(_) => "a word without quotes",
            _ => "something to be computed",
        };
        let spot = self.spot(found);
        self.problems.add(spot, format!("this should be {what}, not {found_what}"));
    }
}
