//! Everybody who may ask, and everybody who is nobody.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steward_core::role::Role;
use steward_core::user::{Session, Token};
use steward_core::{SessionId, Timestamp, TokenId, UserId};
use steward_store::{sessions, tokens};

use crate::support::{Answer, Asker, PASSWORD, TestApp};

/// How somebody shows who it is.
enum Shows {
    Nothing,
    /// Signs in again whenever the session has ended.
    Session(String, Asker),
    Token(Asker),
}

/// Everybody, on a server with the apps `hello` and `other`.
pub struct People {
    pub app: TestApp,
    /// The owner by a token that nothing ends: for what is not tried.
    pub boss: Asker,
    /// The ids of `hello`, its device, the operation that made it.
    pub hello: String,
    pub device: String,
    pub operation: String,
    /// An account that has a grant on `hello`.
    pub here: String,
    /// What is no credential any more, or never was one.
    pub strangers: Vec<(&'static str, Asker)>,
    all: Vec<(&'static str, Shows)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn sign_in(app: &TestApp, name: &str) -> Asker {
    let session = app.anonymous().post("/session", json!({ "user": name, "password": PASSWORD })).await.expect(201);
    app.asker(Some(text(&session["token"])))
}

impl People {
    pub async fn new() -> Self {
        let (app, owner) = TestApp::claimed().await;
        app.hurry();
        let token = async |body: Value| app.asker(Some(text(&owner.post("/tokens", body).await.expect(201)["secret"])));
        let boss = token(json!({ "name": "boss" })).await;
        app.host.put_script("trim-disks", "#!/bin/sh\n", 0);
        let hello = app.deploy_hello(&boss).await;
        let made = boss.post("/applications/hello/deploy", json!({ "name": "other", "ports": { "80/tcp": 8099 } })).await.expect(202);
        boss.at_rest(made["operation"]["id"].as_str().unwrap()).await;
        let device = text(&hello["device_id"]);

        let mut all = vec![("nobody", Shows::Nothing)];
        let mut here = String::new();
        for (name, role, grant) in [
            ("guest", "guest", None),
            ("far-adm", "guest", Some(json!({ "role": "admin", "deployment": "other" }))),
            ("app-view", "guest", Some(json!({ "role": "viewer", "deployment": "hello" }))),
            ("app-oper", "guest", Some(json!({ "role": "operator", "deployment": "hello" }))),
            ("app-adm", "guest", Some(json!({ "role": "admin", "deployment": "hello" }))),
            ("dev-oper", "guest", Some(json!({ "role": "operator", "device": device }))),
            ("viewer", "viewer", None),
            ("operator", "operator", None),
            ("admin", "admin", None),
        ] {
            let user = boss.post("/users", json!({ "name": name, "password": PASSWORD, "role": role })).await.expect(201);
            if let Some(grant) = grant {
                boss.post(&format!("/users/{}/grants", text(&user["id"])), grant).await.expect(201);
                here = text(&user["id"]);
            }
            all.push((name, Shows::Session(name.to_owned(), sign_in(&app, name).await)));
        }
        all.push(("t-viewer", Shows::Token(token(json!({ "name": "v", "role": "viewer" })).await)));
        all.push(("t-far", Shows::Token(token(json!({ "name": "f", "deployments": ["other"] })).await)));
        all.push(("t-app", Shows::Token(token(json!({ "name": "a", "deployments": ["hello"] })).await)));
        all.push(("owner", Shows::Session("anna".to_owned(), owner.clone())));

        let operation = text(&boss.get("/operations?deployment=hello").await.expect(200)[0]["id"]);
        let anna = UserId::parse(boss.get("/session").await.expect(200)["user"]["id"].as_str().unwrap()).unwrap();
        let strangers = strangers(&app, &boss, anna).await;
        Self { hello: text(&hello["id"]), device, operation, here, strangers, all, boss, app }
    }

    /// The place of the owner, who is the last.
    pub fn owner(&self) -> usize {
        self.all.len() - 1
    }

    pub fn name(&self, place: usize) -> &'static str {
        self.all[place].0
    }

    /// Somebody with a credential that is good.
    pub async fn credential(&mut self, place: usize) -> Asker {
        match &mut self.all[place].1 {
            Shows::Nothing => self.app.anonymous(),
            Shows::Token(asker) => asker.clone(),
            Shows::Session(name, asker) => {
                if asker.get("/session").await.status != 200 {
                    *asker = sign_in(&self.app, name).await;
                }
                asker.clone()
            }
        }
    }

    /// Waits until what was begun by an answer is at rest.
    pub async fn settle(&self, answer: &Answer) {
        let body = answer.json();
        for id in [&body["operation"]["id"], &body["id"]] {
            if let Some(id) = id.as_str().filter(|id| id.starts_with("op_")) {
                self.app.host.release();
                self.boss.at_rest(id).await;
            }
        }
    }

    pub async fn done(&self, answer: Answer) {
        assert!(answer.status.is_success(), "{}", answer.text);
        self.settle(&answer).await;
    }
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Credentials of the owner that ended in every way, and some that nobody gave.
async fn strangers(app: &TestApp, boss: &Asker, anna: UserId) -> Vec<(&'static str, Asker)> {
    let forged = |prefix: &str| Some(format!("{prefix}{}", "0".repeat(64)));
    let ended = Timestamp(1);
    let long_ago = |n: u8, last_used_at, expires_at| Session {
        id: SessionId::from_random([n; 10]),
        user_id: anna.clone(),
        client: "test".to_owned(),
        address: "127.0.0.1".to_owned(),
        created_at: Timestamp(0),
        last_used_at,
        expires_at,
    };
    let now = Timestamp(i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap());
    let mut tx = app.store.begin().await.unwrap();
    sessions::insert(&mut tx, &long_ago(1, now, now.plus(-1000)), &hash("sts_expired")).await.unwrap();
    sessions::insert(&mut tx, &long_ago(2, ended, now.plus(1_000_000)), &hash("sts_idle")).await.unwrap();
    let token = Token {
        id: TokenId::from_random([1; 10]),
        user_id: anna,
        name: "expired".to_owned(),
        role: Role::Owner,
        scopes: None,
        created_at: ended,
        expires_at: Some(now.plus(-1000)),
        last_used_at: None,
    };
    tokens::insert(&mut tx, &token, &hash("stw_expired")).await.unwrap();
    tx.commit().await.unwrap();

    let revoked = sign_in(app, "anna").await;
    assert_eq!(revoked.delete("/session").await.status, 204);
    let made = boss.post("/tokens", json!({ "name": "revoked" })).await.expect(201);
    assert_eq!(boss.delete(&format!("/tokens/{}", text(&made["token"]["id"]))).await.status, 204);
    vec![
        ("nothing", app.anonymous()),
        ("an expired session", app.asker(Some("sts_expired".to_owned()))),
        ("an idle session", app.asker(Some("sts_idle".to_owned()))),
        ("a forged session", app.asker(forged("sts_"))),
        ("a revoked session", revoked),
        ("an expired token", app.asker(Some("stw_expired".to_owned()))),
        ("a forged token", app.asker(forged("stw_"))),
        ("a revoked token", app.asker(Some(text(&made["secret"])))),
    ]
}
