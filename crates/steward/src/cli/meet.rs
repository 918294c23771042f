//! Meeting a server for the first time: who it is, before anything secret is said.

use reqwest::Url;

use super::client::{self, Client};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::prompt;
use super::trust::{self, Refused, Trust};
use crate::tls::{Facts, fingerprint, fingerprint_bytes, pem};

/// Finds out whether a server can be believed. Gives the authority, in PEM, that is to be kept for it;
/// none when the system's authorities, or those of `--ca`, vouch for it, and for plain HTTP.
///
/// # Errors
/// When it does not answer, when its fingerprint is another one, when nobody says that it is the right one.
pub async fn meet(context: &Context, url: &Url, expected: Option<&str>) -> Result<Option<String>, Failure> {
    let expected = expected.map(read).transpose()?;
    if url.scheme() != "https" {
        return match expected {
            Some(_) => Err(Failure::value("fingerprint", "a fingerprint is for HTTPS, and the address begins with http://")),
            None => Ok(None),
        };
    }
    // A fingerprint counts more than what the system trusts.
    let trust = Trust { system: expected.is_none(), ..context.trust() };
    let client = Client::new(url.clone(), None, &trust, context.verbose())?;
    let failure = match client.get("/system/health", &[]).await {
        Ok(_) => return Ok(None),
        Err(failure) => failure,
    };
    let Some(refused) = client.not_believed() else { return Err(failure) };
    match expected {
        Some(expected) => by_fingerprint(url, &refused, &expected).map(Some),
        None => by_person(context, url, &refused, failure).map(Some),
    }
}

fn read(text: &str) -> Result<Vec<u8>, Failure> {
    fingerprint_bytes(text)
        .ok_or_else(|| Failure::value("fingerprint", format!("`{text}` is no SHA-256: it has 64 hex digits, with or without colons")))
}

fn by_fingerprint(url: &Url, refused: &Refused, expected: &[u8]) -> Result<String, Failure> {
    let found = refused.chain.iter().find(|one| fingerprint_bytes(&fingerprint(one)).as_deref() == Some(expected));
    let Some(found) = found else {
        let shown = refused.candidate().map(|(_, facts)| facts.fingerprint).unwrap_or_default();
        let message = format!("{} shows another fingerprint: {shown}", client::shown(url));
        return Err(Failure::new(Exit::NOT_ALLOWED, "fingerprint_differs", message)
            .hint("Look at `steward self ca` on the server's own machine. If that is the one that you gave, somebody is in between."));
    };
    believe(url, refused, found)
}

/// The chain has to lead to what is believed, by the name that was asked.
fn believe(url: &Url, refused: &Refused, authority: &rustls::pki_types::CertificateDer<'static>) -> Result<String, Failure> {
    let host = url.host_str().unwrap_or_default();
    match trust::leads_to(&refused.chain, authority, host) {
        Ok(()) => Ok(pem(authority)),
        Err(error) => Err(Refused { error, chain: refused.chain.clone() }.failure(client::shown(url))),
    }
}

fn by_person(context: &Context, url: &Url, refused: &Refused, failure: Failure) -> Result<String, Failure> {
    let Some((authority, facts)) = refused.candidate() else { return Err(failure) };
    let pinned = believe(url, refused, &authority)?;
    if context.pinned_for(url)?.as_deref() == Some(pinned.as_str()) {
        return Ok(pinned);
    }
    if !context.printer.interactive {
        return Err(failure);
    }
    context.printer.tell(&question(client::shown(url), &facts));
    if prompt::confirm("Is it the same, and do you trust it for this server?")? { Ok(pinned) } else { Err(failure) }
}

fn question(url: &str, facts: &Facts) -> String {
    let what = if facts.is_authority { "authority" } else { "certificate" };
    format!(
        "{url} shows an {what} that this machine does not know.\n  {what}  {}\n  SHA-256    {}\nCompare that with what `steward self ca` says on the server's own machine.",
        facts.subject, facts.fingerprint
    )
    .replace("an certificate", "a certificate")
}
