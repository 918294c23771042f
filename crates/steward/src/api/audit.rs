//! `/audit`: who asked for what, and what came of it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, TryStreamExt, stream as streams};
use serde::{Deserialize, Serialize};
use steward_core::audit::{AuditCut, AuditRow, AuditVerdict};
use steward_core::user::Actor;
use steward_core::{Code, Refusal};
use steward_store::audit::AuditFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Credential, Query, Signed};
use super::operations::page_size;
use super::problem::Failure;
use super::{Answer, Shared, stream};

/// Rows that an export holds at once.
const EXPORTED: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_audit)).routes(routes!(verify_audit)).routes(routes!(export_audit))
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
    let filter = AuditFilter { before, after: None, actor: of, action, target, limit: page_size(limit)? };
    Ok(axum::Json(app.engine.audit(&actor, filter).await?))
}

/// Whether every row is there, unchanged and in its place.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", responses((status = 200, body = AuditVerdict)),
    extensions(("x-permission" = json!("audit.read"))))]
async fn verify_audit(State(app): State<Shared>, Signed(actor): Signed) -> Answer<AuditVerdict> {
    Ok(axum::Json(app.engine.verify_audit(&actor).await?))
}

/// Which rows are exported.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Rows after this sequence; 0 for all.
    after: Option<i64>,
    /// Of this actor.
    actor: Option<String>,
    /// With this action.
    action: Option<String>,
    /// About this target.
    target: Option<String>,
}

/// One line of an export.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
enum ExportLine {
    /// The first line, when retention cut the audit and older rows would be exported otherwise.
    Cut {
        /// Up to where rows are missing; the first one that follows continues from this hash.
        cut: AuditCut,
    },
    /// A row.
    Row(Box<AuditRow>),
}

/// The whole audit, oldest first, one row per line. Where retention cut off the beginning, the first
/// line says so. An answer that breaks off is not whole.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(ExportQuery),
    responses((status = 200, body = ExportLine, content_type = "application/x-ndjson")),
    extensions(("x-permission" = json!("audit.read"))))]
async fn export_audit(
    State(app): State<Shared>,
    credential: Credential,
    Signed(actor): Signed,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    let ExportQuery { after, actor: of, action, target } = query;
    let filter = AuditFilter { before: None, after: Some(after.unwrap_or(0)), actor: of, action, target, limit: EXPORTED };
    // The first page is read here, so that a refusal is one.
    let cut = app.engine.audit_cut(&actor).await?.filter(|cut| filter.after < Some(cut.through));
    let first = app.engine.audit(&actor, filter.clone()).await?;
    let cut = streams::iter(cut.map(|cut| Ok(ExportLine::Cut { cut })));
    let rows = pages(app.clone(), actor.clone(), filter, first).map_ok(|row| ExportLine::Row(Box::new(row)));
    let named = [(header::CONTENT_DISPOSITION, "attachment; filename=\"steward-audit.jsonl\"")];
    Ok((named, stream::ndjson_or_broken(cut.chain(rows), stream::rights_end(app, credential, actor))).into_response())
}

/// Row after row, a page at a time; the page after the last one is empty.
fn pages(app: Shared, actor: Actor, filter: AuditFilter, first: Vec<AuditRow>) -> impl Stream<Item = Result<AuditRow, Refusal>> {
    streams::try_unfold(first, move |page| {
        let (app, actor, mut filter) = (app.clone(), actor.clone(), filter.clone());
        async move {
            let Some(last) = page.last() else { return Ok(None) };
            filter.after = Some(last.sequence);
            let next = app.engine.audit(&actor, filter).await?;
            // Looked at afterwards: rows that were cut off between the two pages would be missing.
            let cut = app.engine.audit_cut(&actor).await?;
            if cut.is_some_and(|cut| cut.through > last.sequence) {
                return Err(Refusal::new(Code::Conflict, "the audit was cut while it was exported"));
            }
            Ok(Some((page, next)))
        }
    })
    .map_ok(|page| streams::iter(page.into_iter().map(Ok)))
    .try_flatten()
}
