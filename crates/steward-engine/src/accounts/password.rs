//! Password hashes: argon2id with the crate's defaults (19 MiB, 2 passes, 1 lane, as OWASP's cheat
//! sheet on password storage gives them).

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use steward_core::{Code, Refusal};
use zeroize::Zeroizing;

use crate::engine::Inner;

fn hash_now(password: &str, salt: [u8; 16]) -> Option<String> {
    let hash: PasswordHash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Hashes a password, away from the threads that serve requests.
pub(super) async fn hash(engine: &Inner, password: &str) -> Result<String, Refusal> {
    let failed = || Refusal::new(Code::Internal, "the password could not be hashed");
    let _turn = engine.accounts.hashing.acquire().await.map_err(|_| failed())?;
    let mut salt = [0; 16];
    engine.random.fill(&mut salt);
    let password = Zeroizing::new(password.to_owned());
    tokio::task::spawn_blocking(move || hash_now(&password, salt)).await.ok().flatten().ok_or_else(failed)
}

/// Whether a password fits a hash. Without a hash it takes as long and says no.
pub(super) async fn verify(engine: &Inner, password: &str, hash: Option<String>) -> Result<bool, Refusal> {
    let failed = || Refusal::new(Code::Internal, "the password could not be checked");
    let known = hash.is_some();
    let hash = match hash {
        Some(hash) => hash,
        None => decoy(engine).await?,
    };
    let _turn = engine.accounts.hashing.acquire().await.map_err(|_| failed())?;
    let password = Zeroizing::new(password.to_owned());
    let fits = tokio::task::spawn_blocking(move || verify_now(&password, &hash)).await.map_err(|_| failed())?;
    Ok(fits && known)
}

async fn decoy(engine: &Inner) -> Result<String, Refusal> {
    if let Some(decoy) = engine.accounts.decoy.get() {
        return Ok(decoy.clone());
    }
    let made = hash(engine, "nobody has this password").await?;
    Ok(engine.accounts.decoy.get_or_init(|| made).clone())
}
