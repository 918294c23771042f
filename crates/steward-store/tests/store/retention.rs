//! What is forgotten, what stays, and that nobody waits long meanwhile.

use std::time::{Duration, Instant};

use steward_core::operation::{CommandRecord, State};
use steward_core::{OperationId, Timestamp};
use steward_store::audit::{self, CutPoint};
use steward_store::retention::{Batch, amounts, forget_operations, forget_output, give_back};
use steward_store::{Connection, Store, commands, journal, operations, revisions};

use crate::sample::{insert_deployment, operation, plan, revision};

const NOW: Timestamp = Timestamp(1_000_000);

/// An operation at rest that was accepted at a time, with a step and a command.
async fn at(conn: &mut Connection, number: u16, at: i64, state: State) -> OperationId {
    let mut operation = operation(number);
    operation.state = state;
    operation.created_at = Timestamp(at);
    operations::insert(conn, &operation, &plan(), &[]).await.unwrap();
    journal::insert_steps(conn, &operation.id, &["deploying".to_owned()]).await.unwrap();
    command(conn, &operation.id, at, "pulled\n").await;
    operation.id
}

async fn command(conn: &mut Connection, id: &OperationId, at: i64, output: &str) {
    let record = CommandRecord {
        step: 0,
        undo: false,
        device: "attic".to_owned(),
        argv: vec!["docker".to_owned()],
        exit_code: Some(0),
        duration_ms: 1,
        output: output.to_owned(),
        started_at: Timestamp(at),
    };
    commands::insert(conn, id, &record).await.unwrap();
}

async fn left(conn: &mut Connection) -> Vec<OperationId> {
    let all = operations::OperationFilter { limit: 500, ..Default::default() };
    let mut found: Vec<OperationId> = operations::list(conn, &all).await.unwrap().into_iter().map(|operation| operation.id).collect();
    found.reverse();
    found
}

/// R38, promise 16: old operations beyond the newest are forgotten, with what belongs to them; what is
/// under way, needs attention, or made what runs now stays.
#[tokio::test]
async fn old_operations_are_forgotten_and_what_is_needed_stays() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let photos = insert_deployment(&mut tx, 1, "photos").await;
    let old = at(&mut tx, 1, 10, State::Succeeded).await;
    let attention = at(&mut tx, 2, 20, State::NeedsAttention).await;
    let active = at(&mut tx, 3, 30, State::Succeeded).await;
    let running = at(&mut tx, 4, 40, State::Running).await;
    let cancelled = at(&mut tx, 5, 50, State::Cancelled).await;
    let undone = at(&mut tx, 6, 60, State::RolledBack).await;
    let young = at(&mut tx, 7, 500, State::Succeeded).await;
    let late = at(&mut tx, 8, 70, State::Succeeded).await;
    let newest = at(&mut tx, 9, 80, State::Succeeded).await;
    let mut behind = revision(&photos, 1);
    behind.operation_id = active.clone();
    revisions::insert(&mut tx, &behind).await.unwrap();
    revisions::activate(&mut tx, &photos.id, 1, Timestamp(31)).await.unwrap();

    let none = forget_operations(&mut tx, Timestamp(100), NOW, 100, 0, 100).await.unwrap();
    assert_eq!(none, Batch::default(), "the newest stay whatever their age");
    // In batches of two, as a long run would.
    let (mut seen, mut forgotten) = (0, 0);
    loop {
        let batch = forget_operations(&mut tx, Timestamp(100), NOW, 1, seen, 2).await.unwrap();
        forgotten += batch.forgotten;
        seen = batch.seen;
        if !batch.more {
            break;
        }
    }
    assert_eq!(forgotten, 3);
    assert_eq!(left(&mut tx).await, [attention.clone(), active, running, young, late, newest]);
    for gone in [&old, &cancelled, &undone] {
        assert!(operations::get(&mut tx, gone).await.unwrap().is_none());
        assert!(journal::steps(&mut tx, gone).await.unwrap().is_empty() && commands::list(&mut tx, gone).await.unwrap().is_empty());
    }
    assert_eq!(journal::steps(&mut tx, &attention).await.unwrap().len(), 1);
    let again = forget_operations(&mut tx, Timestamp(100), NOW, 1, 0, 100).await.unwrap();
    assert_eq!(again.forgotten, 0, "twice is as good as once");
}

/// The output goes earlier, and says how much it was.
#[tokio::test]
async fn old_output_is_forgotten_and_says_so() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let done = at(&mut tx, 1, 10, State::Succeeded).await;
    let attention = at(&mut tx, 2, 20, State::NeedsAttention).await;
    command(&mut tx, &done, 30, "").await;
    let young = at(&mut tx, 3, 500, State::Succeeded).await;
    let batch = forget_output(&mut tx, Timestamp(100), NOW, 0, 2).await.unwrap();
    assert_eq!(batch, Batch { seen: 2, forgotten: 1, more: true });
    let batch = forget_output(&mut tx, Timestamp(100), NOW, batch.seen, 2).await.unwrap();
    assert_eq!(batch, Batch { seen: 3, forgotten: 0, more: true }, "nothing was printed, and the next one is young");
    let batch = forget_output(&mut tx, Timestamp(100), NOW, batch.seen, 2).await.unwrap();
    assert_eq!(batch, Batch { seen: 3, forgotten: 0, more: false });
    let outputs = |found: Vec<CommandRecord>| found.into_iter().map(|command| command.output).collect::<Vec<_>>();
    assert_eq!(outputs(commands::list(&mut tx, &done).await.unwrap()), ["(7 bytes of output were forgotten, as the retention says)\n", ""]);
    assert_eq!(outputs(commands::list(&mut tx, &attention).await.unwrap()), ["pulled\n"]);
    assert_eq!(outputs(commands::list(&mut tx, &young).await.unwrap()), ["pulled\n"]);
}

/// R36: what all commands of an operation printed is bounded, the oldest gives way, and that is said.
#[tokio::test]
async fn the_output_of_an_operation_is_bounded() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let id = at(&mut tx, 1, 10, State::Running).await;
    for number in 0..40 {
        command(&mut tx, &id, 20 + number, &"ü".repeat(500)).await;
        commands::bound(&mut tx, &id, 10_000).await.unwrap();
    }
    let found = commands::list(&mut tx, &id).await.unwrap();
    assert_eq!(found.len(), 41);
    assert!(found[31..].iter().all(|command| command.output.len() == 1000), "the newest are whole");
    assert_eq!(found[1].output, "… (left out here: 1000 bytes; an operation keeps the last 9 KiB of its output)\n");
    let whole = found.iter().filter(|command| command.output.len() == 1000).count();
    assert!((8..=10).contains(&whole), "{whole}");
}

/// Fills the audit with old rows, some operations and one young row.
async fn fill(store: &Store, rows: u32) {
    let entry = steward_core::audit::AuditEntry {
        actor: "anna".to_owned(),
        address: "10.0.0.7".to_owned(),
        action: "deployment.deploy".to_owned(),
        target: "photos".to_owned(),
        phase: steward_core::audit::AuditPhase::Accepted,
        operation_id: None,
        detail: serde_json::json!({ "text": "x".repeat(200) }),
    };
    let mut written = 0;
    while written < rows {
        let mut tx = store.begin().await.unwrap();
        for _ in 0..5_000 {
            audit::append(&mut tx, &entry, Timestamp(i64::from(written))).await.unwrap();
            written += 1;
        }
        tx.commit().await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    audit::append(&mut tx, &entry, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

/// R38: while 100,000 rows are cut, whoever wants to write waits for one small batch only. And the space
/// comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_long_while_much_is_cut() {
    const ROWS: u32 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    fill(&store, ROWS).await;
    let before = amounts(&mut store.read().await.unwrap()).await.unwrap();
    assert_eq!((before.audit_rows, before.oldest_audit_at), (u64::from(ROWS) + 1, Some(Timestamp(0))));

    let cutting = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut reader = store.read().await.unwrap();
            let CutPoint::Through(point) = audit::cut_point(&mut reader, Timestamp(i64::from(ROWS)), NOW).await.unwrap() else { panic!() };
            drop(reader);
            let mut tx = store.begin().await.unwrap();
            audit::cut(&mut tx, &point, NOW).await.unwrap();
            tx.commit().await.unwrap();
            let mut removed = 0;
            loop {
                let mut tx = store.begin().await.unwrap();
                let batch = audit::remove_cut(&mut tx, 500).await.unwrap();
                tx.commit().await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
                removed += batch;
                if batch < 500 {
                    return removed;
                }
            }
        })
    };
    let mut waits = Vec::new();
    while !cutting.is_finished() {
        let asked = Instant::now();
        let mut tx = store.begin().await.unwrap();
        waits.push(asked.elapsed());
        steward_store::meta::put(&mut tx, "a", "b").await.unwrap();
        tx.commit().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(cutting.await.unwrap(), u64::from(ROWS));
    waits.sort();
    let (half, most) = (waits[waits.len() / 2], waits[waits.len() * 99 / 100]);
    println!("{} writers meanwhile: median {half:?}, 99 of 100 within {most:?}, longest {:?}", waits.len(), waits.last());
    assert!(waits.len() > 100, "there were many writers: {}", waits.len());
    assert!(most < Duration::from_millis(500), "one batch, not all: {most:?}");

    let verdict = audit::verify(&mut store.read().await.unwrap()).await.unwrap();
    assert_eq!((verdict.broken_at, verdict.first), (None, i64::from(ROWS) + 1));
    let mut given = 0;
    loop {
        let mut tx = store.begin().await.unwrap();
        let batch = give_back(&mut tx, 64 * 1024).await.unwrap();
        tx.commit().await.unwrap();
        given += batch;
        if batch == 0 {
            break;
        }
    }
    let after = amounts(&mut store.read().await.unwrap()).await.unwrap();
    assert_eq!(given, before.file_bytes - after.file_bytes);
    assert!(after.file_bytes * 4 < before.file_bytes && after.free_bytes <= 64 * 1024, "{before:?} {after:?}");
    store.close().await;
    let size = std::fs::metadata(folder.path().join(steward_store::FILE)).unwrap().len();
    assert_eq!(size, after.file_bytes, "the file is as small as the database");
}
