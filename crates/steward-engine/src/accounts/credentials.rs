//! Secrets that clients hold: random, shown once, kept as a hash.

use sha2::{Digest, Sha256};

use crate::seams::Random;

/// 256 random bits in hex behind a prefix that says what it is.
pub(super) fn generate(random: &dyn Random, prefix: &str) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    format!("{prefix}{}", hex::encode(bytes))
}

/// How a secret is kept. It has 256 random bits, so a plain hash is enough: there is nothing to guess.
pub(super) fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
