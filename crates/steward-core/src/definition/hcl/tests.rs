#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::*;
use crate::definition::{HealthCheck, ProbeSpec, SettingType, Template, TemplatePart};
use crate::device::Protocol;

fn good(text: &str) -> Definition {
    parse(text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

/// The problems as `line:column: message`.
fn bad(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => panic!("this was taken:\n{text}"),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let found = bad(text);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "expected `{expected}` in `{found}`");
    }
}

/// A service around some lines; the first of them is line 4, behind two spaces.
fn service(lines: &str) -> String {
    format!("service {{\n  name = \"app\"\n  container {{ image = \"a:1\" }}\n  {lines}\n}}\n")
}

/// A container around some lines; the first of them is line 5, behind four spaces.
fn container(lines: &str) -> String {
    format!("service {{\n  name = \"app\"\n  container {{\n    image = \"a:1\"\n    {lines}\n  }}\n}}\n")
}

#[test]
fn the_smallest_service() {
    let definition = good("service {\n  name = \"Uptime Kuma\"\n  container { image = \"louislam/uptime-kuma:1\" }\n}\n");
    assert_eq!(definition.title, "Uptime Kuma");
    assert_eq!(definition.category, "other");
    assert_eq!(definition.containers.len(), 1);
    assert_eq!(definition.containers[0].name.as_str(), "uptime-kuma");
    assert!(definition.containers[0].ports.is_empty());
    assert!(!definition.public_access);
}

#[test]
fn a_label_names_the_first_container() {
    let definition = good("service \"kuma\" {\n  name = \"Uptime Kuma\"\n  container { image = \"a\" }\n}\n");
    assert_eq!(definition.containers[0].name.as_str(), "kuma");
    let definition = good("service {\n  name = \"日本\"\n  container { image = \"a\" }\n}\n");
    assert_eq!(definition.containers[0].name.as_str(), "app");
}

#[test]
fn everything_a_service_can_say() {
    let definition = good(
        r#"
service "photos" {
  name          = "photos"
  title         = "Photos"
  description   = "Keeps photos."
  category      = "photos"
  website       = "https://example.org/photos"
  public_access = true
  post_install  = <<-EOT
    Open it.
      Then sign in.
  EOT

  resources {
    cpu     = 500
    memory  = 1024
    storage = 2048
  }

  container "server" {
    image        = "ghcr.io/example/server:v1.2.3"
    command      = ["serve", "--verbose"]
    user         = "1000:1000"
    memory_limit = 512
    depends_on   = ["database"]
    ports = [
      { internal = 2283, external = 2284 },
      { internal = 53, external = 53, protocol = "udp" },
      { internal = 9000 },
    ]
    env {
      DB_PASSWORD = "${setting.password}"
      GREETING    = "hello ${setting.who} of ${deployment.name}!"
      LITERAL     = "$${not.a.reference} $HOME"
      PORT        = 8080
      VERSION     = 1.0
      DEBUG       = false
      VAULT       = "vault:secret/nextcloud#admin_user"
    }
    volume {
      name = "library"
      path = "/data"
    }
    volume "cache" {
      path      = "/cache"
      read_only = true
    }
    health_check {
      type     = "http"
      port     = 2283
      path     = "/api/ping"
      interval = 5
      timeout  = 3
      within   = 300
    }
  }

  container "database" {
    image = "postgres:17"
    env   = { POSTGRES_PASSWORD = "${setting.password}", "POSTGRES_DB" = "photos" }
    health_check {
      type    = "command"
      command = ["pg_isready", "-U", "postgres"]
    }
  }

  database {
    engine    = "postgres"
    container = "database"
  }

  setting "password" {
    title    = "Database password"
    secret   = true
    generate = 32
  }
  setting "who" {
    type        = "string"
    description = "Whom to greet."
    default     = "world"
    options     = ["world", "everybody"]
    advanced    = true
  }
  setting "workers" {
    type    = "integer"
    default = 4
    minimum = 1
    maximum = 64
  }
}
"#,
    );
    insta::assert_json_snapshot!(definition);
}

#[test]
fn the_environment_keeps_text_as_it_is_written() {
    let definition = good(&container("env {\n A = 1.0\n B = true\n C = 0.10\n D = \"$${x} $5 $$\"\n E = \"a${deployment.name}\"\n }"));
    let env = &definition.containers[0].env;
    let get = |key: &str| env.iter().find(|(name, _)| name.as_str() == key).map(|(_, template)| template.clone()).unwrap();
    assert_eq!(get("A"), Template::text("1.0"));
    assert_eq!(get("B"), Template::text("true"));
    assert_eq!(get("C"), Template::text("0.10"));
    assert_eq!(get("D"), Template::text("${x} $5 $$"));
    assert_eq!(get("E").parts, [TemplatePart::Text("a".to_owned()), TemplatePart::DeploymentName]);
}

#[test]
fn heredocs_lose_their_indentation() {
    let definition = good(&service("post_install = <<-EOT\n    One.\n      Two.\n  EOT"));
    assert_eq!(definition.post_install.as_deref(), Some("One.\n  Two."));
}

#[test]
fn what_stands_beside_the_containers_belongs_to_the_first() {
    let definition = good(&service(
        "container \"two\" {\n image = \"b\"\n }\n env {\n A = \"b\"\n }\n volume {\n name = \"data\"\n path = \"/d\"\n }\n health_check {\n type = \"command\"\n command = [\"true\"]\n }",
    ));
    assert_eq!(definition.containers[0].env.len(), 1);
    assert_eq!(definition.containers[0].volumes.len(), 1);
    assert!(definition.containers[0].health_check.is_some());
    assert!(definition.containers[1].env.is_empty());
}

#[test]
fn health_checks_have_defaults() {
    let definition = good(&container("ports = [{ internal = 9999, external = 9999 }]\n health_check {\n type = \"http\"\n }"));
    let expected = HealthCheck { probe: ProbeSpec::Http { port: 9999, path: "/".to_owned() }, interval: 2, timeout: 5, within: 120 };
    assert_eq!(definition.containers[0].health_check, Some(expected));
    assert!(definition.containers[0].ports[0].web, "a port that answers HTTP can be opened in a browser");
    let short = good(&container("ports = [{ internal = 99, external = 99 }]\n health_check {\n type = \"http\"\n within = 1\n }"));
    let check = short.containers[0].health_check.clone().unwrap();
    assert_eq!((check.interval, check.timeout, check.within), (1, 1, 1), "defaults give way to what is said");
}

#[test]
fn web_is_guessed_from_the_port() {
    let web = |lines: &str| good(&container(lines)).containers[0].ports[0].web;
    assert!(web("ports = [{ internal = 80, external = 8080 }]"));
    assert!(!web("ports = [{ internal = 80 }]"));
    assert!(!web("ports = [{ internal = 80, external = 80, web = false }]"));
    assert!(!web("ports = [{ internal = 80, external = 80, protocol = \"udp\" }]"));
    assert!(!web("ports = [{ internal = 22, external = 22 }]"));
    assert!(web("ports = [{ internal = 2222, external = 22, web = true }]"));
}

#[test]
fn a_setting_has_defaults() {
    let definition = good(&service("setting \"admin_password\" {\n secret = true\n generate = 24\n }"));
    let setting = &definition.settings[0];
    assert_eq!(setting.title, "Admin password");
    assert_eq!(setting.setting_type, SettingType::String);
    assert_eq!(setting.generate, Some(24));
    let definition = good(&service("setting \"n\" {\n type = \"integer\"\n default = -5\n minimum = -10\n }"));
    assert_eq!(definition.settings[0].default, Some(json!(-5)));
}

#[test]
fn protocols() {
    let definition = good(&container("ports = [{ internal = 53, external = 53 }, { internal = 53, external = 53, protocol = \"udp\" }]"));
    let protocols: Vec<Protocol> = definition.containers[0].ports.iter().map(|port| port.protocol).collect();
    assert_eq!(protocols, [Protocol::Tcp, Protocol::Udp]);
}

#[test]
fn unknown_words_are_refused_where_they_stand() {
    refused(&container("iamge = \"b\""), &["5:5: `container` has no `iamge`; did you mean `image`?"]);
    refused(&container("volumes {\n }"), &["5:5: `container` has no `volumes`; did you mean `volume`?"]);
    refused(&container("privileged = true"), &["5:5: `container` has no `privileged` (it takes image, command"]);
    refused(&service("volume = \"x\""), &["4:3: `volume` is a block"]);
    refused(&service("description {\n }"), &["4:3: `description` is no block"]);
    refused("services {\n}\n", &["1:1: `services` cannot stand here", "1:1: there is no block `service`"]);
    refused("name = 1\n", &["1:1: `name` cannot stand here", "1:1: there is no block `service`"]);
    refused(&container("ports = [{ internal = 80, extrenal = 80 }]"), &["5:31: `ports` has no `extrenal`; did you mean `external`?"]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = "service {\n  titel = 1\n  container {\n    image = nginx\n    ports = [{ internal = 0 }]\n    user  = \"-x\"\n  }\n  container {\n    image = \"UPPER\"\n  }\n}\n";
    let found = bad(text);
    for expected in [
        "1:1: the service has no `name`",
        "2:3: `service` has no `titel`; did you mean `title`?",
        "4:13: this should be a text in quotes, not a word without quotes",
        "5:27: `internal` is a whole number from 1 to 65535",
        "6:13: a user is",
        "8:3: there are two containers named `app`",
        "9:13: the image is",
    ] {
        assert!(found.iter().any(|found| found.starts_with(expected)), "{expected} in {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn containers_know_each_other() {
    let with = |lines: &str| service(&format!("container \"two\" {{\n image = \"b\"\n {lines}\n }}"));
    refused(&with("depends_on = [\"ap\"]"), &["there is no container `ap`; did you mean `app`?"]);
    refused(&with("depends_on = [\"two\"]"), &["`two` can never start"]);
    refused(&with("depends_on = [\"app\", \"app\"]"), &["`app` is named twice"]);
    let circle = "service {\n name = \"a\"\n container \"a\" {\n image = \"x\"\n depends_on = [\"b\"]\n }\n container \"b\" {\n image = \"x\"\n depends_on = [\"a\"]\n }\n}\n";
    refused(circle, &["5:16: `a` can never start: it waits in a circle, by way of `b`", "9:16: `b` can never start"]);
    refused("service {\n name = \"x\"\n}\n", &["1:1: there is no container"]);
}

#[test]
fn ports_are_checked() {
    refused(&container("ports = [{ external = 80 }]"), &["5:14: the port has no `internal`"]);
    refused(&container("ports = [{ internal = 80, external = 70000 }]"), &["5:42: `external` is a whole number from 1 to 65535"]);
    refused(&container("ports = [{ internal = 80.5 }]"), &["`internal` is a whole number"]);
    refused(&container("ports = [{ internal = \"80\" }]"), &["`internal` is a whole number"]);
    refused(&container("ports = [{ internal = 80, protocol = \"sctp\" }]"), &["a protocol is `tcp` or `udp`"]);
    refused(&container("ports = [{ internal = 80 }, { internal = 80 }]"), &["the port 80/tcp is written twice"]);
    refused(
        &container("ports = [{ internal = 80, external = 1 }, { internal = 81, external = 1 }]"),
        &["the external port 1/tcp is used twice"],
    );
    refused(&container("ports = [{ internal = 80, web = true }]"), &["can be opened in a browser"]);
    refused(&container("ports = 80"), &["5:13: this should be a list"]);
    let two = service("container \"two\" {\n image = \"b\"\n ports = [{ internal = 80, external = 2 }]\n }\n");
    let two = two.replace("container { image = \"a:1\" }", "container {\n image = \"a:1\"\n ports = [{ internal = 80, external = 1 }]\n }");
    refused(&two, &["`app` publishes 80/tcp too"]);
}

#[test]
fn volumes_are_named_and_never_paths_of_the_device() {
    refused(&container("volume {\n name = \"/etc\"\n path = \"/x\"\n }"), &["the volume is lower-case letters"]);
    refused(&container("volume {\n name = \"../x\"\n path = \"/x\"\n }"), &["the volume is lower-case letters"]);
    refused(&container("volume {\n name = \"a\"\n path = \"x\"\n }"), &["the path is an absolute path"]);
    refused(&container("volume {\n name = \"a\"\n path = \"/a/../b\"\n }"), &["the path is an absolute path"]);
    refused(&container("volume {\n path = \"/x\"\n }"), &["the volume has no `name`"]);
    refused(&container("volume {\n name = \"x\"\n }"), &["the volume has no `path`"]);
    refused(&container("volume \"a\" {\n name = \"b\"\n path = \"/x\"\n }"), &["the volume is named twice"]);
    let twice = "volume {\n name = \"a\"\n path = \"/x\"\n }\n volume {\n name = \"b\"\n path = \"/x\"\n }";
    refused(&container(twice), &["two volumes are mounted at `/x`"]);
}

#[test]
fn health_checks_are_checked() {
    let with = |lines: &str| {
        container(&format!("ports = [{{ internal = 80, external = 81 }}, {{ internal = 90 }}]\n health_check {{\n {lines}\n }}"))
    };
    refused(&with(""), &["the health check has no `type`"]);
    refused(&with("type = \"ping\""), &["the type of a health check is"]);
    refused(&with("type = \"http\"\n port = 90"), &["publishes no tcp port 90"]);
    refused(&with("type = \"http\"\n path = \"x\""), &["begins with `/`"]);
    refused(&with("type = \"tcp\"\n path = \"/\""), &["a health check of type `tcp` has no `path`"]);
    refused(&with("type = \"command\""), &["the health check has no `command`"]);
    refused(&with("type = \"tcp\"\n interval = 0"), &["`interval` is a whole number from 1 to 3600"]);
    refused(&with("type = \"tcp\"\n interval = 10\n within = 5"), &["cannot be longer"]);
    refused(&with("type = \"tcp\"\n timeout = 2\n within = 1"), &["cannot be longer"]);
    let two =
        container("ports = [{ internal = 80, external = 80 }, { internal = 81, external = 81 }]\n health_check {\n type = \"tcp\"\n }");
    refused(&two, &["say which `port` is asked"]);
}

#[test]
fn references_are_settings_or_the_deployments_name() {
    let with = |value: &str| container(&format!("env {{\n A = {value}\n }}"));
    refused(&with("\"x ${setting.who}\""), &["6:9: there is no setting `who`"]);
    refused(&with("\"${settings.who}\""), &["6:7: a reference is `${setting.KEY}`"]);
    refused(&with("\"${deployment.id}\""), &["a reference is"]);
    refused(&with("\"${1 + 1}\""), &["a reference is"]);
    refused(&with("\"${file(\\\"/etc/shadow\\\")}\""), &["this is not HCL"]);
    refused(&with("\"${file(setting.x)}\""), &["a reference is"]);
    refused(&with("\"${setting.a.b}\""), &["a reference is"]);
    refused(&with("\"${setting[0]}\""), &["a reference is"]);
    refused(&with("\"${setting.Big}\""), &["the setting is lower-case"]);
    refused(&with("\"${~ setting.a }\""), &["`~` is not known"]);
    refused(&with("\"%{ if true }x%{ endif }\""), &["`%{ ... }` is not known here"]);
    refused(&with("setting.who"), &["put this in quotes: a text as it is, a reference as \"${setting.who}\""]);
    refused(&with("1 + 1"), &["this should be a text in quotes, not something to be computed"]);
    refused(&with("null"), &["not `null`"]);
    refused(&container("command = [\"${setting.x}\"]"), &["5:17: only the values of `env` can refer to settings"]);
    refused(&with("\"a\\u0007\""), &["control character"]);
    let near = service("env {\n A = \"${setting.pasword}\"\n }\n setting \"password\" {\n }");
    refused(&near, &["there is no setting `pasword`; did you mean `password`?"]);
}

#[test]
fn settings_are_checked_against_themselves() {
    let with = |lines: &str| service(&format!("setting \"x\" {{\n {lines}\n }}"));
    refused(&service("setting {\n }"), &["the setting has no key"]);
    refused(&service("setting \"Bad\" {\n }"), &["the setting is lower-case"]);
    refused(&with("type = \"list\""), &["the type of a setting is"]);
    refused(&with("type = \"integer\"\n default = \"5\""), &["the default does not fit"]);
    refused(&with("type = \"integer\"\n default = 5.5"), &["the default does not fit"]);
    refused(&with("type = \"integer\"\n default = 5\n minimum = 6"), &["the default does not fit: this must be at least 6"]);
    refused(&with("default = \"c\"\n options = [\"a\", \"b\"]"), &["the default does not fit: this is none of `a`, `b`"]);
    refused(&with("options = [\"a\", 5]"), &["the option 5 does not fit"]);
    refused(&with("options = [\"a\", \"a\"]"), &["the option `a` is written twice"]);
    refused(&with("minimum = 5\n maximum = 4"), &["`minimum` is above `maximum`"]);
    refused(&with("minimum = -1"), &["how many characters"]);
    refused(&with("type = \"boolean\"\n minimum = 1"), &["a boolean has no `minimum`"]);
    refused(&with("type = \"integer\"\n pattern = \"a\""), &["only a string has a `pattern`"]);
    refused(&with("pattern = \"(\""), &["the pattern cannot be used"]);
    refused(&with("pattern = \"a)|(b\""), &["the pattern cannot be used"]);
    refused(&with("secret = true\n default = \"admin\""), &["a secret has no default"]);
    refused(&with("type = \"integer\"\n secret = true"), &["only a string can be secret"]);
    refused(&with("generate = 16\n default = \"x\""), &["a `default` or is generated"]);
    refused(&with("generate = 16\n pattern = \"[a-z]+\""), &["cannot be promised"]);
    refused(&with("generate = 16\n minimum = 20"), &["outside `minimum` and `maximum`"]);
    refused(&with("generate = 4"), &["`generate` is a whole number from 8 to 128"]);
    refused(&service("setting \"x\" {\n }\n setting \"x\" {\n }"), &["there are two settings named `x`"]);
}

#[test]
fn texts_are_checked() {
    refused(&service("website = \"javascript:alert(1)\""), &["a website begins with"]);
    refused(&service("website = \"https://a b\""), &["a website begins with"]);
    refused(&service("category = \"meida\""), &["this is no category; did you mean `media`?"]);
    refused(&service("title = \"\""), &["1 to 64 characters"]);
    refused(&service("description = \"a\\nb\""), &["one line"]);
    refused(&service("resources {\n memory = \"1G\"\n }"), &["`memory` is a whole number"]);
    refused(&service("resources {\n }\n resources {\n }"), &["there is a second block `resources`"]);
    refused(&service("database {\n engine = \"oracle\"\n }"), &["the engine of a database is"]);
    refused(&service("database {\n engine = \"postgres\"\n container = \"db\"\n }"), &["there is no container `db`"]);
    refused(&service(&format!("description = \"{}\"", "x".repeat(65 * 1024))), &["longer than 64 KiB"]);
}

#[test]
fn sizes_are_limited() {
    let many = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>().join("\n");
    let containers = many(32, |n| format!("container \"c{n}\" {{\n image = \"a\"\n }}"));
    refused(&service(&containers), &["more than 32 containers"]);
    let settings = many(101, |n| format!("setting \"s{n}\" {{\n }}"));
    refused(&service(&settings), &["more than 100 settings"]);
    let env = many(65, |n| format!("V{n} = 1"));
    refused(&container(&format!("env {{\n {env}\n }}")), &["at most 64 variables, not 65"]);
    refused(&" ".repeat(257 * 1024), &["larger than 256 KiB"]);
}

#[test]
fn what_is_no_hcl_is_refused_with_its_place() {
    refused("service {\n  name = \"x\n}\n", &["is a `\"` missing on this line?"]);
    refused("", &["1:1: there is no block `service`"]);
    refused("service {\n  name = \"a\"\n  name = \"b\"\n}\n", &["3:3: this is not HCL"]);
    refused("\0", &["this is not HCL"]);
}

/// Nesting of every kind, far deeper than a stack: all of it ends in a problem.
#[test]
fn deep_nesting_is_a_problem_and_no_overflow() {
    const DEEP: usize = 10_000;
    let nested = |open: &str, close: &str| format!("service {{\n  x = {}{}\n}}\n", open.repeat(DEEP), close.repeat(DEEP));
    for text in [
        nested("[", "]"),
        nested("{ a = ", "}"),
        nested("(", ")"),
        nested("\"${", "}\""),
        nested("f(", ")"),
        nested("a[", "]"),
        nested("!", ""),
        nested("-", ""),
        nested("a ? b : ", ""),
        nested("1 + ", ""),
        nested("[for a in ", "]"),
        nested("a.b", ""),
        nested("a[0]", ""),
        nested("%{ if true }", "%{ endif }"),
        format!("x = \"{}\"\n", "%{ if true }".repeat(DEEP)),
        format!("x = <<A\n{}\nA\n", "${\"".repeat(DEEP)),
        "service {\n".repeat(DEEP),
        format!("{}{}", "a {\n".repeat(DEEP), "}\n".repeat(DEEP)),
        "[".repeat(200_000),
        "\"${".repeat(60_000),
    ] {
        let started = std::time::Instant::now();
        assert!(!bad(&text).is_empty());
        assert!(started.elapsed().as_secs() < 10, "{} took {:?}", text.get(..40).unwrap(), started.elapsed());
    }
}
