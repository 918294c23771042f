//! The options that turn HTTPS on.

use std::path::PathBuf;

use super::acme::{AcmeConfig, LETS_ENCRYPT};
use super::names::plain;

/// Options of HTTPS.
#[derive(Clone, Debug, clap::Args)]
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
    /// Have a certificate for this name issued over ACME, by Let's Encrypt if nothing else is said, whose
    /// terms you agree to. Port 443 of the name has to lead to this server. Can be given several times;
    /// in the variable, separated by commas.
    #[arg(long = "acme", env = "STEWARD_ACME", value_name = "NAME", value_delimiter = ',', hide_env_values = true)]
    pub acme: Vec<String>,
    /// Who issues it: where an authority lists what it offers over ACME.
    #[arg(long, env = "STEWARD_ACME_DIRECTORY", value_name = "URL", default_value = LETS_ENCRYPT, hide_env_values = true)]
    pub acme_directory: String,
    /// A file with the authority of that server itself, in PEM, when the system does not trust it.
    #[arg(long, env = "STEWARD_ACME_CA", value_name = "FILE", hide_env_values = true)]
    pub acme_ca: Option<PathBuf>,
    /// Do not tell browsers to use nothing but HTTPS for the names of --allowed-host and
    /// --acme. Needed where apps
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
    /// Names for ACME, and no HTTPS.
    #[error("--acme is for HTTPS: add --https")]
    AcmeOff,
    /// Two sources for one certificate.
    #[error("--acme and --tls-cert exclude each other")]
    Both,
    /// A name that no authority issues a certificate for.
    #[error("`{0}` is no name that a certificate is issued for over ACME: it has to be a full name in the DNS")]
    Name(String),
    /// An address that is none, or not HTTPS.
    #[error("`{0}` is no address of an authority: it begins with https://")]
    Directory(String),
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

    /// What is asked for over ACME, when anything is.
    ///
    /// # Errors
    /// When it does not go together, or a name or the address is none.
    pub fn acme(&self) -> Result<Option<AcmeConfig>, HttpsArgsError> {
        if self.acme.is_empty() {
            return Ok(None);
        }
        if !self.https {
            return Err(HttpsArgsError::AcmeOff);
        }
        if self.tls_cert.is_some() {
            return Err(HttpsArgsError::Both);
        }
        let full = |name: &String| {
            let named = plain(name).filter(|name| name.contains('.') && name.parse::<std::net::IpAddr>().is_err());
            named.ok_or_else(|| HttpsArgsError::Name(name.clone()))
        };
        let directory = self.acme_directory.clone();
        if !directory.starts_with("https://") || reqwest::Url::parse(&directory).is_err() {
            return Err(HttpsArgsError::Directory(directory));
        }
        let names = self.acme.iter().map(full).collect::<Result<_, _>>()?;
        Ok(Some(AcmeConfig { names, directory, ca: self.acme_ca.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct All {
        #[command(flatten)]
        https: HttpsArgs,
    }

    fn read(words: &[&str]) -> HttpsArgs {
        All::parse_from([&["steward"], words].concat()).https
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        assert_eq!(read(&["--tls-cert", "x"]).files(), Err(HttpsArgsError::Half));
        assert_eq!(read(&["--tls-cert", "x", "--tls-key", "y"]).files(), Err(HttpsArgsError::Off));
        assert!(read(&["--https", "--tls-cert", "x", "--tls-key", "y"]).files().unwrap().is_some());
        let acme = |words: &[&str]| read(words).acme().map(|config| config.map(|config| config.names));
        assert_eq!(acme(&["--https"]), Ok(None));
        assert_eq!(
            acme(&["--https", "--acme", "Nas.Example.org,b.example.org"]),
            Ok(Some(vec!["nas.example.org".into(), "b.example.org".into()]))
        );
        assert_eq!(acme(&["--acme", "a.b"]), Err(HttpsArgsError::AcmeOff));
        assert_eq!(acme(&["--https", "--acme", "a.b", "--tls-cert", "x", "--tls-key", "y"]), Err(HttpsArgsError::Both));
        for bad in ["nas", "192.168.1.1", "*.example.org", "a b.c"] {
            assert_eq!(acme(&["--https", "--acme", bad]), Err(HttpsArgsError::Name(bad.to_owned())), "{bad}");
        }
        let plain = acme(&["--https", "--acme", "a.b", "--acme-directory", "http://ca"]);
        assert_eq!(plain, Err(HttpsArgsError::Directory("http://ca".to_owned())));
    }
}
