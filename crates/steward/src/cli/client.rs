//! The client of the API: one server, one credential, answers as JSON.

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use steward_core::Code;

use super::exit::Exit;
use super::failure::Failure;
use super::lines::Lines;
use super::text;
use super::trust::{Refused, Trust, Witness};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take. A plan looks at a device, and may ask a registry.
const ANSWER: Duration = Duration::from_secs(90);
/// The longest answer that is read.
const LARGEST: usize = 64 * 1024 * 1024;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null when it is empty.
    pub body: Value,
}

/// Asks the server.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
    witness: Witness,
    verbose: bool,
}

/// The address of a server, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The address.
    pub url: Url,
    /// The code for the set-up.
    pub code: Option<String>,
    /// SHA-256 of the authority that vouches for the server.
    pub fingerprint: Option<String>,
}

/// Reads an address as people write it: without `http://`, or as the line that the server prints for
/// the set-up, `https://HOST:8080/setup#code=CODE,ca=SHA256`.
///
/// # Errors
/// When it is no address of a web server.
pub fn address(text: &str) -> Result<Named, Failure> {
    let bad = |why: &str| Failure::value("url", format!("`{text}` is no address of a server: {why}")).hint("Write it as http://HOST:8080");
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url = Url::parse(full.trim()).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(bad("it has to begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it must not hold a password"));
    }
    let fragment = url.fragment().unwrap_or_default().to_owned();
    let value = |key: &str| fragment.split([',', '&']).find_map(|pair| pair.strip_prefix(key)).filter(|value| !value.is_empty());
    let (code, fingerprint) = (value("code=").map(str::to_owned), value("ca=").map(str::to_owned));
    url.set_fragment(None);
    url.set_query(None);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/setup").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(Named { url, code, fingerprint })
}

/// An address as it is kept and shown.
pub fn shown(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// A part of a path, so that no name can become another path.
pub fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && name != "." && name != "..") {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Client {
    /// A client for a server. Over HTTPS it asks only who can be believed by `trust`.
    ///
    /// # Errors
    /// When an authority cannot be read.
    pub fn new(base: Url, token: Option<String>, trust: &Trust, verbose: bool) -> Result<Self, Failure> {
        let agent = concat!("steward-cli/", env!("CARGO_PKG_VERSION"));
        let witness = Witness::default();
        // The system's authorities are many, and read only where they are needed.
        let tls = if base.scheme() == "https" { trust.config(&witness)? } else { Trust::nobody(&witness)? };
        let builder = reqwest::Client::builder().user_agent(agent).connect_timeout(CONNECT).redirect(reqwest::redirect::Policy::none());
        let builder = builder.tls_backend_preconfigured(tls);
        let http =
            builder.build().map_err(|error| Failure::new(Exit::OTHER, "client", format!("no client can be made: {}", chain(&error))))?;
        Ok(Self { http, base, token, witness, verbose })
    }

    /// The server's address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The certificate of the server, when it was not believed.
    pub fn not_believed(&self) -> Option<Refused> {
        self.witness.refused()
    }

    /// Whether there is anything to show who is asking.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/api/v1{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let started = Instant::now();
        let request = request.build().map_err(|error| Failure::usage(format!("the request cannot be made: {}", chain(&error))))?;
        let line = self.verbose.then(|| format!("{} {}", request.method(), request.url()));
        let outcome = self.http.execute(request).await;
        if let Some(line) = line {
            let answer = match &outcome {
                Ok(response) => response.status().as_u16().to_string(),
                Err(error) => chain(error),
            };
            eprintln!("{line} {answer} {}", text::duration(started.elapsed()));
        }
        outcome.map_err(|error| self.no_answer(&error))
    }

    /// `GET`.
    ///
    /// # Errors
    /// What the server refused, or why it did not answer.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let response = self.send(self.request(Method::GET, path, query).timeout(ANSWER)).await?;
        Ok(self.read(response).await?.body)
    }

    /// Another method, with a body when there is one.
    ///
    /// # Errors
    /// What the server refused, or why it did not answer.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let mut request = self.request(method, path, &[]).timeout(ANSWER);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.read(self.send(request).await?).await
    }

    /// A request for an operation. It carries a key by which the server knows it again, so it can be
    /// sent once more when the connection broke before the answer came.
    ///
    /// # Errors
    /// What the server refused, or why it did not answer.
    pub async fn operate(&self, method: Method, path: &str, body: &Value) -> Result<Answer, Failure> {
        let key = key();
        let request = || self.request(method.clone(), path, &[]).timeout(ANSWER).header("idempotency-key", &key).json(body);
        let response = match self.send(request()).await {
            Err(failure) if failure.code == BROKEN => self.send(request()).await?,
            other => other?,
        };
        self.read(response).await
    }

    /// A stream of lines of JSON.
    ///
    /// # Errors
    /// What the server refused, or why it did not answer.
    pub async fn stream(&self, path: &str, query: &[(&str, String)]) -> Result<Lines, Failure> {
        let request = self.request(Method::GET, path, query).header("accept", "application/x-ndjson");
        let response = tokio::time::timeout(ANSWER, self.send(request)).await.map_err(|_| self.silent())??;
        if response.status().is_success() { Ok(Lines::new(response)) } else { Err(self.refused(response).await) }
    }

    async fn refused(&self, response: Response) -> Failure {
        match self.read(response).await {
            Err(failure) => failure,
            Ok(answer) => Failure::from_answer(answer.status, None),
        }
    }

    async fn read(&self, response: Response) -> Result<Answer, Failure> {
        let (status, good) = (response.status().as_u16(), response.status().is_success());
        if let Some(to) = encrypted(&response) {
            let message = format!("{} speaks HTTPS only", shown(&self.base));
            return Err(Failure::new(Exit::USAGE, Code::HttpsRequired.as_str(), message).hint(format!("Ask {to}")));
        }
        let bytes = self.body(response).await?;
        if bytes.is_empty() {
            return if good { Ok(Answer { status, body: Value::Null }) } else { Err(Failure::from_answer(status, None)) };
        }
        let body = serde_json::from_slice::<Value>(&bytes);
        match (good, body) {
            (true, Ok(body)) => Ok(Answer { status, body }),
            (false, body) => Err(Failure::from_answer(status, body.ok().as_ref())),
            (true, Err(_)) => {
                let message = format!("{} answers, but not as Steward does", shown(&self.base));
                Err(Failure::strange(message).hint("Is this the address of Steward? Give another one with --url."))
            }
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST {
                return Err(Failure::strange(format!("the answer is larger than {}", text::bytes(LARGEST as u64))));
            }
        }
        Ok(bytes)
    }

    fn silent(&self) -> Failure {
        let seconds = ANSWER.as_secs();
        Failure::new(Exit::UNREACHABLE, "server_unreachable", format!("{} did not answer within {seconds} s", shown(&self.base)))
    }

    /// Why a request got no answer.
    fn no_answer(&self, error: &reqwest::Error) -> Failure {
        let url = shown(&self.base);
        let reason = chain(error);
        if error.is_timeout() && !error.is_connect() {
            return self.silent();
        }
        if let Some(refused) = self.not_believed() {
            return refused.failure(url);
        }
        if !error.is_connect() {
            return Failure::new(Exit::UNREACHABLE, BROKEN, format!("the connection to {url} broke: {reason}"));
        }
        if self.base.scheme() == "https" && reason.contains("corrupt message") {
            let message = format!("{url} does not speak HTTPS");
            return Failure::new(Exit::UNREACHABLE, "server_unreachable", message).hint("Try the same address with http://");
        }
        let hint = "Start it with `steward serve`, or name another one with --url or STEWARD_URL.";
        Failure::new(Exit::UNREACHABLE, "server_unreachable", format!("no Steward answers at {url}: {reason}")).hint(hint)
    }
}

/// Where a server leads that speaks HTTPS and was asked by plain HTTP.
fn encrypted(response: &Response) -> Option<String> {
    let to = response.headers().get("location")?.to_str().ok()?.parse::<Url>().ok()?;
    (response.status().is_redirection() && to.scheme() == "https").then(|| to.origin().ascii_serialization())
}

/// The code of a connection that broke after the request was sent.
const BROKEN: &str = "connection_broken";

/// The innermost causes of an error, which say more than the outer ones.
fn chain(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// A key that no other request has. It need not be secret.
fn key() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("cli-{:016x}{:016x}", random(), random() ^ u64::try_from(super::when::now()).unwrap_or(0))
}

/// Reads an answer into a type.
///
/// # Errors
/// When the server is of a version that answers otherwise.
pub fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Failure> {
    T::deserialize(value).map_err(|error| {
        Failure::strange(format!("the answer of the server is not understood: {error}"))
            .hint("Are the server and this program of the same version?")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() -> Result<(), Failure> {
        for (text, url, code) in [
            ("http://nas:8080", "http://nas:8080", None),
            ("nas:8080/", "http://nas:8080", None),
            ("https://home.lan/steward/", "https://home.lan/steward", None),
            ("http://127.0.0.1:8080/setup#code=AB-12", "http://127.0.0.1:8080", Some("AB-12")),
            ("http://nas/steward/setup#code=x", "http://nas/steward", Some("x")),
        ] {
            let read = address(text)?;
            assert_eq!((shown(&read.url), read.code.as_deref(), read.fingerprint), (url, code, None), "{text}");
        }
        let read = address("https://nas:8443/setup#code=AB-12,ca=0F0F")?;
        assert_eq!(
            (shown(&read.url), read.code.as_deref(), read.fingerprint.as_deref()),
            ("https://nas:8443", Some("AB-12"), Some("0F0F"))
        );
        for bad in ["", "ftp://nas", "http://", "http://a:b@nas", "http://nas:99999"] {
            assert!(address(bad).is_err(), "{bad}");
        }
        Ok(())
    }

    #[test]
    fn a_name_cannot_become_another_path() {
        assert_eq!(segment("hello-2.x"), "hello-2.x");
        assert_eq!(segment("../users?x#y z"), "..%2Fusers%3Fx%23y%20z");
        assert_eq!([segment("."), segment("..")], ["%2E", "%2E%2E"]);
    }

    #[test]
    fn keys_differ() {
        assert_ne!(key(), key());
        assert!(key().bytes().all(|b| b.is_ascii_graphic()));
    }
}
