//! `/volumes`: where the data is. Only the operation `volume.delete` deletes one.

use axum::extract::State;
use steward_engine::VolumeView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Signed;
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_volumes))
}

/// Every volume that Steward made and that is still there, also of deployments that are gone.
#[utoipa::path(get, path = "/volumes", tag = "volumes", responses((status = 200, body = Vec<VolumeView>)),
    extensions(("x-permission" = json!("read"))))]
async fn list_volumes(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<VolumeView>> {
    Ok(axum::Json(app.engine.volumes(&actor).await?))
}
