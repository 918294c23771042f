use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};

use super::*;

const NOW: Timestamp = Timestamp(1_780_000_000_000);

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What a client says of a certificate that this authority made.
fn judged(authority: &Authority, shown: &Shown, name: &str, at: Timestamp) -> std::result::Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let (leaf, rest) = shown.key.cert.split_first().unwrap();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_millis(at.0.unsigned_abs()));
    verifier.verify_server_cert(leaf, rest, &ServerName::try_from(name).unwrap(), &[], time).map(drop)
}

/// C11: it is made once, its key for its owner alone, and what it vouches for is taken by those who
/// trust it, for its names and no others.
#[test]
fn it_is_made_once_and_vouches_for_its_names() {
    let data = tempfile::tempdir().unwrap();
    let asked = names(&["localhost", "127.0.0.1", "::1", "nas", "nas.local", "steward.example.org", "203.0.113.7"]);
    let first = Authority::load_or_make(data.path(), &asked, NOW).unwrap();
    let again = Authority::load_or_make(data.path(), &names(&["other.example"]), NOW).unwrap();
    assert_eq!(first.facts(), again.facts());
    assert!(first.facts().is_authority && first.facts().subject.starts_with("Steward CA "));
    for file in [AUTHORITY_KEY, AUTHORITY_CERTIFICATE] {
        assert_eq!(fs::metadata(data.path().join(file)).unwrap().mode() & 0o7777, 0o600);
    }
    assert_eq!(fs::read_dir(data.path().join("tls")).unwrap().count(), 2);
    let (granted, refused) = again.sort(asked.clone());
    assert_eq!((granted.clone(), refused), (asked.clone(), Vec::new()));
    let shown = again.issue(granted, NOW).unwrap();
    assert_eq!(shown.facts.names, asked);
    for name in &asked {
        judged(&again, &shown, name, NOW).unwrap();
    }
    assert!(judged(&again, &shown, "evil.example", NOW).is_err());
    assert!(judged(&again, &shown, "10.0.0.1", NOW).is_err());
    assert!(judged(&again, &shown, "nas", NOW.plus(HOLDS + DAY)).is_err());
}

/// A thief of the key gains the user's own names and private ones, and no bank.
#[test]
fn it_cannot_vouch_for_the_public_network() {
    let data = tempfile::tempdir().unwrap();
    let authority = Authority::load_or_make(data.path(), &names(&["nas", "steward.example.org"]), NOW).unwrap();
    let outside = ["bank.example", "example.org", "notsteward.example.org", "snas", "8.8.8.8", "2001:db8::1"];
    let inside = ["nas", "a.nas", "steward.example.org", "x.steward.example.org", "pi.lan", "192.168.7.7", "100.100.1.1", "fd00::1"];
    assert_eq!(authority.sort(names(&outside)), (Vec::new(), names(&outside)));
    assert_eq!(authority.sort(names(&inside)), (names(&inside), Vec::new()));
    // A client holds the authority to that as well.
    for name in outside {
        let stolen = authority.issue(names(&[name]), NOW).unwrap();
        assert!(judged(&authority, &stolen, name, NOW).is_err(), "{name}");
    }
}

#[test]
fn certificates_are_renewed_in_time() {
    let data = tempfile::tempdir().unwrap();
    let authority = Authority::load_or_make(data.path(), &names(&["nas"]), NOW).unwrap();
    let shown = authority.issue(names(&["nas"]), NOW).unwrap();
    assert!(!authority.is_due(&shown.facts, NOW) && !authority.is_due(&shown.facts, NOW.plus(HOLDS - RENEWED - DAY)));
    assert!(authority.is_due(&shown.facts, NOW.plus(HOLDS - RENEWED + DAY)));
    assert!(authority.is_due(&shown.facts, NOW.plus(-2 * DAY)), "made by a clock that was ahead");
    assert_eq!(authority.problem(NOW), None);
    // The last one ends with the authority, and is not made again and again.
    let late = NOW.plus(AUTHORITY_HOLDS - 10 * DAY);
    let last = authority.issue(names(&["nas"]), late).unwrap();
    assert_eq!(last.facts.not_after, authority.facts().not_after);
    assert!(!authority.is_due(&last.facts, late));
    assert!(authority.problem(late).unwrap().contains("10 days"));
    let ended = Authority::load_or_make(data.path(), &[], NOW.plus(AUTHORITY_HOLDS)).unwrap_err();
    assert!(ended.to_string().contains("has ended"), "{ended}");
}

/// R33: a key that others could read, or that is another one's, is refused, and nothing is made in its place.
#[test]
fn what_is_damaged_or_not_private_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let load = || Authority::load_or_make(data.path(), &[], NOW).map(|authority| authority.facts().clone());
    let good = load().unwrap();
    let (certificate, key) = (data.path().join(AUTHORITY_CERTIFICATE), data.path().join(AUTHORITY_KEY));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert!(load().unwrap_err().to_string().contains("chmod 600"));
    fs::set_permissions(&key, Permissions::from_mode(MODE)).unwrap();
    let kept = fs::read(&key).unwrap();
    fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(load().unwrap_err().to_string().contains("another one's"));
    fs::write(&key, "nothing").unwrap();
    assert!(load().is_err());
    fs::remove_file(&key).unwrap();
    assert!(load().is_err(), "an authority that devices trust is not replaced by itself");
    fs::write(&key, kept).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(MODE)).unwrap();
    assert_eq!(load().unwrap(), good);
    // A start that was broken off before the certificate was there has shown nobody anything.
    fs::remove_file(&certificate).unwrap();
    assert_ne!(load().unwrap(), good);
}

#[test]
fn a_clock_that_starts_in_1970_makes_none() {
    let data = tempfile::tempdir().unwrap();
    let error = Authority::load_or_make(data.path(), &[], Timestamp(1000)).unwrap_err();
    assert!(error.to_string().contains("clock"), "{error}");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
}
