//! The background task that keeps the schedules, and what it says of itself.

use std::time::Duration;

use steward_core::reconciler::ReconcilerStatus;
use steward_core::schedule::RunOutcome;
use steward_core::{Code, Timestamp};
use steward_engine::Timing;

use crate::scene::{start_as, timing};
use crate::stage::{Stage, utc};

async fn status(stage: &Stage) -> ReconcilerStatus {
    let all = stage.engine.reconcilers(&stage.anna).await.unwrap();
    all.into_iter().find(|one| one.name == "schedules").unwrap()
}

/// Starts the engine anew so that it looks at the schedules when it has a reason to, and else twice a minute.
async fn looks_rarely(stage: &mut Stage, at: Timestamp) {
    stage.engine.shutdown().await;
    stage.clock.set(at);
    let rare = Timing { look_at_schedules: Duration::from_secs(30), ..timing() };
    stage.engine = start_as(&stage.host, &stage.store, rare, None, stage.clock.clone(), false).await;
    says(stage, "it waits", |status| status.next_at.is_some()).await;
}

/// Waits until the task says this of itself.
async fn says(stage: &Stage, what: &str, wanted: impl Fn(&ReconcilerStatus) -> bool) -> ReconcilerStatus {
    for _ in 0..2000 {
        let status = status(stage).await;
        if wanted(&status) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}: {:#?}", status(stage).await);
}

/// H11, promise 15: it says when it looked last and what it found, and it comes again in the moment in which something
/// is due, not only at its usual time.
#[tokio::test]
async fn it_comes_again_when_something_is_due() {
    let mut stage = Stage::at("01-10T12:00:30").await;
    let idle = says(&stage, "it has looked", |status| status.did.is_some()).await;
    assert_eq!((idle.did.as_deref(), idle.failures), (Some("nothing is scheduled"), 0));
    stage.made(stage.draft("minutely", "* * * * *")).await;
    let (due, before) = (utc("01-10T12:01:00"), utc("01-10T12:01:00").plus(-700));
    looks_rarely(&mut stage, before).await;
    let waits = status(&stage).await;
    assert_eq!(waits.did.as_deref(), Some("looked at 1 schedule"));
    assert_eq!((waits.started_at, waits.every_seconds), (Some(before), 30));
    assert_eq!(waits.next_at, Some(due), "not half a minute later");
    assert_eq!(stage.runs_at("minutely", due, due).await.outcome, RunOutcome::Started);
    let again = says(&stage, "it has looked again", |status| status.started_at == Some(due) && !status.running).await;
    assert_eq!((again.failure, again.succeeded_at), (None, Some(due)));
}

/// Section 4, disk full: a due time that cannot be recorded is a failure that everybody sees; the next activation is the
/// retry, and the due time is then run once.
#[tokio::test]
async fn what_cannot_be_recorded_is_seen_and_made_up_for() {
    let mut stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    let due = utc("01-11T02:00:00");
    looks_rarely(&mut stage, due.plus(-200)).await;
    stage.store.write_faults().arm(1, u32::MAX);
    stage.clock.set(due);
    let failing = says(&stage, "it fails again and again", |status| status.failures > 2).await;
    assert_eq!(failing.failure.map(|refusal| refusal.code), Some(Code::StorageUnavailable));
    assert_eq!(stage.outcomes("nightly").await, []);
    assert!(stage.store.write_faults().disarm() > 2);
    assert_eq!(stage.runs_at("nightly", due, due).await.outcome, RunOutcome::Started);
    let mended = says(&stage, "it is well again", |status| status.failures == 0).await;
    assert_eq!(mended.failure, None);
    assert_eq!(stage.outcomes("nightly").await, [(due, RunOutcome::Started)]);
    assert_eq!(stage.by_schedules().await.len(), 1);
}

/// A schedule that is gone takes its failure with it.
#[tokio::test]
async fn a_failure_goes_with_its_schedule() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    stage.store.write_faults().arm(1, u32::MAX);
    stage.clock.set(utc("01-11T02:00:00"));
    says(&stage, "it fails", |status| status.failures > 0).await;
    stage.clock.set(utc("01-10T13:00:00"));
    stage.store.write_faults().disarm();
    stage.engine.remove_schedule(&stage.anna, "nightly").await.unwrap();
    says(&stage, "it is well again", |status| status.failures == 0 && status.did.as_deref() == Some("nothing is scheduled")).await;
}
