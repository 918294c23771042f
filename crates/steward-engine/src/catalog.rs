//! The catalog: every application that can be deployed, broken entries included.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use steward_core::definition::{Definition, DefinitionProblem, compose_file, hcl};
use steward_core::name::Slug;
use steward_core::{Code, Refusal};

/// Folders are read again at most this often.
const FRESH: Duration = Duration::from_secs(2);

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It came with Steward.
    Builtin,
    /// It is in the data folder's `catalog`.
    Local,
}

/// The file that defines an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `service.hcl`.
    Hcl,
    /// `compose.yaml`.
    Compose,
}

impl Format {
    /// The file's name.
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Hcl => "service.hcl",
            Format::Compose => "compose.yaml",
        }
    }
}

/// One entry as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// Its folder's name; may be no slug.
    pub folder: String,
    /// What kind of file.
    pub format: Format,
    /// The file's text.
    pub text: String,
    /// Its icon, an SVG.
    pub icon: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Gives the entries.
pub trait CatalogSource: Send + Sync + 'static {
    /// Every entry; later ones replace earlier ones of the same folder name.
    fn entries(&self) -> Vec<RawEntry>;
}

/// Why an entry is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Broken {
    /// The file, below the catalog.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

/// One application.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its slug.
    pub slug: Slug,
    /// What was read.
    pub raw: RawEntry,
    /// The definition, or why there is none.
    pub definition: Result<Arc<Definition>, Vec<Broken>>,
}

/// Parses one entry.
///
/// # Errors
/// Everything that is wrong with it, with file, line and column.
pub fn parse(raw: &RawEntry) -> Result<Definition, Vec<Broken>> {
    let file = format!("{}/{}", raw.folder, raw.format.file_name());
    let place =
        |problem: DefinitionProblem| Broken { file: file.clone(), line: problem.line, column: problem.column, message: problem.message };
    let parsed = match (Slug::parse(&raw.folder), raw.format) {
        (Err(refusal), _) => Err(vec![DefinitionProblem { line: 1, column: 1, message: format!("the folder's name: {refusal}") }]),
        (Ok(_), Format::Hcl) => hcl::parse(&raw.text),
        (Ok(slug), Format::Compose) => compose_file::parse(&raw.text, &slug),
    };
    parsed.map_err(|problems| problems.into_iter().map(place).collect())
}

/// Every entry, parsed once and again when its text changes.
pub struct Catalog {
    source: Box<dyn CatalogSource>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    read_at: Option<Instant>,
    entries: Arc<BTreeMap<Slug, Entry>>,
}

impl Catalog {
    pub(crate) fn new(source: Box<dyn CatalogSource>) -> Self {
        Self { source, cache: Mutex::new(Cache::default()) }
    }

    /// All entries by slug.
    pub fn entries(&self) -> Arc<BTreeMap<Slug, Entry>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.read_at.is_none_or(|at| at.elapsed() > FRESH) {
            let mut entries = BTreeMap::new();
            for raw in self.source.entries() {
                // A folder whose name is no slug cannot be addressed; it is shown under a name that can.
                let Ok(slug) = Slug::parse(&raw.folder).or_else(|_| Slug::parse(&shown_slug(&raw.folder))) else { continue };
                let known = cache.entries.get(&slug).filter(|entry| entry.raw == raw);
                let entry = known.cloned().unwrap_or_else(|| Entry { definition: parse(&raw).map(Arc::new), slug: slug.clone(), raw });
                entries.insert(slug, entry);
            }
            cache.entries = Arc::new(entries);
            cache.read_at = Some(Instant::now());
        }
        Arc::clone(&cache.entries)
    }

    /// One entry.
    ///
    /// # Errors
    /// `not_found`.
    pub fn entry(&self, slug: &Slug) -> Result<Entry, Refusal> {
        self.entries().get(slug).cloned().ok_or_else(|| Refusal::not_found("application", slug))
    }

    /// The definition of one entry.
    ///
    /// # Errors
    /// `not_found`; `invalid_definition` when the entry is broken.
    pub fn definition(&self, slug: &Slug) -> Result<Arc<Definition>, Refusal> {
        self.entry(slug)?.definition.map_err(|broken| {
            let first = broken.first().map(|b| format!("{}:{}:{}: {}", b.file, b.line, b.column, b.message)).unwrap_or_default();
            Refusal::new(Code::InvalidDefinition, format!("the catalog entry `{slug}` is broken: {first}")).with_field("application")
        })
    }
}

/// A folder's name turned into something that can be shown and asked for.
fn shown_slug(folder: &str) -> String {
    let text: String = folder.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(Slug::MAX).collect()
}
