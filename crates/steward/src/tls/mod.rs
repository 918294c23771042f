//! HTTPS: which certificate the server shows, and when it shows another one.
//!
//! A certificate comes from the user's own files ([`own`]) or from an authority that Steward makes for
//! itself ([`authority`]). It is exchanged while the server runs; connections that are open keep theirs.

mod acme;
mod acme_http;
mod args;
pub mod authority;
mod certificate;
mod names;
mod own;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use steward_core::Timestamp;
use steward_engine::Clock;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use acme::Acme;
pub use acme::AcmeConfig;
pub use args::{HttpsArgs, HttpsArgsError};
pub use authority::Authority;
pub use certificate::{Facts, fingerprint, fingerprint_bytes, pem};
pub use names::Names;
use own::OwnCertificate;

/// How often it is looked whether another certificate is to be shown.
const LOOK: Duration = Duration::from_secs(2);
/// A certificate of one's own is called to mind when it ends within this time, in milliseconds.
const ENDS_SOON: i64 = 14 * 24 * 3600 * 1000;

/// The one provider of cryptography.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

type Result<T> = std::result::Result<T, TlsError>;

fn at(path: &Path) -> impl Fn(std::io::Error) -> TlsError + '_ {
    move |error| TlsError(format!("{} cannot be read or written: {error}", path.display()))
}

/// A certificate with its chain and key, and what it says.
#[derive(Clone, Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    facts: Facts,
}

/// Where certificates come from.
enum Source {
    Own(OwnCertificate),
    Local { authority: Box<Authority>, names: Names, acme: Option<Box<Acme>> },
}

/// What the server shows to those who connect, and where it comes from.
pub struct Tls {
    source: Source,
    clock: Arc<dyn Clock>,
    now: RwLock<Now>,
}

struct Now {
    shown: Shown,
    /// Why there is no newer one, though there should be.
    problem: Option<String>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({:?})", self.facts().names)
    }
}

impl ResolvesServerCert for Tls {
    /// But for what is issued over ACME, the same for every name: whoever asks by another one is to see that it is not this server's.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(issued) = self.acme().and_then(|acme| acme.resolve(&hello)) {
            return issued;
        }
        Some(self.read(|now| Arc::clone(&now.shown.key)))
    }
}

impl Tls {
    /// Shows the certificate of two files, and reads them again when they change.
    ///
    /// # Errors
    /// When they hold no certificate that can be shown now.
    pub fn own(certificate: PathBuf, key: PathBuf, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let mut own = OwnCertificate::new(certificate, key);
        let shown = own.read(clock.now())?;
        Ok(Self::new(Source::Own(own), shown, clock))
    }

    /// Shows certificates of Steward's own authority, which is made in this folder when it is not there, and for
    /// the names of `acme` those that are issued to it.
    ///
    /// # Errors
    /// When the authority cannot be made or read.
    pub fn local(folder: &Path, names: Names, acme: Option<AcmeConfig>, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let authority = Authority::load_or_make(folder, &names.asked(), clock.now())?;
        let (_, refused) = authority.sort(names.asked());
        if !refused.is_empty() {
            tracing::warn!(
                names = refused.join(", "),
                "the authority was made without these names and cannot vouch for them; see the page on HTTPS for how to make a new one"
            );
        }
        let (granted, _) = authority.sort(names.now());
        let shown = authority.issue(granted, clock.now())?;
        let acme = acme.map(|config| Acme::new(config, folder, clock.now())).transpose()?;
        Ok(Self::new(Source::Local { authority: Box::new(authority), names, acme: acme.map(Box::new) }, shown, clock))
    }

    fn new(source: Source, shown: Shown, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { source, clock, now: RwLock::new(Now { shown, problem: None }) })
    }

    fn read<T>(&self, of: impl FnOnce(&Now) -> T) -> T {
        of(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How connections are made: TLS 1.2 and 1.3, and HTTP/1.1 within.
    ///
    /// # Errors
    /// When the provider of cryptography cannot do that, which is a defect.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| TlsError(format!("HTTPS cannot be spoken: {error}")))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.acme().is_some() {
            config.alpn_protocols.push(acme::PROTOCOL.to_vec());
        }
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// What the certificate that is shown now says: the one that was issued over ACME, when there is one.
    pub fn facts(&self) -> Facts {
        self.issued().unwrap_or_else(|| self.shown())
    }

    fn shown(&self) -> Facts {
        self.read(|now| now.shown.facts.clone())
    }

    /// What the certificate says that was issued over ACME.
    pub fn issued(&self) -> Option<Facts> {
        self.acme().and_then(|acme| acme.state().0)
    }

    fn acme(&self) -> Option<&Acme> {
        match &self.source {
            Source::Local { acme, .. } => acme.as_deref(),
            Source::Own(_) => None,
        }
    }

    /// The authority, when it is Steward's own.
    pub fn authority(&self) -> Option<&Authority> {
        match &self.source {
            Source::Local { authority, .. } => Some(authority),
            Source::Own(_) => None,
        }
    }

    /// What is wrong with what is shown, or soon will be.
    pub fn problem(&self) -> Option<String> {
        let (problem, ends) = self.read(|now| (now.problem.clone(), now.shown.facts.not_after));
        let now = self.clock.now();
        let left = ends.0.saturating_sub(now.0);
        let problem = problem.or_else(|| self.acme().and_then(|acme| acme.state().1));
        problem.or_else(|| match &self.source {
            _ if left <= 0 => Some("The certificate of this server has ended; browsers refuse it.".to_owned()),
            Source::Own(_) if left < ENDS_SOON => {
                Some(format!("The certificate of this server ends in {} days.", left / (24 * 3600 * 1000)))
            }
            Source::Local { authority, .. } => authority.problem(now),
            Source::Own(_) => None,
        })
    }

    /// Shows a newer certificate as soon as there is one, until `stop` is cancelled.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let issue = async {
            if let Some(acme) = self.acme() {
                acme.keep(&*self.clock, stop.clone()).await;
            }
        };
        tokio::join!(issue, self.keep_own(&stop));
    }

    async fn keep_own(self: &Arc<Self>, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            let tls = Arc::clone(self);
            // Files and interfaces are asked, which may take a while.
            if tokio::task::spawn_blocking(move || tls.look()).await.is_err() {
                tracing::error!("looking for a newer certificate failed by a defect");
            }
        }
    }

    /// Looks once.
    fn look(&self) {
        let time = self.clock.now();
        let newer = match &self.source {
            Source::Own(own) => own.read_if_changed(time),
            Source::Local { authority, names, .. } => self.renew(authority, names, time),
        };
        let Some(newer) = newer else { return };
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        match newer {
            Ok(shown) => {
                tracing::info!(names = shown.facts.names.join(", "), "another certificate is shown from now on");
                *now = Now { shown, problem: None };
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be shown; the one from before stays");
                now.problem = Some(format!("The new certificate of this server cannot be shown, the one from before stays: {error}"));
            }
        }
    }

    fn renew(&self, authority: &Authority, names: &Names, time: Timestamp) -> Option<Result<Shown>> {
        let (granted, _) = authority.sort(names.now());
        let facts = self.shown();
        (facts.names != granted || authority.is_due(&facts, time)).then(|| authority.issue(granted, time))
    }
}
