//! Exactly one run for each due time, whatever happens around it.

use std::collections::BTreeSet;
use std::time::Duration;

use steward_core::Timestamp;
use steward_core::audit::AuditPhase;
use steward_core::operation::State;
use steward_core::schedule::{Overlap, RunOutcome, ScheduleDraft};
use steward_engine::{Engine, Submission};
use steward_store::{Store, StoreError};

use crate::scene::{deploy, machine, timing};
use crate::stage::{PASSWORD, SetClock, Stage, start_at, utc};

/// C6, promise 15: at its time, once, as the schedule with its owner's rights; restarts add nothing.
#[tokio::test]
async fn a_due_time_runs_once() {
    let mut stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    stage.goes_to(utc("01-11T01:59:59")).await;
    assert_eq!(stage.outcomes("nightly").await, []);
    let due = utc("01-11T02:00:00");
    let run = stage.runs_at("nightly", due, due).await;
    assert_eq!((run.outcome, run.missed_before, run.decided_at), (RunOutcome::Started, 0, due));
    let operation = stage.detail(&run.operation_id.unwrap()).await.operation;
    assert_eq!((operation.state, operation.actor.as_str()), (State::Succeeded, "schedule nightly (anna)"));
    for at in ["01-11T02:00:00", "01-11T02:00:01", "01-11T02:59:00"] {
        stage.restart(Some(at)).await;
        stage.goes_to(utc(at)).await;
    }
    assert_eq!(stage.outcomes("nightly").await, [(due, RunOutcome::Started)]);
    assert_eq!(stage.by_schedules().await.len(), 1);
    let rows = stage.audited("deployment.restart").await;
    let said: Vec<_> = rows.iter().map(|(actor, phase, _)| (actor.as_str(), *phase)).collect();
    assert_eq!(said, [("schedule nightly (anna)", AuditPhase::Accepted), ("schedule nightly (anna)", AuditPhase::Outcome)]);
}

/// R11 to R14, section 4: late within the window runs, later is missed or made up for once.
#[tokio::test]
async fn downtime_is_made_up_for_once_or_missed() {
    let mut stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("strict", "0 3 * * *")).await;
    stage.made(ScheduleDraft { catch_up: true, ..stage.draft("patient", "0 3 * * *") }).await;
    stage.restart(Some("01-11T02:59:00")).await;
    stage.goes_to(utc("01-11T02:59:00")).await;
    let late = utc("01-11T02:00:00");
    assert_eq!(stage.outcomes("strict").await, [(late, RunOutcome::Started)], "59 minutes late is in the window");
    assert_eq!(stage.outcomes("patient").await, [(late, RunOutcome::Started)]);
    // A week without Steward.
    stage.restart(Some("01-18T12:00:00")).await;
    stage.goes_to(utc("01-18T12:00:00")).await;
    let newest = utc("01-18T02:00:00");
    assert_eq!(stage.outcomes("strict").await[1..], [(newest, RunOutcome::Missed)]);
    assert_eq!(stage.outcomes("patient").await[1..], [(newest, RunOutcome::Started)]);
    assert_eq!(stage.runs("strict").await[1].missed_before, 6);
    assert_eq!(stage.runs("patient").await[1].missed_before, 6);
    stage.restart(None).await;
    stage.goes_to(utc("01-18T13:00:00")).await;
    assert_eq!(stage.outcomes("strict").await.len() + stage.outcomes("patient").await.len(), 4, "once");
}

/// Promise 15: on both nights on which the clock changes, a look every ten minutes finds one run.
#[tokio::test]
async fn nights_on_which_the_clock_changes() {
    for (from, minutes, due) in [
        // 02:30 does not exist: the first moment after the gap is 03:00, 01:00 in UTC.
        ("03-27T20:00:00", 600, vec![utc("03-28T01:00:00")]),
        // 02:30 comes twice: the first time, in summer time.
        ("10-30T20:00:00", 600, vec![utc("10-31T00:30:00")]),
    ] {
        let stage = Stage::at(from).await;
        stage.made(ScheduleDraft { window_minutes: 1, ..stage.draft("nightly", "30 2 * * *") }).await;
        for minute in (0..minutes).step_by(10) {
            stage.clock.set(utc(from).plus(minute * 60_000));
            tokio::time::sleep(timing().look_at_schedules * 2).await;
        }
        let expected: Vec<_> = due.into_iter().map(|due| (due, RunOutcome::Started)).collect();
        assert_eq!(stage.outcomes("nightly").await, expected, "{from}");
    }
}

/// Section 4: the clock jumps ahead and back; no run twice, and none lost to what was not so.
#[tokio::test]
async fn a_clock_that_jumps() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("strict", "0 3 * * *")).await;
    stage.made(ScheduleDraft { catch_up: true, ..stage.draft("patient", "0 3 * * *") }).await;
    let day = |day: i64| utc("01-11T02:00:00").plus((day - 11) * 24 * 3600 * 1000);
    // Twenty days ahead, for a moment.
    stage.goes_to(utc("01-30T12:00:00")).await;
    assert_eq!(stage.outcomes("strict").await, [(day(30), RunOutcome::Missed)]);
    assert_eq!(stage.outcomes("patient").await, [(day(30), RunOutcome::Started)]);
    stage.goes_to(utc("01-10T12:01:00")).await;
    assert_eq!(stage.outcomes("strict").await, [], "what is still to come was not missed");
    for date in 11..=13 {
        stage.runs_at("strict", day(date), day(date)).await;
        tokio::time::sleep(timing().look_at_schedules * 5).await;
    }
    let started = |days: &[i64]| days.iter().map(|date| (day(*date), RunOutcome::Started)).collect::<Vec<_>>();
    assert_eq!(stage.outcomes("strict").await, started(&[11, 12, 13]));
    assert_eq!(stage.outcomes("patient").await, started(&[11, 12, 13, 30]));
    // Back over due times that have run: they are decided.
    stage.goes_to(utc("01-11T01:00:00")).await;
    stage.goes_to(day(12)).await;
    stage.goes_to(day(13)).await;
    assert_eq!(stage.outcomes("strict").await, started(&[11, 12, 13]));
    // The day that ran already while the clock was ahead.
    stage.runs_at("strict", day(30), day(30)).await;
    stage.goes_to(day(30).plus(60_000)).await;
    assert_eq!(stage.runs("patient").await.iter().filter(|run| run.due_at == day(30)).count(), 1);
    assert_eq!(stage.by_schedules().await.len(), 4 + 4);
}

/// A schedule that was made while the clock was ahead runs all the same when it is right again.
#[tokio::test]
async fn made_while_the_clock_was_ahead() {
    let stage = Stage::at("06-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    stage.goes_to(utc("01-10T12:00:00")).await;
    let due = utc("01-11T02:00:00");
    assert_eq!(stage.runs_at("nightly", due, due).await.outcome, RunOutcome::Started);
}

/// The overlap policy: a run that is due while the earlier one is under way is left out, or waits.
#[tokio::test]
async fn overlapping_runs_are_skipped_or_wait() {
    let stage = Stage::at("01-10T12:00:30").await;
    stage.made(stage.draft("minutely", "* * * * *")).await;
    stage.host.hang("compose.restart");
    let minute = |minute: i64| utc("01-10T12:00:00").plus(minute * 60_000);
    stage.goes_to(minute(1)).await;
    stage.goes_to(minute(2)).await;
    assert_eq!(stage.outcomes("minutely").await, [(minute(1), RunOutcome::Started), (minute(2), RunOutcome::Skipped)]);
    let view = stage.view("minutely").await;
    let draft = ScheduleDraft { overlap: Overlap::Wait, ..stage.draft("minutely", "* * * * *") };
    stage.engine.change_schedule(&stage.anna, "minutely", view.schedule.version, draft).await.unwrap();
    stage.goes_to(minute(3)).await;
    let runs = stage.runs("minutely").await;
    assert_eq!(runs[2].outcome, RunOutcome::Started);
    let waiting = stage.detail(runs[2].operation_id.as_ref().unwrap()).await.operation;
    assert_eq!((waiting.state, waiting.waiting.map(|w| w.held_by)), (State::Queued, runs[0].operation_id.clone()));
    stage.host.release();
    for run in [&runs[0], &runs[2]] {
        assert_eq!(stage.rests(run.operation_id.as_ref().unwrap()).await.operation.state, State::Succeeded);
    }
}

/// A person before a schedule: what a person asked for later starts first.
#[tokio::test]
async fn a_person_comes_before_a_schedule() {
    let stage = Stage::at("01-10T12:00:30").await;
    stage.host.hang("compose.restart");
    let first = stage.engine.submit(&stage.anna, stage.restart_of_site(), Submission::default()).await.unwrap();
    stage.made(stage.draft("minutely", "* * * * *")).await;
    stage.goes_to(utc("01-10T12:01:00")).await;
    let scheduled = stage.runs("minutely").await[0].operation_id.clone().unwrap();
    assert_ne!(scheduled, first.operation.id, "a run is an operation of its own");
    let stop = steward_core::operation::DeploymentStop { deployment_id: stage.app.clone() };
    let stop = steward_core::operation::Request::DeploymentStop(stop);
    let person = stage.engine.submit(&stage.anna, stop, Submission::default()).await.unwrap().operation.id;
    // Both wait for the lock that the first one holds.
    while stage.detail(&person).await.operation.waiting.is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stage.host.release();
    stage.rests(&scheduled).await;
    stage.rests(&person).await;
    let filter = steward_store::audit::AuditFilter { limit: 500, ..Default::default() };
    let rows = stage.engine.audit(&stage.anna, filter).await.unwrap();
    let ended = |id: &steward_core::OperationId| {
        let row = rows.iter().find(|row| row.operation_id.as_ref() == Some(id) && row.phase == AuditPhase::Outcome);
        row.unwrap_or_else(|| panic!("{id} has an outcome")).sequence
    };
    assert!(ended(&first.operation.id) < ended(&person) && ended(&person) < ended(&scheduled));
}

/// What is in the way for a moment is waited for within the window; then the run is refused.
#[tokio::test]
async fn an_engine_that_is_away_is_waited_for() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    stage.host.set_engine_up(false);
    stage.goes_to(utc("01-11T02:00:00")).await;
    stage.goes_to(utc("01-11T02:30:00")).await;
    assert_eq!(stage.outcomes("nightly").await, []);
    stage.host.set_engine_up(true);
    let due = utc("01-11T02:00:00");
    assert_eq!(stage.runs_at("nightly", utc("01-11T02:31:00"), due).await.outcome, RunOutcome::Started);
    stage.host.set_engine_up(false);
    let next = utc("01-12T02:00:00");
    stage.goes_to(next).await;
    let run = stage.runs_at("nightly", utc("01-12T03:00:00"), next).await;
    assert_eq!(run.outcome, RunOutcome::Refused, "{run:?}");
    let refused = stage.audited("deployment.restart").await.into_iter().filter(|row| row.1 == AuditPhase::Refused).count();
    assert_eq!(refused, 1, "the tries before are not rows");
}

/// Jitter puts a run off by its share, which a restart does not change.
#[tokio::test]
async fn jitter_is_waited_for() {
    let mut stage = Stage::at("01-10T12:00:00").await;
    let view = stage.made(ScheduleDraft { jitter_seconds: 3000, ..stage.draft("nightly", "0 3 * * *") }).await;
    let due = view.next[0];
    let starts_at = view.schedule.starts_at(due);
    assert!(starts_at > due);
    stage.restart(None).await;
    stage.goes_to(starts_at.plus(-1)).await;
    assert_eq!(stage.outcomes("nightly").await, []);
    assert_eq!(stage.runs_at("nightly", starts_at, due).await.outcome, RunOutcome::Started);
}

/// Promise 15: a hundred times the process dies around a due time, at another moment each time. Every
/// due time is then decided once, and every run that says so has its one operation.
#[test]
fn kills_at_the_due_second() {
    const ROUNDS: i64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let (host, clock) = (machine(), SetClock::at("01-10T11:59:30"));
    let minute = |minute: i64| utc("01-10T12:00:00").plus(minute * 60_000);
    let open = || async {
        loop {
            match Store::open(folder.path()).await {
                Ok(store) => return store,
                // The one before is still going.
                Err(StoreError::InUse) => tokio::time::sleep(Duration::from_millis(2)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let started = |store: Store| {
        let (host, clock) = (host.clone(), clock.clone());
        async move { start_at(&host, &store, clock).await }
    };
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();

    let first = runtime();
    let anna = first.block_on(async {
        let store = open().await;
        let engine = started(store).await;
        let anna = made_minutely(&engine).await;
        engine.shutdown().await;
        anna
    });
    drop(first);
    let mut killed_in_the_middle = 0;
    for round in 0..ROUNDS {
        clock.set(minute(round).plus(-3));
        let life = runtime();
        let engine = life.block_on(async { started(open().await).await });
        clock.set(minute(round));
        // From before the first look to well after the last commit.
        std::thread::sleep(Duration::from_micros(u64::try_from(round * 600).unwrap()));
        let decided = life.block_on(async {
            let last = engine.schedule(&anna, "minutely").await.ok().and_then(|view| view.last_run);
            last.is_some_and(|last| last.run.due_at == minute(round))
        });
        killed_in_the_middle += i32::from(!decided);
        drop(engine);
        life.shutdown_background();
    }
    assert!((5..95).contains(&killed_in_the_middle), "kills come before and after the decision: {killed_in_the_middle}");

    let last = runtime();
    last.block_on(async {
        let store = open().await;
        let engine = started(store.clone()).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let runs: Vec<_> = engine.schedule_runs(&anna, "minutely", None, 500).await.unwrap().into_iter().map(|view| view.run).collect();
        let due: BTreeSet<Timestamp> = runs.iter().map(|run| run.due_at).collect();
        assert_eq!(due.len(), runs.len());
        let accounted: i64 = runs.iter().map(|run| 1 + i64::from(run.missed_before)).sum();
        assert_eq!(accounted, ROUNDS, "each due time is decided once");
        let of_runs: Vec<_> = runs.iter().filter_map(|run| run.operation_id.clone()).collect();
        let filter = steward_store::operations::OperationFilter { limit: 500, ..Default::default() };
        let all = engine.operations(&anna, filter).await.unwrap();
        let asked: BTreeSet<_> = all.iter().filter(|o| o.actor == "schedule minutely (anna)").map(|o| o.id.clone()).collect();
        assert_eq!(of_runs.iter().cloned().collect::<BTreeSet<_>>(), asked, "no operation without its run, no run without its operation");
        assert_eq!(of_runs.len(), asked.len());
        let whole = engine.verify_audit(&anna).await.unwrap();
        assert!(whole.whole);
        engine.shutdown().await;
    });
}

/// Claims the server, deploys, and makes a schedule for every minute.
async fn made_minutely(engine: &Engine) -> steward_core::user::Actor {
    let code = engine.setup_code().unwrap().to_owned();
    let signed_in = engine.claim("127.0.0.1", "test", &code, "anna", PASSWORD).await.unwrap_or_else(|r| panic!("{r}"));
    let anna = engine.authenticate(&signed_in.secret, "127.0.0.1").await.unwrap();
    let accepted = engine.submit(&anna, deploy("hello", "site"), Submission::default()).await.unwrap().operation;
    while !engine.operation(&anna, accepted.id.as_str()).await.unwrap().operation.state.is_at_rest() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let restart = steward_core::operation::DeploymentRestart { deployment_id: accepted.deployment_id.unwrap() };
    let draft = ScheduleDraft {
        name: "minutely".to_owned(),
        request: Ok(steward_core::operation::Request::DeploymentRestart(restart)),
        cron: "* * * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        window_minutes: 60,
        jitter_seconds: 0,
        overlap: Overlap::Wait,
        catch_up: false,
    };
    engine.create_schedule(&anna, draft).await.unwrap();
    anna
}

/// The clock is the only one that is asked.
#[tokio::test]
async fn nothing_is_due_while_the_clock_stands() {
    let stage = Stage::at("01-10T12:00:30").await;
    stage.made(stage.draft("minutely", "* * * * *")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(stage.outcomes("minutely").await, []);
}
