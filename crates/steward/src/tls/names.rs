//! The names and addresses by which this server is asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config;

/// The names that certificates of Steward's own authority are for.
#[derive(Clone, Debug)]
pub struct Names {
    asked: Vec<String>,
}

impl Names {
    /// `localhost`, this machine's names, and those that the user has given. A name may be an address.
    pub fn new(given: impl IntoIterator<Item = String>) -> Self {
        let own = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
        let all = own.into_iter().chain(config::machine_names()).chain(given);
        let mut asked: Vec<String> = Vec::new();
        for name in all.filter_map(|name| plain(&name)) {
            if !asked.contains(&name) {
                asked.push(name);
            }
        }
        Self { asked }
    }

    /// The names that do not change while the server runs.
    pub fn asked(&self) -> Vec<String> {
        self.asked.clone()
    }

    /// All of them with the addresses that this machine has now.
    pub fn now(&self) -> Vec<String> {
        let mut all = self.asked();
        let mut addresses: Vec<IpAddr> = config::addresses();
        addresses.sort_unstable();
        all.extend(addresses.iter().map(ToString::to_string).filter(|address| !self.asked.contains(address)));
        all.dedup();
        all
    }
}

/// A host name or an address as a certificate has it; none when it can be in none.
pub(super) fn plain(name: &str) -> Option<String> {
    let name = name.trim().trim_end_matches('.').trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(address.to_canonical().to_string());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= 253 && name.split('.').all(label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_certificates_have_them() {
        for (text, name) in [("Nas.Lan.", "nas.lan"), ("[::1]", "::1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("a_b-c.x", "a_b-c.x")] {
            assert_eq!(plain(text).as_deref(), Some(name));
        }
        for bad in ["", ".", "a..b", "*.lan", "a b", "-a", "a-", "nas:8080", "ä", &"x".repeat(64)] {
            assert_eq!(plain(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_name_comes_twice() {
        let names = Names::new(["LOCALHOST".to_owned(), "nas.lan".to_owned(), "nas.lan.".to_owned(), "*".to_owned()]);
        let found = names.asked();
        assert_eq!(found[0], "localhost");
        assert_eq!(found.iter().filter(|name| *name == "localhost").count(), 1);
        assert_eq!(found.last().map(String::as_str), Some("nas.lan"));
        assert!(names.now().starts_with(&found));
    }
}
