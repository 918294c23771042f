//! `docs/reference/operations.md` is made from the registry, and a test says when it is stale.

use std::fmt::Write;
use std::path::Path;

use steward_core::operation::Kind;

use crate::faults::prepared;

async fn reference() -> String {
    let mut text = String::from(
        "# Operations\n\nEvery operation that exists; there is no other way to change anything on a device. Made from the registry by the \
         test `reference`; to make it again: `STEWARD_UPDATE_REFERENCE=1 cargo test -p steward-engine --test engine reference`.\n",
    );
    for kind in Kind::ALL {
        let (scene, request) = prepared(*kind).await;
        let plan = scene.engine.plan(&scene.owner, &request).await.unwrap();
        let role = kind.permission().lowest_role().as_str();
        write!(text, "\n## `{}`\n{} Needs the role **{role}**.\n\n| step | does | undo |\n|---|---|---|\n", kind.as_str(), kind.does())
            .unwrap();
        for step in plan.steps {
            let undo = if step.undo.is_empty() { "nothing to undo" } else { &step.undo };
            writeln!(text, "| {} | {} | {undo} |", step.name, step.does).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn the_reference_of_operations_is_not_stale() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/operations.md");
    let fresh = reference().await;
    if std::env::var_os("STEWARD_UPDATE_REFERENCE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &fresh).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), fresh, "docs/reference/operations.md is stale");
}
