//! `/deployments/{id}/...`: the settings in force, earlier revisions, generated files.

use axum::extract::State;
use steward_engine::{ConfigView, FileView, RevisionView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Path, Signed};
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get_config)).routes(routes!(list_revisions)).routes(routes!(list_files))
}

/// The settings in force. Of secrets it says only that they have a value.
#[utoipa::path(get, path = "/deployments/{id}/config", tag = "deployments",
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = ConfigView)), extensions(("x-permission" = json!("read"))))]
async fn get_config(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<ConfigView> {
    Ok(axum::Json(app.engine.config(&actor, &id).await?))
}

/// The revisions that were ever in force, newest first.
#[utoipa::path(get, path = "/deployments/{id}/revisions", tag = "deployments",
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = Vec<RevisionView>)), extensions(("x-permission" = json!("read"))))]
async fn list_revisions(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<Vec<RevisionView>> {
    Ok(axum::Json(app.engine.revisions(&actor, &id).await?))
}

/// The generated files, secrets masked.
#[utoipa::path(get, path = "/deployments/{id}/files", tag = "deployments",
    params(("id" = String, Path, description = "A deployment's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = Vec<FileView>)), extensions(("x-permission" = json!("files.read"))))]
async fn list_files(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<Vec<FileView>> {
    Ok(axum::Json(app.engine.files(&actor, &id).await?))
}
