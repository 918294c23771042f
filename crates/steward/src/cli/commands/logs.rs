//! `steward logs`: the log of an app, written as fast as it comes.

use std::borrow::Cow;
use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Deserialize;

use super::super::client::{decode, segment};
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::paint::Paint;
use super::super::{text, when};
use super::suggest;
use crate::api::types::DeploymentView;

const EXAMPLES: &str = "\
Examples:
  steward logs hello
  steward logs hello -f --since 10m
  steward logs hello --grep error --tail 1000
  steward logs hello --json | jq -r .text
";
/// How much is written at once.
const BUFFER: usize = 64 * 1024;

/// Options of `steward logs`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct LogsArgs {
    /// The app's name.
    pub name: String,
    /// Go on with lines as they come, until Ctrl-C.
    #[arg(short, long)]
    pub follow: bool,
    /// Only lines since then: a time ago such as 10m, or seconds since 1970.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// How many lines from the end; 200 without it.
    #[arg(long, short = 'n', value_name = "N")]
    pub tail: Option<u32>,
    /// Only lines that contain this text, whatever the case.
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,
    /// Only lines of this service.
    #[arg(long, short, value_name = "NAME")]
    pub service: Option<String>,
    /// Show when each line was written.
    #[arg(long, short)]
    pub timestamps: bool,
}

/// A line as it comes; borrowed from the answer, because there may be very many.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    at: Option<i64>,
    #[serde(borrow, default)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// How lines are written.
struct Writer {
    out: BufWriter<StdoutLock<'static>>,
    paint: Paint,
    json: bool,
    services: bool,
    timestamps: bool,
}

/// Prints a log.
///
/// # Errors
/// What the server refused, or that the connection broke.
pub async fn run(context: &Context, args: LogsArgs) -> Result<(), Failure> {
    let LogsArgs { name, follow, since, tail, grep, service, timestamps } = args;
    let client = context.client()?;
    let path = format!("/deployments/{}", segment(&name));
    let app: DeploymentView = match client.get(&path, &[]).await {
        Ok(value) => decode(&value)?,
        Err(failure) => return Err(suggest(&client, failure, "/deployments", "name", &name).await),
    };
    if let Some(wanted) = &service {
        super::pick(&app.services, "service", wanted, |known| [known.name.as_str(), known.name.as_str()])?;
    }
    let mut query = Vec::new();
    query.extend(tail.map(|tail| ("tail", tail.to_string())));
    query.extend(since.map(|since| ("since", since)));
    query.extend(grep.map(|grep| ("grep", grep)));
    let services = service.is_none() && app.services.len() > 1;
    query.extend(service.map(|service| ("service", service)));
    query.extend(follow.then(|| ("follow", "true".to_owned())));
    let mut lines = client.stream(&format!("{path}/logs"), &query).await?;

    let out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let mut writer = Writer { out, paint: context.printer.paint, json: context.printer.structured(), services, timestamps };
    loop {
        while let Some(line) = lines.take() {
            writer.line(&line)?;
        }
        if lines.ended() {
            break;
        }
        // Written out when there is nothing more to read at once: a full pipe costs few writes, and a
        // quiet log shows its last line.
        if !lines.fill_now().await.map_err(broke)? {
            writer.out.flush()?;
            lines.fill().await.map_err(broke)?;
        }
    }
    writer.out.flush()?;
    if follow {
        context.printer.note("The log ended.");
    }
    Ok(())
}

fn broke(reason: String) -> Failure {
    Failure::new(Exit::UNREACHABLE, "connection_broken", reason)
}

impl Writer {
    fn line(&mut self, raw: &[u8]) -> io::Result<()> {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(raw) else { return Ok(()) };
        if self.json {
            let json = String::from_utf8_lossy(raw).into_owned();
            return writeln!(self.out, "{}", text::escape(json));
        }
        if self.timestamps {
            let at = line.at.map_or_else(|| "—".to_owned(), when::exact);
            write!(self.out, "{} ", self.paint.dim(&at))?;
        }
        if self.services {
            write!(self.out, "{} ", self.paint.dim(&format!("{} |", text::clean(&line.service))))?;
        }
        self.out.write_all(text::clean(&line.text).as_bytes())?;
        self.out.write_all(b"\n")
    }
}
