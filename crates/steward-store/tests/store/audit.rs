//! The audit chain, and what is noticed when somebody works on it.

use serde_json::json;
use steward_core::Timestamp;
use steward_core::audit::{ACTION_CUT, AuditCut, AuditEntry, AuditPhase, AuditRow};
use steward_store::audit::{AuditFilter, CutPoint, append, cut, cut_point, last_cut, list, remove_cut, verify};
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

/// R37: each hash is of the row and of the hash before, as somebody else would compute it from what the API returns.
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

/// R37, R38, promise 7: what an intruder with access to the file might do, and which row then is the first bad one.
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

/// Rows with the times 10, 20, 30, ...
async fn fill_in_order(conn: &mut Connection, rows: u16) -> Vec<AuditRow> {
    let mut all = Vec::new();
    for number in 1..=rows {
        all.push(append(conn, &entry(number), Timestamp(10 * i64::from(number))).await.unwrap());
    }
    all
}

fn through(row: &AuditRow) -> AuditCut {
    AuditCut { through: row.sequence, hash: row.hash.clone() }
}

/// R38: a prefix is cut, the rest is verified from there, and the row that says so is part of it.
#[tokio::test]
async fn a_prefix_is_cut_and_the_rest_is_whole() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let rows = fill_in_order(&mut tx, 12).await;
    let now = Timestamp(1000);
    assert_eq!(cut_point(&mut tx, Timestamp(10), now).await.unwrap(), CutPoint::Nothing);
    let point = cut_point(&mut tx, Timestamp(51), now).await.unwrap();
    assert_eq!(point, CutPoint::Through(through(&rows[4])));
    let told = cut(&mut tx, &through(&rows[4]), now).await.unwrap();
    assert_eq!((told.sequence, told.action.as_str(), told.phase), (13, ACTION_CUT, AuditPhase::Outcome));
    assert_eq!(last_cut(&mut tx).await.unwrap(), Some(through(&rows[4])));

    // From now on the cut rows do not count, whether they are still there or not.
    let everything = AuditFilter { limit: 100, ..AuditFilter::default() };
    for removed in [0, 2, 3, 0] {
        if removed > 0 {
            assert_eq!(remove_cut(&mut tx, removed).await.unwrap(), u64::from(removed));
        }
        let verdict = verify(&mut tx).await.unwrap();
        assert_eq!((verdict.broken_at, verdict.rows, verdict.first), (None, 13, 6));
        assert_eq!(verdict.cut, Some(through(&rows[4])));
        let listed: Vec<i64> = list(&mut tx, &everything).await.unwrap().iter().map(|row| row.sequence).collect();
        assert_eq!(listed, (6..=13).rev().collect::<Vec<_>>());
    }
    assert_eq!(remove_cut(&mut tx, 100).await.unwrap(), 0);

    // Twice, and no more than there is.
    assert!(cut(&mut tx, &through(&rows[4]), now).await.is_err(), "it was cut there already");
    assert!(cut(&mut tx, &AuditCut { through: 99, hash: String::new() }, now).await.is_err());
    assert!(cut(&mut tx, &AuditCut { through: 8, hash: rows[8].hash.clone() }, now).await.is_err(), "the hash is another row's");
    cut(&mut tx, &through(&rows[8]), now).await.unwrap();
    assert_eq!(remove_cut(&mut tx, 100).await.unwrap(), 4);
    append(&mut tx, &entry(1), now).await.unwrap();
    assert_eq!(verify(&mut tx).await.unwrap().broken_at, None);
    // Also down to nothing but the row that says so.
    let CutPoint::Through(all) = cut_point(&mut tx, Timestamp(1001), now).await.unwrap() else { panic!("everything is old") };
    assert_eq!(all.through, 15);
    cut(&mut tx, &all, now).await.unwrap();
    remove_cut(&mut tx, 100).await.unwrap();
    let verdict = verify(&mut tx).await.unwrap();
    assert_eq!((verdict.broken_at, verdict.first, verdict.rows), (None, 16, 16));
}

/// R38, P3: after a cut, every edit, removal and exchange is found as before, also one of where it was cut.
#[tokio::test]
async fn changes_after_a_cut_are_noticed() {
    let cases: &[(&[&str], Option<i64>)] = &[
        (&[], None),
        (&["UPDATE audit SET actor = 'eve' WHERE sequence = 6"], Some(6)),
        (&["UPDATE audit SET actor = 'eve' WHERE sequence = 13"], Some(13)),
        (&["DELETE FROM audit WHERE sequence = 6"], Some(6)),
        (&["DELETE FROM audit WHERE sequence = 9"], Some(9)),
        (&["DELETE FROM audit WHERE sequence > 12"], Some(13)),
        (&["DELETE FROM audit"], Some(6)),
        // The anchor itself.
        (&["UPDATE audit_anchor SET hash = 'x'"], Some(6)),
        (&["UPDATE audit_anchor SET hash = ''"], Some(6)),
        (&["UPDATE audit_anchor SET sequence = 4"], Some(5)),
        (&["UPDATE audit_anchor SET sequence = 7"], Some(8)),
        (&["UPDATE audit_anchor SET sequence = 0, hash = ''"], Some(1)),
        (&["UPDATE audit_anchor SET sequence = -1"], Some(0)),
        (&["DELETE FROM audit_anchor"], Some(1)),
        // More cut off than Steward did, with an anchor that fits to the chain.
        (
            &[
                "UPDATE audit_anchor SET sequence = 9, hash = (SELECT hash FROM audit WHERE sequence = 9)",
                "DELETE FROM audit WHERE sequence <= 9",
            ],
            Some(10),
        ),
        // Even the row that tells of the cut.
        (
            &[
                "UPDATE audit_anchor SET sequence = 13, hash = (SELECT hash FROM audit WHERE sequence = 13)",
                "DELETE FROM audit WHERE sequence <= 13",
            ],
            Some(14),
        ),
        (
            &[
                "INSERT INTO audit SELECT 0, at, actor, address, action, target, phase, operation_id, detail, hash FROM audit WHERE sequence = 6",
            ],
            Some(0),
        ),
    ];
    let store = Store::in_memory().await.unwrap();
    for (statements, expected) in cases {
        let mut tx = store.begin().await.unwrap();
        let rows = fill_in_order(&mut tx, 12).await;
        cut(&mut tx, &through(&rows[4]), Timestamp(1000)).await.unwrap();
        remove_cut(&mut tx, 100).await.unwrap();
        append(&mut tx, &entry(14), Timestamp(1001)).await.unwrap();
        for statement in *statements {
            sqlx::query(*statement).execute(&mut *tx).await.unwrap();
        }
        assert_eq!(verify(&mut tx).await.unwrap().broken_at, *expected, "{statements:?}");
    }
}

/// A prefix that nobody cut is not taken for one that was, and a cut does not hide that rows were changed.
#[tokio::test]
async fn a_cut_is_not_made_up_and_hides_nothing() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    fill_in_order(&mut tx, 12).await;
    sqlx::query("UPDATE audit_anchor SET sequence = 5, hash = (SELECT hash FROM audit WHERE sequence = 5)")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("DELETE FROM audit WHERE sequence <= 5").execute(&mut *tx).await.unwrap();
    assert_eq!(verify(&mut tx).await.unwrap().broken_at, Some(6), "no row tells of it");
    drop(tx);

    let mut tx = store.begin().await.unwrap();
    fill_in_order(&mut tx, 1_200).await;
    sqlx::query("UPDATE audit SET actor = 'eve' WHERE sequence = 700").execute(&mut *tx).await.unwrap();
    assert_eq!(cut_point(&mut tx, Timestamp(11_000), Timestamp(99_999)).await.unwrap(), CutPoint::Broken(700));
    let CutPoint::Through(cut) = cut_point(&mut tx, Timestamp(6_000), Timestamp(99_999)).await.unwrap() else { panic!() };
    assert_eq!(cut.through, 599, "what is before the first young row is as it was");
}
