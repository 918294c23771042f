//! `/setup`: claiming a server that nobody owns yet.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Client, Json, Peer};
use super::https::Link;
use super::problem::{self, Failure};
use super::session::with_cookie;
use super::types::account::Hidden;
use super::types::{Claim, Claimable, NewSession};
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get_setup, claim))
}

/// Whether the server waits for its owner; 404 once it has one.
#[utoipa::path(get, path = "/setup", tag = "setup",
    responses((status = 200, body = Claimable), (status = 404, description = "The server has an owner.", body = problem::Problem)),
    extensions(("x-permission" = json!("public"))))]
async fn get_setup(State(app): State<Shared>) -> Answer<Claimable> {
    if app.engine.is_claimed().await? {
        return Err(problem::not_found());
    }
    Ok(axum::Json(Claimable { claimed: false }))
}

/// Makes the owner's account with the code from the server's console, and signs it in.
///
/// Works once, and never comes back.
#[utoipa::path(post, path = "/setup", tag = "setup", request_body = Claim,
    responses((status = 201, body = NewSession),
        (status = 403, description = "The code is wrong, or another site's page asked.", body = problem::Problem),
        (status = 404, description = "The server has an owner.", body = problem::Problem),
        (status = 429, description = "Too many wrong codes.", body = problem::Problem)),
    extensions(("x-permission" = json!("public"))))]
async fn claim(
    State(app): State<Shared>,
    Peer(peer): Peer,
    link: Link,
    Client(client): Client,
    Json(claim): Json<Claim>,
) -> Result<Response, Failure> {
    let signed = app.engine.claim(&peer.to_string(), &client, &claim.code.0, &claim.user, &claim.password.0).await?;
    let session = NewSession { user: signed.user.clone(), token: Hidden(signed.secret.clone()) };
    Ok(with_cookie(&signed, link, (StatusCode::CREATED, axum::Json(session)).into_response()))
}
