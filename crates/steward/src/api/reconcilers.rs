//! `/reconcilers`: background tasks, and what came of their last activation.

use axum::extract::State;
use axum::http::StatusCode;
use steward_core::reconciler::ReconcilerStatus;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{MaybeJson, Path, Signed};
use super::problem::Failure;
use super::types::Nothing;
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_reconcilers)).routes(routes!(run_reconciler))
}

/// Every background task.
#[utoipa::path(get, path = "/reconcilers", tag = "reconcilers", responses((status = 200, body = Vec<ReconcilerStatus>)),
    extensions(("x-permission" = json!("read"))))]
async fn list_reconcilers(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<ReconcilerStatus>> {
    Ok(axum::Json(app.engine.reconcilers(&actor).await?))
}

/// Lets a background task begin now. One that is at work begins once more when it ends.
#[utoipa::path(post, path = "/reconcilers/{name}/run", tag = "reconcilers", request_body = Option<Nothing>,
    params(("name" = String, Path, description = "A background task.", pattern = "^[a-z][a-z-]*$")),
    responses((status = 202, description = "It was woken; this is how it was before.", body = ReconcilerStatus)),
    extensions(("x-permission" = json!("reconciler.run"))))]
async fn run_reconciler(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<(StatusCode, axum::Json<ReconcilerStatus>), Failure> {
    Ok((StatusCode::ACCEPTED, axum::Json(app.engine.run_reconciler(&actor, &name).await?)))
}
