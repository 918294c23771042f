//! `/deployments`: what runs, and what can be done to it. Each change is an operation.

use axum::extract::State;
use steward_core::operation::{DeploymentRemove, DeploymentRestart, DeploymentStart, DeploymentStop, Kind, Request};
use steward_core::plan::Plan;
use steward_core::user::Actor;
use steward_core::{DeploymentId, operation};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{IdempotencyKey, Json, MaybeJson, Path, Signed};
use super::guard::Asked;
use super::operations::AcceptedAnswer;
use super::problem::{Failure, Problem};
use super::types::account::Hidden;
use super::types::{Accepted, DeploymentChange, DeploymentView, Nothing, PlanRequest, RevealRequest, RevealedSecret, RollbackRequest};
use super::{Answer, App, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_deployments))
        .routes(routes!(get_deployment, update_deployment, remove_deployment))
        .routes(routes!(start_deployment))
        .routes(routes!(stop_deployment))
        .routes(routes!(restart_deployment))
        .routes(routes!(plan_deployment))
        .routes(routes!(roll_back_deployment))
        .routes(routes!(reveal_secret))
}

/// Every deployment.
#[utoipa::path(get, path = "/deployments", tag = "deployments", responses((status = 200, body = Vec<DeploymentView>)),
    extensions(("x-permission" = json!("read"))))]
async fn list_deployments(State(app): State<Shared>, Signed(actor): Signed, asked: Asked) -> Answer<Vec<DeploymentView>> {
    let all = app.engine.deployments(&actor).await?;
    Ok(axum::Json(all.into_iter().map(|view| DeploymentView::new(&app.engine, view, asked.host())).collect()))
}

/// One deployment.
#[utoipa::path(get, path = "/deployments/{id}", tag = "deployments",
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = DeploymentView)), extensions(("x-permission" = json!("read"))))]
async fn get_deployment(State(app): State<Shared>, Signed(actor): Signed, asked: Asked, Path(id): Path<String>) -> Answer<DeploymentView> {
    let view = app.engine.deployment(&actor, &id).await?;
    Ok(axum::Json(DeploymentView::new(&app.engine, view, asked.host())))
}

/// Submits what `request` makes of the deployment's id.
async fn submit(
    app: &App,
    actor: &Actor,
    (kind, which): (Kind, &str),
    key: IdempotencyKey,
    request: impl FnOnce(DeploymentId) -> (Request, Option<String>),
) -> Result<AcceptedAnswer, Failure> {
    let (request, plan_hash) = request(app.engine.deployment_to(actor, kind, which).await?);
    Ok(app.engine.submit(actor, request, key.with_plan(plan_hash)).await?.into())
}

/// Changes settings and ports, or brings it to the catalog's present definition.
#[utoipa::path(patch, path = "/deployments/{id}", tag = "deployments", request_body = DeploymentChange,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is so already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, or something changed meanwhile.", body = Problem)),
    extensions(("x-permission" = json!("deployment.update"))))]
async fn update_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
    MaybeJson(body): MaybeJson<DeploymentChange>,
) -> Result<AcceptedAnswer, Failure> {
    submit(&app, &actor, (Kind::DeploymentUpdate, &id), key, |id| body.into_request(id)).await
}

/// Removes it and keeps its data.
#[utoipa::path(delete, path = "/deployments/{id}", tag = "deployments",
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is so already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "Another operation is under way.", body = Problem)),
    extensions(("x-permission" = json!("deployment.remove"))))]
async fn remove_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<AcceptedAnswer, Failure> {
    submit(&app, &actor, (Kind::DeploymentRemove, &id), key, |deployment_id| {
        (Request::DeploymentRemove(DeploymentRemove { deployment_id }), None)
    })
    .await
}

/// Starts it.
#[utoipa::path(post, path = "/deployments/{id}/start", tag = "deployments", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It runs already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, or another operation is under way.", body = Problem)),
    extensions(("x-permission" = json!("deployment.start"))))]
async fn start_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<AcceptedAnswer, Failure> {
    submit(&app, &actor, (Kind::DeploymentStart, &id), key, |deployment_id| {
        (Request::DeploymentStart(DeploymentStart { deployment_id }), None)
    })
    .await
}

/// Stops it.
#[utoipa::path(post, path = "/deployments/{id}/stop", tag = "deployments", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is stopped already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "Another operation is under way.", body = Problem)),
    extensions(("x-permission" = json!("deployment.stop"))))]
async fn stop_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<AcceptedAnswer, Failure> {
    submit(&app, &actor, (Kind::DeploymentStop, &id), key, |deployment_id| {
        (Request::DeploymentStop(DeploymentStop { deployment_id }), None)
    })
    .await
}

/// Restarts it.
#[utoipa::path(post, path = "/deployments/{id}/restart", tag = "deployments", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "Nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, or another operation is under way.", body = Problem)),
    extensions(("x-permission" = json!("deployment.restart"))))]
async fn restart_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<AcceptedAnswer, Failure> {
    submit(&app, &actor, (Kind::DeploymentRestart, &id), key, |deployment_id| {
        (Request::DeploymentRestart(DeploymentRestart { deployment_id }), None)
    })
    .await
}

/// What an operation on it would do, with its checks. Nothing is changed.
#[utoipa::path(post, path = "/deployments/{id}/plan", tag = "deployments", request_body = PlanRequest,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, description = "The plan, also when a check failed.", body = Plan),
        (status = 409, description = "The world does not allow it.", body = Problem)),
    extensions(("x-permission" = json!("read"))))]
async fn plan_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Json(body): Json<PlanRequest>,
) -> Answer<Plan> {
    let request = body.into_request(app.engine.deployment_id(&actor, &id).await?)?;
    Ok(axum::Json(app.engine.plan(&actor, &request).await?))
}

/// Returns it to an earlier revision.
#[utoipa::path(post, path = "/deployments/{id}/rollback", tag = "deployments", request_body = RollbackRequest,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is in force already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, or something changed meanwhile.", body = Problem)),
    extensions(("x-permission" = json!("deployment.rollback"))))]
async fn roll_back_deployment(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(RollbackRequest { revision, plan_hash }): Json<RollbackRequest>,
) -> Result<AcceptedAnswer, Failure> {
    let request = |deployment_id| Request::DeploymentRollback(operation::DeploymentRollback { deployment_id, revision });
    submit(&app, &actor, (Kind::DeploymentRollback, &id), key, |id| (request(id), plan_hash)).await
}

/// Shows the value of a secret setting; the audit says who saw it.
#[utoipa::path(post, path = "/deployments/{id}/secrets/reveal", tag = "deployments", request_body = RevealRequest,
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = RevealedSecret)), extensions(("x-permission" = json!("secret.reveal"))))]
async fn reveal_secret(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Json(RevealRequest { key }): Json<RevealRequest>,
) -> Answer<RevealedSecret> {
    let (key, value) = app.engine.reveal_secret(&actor, &id, &key).await?;
    Ok(axum::Json(RevealedSecret { key, value: Hidden(value) }))
}
