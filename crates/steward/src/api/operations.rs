//! `/operations`: everything that was asked for, and what came of it.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use steward_core::operation::{self, Kind, Operation, OperationDetail};
use steward_core::plan::Plan;
use steward_core::{Code, DeploymentId, OperationId, Refusal};
use steward_store::operations::OperationFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Credential, IdempotencyKey, Json, MaybeJson, Path, Query, Signed};
use super::problem::{Failure, Problem};
use super::types::operation::{SubmitRequest, read_request, read_submission};
use super::types::{Accepted, Nothing, OperationEvent};
use super::{Answer, BASE, Shared, stream};

/// Rows of a list when nothing else is asked for.
const PAGE: u32 = 100;
/// The longest list.
const MAX_PAGE: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_operations, submit_operation))
        .routes(routes!(plan_operation))
        .routes(routes!(get_operation))
        .routes(routes!(follow_operation))
        .routes(routes!(cancel_operation))
        .routes(routes!(retry_operation))
}

/// How many rows a list has.
///
/// # Errors
/// `invalid_value` outside of 1 to 500.
pub(super) fn page_size(limit: Option<u32>) -> Result<u32, Refusal> {
    match limit {
        None => Ok(PAGE),
        Some(limit) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(Refusal::new(Code::InvalidValue, format!("`limit` is 1 to {MAX_PAGE}")).with_field("limit")),
    }
}

/// 202 with the place of the operation, or 200 when nothing is to be done.
pub(super) struct AcceptedAnswer(Accepted);

impl From<steward_engine::Accepted> for AcceptedAnswer {
    fn from(accepted: steward_engine::Accepted) -> Self {
        Self(accepted.into())
    }
}

impl IntoResponse for AcceptedAnswer {
    fn into_response(self) -> Response {
        let status = if self.0.unchanged { StatusCode::OK } else { StatusCode::ACCEPTED };
        let place = format!("{BASE}/operations/{}", self.0.operation.id);
        let mut response = (status, axum::Json(self.0)).into_response();
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
        response
    }
}

/// Which operations are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OperationQuery {
    /// About this deployment: an id, or the name of one that is there.
    deployment: Option<String>,
    /// In this state.
    state: Option<operation::State>,
    /// Of this kind.
    kind: Option<Kind>,
    /// How many.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Accepted before this operation.
    #[param(pattern = "^op_[0-9a-hjkmnp-tv-z]{16}$")]
    before: Option<String>,
    /// Parts of this operation.
    #[param(pattern = "^op_[0-9a-hjkmnp-tv-z]{16}$")]
    parent: Option<String>,
    /// Only operations that are no part of another one.
    #[serde(default)]
    whole: bool,
}

/// Operations, newest first.
#[utoipa::path(get, path = "/operations", tag = "operations", params(OperationQuery), responses((status = 200, body = Vec<Operation>),
    (status = 404, description = "There is no such deployment.", body = Problem)),
    extensions(("x-permission" = json!("read"))))]
async fn list_operations(State(app): State<Shared>, Signed(actor): Signed, Query(query): Query<OperationQuery>) -> Answer<Vec<Operation>> {
    let deployment_id = match &query.deployment {
        None => None,
        // An id may be that of a deployment that is gone; a name means the one that has it now.
        Some(which) => Some(match DeploymentId::parse(which) {
            Ok(id) => id,
            Err(_) => app.engine.deployment_id(&actor, which).await?,
        }),
    };
    let before = query.before.as_deref().map(OperationId::parse).transpose().map_err(|refusal| refusal.with_field("before"))?;
    let parent = query.parent.as_deref().map(OperationId::parse).transpose().map_err(|refusal| refusal.with_field("parent"))?;
    let limit = page_size(query.limit)?;
    let filter =
        OperationFilter { deployment_id, state: query.state, kind: query.kind, before, parent, whole: query.whole, limit, sight: None };
    Ok(axum::Json(app.engine.operations(&actor, filter).await?))
}

/// Asks for an operation of any kind. The role that is needed depends on the kind.
#[utoipa::path(post, path = "/operations", tag = "operations", request_body = SubmitRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is so already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 404, description = "There is nothing of this name.", body = Problem),
        (status = 409, description = "A check failed, or something changed meanwhile.", body = Problem)),
    extensions(("x-permission" = json!("of-the-kind"))))]
async fn submit_operation(
    State(app): State<Shared>,
    Signed(actor): Signed,
    key: IdempotencyKey,
    Json(body): Json<Value>,
) -> Result<AcceptedAnswer, Failure> {
    let (request, plan_hash) = read_submission(body)?;
    Ok(app.engine.submit(&actor, request, key.with_plan(plan_hash)).await?.into())
}

/// The plan of an operation of any kind; nothing is done.
#[utoipa::path(post, path = "/operations/plan", tag = "operations", request_body = operation::Request,
    responses((status = 200, description = "The plan, also when a check failed.", body = Plan),
        (status = 404, description = "There is nothing of this name.", body = Problem),
        (status = 409, description = "It cannot be planned as things are.", body = Problem)),
    extensions(("x-permission" = json!("read"))))]
async fn plan_operation(State(app): State<Shared>, Signed(actor): Signed, Json(body): Json<Value>) -> Answer<Plan> {
    Ok(axum::Json(app.engine.plan(&actor, &read_request(body)?).await?))
}

/// One operation with its plan, steps and commands.
#[utoipa::path(get, path = "/operations/{id}", tag = "operations",
    params(("id" = String, Path, description = "An operation.", pattern = "^op_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = OperationDetail)), extensions(("x-permission" = json!("read"))))]
async fn get_operation(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<OperationDetail> {
    Ok(axum::Json(app.engine.operation(&actor, &id).await?))
}

/// An operation as it goes on: one JSON object per line, the last one when it is at rest.
#[utoipa::path(get, path = "/operations/{id}/events", tag = "operations",
    params(("id" = String, Path, description = "An operation.", pattern = "^op_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 200, body = OperationEvent, content_type = "application/x-ndjson")),
    extensions(("x-permission" = json!("read"))))]
async fn follow_operation(
    State(app): State<Shared>,
    credential: Credential,
    Signed(actor): Signed,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let events = stream::operation_events(app.clone(), actor.clone(), id).await?;
    Ok(stream::ndjson(events, stream::rights_end(app, credential, actor)))
}

/// Cancels an operation; what it did is undone.
#[utoipa::path(post, path = "/operations/{id}/cancel", tag = "operations", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "An operation.", pattern = "^op_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 202, body = Operation), (status = 409, description = "It is not in a state that allows this.", body = Problem)),
    extensions(("x-permission" = json!("operation.cancel"))))]
async fn cancel_operation(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<(StatusCode, axum::Json<Operation>), Failure> {
    let operation = app.engine.cancel(&actor, &operation_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(operation)))
}

/// Tries the undo of an operation that needs attention again.
#[utoipa::path(post, path = "/operations/{id}/retry", tag = "operations", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "An operation.", pattern = "^op_[0-9a-hjkmnp-tv-z]{16}$")),
    responses((status = 202, body = Operation), (status = 409, description = "It is not in a state that allows this.", body = Problem)),
    extensions(("x-permission" = json!("operation.retry"))))]
async fn retry_operation(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<(StatusCode, axum::Json<Operation>), Failure> {
    let operation = app.engine.retry(&actor, &operation_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(operation)))
}

/// What cannot be an operation's id is the id of none.
fn operation_id(id: &str) -> Result<OperationId, Refusal> {
    OperationId::parse(id).map_err(|_| Refusal::not_found("operation", id))
}
