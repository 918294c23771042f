//! What handlers take from a request: who asks, and what, already parsed.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use steward_core::user::Actor;
use steward_core::{Code, Refusal};
use steward_engine::Submission;

use super::https::Link;
use super::problem::{self, Failure};
use super::{App, Shared, parse};

/// The largest body that is read.
pub const MAX_BODY: usize = 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the rest of a body that is too large is read and thrown away, so that the answer
/// reaches a client that reads only after it has written.
const DRAIN: Duration = Duration::from_secs(2);
/// The longest secret that is looked up.
const MAX_SECRET: usize = 256;

/// The address that a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // Set for every connection that is accepted; headers that name an address are not believed.
        parts.extensions.get::<Peer>().copied().ok_or_else(|| Failure::new(Code::Internal, "the connection has no address"))
    }
}

/// What a request shows to say who it is: a bearer token, else the session's cookie.
#[derive(Clone)]
pub struct Credential {
    secret: String,
    address: String,
}

impl Credential {
    fn of(headers: &HeaderMap, peer: Peer, link: Link) -> Option<Self> {
        let secret = bearer(headers).or_else(|| cookie(headers, link))?;
        (secret.len() <= MAX_SECRET).then(|| Self { secret: secret.to_owned(), address: peer.0.to_string() })
    }

    /// Who that is now.
    ///
    /// # Errors
    /// `not_signed_in` when it is unknown, expired or revoked.
    pub async fn actor(&self, app: &App) -> Result<Actor, Refusal> {
        app.engine.authenticate(&self.secret, &self.address).await
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn cookie(headers: &HeaderMap, link: Link) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == link.cookie())
        .map(|(_, value)| value)
}

impl FromRequestParts<Shared> for Credential {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let peer = Peer::from_request_parts(parts, app).await?;
        Self::of(&parts.headers, peer, Link::of(&parts.extensions)).ok_or_else(|| Failure::new(Code::NotSignedIn, "sign in first"))
    }
}

/// Who asks. A handler that takes this is not called for somebody who is not signed in.
pub struct Signed(pub Actor);

impl FromRequestParts<Shared> for Signed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let credential = Credential::from_request_parts(parts, app).await?;
        Ok(Self(credential.actor(app).await?))
    }
}

/// Who asks, if somebody is signed in.
pub struct MaybeSigned(pub Option<Actor>);

impl FromRequestParts<Shared> for MaybeSigned {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        match Signed::from_request_parts(parts, app).await {
            Ok(Signed(actor)) => Ok(Self(Some(actor))),
            Err(failure) if failure.is_not_signed_in() => Ok(Self(None)),
            Err(failure) => Err(failure),
        }
    }
}

/// What a client calls itself.
pub struct Client(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let name = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(name.unwrap_or("unknown").to_owned()))
    }
}

/// The `Idempotency-Key` of a request.
pub struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// What the engine is told beside the request itself.
    pub fn with_plan(self, plan_hash: Option<String>) -> Submission {
        Submission::new(self.0, plan_hash)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let name = "Idempotency-Key";
        let Some(value) = parts.headers.get(name) else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(text) => Ok(Self(Some(text.to_owned()))),
            Err(_) => Err(Refusal::new(Code::InvalidValue, "an idempotency key is printable ASCII text").with_field(name).into()),
        }
    }
}

/// A part of the path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        // What cannot be a name, because it is no UTF-8, is the name of nothing.
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(inner)| Self(inner)).map_err(|_| problem::not_found())
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(form(query));
        let parsed = serde_path_to_error::deserialize(reader);
        parsed.map(Self).map_err(|error| parse::data(&parse::dotted(error.path()), &error.inner().to_string()).into())
    }
}

fn form(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        require_json(request.headers())?;
        let bytes = read(request).await?;
        Ok(Self(parse::from_slice(&bytes)?))
    }
}

/// A JSON body that may be left out.
pub struct MaybeJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let checked = require_json(request.headers());
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        checked?;
        Ok(Self(parse::from_slice(&bytes)?))
    }
}

/// A browser sends the other types across sites without asking first.
fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        Ok(())
    } else {
        Err(Failure::new(Code::UnsupportedMediaType, "the body must have the content type application/json"))
    }
}

async fn read(request: Request) -> Result<Bytes, Failure> {
    let (parts, body) = request.into_parts();
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A client that waits to be asked has not written anything that could be thrown away.
    let waits = parts.headers.contains_key(header::EXPECT);
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        if !waits {
            drain(body).await;
        }
        return Err(too_large());
    }
    let mut body = body;
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(&mut body, MAX_BODY).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            drain(body).await;
            Err(too_large())
        }
        Ok(Err(_)) => Err(Failure::new(Code::InvalidBody, "the body broke off")),
        Err(_) => Err(Failure::new(Code::InvalidBody, format!("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs()))),
    }
}

async fn drain(mut body: Body) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = tokio::time::timeout(DRAIN, rest).await;
}

fn too_large() -> Failure {
    Failure::new(Code::BodyTooLarge, format!("a body has at most {} MiB", MAX_BODY / 1024 / 1024))
}
