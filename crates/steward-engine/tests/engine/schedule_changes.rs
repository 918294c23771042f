//! Who may make and change schedules, whose rights they have, and what is refused.

use std::collections::BTreeMap;

use serde_json::json;
use steward_core::audit::AuditPhase;
use steward_core::operation::{DeploymentRemove, DeploymentRestart, DeploymentUpdate, Request};
use steward_core::role::Role;
use steward_core::schedule::{RunOutcome, ScheduleDraft};
use steward_core::{Code, DeploymentId, Refusal};
use steward_engine::{CalendarQuery, Submission};

use crate::scene::{deploy, key};
use crate::stage::{Stage, utc};

/// R14: a schedule has the rights that its owner has when it runs.
#[tokio::test]
async fn the_owners_rights_of_the_moment_count() {
    let stage = Stage::at("01-10T12:00:00").await;
    let ben = stage.user("ben", Role::Operator).await;
    let view = stage.engine.create_schedule(&ben, stage.draft("nightly", "0 3 * * *")).await.unwrap();
    assert_eq!((view.schedule.owner.as_str(), &view.problem), ("ben", &None));
    let day = |day: i64| utc("01-11T02:00:00").plus((day - 11) * 24 * 3600 * 1000);
    assert_eq!(stage.runs_at("nightly", day(11), day(11)).await.outcome, RunOutcome::Started);

    let id = ben.user_id().unwrap().to_string();
    stage.engine.change_user(&stage.anna, &id, Some(Role::Viewer), None).await.unwrap();
    assert!(stage.view("nightly").await.problem.is_some_and(|why| why.contains("operator")));
    let demoted = stage.runs_at("nightly", day(12), day(12)).await;
    assert_eq!((demoted.outcome, demoted.refusal.map(|r| r.code)), (RunOutcome::Refused, Some(Code::NotAllowed)));

    stage.engine.remove_user(&stage.anna, &id).await.unwrap();
    let gone = stage.runs_at("nightly", day(13), day(13)).await;
    assert_eq!(gone.refusal.as_ref().map(|r| r.code), Some(Code::NotAllowed));
    assert!(gone.refusal.unwrap().message.contains("gone"));
    let refused: Vec<_> = stage.audited("deployment.restart").await.into_iter().filter(|row| row.1 == AuditPhase::Refused).collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|row| row.0 == "schedule nightly (ben)"), "{refused:?}");

    // Whoever saves it owns it.
    let version = stage.view("nightly").await.schedule.version;
    let saved = stage.engine.change_schedule(&stage.anna, "nightly", version, stage.draft("nightly", "0 3 * * *")).await.unwrap();
    assert_eq!((saved.schedule.owner.as_str(), saved.problem), ("anna", None));
    assert_eq!(stage.runs_at("nightly", day(14), day(14)).await.outcome, RunOutcome::Started);
}

/// R11, P1: nobody schedules or changes what they may not ask for.
#[tokio::test]
async fn a_schedule_is_no_way_around_the_roles() {
    let stage = Stage::at("01-10T12:00:00").await;
    let (ben, vera) = (stage.user("ben", Role::Operator).await, stage.user("vera", Role::Viewer).await);
    let remove = || ScheduleDraft {
        request: Ok(Request::DeploymentRemove(DeploymentRemove { deployment_id: stage.app.clone() })),
        ..stage.draft("gone", "0 3 * * *")
    };
    let code = |result: Result<_, Refusal>| result.map(|_: steward_engine::ScheduleView| ()).unwrap_err().code;
    assert_eq!(code(stage.engine.create_schedule(&ben, remove()).await), Code::NotAllowed);
    assert_eq!(code(stage.engine.create_schedule(&vera, stage.draft("x", "0 3 * * *")).await), Code::NotAllowed);
    let view = stage.made(remove()).await;
    for actor in [&ben, &vera] {
        let change = stage.engine.change_schedule(actor, "gone", view.schedule.version, stage.draft("gone", "0 4 * * *"));
        assert_eq!(code(change.await), Code::NotAllowed);
        assert_eq!(code(stage.engine.set_schedule_enabled(actor, "gone", false).await), Code::NotAllowed);
        assert_eq!(stage.engine.remove_schedule(actor, "gone").await.unwrap_err().code, Code::NotAllowed);
        assert_eq!(stage.engine.run_schedule(actor, "gone", Submission::default()).await.unwrap_err().refusal.code, Code::NotAllowed);
        assert!(stage.engine.schedules(actor).await.is_ok());
    }
    assert_eq!(stage.view("gone").await, view, "nothing changed");
    let refused = stage.audited("schedules.manage").await.into_iter().filter(|row| row.1 == AuditPhase::Refused).count();
    assert_eq!(refused, 2 + 3 * 2, "each refused change has its row");
}

/// Bad input: refused with its code and field, audited, and nothing is there afterwards.
#[tokio::test]
async fn what_cannot_be_is_refused_and_audited() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("there", "0 3 * * *")).await;
    let good = || stage.draft("new", "0 3 * * *");
    let elsewhere = Request::DeploymentRestart(DeploymentRestart { deployment_id: DeploymentId::from_random([7; 10]) });
    let no_kind = Refusal::new(Code::InvalidValue, "there is no operation of this kind").with_field("kind");
    let cases = [
        (ScheduleDraft { cron: "0 0 30 2 *".to_owned(), ..good() }, Code::InvalidValue, "cron"),
        (ScheduleDraft { cron: "often".to_owned(), ..good() }, Code::InvalidValue, "cron"),
        (ScheduleDraft { cron: "0 0 3 * * *".to_owned(), ..good() }, Code::InvalidValue, "cron"),
        (ScheduleDraft { time_zone: "Europe/Nowhere".to_owned(), ..good() }, Code::InvalidValue, "time_zone"),
        (ScheduleDraft { window_minutes: 0, ..good() }, Code::InvalidValue, "window_minutes"),
        (ScheduleDraft { window_minutes: 1441, ..good() }, Code::InvalidValue, "window_minutes"),
        (ScheduleDraft { jitter_seconds: 3601, ..good() }, Code::InvalidValue, "jitter_seconds"),
        (ScheduleDraft { name: "../x".to_owned(), ..good() }, Code::InvalidName, "name"),
        (ScheduleDraft { name: "there".to_owned(), ..good() }, Code::NameTaken, "name"),
        (ScheduleDraft { request: Err(no_kind), ..good() }, Code::InvalidValue, "request.kind"),
        (ScheduleDraft { request: Ok(elsewhere), ..good() }, Code::NotFound, "request"),
    ];
    let count = cases.len();
    for (draft, code, field) in cases {
        let said = format!("{draft:?}");
        let refusal = stage.engine.create_schedule(&stage.anna, draft).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, Some(field)), "{said}: {refusal}");
    }
    assert_eq!(stage.engine.schedules(&stage.anna).await.unwrap().len(), 1);
    let refused = stage.audited("schedules.manage").await.into_iter().filter(|row| row.1 == AuditPhase::Refused).count();
    assert_eq!(refused, count);
    for missing in ["nowhere", "sch_0123456789abcdef", "../x", ""] {
        assert_eq!(stage.engine.remove_schedule(&stage.anna, missing).await.unwrap_err().code, Code::NotFound, "{missing}");
    }
}

/// Two edits of one version: one of them holds, the other is refused.
#[tokio::test]
async fn two_edits_of_one_version() {
    let stage = Stage::at("01-10T12:00:00").await;
    let view = stage.made(stage.draft("nightly", "0 3 * * *")).await;
    let edit = |cron: &str| stage.engine.change_schedule(&stage.anna, "nightly", view.schedule.version, stage.draft("nightly", cron));
    let (one, other) = tokio::join!(edit("0 4 * * *"), edit("0 5 * * *"));
    let codes: Vec<_> = [&one, &other].into_iter().filter_map(|edit| edit.as_ref().err().map(|refusal| refusal.code)).collect();
    assert_eq!(codes, [Code::Conflict]);
    let held = one.or(other).unwrap();
    assert_eq!(stage.view("nightly").await, held);
    assert_eq!(held.schedule.version, view.schedule.version + 1);
    let rows = stage.audited("schedules.manage").await;
    assert_eq!(rows.iter().filter(|row| row.1 == AuditPhase::Refused).count(), 1);
    assert!(rows.iter().any(|row| row.2["from"]["cron"] == "0 3 * * *"), "{rows:?}");
}

/// R33, promise 9: a schedule keeps no secret.
#[tokio::test]
async fn a_schedule_keeps_no_secret() {
    let stage = Stage::at("01-10T12:00:00").await;
    let accepted = stage.engine.submit(&stage.anna, deploy("web", "shop"), Submission::default()).await.unwrap().operation;
    stage.rests(&accepted.id).await;
    let with = |name: &str| {
        let update = DeploymentUpdate {
            deployment_id: accepted.deployment_id.clone().unwrap(),
            settings: BTreeMap::from([(key(name), json!("canary-1f6b"))]),
            ports: BTreeMap::new(),
            expected_revision: None,
        };
        ScheduleDraft { request: Ok(Request::DeploymentUpdate(update)), ..stage.draft("change", "0 3 * * *") }
    };
    let refusal = stage.engine.create_schedule(&stage.anna, with("password")).await.unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (Code::InvalidValue, Some("request.settings")));
    let rows = stage.audited("schedules.manage").await;
    assert!(!format!("{rows:?}").contains("canary-1f6b"), "{rows:?}");
    stage.engine.create_schedule(&stage.anna, with("greeting")).await.unwrap();
}

/// A schedule for something that is gone is refused at each due time, and says so.
#[tokio::test]
async fn what_is_gone_is_refused() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    let remove = Request::DeploymentRemove(DeploymentRemove { deployment_id: stage.app.clone() });
    let removed = stage.engine.submit(&stage.anna, remove, Submission::default()).await.unwrap().operation;
    stage.rests(&removed.id).await;
    let due = utc("01-11T02:00:00");
    let run = stage.runs_at("nightly", due, due).await;
    assert_eq!((run.outcome, run.refusal.map(|r| r.code)), (RunOutcome::Refused, Some(Code::NotFound)));
    assert_eq!(stage.view("nightly").await.target, "site", "its name is still known");
}

/// A paused schedule does not run, and what was due meanwhile is not made up for.
#[tokio::test]
async fn pausing_and_removing() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(ScheduleDraft { catch_up: true, ..stage.draft("nightly", "0 3 * * *") }).await;
    let paused = stage.engine.set_schedule_enabled(&stage.anna, "nightly", false).await.unwrap();
    assert_eq!((paused.schedule.enabled, paused.next.len()), (false, 0));
    stage.goes_to(utc("01-12T12:00:00")).await;
    stage.engine.set_schedule_enabled(&stage.anna, "nightly", true).await.unwrap();
    stage.goes_to(utc("01-12T12:01:00")).await;
    assert_eq!(stage.outcomes("nightly").await, []);
    let due = utc("01-13T02:00:00");
    let run = stage.runs_at("nightly", due, due).await;
    assert_eq!(run.missed_before, 0);
    stage.engine.remove_schedule(&stage.anna, "nightly").await.unwrap();
    assert_eq!(stage.engine.schedule(&stage.anna, "nightly").await.unwrap_err().code, Code::NotFound);
    stage.goes_to(utc("01-14T02:00:00")).await;
    assert_eq!(stage.by_schedules().await.len(), 1, "its operation stays, and there is no other");
    let name_is_free = stage.made(stage.draft("nightly", "0 3 * * *")).await;
    assert_eq!(name_is_free.last_run, None);
}

/// Running one now is an operation of the person who wants it, and no run of the schedule.
#[tokio::test]
async fn running_one_now() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "0 3 * * *")).await;
    let accepted = stage.engine.run_schedule(&stage.anna, "nightly", Submission::default()).await.unwrap().operation;
    assert_eq!(accepted.actor, "anna");
    stage.rests(&accepted.id).await;
    assert_eq!(stage.outcomes("nightly").await, []);
}

/// The calendar: what was, and what will be, by the days of a zone.
#[tokio::test]
async fn the_calendar() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.made(stage.draft("nightly", "30 0 * * *")).await;
    stage.made(stage.draft("often", "* * 20 1 *")).await;
    let due = utc("01-10T23:30:00");
    stage.runs_at("nightly", due, due).await;
    let query = |zone: &str| CalendarQuery { from: utc("01-10T00:00:00"), to: utc("01-13T00:00:00"), time_zone: zone.to_owned() };
    let days = |zone: &'static str| {
        let (stage, query) = (&stage, query(zone));
        async move {
            let days = stage.engine.calendar(&stage.anna, &query).await.unwrap();
            days.into_iter().map(|day| (day.date, day.started, day.upcoming)).collect::<Vec<_>>()
        }
    };
    let day = |text: &str, started, upcoming| (text.to_owned(), started, upcoming);
    assert_eq!(days("Europe/Berlin").await, [day("2027-01-11", 1, 0), day("2027-01-12", 0, 1), day("2027-01-13", 0, 1)]);
    assert_eq!(days("UTC").await, [day("2027-01-10", 1, 0), day("2027-01-11", 0, 1), day("2027-01-12", 0, 1)]);
    let many = CalendarQuery { from: utc("01-19T00:00:00"), to: utc("01-25T00:00:00"), time_zone: "Europe/Berlin".to_owned() };
    let often: Vec<_> =
        stage.engine.calendar(&stage.anna, &many).await.unwrap().into_iter().filter(|day| day.name.as_str() == "often").collect();
    assert_eq!(often.iter().map(|day| (day.date.as_str(), day.upcoming)).collect::<Vec<_>>(), [("2027-01-20", 100)]);
    for (from, to, zone) in [
        ("01-10T00:00:00", "01-10T00:00:00", "UTC"),
        ("01-10T00:00:00", "06-10T00:00:00", "UTC"),
        ("01-10T00:00:00", "01-11T00:00:00", "Mars"),
    ] {
        let bad = CalendarQuery { from: utc(from), to: utc(to), time_zone: zone.to_owned() };
        assert_eq!(stage.engine.calendar(&stage.anna, &bad).await.unwrap_err().code, Code::InvalidValue);
    }
    let preview = stage.engine.preview_schedule(&stage.anna, "0 3 * * 1", "america/new_york", 100).unwrap();
    assert_eq!((preview.words.as_str(), preview.next.len(), preview.time_zone.as_str()), ("Mondays at 03:00", 100, "America/New_York"));
}
