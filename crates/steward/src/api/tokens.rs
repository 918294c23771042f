//! `/tokens`: one's own API tokens.

use axum::extract::State;
use axum::http::StatusCode;
use steward_core::user::Token;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Signed};
use super::problem::{Failure, Problem};
use super::types::account::Hidden;
use super::types::{TokenMade, TokenRequest};
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_tokens, create_token)).routes(routes!(revoke_token))
}

/// One's own tokens, without the tokens themselves.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = Vec<Token>)),
    extensions(("x-permission" = json!("account.own"))))]
async fn list_tokens(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<Token>> {
    Ok(axum::Json(app.engine.tokens(&actor).await?))
}

/// Makes a token that may do as much as its owner, or less, everywhere or in some places. It is shown this once.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = TokenRequest, responses((status = 201, body = TokenMade),
        (status = 404, description = "There is nothing of this name.", body = Problem)),
    extensions(("x-permission" = json!("token.create"))))]
async fn create_token(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Json(body): Json<TokenRequest>,
) -> Result<(StatusCode, axum::Json<TokenMade>), Failure> {
    let made = app.engine.create_token(&actor, body.into()).await?;
    Ok((StatusCode::CREATED, axum::Json(TokenMade { token: made.token, secret: Hidden(made.secret) })))
}

/// Revokes a token: at once, also for what it has open.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "A token.", pattern = "^tok_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 204)), extensions(("x-permission" = json!("account.own"))))]
async fn revoke_token(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    app.engine.revoke_token(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
