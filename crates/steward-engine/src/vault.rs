//! Seals secrets with AES-256-GCM: a random nonce for each, the deployment, revision and key as
//! associated data, so that a sealed value cannot be moved to another place.

use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key};
use steward_core::name::SettingKey;
use steward_core::{Code, DeploymentId, Refusal};
use zeroize::Zeroizing;

use crate::seams::Random;

/// Bytes of the nonce in front of each sealed value.
const NONCE: usize = 12;

/// Seals and opens secrets.
#[derive(Clone)]
pub(crate) struct Vault {
    cipher: Aes256Gcm,
    random: Arc<dyn Random>,
}

fn associated(deployment: &DeploymentId, revision: u32, key: &SettingKey) -> String {
    format!("secret/{deployment}/{revision}/{key}")
}

impl Vault {
    pub(crate) fn new(key: &[u8; 32], random: Arc<dyn Random>) -> Self {
        Self { cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)), random }
    }

    pub(crate) fn seal(&self, deployment: &DeploymentId, revision: u32, key: &SettingKey, secret: &str) -> Result<Vec<u8>, Refusal> {
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce);
        let aad = associated(deployment, revision, key);
        let sealed = self
            .cipher
            .encrypt(&nonce.into(), Payload { msg: secret.as_bytes(), aad: aad.as_bytes() })
            .map_err(|_| Refusal::new(Code::Internal, "a secret could not be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open(
        &self,
        deployment: &DeploymentId,
        revision: u32,
        key: &SettingKey,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>, Refusal> {
        let wrong =
            || Refusal::new(Code::Internal, format!("the secret `{key}` cannot be opened: the key of the data folder is another one"));
        let (nonce, text) = sealed.split_at_checked(NONCE).ok_or_else(wrong)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| wrong())?;
        let aad = associated(deployment, revision, key);
        let plain = self.cipher.decrypt(&nonce.into(), Payload { msg: text, aad: aad.as_bytes() }).map_err(|_| wrong())?;
        String::from_utf8(plain).map(Zeroizing::new).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::seams::OsRandom;

    #[test]
    fn a_sealed_secret_opens_only_in_its_place_and_with_its_key() {
        let vault = Vault::new(&[7; 32], Arc::new(OsRandom));
        let here = DeploymentId::from_random([1; 10]);
        let key = SettingKey::parse("password").unwrap();
        let sealed = vault.seal(&here, 1, &key, "s3cret").unwrap();
        assert!(!sealed.windows(6).any(|w| w == b"s3cret"));
        assert_eq!(vault.open(&here, 1, &key, &sealed).unwrap().as_str(), "s3cret");
        assert!(vault.open(&here, 2, &key, &sealed).is_err());
        assert!(vault.open(&DeploymentId::from_random([2; 10]), 1, &key, &sealed).is_err());
        assert!(Vault::new(&[8; 32], Arc::new(OsRandom)).open(&here, 1, &key, &sealed).is_err());
        assert!(vault.open(&here, 1, &key, b"short").is_err());
    }
}
