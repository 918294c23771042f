//! Where output goes: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use serde_json::Value;

use super::environment::Environment;
use super::failure::Failure;
use super::paint::Paint;
use super::table::Table;
use super::text;

/// In which form data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and sentences for people.
    Table,
    /// JSON, as the API gives it.
    Json,
    /// The same as YAML.
    Yaml,
    /// Names only, one in a line.
    Name,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can show it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Prints.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// The form of data.
    pub format: Format,
    /// Whether only data is wanted.
    pub quiet: bool,
    /// Colour on standard output.
    pub paint: Paint,
    /// Colour on standard error.
    pub paint_err: Paint,
    /// Whether somebody can be asked.
    pub interactive: bool,
    /// Whether standard error can redraw a line.
    pub live: bool,
}

impl Printer {
    /// A printer for these options on the streams of this process.
    pub fn new(format: Format, quiet: bool, color: ColorChoice, environment: &Environment) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let colour = |terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if environment.no_color => false,
            ColorChoice::Auto => environment.force_color || (terminal && !environment.dumb),
        };
        Self {
            format,
            quiet,
            paint: Paint::new(colour(out)),
            paint_err: Paint::new(colour(err)),
            interactive: io::stdin().is_terminal() && err,
            live: err && !environment.dumb,
        }
    }

    /// Whether data is for a program.
    pub fn structured(&self) -> bool {
        matches!(self.format, Format::Json | Format::Yaml)
    }

    /// Data as JSON or YAML.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn data(&self, value: &Value) -> Result<(), Failure> {
        match self.format {
            Format::Yaml => {
                let yaml = serde_saphyr::to_string(value).map_err(|e| Failure::strange(format!("cannot be written as YAML: {e}")))?;
                self.raw(&text::escape(yaml))
            }
            _ => self.raw(&(text::json_pretty(value) + "\n")),
        }
    }

    /// A list: JSON, YAML, names, or a table made by `table`. `empty` is said when there is nothing.
    ///
    /// # Errors
    /// When it cannot be written, or `table` does not understand it.
    pub fn list(&self, items: &Value, name: &str, empty: &str, table: impl FnOnce() -> Result<Table, Failure>) -> Result<(), Failure> {
        if self.structured() {
            return self.data(items);
        }
        if self.format == Format::Name || self.quiet {
            let names = items.as_array().into_iter().flatten().filter_map(|item| item.get(name));
            let lines: String = names.map(|name| text::clean(&text::value(name)).into_owned() + "\n").collect();
            return self.raw(&lines);
        }
        if items.as_array().is_some_and(Vec::is_empty) {
            self.note(empty);
            return Ok(());
        }
        self.raw(&table()?.print(self.paint))
    }

    /// One object: JSON, YAML, its name, or text made by `human`.
    ///
    /// # Errors
    /// When it cannot be written, or `human` does not understand it.
    pub fn object(&self, object: &Value, name: &str, human: impl FnOnce() -> Result<String, Failure>) -> Result<(), Failure> {
        if self.structured() {
            return self.data(object);
        }
        if self.format == Format::Name || self.quiet {
            let name = object.get(name).map(text::value).unwrap_or_default();
            return self.raw(&format!("{}\n", text::clean(&name)));
        }
        self.raw(&human()?)
    }

    /// What an action did: the object for programs, a sentence for people, nothing when quiet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn done(&self, object: &Value, name: &str, sentence: &str) -> Result<(), Failure> {
        match self.format {
            Format::Json | Format::Yaml => self.data(object),
            Format::Name => self.raw(&format!("{}\n", text::clean(&object.get(name).map(text::value).unwrap_or_default()))),
            Format::Table if self.quiet => Ok(()),
            Format::Table => self.raw(&format!("{sentence}\n")),
        }
    }

    /// Text to standard output as it stands.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn raw(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// A hint to standard error; nothing when quiet.
    pub fn note(&self, line: &str) {
        if !self.quiet {
            self.tell(line);
        }
    }

    /// A line to standard error, also when quiet.
    pub fn tell(&self, line: &str) {
        // When even standard error is gone there is nobody left to tell.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// A failure to standard error.
    pub fn fail(&self, failure: &Failure) {
        if failure.silent {
            return;
        }
        let text = if self.structured() { failure.json() + "\n" } else { failure.human(self.paint_err) };
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}
