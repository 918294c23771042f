//! Retention, background tasks, the development guard and scripts on the command line, against the real
//! program. Scripts need root, for only root can put them in place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::server::{NO_ENGINE, Server};

/// C2: what the pages can do, the command line can.
#[test]
fn retention_and_background_tasks() {
    let server = Server::claimed();
    let shown = server.run(&["retention"]).good();
    assert!(shown.out.contains("365 days, and the newest 100000") && shown.out.contains("730 days"), "{shown:#?}");
    let set = server.run(&["retention", "set", "--output-days", "30", "--json"]).good().json();
    assert_eq!((set["settings"]["output_days"].as_u64(), set["settings"]["audit_days"].as_u64()), (Some(30), Some(730)));
    let refused = server.run(&["retention", "set", "--audit-days", "7", "--json"]).bad(2);
    assert_eq!((refused.error()["code"].as_str(), refused.error()["field"].as_str()), (Some("invalid_value"), Some("audit_days")));
    server.run(&["retention", "set"]).bad(2);
    let ran = server.run(&["reconcilers", "run", "retention"]).good();
    assert_eq!(ran.out, "retention: nothing is older than it has to be\n");
    let listed = server.run(&["reconcilers"]).good();
    assert!(
        listed.out.contains("retention") && listed.out.contains("nothing is scheduled") && listed.out.contains("idempotency-keys"),
        "{listed:#?}"
    );
    let unknown = server.run(&["reconcilers", "run", "retenton"]).bad(3);
    assert!(unknown.err.contains("Did you mean `retention`?"), "{unknown:#?}");
}

/// P9: a development instance says so, refuses with its own code, and a device can be marked.
#[test]
fn a_development_instance() {
    let server = Server::with_engine(NO_ENGINE, &[("STEWARD_DEVELOPMENT", "1".to_owned())]).claim();
    let status = server.run(&["status"]).good();
    assert!(status.out.contains("This is a development instance. It may touch 0 of 1 device."), "{status:#?}");
    let refused = server.run(&["deploy", "hello", "--yes", "--json"]).bad(4);
    assert_eq!(refused.error()["code"], "development_only");
    let marked = server.run(&["devices", "mark-development"]).good();
    assert!(marked.out.contains("is marked as a development device"), "{marked:#?}");
    assert!(server.run(&["status"]).good().out.contains("It may touch 1 of 1 device."));
    // Past the guard, the next reason is that there is no engine.
    server.run(&["deploy", "hello", "--yes", "--json"]).bad(5);
    assert_eq!(server.run(&["devices", "mark-development", "--off", "--json"]).good().json()["development"], false);
    let plain = Server::claimed().run(&["status", "--json"]).good().json();
    assert_eq!(plain["development"], false);
}

/// A folder of root's, which goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn put(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.0.join(name), text).unwrap();
        fs::set_permissions(self.0.join(name), Permissions::from_mode(mode)).unwrap();
    }
}

/// P10: the real program runs a real script as root put it there.
#[test]
fn a_script_is_run() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    let folder = Folder(PathBuf::from(format!("/var/lib/steward-cli-test-{}", std::process::id())));
    fs::create_dir(&folder.0).unwrap();
    fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
    folder.put("hello.sh", "#!/bin/sh\n# steward: title=Says hello\n# steward: deadline=30s\necho hello from $(id -un)\n", 0o755);
    folder.put("sick.sh", "#!/bin/sh\necho half of it\nexit 7\n", 0o755);
    folder.put("open.sh", "#!/bin/sh\n", 0o777);
    let server = Server::with_engine(NO_ENGINE, &[("STEWARD_SCRIPTS_DIR", folder.0.display().to_string())]).claim();
    let listed = server.run(&["scripts", "list"]).good();
    assert!(listed.out.contains("Says hello") && listed.out.contains("refused: others than root can write to it"), "{listed:#?}");
    let plan = server.run(&["scripts", "run", "hello.sh", "--plan"]).good();
    assert!(plan.out.contains("cannot be undone") && plan.out.contains("hello.sh"), "{plan:#?}");
    let ran = server.run(&["scripts", "run", "hello.sh", "--yes"]).good();
    assert!(ran.out.contains("hello.sh ran to its end."), "{ran:#?}");
    let id =
        server.run(&["scripts", "list", "--json"]).good().json()["scripts"][0]["last_run"]["operation_id"].as_str().unwrap().to_owned();
    assert!(server.run(&["ops", "show", &id, "--full"]).good().out.contains("hello from root"));
    let sick = server.run(&["scripts", "run", "sick.sh", "--yes"]).bad(6);
    assert!(
        sick.err.contains("ended with exit code 7") && sick.err.contains("It cannot be undone") && sick.err.contains("half of it"),
        "{sick:#?}"
    );
    server.run(&["scripts", "run", "open.sh", "--yes"]).bad(5);
    let missing = server.run(&["scripts", "run", "hallo.sh", "--yes"]).bad(3);
    assert!(missing.err.contains("Did you mean `hello.sh`?"), "{missing:#?}");
}
