//! Whom the client believes that a server is who it says.
//!
//! Nothing is ever sent to a server whose certificate is not believed: there is no client that takes
//! any certificate. What an unknown server shows is remembered when the connection is refused, so
//! that it can be shown to a person.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::exit::Exit;
use super::failure::Failure;
use crate::tls::{self, Facts};

/// Whom a client believes.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// A file with authorities beside the system's own.
    pub file: Option<PathBuf>,
    /// The one authority, or certificate, that a person has said to trust for this server, in PEM.
    pub pinned: Option<String>,
    /// Whether the system's authorities count.
    pub system: bool,
}

/// A certificate that was not believed.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What the server showed, its own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Why it is not believed.
    pub error: rustls::Error,
}

/// Remembers what was refused last.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Option<Refused>>>);

impl Witness {
    /// What was refused last.
    pub fn refused(&self) -> Option<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Trust {
    /// How connections are made by whoever trusts this.
    ///
    /// # Errors
    /// When an authority cannot be read.
    pub fn config(&self, witness: &Witness) -> Result<ClientConfig, Failure> {
        let provider = tls::provider();
        let pinned = self.pinned.as_deref().map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()));
        let pinned = pinned.transpose().map_err(|_| {
            Failure::new(Exit::OTHER, "sign_in_file", "the authority that is kept with the sign-in is none").hint("Sign in again.")
        })?;
        let verifier = Verifier { roots: roots(self.roots(pinned.as_ref())?, &provider), pinned, witness: witness.clone(), provider };
        config(verifier)
    }

    /// How plain connections are made: no authority is read for them, and none is trusted.
    ///
    /// # Errors
    /// Never, unless the library has a defect.
    pub fn nobody(witness: &Witness) -> Result<ClientConfig, Failure> {
        config(Verifier { roots: None, pinned: None, witness: witness.clone(), provider: tls::provider() })
    }

    fn roots(&self, pinned: Option<&CertificateDer<'static>>) -> Result<RootCertStore, Failure> {
        let mut store = RootCertStore::empty();
        if let Some(pinned) = pinned {
            // One that is no authority is compared as it is.
            let _ = store.add(pinned.clone());
        } else if self.system {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if let Some(file) = &self.file {
            store.add_parsable_certificates(read(file)?);
        }
        Ok(store)
    }
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bad = |why: &str| Failure::value("ca", format!("the file of authorities {}: {why}", file.display()));
    let text = std::fs::read(file).map_err(|error| bad(&error.to_string()))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(bad("there is no certificate in PEM in it")),
        Err(error) => Err(bad(&error.to_string())),
    }
}

fn roots(store: RootCertStore, provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    // Without any authority there is nothing to verify by.
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build().ok()
}

fn config(verifier: Verifier) -> Result<ClientConfig, Failure> {
    let defect = |error: rustls::Error| Failure::new(Exit::OTHER, "client", format!("HTTPS cannot be spoken: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider)).with_safe_default_protocol_versions();
    Ok(builder.map_err(defect)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Says of a chain whether it leads to this authority, or is this very certificate, for this name.
///
/// # Errors
/// Why not.
pub fn leads_to(chain: &[CertificateDer<'static>], authority: &CertificateDer<'static>, host: &str) -> Result<(), rustls::Error> {
    let Some((first, rest)) = chain.split_first() else { return Err(CertificateError::BadEncoding.into()) };
    let provider = tls::provider();
    let mut store = RootCertStore::empty();
    let _ = store.add(authority.clone());
    let verifier = Verifier { roots: roots(store, &provider), pinned: Some(authority.clone()), witness: Witness::default(), provider };
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|_| CertificateError::NotValidForName)?;
    verifier.verify_server_cert(first, rest, &name, &[], UnixTime::now()).map(drop)
}

#[derive(Debug)]
struct Verifier {
    roots: Option<Arc<WebPkiServerVerifier>>,
    pinned: Option<CertificateDer<'static>>,
    witness: Witness,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The very certificate that a person has compared. It is proved in the handshake that the server
        // has its key; who vouches for it, and for which name, says nothing more.
        if self.pinned.as_ref().is_some_and(|pinned| pinned == certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.roots {
            Some(roots) => roots.verify_server_cert(certificate, rest, name, stapled, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(certificate, rest, name, stapled, now).inspect_err(|error| {
            let chain = std::iter::once(certificate).chain(rest).map(|one| one.clone().into_owned()).collect();
            let refused = Refused { chain, error: error.clone() };
            *self.witness.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Refused {
    /// What it would take to believe the server: the authority it shows, else its own certificate.
    pub fn candidate(&self) -> Option<(CertificateDer<'static>, Facts)> {
        let facts = |certificate: &CertificateDer<'static>| Some((certificate.clone(), Facts::of(certificate).ok()?));
        let authority = self.chain.iter().skip(1).next_back().and_then(facts).filter(|(_, facts)| facts.is_authority);
        authority.or_else(|| self.chain.first().and_then(facts))
    }

    /// Why the server at this address is not believed.
    pub fn failure(&self, url: &str) -> Failure {
        let rustls::Error::InvalidCertificate(error) = &self.error else {
            return untrusted(format!("the certificate of {url} is not trusted: {}", self.error));
        };
        let own = self.chain.first().and_then(|certificate| Facts::of(certificate).ok());
        let names = own.map(|facts| facts.names.join(", ")).unwrap_or_default();
        match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                untrusted(format!("the certificate of {url} is for other names: {names}"))
                    .hint("Ask by one of these, or start the server with --allowed-host NAME.")
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                untrusted(format!("the certificate of {url} has ended")).hint("Renew it, and look whether both clocks are right.")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                untrusted(format!("the certificate of {url} does not hold yet")).hint("Look whether both clocks are right.")
            }
            _ => {
                let shown =
                    self.candidate().map(|(_, facts)| format!("; {}, SHA-256 {}", facts.subject, facts.fingerprint)).unwrap_or_default();
                untrusted(format!("the certificate of {url} is of nobody who is trusted here{shown}")).hint(format!(
                    "If it is your server: compare that with `steward self ca` on the server's own machine, then steward login --url {url} --fingerprint SHA256"
                ))
            }
        }
    }
}

fn untrusted(message: String) -> Failure {
    Failure::new(Exit::NOT_ALLOWED, "certificate_not_trusted", message)
}
