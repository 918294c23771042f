//! `steward catalog lint`: looks for mistakes in catalog entries, in a folder without any server, or
//! in the server's catalog.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;
use steward_core::definition::MAX_FILE;
use steward_engine::catalog::{self, Broken, Format, Origin, RawEntry};

use super::super::client::decode;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::text;
use crate::api::types::ApplicationSummary;

/// The first of these that is there defines an application.
const FORMATS: [Format; 2] = [Format::Hcl, Format::Compose];

/// What was looked at, and what is wrong.
struct Report {
    entries: usize,
    broken: Vec<Broken>,
}

/// Lints a folder, or the server's catalog without one.
///
/// # Errors
/// Exit code 2 when something is wrong, with every place.
pub async fn run(context: &Context, folder: Option<PathBuf>) -> Result<(), Failure> {
    let report = match folder {
        Some(folder) => offline(&folder)?,
        None => {
            let all: Vec<ApplicationSummary> = decode(&context.client()?.get("/applications", &[]).await?)?;
            Report { entries: all.len(), broken: all.into_iter().filter_map(|application| application.broken).flatten().collect() }
        }
    };
    tell(context, &report)
}

fn tell(context: &Context, report: &Report) -> Result<(), Failure> {
    let printer = &context.printer;
    if printer.structured() {
        printer.data(&json!(report.broken))?;
    } else {
        let line = |broken: &Broken| {
            format!("{}:{}:{}: {}\n", text::clean(&broken.file), broken.line, broken.column, text::clean_block(&broken.message))
        };
        printer.raw(&report.broken.iter().map(line).collect::<String>())?;
    }
    let entries = if report.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", report.entries) };
    if report.broken.is_empty() {
        if !printer.structured() {
            printer.note(&format!("{entries}, nothing wrong"));
        }
        return Ok(());
    }
    let message = format!("{} in {entries}", text::count(report.broken.len(), "mistake"));
    Err(Failure::new(Exit::USAGE, "invalid_definition", message))
}

fn offline(folder: &Path) -> Result<Report, Failure> {
    let found = places(folder)?;
    let mut broken = Vec::new();
    for (path, format) in &found {
        match read(path, *format) {
            Ok(entry) => {
                let shown = path.display().to_string();
                let problems = catalog::parse(&entry).err().unwrap_or_default();
                // The parser names the file below its catalog; here it is named as it was asked for.
                broken.extend(problems.into_iter().map(|problem| Broken { file: shown.clone(), ..problem }));
            }
            Err(message) => broken.push(Broken { file: path.display().to_string(), line: 1, column: 1, message }),
        }
    }
    Ok(Report { entries: found.len(), broken })
}

/// The files that define applications: the one that is named, the one in the folder that is named,
/// or those in the folders below it.
fn places(path: &Path) -> Result<Vec<(PathBuf, Format)>, Failure> {
    let missing = |error: std::io::Error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NOT_FOUND } else { Exit::OTHER };
        Failure::new(
            exit,
            if exit == Exit::NOT_FOUND { "not_found" } else { "unreadable" },
            format!("cannot read `{}`: {error}", path.display()),
        )
    };
    if !fs::metadata(path).map_err(missing)?.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let format = FORMATS.into_iter().find(|format| format.file_name() == name);
        let format = format.ok_or_else(|| Failure::usage(format!("`{}` is neither service.hcl nor compose.yaml", path.display())))?;
        return Ok(vec![(path.to_owned(), format)]);
    }
    if let Some(own) = defined_in(path) {
        return Ok(vec![own]);
    }
    let mut folders: Vec<PathBuf> =
        fs::read_dir(path).map_err(missing)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    let found: Vec<(PathBuf, Format)> = folders.iter().filter_map(|folder| defined_in(folder)).collect();
    if found.is_empty() {
        let hint = "An entry is a folder with a service.hcl or a compose.yaml.";
        return Err(Failure::usage(format!("there is no catalog entry in `{}`", path.display())).hint(hint));
    }
    Ok(found)
}

fn defined_in(folder: &Path) -> Option<(PathBuf, Format)> {
    FORMATS.into_iter().map(|format| (folder.join(format.file_name()), format)).find(|(path, _)| path.is_file())
}

fn read(path: &Path, format: Format) -> Result<RawEntry, String> {
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that the parser sees that it is too long.
    let read = File::open(path).and_then(|file| file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot be read: {error}"))?;
    let text =
        String::from_utf8(bytes).map_err(|error| format!("this is no UTF-8 text from byte {} on", error.utf8_error().valid_up_to()))?;
    // `.` has no name of its own.
    let parent = path.parent().map(|parent| fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned()));
    let folder = parent.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(RawEntry { folder, format, text, icon: None, origin: Origin::Local })
}
