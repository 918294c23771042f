//! `/devices`: machines, and what was last seen of them.

use axum::extract::State;
use steward_core::Code;
use steward_core::device::{Container, DeviceChange, ListeningPort};
use steward_engine::{DeviceView, ScriptsView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Signed};
use super::problem::Failure;
use super::types::DeviceStats;
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_devices))
        .routes(routes!(get_device, change_device))
        .routes(routes!(get_stats))
        .routes(routes!(list_ports))
        .routes(routes!(list_containers))
        .routes(routes!(list_scripts))
}

/// Every device.
#[utoipa::path(get, path = "/devices", tag = "devices", responses((status = 200, body = Vec<DeviceView>)),
    extensions(("x-permission" = json!("read"))))]
async fn list_devices(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<DeviceView>> {
    Ok(axum::Json(app.engine.devices(&actor).await?))
}

/// One device.
#[utoipa::path(get, path = "/devices/{id}", tag = "devices",
    params(("id" = String, Path, description = "A device.", pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = DeviceView)), extensions(("x-permission" = json!("read"))))]
async fn get_device(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<DeviceView> {
    Ok(axum::Json(app.engine.device(&actor, &id).await?))
}

/// Changes a device. What is absent stays.
#[utoipa::path(patch, path = "/devices/{id}", tag = "devices", request_body = DeviceChange,
    params(("id" = String, Path, description = "A device.", pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = DeviceView)), extensions(("x-permission" = json!("device.manage"))))]
async fn change_device(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Json(change): Json<DeviceChange>,
) -> Answer<DeviceView> {
    Ok(axum::Json(app.engine.change_device(&actor, &id, &change).await?))
}

/// What a device measures.
#[utoipa::path(get, path = "/devices/{id}/stats", tag = "devices",
    params(("id" = String, Path, description = "A device.", pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = DeviceStats)), extensions(("x-permission" = json!("read"))))]
async fn get_stats(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<DeviceStats> {
    let view = app.engine.device(&actor, &id).await?;
    let missing = || Failure::new(Code::DeviceUnreachable, format!("`{}` has not answered yet", view.device.name));
    let facts = view.facts.clone().ok_or_else(missing)?;
    Ok(axum::Json(DeviceStats { facts, observed_at: view.observed_at }))
}

/// What listens on a device, looked at now.
#[utoipa::path(get, path = "/devices/{id}/ports", tag = "devices",
    params(("id" = String, Path, description = "A device.", pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = Vec<ListeningPort>)), extensions(("x-permission" = json!("read"))))]
async fn list_ports(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<Vec<ListeningPort>> {
    Ok(axum::Json(app.engine.ports(&actor, &id).await?))
}

/// Every container of a device, also those that Steward did not make.
#[utoipa::path(get, path = "/devices/{id}/containers", tag = "devices",
    params(("id" = String, Path, description = "A device.", pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = Vec<Container>)), extensions(("x-permission" = json!("read"))))]
async fn list_containers(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<Vec<Container>> {
    Ok(axum::Json(app.engine.containers(&actor, &id).await?))
}

/// The host maintenance scripts of a device, looked at now. Those that cannot be run say why.
#[utoipa::path(get, path = "/devices/{id}/scripts", tag = "devices",
    params(("id" = String, Path, description = "A device.", pattern = "^dev_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = ScriptsView)), extensions(("x-permission" = json!("read"))))]
async fn list_scripts(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<ScriptsView> {
    Ok(axum::Json(app.engine.scripts(&actor, &id).await?))
}
