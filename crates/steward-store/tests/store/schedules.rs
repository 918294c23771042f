//! Schedules and what came of their due times.

use serde_json::json;
use steward_core::operation::{Operation, Request, State};
use steward_core::schedule::{Cron, Overlap, RunOutcome, Schedule, ScheduleRun, ZoneName};
use steward_core::{Code, Refusal, ScheduleId, Timestamp, UserId};
use steward_store::{Store, StoreError, operations, schedule_runs, schedules};

use crate::sample::{bytes, insert_operation, operation_id, plan};

pub fn schedule(number: u16, name: &str) -> Schedule {
    let request = json!({ "kind": "deployment.restart", "deployment_id": "dep_0123456789abcdef" });
    Schedule {
        id: ScheduleId::from_random(bytes(number)),
        name: name.parse().unwrap(),
        request: serde_json::from_value::<Request>(request).unwrap(),
        cron: Cron::parse("0 3 * * MON").unwrap(),
        time_zone: ZoneName::parse("Europe/Berlin").unwrap(),
        window_minutes: 61,
        jitter_seconds: 7,
        overlap: Overlap::Wait,
        catch_up: true,
        enabled: true,
        owner_id: UserId::from_random(bytes(9)),
        owner: "anna".parse().unwrap(),
        version: 3,
        created_at: Timestamp(1),
        updated_at: Timestamp(2),
        since: Timestamp(3),
    }
}

fn run(of: &Schedule, due_at: i64, outcome: RunOutcome) -> ScheduleRun {
    ScheduleRun {
        schedule_id: of.id.clone(),
        due_at: Timestamp(due_at),
        decided_at: Timestamp(due_at + 5),
        outcome,
        operation_id: None,
        refusal: None,
        missed_before: 2,
    }
}

#[tokio::test]
async fn schedules_are_kept_as_they_are() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let (nightly, weekly) = (schedule(1, "nightly"), schedule(2, "weekly"));
    schedules::insert(&mut tx, &weekly).await.unwrap();
    schedules::insert(&mut tx, &nightly).await.unwrap();
    assert!(matches!(schedules::insert(&mut tx, &schedule(3, "weekly")).await, Err(StoreError::NotUnique(_))));
    assert_eq!(schedules::list(&mut tx).await.unwrap(), [nightly.clone(), weekly.clone()]);
    assert_eq!(schedules::get(&mut tx, &nightly.id).await.unwrap(), Some(nightly.clone()));
    assert_eq!(schedules::by_name(&mut tx, &weekly.name).await.unwrap(), Some(weekly.clone()));
    assert_eq!(schedules::count(&mut tx).await.unwrap(), 2);
    let changed = Schedule {
        name: "monthly".parse().unwrap(),
        cron: Cron::parse("0 3 1 * *").unwrap(),
        time_zone: ZoneName::parse("UTC").unwrap(),
        window_minutes: 1,
        jitter_seconds: 0,
        overlap: Overlap::Skip,
        catch_up: false,
        enabled: false,
        owner_id: UserId::from_random(bytes(8)),
        owner: "ben".parse().unwrap(),
        version: 4,
        updated_at: Timestamp(20),
        since: Timestamp(30),
        ..weekly.clone()
    };
    schedules::update(&mut tx, &changed).await.unwrap();
    assert_eq!(schedules::get(&mut tx, &weekly.id).await.unwrap(), Some(changed.clone()));
    let taken = Schedule { name: nightly.name.clone(), ..changed.clone() };
    assert!(matches!(schedules::update(&mut tx, &taken).await, Err(StoreError::NotUnique(_))));
    schedules::set_since(&mut tx, &changed.id, Timestamp(31)).await.unwrap();
    assert_eq!(schedules::get(&mut tx, &changed.id).await.unwrap().unwrap().since, Timestamp(31));
    assert!(schedules::update(&mut tx, &schedule(7, "nowhere")).await.is_err());
    assert!(schedules::delete(&mut tx, &changed.id).await.unwrap());
    assert!(!schedules::delete(&mut tx, &changed.id).await.unwrap());
}

/// A damaged item is told and left out; the rest runs.
#[tokio::test]
async fn one_that_no_longer_parses_does_not_stop_the_others() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let good = schedule(1, "good");
    schedules::insert(&mut tx, &good).await.unwrap();
    for (number, sql) in [
        (2, "UPDATE schedules SET cron = '0 0 30 2 *' WHERE name = 'bad'"),
        (3, "UPDATE schedules SET time_zone = 'Europe/Nowhere' WHERE name = 'bad'"),
        (4, "UPDATE schedules SET request = '{\"kind\":\"shell\"}' WHERE name = 'bad'"),
    ] {
        let bad = schedule(number, "bad");
        schedules::insert(&mut tx, &bad).await.unwrap();
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
        assert_eq!(schedules::list(&mut tx).await.unwrap(), std::slice::from_ref(&good), "{sql}");
        assert!(matches!(schedules::get(&mut tx, &bad.id).await, Err(StoreError::Decode(_))), "{sql}");
        assert!(schedules::delete(&mut tx, &bad.id).await.unwrap());
    }
}

/// Promise 15: there is one row for each due time, whoever tries to write a second one.
#[tokio::test]
async fn a_due_time_is_decided_once() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let (one, other) = (schedule(1, "one"), schedule(2, "other"));
    schedules::insert(&mut tx, &one).await.unwrap();
    schedules::insert(&mut tx, &other).await.unwrap();
    let refusal = Some(Refusal::new(Code::NotFound, "gone").with_field("x"));
    let first = ScheduleRun { refusal, ..run(&one, 100, RunOutcome::Refused) };
    schedule_runs::insert(&mut tx, &first).await.unwrap();
    assert!(matches!(schedule_runs::insert(&mut tx, &run(&one, 100, RunOutcome::Started)).await, Err(StoreError::NotUnique(_))));
    schedule_runs::insert(&mut tx, &run(&other, 100, RunOutcome::Missed)).await.unwrap();
    schedule_runs::insert(&mut tx, &run(&one, 200, RunOutcome::Missed)).await.unwrap();
    let listed = schedule_runs::list(&mut tx, &one.id, None, 10).await.unwrap();
    assert_eq!(listed, [(run(&one, 200, RunOutcome::Missed), None), (first.clone(), None)]);
    assert_eq!(schedule_runs::list(&mut tx, &one.id, Some(Timestamp(200)), 10).await.unwrap(), [(first.clone(), None)]);
    assert_eq!(schedule_runs::between(&mut tx, &one.id, Timestamp(100), Timestamp(200)).await.unwrap(), [first]);
    let newest = async |tx: &mut steward_store::Connection, until| schedule_runs::newest(tx, &one.id, Timestamp(until)).await.unwrap();
    assert_eq!(newest(&mut tx, 99).await, None);
    assert_eq!(newest(&mut tx, 199).await, Some(Timestamp(100)));
    assert_eq!(newest(&mut tx, 200).await, Some(Timestamp(200)));
    // What lies ahead and led to nothing is forgotten; what led to an operation stays.
    let started = ScheduleRun { operation_id: Some(operation_id(1)), ..run(&one, 300, RunOutcome::Started) };
    schedule_runs::insert(&mut tx, &started).await.unwrap();
    assert!(schedule_runs::any_idle_after(&mut tx, &one.id, Timestamp(150)).await.unwrap());
    assert_eq!(schedule_runs::forget_idle_after(&mut tx, &one.id, Timestamp(150)).await.unwrap(), 1);
    assert!(!schedule_runs::any_idle_after(&mut tx, &one.id, Timestamp(150)).await.unwrap());
    assert_eq!(newest(&mut tx, 999).await, Some(Timestamp(300)));
    schedules::delete(&mut tx, &one.id).await.unwrap();
    assert_eq!(newest(&mut tx, 999).await, None);
}

/// Promise 16: the newest runs are kept, the others go.
#[tokio::test]
async fn old_runs_are_forgotten() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let one = schedule(1, "one");
    schedules::insert(&mut tx, &one).await.unwrap();
    let kept = i64::from(schedule_runs::KEPT);
    for due in 1..=kept + 25 {
        schedule_runs::insert(&mut tx, &run(&one, due, RunOutcome::Missed)).await.unwrap();
    }
    let all = schedule_runs::list(&mut tx, &one.id, None, 10_000).await.unwrap();
    assert_eq!((all.len() as i64, all[0].0.due_at.0, all[all.len() - 1].0.due_at.0), (kept, kept + 25, 26));
}

#[tokio::test]
async fn the_operations_of_schedules_are_known() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let one = schedule(1, "one");
    schedules::insert(&mut tx, &one).await.unwrap();
    assert_eq!(schedule_runs::under_way(&mut tx, &one.id).await.unwrap(), None);
    insert_operation(&mut tx, 1).await;
    let mut running = Operation { id: operation_id(2), ..crate::sample::operation(2) };
    running.state = State::Running;
    operations::insert(&mut tx, &running, &plan(), &[]).await.unwrap();
    insert_operation(&mut tx, 3).await;
    for (due, number) in [(1, 1), (2, 2)] {
        let started = ScheduleRun { operation_id: Some(operation_id(number)), ..run(&one, due, RunOutcome::Started) };
        schedule_runs::insert(&mut tx, &started).await.unwrap();
    }
    let part = Operation { parent_id: Some(operation_id(2)), ..crate::sample::operation(4) };
    operations::insert(&mut tx, &part, &plan(), &[]).await.unwrap();
    assert_eq!(schedule_runs::queued(&mut tx).await.unwrap(), [operation_id(1), part.id.clone()].into());
    assert!(schedule_runs::under_way(&mut tx, &one.id).await.unwrap().is_some());
    let states: Vec<_> = schedule_runs::list(&mut tx, &one.id, None, 10).await.unwrap().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [Some(State::Running), Some(State::Queued)]);
    for number in [1, 2, 4] {
        let mut operation = operations::get(&mut tx, &operation_id(number)).await.unwrap().unwrap();
        operation.state = State::Succeeded;
        operations::update(&mut tx, &operation).await.unwrap();
    }
    assert_eq!(schedule_runs::under_way(&mut tx, &one.id).await.unwrap(), None);
    assert!(schedule_runs::queued(&mut tx).await.unwrap().is_empty());
}
