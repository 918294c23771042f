//! Making, changing, pausing and removing schedules, and running one now.

use serde_json::{Value, json};
use steward_core::operation::{Kind, Request};
use steward_core::role::Permission;
use steward_core::schedule::{Schedule, ScheduleDraft, ScheduleInput, in_request};
use steward_core::user::{Actor, User};
use steward_core::{Code, Refusal, ScheduleId};
use steward_store::{StoreError, schedules};

use super::{ScheduleView, find};
use crate::accounts::done;
use crate::door::{Accepted, Refused, Submission};
use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations;
use crate::seams::id_bytes;

const ACTION: &str = "schedules.manage";
/// More schedules than this are not kept.
const MOST: i64 = 200;

impl Engine {
    /// Makes a schedule. It acts with the rights of whoever makes it.
    ///
    /// # Errors
    /// `not_allowed`, also when its request is not allowed; `name_taken`; `invalid_name`;
    /// `invalid_value`; what makes the request impossible.
    pub async fn create_schedule(&self, actor: &Actor, draft: ScheduleDraft) -> Result<ScheduleView, Refusal> {
        let name = draft.name.clone();
        let result = self.create_schedule_inner(actor, draft).await;
        self.inner.audited(actor, ACTION, &name, result).await
    }

    async fn create_schedule_inner(&self, actor: &Actor, draft: ScheduleDraft) -> Result<ScheduleView, Refusal> {
        let engine = &self.inner;
        let (input, owner) = self.examined(actor, draft).await?;
        let now = engine.clock.now();
        let detail = json!({ "made": true, "cron": input.cron, "time_zone": input.time_zone, "request": input.request });
        let ScheduleInput { name, request, cron, time_zone, window_minutes, jitter_seconds, overlap, catch_up } = input;
        let schedule = Schedule {
            id: ScheduleId::from_random(id_bytes(engine.random.as_ref())),
            name,
            request,
            cron,
            time_zone,
            window_minutes,
            jitter_seconds,
            overlap,
            catch_up,
            enabled: true,
            owner_id: owner.id,
            owner: owner.name,
            version: 1,
            created_at: now,
            updated_at: now,
            since: now,
        };
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        if schedules::count(&mut tx).await.map_err(error::store)? >= MOST {
            return Err(Refusal::new(Code::Conflict, format!("there are {MOST} schedules already")).with_hint("Remove one first."));
        }
        schedules::insert(&mut tx, &schedule).await.map_err(|failure| taken(failure, &schedule))?;
        done(&mut tx, actor, ACTION, schedule.name.as_str(), detail, now).await?;
        tx.commit().await.map_err(error::store)?;
        self.changed(schedule).await
    }

    /// Changes a schedule. It acts with the rights of whoever changed it last.
    ///
    /// # Errors
    /// Those of making one; `not_found`; `conflict` when another version is in force.
    pub async fn change_schedule(&self, actor: &Actor, which: &str, expected: u32, draft: ScheduleDraft) -> Result<ScheduleView, Refusal> {
        let result = self.change_schedule_inner(actor, which, expected, draft).await;
        self.inner.audited(actor, ACTION, which, result).await
    }

    async fn change_schedule_inner(
        &self,
        actor: &Actor,
        which: &str,
        expected: u32,
        draft: ScheduleDraft,
    ) -> Result<ScheduleView, Refusal> {
        let engine = &self.inner;
        engine.stored_schedule(actor, which).await?;
        let (input, owner) = self.examined(actor, draft).await?;
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let before = find(&mut tx, which).await?.ok_or_else(|| gone(which))?;
        if before.version != expected {
            return Err(Refusal::new(
                Code::Conflict,
                format!("the schedule `{}` was changed meanwhile: version {} is in force", before.name, before.version),
            )
            .with_field("expected_version")
            .with_hint("Look at it again, and make your change to what is there now."));
        }
        let now = engine.clock.now();
        // Another time counts from now on; what was due before it is not made up for.
        let retimed = before.cron != input.cron || before.time_zone != input.time_zone;
        let mut schedule =
            Schedule { version: before.version + 1, updated_at: now, owner_id: owner.id, owner: owner.name, ..before.clone() };
        schedule.since = if retimed { now } else { before.since };
        schedule.apply(input);
        schedules::update(&mut tx, &schedule).await.map_err(|failure| taken(failure, &schedule))?;
        done(&mut tx, actor, ACTION, schedule.name.as_str(), json!({ "from": said(&before), "to": said(&schedule) }), now).await?;
        tx.commit().await.map_err(error::store)?;
        self.changed(schedule).await
    }

    /// Pauses a schedule, or lets it run again. What was due while it was paused is not made up for.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn set_schedule_enabled(&self, actor: &Actor, which: &str, enabled: bool) -> Result<ScheduleView, Refusal> {
        let result = self.set_schedule_enabled_inner(actor, which, enabled).await;
        self.inner.audited(actor, ACTION, which, result).await
    }

    async fn set_schedule_enabled_inner(&self, actor: &Actor, which: &str, enabled: bool) -> Result<ScheduleView, Refusal> {
        let engine = &self.inner;
        engine.stored_schedule(actor, which).await?;
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let before = find(&mut tx, which).await?.ok_or_else(|| gone(which))?;
        if before.enabled == enabled {
            drop(tx);
            return self.schedule(actor, before.id.as_str()).await;
        }
        let now = engine.clock.now();
        let since = if enabled { now } else { before.since };
        let schedule = Schedule { enabled, since, version: before.version + 1, updated_at: now, ..before };
        schedules::update(&mut tx, &schedule).await.map_err(error::store)?;
        done(&mut tx, actor, ACTION, schedule.name.as_str(), json!({ "enabled": enabled }), now).await?;
        tx.commit().await.map_err(error::store)?;
        self.changed(schedule).await
    }

    /// Removes a schedule with the record of its runs; its operations and the audit stay.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn remove_schedule(&self, actor: &Actor, which: &str) -> Result<(), Refusal> {
        let result = self.remove_schedule_inner(actor, which).await;
        self.inner.audited(actor, ACTION, which, result).await
    }

    async fn remove_schedule_inner(&self, actor: &Actor, which: &str) -> Result<(), Refusal> {
        let engine = &self.inner;
        engine.stored_schedule(actor, which).await?;
        let mut tx = engine.store.begin().await.map_err(error::store)?;
        let schedule = find(&mut tx, which).await?.ok_or_else(|| gone(which))?;
        schedules::delete(&mut tx, &schedule.id).await.map_err(error::store)?;
        let detail = json!({ "removed": true, "schedule": said(&schedule) });
        done(&mut tx, actor, ACTION, schedule.name.as_str(), detail, engine.clock.now()).await?;
        tx.commit().await.map_err(error::store)?;
        engine.tell_of_schedule(&schedule.id);
        Ok(())
    }

    /// Asks now for what a schedule asks for, as whoever wants it: an operation like any other.
    ///
    /// # Errors
    /// `not_found`; those of the request.
    pub async fn run_schedule(&self, actor: &Actor, which: &str, submission: Submission) -> Result<Accepted, Refused> {
        let found = async {
            let mut reader = self.inner.store.read().await.map_err(error::store)?;
            self.inner.schedule_for(&mut reader, actor, Permission::Read, which).await
        };
        let schedule = self.inner.audited(actor, "schedules.run", which, found.await).await?;
        self.submit(actor, schedule.request, submission).await
    }

    /// Reads what was said about a schedule and looks whether it can be so: for this actor, and with
    /// what there is now.
    async fn examined(&self, actor: &Actor, draft: ScheduleDraft) -> Result<(ScheduleInput, User), Refusal> {
        let engine = &self.inner;
        engine.authorize_somewhere(actor, Permission::ManageSchedules)?;
        let input = draft.read(engine.clock.now())?;
        engine.authorize_request_as(actor, &input.request, |_| Permission::ManageSchedules).await.map_err(in_request)?;
        engine.authorize_request(actor, &input.request).await.map_err(in_request)?;
        let owner = self.account(actor).await?;
        engine.examine(actor, &input.request).await.map_err(in_request)?;
        Ok((input, owner))
    }

    /// Tells of a change, and shows how it is now.
    async fn changed(&self, schedule: Schedule) -> Result<ScheduleView, Refusal> {
        self.inner.tell_of_schedule(&schedule.id);
        let mut reader = self.inner.store.read().await.map_err(error::store)?;
        self.inner.schedule_view(&mut reader, schedule).await
    }
}

impl Inner {
    /// A schedule that the actor may change: one that asks for what the actor may ask for.
    async fn stored_schedule(&self, actor: &Actor, which: &str) -> Result<Schedule, Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        let schedule = self.schedule_for(&mut reader, actor, Permission::ManageSchedules, which).await?;
        self.judge(&mut reader, actor, &schedule.request, Kind::permission).await?;
        Ok(schedule)
    }

    /// Plans a request. A secret that was given would be recorded otherwise, and a schedule keeps none.
    /// What an operation records beyond what was given is no secret: the hash of a script, a process.
    async fn examine(&self, actor: &Actor, request: &Request) -> Result<(), Refusal> {
        let recorded = operations::prepare(self, actor, request).await?.request;
        let given = serde_json::to_value(request).unwrap_or_default();
        if given.as_object().is_some_and(|given| given.iter().all(|(field, value)| recorded.get(field) == Some(value))) {
            return Ok(());
        }
        Err(Refusal::new(Code::InvalidValue, "a schedule keeps no secrets, and this request has one")
            .with_field("settings")
            .with_hint("Set secret settings once by hand; they stay when other settings change."))
    }
}

/// Removed since it was looked at.
fn gone(which: &str) -> Refusal {
    Refusal::not_found("schedule", which)
}

fn taken(failure: StoreError, schedule: &Schedule) -> Refusal {
    match failure {
        StoreError::NotUnique(_) => {
            Refusal::new(Code::NameTaken, format!("there is already a schedule `{}`", schedule.name)).with_field("name")
        }
        other => error::store(other),
    }
}

/// A schedule as its audit rows show it.
fn said(schedule: &Schedule) -> Value {
    let Schedule { name, request, cron, time_zone, window_minutes, jitter_seconds, overlap, catch_up, owner, .. } = schedule;
    json!({ "name": name, "request": request, "cron": cron, "time_zone": time_zone, "window_minutes": window_minutes,
            "jitter_seconds": jitter_seconds, "overlap": overlap, "catch_up": catch_up, "owner": owner })
}
