//! `steward catalog`: what can be deployed.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;
use steward_core::definition::Setting;

use super::super::client::{Client, decode, segment};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::paint::{Paint, Tone};
use super::super::table::{Cell, Table};
use super::super::text;
use super::{lint, suggest};
use crate::api::types::{ApplicationDetail, ApplicationSummary};

const EXAMPLES: &str = "\
Examples:
  steward catalog list
  steward catalog search photos
  steward catalog show hello
  steward catalog show hello --source > service.hcl
";
const LINT_EXAMPLES: &str = "\
Examples:
  steward catalog lint ./catalog          a folder of entries, without a server
  steward catalog lint ./catalog/hello    one entry
  steward catalog lint                    the server's catalog
";

/// `steward catalog`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum CatalogCommand {
    /// Every application.
    #[command(before_help = EXAMPLES)]
    List,
    /// The applications whose name, description or category contains a text.
    #[command(before_help = EXAMPLES)]
    Search {
        /// What to look for; every word has to be there.
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// One application with its settings and ports.
    #[command(before_help = EXAMPLES)]
    Show {
        /// Its name in the catalog.
        slug: String,
        /// Print the text of its definition.
        #[arg(long)]
        source: bool,
    },
    /// Look for mistakes; exit code 2 when there are some.
    #[command(before_help = LINT_EXAMPLES)]
    Lint {
        /// A folder of entries, or one entry; the server's catalog without it.
        folder: Option<PathBuf>,
    },
}

/// The catalog.
///
/// # Errors
/// What the server refused, or the mistakes that lint found.
pub async fn run(context: &Context, command: CatalogCommand) -> Result<(), Failure> {
    match command {
        CatalogCommand::List => list(context, &context.client()?, &[]).await,
        CatalogCommand::Search { text } => list(context, &context.client()?, &text).await,
        CatalogCommand::Show { slug, source } => show(context, &context.client()?, &slug, source).await,
        CatalogCommand::Lint { folder } => lint::run(context, folder).await,
    }
}

fn matches(application: &Value, words: &[String]) -> bool {
    let field = |key: &str| application.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let text = ["slug", "title", "description", "category"].map(field).join("\n");
    words.iter().all(|word| text.contains(&word.to_lowercase()))
}

async fn list(context: &Context, client: &Client, words: &[String]) -> Result<(), Failure> {
    let mut value = client.get("/applications", &[]).await?;
    if let Some(all) = value.as_array_mut() {
        all.retain(|application| matches(application, words));
    }
    let empty = if words.is_empty() { "The catalog is empty." } else { "No application matches." };
    context.printer.list(&value, "slug", empty, || {
        let mut table = Table::new(&["NAME", "TITLE", "CATEGORY", "MEMORY", "APPS", "WHAT IT IS"]);
        for application in decode::<Vec<ApplicationSummary>>(&value)? {
            let broken = application.broken.as_ref().and_then(|broken| broken.first());
            let about = match broken {
                Some(b) => Cell::new(&format!("broken: {}:{}:{}: {}", b.file, b.line, b.column, b.message), Tone::Bad),
                None => application.description.as_str().into(),
            };
            table.row(vec![
                application.slug.as_str().into(),
                application.title.into(),
                application.category.into(),
                if application.resources.memory == 0 { String::new() } else { text::mib(application.resources.memory) }.into(),
                application.deployments.to_string().into(),
                about,
            ]);
        }
        Ok(table)
    })
}

async fn show(context: &Context, client: &Client, slug: &str, source: bool) -> Result<(), Failure> {
    let value = match client.get(&format!("/applications/{}", segment(slug)), &[]).await {
        Ok(value) => value,
        Err(failure) => return Err(suggest(client, failure, "/applications", "slug", slug).await),
    };
    if source && !context.printer.structured() {
        let text = value.get("source_text").and_then(Value::as_str).unwrap_or_default();
        return context.printer.raw(&text.lines().map(|line| text::clean(line).into_owned() + "\n").collect::<String>());
    }
    context.printer.object(&value, "slug", || Ok(shown(&decode(&value)?, context.printer.paint)))
}

fn shown(detail: &ApplicationDetail, paint: Paint) -> String {
    let summary = &detail.summary;
    let mut out = format!("{} ({})\n{}\n", paint.bold(&text::clean(&summary.title)), summary.slug, text::clean_block(&summary.description));
    if let Some(website) = &summary.website {
        out.push_str(&format!("{}\n", text::clean(website)));
    }
    if let Some(broken) = &summary.broken {
        out.push_str(&format!("\n{}\n", paint.bad("This entry is broken and cannot be deployed:")));
        for b in broken {
            out.push_str(&format!("  {}:{}:{}: {}\n", text::clean(&b.file), b.line, b.column, text::clean_block(&b.message)));
        }
        return out;
    }
    let needs = summary.resources;
    out.push_str(&format!("\nneeds {} of memory, {} of disk\n", text::mib(needs.memory), text::mib(needs.storage)));
    let images: Vec<&str> = summary.images.iter().map(|image| image.as_str()).collect();
    out.push_str(&format!("images: {}\n", images.join(", ")));
    let Some(definition) = &detail.definition else { return out };
    let mut ports = Table::new(&["PORT", "ON THE DEVICE", "SERVICE"]);
    let mut any = false;
    for container in &definition.containers {
        for port in &container.ports {
            any = true;
            let external = port.external.map_or_else(|| "not published".to_owned(), |external| external.to_string());
            ports.row(vec![port.key().into(), external.into(), container.name.as_str().into()]);
        }
    }
    if any {
        out.push_str(&format!("\n{}", ports.print(paint)));
    }
    if !definition.settings.is_empty() {
        let mut table = Table::new(&["SETTING", "TYPE", "DEFAULT", "WHAT IT IS"]);
        for setting in &definition.settings {
            table.row(vec![
                setting.key.as_str().into(),
                text::word(&setting.setting_type).into(),
                default(setting).into(),
                setting.title.as_str().into(),
            ]);
        }
        out.push_str(&format!("\n{}", table.print(paint)));
    }
    out.push_str(&format!("\nDeploy it with: steward deploy {}\n", summary.slug));
    out
}

fn default(setting: &Setting) -> String {
    match (&setting.default, setting.generate) {
        (Some(value), _) => text::value(value),
        (None, Some(_)) => "(generated)".to_owned(),
        (None, None) if setting.required => "(required)".to_owned(),
        (None, None) => String::new(),
    }
}
