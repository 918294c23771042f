//! Due times against the calendar: clocks that go forward and back, leap days, ends of months.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;

use jiff::civil::{DateTime, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;
use steward_core::Timestamp;
use steward_core::operation::Request;
use steward_core::schedule::{Cron, Decision, DueTimes, Overlap, Schedule, ScheduleInput, ZoneName, decide};
use steward_core::{Code, ScheduleId, UserId};

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
/// Its clocks move by half an hour.
const LORD_HOWE: &str = "Australia/Lord_Howe";

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

/// A moment, written in UTC.
fn utc(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn shown(at: Timestamp, zone_name: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap().to_zoned(zone(zone_name));
    at.strftime("%m-%d %H:%M %:z").to_string()
}

/// The due times in a zone between two moments, as the wall clock shows them.
fn due(cron: &str, zone_name: &str, from: &str, to: &str) -> Vec<String> {
    let (cron, name) = (Cron::parse(cron).unwrap(), ZoneName::parse(zone_name).unwrap());
    let to = utc(to);
    DueTimes::new(&cron, &name).after(utc(from)).take_while(|at| *at < to).map(|at| shown(at, zone_name)).collect()
}

/// Promise 15: a time that the change of the clock leaves out runs once, at the first moment after it.
#[test]
fn a_time_that_does_not_exist_runs_after_the_gap() {
    // 2027-03-28: 02:00 becomes 03:00.
    let night = |cron| due(cron, BERLIN, "2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z");
    assert_eq!(night("30 2 * * *"), ["03-28 03:00 +02:00"]);
    assert_eq!(night("0,15,30,45 2 * * *"), ["03-28 03:00 +02:00"]);
    assert_eq!(night("30 2,3 * * *"), ["03-28 03:00 +02:00", "03-28 03:30 +02:00"]);
    assert_eq!(night("0 2,3 * * *"), ["03-28 03:00 +02:00"]);
    assert_eq!(due("30 2 * * *", NEW_YORK, "2027-03-13T12:00:00Z", "2027-03-14T12:00:00Z"), ["03-14 03:00 -04:00"]);
    // 2027-10-03: 02:00 becomes 02:30.
    let lord_howe = |cron| due(cron, LORD_HOWE, "2027-10-02T10:00:00Z", "2027-10-03T02:00:00Z");
    assert_eq!(lord_howe("15 2 * * *"), ["10-03 02:30 +11:00"]);
    assert_eq!(lord_howe("45 2 * * *"), ["10-03 02:45 +11:00"]);
}

/// Promise 15: a time that comes twice runs once, the first time.
#[test]
fn a_time_that_happens_twice_runs_once() {
    // 2027-10-31: 03:00 becomes 02:00.
    let night = |cron| due(cron, BERLIN, "2027-10-30T12:00:00Z", "2027-10-31T12:00:00Z");
    assert_eq!(night("30 2 * * *"), ["10-31 02:30 +02:00"]);
    assert_eq!(night("0 2,3 * * *"), ["10-31 02:00 +02:00", "10-31 03:00 +01:00"]);
    assert_eq!(night("0,30 2 * * *"), ["10-31 02:00 +02:00", "10-31 02:30 +02:00"]);
    assert_eq!(due("30 1 * * *", NEW_YORK, "2027-11-06T12:00:00Z", "2027-11-07T12:00:00Z"), ["11-07 01:30 -04:00"]);
    // 2027-04-04: 02:00 becomes 01:30.
    assert_eq!(due("45 1 * * *", LORD_HOWE, "2027-04-03T10:00:00Z", "2027-04-04T02:00:00Z"), ["04-04 01:45 +11:00"]);
}

/// Promise 15: what runs in every hour goes on through a change of the clock.
#[test]
fn every_hour_is_every_hour() {
    let spring = due("30 * * * *", BERLIN, "2027-03-28T00:00:00Z", "2027-03-28T03:00:00Z");
    assert_eq!(spring, ["03-28 01:30 +01:00", "03-28 03:30 +02:00", "03-28 04:30 +02:00"]);
    let autumn = due("30 * * * *", BERLIN, "2027-10-31T00:00:00Z", "2027-10-31T03:00:00Z");
    assert_eq!(autumn, ["10-31 02:30 +02:00", "10-31 02:30 +01:00", "10-31 03:30 +01:00"]);
    let quarter = due("*/15 * * * *", LORD_HOWE, "2027-04-03T14:00:00Z", "2027-04-03T16:00:00Z");
    assert_eq!(quarter.len(), 7, "{quarter:?}");
}

#[test]
fn leap_days_and_ends_of_months() {
    let years = due("0 12 29 2 *", BERLIN, "2027-01-01T00:00:00Z", "2037-01-01T00:00:00Z");
    assert_eq!(years, ["02-29 12:00 +01:00", "02-29 12:00 +01:00", "02-29 12:00 +01:00"]);
    let long_months = due("0 12 31 * *", "UTC", "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
    assert_eq!(
        long_months.iter().map(|day| &day[..5]).collect::<Vec<_>>(),
        ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31"]
    );
    let last_days = due("0 12 L * *", "UTC", "2028-01-01T00:00:00Z", "2028-05-01T00:00:00Z");
    assert_eq!(last_days.iter().map(|day| &day[..5]).collect::<Vec<_>>(), ["01-31", "02-29", "03-31", "04-30"]);
    // 2100 is no leap year.
    assert_eq!(due("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2105-01-01T00:00:00Z"), ["02-29 00:00 +00:00"]);
}

/// What the rules say, minute by minute.
fn expected(cron: &Cron, name: &str, from: DateTime, to: DateTime) -> BTreeSet<i64> {
    let zone = zone(name);
    let pattern = croner::Cron::from_str_5(cron.as_str());
    let every_hour = pattern.pattern.hours.values().len() == 24;
    let mut moments = BTreeSet::new();
    let mut wall = from;
    while wall < to {
        if pattern.is_time_matching(&wall).unwrap() {
            let ambiguous = zone.to_ambiguous_timestamp(wall);
            let both = [ambiguous.earlier().unwrap(), ambiguous.later().unwrap()];
            let exists = both.iter().filter(|at| at.to_zoned(zone.clone()).datetime() == wall).collect::<Vec<_>>();
            match (exists.as_slice(), every_hour) {
                ([], true) => {}
                ([], false) => {
                    // Walk on until the clock shows the time that was looked for, or a later one.
                    let mut at = both[0].min(both[1]) - 24.hours();
                    while at.to_zoned(zone.clone()).datetime() < wall {
                        at += 1.minutes();
                    }
                    moments.insert(at.as_millisecond());
                }
                ([one, ..], false) => {
                    moments.insert(one.as_millisecond());
                }
                (all, true) => moments.extend(all.iter().map(|at| at.as_millisecond())),
            }
        }
        wall += 1.minutes();
    }
    moments
}

trait FromStr5 {
    fn from_str_5(text: &str) -> croner::Cron;
}

impl FromStr5 for croner::Cron {
    fn from_str_5(text: &str) -> croner::Cron {
        text.parse().unwrap()
    }
}

/// Nights on which clocks change, and one on which they do not.
fn nights() -> impl Strategy<Value = (&'static str, DateTime)> {
    prop_oneof![
        Just((BERLIN, date(2027, 3, 27).at(18, 0, 0, 0))),
        Just((BERLIN, date(2027, 10, 30).at(18, 0, 0, 0))),
        Just((NEW_YORK, date(2027, 3, 13).at(18, 0, 0, 0))),
        Just((NEW_YORK, date(2027, 11, 6).at(18, 0, 0, 0))),
        Just((LORD_HOWE, date(2027, 10, 2).at(18, 0, 0, 0))),
        Just((LORD_HOWE, date(2027, 4, 3).at(18, 0, 0, 0))),
        // A day that never was: Samoa went from the 29th to the 31st.
        Just(("Pacific/Apia", date(2011, 12, 29).at(18, 0, 0, 0))),
        Just(("Asia/Kathmandu", date(2028, 2, 28).at(18, 0, 0, 0))),
    ]
}

fn expressions() -> impl Strategy<Value = String> {
    let minute = prop_oneof![
        (0..60u32).prop_map(|m| m.to_string()),
        (1..31u32).prop_map(|step| format!("*/{step}")),
        (0..30u32, 30..60u32).prop_map(|(a, b)| format!("{a},{b}")),
        Just("*".to_owned()),
    ];
    let hour = prop_oneof![
        (0..5u32).prop_map(|h| h.to_string()),
        (0..3u32, 3..7u32).prop_map(|(a, b)| format!("{a}-{b}")),
        (1..13u32).prop_map(|step| format!("*/{step}")),
        Just("*".to_owned()),
    ];
    let day = prop_oneof![3 => Just("* * *".to_owned()), 1 => (0..7u32).prop_map(|d| format!("* * {d}")), 1 => (1..32u32).prop_map(|d| format!("{d} * *"))];
    (minute, hour, day).prop_map(|(minute, hour, day)| format!("{minute} {hour} {day}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Promise 15: each due time that the rules give, once, forward and backward, on the nights on
    /// which it matters.
    #[test]
    fn due_times_are_what_the_rules_say((name, from) in nights(), text in expressions()) {
        let cron = Cron::parse(&text).unwrap();
        let zone_name = ZoneName::parse(name).unwrap();
        let times = DueTimes::new(&cron, &zone_name);
        // Further to both sides than is compared, so that what a gap moves is there too.
        let wanted: Vec<i64> = expected(&cron, name, from.checked_sub(36.hours()).unwrap(), from.checked_add(60.hours()).unwrap()).into_iter().collect();
        let start = from.to_zoned(zone(name)).unwrap().timestamp();
        let (start, end) = (start.as_millisecond(), (start + SignedDuration::from_hours(20)).as_millisecond());
        let wanted: Vec<i64> = wanted.into_iter().filter(|at| (start + 1..=end).contains(at)).collect();
        let forward: Vec<i64> = times.after(Timestamp(start)).take_while(|at| at.0 <= end).map(|at| at.0).collect();
        prop_assert_eq!(&forward, &wanted, "forward {} in {}", text, name);
        let mut backward: Vec<i64> = std::iter::successors(times.last(Timestamp(end)), |at| times.last(at.plus(-1))).take_while(|at| at.0 > start).map(|at| at.0).collect();
        backward.reverse();
        prop_assert_eq!(&backward, &wanted, "backward {} in {}", text, name);
        // From any moment in between, also one with a part of a second.
        for offset in [1, 999, 1000, 59_999, 3_599_500, 7_200_001] {
            let at = Timestamp(start + offset * 7);
            prop_assert_eq!(times.next(at).map(|t| t.0).filter(|t| *t <= end), wanted.iter().copied().find(|t| *t > at.0));
        }
    }

    /// Promise 15: whenever it is looked, and however often, each due time is decided at most once
    /// and none that has passed is left undecided.
    #[test]
    fn looking_at_any_moments_decides_each_due_time_once(
        steps in prop::collection::vec(1..200_000_000i64, 1..40), jitter in 0..1800u32, window in 1..1440u32, catch_up: bool,
    ) {
        let schedule = Schedule { jitter_seconds: jitter, window_minutes: window, catch_up, ..schedule("0 */3 * * *", BERLIN) };
        let (mut decided, mut now) = (schedule.since, schedule.since);
        let mut accounted = 0;
        for step in steps {
            now = now.plus(step);
            if let Decision::Run { due_at, missed_before } | Decision::Missed { due_at, missed_before } = decide(&schedule, decided, now) {
                prop_assert!(due_at > decided && schedule.starts_at(due_at) <= now);
                accounted += 1 + missed_before as usize;
                decided = due_at;
            }
        }
        let passed = schedule.due_times().after(schedule.since).take_while(|due| *due <= decided).count();
        prop_assert_eq!(accounted, passed);
        let next = schedule.due_times().next(decided).unwrap();
        prop_assert!(schedule.starts_at(next) > now, "the next one is still to come");
    }
}

fn schedule(cron: &str, zone: &str) -> Schedule {
    let request = serde_json::json!({ "kind": "deployment.restart", "deployment_id": "dep_0123456789abcdef" });
    let made = utc("2027-01-01T00:00:00Z");
    Schedule {
        id: ScheduleId::from_random([3; 10]),
        name: "nightly".parse().unwrap(),
        request: serde_json::from_value::<Request>(request).unwrap(),
        cron: Cron::parse(cron).unwrap(),
        time_zone: ZoneName::parse(zone).unwrap(),
        window_minutes: 60,
        jitter_seconds: 0,
        overlap: Overlap::Skip,
        catch_up: false,
        enabled: true,
        owner_id: UserId::from_random([1; 10]),
        owner: "anna".parse().unwrap(),
        version: 1,
        created_at: made,
        updated_at: made,
        since: made,
    }
}

/// R11 to R14 of the fault list: the window, one catch-up, and what was passed over.
#[test]
fn what_is_late_is_run_made_up_for_or_missed() {
    let nightly = schedule("0 3 * * *", "UTC");
    let at = |text| decide(&nightly, nightly.since, utc(text));
    assert_eq!(at("2027-01-01T02:59:59Z"), Decision::Wait(Some(utc("2027-01-01T03:00:00Z"))));
    let first = utc("2027-01-01T03:00:00Z");
    assert_eq!(at("2027-01-01T03:00:00Z"), Decision::Run { due_at: first, missed_before: 0 });
    assert_eq!(at("2027-01-01T04:00:00Z"), Decision::Run { due_at: first, missed_before: 0 });
    assert_eq!(at("2027-01-01T04:00:01Z"), Decision::Missed { due_at: first, missed_before: 0 });
    assert_eq!(at("2027-01-08T12:00:00Z"), Decision::Missed { due_at: utc("2027-01-08T03:00:00Z"), missed_before: 7 });
    let catching_up = Schedule { catch_up: true, ..nightly.clone() };
    let made_up = decide(&catching_up, nightly.since, utc("2027-01-08T12:00:00Z"));
    assert_eq!(made_up, Decision::Run { due_at: utc("2027-01-08T03:00:00Z"), missed_before: 7 });
    // Years of minutes are counted up to a bound, and at once.
    let begun = std::time::Instant::now();
    let minutely = schedule("* * * * *", BERLIN);
    let long = decide(&minutely, minutely.since, utc("2037-01-01T00:00:30Z"));
    assert_eq!(long, Decision::Run { due_at: utc("2037-01-01T00:00:00Z"), missed_before: 1000 });
    assert!(begun.elapsed() < std::time::Duration::from_secs(3));
}

/// Jitter is the same whenever it is asked for, and spread over its range.
#[test]
fn jitter_is_stable() {
    let one = Schedule { jitter_seconds: 600, ..schedule("0 3 * * *", "UTC") };
    let shares: Vec<i64> = one.due_times().after(one.since).take(50).map(|due| one.starts_at(due).0 - due.0).collect();
    assert!(shares.iter().all(|share| (0..=600_000).contains(share)));
    assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() > 300_000, "{shares:?}");
    let again: Vec<i64> = one.due_times().after(one.since).take(50).map(|due| one.starts_at(due).0 - due.0).collect();
    assert_eq!(shares, again);
    let other = Schedule { id: ScheduleId::from_random([4; 10]), ..one.clone() };
    let due = one.due_times().next(one.since).unwrap();
    assert_ne!(one.starts_at(due), other.starts_at(due), "two schedules do not start together");
}

/// Bad input: each field that is out of range is named.
#[test]
fn ranges_are_checked() {
    let Schedule { name, request, cron, time_zone, overlap, .. } = schedule("*/10 * * * *", BERLIN);
    let good = ScheduleInput { name, request, cron, time_zone, window_minutes: 60, jitter_seconds: 30, overlap, catch_up: false };
    let now = utc("2027-01-01T00:00:00Z");
    assert_eq!(good.check(now), Ok(()));
    for (input, field) in [
        (ScheduleInput { window_minutes: 0, ..good.clone() }, "window_minutes"),
        (ScheduleInput { window_minutes: 1441, ..good.clone() }, "window_minutes"),
        (ScheduleInput { jitter_seconds: 3601, ..good.clone() }, "jitter_seconds"),
        (ScheduleInput { jitter_seconds: 600, ..good.clone() }, "jitter_seconds"),
    ] {
        let refusal = input.check(now).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (Code::InvalidValue, Some(field)));
    }
}
