//! What a certificate says.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use steward_core::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Result, TlsError};

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The common name of its subject, or the whole subject.
    pub subject: String,
    /// The host names and addresses that it is for.
    pub names: Vec<String>,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate, see [`fingerprint`].
    pub fingerprint: String,
    /// Whether it may vouch for other certificates.
    pub is_authority: bool,
}

/// SHA-256 of a certificate, as browsers show it: bytes in capital hex with colons between them.
pub fn fingerprint(certificate: &[u8]) -> String {
    let digest = Sha256::digest(certificate);
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// Reads the bytes of a fingerprint as people write it: with or without colons and spaces, in either case.
pub fn fingerprint_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
    hex::decode(digits).ok().filter(|bytes| bytes.len() == 32)
}

/// A certificate as text.
pub fn pem(certificate: &CertificateDer<'_>) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

pub(super) fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>> {
    let wrong = || TlsError("it is no X.509 certificate".to_owned());
    X509Certificate::from_der(certificate.as_ref()).map(|(_, parsed)| parsed).map_err(|_| wrong())
}

impl Facts {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self> {
        let parsed = parse(certificate)?;
        let common = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let alternative = parsed.subject_alternative_name().ok().flatten();
        let names = alternative.map(|names| names.value.general_names.iter().filter_map(name).collect()).unwrap_or_default();
        Ok(Self {
            subject: common.map_or_else(|| parsed.subject().to_string(), str::to_owned),
            names,
            not_before: Timestamp(parsed.validity().not_before.timestamp().saturating_mul(1000)),
            not_after: Timestamp(parsed.validity().not_after.timestamp().saturating_mul(1000)),
            fingerprint: fingerprint(certificate.as_ref()),
            is_authority: parsed.is_ca(),
        })
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_they_are_shown() {
        let shown = fingerprint(b"x");
        assert_eq!(shown.len(), 32 * 3 - 1);
        let bytes = fingerprint_bytes(&shown).unwrap();
        for text in [shown.to_lowercase(), shown.replace(':', ""), shown.replace(':', " "), format!(" {shown}\n")] {
            assert_eq!(fingerprint_bytes(&text), Some(bytes.clone()), "{text}");
        }
        for bad in ["", "AB", "zz", &shown[3..], &format!("{shown}:00"), "ä"] {
            assert_eq!(fingerprint_bytes(bad), None, "{bad}");
        }
    }
}
