//! An authority of Steward's own, made once on this machine, that vouches for this server's names.
//!
//! Devices are told once to trust it. So that nobody who steals its key can pass as a bank, it may
//! vouch only for the names it was made for, for names that exist in private networks alone, and for
//! private addresses.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use steward_core::Timestamp;
use steward_core::backup::{AUTHORITY_CERTIFICATE, AUTHORITY_KEY};
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use zeroize::Zeroizing;

use super::certificate::parse;
use super::{Facts, Result, Shown, TlsError, at, provider};

const DAY: i64 = 24 * 3600 * 1000;
/// How long the authority holds. Whoever trusts it has to do so again afterwards.
const AUTHORITY_HOLDS: i64 = 3650 * DAY;
/// How long a certificate of it holds; far below what any browser or phone takes.
const HOLDS: i64 = 90 * DAY;
/// A certificate is renewed when it holds no longer than this.
const RENEWED: i64 = 30 * DAY;
/// Clocks of devices differ.
const BEFORE: i64 = DAY;
/// No clock that is right is earlier: 1 January 2025.
const EARLIEST: i64 = 1_735_689_600_000;
/// Readable and writable by its owner, and by nobody else.
const MODE: u32 = 0o600;
/// The largest file that is read as one.
const LARGEST: u64 = 64 * 1024;
/// Ends of names that nobody can own in the public network.
const PRIVATE_NAMES: [&str; 7] = ["localhost", "local", "lan", "home", "internal", "home.arpa", "test"];
/// Addresses that nobody has in the public network, 100.64.0.0/10 of private overlays among them.
const PRIVATE_ADDRESSES: [(&str, u8); 8] = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("100.64.0.0", 10),
    ("::1", 128),
    ("fc00::", 7),
];

/// Steward's own authority.
pub struct Authority {
    facts: Facts,
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    permitted: Vec<Permitted>,
}

/// What an authority may vouch for.
enum Permitted {
    /// A name and all below it.
    Name(String),
    /// A network: the bytes of its address, and of its mask.
    Network(Vec<u8>, Vec<u8>),
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.facts.fingerprint)
    }
}

/// Where the certificate of an authority is in a data folder.
pub fn certificate_file(data: &Path) -> PathBuf {
    data.join(AUTHORITY_CERTIFICATE)
}

fn defect(error: &dyn std::fmt::Display) -> TlsError {
    TlsError(format!("a certificate cannot be made: {error}"))
}

impl Authority {
    /// The authority of a data folder; made for these names when there is none.
    ///
    /// # Errors
    /// When it cannot be made or read, when others can read its key, when it has ended.
    pub fn load_or_make(data: &Path, names: &[String], now: Timestamp) -> Result<Self> {
        let path = certificate_file(data);
        let pem = match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(data, names, now)?,
            other => String::from_utf8_lossy(&other.map_err(at(&path))?).into_owned(),
        };
        let authority = Self::read(data, pem)?;
        if authority.facts.not_after <= now {
            let message = format!(
                "the authority {} has ended; move it and its key away, so that another one is made at the next start, and trust that one on your devices",
                path.display()
            );
            return Err(TlsError(message));
        }
        Ok(authority)
    }

    fn read(data: &Path, pem: String) -> Result<Self> {
        let path = certificate_file(data);
        let in_file = |what: &str| TlsError(format!("the authority {}: {what}; put it and its key back from a backup", path.display()));
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| in_file("there is no certificate in it"))?;
        let facts = Facts::of(&certificate).map_err(|error| in_file(&error.0))?;
        let key = key(&data.join(AUTHORITY_KEY))?;
        let parsed = parse(&certificate)?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
            return Err(in_file("its key is another one's"));
        }
        let permitted = parsed.name_constraints().ok().flatten();
        let permitted = permitted.and_then(|found| found.value.permitted_subtrees.as_ref());
        let permitted = permitted.map(|all| all.iter().filter_map(|one| Permitted::of(&one.base)).collect()).unwrap_or_default();
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|error| in_file(&error.to_string()))?;
        Ok(Self { facts, certificate, pem, issuer, permitted })
    }

    /// What its certificate says.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its certificate in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Names that it may vouch for, and names that it may not.
    pub fn sort(&self, names: Vec<String>) -> (Vec<String>, Vec<String>) {
        names.into_iter().partition(|name| self.permitted.iter().any(|permitted| permitted.covers(name)))
    }

    /// Makes a certificate for names that it may vouch for, with a key of its own that is kept nowhere.
    pub(super) fn issue(&self, names: Vec<String>, now: Timestamp) -> Result<Shown> {
        let ends = now.plus(HOLDS).min(self.facts.not_after);
        let mut params = params("Steward", now, ends)?;
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|error| defect(&error))?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(|error| defect(&error))?;
        let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| defect(&error))?;
        let signer = provider().key_provider.load_private_key(secret).map_err(|error| defect(&error))?;
        // The authority goes along: a client that does not know it yet can show whom it would trust.
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(Shown { facts: Facts::of(certificate.der())?, key: Arc::new(CertifiedKey::new(chain, signer)) })
    }

    /// Whether a certificate is to be renewed.
    pub(super) fn is_due(&self, facts: &Facts, now: Timestamp) -> bool {
        let ends_soon = facts.not_after.0.saturating_sub(now.0) < RENEWED && facts.not_after < self.facts.not_after;
        ends_soon || facts.not_before > now
    }

    /// What will be wrong with it soon.
    pub(super) fn problem(&self, now: Timestamp) -> Option<String> {
        let left = self.facts.not_after.0.saturating_sub(now.0);
        (left < HOLDS)
            .then(|| format!("The authority of this server ends in {} days; then every device has to trust another one.", left / DAY))
    }
}

fn params(subject: &str, now: Timestamp, ends: Timestamp) -> Result<CertificateParams> {
    let moment = |time: Timestamp| OffsetDateTime::from_unix_timestamp(time.0 / 1000).map_err(|error| defect(&error));
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = moment(now.plus(-BEFORE))?;
    params.not_after = moment(ends)?;
    Ok(params)
}

fn alternative(name: &str) -> Result<SanType> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => name.to_owned().try_into().map(SanType::DnsName).map_err(|error| defect(&error)),
    }
}

/// Makes an authority and writes it; gives its certificate.
fn make(data: &Path, names: &[String], now: Timestamp) -> Result<String> {
    if now.0 < EARLIEST {
        return Err(TlsError("the clock of this machine is years behind; set it, then the authority for HTTPS can be made".to_owned()));
    }
    let key = KeyPair::generate().map_err(|error| defect(&error))?;
    // Two authorities on one device can be told apart, and their names are not those of machines.
    let digest = hex::encode(Sha256::digest(key.public_key_raw()));
    let mut params = params(&format!("Steward CA {}", &digest[..8]), now, now.plus(AUTHORITY_HOLDS))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints { permitted_subtrees: subtrees(names), excluded_subtrees: Vec::new() });
    let certificate = params.self_signed(&key).map_err(|error| defect(&error))?;
    let (certificate_path, key_path) = (certificate_file(data), data.join(AUTHORITY_KEY));
    if let Some(folder) = certificate_path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    }
    // The key first: without the certificate nobody has seen the authority, and it is made again.
    write(&key_path, Zeroizing::new(key.serialize_pem()).as_bytes()).map_err(at(&key_path))?;
    let pem = certificate.pem();
    write(&certificate_path, pem.as_bytes()).map_err(at(&certificate_path))?;
    tracing::info!(fingerprint = super::fingerprint(certificate.der()), "an authority for HTTPS was made");
    Ok(pem)
}

fn subtrees(names: &[String]) -> Vec<GeneralSubtree> {
    let (given, hosts): (Vec<_>, Vec<_>) = names.iter().map(|name| (name, name.parse::<IpAddr>())).partition(|(_, parsed)| parsed.is_ok());
    let private = PRIVATE_ADDRESSES.iter().filter_map(|(address, prefix)| address.parse().ok().map(|address: IpAddr| (address, *prefix)));
    let whole = |address: IpAddr| (address, if address.is_ipv4() { 32 } else { 128 });
    let networks = private.chain(given.into_iter().filter_map(|(_, parsed)| parsed.ok()).map(whole));
    let mut all: Vec<GeneralSubtree> = PRIVATE_NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect();
    all.extend(hosts.into_iter().map(|(name, _)| GeneralSubtree::DnsName(name.clone())));
    all.extend(networks.map(|(address, prefix)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))));
    all
}

impl Permitted {
    fn of(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(name) => Some(Self::Name((*name).to_ascii_lowercase())),
            GeneralName::IPAddress(bytes) => {
                let (address, mask) = bytes.split_at(bytes.len() / 2);
                Some(Self::Network(address.to_vec(), mask.to_vec()))
            }
            _ => None,
        }
    }

    fn covers(&self, name: &str) -> bool {
        match (self, name.parse::<IpAddr>()) {
            (Self::Name(ending), Err(_)) => name.strip_suffix(ending.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            (Self::Network(network, mask), Ok(address)) => {
                let bytes = match address {
                    IpAddr::V4(v4) => v4.octets().to_vec(),
                    IpAddr::V6(v6) => v6.octets().to_vec(),
                };
                bytes.len() == network.len()
                    && bytes.iter().zip(mask).zip(network).all(|((byte, mask), wanted)| byte & mask == wanted & mask)
            }
            _ => false,
        }
    }
}

/// Replaces a file whole, for its owner alone.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&new)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Without following a link, and without waiting for whoever writes into a FIFO.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn key(path: &Path) -> Result<KeyPair> {
    let mode = open(path).and_then(|file| file.metadata()).map_err(at(path))?.permissions().mode() & 0o7777;
    if mode != MODE {
        let shown = path.display();
        let message = format!(
            "the key {shown} has the mode {mode:o}; it must be 600, readable by its owner alone. If nobody else has read it: chmod 600 {shown}"
        );
        return Err(TlsError(message));
    }
    let bytes = read(path).map_err(at(path))?;
    let text = std::str::from_utf8(&bytes).ok();
    text.and_then(|text| KeyPair::from_pem(text).ok())
        .ok_or_else(|| TlsError(format!("the key {} is none; put it back from a backup", path.display())))
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
