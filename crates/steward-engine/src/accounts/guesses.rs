//! Wrong guesses of passwords, counted per account and per address.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use steward_core::{Code, Refusal};

/// Wrong guesses that are allowed in the window, per account and per address.
const GUESSES: usize = 5;
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Accounts and addresses that are remembered, at about 200 bytes each.
const REMEMBERED: usize = 20_000;
/// How many are forgotten at once when there is no room: looking for them costs time.
const FORGOTTEN: usize = REMEMBERED / 20;

/// What is counted for: a digest, so that a long name takes no more room than a short one.
type Key = [u8; 32];

/// Counts wrong guesses. Whoever guesses chooses the names and has many addresses, so there is a
/// bound: when it is reached, those with the fewest and the oldest guesses are forgotten first, and
/// what is locked stays so as long as anything else can go.
#[derive(Default)]
pub(super) struct Guesses {
    table: Mutex<HashMap<Key, Vec<Instant>>>,
}

impl Guesses {
    fn table(&self) -> MutexGuard<'_, HashMap<Key, Vec<Instant>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses when there were too many.
    pub fn check(&self, address: &str, account: &str) -> Result<(), Refusal> {
        let mut table = self.table();
        let now = Instant::now();
        for key in keys(address, account) {
            let Some(tries) = table.get_mut(&key) else { continue };
            tries.retain(|at| now.duration_since(*at) < WINDOW);
            if tries.len() >= GUESSES {
                let wait = tries.first().map_or(WINDOW, |first| WINDOW.saturating_sub(now.duration_since(*first)));
                let message = format!("too many wrong tries; try again in {} minutes", wait.as_secs() / 60 + 1);
                return Err(Refusal::new(Code::TooManyRequests, message));
            }
        }
        Ok(())
    }

    /// Counts a try before it is evaluated, so that many at once evaluate no more than the limit.
    pub fn failed(&self, address: &str, account: &str) {
        let mut table = self.table();
        make_room(&mut table);
        for key in keys(address, account) {
            let tries = table.entry(key).or_default();
            // What is locked needs no longer list, whoever goes on trying.
            if tries.len() < GUESSES {
                tries.push(Instant::now());
            }
        }
    }

    /// Takes a try back.
    pub fn forgive(&self, address: &str, account: &str) {
        let mut table = self.table();
        for key in keys(address, account) {
            if let Some(tries) = table.get_mut(&key) {
                tries.pop();
                if tries.is_empty() {
                    table.remove(&key);
                }
            }
        }
    }
}

fn keys(address: &str, account: &str) -> [Key; 2] {
    let digest = |text: String| Sha256::digest(text.as_bytes()).into();
    [digest(format!("address {address}")), digest(format!("account {}", account.to_lowercase()))]
}

/// Makes room for two more when the table is full.
fn make_room(table: &mut HashMap<Key, Vec<Instant>>) {
    if table.len() + 2 <= REMEMBERED {
        return;
    }
    let now = Instant::now();
    table.retain(|_, tries| tries.iter().any(|at| now.duration_since(*at) < WINDOW));
    if table.len() + 2 <= REMEMBERED {
        return;
    }
    let mut all: Vec<(usize, Option<Instant>, Key)> = table.iter().map(|(key, tries)| (tries.len(), tries.last().copied(), *key)).collect();
    all.select_nth_unstable(FORGOTTEN);
    for (_, _, key) in &all[..FORGOTTEN] {
        table.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise 11.
    #[test]
    fn five_wrong_guesses_lock_account_and_address() {
        let guesses = Guesses::default();
        for _ in 0..GUESSES {
            assert!(guesses.check("10.0.0.1", "anna").is_ok());
            guesses.failed("10.0.0.1", "anna");
        }
        assert!(guesses.check("10.0.0.1", "bert").is_err(), "the address is locked");
        assert!(guesses.check("10.0.0.2", "Anna").is_err(), "the account is locked, whatever the case");
        assert!(guesses.check("10.0.0.2", "bert").is_ok());
    }

    #[test]
    fn a_right_password_takes_its_try_back() {
        let guesses = Guesses::default();
        for _ in 0..20 {
            assert!(guesses.check("10.0.0.1", "anna").is_ok());
            guesses.failed("10.0.0.1", "anna");
            guesses.forgive("10.0.0.1", "anna");
        }
        assert!(guesses.table().is_empty(), "nothing is kept of those who were right");
    }

    /// Section 3 of the rules: what outsiders fill has a bound, and a flood of names unlocks nobody.
    #[test]
    fn a_flood_of_names_is_bounded_and_unlocks_nobody() {
        let guesses = Guesses::default();
        for _ in 0..GUESSES {
            guesses.failed("10.0.0.1", "anna");
        }
        let long = "x".repeat(100_000);
        guesses.failed("10.0.0.1", &long);
        for number in 0..REMEMBERED * 2 {
            guesses.failed(&format!("2001:db8::{number:x}"), &format!("name-{number}"));
            assert!(guesses.table().len() <= REMEMBERED);
        }
        assert!(guesses.check("10.0.0.9", "anna").is_err(), "the account stays locked");
        for _ in 0..100 {
            guesses.failed("10.0.0.1", "anna");
        }
        assert!(guesses.table().values().all(|tries| tries.len() <= GUESSES));
    }
}
