//! `/system/https`: how this server is reached, and how plain HTTP is led to HTTPS.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use steward_core::{Code, Refusal};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Signed;
use super::guard::{self, Asked};
use super::problem::{self, Failure};
use super::types::{AuthorityView, CertificateSource, HttpsView};
use super::{Answer, Shared, system};
use crate::tls::Tls;

/// How a request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Over plain HTTP.
    #[default]
    Plain,
    /// Over HTTPS that ends here.
    Encrypted,
}

impl Link {
    /// How a request with these extensions came. The listener says it; without a word it is plain.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().copied().unwrap_or_default()
    }

    /// The name of the session's cookie. Over HTTPS the name itself keeps other hosts, and whoever sits on
    /// a plain connection, from setting one.
    pub fn cookie(self) -> &'static str {
        match self {
            Self::Plain => "steward_session",
            Self::Encrypted => "__Host-steward_session",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Link {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}

/// How this server is reached.
#[derive(Debug, Default)]
pub struct Https {
    /// What is shown to those who connect; none without HTTPS.
    tls: Option<Arc<Tls>>,
    /// Whether plain HTTP is spoken where other machines reach it.
    exposed: bool,
    /// Names that browsers are told to ask by HTTPS only, on every port.
    strict: Vec<String>,
}

impl Https {
    /// How a server is reached that shows this, or nothing.
    pub fn new(tls: Option<Arc<Tls>>, exposed: bool, strict: impl IntoIterator<Item = String>) -> Self {
        Self { tls, exposed, strict: strict.into_iter().map(|name| guard::plain(&name)).collect() }
    }

    /// Whether a browser is told to ask this host by HTTPS only. `localhost` and the machine's own names are
    /// also those of apps on other ports, and the rule would hold for them. Browsers do not apply
    /// it to addresses.
    pub(super) fn is_strict(&self, host: &str) -> bool {
        let host = guard::plain(host);
        guard::is_address(&host) || self.strict.contains(&host)
    }
}

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get_https)).routes(routes!(get_authority))
}

/// How this server is reached: by HTTPS or not, and which certificate it shows.
#[utoipa::path(get, path = "/system/https", tag = "system", responses((status = 200, body = HttpsView)),
    extensions(("x-permission" = json!("signed-in"))))]
async fn get_https(State(app): State<Shared>, Signed(_): Signed) -> Answer<HttpsView> {
    let exposed = app.https.exposed;
    let Some(tls) = &app.https.tls else { return Ok(axum::Json(HttpsView { exposed, ..HttpsView::default() })) };
    let facts = tls.facts();
    let authority = tls.authority().map(|authority| authority.facts());
    Ok(axum::Json(HttpsView {
        enabled: true,
        exposed,
        source: Some(match (authority, tls.issued()) {
            (None, _) => CertificateSource::Files,
            (Some(_), None) => CertificateSource::Authority,
            (Some(_), Some(_)) => CertificateSource::Acme,
        }),
        names: facts.names,
        expires_at: Some(facts.not_after),
        fingerprint: Some(facts.fingerprint),
        authority: authority.map(|facts| AuthorityView {
            name: facts.subject.clone(),
            fingerprint: facts.fingerprint.clone(),
            expires_at: facts.not_after,
        }),
        problem: tls.problem(),
    }))
}

/// The certificate of Steward's own authority, to be trusted by devices.
///
/// It is shown to everybody who connects, too. 404 when the server has no authority of its own.
#[utoipa::path(get, path = "/system/ca.crt", tag = "system",
    responses((status = 200, body = String, content_type = "application/x-x509-ca-cert"),
        (status = 404, description = "The server has no authority of its own.", body = problem::Problem)),
    extensions(("x-permission" = json!("public"))))]
async fn get_authority(State(app): State<Shared>) -> Result<Response, Failure> {
    let authority = app.https.tls.as_ref().and_then(|tls| tls.authority());
    let pem = authority.map(|authority| authority.pem().to_owned()).ok_or_else(problem::not_found)?;
    let kept =
        [(header::CONTENT_TYPE, "application/x-x509-ca-cert"), (header::CONTENT_DISPOSITION, "attachment; filename=\"steward-ca.crt\"")];
    Ok((kept, pem).into_response())
}

/// What answers plain HTTP on a server that speaks HTTPS: it leads there, and says to whoever watches over
/// the process that it is alive, which is no secret.
pub fn plain(app: Shared) -> Router {
    Router::new()
        .route("/api/v1/system/health", get(alive))
        .fallback(lead)
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app)
}

async fn alive(State(app): State<Shared>, request: Request) -> Response {
    if !Asked::of(request.uri(), request.headers()).is_some_and(|asked| app.hosts.knows(asked.host())) {
        return guard::unknown_host().into_response();
    }
    system::health(&app, None).await.into_response()
}

async fn lead(State(app): State<Shared>, request: Request) -> Response {
    let asked = Asked::of(request.uri(), request.headers()).filter(|asked| app.hosts.knows(asked.host()));
    let Some(asked) = asked else { return guard::unknown_host().into_response() };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let to = format!("https://{}{path}", asked.authority());
    match *request.method() {
        Method::GET | Method::HEAD => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)]).into_response(),
        // What it carries was readable on the way already; led on, nobody would ever notice.
        _ => {
            let refusal = Refusal::new(Code::HttpsRequired, "this server speaks HTTPS, and this came over plain HTTP");
            Failure::from(refusal.with_hint(format!("Ask https://{}", asked.authority()))).into_response()
        }
    }
}
