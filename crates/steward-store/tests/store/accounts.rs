//! Values by name, accounts, sessions, tokens.

use steward_core::name::UserName;
use steward_core::role::Role;
use steward_core::user::{Session, Token, User};
use steward_core::{SessionId, Timestamp, TokenId};
use steward_store::{Store, StoreError, meta, sessions, tokens, users};

use crate::sample::{bytes, user};

fn session(number: u16, of: &User) -> Session {
    Session {
        id: SessionId::from_random(bytes(number)),
        user_id: of.id.clone(),
        client: "Firefox".to_owned(),
        address: "10.0.0.7".to_owned(),
        created_at: Timestamp(1),
        last_used_at: Timestamp(10 + i64::from(number)),
        expires_at: Timestamp(1000 * i64::from(number)),
    }
}

#[tokio::test]
async fn values_by_name() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(meta::get(&mut tx, "a").await.unwrap(), None);
    meta::put(&mut tx, "a", "1").await.unwrap();
    meta::put(&mut tx, "a", "2").await.unwrap();
    meta::put(&mut tx, "b", "").await.unwrap();
    assert_eq!(meta::get(&mut tx, "a").await.unwrap().as_deref(), Some("2"));
    meta::delete(&mut tx, "a").await.unwrap();
    meta::delete(&mut tx, "a").await.unwrap();
    assert_eq!(meta::get(&mut tx, "a").await.unwrap(), None);
    tx.commit().await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(meta::get(&mut reader, "b").await.unwrap().as_deref(), Some(""));
}

#[tokio::test]
async fn accounts() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(!users::any(&mut tx).await.unwrap());
    let anna = user(1, "Anna", Role::Owner);
    let ben = user(2, "ben", Role::Viewer);
    users::insert(&mut tx, &ben, "hash of ben").await.unwrap();
    users::insert(&mut tx, &anna, "hash of anna").await.unwrap();
    assert!(users::any(&mut tx).await.unwrap());
    assert_eq!(users::get(&mut tx, &anna.id).await.unwrap(), Some(anna.clone()));
    let found = users::by_name(&mut tx, &UserName::parse("aNNA").unwrap()).await.unwrap();
    assert_eq!(found, Some((anna.clone(), "hash of anna".to_owned())));
    assert_eq!(users::list(&mut tx).await.unwrap(), [anna.clone(), ben.clone()]);
    assert_eq!(users::owners(&mut tx).await.unwrap(), 1);

    let other = user(3, "ANNA", Role::Viewer);
    assert!(matches!(users::insert(&mut tx, &other, "x").await, Err(StoreError::NotUnique(_))));
    // The refused statement has not ended the transaction.
    users::set_role(&mut tx, &ben.id, Role::Owner).await.unwrap();
    users::set_password(&mut tx, &ben.id, "new").await.unwrap();
    assert_eq!(users::owners(&mut tx).await.unwrap(), 2);
    let (ben, hash) = users::by_name(&mut tx, &ben.name).await.unwrap().unwrap();
    assert_eq!((ben.role, hash.as_str()), (Role::Owner, "new"));

    assert!(users::set_role(&mut tx, &other.id, Role::Owner).await.is_err());
    assert!(users::set_password(&mut tx, &other.id, "x").await.is_err());
    users::delete(&mut tx, &ben.id).await.unwrap();
    assert_eq!(users::get(&mut tx, &ben.id).await.unwrap(), None);
}

#[tokio::test]
async fn sessions_of_accounts() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let anna = user(1, "anna", Role::Admin);
    users::insert(&mut tx, &anna, "x").await.unwrap();
    let all: Vec<Session> = (1..=4).map(|number| session(number, &anna)).collect();
    for session in &all {
        sessions::insert(&mut tx, session, &format!("hash {}", session.id)).await.unwrap();
    }
    let taken = sessions::insert(&mut tx, &session(9, &anna), &format!("hash {}", all[0].id)).await;
    assert!(matches!(taken, Err(StoreError::NotUnique(_))));

    let found = sessions::by_hash(&mut tx, &format!("hash {}", all[1].id)).await.unwrap();
    assert_eq!(found, Some((all[1].clone(), anna.clone())));
    assert_eq!(sessions::by_hash(&mut tx, "hash").await.unwrap(), None);

    sessions::touch(&mut tx, &all[0].id, Timestamp(500)).await.unwrap();
    let listed = sessions::list(&mut tx, &anna.id).await.unwrap();
    assert_eq!(listed[0].last_used_at, Timestamp(500));
    let order: Vec<_> = listed.iter().map(|session| &session.id).collect();
    assert_eq!(order, [&all[0].id, &all[3].id, &all[2].id, &all[1].id]);

    assert_eq!(sessions::delete_ended(&mut tx, Timestamp(1000), Timestamp(-1)).await.unwrap(), 1);
    assert!(sessions::delete(&mut tx, &all[1].id).await.unwrap());
    assert!(!sessions::delete(&mut tx, &all[1].id).await.unwrap());
    assert_eq!(sessions::delete_of_user(&mut tx, &anna.id, Some(&all[3].id)).await.unwrap(), 1);
    assert_eq!(sessions::list(&mut tx, &anna.id).await.unwrap(), [all[3].clone()]);
    assert_eq!(sessions::delete_of_user(&mut tx, &anna.id, None).await.unwrap(), 1);
}

#[tokio::test]
async fn tokens_of_accounts() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let anna = user(1, "anna", Role::Admin);
    users::insert(&mut tx, &anna, "x").await.unwrap();
    let forever = Token {
        id: TokenId::from_random(bytes(1)),
        user_id: anna.id.clone(),
        name: "script".to_owned(),
        role: Role::Operator,
        scopes: None,
        created_at: Timestamp(3),
        expires_at: None,
        last_used_at: None,
    };
    let short = Token { id: TokenId::from_random(bytes(2)), name: "backup".to_owned(), expires_at: Some(Timestamp(9)), ..forever.clone() };
    tokens::insert(&mut tx, &forever, "h1").await.unwrap();
    tokens::insert(&mut tx, &short, "h2").await.unwrap();
    assert!(matches!(tokens::insert(&mut tx, &short, "h3").await, Err(StoreError::NotUnique(_))));
    assert_eq!(tokens::by_hash(&mut tx, "h1").await.unwrap(), Some((forever.clone(), anna.clone())));
    tokens::touch(&mut tx, &forever.id, Timestamp(60_000)).await.unwrap();
    let used = Token { last_used_at: Some(Timestamp(60_000)), ..forever.clone() };
    assert_eq!(tokens::get(&mut tx, &forever.id).await.unwrap(), Some(used.clone()));
    assert_eq!(tokens::list(&mut tx, &anna.id).await.unwrap(), [short.clone(), used]);
    assert!(tokens::delete(&mut tx, &short.id).await.unwrap());
    assert!(!tokens::delete(&mut tx, &short.id).await.unwrap());

    users::delete(&mut tx, &anna.id).await.unwrap();
    assert_eq!(tokens::by_hash(&mut tx, "h1").await.unwrap(), None);
    assert_eq!(tokens::list(&mut tx, &anna.id).await.unwrap(), []);
}

#[tokio::test]
async fn what_no_longer_parses_is_an_error() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let anna = user(1, "anna", Role::Admin);
    users::insert(&mut tx, &anna, "x").await.unwrap();
    for (sql, column) in [
        ("UPDATE users SET role = 'root'", "role"),
        ("UPDATE users SET role = 'admin', name = '--help'", "name"),
        ("UPDATE users SET name = 'anna', created_at = 'yesterday'", "created_at"),
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
        match users::list(&mut tx).await {
            Err(StoreError::Decode(why)) => assert!(why.contains(column), "{why}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

/// What a script that signs in and never out can fill has a bound: the sessions used last stay.
#[tokio::test]
async fn an_account_keeps_the_sessions_it_used_last() {
    let store = Store::in_memory().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let (anna, ben) = (user(1, "anna", Role::Admin), user(2, "ben", Role::Viewer));
    for user in [&anna, &ben] {
        users::insert(&mut tx, user, "x").await.unwrap();
    }
    let all: Vec<Session> = (1..=6).map(|number| session(number, &anna)).collect();
    for session in all.iter().chain([&session(9, &ben)]) {
        sessions::insert(&mut tx, session, session.id.as_str()).await.unwrap();
    }
    sessions::touch(&mut tx, &all[0].id, Timestamp(5000)).await.unwrap();
    assert_eq!(sessions::keep_newest(&mut tx, &anna.id, 6).await.unwrap(), 0);
    assert_eq!(sessions::keep_newest(&mut tx, &anna.id, 2).await.unwrap(), 4);
    let left: Vec<_> = sessions::list(&mut tx, &anna.id).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(left, [all[0].id.clone(), all[5].id.clone()]);
    assert_eq!(sessions::list(&mut tx, &ben.id).await.unwrap().len(), 1, "another account's are left alone");
    assert_eq!(sessions::delete_ended(&mut tx, Timestamp(0), Timestamp(4000)).await.unwrap(), 2, "unused ones go too");
}
