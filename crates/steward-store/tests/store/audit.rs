//! The audit chain, and what is noticed when somebody works on it.

use serde_json::json;
use steward_core::Timestamp;
use steward_core::audit::{AuditEntry, AuditPhase, AuditRow};
use steward_store::audit::{AuditFilter, append, list, verify};
use steward_store::{Connection, Store};

use crate::sample::{detail, operation_id};

fn entry(number: u16) -> AuditEntry {
    AuditEntry {
        actor: if number.is_multiple_of(2) { "anna" } else { "ben" }.to_owned(),
        address: "10.0.0.7".to_owned(),
        action: if number.is_multiple_of(3) { "deployment.deploy" } else { "deployment.stop" }.to_owned(),
        target: format!("app-{}", number % 4),
        phase: [AuditPhase::Accepted, AuditPhase::Refused, AuditPhase::Outcome][usize::from(number % 3)],
        operation_id: number.is_multiple_of(2).then(|| operation_id(number)),
        detail: detail(),
    }
}

async fn fill(conn: &mut Connection, rows: u16) -> Vec<AuditRow> {
    let mut all = Vec::new();
    for number in 1..=rows {
        all.push(append(conn, &entry(number), Timestamp(1000 - i64::from(number))).await.unwrap());
    }
    all
}

#[tokio::test]
async fn rows_are_read_as_they_were_written() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(verify(&mut tx).await.unwrap().broken_at, None);
    let mut rows = fill(&mut tx, 12).await;
    assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert_eq!(rows[0].detail, detail());
    assert_eq!(verify(&mut tx).await.unwrap().broken_at, None);
    tx.commit().await.unwrap();

    rows.reverse();
    let mut reader = store.read().await.unwrap();
    assert_eq!(verify(&mut reader).await.unwrap().broken_at, None);
    let all = AuditFilter { limit: 100, ..AuditFilter::default() };
    assert_eq!(list(&mut reader, &all).await.unwrap(), rows);
    let cases = [
        (AuditFilter { before: Some(4), ..all.clone() }, vec![3, 2, 1]),
        (AuditFilter { limit: 2, ..all.clone() }, vec![12, 11]),
        (AuditFilter { after: Some(0), limit: 2, ..all.clone() }, vec![1, 2]),
        (AuditFilter { after: Some(3), actor: Some("ben".to_owned()), ..all.clone() }, vec![5, 7, 9, 11]),
        (AuditFilter { actor: Some("ben".to_owned()), before: Some(6), ..all.clone() }, vec![5, 3, 1]),
        (AuditFilter { action: Some("deployment.deploy".to_owned()), ..all.clone() }, vec![12, 9, 6, 3]),
        (AuditFilter { target: Some("app-1".to_owned()), ..all.clone() }, vec![9, 5, 1]),
        (AuditFilter { target: Some("app-1' OR 1=1 --".to_owned()), ..all.clone() }, vec![]),
    ];
    for (filter, expected) in cases {
        let found: Vec<i64> = list(&mut reader, &filter).await.unwrap().iter().map(|row| row.sequence).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// The hash as somebody else would compute it from what the API returns.
#[tokio::test]
async fn the_hash_can_be_computed_elsewhere() {
    use sha2::{Digest, Sha256};
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let mut entry = entry(1);
    entry.detail = json!({"b": 1, "a": {"d": "x", "c": null}});
    let first = append(&mut tx, &entry, Timestamp(5)).await.unwrap();
    let second = append(&mut tx, &entry, Timestamp(6)).await.unwrap();
    let text = |sequence: i64, at: i64| {
        format!(
            r#"{{"action":"deployment.stop","actor":"ben","address":"10.0.0.7","at":{at},"detail":{{"a":{{"c":null,"d":"x"}},"b":1}},"operation_id":null,"phase":"refused","sequence":{sequence},"target":"app-1"}}"#
        )
    };
    assert_eq!(first.hash, hex::encode(Sha256::digest(text(1, 5))));
    assert_eq!(second.hash, hex::encode(Sha256::digest(first.hash.clone() + &text(2, 6))));
}

/// What an intruder with access to the file might do, and which row then is the first bad one.
#[tokio::test]
async fn changes_are_noticed() {
    let cases: &[(&[&str], Option<i64>)] = &[
        (&["UPDATE audit SET actor = actor"], None),
        (&["UPDATE audit SET actor = 'eve' WHERE sequence = 3"], Some(3)),
        (&["UPDATE audit SET address = '10.0.0.8' WHERE sequence = 1"], Some(1)),
        (&["UPDATE audit SET action = 'x' WHERE sequence = 12"], Some(12)),
        (&["UPDATE audit SET target = 'x' WHERE sequence = 4"], Some(4)),
        (&["UPDATE audit SET phase = 'outcome' WHERE sequence = 6"], Some(6)),
        (&["UPDATE audit SET at = at + 1 WHERE sequence = 7"], Some(7)),
        (&["UPDATE audit SET operation_id = NULL WHERE sequence = 8"], Some(8)),
        (&["UPDATE audit SET detail = '{}' WHERE sequence = 9"], Some(9)),
        (&["UPDATE audit SET hash = lower(hex(randomblob(32))) WHERE sequence = 5"], Some(5)),
        (&["UPDATE audit SET actor = x'ff' WHERE sequence = 5"], Some(5)),
        (&["DELETE FROM audit WHERE sequence = 1"], Some(1)),
        (&["DELETE FROM audit WHERE sequence = 5"], Some(5)),
        (&["DELETE FROM audit WHERE sequence = 12"], Some(12)),
        (&["DELETE FROM audit WHERE sequence > 4"], Some(5)),
        (&["DELETE FROM audit"], Some(1)),
        // Removed, and the gap closed.
        (&["DELETE FROM audit WHERE sequence = 5", "UPDATE audit SET sequence = sequence - 1 WHERE sequence > 5"], Some(5)),
        // Two rows exchanged.
        (
            &[
                "UPDATE audit SET sequence = 100 WHERE sequence = 4",
                "UPDATE audit SET sequence = 4 WHERE sequence = 9",
                "UPDATE audit SET sequence = 9 WHERE sequence = 100",
            ],
            Some(4),
        ),
        // Cut off, with an end that is made up.
        (&["DELETE FROM audit WHERE sequence > 4", "UPDATE audit_head SET sequence = 4"], Some(4)),
        (&["DELETE FROM audit", "DELETE FROM audit_head"], Some(1)),
        (&["DELETE FROM audit_head"], Some(1)),
        // Rows put in at both ends.
        (
            &[
                "INSERT INTO audit SELECT 0, at, actor, address, action, target, phase, operation_id, detail, hash FROM audit WHERE sequence = 1",
            ],
            Some(0),
        ),
        (
            &[
                "INSERT INTO audit SELECT 13, at, actor, address, action, target, phase, operation_id, detail, hash FROM audit WHERE sequence = 1",
            ],
            Some(13),
        ),
    ];
    let store = Store::in_memory().await.unwrap();
    for (statements, expected) in cases {
        // Never committed: each case starts from nothing.
        let mut tx = store.begin().await.unwrap();
        fill(&mut tx, 12).await;
        for statement in *statements {
            sqlx::query(*statement).execute(&mut *tx).await.unwrap();
        }
        assert_eq!(verify(&mut tx).await.unwrap().broken_at, *expected, "{statements:?}");
    }
}

#[tokio::test]
async fn a_long_chain_is_verified_page_by_page() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    fill(&mut tx, 1_250).await;
    assert_eq!(verify(&mut tx).await.unwrap().broken_at, None);
    sqlx::query("UPDATE audit SET actor = 'eve' WHERE sequence = 1001").execute(&mut *tx).await.unwrap();
    assert_eq!(verify(&mut tx).await.unwrap().broken_at, Some(1001));
}
