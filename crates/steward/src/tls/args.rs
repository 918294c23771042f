//! The options that turn HTTPS on.

use std::path::PathBuf;

/// Options of HTTPS.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "HTTPS")]
pub struct HttpsArgs {
    /// Serve HTTPS: with --tls-cert and --tls-key, or with certificates of an authority that Steward makes
    /// for itself. Plain HTTP on the same port is led to HTTPS.
    #[arg(long, env = "STEWARD_HTTPS", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    pub https: bool,
    /// A certificate of your own with its chain, in PEM; read again when it changes.
    #[arg(long, env = "STEWARD_TLS_CERT", value_name = "FILE", hide_env_values = true)]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, in PEM; only Steward's user may be able to read it.
    #[arg(long, env = "STEWARD_TLS_KEY", value_name = "FILE", hide_env_values = true)]
    pub tls_key: Option<PathBuf>,
    /// Do not tell browsers to use nothing but HTTPS for the names of --allowed-host. Needed where apps
    /// are asked by the same name over plain HTTP: that rule holds for every port of a name.
    #[arg(long, env = "STEWARD_NO_HSTS", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    pub no_hsts: bool,
}

/// Options that do not go together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpsArgsError {
    /// One file without the other.
    #[error("--tls-cert and --tls-key go together: one is missing")]
    Half,
    /// Files for HTTPS, and no HTTPS.
    #[error("--tls-cert and --tls-key are for HTTPS: add --https")]
    Off,
}

impl HttpsArgs {
    /// The two files, when they are named.
    ///
    /// # Errors
    /// When only one is named, or HTTPS is off.
    pub fn files(&self) -> Result<Option<(PathBuf, PathBuf)>, HttpsArgsError> {
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) if !self.https => Err(HttpsArgsError::Off),
            (Some(certificate), Some(key)) => Ok(Some((certificate.clone(), key.clone()))),
            _ => Err(HttpsArgsError::Half),
        }
    }
}
