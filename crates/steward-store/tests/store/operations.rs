//! Operations, their journal, commands, locks and idempotency keys.

use serde_json::json;
use steward_core::operation::{CommandRecord, Kind, Operation, State, StepState, Waiting};
use steward_core::{Code, OperationId, Refusal, Timestamp};
use steward_store::operations::OperationFilter;
use steward_store::{Store, StoreError, commands, deployments, idempotency, journal, locks, operations};

use crate::sample::{insert_deployment, insert_operation, operation, operation_id, plan};

fn ids(operations: &[Operation]) -> Vec<OperationId> {
    operations.iter().map(|operation| operation.id.clone()).collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn an_operation_is_read_as_it_was_written() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let mut operation = operation(1);
    let names = strings(&["deployment:photos", "device:attic"]);
    operations::insert(&mut tx, &operation, &plan(), &names).await.unwrap();
    assert!(matches!(operations::insert(&mut tx, &operation, &plan(), &[]).await, Err(StoreError::NotUnique(_))));
    assert_eq!(operations::get(&mut tx, &operation.id).await.unwrap(), Some(operation.clone()));
    assert_eq!(operations::plan(&mut tx, &operation.id).await.unwrap(), Some(plan()));
    assert_eq!(operations::locks_of(&mut tx, &operation.id).await.unwrap(), names);
    let nobody = operation_id(99);
    assert_eq!(operations::get(&mut tx, &nobody).await.unwrap(), None);
    assert_eq!(operations::plan(&mut tx, &nobody).await.unwrap(), None);
    assert_eq!(operations::locks_of(&mut tx, &nobody).await.unwrap(), strings(&[]));

    assert!(operations::request_cancel(&mut tx, &operation.id).await.unwrap());
    operation.state = State::NeedsAttention;
    operation.changed = false;
    operation.started_at = Some(Timestamp(5));
    operation.finished_at = Some(Timestamp(6));
    operation.current_step = Some("pull".to_owned());
    operation.failed_step = Some("start".to_owned());
    operation.error = Some(Refusal::new(Code::StepFailed, "it did not").with_hint("try").with_field("name"));
    operation.left_over = strings(&["a volume", "a network"]);
    operation.waiting = Some(Waiting { lock: "device:attic".to_owned(), held_by: nobody.clone() });
    operations::update(&mut tx, &operation).await.unwrap();
    // The update was read before the cancellation was asked for, and must not take it back.
    operation.cancel_requested = true;
    assert_eq!(operations::get(&mut tx, &operation.id).await.unwrap(), Some(operation.clone()));
    assert!(!operations::request_cancel(&mut tx, &operation.id).await.unwrap());
    assert!(!operations::request_cancel(&mut tx, &nobody).await.unwrap());
    operation.id = nobody;
    assert!(operations::update(&mut tx, &operation).await.is_err());
}

#[tokio::test]
async fn lists_of_operations() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let photos = insert_deployment(&mut tx, 1, "photos").await;
    for number in 1..=9 {
        let mut operation = operation(number);
        if number % 2 == 0 {
            operation.deployment_id = Some(photos.id.clone());
        }
        if number % 3 == 0 {
            operation.kind = Kind::DeploymentStop;
        }
        operation.state = State::ALL[usize::from(number) % 7];
        operations::insert(&mut tx, &operation, &plan(), &[]).await.unwrap();
    }
    let numbered = |numbers: &[u16]| numbers.iter().map(|number| operation_id(*number)).collect::<Vec<_>>();
    let all = OperationFilter { limit: 100, ..OperationFilter::default() };
    let filters = [
        (all.clone(), numbered(&[9, 8, 7, 6, 5, 4, 3, 2, 1])),
        (OperationFilter { limit: 2, ..all.clone() }, numbered(&[9, 8])),
        (OperationFilter { limit: 2, before: Some(operation_id(8)), ..all.clone() }, numbered(&[7, 6])),
        (OperationFilter { before: Some(operation_id(99)), ..all.clone() }, numbered(&[])),
        (OperationFilter { deployment_id: Some(photos.id.clone()), ..all.clone() }, numbered(&[8, 6, 4, 2])),
        (OperationFilter { kind: Some(Kind::DeploymentStop), ..all.clone() }, numbered(&[9, 6, 3])),
        (OperationFilter { state: Some(State::Running), ..all.clone() }, numbered(&[8, 1])),
        (
            OperationFilter {
                deployment_id: Some(photos.id.clone()),
                kind: Some(Kind::DeploymentStop),
                state: Some(State::Cancelled),
                before: Some(operation_id(9)),
                limit: 9,
                ..all.clone()
            },
            numbered(&[6]),
        ),
    ];
    for (filter, expected) in filters {
        assert_eq!(ids(&operations::list(&mut tx, &filter).await.unwrap()), expected, "{filter:?}");
    }
    // 1 runs, 2 rolls back, 7 is queued, 8 runs, 9 rolls back.
    assert_eq!(ids(&operations::unfinished(&mut tx).await.unwrap()), numbered(&[1, 2, 7, 8, 9]));
    let active = operations::active_for(&mut tx, &photos.id).await.unwrap().unwrap();
    assert_eq!(active.id, operation_id(2));
    deployments::delete(&mut tx, &photos.id).await.unwrap();
    assert_eq!(operations::list(&mut tx, &all).await.unwrap().len(), 9, "history outlives its deployment");
}

#[tokio::test]
async fn the_running_operation_is_the_active_one() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let photos = insert_deployment(&mut tx, 1, "photos").await;
    assert_eq!(operations::active_for(&mut tx, &photos.id).await.unwrap(), None);
    for (number, state) in [(1, State::Succeeded), (2, State::Queued), (3, State::Running)] {
        let operation = Operation { deployment_id: Some(photos.id.clone()), state, ..operation(number) };
        operations::insert(&mut tx, &operation, &plan(), &[]).await.unwrap();
    }
    let active = operations::active_for(&mut tx, &photos.id).await.unwrap().unwrap();
    assert_eq!(active.id, operation_id(3));
}

#[tokio::test]
async fn the_journal_of_steps() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let id = insert_operation(&mut tx, 1).await;
    let other = insert_operation(&mut tx, 2).await;
    journal::insert_steps(&mut tx, &id, &strings(&["pull", "write", "start"])).await.unwrap();
    journal::insert_steps(&mut tx, &other, &strings(&["it's"])).await.unwrap();
    journal::insert_steps(&mut tx, &other, &[]).await.unwrap();
    assert!(matches!(journal::insert_steps(&mut tx, &id, &strings(&["pull"])).await, Err(StoreError::NotUnique(_))));

    let why = Refusal::new(Code::StepFailed, "no");
    journal::intent(&mut tx, &id, 0, &json!({"image": "x"}), Timestamp(1)).await.unwrap();
    journal::done(&mut tx, &id, 0, Timestamp(2)).await.unwrap();
    journal::intent(&mut tx, &id, 1, &json!(null), Timestamp(3)).await.unwrap();
    journal::failed(&mut tx, &id, 1, &why, Timestamp(4)).await.unwrap();
    journal::undoing(&mut tx, &id, 1).await.unwrap();
    journal::undo_failed(&mut tx, &id, 1, "still there", Timestamp(5)).await.unwrap();
    journal::undoing(&mut tx, &id, 0).await.unwrap();
    journal::undone(&mut tx, &id, 0, "removed", Timestamp(6)).await.unwrap();

    let steps = journal::steps(&mut tx, &id).await.unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["pull", "write", "start"]);
    assert_eq!(steps[0].state, StepState::Undone);
    assert_eq!(steps[0].intent, Some(json!({"image": "x"})));
    assert_eq!((steps[0].started_at, steps[0].finished_at), (Some(Timestamp(1)), Some(Timestamp(2))));
    assert_eq!((steps[0].undone_at, steps[0].undo_note.as_deref()), (Some(Timestamp(6)), Some("removed")));
    assert_eq!((steps[1].state, steps[1].error.clone()), (StepState::UndoFailed, Some(why)));
    assert_eq!(steps[1].undo_note.as_deref(), Some("still there"));
    assert_eq!((steps[2].state, steps[2].ordinal), (StepState::Pending, 2));
    assert_eq!(journal::steps(&mut tx, &other).await.unwrap()[0].name, "it's");

    journal::reset(&mut tx, &id, 0).await.unwrap();
    let step = journal::steps(&mut tx, &id).await.unwrap().remove(0);
    assert_eq!((step.state, step.started_at, step.undo_note), (StepState::Pending, None, None));
    assert!(step.intent.is_some(), "what was there before the first try must not be lost");
    assert!(journal::done(&mut tx, &id, 3, Timestamp(9)).await.is_err());
    assert!(journal::reset(&mut tx, &operation_id(99), 0).await.is_err());
}

#[tokio::test]
async fn commands_in_order() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let id = insert_operation(&mut tx, 1).await;
    let first = CommandRecord {
        step: 1,
        undo: false,
        device: "attic".to_owned(),
        argv: strings(&["docker", "compose", "up", "a b", "\"'\n"]),
        exit_code: Some(-1),
        duration_ms: 12,
        output: "line\n\u{0}ü".to_owned(),
        started_at: Timestamp(50),
    };
    let second = CommandRecord { undo: true, exit_code: None, duration_ms: u64::MAX, started_at: Timestamp(1), ..first.clone() };
    commands::insert(&mut tx, &id, &first).await.unwrap();
    commands::insert(&mut tx, &id, &second).await.unwrap();
    let longest = CommandRecord { duration_ms: i64::MAX as u64, ..second };
    assert_eq!(commands::list(&mut tx, &id).await.unwrap(), [first, longest]);
    assert_eq!(commands::list(&mut tx, &operation_id(2)).await.unwrap(), []);
}

#[tokio::test]
async fn locks_are_taken_all_or_none() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let (one, two) = (insert_operation(&mut tx, 1).await, insert_operation(&mut tx, 2).await);
    assert_eq!(locks::acquire(&mut tx, &[], &one).await.unwrap(), None);
    assert_eq!(locks::acquire(&mut tx, &strings(&["b", "c"]), &one).await.unwrap(), None);
    let waiting = locks::acquire(&mut tx, &strings(&["a", "c", "b"]), &two).await.unwrap();
    assert_eq!(waiting, Some(Waiting { lock: "c".to_owned(), held_by: one.clone() }));
    let held = [("b".to_owned(), one.clone()), ("c".to_owned(), one.clone())];
    assert_eq!(locks::all(&mut tx).await.unwrap(), held, "`a` was free and must still be");
    // Again, and more: its own locks do not stand in its way.
    assert_eq!(locks::acquire(&mut tx, &strings(&["a", "b", "b"]), &one).await.unwrap(), None);
    assert_eq!(locks::all(&mut tx).await.unwrap().len(), 3);
    locks::release(&mut tx, &one).await.unwrap();
    assert_eq!(locks::acquire(&mut tx, &strings(&["a", "c", "b"]), &two).await.unwrap(), None);
    locks::release(&mut tx, &one).await.unwrap();
    assert_eq!(locks::all(&mut tx).await.unwrap().len(), 3);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_lock_needs_its_operation() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(locks::acquire(&mut tx, &strings(&["a"]), &operation_id(1)).await.unwrap(), None);
    insert_operation(&mut tx, 1).await;
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(locks::acquire(&mut tx, &strings(&["b"]), &operation_id(2)).await.unwrap(), None);
    assert!(tx.commit().await.is_err());
}

#[tokio::test]
async fn idempotency_keys_live_a_day() {
    const DAY: i64 = 86_400_000;
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let (one, two) = (operation_id(1), operation_id(2));
    let start = Timestamp(1_000_000_000_000);
    assert_eq!(idempotency::find(&mut tx, "anna", "k", start).await.unwrap(), None);
    idempotency::insert(&mut tx, "anna", "k", "d1", &one, start).await.unwrap();
    let again = idempotency::insert(&mut tx, "anna", "k", "d2", &two, start.plus(DAY - 1)).await;
    assert!(matches!(again, Err(StoreError::NotUnique(_))));
    idempotency::insert(&mut tx, "ben", "k", "d2", &two, start).await.unwrap();
    let found = idempotency::find(&mut tx, "anna", "k", start.plus(DAY - 1)).await.unwrap();
    assert_eq!(found, Some(("d1".to_owned(), one)));
    assert_eq!(idempotency::find(&mut tx, "anna", "k", start.plus(DAY)).await.unwrap(), None);
    // Expired, but not yet pruned.
    idempotency::insert(&mut tx, "anna", "k", "d3", &two, start.plus(DAY)).await.unwrap();
    let found = idempotency::find(&mut tx, "anna", "k", start.plus(DAY)).await.unwrap();
    assert_eq!(found, Some(("d3".to_owned(), two)));
    assert_eq!(idempotency::prune(&mut tx, start.plus(DAY), 10).await.unwrap(), 1);
    assert_eq!(idempotency::prune(&mut tx, start.plus(DAY), 10).await.unwrap(), 0);
}
