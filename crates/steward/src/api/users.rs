//! `/users`: accounts, for admins.

use axum::extract::State;
use axum::http::StatusCode;
use steward_core::user::User;
use steward_engine::accounts::GrantView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Signed};
use super::problem::{Failure, Problem};
use super::types::{GrantRequest, UserChange, UserRequest};
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(change_user, remove_user))
        .routes(routes!(list_grants, grant))
        .routes(routes!(revoke_grant))
}

/// Every account.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Vec<User>)),
    extensions(("x-permission" = json!("users.manage"))))]
async fn list_users(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<User>> {
    Ok(axum::Json(app.engine.users(&actor).await?))
}

/// Makes an account.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserRequest,
    responses((status = 201, body = User), (status = 409, description = "The name is taken.", body = Problem)),
    extensions(("x-permission" = json!("users.manage"))))]
async fn create_user(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Json(body): Json<UserRequest>,
) -> Result<(StatusCode, axum::Json<User>), Failure> {
    let user = app.engine.create_user(&actor, &body.name, &body.password.0, body.role).await?;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

/// Changes an account's role or password; its sessions end.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", request_body = UserChange,
    params(("id" = String, Path, description = "An account.", pattern = "^usr_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = User), (status = 409, description = "It is the last owner.", body = Problem)),
    extensions(("x-permission" = json!("users.manage"))))]
async fn change_user(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Json(body): Json<UserChange>,
) -> Answer<User> {
    let password = body.password.as_ref().map(|password| password.0.as_str());
    Ok(axum::Json(app.engine.change_user(&actor, &id, body.role, password).await?))
}

/// Removes an account with its sessions and tokens.
#[utoipa::path(delete, path = "/users/{id}", tag = "users",
    params(("id" = String, Path, description = "An account.", pattern = "^usr_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 204), (status = 409, description = "It is the last owner.", body = Problem)),
    extensions(("x-permission" = json!("users.manage"))))]
async fn remove_user(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    app.engine.remove_user(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is granted to an account on single devices and deployments.
#[utoipa::path(get, path = "/users/{id}/grants", tag = "users",
    params(("id" = String, Path, description = "An account.", pattern = "^usr_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = Vec<GrantView>)), extensions(("x-permission" = json!("users.manage"))))]
async fn list_grants(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<Vec<GrantView>> {
    Ok(axum::Json(app.engine.grants(&actor, &id).await?))
}

/// Gives an account a role on a device or a deployment, in place of the one that it had there.
#[utoipa::path(post, path = "/users/{id}/grants", tag = "users", request_body = GrantRequest,
    params(("id" = String, Path, description = "An account.", pattern = "^usr_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 201, body = GrantView)), extensions(("x-permission" = json!("users.manage"))))]
async fn grant(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Json(body): Json<GrantRequest>,
) -> Result<(StatusCode, axum::Json<GrantView>), Failure> {
    let granted = app.engine.grant(&actor, &id, &body.scope()?, body.role).await?;
    Ok((StatusCode::CREATED, axum::Json(granted)))
}

/// Takes a grant back: at once, also for what is open.
#[utoipa::path(delete, path = "/users/{id}/grants/{grant}", tag = "users",
    params(("id" = String, Path, description = "An account.", pattern = "^usr_[0-9a-hjkmnp-tv-z]{16}$"),
        ("grant" = String, Path, description = "A grant.", pattern = "^grt_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 204)), extensions(("x-permission" = json!("users.manage"))))]
async fn revoke_grant(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path((id, grant)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    app.engine.revoke_grant(&actor, &id, &grant).await?;
    Ok(StatusCode::NO_CONTENT)
}
