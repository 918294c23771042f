//! Certificates that an authority issues over ACME (RFC 8555), such as Let's Encrypt.
//!
//! The authority proves that a name is this server's by connecting to its port 443 and asking for a
//! protocol of its own, TLS-ALPN-01 (RFC 8737); the server's own listener answers. For every other name
//! Steward's own authority vouches.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use steward_core::Timestamp;
use steward_core::backup::TLS;
use steward_engine::Clock;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::acme_http::Http;
use super::authority::write;
use super::own::load;
use super::{Facts, Result, Shown, TlsError, at, provider};

/// The protocol by which the authority asks.
pub(super) const PROTOCOL: &[u8] = b"acme-tls/1";
/// Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// How long it may take until a certificate is issued.
const ORDER: Duration = Duration::from_secs(300);
/// How long one part of that may take.
const PART: Duration = Duration::from_secs(90);
/// How often it is looked whether a certificate is to be renewed.
const LOOK: Duration = Duration::from_secs(600);
/// How long to wait after a failure; twice as long after the next one. Authorities lock out who asks too often.
const AFTER_FAILURE: Duration = Duration::from_secs(300);
const AFTER_FAILURES: Duration = Duration::from_secs(6 * 3600);

/// Which names, and who issues certificates for them.
#[derive(Clone, Debug)]
pub struct AcmeConfig {
    /// The names, all in one certificate.
    pub names: Vec<String>,
    /// Where the authority lists what it offers.
    pub directory: String,
    /// A file with the authority of that server itself, when the system does not trust it.
    pub ca: Option<PathBuf>,
}

/// The files that are kept.
struct Files {
    account: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

/// An account, and where it is.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    credentials: AccountCredentials,
}

#[derive(Default)]
struct Now {
    shown: Option<Shown>,
    /// For each name what the authority wants to see.
    challenges: HashMap<String, Arc<CertifiedKey>>,
    problem: Option<String>,
}

/// Has certificates issued, and renewed.
pub(super) struct Acme {
    config: AcmeConfig,
    files: Files,
    http: Http,
    now: RwLock<Now>,
}

impl From<instant_acme::Error> for TlsError {
    fn from(error: instant_acme::Error) -> Self {
        Self(match said(&error) {
            Some(said) => format!("the authority says: {said}"),
            None => error.to_string(),
        })
    }
}

/// What the authority itself says of an error.
fn said(error: &instant_acme::Error) -> Option<&str> {
    match error {
        instant_acme::Error::Api(problem) => problem.detail.as_deref(),
        _ => None,
    }
}

fn said_of(name: &str, said: &str) -> TlsError {
    TlsError(format!("the authority says of {name}: {said}"))
}

fn defect(error: rcgen::Error) -> TlsError {
    TlsError(format!("a certificate cannot be asked for: {error}"))
}

impl Acme {
    /// With the certificate that is kept in a data folder, when there is one that still holds.
    pub(super) fn new(config: AcmeConfig, data: &Path, now: Timestamp) -> Result<Self> {
        let folder = data.join(TLS);
        let file = |name: &str| folder.join(name);
        let files = Files { account: file("acme-account.json"), certificate: file("acme.crt"), key: file("acme.key") };
        let http = Http::new(config.ca.as_deref())?;
        // One that is gone, or has ended, is issued anew.
        let shown = load(&files.certificate, &files.key, now).ok();
        Ok(Self { config, files, http, now: RwLock::new(Now { shown, ..Now::default() }) })
    }

    fn read<T>(&self, of: impl FnOnce(&Now) -> T) -> T {
        of(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, how: impl FnOnce(&mut Now)) {
        how(&mut self.now.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The certificate for this connection: none is this one's affair, `Some(None)` is nobody's.
    pub(super) fn resolve(&self, hello: &ClientHello<'_>) -> Option<Option<Arc<CertifiedKey>>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        if hello.alpn().is_some_and(|mut offered| offered.any(|protocol| protocol == PROTOCOL)) {
            return Some(name.and_then(|name| self.read(|now| now.challenges.get(&name).cloned())));
        }
        let name = name?;
        self.read(|now| now.shown.as_ref().filter(|shown| shown.facts.names.contains(&name)).map(|shown| Some(Arc::clone(&shown.key))))
    }

    /// What is shown, when there is something, and what is wrong.
    pub(super) fn state(&self) -> (Option<Facts>, Option<String>) {
        self.read(|now| (now.shown.as_ref().map(|shown| shown.facts.clone()), now.problem.clone()))
    }

    /// Has certificates issued when they are due, until `stop` is cancelled.
    pub(super) async fn keep(&self, clock: &dyn Clock, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let wait = if self.is_due(clock.now()) {
                let ordered = tokio::select! {
                    ordered = tokio::time::timeout(ORDER, self.order(clock)) => ordered,
                    () = stop.cancelled() => return,
                };
                let outcome = ordered.unwrap_or_else(|_| Err(TlsError(format!("it took longer than {} s", ORDER.as_secs()))));
                self.change(|now| now.challenges.clear());
                failures = if outcome.is_ok() { 0 } else { failures + 1 };
                self.remember(outcome, failures)
            } else {
                self.until_due(clock.now())
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Remembers what came of an order; gives how long to wait.
    fn remember(&self, outcome: Result<Shown>, failures: u32) -> Duration {
        match outcome {
            Ok(shown) => {
                tracing::info!(
                    names = shown.facts.names.join(", "),
                    directory = self.config.directory,
                    "a certificate was issued over ACME"
                );
                self.change(|now| (now.shown, now.problem) = (Some(shown), None));
                Duration::ZERO
            }
            Err(error) => {
                let wait = after(failures);
                let names = self.config.names.join(", ");
                tracing::error!(%error, names, directory = self.config.directory, next_in_s = wait.as_secs(), "no certificate was issued over ACME");
                self.change(|now| now.problem = Some(format!("No certificate was issued for {names}: {error}.")));
                wait
            }
        }
    }

    /// Whether a certificate is to be asked for: there is none, it is for other names, or it is due.
    fn is_due(&self, time: Timestamp) -> bool {
        let is_due = |facts: &Facts| due_at(facts) <= time || self.config.names.iter().any(|name| !facts.names.contains(name));
        self.read(|now| now.shown.as_ref().is_none_or(|shown| is_due(&shown.facts)))
    }

    /// How long to wait before the next look. Not until it is due: the machine may sleep, or its clock be set.
    fn until_due(&self, time: Timestamp) -> Duration {
        let left = self.read(|now| now.shown.as_ref().map_or(0, |shown| due_at(&shown.facts).since(time)));
        Duration::from_millis(left).clamp(Duration::from_secs(1), LOOK)
    }

    async fn order(&self, clock: &dyn Clock) -> Result<Shown> {
        let account = self.account().await?;
        let names: Vec<Identifier> = self.config.names.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await?;
        self.answer(&mut order).await?;
        let patience = RetryPolicy::default().timeout(PART);
        match order.poll_ready(&patience).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(why(&mut order, "it refused and did not say why").await),
            Err(error) => return Err(why(&mut order, &error.to_string()).await),
        }
        let key = KeyPair::generate().map_err(defect)?;
        let mut params = CertificateParams::new(self.config.names.clone()).map_err(defect)?;
        params.distinguished_name = DistinguishedName::new();
        order.finalize_csr(params.serialize_request(&key).map_err(defect)?.der()).await?;
        let chain = order.poll_certificate(&patience).await?;
        // The key first: without its certificate it is of no use to anybody, and asked for anew.
        write(&self.files.key, Zeroizing::new(key.serialize_pem()).as_bytes()).map_err(at(&self.files.key))?;
        write(&self.files.certificate, chain.as_bytes()).map_err(at(&self.files.certificate))?;
        load(&self.files.certificate, &self.files.key, clock.now())
    }

    /// The account at this authority; made when there is none.
    async fn account(&self) -> Result<Account> {
        let builder = || Account::builder_with_http(Box::new(self.http.clone()));
        let kept = std::fs::read(&self.files.account).ok().map(Zeroizing::new);
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        if let Some(kept) = kept.filter(|kept| kept.directory == self.config.directory) {
            return Ok(builder().from_credentials(kept.credentials).await?);
        }
        let new = NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder().create(&new, self.config.directory.clone(), None).await?;
        let kept = Kept { directory: self.config.directory.clone(), credentials };
        let text = Zeroizing::new(serde_json::to_vec(&kept).map_err(|error| TlsError(error.to_string()))?);
        write(&self.files.account, &text).map_err(at(&self.files.account))?;
        Ok(account)
    }

    /// Shows the authority what it wants to see, and says that it is there.
    async fn answer(&self, order: &mut Order) -> Result<()> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
                return Err(TlsError("the authority does not offer to prove a name by TLS (TLS-ALPN-01)".to_owned()));
            };
            let name = challenge.identifier().to_string().to_ascii_lowercase();
            let shown = proof(&name, challenge.key_authorization().digest().as_ref())?;
            self.change(|now| drop(now.challenges.insert(name.clone(), shown)));
            // Some authorities look at once and answer with what they found.
            challenge.set_ready().await.map_err(|error| match said(&error) {
                Some(said) => said_of(&name, said),
                None => error.into(),
            })?;
        }
        Ok(())
    }
}

/// When a certificate is to be renewed: a third of its time before it ends, so that short-lived ones are
/// renewed in time too.
fn due_at(facts: &Facts) -> Timestamp {
    facts.not_after.plus(-(facts.not_after.0 - facts.not_before.0) / 3)
}

fn after(failures: u32) -> Duration {
    AFTER_FAILURE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(AFTER_FAILURES)
}

/// The certificate that proves a name, for nobody but the authority.
fn proof(name: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>> {
    let key = KeyPair::generate().map_err(defect)?;
    let mut params = CertificateParams::new([name.to_owned()]).map_err(defect)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key).map_err(defect)?;
    let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| TlsError(error.to_owned()))?;
    let signer = provider().key_provider.load_private_key(secret).map_err(|error| TlsError(error.to_string()))?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signer)))
}

/// What the authority says of the names of an order that failed; when it says nothing of them, `otherwise`.
async fn why(order: &mut Order, otherwise: &str) -> TlsError {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        let name = authorization.identifier().to_string();
        let error = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref());
        if let Some(said) = error.and_then(|error| error.detail.clone()) {
            return said_of(&name, &said);
        }
    }
    TlsError(format!("the authority: {otherwise}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Authorities allow about five failures an hour.
    #[test]
    fn failures_are_spaced() {
        let waits: Vec<u64> = (1..10).map(|failures| after(failures).as_secs() / 60).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        assert_eq!(after(u32::MAX), AFTER_FAILURES);
    }

    /// RFC 8737: the proof holds the digest in a critical extension, and nothing else names it.
    #[test]
    fn a_proof_has_the_digest() {
        let digest = [7; 32];
        let proof = proof("own.example", &digest).unwrap();
        let parsed = super::super::certificate::parse(&proof.cert[0]).unwrap();
        let extension = parsed.extensions().iter().find(|one| one.oid.to_id_string() == "1.3.6.1.5.5.7.1.31").unwrap();
        assert!(extension.critical && extension.value.ends_with(&digest));
        assert_eq!(Facts::of(&proof.cert[0]).unwrap().names, ["own.example"]);
    }
}
