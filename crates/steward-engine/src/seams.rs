//! Time and randomness, as traits that a simulation can stand in for.

use std::time::{SystemTime, UNIX_EPOCH};

use steward_core::Timestamp;

/// Wall-clock time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills a buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is where wall time comes from")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random source.
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    /// When the operating system gives no random bytes: nothing safe can be done without them.
    #[allow(clippy::panic)]
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}

/// 10 random bytes, for an id.
pub(crate) fn id_bytes(random: &dyn Random) -> [u8; 10] {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    bytes
}

/// A secret of `length` characters from letters and digits that cannot be mixed up.
pub(crate) fn secret_text(random: &dyn Random, length: usize) -> String {
    // 56 characters; bytes of 224 (4 * 56) and above are drawn again, so that none is more likely.
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    const LIMIT: u8 = (256 / ALPHABET.len() * ALPHABET.len()) as u8;
    let mut out = String::with_capacity(length);
    let mut buffer = [0; 64];
    while out.len() < length {
        random.fill(&mut buffer);
        for byte in buffer.iter().filter(|b| **b < LIMIT) {
            if out.len() < length {
                out.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
            }
        }
    }
    out
}
