//! `/system/backups`: the backups of Steward's own state. Putting one back happens while no server
//! runs, with `steward self restore`.

use axum::extract::State;
use axum::http::StatusCode;
use steward_core::backup::Backups;
use steward_core::operation::{Request, StewardBackup};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{IdempotencyKey, Json, MaybeJson, Signed};
use super::operations::AcceptedAnswer;
use super::problem::{Failure, Problem};
use super::types::account::Hidden;
use super::types::{Accepted, BackupKeySaved, BackupRequest, Nothing, RevealedBackupKey};
use super::{Answer, Shared};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_backups, make_backup)).routes(routes!(reveal_backup_key)).routes(routes!(backup_key_is_saved))
}

/// The backups of Steward's own state, newest first.
#[utoipa::path(get, path = "/system/backups", tag = "system", responses((status = 200, body = Backups),
    (status = 504, description = "The folder of backups does not answer.", body = Problem)),
    extensions(("x-permission" = json!("backups.read"))))]
async fn list_backups(State(app): State<Shared>, Signed(actor): Signed) -> Answer<Backups> {
    Ok(axum::Json(app.engine.backups(&actor).await?))
}

/// Makes a backup of Steward's own state.
#[utoipa::path(post, path = "/system/backups", tag = "system", request_body = Option<BackupRequest>,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same operation.", pattern = "^[!-~]{1,200}$")),
    responses((status = 202, description = "The operation is recorded and will come to rest.", body = Accepted),
        (status = 409, description = "A check failed, or something changed meanwhile.", body = Problem)),
    extensions(("x-permission" = json!("steward.backup"))))]
async fn make_backup(
    State(app): State<Shared>,
    Signed(actor): Signed,
    key: IdempotencyKey,
    MaybeJson(BackupRequest { plan_hash }): MaybeJson<BackupRequest>,
) -> Result<AcceptedAnswer, Failure> {
    Ok(app.engine.submit(&actor, Request::StewardBackup(StewardBackup {}), key.with_plan(plan_hash)).await?.into())
}

/// Shows the key that opens the backups; the audit says who saw it.
#[utoipa::path(post, path = "/system/backups/key", tag = "system", request_body = Option<Nothing>,
    responses((status = 200, body = RevealedBackupKey)), extensions(("x-permission" = json!("backup_key.reveal"))))]
async fn reveal_backup_key(
    State(app): State<Shared>,
    Signed(actor): Signed,
    MaybeJson(Nothing {}): MaybeJson<Nothing>,
) -> Answer<RevealedBackupKey> {
    let key = app.engine.reveal_backup_key(&actor).await?;
    Ok(axum::Json(RevealedBackupKey { recipient: key.recipient(), key: Hidden(key.text().to_owned()) }))
}

/// Says that the key is kept where the backups are not.
#[utoipa::path(post, path = "/system/backups/key/saved", tag = "system", request_body = BackupKeySaved,
    responses((status = 204, description = "It is noted."),
        (status = 409, description = "The key is another one by now.", body = Problem)),
    extensions(("x-permission" = json!("backup_key.reveal"))))]
async fn backup_key_is_saved(
    State(app): State<Shared>,
    Signed(actor): Signed,
    Json(BackupKeySaved { recipient }): Json<BackupKeySaved>,
) -> Result<StatusCode, Failure> {
    app.engine.backup_key_is_saved(&actor, &recipient).await?;
    Ok(StatusCode::NO_CONTENT)
}
