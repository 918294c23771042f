//! `/applications`: the catalog, and deploying from it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use steward_core::name::Slug;
use steward_core::plan::Plan;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{IdempotencyKey, MaybeJson, Path, Signed};
use super::operations::AcceptedAnswer;
use super::problem::{self, Failure, Problem};
use super::types::{Accepted, ApplicationDetail, ApplicationSummary, DeployRequest};
use super::{Answer, Shared};

/// An icon is somebody else's file: shown as a picture it may have styles, opened as a page it may
/// do nothing at all.
const ICON_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_applications))
        .routes(routes!(get_application))
        .routes(routes!(get_icon))
        .routes(routes!(plan_deploy))
        .routes(routes!(deploy))
}

/// The catalog. An entry that is broken is there too, with what is wrong.
#[utoipa::path(get, path = "/applications", tag = "applications", responses((status = 200, body = Vec<ApplicationSummary>)),
    extensions(("x-permission" = json!("read"))))]
async fn list_applications(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<ApplicationSummary>> {
    let all = app.engine.applications(&actor).await?;
    Ok(axum::Json(all.iter().map(|(entry, deployments)| ApplicationSummary::new(&app.engine, entry, *deployments)).collect()))
}

/// One application.
#[utoipa::path(get, path = "/applications/{slug}", tag = "applications",
    params(("slug" = String, Path, description = "An application.", pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 48)),
    responses((status = 200, body = ApplicationDetail)), extensions(("x-permission" = json!("read"))))]
async fn get_application(State(app): State<Shared>, Signed(actor): Signed, Path(slug): Path<String>) -> Answer<ApplicationDetail> {
    let (entry, deployments) = app.engine.application(&actor, &slug).await?;
    Ok(axum::Json(ApplicationDetail::new(&app.engine, &entry, deployments)))
}

/// The icon of an application.
#[utoipa::path(get, path = "/applications/{slug}/icon.svg", tag = "applications",
    params(("slug" = String, Path, description = "An application.", pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 48)),
    responses((status = 200, body = String, content_type = "image/svg+xml")), extensions(("x-permission" = json!("public"))))]
async fn get_icon(State(app): State<Shared>, Path(slug): Path<String>) -> Result<Response, Failure> {
    let icon = app.engine.icon(&slug).ok_or_else(problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, ICON_POLICY),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    Ok((headers, icon).into_response())
}

/// What deploying would do, with its checks. Nothing is changed.
#[utoipa::path(post, path = "/applications/{slug}/plan", tag = "applications", request_body = DeployRequest,
    params(("slug" = String, Path, description = "An application.", pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 48)),
    responses((status = 200, description = "The plan, also when a check failed.", body = Plan),
        (status = 409, description = "The world does not allow it.", body = Problem)),
    extensions(("x-permission" = json!("read"))))]
async fn plan_deploy(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
    MaybeJson(body): MaybeJson<DeployRequest>,
) -> Answer<Plan> {
    let (request, _) = body.into_request(known(&slug)?)?;
    Ok(axum::Json(app.engine.plan(&actor, &request).await?))
}

/// Deploys an application.
#[utoipa::path(post, path = "/applications/{slug}/deploy", tag = "applications", request_body = DeployRequest,
    params(("slug" = String, Path, description = "An application.", pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 48),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is so already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, the plan is stale, or the name is taken; with the plan.", body = Problem)),
    extensions(("x-permission" = json!("deployment.deploy"))))]
async fn deploy(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
    key: IdempotencyKey,
    MaybeJson(body): MaybeJson<DeployRequest>,
) -> Result<AcceptedAnswer, Failure> {
    let (request, plan_hash) = body.into_request(known(&slug)?)?;
    Ok(app.engine.submit(&actor, request, key.with_plan(plan_hash)).await?.into())
}

/// What cannot be the name of an application is the name of none.
fn known(slug: &str) -> Result<Slug, Failure> {
    Slug::parse(slug).map_err(|_| steward_core::Refusal::not_found("application", slug).into())
}
