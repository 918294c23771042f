//! A schedule in words.

use steward_engine::ScheduleView;

use super::super::follow::state_word;
use super::super::paint::{Paint, Tone};
use super::super::table::Cell;
use super::super::{text, when};
use super::schedules::result;

/// What it does, such as `restart photos`.
fn what(view: &ScheduleView) -> String {
    let kind = view.schedule.request.kind().as_str();
    let verb = kind.strip_prefix("deployment.").unwrap_or(kind);
    format!("{verb} {}", text::clean(&view.target))
}

/// When it runs, with the zone.
pub(super) fn when_words(view: &ScheduleView) -> String {
    format!("{} ({})", view.words, view.schedule.time_zone)
}

/// `Next: 2026-11-22 03:00.`
pub(super) fn next_sentence(view: &ScheduleView) -> String {
    match view.next.first() {
        Some(next) => format!("Next: {}.", when::both(next.0, view.schedule.time_zone.as_str())),
        None => "It is paused.".to_owned(),
    }
}

/// A row of the list.
pub(super) fn row(view: &ScheduleView) -> Vec<Cell> {
    let schedule = &view.schedule;
    let next = match view.next.first() {
        Some(next) => Cell::from(when::date_time(next.0)),
        None => Cell::new("paused", Tone::Dim),
    };
    let last = view.last_run.as_ref().map_or_else(Cell::default, result);
    let owner = match &view.problem {
        Some(_) => Cell::new(&format!("{} (!)", schedule.owner), Tone::Bad),
        None => schedule.owner.as_str().into(),
    };
    vec![
        schedule.name.as_str().into(),
        what(view).into(),
        view.words.as_str().into(),
        schedule.time_zone.as_str().into(),
        next,
        last,
        owner,
    ]
}

/// Everything about a schedule.
pub(super) fn shown(view: &ScheduleView, paint: Paint) -> String {
    let schedule = &view.schedule;
    let mut out = format!("{}: {}, {}\n", paint.bold(schedule.name.as_str()), what(view), when_words(view));
    out.push_str(&format!("{} `{}`, version {}, owned by {}\n", schedule.id, schedule.cron, schedule.version, schedule.owner));
    let overlap = text::word(&schedule.overlap);
    let catch_up = if schedule.catch_up { "one run is made up for" } else { "nothing is made up for" };
    out.push_str(&format!(
        "a run may be {} min late, then {catch_up}; jitter {} s; when one is under way: {overlap}\n",
        schedule.window_minutes, schedule.jitter_seconds
    ));
    if let Some(problem) = &view.problem {
        out.push_str(&format!("{}\n", paint.bad(&text::clean(problem))));
    }
    if !schedule.enabled {
        out.push_str("paused\n");
    }
    for next in &view.next {
        out.push_str(&format!("next  {}\n", when::both(next.0, schedule.time_zone.as_str())));
    }
    if let Some(last) = &view.last_run {
        let run = &last.run;
        let about = run.operation_id.as_ref().map(ToString::to_string).or(run.refusal.as_ref().map(|refusal| refusal.message.clone()));
        let about = about.map(|about| format!(", {}", text::clean(&about))).unwrap_or_default();
        out.push_str(&format!(
            "last  {}: {}{about}\n",
            when::both(run.due_at.0, schedule.time_zone.as_str()),
            last.state.map_or(run.outcome.as_str(), state_word)
        ));
    }
    out
}
