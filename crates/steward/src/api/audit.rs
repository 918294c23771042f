//! `/audit`: who asked for what, and what came of it.

use axum::extract::State;
use serde::Deserialize;
use steward_core::audit::AuditRow;
use steward_store::audit::AuditFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Query, Signed};
use super::operations::page_size;
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// Which rows are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// How many rows.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Rows before this sequence.
    before: Option<i64>,
    /// Of this actor.
    actor: Option<String>,
    /// With this action.
    action: Option<String>,
    /// About this target.
    target: Option<String>,
}

/// The audit, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Vec<AuditRow>)),
    extensions(("x-permission" = json!("audit.read"))))]
async fn list_audit(State(app): State<Shared>, Signed(actor): Signed, Query(query): Query<AuditQuery>) -> Answer<Vec<AuditRow>> {
    let AuditQuery { limit, before, actor: of, action, target } = query;
    let filter = AuditFilter { before, actor: of, action, target, limit: page_size(limit)? };
    Ok(axum::Json(app.engine.audit(&actor, filter).await?))
}
