//! Reads a `service.hcl`.
//!
//! The parser keeps places, and the decoder below is our own: a general one would read a single
//! `volume {}` as something else than two of them, and could not say on which line a type is wrong.

mod container;
mod reader;
mod setting;
#[cfg(test)]
mod tests;

use hcl_edit::structure::{Block, Body, Structure};

use self::reader::{Reader, Table};
use super::draft::{At, Draft, DraftContainer, Spot};
use super::{Database, Definition, DefinitionProblem, MAX_FILE, Resources, check, text};
use crate::name::{ServiceName, Slug};

/// Reads the text of a `service.hcl`.
///
/// # Errors
/// Everything that is wrong, each at its place.
pub fn parse(text: &str) -> Result<Definition, Vec<DefinitionProblem>> {
    let first = |message: String| DefinitionProblem { line: 1, column: 1, message };
    if text.len() > MAX_FILE {
        return Err(vec![first(format!("the file is larger than {} KiB", MAX_FILE / 1024))]);
    }
    // The parser itself stops at 64 nested levels and 128 chained operators; a test holds it to that.
    let body = hcl_edit::parser::parse_body(text).map_err(|error| vec![not_hcl(&error)])?;
    let mut reader = Reader::new(text);
    match document(&mut reader, &body) {
        Some(draft) => check::finish(draft, reader.problems),
        None => Err(reader.problems.into_vec()),
    }
}

fn not_hcl(error: &hcl_edit::parser::Error) -> DefinitionProblem {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    // The parser notices a text without its end only where the line ends in something else.
    let quotes = error.line().matches('"').count() % 2;
    let hint = if quotes == 1 { " (is a `\"` missing on this line?)" } else { "" };
    DefinitionProblem {
        line: number(error.location().line()),
        column: number(error.location().column()),
        message: format!("this is not HCL: {}{hint}", error.message()),
    }
}

/// The one `service` block.
fn document(reader: &mut Reader<'_>, body: &Body) -> Option<Draft> {
    let mut services: Vec<&Block> = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Block(block) if block.has_ident("service") => services.push(block),
            Structure::Block(block) => {
                let spot = reader.spot(&block.ident);
                reader.problems.add(spot, format!("`{}` cannot stand here; the file holds one block `service`", block.ident.as_str()));
            }
            Structure::Attribute(attribute) => {
                let spot = reader.spot(&attribute.key);
                reader.problems.add(spot, format!("`{}` cannot stand here; it belongs inside the block `service`", attribute.key.as_str()));
            }
        }
    }
    for block in services.iter().skip(1) {
        let spot = reader.spot(&block.ident);
        reader.problems.add(spot, "there is a second block `service`; a file holds one");
    }
    match services.first() {
        Some(block) => service(reader, block),
        None => {
            reader.problems.add(Spot { line: 1, column: 1 }, "there is no block `service`");
            None
        }
    }
}

const ATTRIBUTES: &[&str] = &["name", "title", "description", "category", "website", "public_access", "post_install", "env"];
const BLOCKS: &[&str] = &["container", "resources", "setting", "database", "volume", "env", "health_check"];

fn service(reader: &mut Reader<'_>, block: &Block) -> Option<Draft> {
    let spot = reader.spot(&block.ident);
    let slug = reader.label(block, |label| text::name(Slug::parse(label)));
    let table = reader.table("service", &block.body, ATTRIBUTES, BLOCKS);
    let name = reader.parsed(table.field("name"), text::title);
    if table.field("name").is_none() {
        reader.problems.add(spot, "the service has no `name`");
    }
    let title = reader.parsed(table.field("title"), text::title).or_else(|| name.clone());
    let main = slug.map_or_else(|| main_name(name.as_deref().unwrap_or_default()), |slug| slug.value.to_string());
    let containers = containers(reader, &table, &main);
    Some(Draft {
        spot,
        title: title.unwrap_or_default(),
        description: reader.parsed(table.field("description"), text::one_line).unwrap_or_default(),
        category: reader.parsed(table.field("category"), text::category).unwrap_or_else(|| "other".to_owned()),
        website: reader.parsed(table.field("website"), text::website),
        public_access: table.field("public_access").and_then(|field| reader.boolean(field)).unwrap_or(false),
        post_install: reader.parsed(table.field("post_install"), text::several_lines).map(|text| text.trim().to_owned()),
        resources: reader.only_block(&table, "resources").map(|block| resources(reader, block)).unwrap_or_default(),
        containers,
        settings: table.blocks("setting").filter_map(|block| setting::read(reader, block)).collect(),
        database: reader.only_block(&table, "database").and_then(|block| database(reader, block)),
    })
}

/// What a container without a label is called: the service's name as a slug.
fn main_name(name: &str) -> String {
    let slug = text::slugify(name, ServiceName::MAX);
    if ServiceName::parse(&slug).is_ok() { slug } else { "app".to_owned() }
}

/// The containers, the first one with what stands beside them in the service.
fn containers(reader: &mut Reader<'_>, table: &Table<'_>, main: &str) -> Vec<DraftContainer> {
    let mut containers: Vec<DraftContainer> = table.blocks("container").filter_map(|block| container::read(reader, block, main)).collect();
    if let Some(first) = containers.first_mut() {
        container::read_beside(reader, table, first);
    }
    containers
}

fn resources(reader: &mut Reader<'_>, block: &Block) -> Resources {
    let table = reader.table("resources", &block.body, &["cpu", "memory", "storage"], &[]);
    let mut number = |key: &str, largest: u64| table.field(key).and_then(|field| reader.whole(field, 0, largest)).unwrap_or(0);
    Resources { cpu: number("cpu", 1_000_000), memory: number("memory", 16 << 20), storage: number("storage", 1 << 30) }
}

fn database(reader: &mut Reader<'_>, block: &Block) -> Option<At<Database>> {
    let spot = reader.spot(&block.ident);
    let table = reader.table("database", &block.body, &["engine", "container"], &[]);
    let engine = reader.parsed(table.field("engine"), |text| match text {
        "postgres" | "mariadb" => Ok(text.to_owned()),
        _ => Err("the engine of a database is `postgres` or `mariadb`".to_owned()),
    });
    let container = reader.parsed(table.field("container"), |text| text::name(ServiceName::parse(text)));
    if table.field("engine").is_none() {
        reader.problems.add(spot, "the database has no `engine`: `postgres` or `mariadb`");
    }
    Some(At::new(spot, Database { engine: engine?, container }))
}
