//! What every request passes before it is looked at: is this server meant, and does the request
//! come from its own pages.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use steward_core::{Code, Refusal};

use super::Shared;
use super::https::Link;
use super::problem::Failure;

/// Nothing from elsewhere, nothing inline, no frame around it.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; \
                              frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";

/// How long a browser remembers to ask by HTTPS only.
const ONE_YEAR: &str = "max-age=31536000";

/// The names by which this server may be asked. Without such a list, any name that an attacker
/// lets point to this address would be one of the server's own in a browser's eyes.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    names: Vec<String>,
}

impl KnownHosts {
    /// IP addresses and `localhost` are always known; these are known too.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: names.into_iter().map(|name| plain(&name)).collect() }
    }

    pub(super) fn knows(&self, host: &str) -> bool {
        let host = plain(host);
        is_address(&host) || is_localhost(&host) || self.names.contains(&host)
    }
}

/// Whether a host is an IP address, in brackets or not.
pub(super) fn is_address(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

pub(super) fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// The host and port that a request asks, as it wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked(Authority);

impl Asked {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let mut named = headers.get_all(header::HOST).into_iter();
        let (first, second) = (named.next(), named.next());
        if second.is_some() {
            return None;
        }
        let written = first.and_then(|value| value.to_str().ok()?.parse::<Authority>().ok());
        match (uri.authority(), first) {
            // A request line with a whole URL counts more than the header, and they must not differ.
            (Some(authority), Some(_)) if written.as_ref() != Some(authority) => None,
            (Some(authority), _) => Some(Self(authority.clone())),
            (None, _) => written.map(Self),
        }
        // `user@host` is no way to name a server.
        .filter(|asked| !asked.0.as_str().contains('@'))
    }

    /// Host and port as they are written in a URL.
    pub fn authority(&self) -> &str {
        self.0.as_str()
    }

    /// The host without the port, as it is written in a URL.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// Whether an `Origin` names the same host and port. Over HTTPS it has to be an HTTPS one: anybody on
    /// the way can make a page of the plain one. Over HTTP it may be either, because a proxy in front
    /// may speak HTTPS.
    fn is_origin(&self, origin: &str, link: Link) -> bool {
        let Ok(uri) = origin.parse::<Uri>() else { return false };
        let default = match uri.scheme_str() {
            Some("http") if link == Link::Plain => 80,
            Some("https") => 443,
            _ => return false,
        };
        let Some(theirs) = uri.authority() else { return false };
        plain(theirs.host()) == plain(self.0.host()) && theirs.port_u16().unwrap_or(default) == self.0.port_u16().unwrap_or(default)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Self::of(&parts.uri, &parts.headers).ok_or_else(unknown_host)
    }
}

pub(super) fn unknown_host() -> Failure {
    Refusal::new(Code::UnknownHost, "this server is not known by the name that was asked")
        .with_hint("Ask by IP address or `localhost`, or start Steward with --allowed-host NAME.")
        .into()
}

/// Refuses a request that asks another server, or that another site's page sent.
pub async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let asked = Asked::of(request.uri(), request.headers()).filter(|asked| app.hosts.knows(asked.host()));
    let Some(asked) = asked else { return unknown_host().into_response() };
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let upgrades = request.headers().contains_key(header::UPGRADE);
    if (changes || upgrades) && !from_own_page(&asked, request.headers(), Link::of(request.extensions())) {
        return Failure::new(Code::CrossOrigin, "this request was sent by a page of another site").into_response();
    }
    next.run(request).await
}

/// Programs send neither header; browsers send at least one of them with everything that changes
/// something, and with every upgrade.
fn from_own_page(asked: &Asked, headers: &HeaderMap, link: Link) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| asked.is_origin(origin, link)),
        (Some(_), Some(_)) => false,
        (None, _) => headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none"),
    }
}

/// Sets what a browser has to know about every answer.
pub async fn headers(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let is_data = request.uri().path().starts_with("/api/");
    let asked = Asked::of(request.uri(), request.headers());
    let strict = Link::of(request.extensions()) == Link::Encrypted && asked.is_some_and(|asked| app.https.is_strict(asked.host()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "no-referrer");
    put(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if strict {
        // Not for names below it: those are of other servers.
        put(header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    if is_data {
        put(header::CACHE_CONTROL, "no-store");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str) -> Option<Asked> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        Asked::of(&Uri::from_static("/"), &headers)
    }

    /// R24: only this server's own names are answered.
    #[test]
    fn hosts() {
        let known = KnownHosts::new(["Nas".to_owned(), "nas.local".to_owned()]);
        for good in
            ["127.0.0.1:8080", "[::1]:8080", "192.168.1.9", "localhost", "localhost:1", "a.localhost", "nas", "NAS.local:80", "nas.local."]
        {
            assert!(asked(good).is_some_and(|asked| known.knows(asked.host())), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example", "nas.evil.example", "127.0.0.1.evil.example", "x@nas", ""] {
            assert!(!asked(bad).is_some_and(|asked| known.knows(asked.host())), "{bad}");
        }
    }

    /// R24: a page of another host, port or kind is another site.
    #[test]
    fn origins() {
        let here = asked("nas.local:8080").unwrap();
        for good in ["http://nas.local:8080", "https://NAS.local:8080"] {
            assert!(here.is_origin(good, Link::Plain), "{good}");
            assert_eq!(here.is_origin(good, Link::Encrypted), good.starts_with("https:"), "{good}");
        }
        for bad in ["null", "http://nas.local", "http://nas.local:8081", "http://evil:8080", "file://nas.local:8080", "nas.local:8080", ""]
        {
            assert!(!here.is_origin(bad, Link::Plain) && !here.is_origin(bad, Link::Encrypted), "{bad}");
        }
        assert!(asked("nas").unwrap().is_origin("http://nas:80", Link::Plain));
        assert!(asked("nas").unwrap().is_origin("https://nas", Link::Encrypted));
    }

    #[test]
    fn two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        headers.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert_eq!(Asked::of(&Uri::from_static("/"), &headers), None);
        assert_eq!(Asked::of(&Uri::from_static("http://localhost/"), &headers), None);
    }
}
