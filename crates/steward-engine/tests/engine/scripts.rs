//! Host maintenance scripts.

use steward_core::Code;
use steward_core::name::ScriptName;
use steward_core::operation::{Request, ScriptRun, State};
use steward_core::role::Role;
use steward_core::schedule::{RunOutcome, ScheduleDraft};
use steward_engine::Submission;

use crate::scene::{Scene, actor, all_rows};
use crate::stage::{Stage, utc};

async fn run(scene: &Scene, name: &str) -> Request {
    let device_id = scene.engine.devices(&scene.owner).await.unwrap()[0].device.id.clone();
    Request::ScriptRun(ScriptRun { device_id, script: ScriptName::parse(name).unwrap() })
}

/// P10: a script runs as an operation: planned, audited with its hash, captured, with its exit code.
#[tokio::test]
async fn a_script_is_an_operation() {
    let scene = Scene::new().await;
    scene.host.put_script("trim", "#!/bin/sh\n# steward: title=Trim the disks\n# steward: deadline=10m\necho 3 GiB\n", 0);
    let request = run(&scene, "trim").await;
    let plan = scene.engine.plan(&scene.owner, &request).await.unwrap();
    let script = plan.script.clone().unwrap();
    assert_eq!((plan.summary.as_str(), script.deadline_seconds), ("Run the script `trim`: Trim the disks", 600));
    assert!(plan.risks[0].contains("cannot be undone") && plan.steps[0].undo.is_empty());
    let detail = scene.run(request).await;
    assert_eq!(detail.operation.state, State::Succeeded);
    assert_eq!((detail.commands[0].output.as_str(), detail.commands[0].exit_code), ("3 GiB\n", Some(0)));
    let rows = scene.engine.audit(&scene.owner, all_rows()).await.unwrap();
    let accepted = rows.iter().find(|row| row.action == "script.run" && row.detail.get("sha256").is_some()).unwrap();
    assert_eq!(accepted.detail["sha256"], script.sha256.unwrap());
    let view = scene.engine.scripts(&actor(Role::Viewer), detail.operation.device_id.as_str()).await.unwrap();
    assert_eq!(view.scripts[0].last_run.as_ref().map(|run| (&run.operation_id, run.state)), Some((&detail.operation.id, State::Succeeded)));
}

/// A schedule may ask for a script: the hash that is recorded beyond what was given is no secret.
#[tokio::test]
async fn a_script_can_be_scheduled() {
    let stage = Stage::at("01-10T12:00:00").await;
    stage.host.put_script("trim", "#!/bin/sh\necho 3 GiB\n", 0);
    let device_id = stage.engine.devices(&stage.anna).await.unwrap()[0].device.id.clone();
    let request = Request::ScriptRun(ScriptRun { device_id, script: ScriptName::parse("trim").unwrap() });
    stage.made(ScheduleDraft { request: Ok(request), ..stage.draft("trim", "0 3 * * *") }).await;
    let due = utc("01-11T02:00:00");
    assert_eq!(stage.runs_at("trim", due, due).await.outcome, RunOutcome::Started);
    assert_eq!(stage.host.script_runs("trim"), 1);
}

/// P10: a script that fails says so with its exit code and output, honestly; nothing is wedged.
#[tokio::test]
async fn a_failing_script_says_what_stays() {
    let scene = Scene::new().await;
    scene.host.put_script("sick", "#!/bin/sh\necho half\n", 3);
    let detail = scene.run(run(&scene, "sick").await).await;
    assert_eq!((detail.operation.state, detail.operation.failed_step.as_deref()), (State::RolledBack, Some("running")));
    assert_eq!(detail.operation.error.map(|error| error.message).as_deref(), Some("the script `sick` ended with exit code 3"));
    assert_eq!((detail.commands[0].output.as_str(), detail.commands[0].exit_code), ("half\n", Some(3)));
    assert!(detail.steps[0].undo_note.as_deref().unwrap().contains("cannot be undone"));
    scene.host.put_script("sick", "#!/bin/sh\necho whole\n", 0);
    assert_eq!(scene.run(run(&scene, "sick").await).await.operation.state, State::Succeeded);
    assert_eq!(scene.host.script_runs("sick"), 2);
}

/// P10, R31: what is not there, is refused, or has changed since the plan is not run; who may not, may not.
#[tokio::test]
async fn only_the_script_that_was_planned_is_run() {
    let scene = Scene::new().await;
    let code = async |request: Request, submission: Submission| {
        scene.engine.submit(&scene.owner, request, submission).await.map(|_| ()).map_err(|refused| refused.refusal.code)
    };
    assert_eq!(code(run(&scene, "missing").await, Submission::default()).await, Err(Code::NotFound));
    scene.host.put_script("open", "#!/bin/sh\n", 0);
    scene.host.refuse_script("open", "others than root can write to it");
    assert_eq!(code(run(&scene, "open").await, Submission::default()).await, Err(Code::PreflightFailed));
    scene.host.put_script("late", "#!/bin/sh\n# steward: deadline=soon\n", 0);
    assert_eq!(code(run(&scene, "late").await, Submission::default()).await, Err(Code::PreflightFailed));

    scene.host.put_script("job", "#!/bin/sh\necho one\n", 0);
    let plan = scene.engine.plan(&scene.owner, &run(&scene, "job").await).await.unwrap();
    scene.host.put_script("job", "#!/bin/sh\necho two\n", 0);
    let seen = Submission::new(None, Some(plan.hash));
    assert_eq!(code(run(&scene, "job").await, seen).await, Err(Code::PlanStale));
    let operator = scene.engine.submit(&actor(Role::Operator), run(&scene, "job").await, Submission::default()).await;
    assert_eq!(operator.map(|_| ()).map_err(|refused| refused.refusal.code), Err(Code::NotAllowed));
    for name in ["open", "late", "job"] {
        assert_eq!(scene.host.script_runs(name), 0, "{name}");
    }
    // Changed between the plan and the run: not run either.
    scene.host.hang("run_script");
    let accepted = scene.submit(run(&scene, "job").await).await.unwrap();
    while !scene.host.calls().iter().any(|call| call.name == "run_script") {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    // A second click meanwhile is the same run.
    assert_eq!(scene.submit(run(&scene, "job").await).await.unwrap().operation.id, accepted.operation.id);
    scene.host.put_script("job", "#!/bin/sh\necho three\n", 0);
    scene.host.release();
    let detail = scene.at_rest(&accepted.operation.id).await;
    assert_eq!(detail.operation.state, State::RolledBack);
    assert!(detail.operation.error.unwrap().message.contains("has changed since it was planned"));
    assert_eq!(scene.host.script_runs("job"), 0);
}
