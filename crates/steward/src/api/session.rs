//! `/session`, `/sessions` and `/account`: signing in and out, one's own sessions and password.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use steward_core::Timestamp;
use steward_core::role::{Permission, Role};
use steward_core::user::{Actor, Credential};
use steward_engine::accounts::{self, SignedIn};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Client, Json, Path, Peer, Signed};
use super::https::Link;
use super::problem::{Failure, Problem};
use super::types::account::Hidden;
use super::types::{CurrentSession, NewSessionToken, OwnSession, PasswordChange, SessionScope, SignIn, Via};
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, get_session, sign_out))
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
        .routes(routes!(change_password))
}

/// Sets the session's cookie: out of reach of scripts, and never sent along by other sites.
///
/// Over HTTPS it is `Secure`, and its name binds it to this host. Over plain HTTP it is neither: what
/// a proxy says about the connection in front of it is not believed as long as no proxy is configured
/// to be trusted.
pub(super) fn with_cookie(signed: &SignedIn, link: Link, mut response: Response) -> Response {
    let seconds = lifetime(signed.session.created_at, signed.session.expires_at);
    set_cookie(&mut response, link, &signed.secret, seconds);
    response
}

fn lifetime(from: Timestamp, to: Timestamp) -> u64 {
    to.since(from) / 1000
}

fn set_cookie(response: &mut Response, link: Link, secret: &str, seconds: u64) {
    let secure = if link == Link::Encrypted { "; Secure" } else { "" };
    let cookie = format!("{}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}", link.cookie());
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Signs in with a name and a password.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn,
    responses((status = 201, body = NewSessionToken),
        (status = 401, description = "The name or the password is not right.", body = Problem),
        (status = 429, description = "Too many wrong tries.", body = Problem)),
    extensions(("x-permission" = json!("public"))))]
async fn sign_in(
    State(app): State<Shared>,
    Peer(peer): Peer,
    link: Link,
    Client(client): Client,
    Json(body): Json<SignIn>,
) -> Result<Response, Failure> {
    let from = accounts::SignIn { address: peer.to_string(), client };
    let signed = app.engine.sign_in(&from, &body.user, &body.password.0).await?;
    let session =
        NewSessionToken { user: signed.user.clone(), token: Hidden(signed.secret.clone()), expires_at: signed.session.expires_at };
    Ok(with_cookie(&signed, link, (StatusCode::CREATED, axum::Json(session)).into_response()))
}

/// Who is signed in, and what they may do.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = CurrentSession)),
    extensions(("x-permission" = json!("account.own"))))]
async fn get_session(State(app): State<Shared>, Signed(actor): Signed) -> Answer<CurrentSession> {
    let user = app.engine.account(&actor).await?;
    let permissions = |role: Role| Permission::ALL.iter().filter(|p| role.may(**p)).map(|p| p.as_str().to_owned()).collect();
    let scopes = app.engine.scopes(&actor).await?.into_iter();
    Ok(axum::Json(CurrentSession {
        permissions: permissions(actor.role().unwrap_or(Role::Guest)),
        scopes: scopes.map(|(scope, role)| SessionScope { scope, role, permissions: permissions(role) }).collect(),
        via: match actor {
            Actor::User { credential: Credential::Token(_), .. } => Via::Token,
            _ => Via::Session,
        },
        user,
    }))
}

/// Ends the session that asks.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)),
    extensions(("x-permission" = json!("account.own"))))]
async fn sign_out(State(app): State<Shared>, link: Link, Signed(actor): Signed) -> Result<Response, Failure> {
    app.engine.sign_out(&actor).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, link, "", 0);
    Ok(response)
}

/// One's own sessions.
#[utoipa::path(get, path = "/sessions", tag = "session", responses((status = 200, body = Vec<OwnSession>)),
    extensions(("x-permission" = json!("account.own"))))]
async fn list_sessions(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<OwnSession>> {
    let sessions = app.engine.sessions(&actor).await?;
    let own = match &actor {
        Actor::User { credential: Credential::Session(id), .. } => Some(id),
        _ => None,
    };
    let own = |session: steward_core::user::Session| OwnSession { current: Some(&session.id) == own, session };
    Ok(axum::Json(sessions.into_iter().map(own).collect()))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "session",
    params(("id" = String, Path, description = "A session.", pattern = "^ses_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 204)), extensions(("x-permission" = json!("account.own"))))]
async fn end_session(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    app.engine.end_session(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes one's own password; every other session ends.
#[utoipa::path(post, path = "/account/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), (status = 429, description = "Too many wrong tries.", body = Problem)),
    extensions(("x-permission" = json!("account.own"))))]
async fn change_password(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, Failure> {
    app.engine.change_password(&actor, &body.current.0, &body.new.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
