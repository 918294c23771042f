//! A full disk at a moment of one's choice: a seam that only tests use.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Result, StoreError};

/// Which writes fail. Every beginning of a transaction that may write, and every commit, is one.
#[derive(Debug, Default)]
pub struct WriteFaults {
    /// How many writes pass before the first one that fails, counted down to 0.
    pass: AtomicU32,
    /// How many fail then; 0 in a server, where nothing else is ever looked at.
    fail: AtomicU32,
    failed: AtomicU32,
}

impl WriteFaults {
    /// Lets the `nth` write from now, and those after it until there were `count`, fail.
    pub fn arm(&self, nth: u32, count: u32) {
        self.fail.store(0, Ordering::SeqCst);
        self.failed.store(0, Ordering::SeqCst);
        self.pass.store(nth.saturating_sub(1), Ordering::SeqCst);
        self.fail.store(count, Ordering::SeqCst);
    }

    /// How many writes have failed; none fails any more.
    pub fn disarm(&self) -> u32 {
        self.fail.store(0, Ordering::SeqCst);
        self.failed.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self) -> Result<()> {
        if self.fail.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let down = |left: u32| left.checked_sub(1);
        if self.pass.fetch_update(Ordering::SeqCst, Ordering::SeqCst, down).is_ok() {
            return Ok(());
        }
        if self.fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, down).is_err() {
            return Ok(());
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        Err(StoreError::Full("a test put a full disk here".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Store, meta};

    async fn put(store: &Store) -> bool {
        let Ok(mut tx) = store.begin().await else { return false };
        meta::put(&mut tx, "a", "b").await.unwrap();
        tx.commit().await.is_ok()
    }

    #[tokio::test]
    async fn the_nth_write_fails_and_has_not_happened() {
        let store = Store::in_memory().await.unwrap();
        for (nth, count, good) in
            [(1, 1, [false, true, true]), (2, 1, [false, true, true]), (4, 2, [true, false, false]), (9, 1, [true; 3])]
        {
            store.write_faults().arm(nth, count);
            let mut done = Vec::new();
            for _ in 0..3 {
                done.push(put(&store).await);
            }
            assert_eq!(done, good, "{nth} {count}");
            assert_eq!(store.write_faults().disarm(), if nth == 9 { 0 } else { count });
            assert!(put(&store).await);
        }
    }
}
