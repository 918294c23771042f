//! Claiming, signing in, tokens, users.

use steward_core::Code;
use steward_core::role::Role;
use steward_core::user::Actor;
use steward_engine::accounts::{SignIn, TokenWish};

use crate::scene::{Scene, actor, deploy};

const PASSWORD: &str = "tall brown dog";

fn from() -> SignIn {
    SignIn { address: "127.0.0.1".to_owned(), client: "test".to_owned() }
}

async fn claimed() -> (Scene, Actor) {
    let scene = Scene::new().await;
    let code = scene.engine.setup_code().unwrap().to_owned();
    let signed_in = scene.engine.claim("127.0.0.1", "test", &code, "anna", PASSWORD).await.unwrap_or_else(|r| panic!("{r}"));
    let actor = scene.engine.authenticate(&signed_in.secret, "127.0.0.1").await.unwrap();
    (scene, actor)
}

/// Proves R18 and C10: no default account; the code works once.
#[tokio::test]
async fn a_server_is_claimed_once_and_with_its_code_only() {
    let scene = Scene::new().await;
    let code = scene.engine.setup_code().unwrap().to_owned();
    let wrong = scene.engine.claim("127.0.0.1", "test", "wrong", "eve", PASSWORD).await.err().unwrap();
    assert_eq!(wrong.code, Code::SetupCodeWrong);
    let weak = scene.engine.claim("127.0.0.1", "test", &code, "anna", "password").await.err().unwrap();
    assert_eq!((weak.code, weak.field.as_deref()), (Code::InvalidValue, Some("password")));
    assert!(scene.engine.claim("127.0.0.1", "test", &code, "anna", PASSWORD).await.is_ok());
    let twice = scene.engine.claim("127.0.0.1", "test", &code, "eve", PASSWORD).await.err().unwrap();
    assert_eq!(twice.code, Code::NotFound);
}

/// Proves C8, P6 and R19: the same answer for an unknown name and a wrong password.
#[tokio::test]
async fn signing_in_needs_the_right_password() {
    let (scene, _) = claimed().await;
    assert!(scene.engine.sign_in(&from(), "Anna", PASSWORD).await.is_ok(), "names do not differ by case");
    let wrong = scene.engine.sign_in(&from(), "anna", "not this one").await.err().unwrap();
    let unknown = scene.engine.sign_in(&from(), "nobody", PASSWORD).await.err().unwrap();
    assert_eq!((wrong.code, &wrong.message), (unknown.code, &unknown.message));
}

/// Proves promise 11: of many parallel guesses no more than five are evaluated.
#[tokio::test]
async fn guessing_is_locked_after_five() {
    let (scene, _) = claimed().await;
    let stranger = from();
    let tries = (0..20).map(|_| scene.engine.sign_in(&stranger, "anna", "a wrong guess"));
    let codes: Vec<Code> = futures_util::future::join_all(tries).await.into_iter().map(|r| r.err().unwrap().code).collect();
    assert_eq!(codes.iter().filter(|code| **code == Code::SignInFailed).count(), 5, "{codes:?}");
    let right = scene.engine.sign_in(&from(), "anna", PASSWORD).await.err().unwrap();
    assert_eq!(right.code, Code::TooManyRequests);
    let elsewhere = SignIn { address: "10.0.0.9".to_owned(), ..from() };
    assert_eq!(scene.engine.sign_in(&elsewhere, "anna", PASSWORD).await.err().unwrap().code, Code::TooManyRequests);
}

#[tokio::test]
async fn a_token_is_never_stronger_than_its_owner() {
    let (scene, owner) = claimed().await;
    scene.engine.create_user(&owner, "vera", PASSWORD, Role::Viewer).await.unwrap();
    let vera = scene.engine.sign_in(&from(), "vera", PASSWORD).await.unwrap_or_else(|r| panic!("{r}"));
    let vera = scene.engine.authenticate(&vera.secret, "127.0.0.1").await.unwrap();
    assert_eq!(scene.engine.create_token(&vera, token("t", Role::Admin, None)).await.err().unwrap().code, Code::NotAllowed);
    let made = scene.engine.create_token(&owner, token("backup", Role::Operator, Some(30))).await.unwrap_or_else(|r| panic!("{r}"));
    let actor = scene.engine.authenticate(&made.secret, "127.0.0.1").await.unwrap();
    assert_eq!(actor.role(), Some(Role::Operator));
    scene.engine.revoke_token(&owner, made.token.id.as_str()).await.unwrap();
    assert_eq!(scene.engine.authenticate(&made.secret, "127.0.0.1").await.unwrap_err().code, Code::NotSignedIn);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let (scene, owner) = claimed().await;
    let other = scene.engine.sign_in(&from(), "anna", PASSWORD).await.unwrap_or_else(|r| panic!("{r}"));
    assert_eq!(scene.engine.change_password(&owner, "wrong one here", "another brown dog").await.unwrap_err().code, Code::SignInFailed);
    scene.engine.change_password(&owner, PASSWORD, "another brown dog").await.unwrap();
    assert!(scene.engine.authenticate(&other.secret, "127.0.0.1").await.is_err());
    assert_eq!(scene.engine.sessions(&owner).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let (scene, owner) = claimed().await;
    let id = owner.user_id().unwrap().to_string();
    assert_eq!(scene.engine.remove_user(&owner, &id).await.unwrap_err().code, Code::Conflict);
    assert_eq!(scene.engine.change_user(&owner, &id, Some(Role::Viewer), None).await.unwrap_err().code, Code::Conflict);
    let twice = scene.engine.create_user(&owner, "ANNA", PASSWORD, Role::Viewer).await.unwrap_err();
    assert_eq!(twice.code, Code::NameTaken);
}

fn token(name: &str, role: Role, days: Option<u32>) -> TokenWish {
    TokenWish { name: name.to_owned(), role: Some(role), days, scopes: Vec::new() }
}

/// R15: a plan shows its generated files to those who may read the files of apps, and to nobody else.
#[tokio::test]
async fn a_plan_shows_its_files_to_those_who_may_read_them() {
    let scene = Scene::new().await;
    for role in Role::ALL.into_iter().filter(|role| *role >= Role::Viewer) {
        let plan = scene.engine.plan(&actor(role), &deploy("web", "site")).await.unwrap();
        assert_eq!(plan.files.is_empty(), role == Role::Viewer, "{role:?}");
        assert!(!plan.steps.is_empty());
    }
}
