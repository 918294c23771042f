//! Operations, their plans, and the names of the locks they need.

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteRow;
use steward_core::operation::{Kind, Operation, Reach, State};
use steward_core::plan::Plan;
use steward_core::{DeploymentId, DeviceId, OperationId};

use crate::error::Result;
use crate::row;
use crate::store::Connection;

/// Everything but the plan and the locks, which lists have no use for.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, state, target, deployment_id, device_id, actor, request, changed, created_at, started_at, ",
            "finished_at, current_step, failed_step, error, left_over, waiting, cancel_requested, parent_id FROM operations ",
            $rest
        )
    };
}

/// Which operations a list shows. All conditions hold; absent ones do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// About this deployment.
    pub deployment_id: Option<DeploymentId>,
    /// In this state.
    pub state: Option<State>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Accepted before this one.
    pub before: Option<OperationId>,
    /// A part of this one.
    pub parent: Option<OperationId>,
    /// Not a part of another one that can be seen.
    pub whole: bool,
    /// Only those about what is in sight; all when absent.
    pub sight: Option<Sight>,
    /// At most so many.
    pub limit: u32,
}

/// What somebody sees of what Steward manages, who does not see everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// These devices, with all that is on them.
    pub devices: Vec<DeviceId>,
    /// These deployments.
    pub deployments: Vec<DeploymentId>,
}

impl Sight {
    /// The ids as JSON, in the order in which [`in_sight`] wants them.
    fn bound(&self) -> Result<[String; 2]> {
        Ok([row::to_json(&self.devices)?, row::to_json(&self.deployments)?])
    }
}

/// The condition that the operation `table` is about something in sight. What is about Steward as a
/// whole never is, and one on many only when each of its targets is.
fn in_sight(table: &str, first: usize) -> String {
    let (devices, deployments) =
        (format!("(SELECT value FROM json_each(${first}))"), format!("(SELECT value FROM json_each(${}))", first + 1));
    format!(
        "({table}.deployment_id IN {deployments}
          OR ({table}.device_id IN {devices} AND {table}.kind IN (SELECT value FROM json_each(${})))
          OR ({table}.kind = ${} AND EXISTS (SELECT 1 FROM targets WHERE targets.parent_id = {table}.id)
              AND NOT EXISTS (SELECT 1 FROM targets LEFT JOIN deployments d ON d.id = targets.deployment_id
                              WHERE targets.parent_id = {table}.id AND targets.deployment_id NOT IN {deployments}
                                    AND (d.device_id IS NULL OR d.device_id NOT IN {devices}))))",
        first + 2,
        first + 3,
    )
}

/// The kinds that are about one device or what is on it.
fn kinds_on_devices() -> Result<String> {
    let kinds: Vec<Kind> =
        Kind::ALL.iter().copied().filter(|kind| kind.reach() == Reach::Device || kind.reach() == Reach::Deployment).collect();
    row::to_json(&kinds)
}

fn read(row: &SqliteRow) -> Result<Operation> {
    Ok(Operation {
        id: row::parsed(row, "id", OperationId::parse)?,
        kind: row::word(row, "kind", Kind::parse)?,
        state: row::word(row, "state", State::parse)?,
        target: row::text(row, "target")?,
        deployment_id: row::maybe_parsed(row, "deployment_id", DeploymentId::parse)?,
        device_id: row::parsed(row, "device_id", DeviceId::parse)?,
        actor: row::text(row, "actor")?,
        request: row::json(row, "request")?,
        changed: row::flag(row, "changed")?,
        created_at: row::time(row, "created_at")?,
        started_at: row::maybe_time(row, "started_at")?,
        finished_at: row::maybe_time(row, "finished_at")?,
        current_step: row::plain(row, "current_step")?,
        failed_step: row::plain(row, "failed_step")?,
        error: row::maybe_json(row, "error")?,
        left_over: row::json(row, "left_over")?,
        waiting: row::maybe_json(row, "waiting")?,
        cancel_requested: row::flag(row, "cancel_requested")?,
        parent_id: row::maybe_parsed(row, "parent_id", OperationId::parse)?,
    })
}

/// The rows that can be read. One that was damaged is named in the log, and hides no other.
fn readable(rows: &[SqliteRow]) -> Vec<Operation> {
    let read_or_name = |row: &SqliteRow| match read(row) {
        Ok(operation) => Some(operation),
        Err(error) => {
            let id = row::text(row, "id").unwrap_or_default();
            tracing::error!(operation = id, %error, "the record of an operation cannot be read");
            None
        }
    };
    rows.iter().filter_map(read_or_name).collect()
}

/// Adds an operation with its plan and the names of its locks.
///
/// # Errors
/// `NotUnique` when the id is taken.
pub async fn insert(conn: &mut Connection, operation: &Operation, plan: &Plan, locks: &[String]) -> Result<()> {
    sqlx::query(
        "INSERT INTO operations (id, kind, state, target, deployment_id, device_id, actor, request, plan, locks, changed,
                                 created_at, started_at, finished_at, current_step, failed_step, error, left_over, waiting,
                                 cancel_requested, parent_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
    )
    .bind(operation.id.as_str())
    .bind(operation.kind.as_str())
    .bind(operation.state.as_str())
    .bind(&operation.target)
    .bind(operation.deployment_id.as_ref().map(DeploymentId::as_str))
    .bind(operation.device_id.as_str())
    .bind(&operation.actor)
    .bind(row::to_json(&operation.request)?)
    .bind(row::to_json(plan)?)
    .bind(row::to_json(locks)?)
    .bind(i64::from(operation.changed))
    .bind(operation.created_at.0)
    .bind(operation.started_at.map(|at| at.0))
    .bind(operation.finished_at.map(|at| at.0))
    .bind(operation.current_step.as_deref())
    .bind(operation.failed_step.as_deref())
    .bind(row::to_maybe_json(operation.error.as_ref())?)
    .bind(row::to_json(&operation.left_over)?)
    .bind(row::to_maybe_json(operation.waiting.as_ref())?)
    .bind(i64::from(operation.cancel_requested))
    .bind(operation.parent_id.as_ref().map(OperationId::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

/// The operation with an id.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, id: &OperationId) -> Result<Option<Operation>> {
    let row = sqlx::query(select!("WHERE id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The plan of an operation.
///
/// # Errors
/// Those of the database.
pub async fn plan(conn: &mut Connection, id: &OperationId) -> Result<Option<Plan>> {
    let row = sqlx::query("SELECT plan FROM operations WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(|row| row::json(row, "plan")).transpose()
}

/// The names of the locks that an operation needs; none when there is no such operation.
///
/// # Errors
/// Those of the database.
pub async fn locks_of(conn: &mut Connection, id: &OperationId) -> Result<Vec<String>> {
    let row = sqlx::query("SELECT locks FROM operations WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map_or_else(|| Ok(Vec::new()), |row| row::json(row, "locks"))
}

/// Operations, the last accepted one first.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection, filter: &OperationFilter) -> Result<Vec<Operation>> {
    let before = "sequence < (SELECT sequence FROM operations WHERE id = ";
    let conditions = [
        ("deployment_id = ", "", filter.deployment_id.as_ref().map(DeploymentId::as_str)),
        ("state = ", "", filter.state.map(State::as_str)),
        ("kind = ", "", filter.kind.map(Kind::as_str)),
        (before, ")", filter.before.as_ref().map(OperationId::as_str)),
        ("parent_id = ", "", filter.parent.as_ref().map(OperationId::as_str)),
    ];
    // Only the conditions that are asked for are written, so that each can use its index.
    let mut sql = select!("WHERE 1 = 1").to_owned();
    let mut values = Vec::new();
    for (left, right, value) in conditions {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {left}${}{right}", values.len()));
        }
    }
    let mut bound: Vec<String> = Vec::new();
    if let Some(sight) = &filter.sight {
        let first = values.len() + 1;
        sql.push_str(&format!(" AND {}", in_sight("operations", first)));
        if filter.whole {
            sql.push_str(&format!(
                " AND NOT EXISTS (SELECT 1 FROM operations parent WHERE parent.id = operations.parent_id AND {})",
                in_sight("parent", first)
            ));
        }
        bound.extend(sight.bound()?);
        bound.extend([kinds_on_devices()?, Kind::DeploymentBulk.as_str().to_owned()]);
    } else if filter.whole {
        sql.push_str(" AND parent_id IS NULL");
    }
    sql.push_str(&format!(" ORDER BY sequence DESC LIMIT ${}", values.len() + bound.len() + 1));
    // The text is made of the constants above; values are bound.
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in values {
        query = query.bind(value);
    }
    for value in bound {
        query = query.bind(value);
    }
    let rows = query.bind(i64::from(filter.limit)).fetch_all(conn).await?;
    Ok(readable(&rows))
}

/// Those of some operations that are about something in sight.
///
/// # Errors
/// Those of the database.
pub async fn seen(conn: &mut Connection, ids: &[OperationId], sight: &Sight) -> Result<Vec<OperationId>> {
    let sql = format!("SELECT id FROM operations WHERE id IN (SELECT value FROM json_each($1)) AND {}", in_sight("operations", 2));
    // The text is made of constants.
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(row::to_json(ids)?);
    for value in sight.bound()? {
        query = query.bind(value);
    }
    let rows = query.bind(kinds_on_devices()?).bind(Kind::DeploymentBulk.as_str()).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "id", OperationId::parse)).collect()
}

/// Operations that are not at rest, in the order in which they were accepted.
///
/// # Errors
/// Those of the database.
pub async fn unfinished(conn: &mut Connection) -> Result<Vec<Operation>> {
    let rows = sqlx::query(select!("WHERE state IN ('queued', 'running', 'rolling_back') ORDER BY sequence")).fetch_all(conn).await?;
    Ok(readable(&rows))
}

/// Operations that wait, in the order in which they were accepted, with the names of the locks that they need.
///
/// # Errors
/// Those of the database.
pub async fn queued(conn: &mut Connection) -> Result<Vec<(Operation, Vec<String>)>> {
    let sql = select!("WHERE state = 'queued' ORDER BY sequence").replacen("SELECT id", "SELECT locks, id", 1);
    // The text is made of constants.
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(conn).await?;
    let read_or_name = |row: &SqliteRow| match read(row).and_then(|operation| Ok((operation, row::json(row, "locks")?))) {
        Ok(found) => Some(found),
        Err(error) => {
            tracing::error!(%error, "the record of a waiting operation cannot be read");
            None
        }
    };
    Ok(rows.iter().filter_map(read_or_name).collect())
}

/// Stores how far an operation has come. Whether its cancellation is asked for is left alone:
/// [`request_cancel`] may have been called since the operation was read.
///
/// # Errors
/// `Other` when there is no such operation.
pub async fn update(conn: &mut Connection, operation: &Operation) -> Result<()> {
    let result = sqlx::query(
        "UPDATE operations SET state = $2, changed = $3, started_at = $4, finished_at = $5, current_step = $6,
                               failed_step = $7, error = $8, left_over = $9, waiting = $10
         WHERE id = $1",
    )
    .bind(operation.id.as_str())
    .bind(operation.state.as_str())
    .bind(i64::from(operation.changed))
    .bind(operation.started_at.map(|at| at.0))
    .bind(operation.finished_at.map(|at| at.0))
    .bind(operation.current_step.as_deref())
    .bind(operation.failed_step.as_deref())
    .bind(row::to_maybe_json(operation.error.as_ref())?)
    .bind(row::to_json(&operation.left_over)?)
    .bind(row::to_maybe_json(operation.waiting.as_ref())?)
    .execute(conn)
    .await?;
    row::one(result)
}

/// Asks for an operation to be cancelled; false when it is at rest or does not exist.
///
/// # Errors
/// Those of the database.
pub async fn request_cancel(conn: &mut Connection, id: &OperationId) -> Result<bool> {
    let result = sqlx::query("UPDATE operations SET cancel_requested = 1 WHERE id = $1 AND state IN ('queued', 'running', 'rolling_back')")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(result.rows_affected() > 0)
}

/// Counts that an operation is taken over by a new process; answers how often that was.
///
/// # Errors
/// `Other` when there is no such operation.
pub async fn count_recovery(conn: &mut Connection, id: &OperationId) -> Result<u32> {
    let row = sqlx::query("UPDATE operations SET recoveries = recoveries + 1 WHERE id = $1 RETURNING recoveries")
        .bind(id.as_str())
        .fetch_one(conn)
        .await?;
    row::number(&row, "recoveries")
}

/// Forgets how often an operation was taken over: it did not bring its process down this time.
///
/// # Errors
/// Those of the database.
pub async fn forget_recoveries(conn: &mut Connection, id: &OperationId) -> Result<()> {
    sqlx::query("UPDATE operations SET recoveries = 0 WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(())
}

/// Remembers that an operation that was at rest is taken up again, and counts its recoveries anew.
///
/// # Errors
/// Those of the database.
pub async fn begin_again(conn: &mut Connection, id: &OperationId) -> Result<()> {
    sqlx::query("UPDATE operations SET recoveries = 0, rested = 1 WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(())
}

/// Whether an operation has been at rest before.
///
/// # Errors
/// Those of the database.
pub async fn has_rested(conn: &mut Connection, id: &OperationId) -> Result<bool> {
    let row = sqlx::query("SELECT rested FROM operations WHERE id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    row.map_or(Ok(false), |row| row::flag(&row, "rested"))
}

/// The operation that is under way for a deployment, or else the first one that waits.
///
/// # Errors
/// Those of the database.
pub async fn active_for(conn: &mut Connection, deployment_id: &DeploymentId) -> Result<Option<Operation>> {
    // The sign keeps SQLite from reading all that the deployment ever did: what is under way is little.
    let row = sqlx::query(select!(
        "WHERE +deployment_id = $1 AND state IN ('queued', 'running', 'rolling_back')
         ORDER BY state = 'queued', sequence LIMIT 1"
    ))
    .bind(deployment_id.as_str())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The operation of a kind on a device that was accepted last for a target.
///
/// # Errors
/// Those of the database.
pub async fn last_of(conn: &mut Connection, device_id: &DeviceId, kind: Kind, target: &str) -> Result<Option<Operation>> {
    let row = sqlx::query(select!("WHERE kind = $1 AND target = $2 AND device_id = $3 ORDER BY sequence DESC LIMIT 1"))
        .bind(kind.as_str())
        .bind(target)
        .bind(device_id.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}
