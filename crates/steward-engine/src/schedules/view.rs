//! What can be seen of schedules.

use serde::{Deserialize, Serialize};
use steward_core::operation::{Kind, Request, State};
use steward_core::role::Permission;
use steward_core::schedule::{Cron, DueTimes, Schedule, ScheduleRun, ZoneName};
use steward_core::user::Actor;
use steward_core::{Code, DeploymentId, Refusal, Timestamp};
use steward_store::{Connection, deployments, schedule_runs, schedules};

use crate::door::target_of;
use crate::engine::{Engine, Inner};
use crate::error;

/// How many due times ahead a view shows.
const NEXT: usize = 3;

/// A schedule with what is known about it now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScheduleView {
    /// The schedule.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// When it runs, in plain words.
    pub words: String,
    /// What its request is about: the name of an app or of a volume.
    pub target: String,
    /// The next three due times; none while it is paused.
    pub next: Vec<Timestamp>,
    /// What came of the newest due time.
    pub last_run: Option<RunView>,
    /// Why the next run will be refused, as far as that can be said now.
    pub problem: Option<String>,
}

/// What came of a due time, and of its operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunView {
    /// What came of the due time.
    #[serde(flatten)]
    pub run: ScheduleRun,
    /// Where its operation is now; none when there is none, or none any more.
    pub state: Option<State>,
}

impl From<(ScheduleRun, Option<State>)> for RunView {
    fn from((run, state): (ScheduleRun, Option<State>)) -> Self {
        Self { run, state }
    }
}

/// What a cron expression means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SchedulePreview {
    /// The expression as it is kept.
    pub cron: Cron,
    /// The time zone.
    pub time_zone: ZoneName,
    /// When it runs, in plain words.
    pub words: String,
    /// The next due times.
    pub next: Vec<Timestamp>,
}

impl Engine {
    /// Every schedule, by name.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn schedules(&self, actor: &Actor) -> Result<Vec<ScheduleView>, Refusal> {
        self.inner.authorize(actor, Permission::SignedIn)?;
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        let all = self.inner.seen_schedules(&mut reader, actor).await?;
        let mut views = Vec::with_capacity(all.len());
        for schedule in all {
            views.push(self.inner.schedule_view(&mut reader, schedule).await?);
        }
        Ok(views)
    }

    /// One schedule, by its id or its name.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn schedule(&self, actor: &Actor, which: &str) -> Result<ScheduleView, Refusal> {
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        let schedule = self.inner.schedule_for(&mut reader, actor, Permission::Read, which).await?;
        self.inner.schedule_view(&mut reader, schedule).await
    }

    /// What came of a schedule's due times, the newest first.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn schedule_runs(&self, actor: &Actor, which: &str, before: Option<Timestamp>, limit: u32) -> Result<Vec<RunView>, Refusal> {
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        let schedule = self.inner.schedule_for(&mut reader, actor, Permission::Read, which).await?;
        let runs = schedule_runs::list(&mut reader, &schedule.id, before, limit).await.map_err(error::store)?;
        Ok(runs.into_iter().map(RunView::from).collect())
    }

    /// What a cron expression means in a time zone, and its next due times.
    ///
    /// # Errors
    /// `not_allowed`; `invalid_value` with the field.
    pub fn preview_schedule(&self, actor: &Actor, cron: &str, time_zone: &str, count: usize) -> Result<SchedulePreview, Refusal> {
        self.inner.authorize(actor, Permission::SignedIn)?;
        let (cron, time_zone) = (Cron::parse(cron)?, ZoneName::parse(time_zone)?);
        let next = DueTimes::new(&cron, &time_zone).after(self.inner.clock.now()).take(count).collect();
        Ok(SchedulePreview { words: cron.words(), next, cron, time_zone })
    }
}

impl Inner {
    /// Every schedule that is there for an actor, by name.
    pub(super) async fn seen_schedules(&self, conn: &mut Connection, actor: &Actor) -> Result<Vec<Schedule>, Refusal> {
        let mut seen = Vec::new();
        for schedule in schedules::list(conn).await.map_err(error::store)? {
            if self.sees_request(conn, actor, &schedule.request).await? {
                seen.push(schedule);
            }
        }
        Ok(seen)
    }

    pub(super) async fn schedule_view(&self, conn: &mut Connection, schedule: Schedule) -> Result<ScheduleView, Refusal> {
        let last_run = schedule_runs::list(conn, &schedule.id, None, 1).await.map_err(error::store)?.pop().map(RunView::from);
        let next = match schedule.enabled {
            true => schedule.due_times().after(self.clock.now()).take(NEXT).collect(),
            false => Vec::new(),
        };
        let problem = self.problem_of(conn, &schedule).await?;
        let target = name_of_target(conn, &schedule.request).await?;
        Ok(ScheduleView { words: schedule.cron.words(), target, next, last_run, problem, schedule })
    }

    async fn problem_of(&self, conn: &mut Connection, schedule: &Schedule) -> Result<Option<String>, Refusal> {
        let owner = self.actor_of(conn, schedule).await?;
        if owner.rights().is_none() {
            return Ok(Some(format!("The account of {}, who owns it, is gone. Whoever saves it owns it.", schedule.owner)));
        }
        Ok(match self.judge(conn, &owner, &schedule.request, Kind::permission).await {
            Ok(()) => None,
            Err(refusal) if refusal.code == Code::NotAllowed => Some(format!("{} owns it, and {}.", schedule.owner, refusal.message)),
            Err(_) => Some(format!("{} owns it and does not see any more what it is about.", schedule.owner)),
        })
    }
}

/// What a request is about, by the name that it has now or had when it was removed.
async fn name_of_target(conn: &mut Connection, request: &Request) -> Result<String, Refusal> {
    let target = target_of(request);
    let Ok(id) = DeploymentId::parse(&target) else { return Ok(target) };
    let deployment = deployments::get(conn, &id).await.map_err(error::store)?;
    Ok(deployment.map_or(target, |deployment| deployment.name.to_string()))
}
