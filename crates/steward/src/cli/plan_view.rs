//! A plan in words.

use steward_core::operation::Kind;
use steward_core::plan::{Check, CheckStatus, Fix, Plan, PlannedTarget};

use super::exit::Exit;
use super::failure::Failure;
use super::paint::Paint;
use super::text;

/// The flag that would do what a fix says.
fn flag(fix: &Fix) -> Option<String> {
    match fix.field.strip_prefix("ports.") {
        Some(port) => Some(format!("--port {port}={}", fix.value)),
        None if fix.field == "name" => Some(format!("--name {}", fix.value)),
        None => fix.field.strip_prefix("settings.").map(|key| format!("--set {key}={}", fix.value)),
    }
}

/// The flags that would turn every failed check green, as far as the server knows some.
pub fn fixes(plan: &Plan) -> Vec<String> {
    let failed = plan.checks.iter().filter(|check| check.status == CheckStatus::Fail);
    failed.filter_map(|check| check.fix.as_ref().and_then(flag)).collect()
}

/// The failure that a plan with a failed check is. `command` is what was typed, to be repeated with
/// the fixes.
pub fn refused(plan: &Plan, command: &str) -> Option<Failure> {
    let failed: Vec<&Check> = plan.checks.iter().filter(|check| check.status == CheckStatus::Fail).collect();
    let first = failed.first()?;
    let fixes = fixes(plan);
    let end = if first.message.ends_with(['.', '!', '?']) { "" } else { "." };
    let mut failure = Failure::new(Exit::PREFLIGHT, "preflight_failed", format!("{}{end} Nothing was changed.", first.message));
    failure.field = first.fix.as_ref().map(|fix| fix.field.clone());
    failure.hint = if fixes.is_empty() { first.hint.clone() } else { Some(format!("{command} {}", fixes.join(" "))) };
    for check in failed.iter().skip(1) {
        let hint = if check.fix.is_some() { None } else { check.hint.clone() };
        failure.details.push(super::failure::Detail { message: check.message.clone(), field: None, hint });
    }
    Some(failure)
}

/// What somebody should see before saying yes.
pub fn short(plan: &Plan, paint: Paint) -> String {
    let mut out = format!("{}  {}\n", paint.bold("Plan"), text::clean_block(&plan.summary));
    let count = |status: CheckStatus| plan.checks.iter().filter(|check| check.status == status).count();
    let (passed, warned, failed) = (count(CheckStatus::Pass), count(CheckStatus::Warn), count(CheckStatus::Fail));
    if !plan.checks.is_empty() {
        let mut said = vec![format!("{passed} passed")];
        said.extend((warned > 0).then(|| text::count(warned, "warning")));
        said.extend((failed > 0).then(|| format!("{failed} failed")));
        out.push_str(&format!("{}  {}\n", paint.bold("Checks"), said.join(", ")));
    }
    for check in plan.checks.iter().filter(|check| check.status != CheckStatus::Pass) {
        out.push_str(&check_line(check, paint));
    }
    for target in &plan.targets {
        out.push_str(&target_line(target, paint));
    }
    for risk in &plan.risks {
        out.push_str(&format!("  {} {}\n", paint.warn("!"), text::clean_block(risk)));
    }
    out
}

fn target_line(target: &PlannedTarget, paint: Paint) -> String {
    let (mark, words) = match (&target.refusal, target.changed) {
        (Some(refusal), _) => (paint.bad("✘"), refusal.message.as_str()),
        (None, true) => (paint.good("✔"), target.summary.as_str()),
        (None, false) => (paint.dim("="), "is so already"),
    };
    format!("  {mark} {}: {}\n", text::clean(&target.name), text::clean_block(words))
}

fn check_line(check: &Check, paint: Paint) -> String {
    let (mark, word) = match check.status {
        CheckStatus::Pass => (paint.good("✔"), "pass"),
        CheckStatus::Warn => (paint.warn("!"), "warn"),
        CheckStatus::Fail => (paint.bad("✘"), "fail"),
    };
    let help = match (&check.fix, &check.hint) {
        (Some(fix), _) => flag(fix).unwrap_or_else(|| format!("{}={}", fix.field, fix.value)),
        (None, Some(hint)) => hint.clone(),
        (None, None) => return format!("  {mark} {word} {}: {}\n", text::clean(&check.code), text::clean_block(&check.message)),
    };
    format!(
        "  {mark} {word} {}: {}  {}\n",
        text::clean(&check.code),
        text::clean_block(&check.message),
        paint.dim(&text::clean_block(&help))
    )
}

/// The whole plan: checks, steps, images, volumes, files with their differences, commands.
pub fn full(plan: &Plan, paint: Paint) -> String {
    let mut out = format!("{}  {}\n", paint.bold("Plan"), text::clean_block(&plan.summary));
    if !plan.changed {
        out.push_str("Nothing would change.\n");
    }
    let mut part = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("\n{}\n", paint.bold(title)));
            lines.iter().for_each(|line| out.push_str(line));
        }
    };
    part("Checks", plan.checks.iter().map(|check| check_line(check, paint)).collect());
    part("Apps", plan.targets.iter().map(|target| target_line(target, paint)).collect());
    part("To know", plan.risks.iter().map(|risk| format!("  {} {}\n", paint.warn("!"), text::clean_block(risk))).collect());
    part(
        "Images",
        plan.images.iter().map(|image| format!("  {}  {}\n", image.reference, image_word(image.present, image.embedded))).collect(),
    );
    let volume = |exists: bool| match (exists, plan.kind) {
        (true, Kind::VolumeDelete) => "is deleted with all that is in it",
        (true, _) => "is there already, its data stays",
        (false, _) => "new",
    };
    part("Volumes", plan.volumes.iter().map(|v| format!("  {}  {}\n", v.name, volume(v.exists))).collect());
    part("Steps", plan.steps.iter().map(|step| format!("  {}  {}\n", text::clean(&step.name), text::clean_block(&step.does))).collect());
    let changed_files = plan.files.iter().filter(|file| !file.diff.is_empty());
    part("Files", changed_files.map(|file| format!("  {}\n{}", text::clean(&file.path), paint.diff(&file.diff))).collect());
    part("Commands", plan.commands.iter().map(|argv| format!("  {}\n", text::clean(&text::command(argv)))).collect());
    out
}

fn image_word(present: bool, embedded: bool) -> &'static str {
    match (present, embedded) {
        (true, _) => "is there",
        (false, true) => "comes with Steward",
        (false, false) => "is pulled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(field: &str, value: &str) -> Fix {
        Fix { field: field.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_fix_becomes_a_flag() {
        assert_eq!(flag(&fix("ports.80/tcp", "8081")).as_deref(), Some("--port 80/tcp=8081"));
        assert_eq!(flag(&fix("name", "hello-2")).as_deref(), Some("--name hello-2"));
        assert_eq!(flag(&fix("settings.title", "x")).as_deref(), Some("--set title=x"));
        assert_eq!(flag(&fix("device", "x")), None);
    }
}
