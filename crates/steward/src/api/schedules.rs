//! `/schedules`: operations that are asked for at due times.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use steward_core::{Code, Refusal, Timestamp};
use steward_engine::{CalendarDay, CalendarQuery, RunView, SchedulePreview, ScheduleView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{IdempotencyKey, Json, MaybeJson, Path, Query, Signed};
use super::operations::{AcceptedAnswer, page_size};
use super::problem::{Failure, Problem};
use super::types::{Accepted, Nothing, PreviewRequest, ScheduleChange, ScheduleRequest};
use super::{Answer, Shared};

/// Due times of a preview when nothing else is asked for, and the most.
const PREVIEWED: u32 = 3;
const MOST_PREVIEWED: u32 = 100;
/// The length of the calendar when nothing else is asked for.
const MONTH: i64 = 31 * 24 * 3600 * 1000;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_schedules, create_schedule))
        .routes(routes!(preview_schedule))
        .routes(routes!(calendar))
        .routes(routes!(get_schedule, change_schedule, remove_schedule))
        .routes(routes!(run_schedule))
        .routes(routes!(pause_schedule))
        .routes(routes!(resume_schedule))
        .routes(routes!(list_runs))
}

/// Every schedule with its next due times and what came of the last one, by name.
#[utoipa::path(get, path = "/schedules", tag = "schedules", responses((status = 200, body = Vec<ScheduleView>)),
    extensions(("x-permission" = json!("read"))))]
async fn list_schedules(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Vec<ScheduleView>> {
    Ok(axum::Json(app.engine.schedules(&actor).await?))
}

/// Makes a schedule. It needs the right of its request too, and acts with the rights that its owner has when it runs.
#[utoipa::path(post, path = "/schedules", tag = "schedules", request_body = ScheduleRequest,
    responses((status = 201, body = ScheduleView),
        (status = 404, description = "What its request is about does not exist.", body = Problem),
        (status = 409, description = "The name is taken, or the request makes no sense now.", body = Problem)),
    extensions(("x-permission" = json!("schedules.manage"))))]
async fn create_schedule(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Json(body): Json<ScheduleRequest>,
) -> Result<(StatusCode, axum::Json<ScheduleView>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(app.engine.create_schedule(&actor, body.into()).await?)))
}

/// What a cron expression means in a time zone, and when it is due next.
#[utoipa::path(post, path = "/schedules/preview", tag = "schedules", request_body = PreviewRequest,
    responses((status = 200, body = SchedulePreview)), extensions(("x-permission" = json!("signed-in"))))]
async fn preview_schedule(State(app): State<Shared>, Signed(actor): Signed, Json(body): Json<PreviewRequest>) -> Answer<SchedulePreview> {
    let count = body.count.unwrap_or(PREVIEWED);
    if !(1..=MOST_PREVIEWED).contains(&count) {
        return Err(Refusal::new(Code::InvalidValue, format!("`count` is 1 to {MOST_PREVIEWED}")).with_field("count").into());
    }
    Ok(axum::Json(app.engine.preview_schedule(&actor, &body.cron, &body.time_zone, count as usize)?))
}

/// Which part of the calendar is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CalendarParameters {
    /// From this moment on; now when absent.
    #[param(minimum = 0)]
    from: Option<i64>,
    /// Up to this moment, at most 62 days later; 31 days later when absent.
    to: Option<i64>,
    /// The time zone whose days are meant; UTC when absent.
    time_zone: Option<String>,
}

/// What schedules did and will do, day by day.
#[utoipa::path(get, path = "/schedules/calendar", tag = "schedules", params(CalendarParameters),
    responses((status = 200, body = Vec<CalendarDay>)), extensions(("x-permission" = json!("read"))))]
async fn calendar(State(app): State<Shared>, Signed(actor): Signed, Query(query): Query<CalendarParameters>) -> Answer<Vec<CalendarDay>> {
    let from = query.from.map_or_else(|| app.clock.now(), Timestamp);
    let to = query.to.map_or_else(|| from.plus(MONTH), Timestamp);
    let query = CalendarQuery { from, to, time_zone: query.time_zone.unwrap_or_else(|| "UTC".to_owned()) };
    Ok(axum::Json(app.engine.calendar(&actor, &query).await?))
}

/// One schedule.
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = ScheduleView)), extensions(("x-permission" = json!("read"))))]
async fn get_schedule(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Answer<ScheduleView> {
    Ok(axum::Json(app.engine.schedule(&actor, &id).await?))
}

/// Replaces what a schedule is. Whoever does it owns it from then on.
#[utoipa::path(put, path = "/schedules/{id}", tag = "schedules", request_body = ScheduleChange,
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = ScheduleView),
        (status = 409, description = "It was changed meanwhile, or the name is taken.", body = Problem)),
    extensions(("x-permission" = json!("schedules.manage"))))]
async fn change_schedule(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Json(body): Json<ScheduleChange>,
) -> Answer<ScheduleView> {
    let expected = body.expected_version;
    Ok(axum::Json(app.engine.change_schedule(&actor, &id, expected, body.into()).await?))
}

/// Removes a schedule and the record of its runs. Its operations stay.
#[utoipa::path(delete, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 204)), extensions(("x-permission" = json!("schedules.manage"))))]
async fn remove_schedule(State(app): State<Shared>, Signed(actor): Signed, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    app.engine.remove_schedule(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks now for what a schedule asks for, as whoever wants it. It is no run of the schedule.
#[utoipa::path(post, path = "/schedules/{id}/run", tag = "schedules", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 200, description = "It is so already; nothing is done.", body = Accepted),
        (status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, or something changed meanwhile.", body = Problem)),
    extensions(("x-permission" = json!("of-the-kind"))))]
async fn run_schedule(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    key: IdempotencyKey,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Result<AcceptedAnswer, Failure> {
    Ok(app.engine.run_schedule(&actor, &id, key.with_plan(None)).await?.into())
}

/// Pauses a schedule.
#[utoipa::path(post, path = "/schedules/{id}/pause", tag = "schedules", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = ScheduleView)), extensions(("x-permission" = json!("schedules.manage"))))]
async fn pause_schedule(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Answer<ScheduleView> {
    Ok(axum::Json(app.engine.set_schedule_enabled(&actor, &id, false).await?))
}

/// Lets a paused schedule run again. What was due meanwhile is not made up for.
#[utoipa::path(post, path = "/schedules/{id}/resume", tag = "schedules", request_body = Option<Nothing>,
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$")),
    responses((status = 200, body = ScheduleView)), extensions(("x-permission" = json!("schedules.manage"))))]
async fn resume_schedule(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Answer<ScheduleView> {
    Ok(axum::Json(app.engine.set_schedule_enabled(&actor, &id, true).await?))
}

/// Which runs are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RunsQuery {
    /// How many.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// With a due time before this one.
    before: Option<i64>,
}

/// What came of a schedule's due times, the newest first. The last 2000 are remembered.
#[utoipa::path(get, path = "/schedules/{id}/runs", tag = "schedules",
    params(("id" = String, Path, description = "A schedule's id or name.", pattern = "^[a-z0-9_-]{1,40}$"), RunsQuery),
    responses((status = 200, body = Vec<RunView>)), extensions(("x-permission" = json!("read"))))]
async fn list_runs(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Path(id): Path<String>,
    Query(query): Query<RunsQuery>,
) -> Answer<Vec<RunView>> {
    let limit = page_size(query.limit)?;
    Ok(axum::Json(app.engine.schedule_runs(&actor, &id, query.before.map(Timestamp), limit).await?))
}
