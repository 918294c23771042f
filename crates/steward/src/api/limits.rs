//! Counts what each address holds open, so that one cannot take everything.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Table = HashMap<IpAddr, usize>;

/// A limit for each address.
#[derive(Clone)]
pub struct PerAddress {
    limit: usize,
    table: Arc<Mutex<Table>>,
}

/// A place that an address holds until this is dropped.
pub struct Place {
    address: IpAddr,
    table: Arc<Mutex<Table>>,
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PerAddress {
    /// At most `limit` places for each address.
    pub fn new(limit: usize) -> Self {
        Self { limit, table: Arc::default() }
    }

    /// A place, unless the address has all of its own.
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut table = lock(&self.table);
        let held = table.entry(address).or_default();
        if *held >= self.limit {
            return None;
        }
        *held += 1;
        Some(Place { address, table: Arc::clone(&self.table) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        if let Some(held) = table.get_mut(&self.address) {
            *held -= 1;
            if *held == 0 {
                table.remove(&self.address);
            }
        }
    }
}

/// Whoever has one IPv6 address has 2^64 of them: the network counts.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H1: a limit for each address, and places come back.
    #[test]
    fn places_are_limited_and_come_back() {
        let limit = PerAddress::new(2);
        let a: IpAddr = "10.0.0.1".parse().unwrap();
        let first = limit.take(a).unwrap();
        let _second = limit.take("::ffff:10.0.0.1".parse().unwrap()).unwrap();
        assert!(limit.take(a).is_none());
        assert!(limit.take("10.0.0.2".parse().unwrap()).is_some());
        drop(first);
        assert!(limit.take(a).is_some());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let limit = PerAddress::new(1);
        let _held = limit.take("2001:db8::1".parse().unwrap()).unwrap();
        assert!(limit.take("2001:db8::2".parse().unwrap()).is_none());
        assert!(limit.take("2001:db8:0:1::1".parse().unwrap()).is_some());
    }
}
