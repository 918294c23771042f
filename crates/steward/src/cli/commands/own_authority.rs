//! `steward self ca`: the authority that vouches for this machine's server, read from its files.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::when;
use crate::config;
use crate::tls::{Facts, authority};

const EXAMPLES: &str = "\
Examples:
  steward self ca                                 its fingerprint, to compare with what another machine shows
  steward self ca --pem > steward-ca.crt          its certificate, to be trusted by devices
  sudo -u steward steward self ca --data-dir /var/lib/steward
";

/// Options of `steward self ca`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct CaArgs {
    /// Print the certificate itself, in PEM.
    #[arg(long)]
    pub pem: bool,
    /// The data folder. Without it $XDG_DATA_HOME/steward, or ~/.local/share/steward.
    #[arg(long, env = "STEWARD_DATA_DIR", value_name = "FOLDER", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
}

/// Says which authority vouches for this machine's server. Nobody in between can change that.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn run(context: &Context, args: &CaArgs) -> Result<(), Failure> {
    let data = config::data_dir(args.data_dir.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
    let file = authority::certificate_file(&data);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("there is no authority in {}", data.display());
            return Err(Failure::new(Exit::NOT_FOUND, "not_found", message)
                .hint("It is made at the first start with --https. Another data folder is named with --data-dir."));
        }
        Err(error) => return Err(Failure::new(Exit::OTHER, "storage_unavailable", format!("{} cannot be read: {error}", file.display()))),
    };
    let bad = |_| Failure::new(Exit::CORRUPT, "corrupt", format!("{} is no certificate", file.display()));
    let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| bad(()))?;
    let facts = Facts::of(&certificate).map_err(|_| bad(()))?;
    if args.pem {
        return context.printer.raw(&text);
    }
    let value = json!({
        "name": facts.subject,
        "fingerprint": facts.fingerprint,
        "expires_at": facts.not_after,
        "file": file.display().to_string(),
        "pem": text,
    });
    context.printer.object(&value, "fingerprint", || {
        Ok(format!(
            "{}\n  SHA-256  {}\n  ends     {}\n  file     {}\n",
            facts.subject,
            facts.fingerprint,
            when::date_time(facts.not_after.0),
            file.display()
        ))
    })
}
