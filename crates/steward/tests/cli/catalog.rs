//! The catalog, and looking for mistakes in it.

use std::fs;
use std::path::Path;

use crate::server::{Home, Server};

pub const GREETER: &str = r#"
service "greeter" {
  name        = "Greeter"
  description = "Greets whoever comes."
  category    = "web"

  resources {
    cpu     = 100
    memory  = 16
    storage = 16
  }

  container "greeter" {
    image = "greeter/none:1"
    ports = [
      { internal = 80, external = 18080 },
    ]
    env {
      TITLE = "${setting.title}"
    }
    volume {
      name = "data"
      path = "/data"
    }
  }

  setting "title" {
    title   = "Title"
    default = "Hello"
  }
}
"#;

fn put(folder: &Path, slug: &str, text: &str) {
    fs::create_dir_all(folder.join(slug)).unwrap();
    fs::write(folder.join(slug).join("service.hcl"), text).unwrap();
}

#[test]
fn lint_needs_no_server_and_names_every_place() {
    let (folder, home) = (tempfile::tempdir().unwrap(), Home::new());
    put(folder.path(), "greeter", GREETER);
    let catalog = folder.path().to_str().unwrap();
    let good = home.run(&["catalog", "lint", catalog]).good();
    assert_eq!((good.out.as_str(), good.err.as_str()), ("", "1 entry, nothing wrong\n"));
    assert_eq!(home.run(&["catalog", "lint", catalog, "--json"]).good().out, "[]\n");

    put(folder.path(), "broken", &GREETER.replace("    image = \"greeter/none:1\"\n", "    iamge = \"greeter/none:1\"\n"));
    let bad = home.run(&["catalog", "lint", catalog]).bad(2);
    let line = bad.out.lines().find(|line| line.contains("iamge")).unwrap_or_else(|| panic!("{bad:#?}"));
    assert!(line.starts_with(&format!("{catalog}/broken/service.hcl:14:5: ")), "{line}");
    assert!(line.contains("did you mean `image`?"), "{line}");
    assert!(bad.err.starts_with("error[invalid_definition]: "), "{bad:#?}");

    let json = home.run(&["catalog", "lint", catalog, "--json"]).bad(2);
    let places = json.json();
    let typo = places.as_array().unwrap().iter().find(|place| place["line"] == 14).unwrap_or_else(|| panic!("{json:#?}"));
    assert!(typo["file"].as_str().is_some_and(|file| file.ends_with("broken/service.hcl")), "{json:#?}");
    assert_eq!(json.error()["code"], "invalid_definition");

    // One entry by its folder, or by its file.
    home.run(&["catalog", "lint", &format!("{catalog}/greeter")]).good();
    home.run(&["catalog", "lint", &format!("{catalog}/broken/service.hcl")]).bad(2);
}

#[test]
fn lint_survives_whatever_it_is_given() {
    let (folder, home) = (tempfile::tempdir().unwrap(), Home::new());
    let catalog = folder.path().to_str().unwrap();
    put(folder.path(), "deep", &format!("service {{\n  name = {}1{}\n}}\n", "[".repeat(10_000), "]".repeat(10_000)));
    let deep = home.run(&["catalog", "lint", catalog, "--json"]).bad(2);
    assert!(deep.json()[0]["line"].as_u64().is_some(), "{deep:#?}");
    put(folder.path(), "deep", &format!("{}{}", "a {\n".repeat(10_000), "}\n".repeat(10_000)));
    home.run(&["catalog", "lint", catalog, "--json"]).bad(2);
    put(folder.path(), "deep", &"x".repeat(300 * 1024));
    assert!(home.run(&["catalog", "lint", catalog]).bad(2).out.contains("larger than 256 KiB"));
    fs::write(folder.path().join("deep/service.hcl"), b"service {\n  name = \"\xff\"\n}\n").unwrap();
    assert!(home.run(&["catalog", "lint", catalog]).bad(2).out.contains("UTF-8"));
    put(folder.path(), "Not A Slug", GREETER);
    assert!(home.run(&["catalog", "lint", &format!("{catalog}/Not A Slug")]).bad(2).out.contains("folder's name"));

    home.run(&["catalog", "lint", &format!("{catalog}/nowhere")]).bad(3);
    let empty = tempfile::tempdir().unwrap();
    home.run(&["catalog", "lint", empty.path().to_str().unwrap()]).bad(2);
}

#[test]
fn the_server_s_catalog() {
    let server = Server::claimed();
    server.entry("greeter", GREETER);
    server.entry("cracked", "service {\n  name = \"Cracked\"\n  container { iamge = \"x:1\" }\n}\n");

    let all = server.run(&["catalog", "list", "--json"]).good().json();
    let find = |slug: &str| all.as_array().unwrap().iter().find(|application| application["slug"] == slug).unwrap().clone();
    assert_eq!((find("greeter")["title"].as_str(), find("greeter")["source"].as_str()), (Some("Greeter"), Some("local")));
    assert!(find("greeter")["broken"].is_null() && find("cracked")["broken"][0]["line"].as_u64() == Some(3));
    let table = server.run(&["catalog", "list"]).good().out;
    assert!(table.starts_with("NAME") && table.contains("broken: cracked/service.hcl:3:"), "{table}");
    assert!(server.run(&["catalog", "list", "-o", "name"]).good().out.lines().any(|line| line == "greeter"));

    assert_eq!(server.run(&["catalog", "search", "GREETS", "comes", "--json"]).good().json()[0]["slug"], "greeter");
    let none = server.run(&["catalog", "search", "nothingofthekind", "--json"]).good();
    assert_eq!(none.out, "[]\n");

    let shown = server.run(&["catalog", "show", "greeter"]).good().out;
    assert!(shown.contains("80/tcp") && shown.contains("18080") && shown.contains("title"), "{shown}");
    let detail = server.run(&["catalog", "show", "greeter", "--json"]).good().json();
    assert_eq!(detail["settings_schema"]["properties"]["title"]["default"], "Hello");
    assert_eq!(server.run(&["catalog", "show", "greeter", "--source"]).good().out, GREETER);
    let yaml = server.run(&["catalog", "show", "greeter", "-o", "yaml"]).good().out;
    assert!(yaml.lines().any(|line| line == "slug: greeter"), "{yaml}");

    let missing = server.run(&["catalog", "show", "greetr", "--json"]).bad(3);
    assert_eq!((missing.error()["code"].as_str(), missing.error()["hint"].as_str()), (Some("not_found"), Some("Did you mean `greeter`?")));
    assert!(server.run(&["catalog", "lint"]).bad(2).out.starts_with("cracked/service.hcl:3:"));
    assert_eq!(server.run(&["deploy", "cracked", "--json"]).bad(2).error()["code"], "invalid_definition");
}
