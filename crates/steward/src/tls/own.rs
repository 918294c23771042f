//! A certificate of the user's own, in two files that somebody else renews.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use steward_core::Timestamp;
use zeroize::Zeroizing;

use super::{Facts, Result, Shown, TlsError, at, provider};

/// The largest file that is read as one.
const LARGEST: u64 = 1024 * 1024;

/// Two files, and what they were when they were last read.
pub(super) struct OwnCertificate {
    certificate: PathBuf,
    key: PathBuf,
    seen: Mutex<Option<[Stamp; 2]>>,
}

/// What is other when a file is another one or was written to. None when it cannot be seen.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

fn stamp(path: &Path) -> Stamp {
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()))
}

impl OwnCertificate {
    pub(super) fn new(certificate: PathBuf, key: PathBuf) -> Self {
        Self { certificate, key, seen: Mutex::new(None) }
    }

    /// Reads both files.
    pub(super) fn read(&mut self, now: Timestamp) -> Result<Shown> {
        let stamps = self.stamps();
        *self.seen.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(stamps);
        load(&self.certificate, &self.key, now)
    }

    /// Reads both files when they are others than they were; none when they are the same.
    pub(super) fn read_if_changed(&self, now: Timestamp) -> Option<Result<Shown>> {
        // Looked at before they are read: what is written meanwhile is read the next time.
        let stamps = self.stamps();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref() == Some(&stamps) {
            return None;
        }
        *seen = Some(stamps);
        Some(load(&self.certificate, &self.key, now))
    }

    fn stamps(&self) -> [Stamp; 2] {
        [stamp(&self.certificate), stamp(&self.key)]
    }
}

/// Reads a certificate and its key.
pub(super) fn load(certificate: &Path, key: &Path, now: Timestamp) -> Result<Shown> {
    let in_certificate = |what: &str| TlsError(format!("the certificate {}: {what}", certificate.display()));
    let in_key = |what: &str| TlsError(format!("the key {}: {what}", key.display()));
    let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(certificate)?).collect();
    let chain = chain.map_err(|error| in_certificate(&format!("it is not in PEM: {error}")))?;
    let first = chain.first().ok_or_else(|| in_certificate("there is no certificate in it"))?;
    let facts = Facts::of(first).map_err(|error| in_certificate(&error.0))?;
    if facts.not_after <= now {
        return Err(in_certificate("it has ended; renew it"));
    }
    if facts.not_before > now {
        return Err(in_certificate("it does not hold yet; is this machine's clock right?"));
    }
    private(key)?;
    let secret =
        PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| in_key("there is no private key in PEM in it, or it has a password"))?;
    let signer = provider().key_provider.load_private_key(secret).map_err(|error| in_key(&format!("it cannot be used: {error}")))?;
    let shown = CertifiedKey::new(chain, signer);
    shown.keys_match().map_err(|_| in_key(&format!("it is not the key of the certificate {}", certificate.display())))?;
    Ok(Shown { key: Arc::new(shown), facts })
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(at(path))?;
    if !file.metadata().map_err(at(path))?.is_file() {
        return Err(TlsError(format!("{} is no file", path.display())));
    }
    file.take(LARGEST).read_to_end(&mut bytes).map_err(at(path))?;
    Ok(bytes)
}

/// A key that everybody on this machine may read is none. A group may: that is how other programs are
/// given keys to share.
fn private(key: &Path) -> Result<()> {
    let mode = fs::metadata(key).map_err(at(key))?.mode() & 0o7777;
    if mode & 0o007 != 0 {
        let path = key.display();
        return Err(TlsError(format!("the key {path} has the mode {mode:o}; everybody on this machine may use it: chmod 600 {path}")));
    }
    if mode & 0o070 != 0 {
        tracing::warn!(key = %key.display(), mode = format!("{mode:o}"), "a group may read the key of the certificate");
    }
    Ok(())
}
