//! `/system` and the description of the API.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use steward_core::device::DeviceStatus;
use steward_core::retention::RetentionChange;
use steward_core::user::Actor;
use steward_engine::RetentionView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, MaybeSigned, Signed};
use super::problem::Failure;
use super::types::{Health, HealthStatus, Part, Version};
use super::{Answer, App, Shared, document};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const API_VERSION: &str = "v1";

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(get_health))
        .routes(routes!(get_version))
        .routes(routes!(get_openapi))
        .routes(routes!(get_retention, change_retention))
}

/// How the server is.
///
/// Whether the container engine answers is said only to those who are signed in.
#[utoipa::path(get, path = "/system/health", tag = "system", responses((status = 200, body = Health)),
    extensions(("x-permission" = json!("public"))))]
async fn get_health(State(app): State<Shared>, MaybeSigned(actor): MaybeSigned) -> Answer<Health> {
    health(&app, actor.as_ref()).await
}

/// How the server is, as somebody or nobody may know it.
pub(super) async fn health(app: &App, actor: Option<&Actor>) -> Answer<Health> {
    let database = if app.engine.database_answers().await { Part::Ok } else { Part::Unavailable };
    let engine = match actor {
        Some(actor) => Some(engine(app, actor).await?),
        None => None,
    };
    let well = database == Part::Ok && engine != Some(Part::Unavailable);
    Ok(axum::Json(Health {
        status: if well { HealthStatus::Ok } else { HealthStatus::Degraded },
        version: VERSION.to_owned(),
        claimed: app.engine.is_claimed().await?,
        database,
        engine,
    }))
}

async fn engine(app: &App, actor: &Actor) -> Result<Part, Failure> {
    let devices = app.engine.devices(actor).await?;
    let all = devices.iter().all(|device| device.status == DeviceStatus::Online);
    Ok(if all { Part::Ok } else { Part::Unavailable })
}

/// The versions of Steward and of this API, and which kind of instance this is.
#[utoipa::path(get, path = "/system/version", tag = "system", responses((status = 200, body = Version)),
    extensions(("x-permission" = json!("signed-in"))))]
async fn get_version(State(app): State<Shared>, Signed(_): Signed) -> Answer<Version> {
    let development = app.engine.is_development();
    Ok(axum::Json(Version { version: VERSION.to_owned(), api_version: API_VERSION.to_owned(), development }))
}

/// How long what was done is remembered, and how much that is now.
#[utoipa::path(get, path = "/system/retention", tag = "system", responses((status = 200, body = RetentionView)),
    extensions(("x-permission" = json!("read"))))]
async fn get_retention(State(app): State<Shared>, Signed(actor): Signed) -> Answer<RetentionView> {
    Ok(axum::Json(app.engine.retention(&actor).await?))
}

/// Changes how long what was done is remembered. What is absent stays.
#[utoipa::path(patch, path = "/system/retention", tag = "system", request_body = RetentionChange,
    responses((status = 200, body = RetentionView)), extensions(("x-permission" = json!("retention.manage"))))]
async fn change_retention(State(app): State<Shared>, Signed(actor): Signed, Json(change): Json<RetentionChange>) -> Answer<RetentionView> {
    Ok(axum::Json(app.engine.change_retention(&actor, &change).await?))
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "system",
    responses((status = 200, body = Object, content_type = "application/json")),
    extensions(("x-permission" = json!("public"))))]
async fn get_openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document::openapi_json()).into_response()
}
