#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn definition(settings: &str) -> Definition {
    let text = format!("service {{\n name = \"app\"\n container {{ image = \"a\" }}\n {settings}\n}}\n");
    crate::definition::hcl::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn key(text: &str) -> SettingKey {
    SettingKey::parse(text).unwrap()
}

fn values(pairs: &[(&str, Value)]) -> BTreeMap<SettingKey, Value> {
    pairs.iter().map(|(name, value)| (key(name), value.clone())).collect()
}

/// What one setting named `x` makes of a value.
fn taken(lines: &str, value: Value) -> Result<Value, String> {
    let definition = definition(&format!("setting \"x\" {{\n {lines}\n }}"));
    let resolved = resolve(&definition, &values(&[("x", value)]), &Kept::default());
    match resolved {
        Ok(resolved) => Ok(resolved.settings.get(&key("x")).cloned().unwrap_or(Value::Null)),
        Err(refusals) => {
            assert_eq!(refusals.len(), 1, "{refusals:?}");
            assert_eq!(refusals[0].field.as_deref(), Some("settings.x"));
            assert_eq!(refusals[0].code, Code::InvalidValue);
            Err(refusals[0].message.clone())
        }
    }
}

const APP: &str = r#"
setting "password" {
  secret   = true
  generate = 24
}
setting "key" {
  secret = true
}
setting "title" {
  default = "Home"
}
setting "domain" {
  required = true
}
setting "token" {
  generate = 16
}
setting "port" {
  type    = "integer"
  minimum = 1
  maximum = 10
}
"#;

#[test]
fn defaults_generated_and_required() {
    let definition = definition(APP);
    let resolved = resolve(&definition, &values(&[("domain", json!("home.example"))]), &Kept::default()).unwrap();
    assert_eq!(resolved.settings, values(&[("domain", json!("home.example")), ("title", json!("Home"))]));
    assert_eq!(resolved.to_generate, [(key("password"), 24), (key("token"), 16)]);
    assert!(resolved.secrets.is_empty());

    let refusals = resolve(&definition, &BTreeMap::new(), &Kept::default()).unwrap_err();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].field.as_deref(), Some("settings.domain"));
}

#[test]
fn what_was_kept_stays_until_it_is_changed() {
    let definition = definition(APP);
    let kept = Kept {
        settings: values(&[
            ("domain", json!("a")),
            ("title", json!("Mine")),
            ("port", json!(3)),
            ("token", json!("t")),
            ("gone", json!(1)),
        ]),
        secrets: BTreeMap::from([(key("password"), "old".to_owned())]),
    };
    let resolved = resolve(&definition, &BTreeMap::new(), &kept).unwrap();
    assert_eq!(resolved.settings, values(&[("domain", json!("a")), ("title", json!("Mine")), ("port", json!(3)), ("token", json!("t"))]));
    assert_eq!(resolved.secrets, kept.secrets);
    assert!(resolved.to_generate.is_empty());

    let given = values(&[("title", Value::Null), ("password", Value::Null), ("port", Value::Null), ("key", json!("k"))]);
    let resolved = resolve(&definition, &given, &kept).unwrap();
    assert_eq!(resolved.settings, values(&[("domain", json!("a")), ("title", json!("Home")), ("token", json!("t"))]));
    assert_eq!(resolved.secrets, BTreeMap::from([(key("key"), "k".to_owned())]));
    assert_eq!(resolved.to_generate, [(key("password"), 24)]);

    let refusals = resolve(&definition, &values(&[("domain", Value::Null)]), &kept).unwrap_err();
    assert!(refusals[0].message.contains("a value is required"), "{refusals:?}");
}

#[test]
fn a_kept_value_that_no_longer_fits_is_refused() {
    let kept = Kept { settings: values(&[("port", json!(11)), ("domain", json!("a"))]), secrets: BTreeMap::new() };
    let refusals = resolve(&definition(APP), &BTreeMap::new(), &kept).unwrap_err();
    assert!(refusals[0].message.contains("does not fit any more"), "{refusals:?}");
    assert_eq!(refusals[0].hint.as_deref(), Some("give a new value"));
}

#[test]
fn a_secret_never_becomes_an_open_value() {
    let secret = definition("setting \"x\" {\n secret = true\n }");
    let open = definition("setting \"x\" {\n }");
    let kept = Kept { settings: Settings::new(), secrets: BTreeMap::from([(key("x"), "s3cret".to_owned())]) };
    assert!(resolve(&open, &BTreeMap::new(), &kept).unwrap().settings.is_empty());
    let kept = Kept { settings: values(&[("x", json!("s3cret"))]), secrets: BTreeMap::new() };
    assert_eq!(resolve(&secret, &BTreeMap::new(), &kept).unwrap().secrets.get(&key("x")).map(String::as_str), Some("s3cret"));
}

#[test]
fn secrets_are_not_printed_and_not_repeated() {
    let kept = Kept { settings: Settings::new(), secrets: BTreeMap::from([(key("x"), "s3cret".to_owned())]) };
    assert!(!format!("{kept:?}").contains("s3cret"));
    let definition = definition("setting \"x\" {\n secret = true\n pattern = \"[0-9]+\"\n }");
    let resolved = Resolved { secrets: kept.secrets.clone(), ..Resolved::default() };
    assert!(!format!("{resolved:?}").contains("s3cret"));
    let refusals = resolve(&definition, &values(&[("x", json!("hunter2hunter2"))]), &kept).unwrap_err();
    assert!(!format!("{refusals:?}").contains("hunter2"));
    let refusals = resolve(&definition, &BTreeMap::new(), &kept).unwrap_err();
    assert!(!format!("{refusals:?}").contains("s3cret"));
}

#[test]
fn unknown_settings_are_refused_with_what_was_meant() {
    let given = values(&[("domain", json!("a")), ("titel", json!("x")), ("zzzzzz", json!("x"))]);
    let refusals = resolve(&definition(APP), &given, &Kept::default()).unwrap_err();
    assert_eq!(refusals.len(), 2);
    assert_eq!(refusals[0].code, Code::UnknownField);
    assert_eq!(refusals[0].field.as_deref(), Some("settings.titel"));
    assert_eq!(refusals[0].hint.as_deref(), Some("did you mean `title`?"));
    assert!(refusals[1].hint.as_deref().unwrap().contains("password, key, title"));
}

#[test]
fn text_from_the_command_line_is_taken_for_its_type() {
    assert_eq!(taken("type = \"integer\"", json!("8080")), Ok(json!(8080)));
    assert_eq!(taken("type = \"integer\"", json!(5.0)), Ok(json!(5)));
    assert_eq!(taken("type = \"number\"", json!("0.5")), Ok(json!(0.5)));
    assert_eq!(taken("type = \"boolean\"", json!("true")), Ok(json!(true)));
    assert_eq!(taken("type = \"boolean\"", json!(false)), Ok(json!(false)));
    assert_eq!(taken("", json!("8080")), Ok(json!("8080")));
}

#[test]
fn wrong_types_are_refused() {
    for (lines, value) in [
        ("", json!(1)),
        ("", json!(["a"])),
        ("", json!({"a": 1})),
        ("type = \"integer\"", json!(1.5)),
        ("type = \"integer\"", json!("x")),
        ("type = \"integer\"", json!("0x10")),
        ("type = \"integer\"", json!(true)),
        ("type = \"integer\"", json!(u64::MAX)),
        ("type = \"integer\"", json!(1e300)),
        ("type = \"number\"", json!("inf")),
        ("type = \"number\"", json!("NaN")),
        ("type = \"number\"", json!("1e999")),
        ("type = \"boolean\"", json!("yes")),
        ("type = \"boolean\"", json!(1)),
    ] {
        assert!(taken(lines, value.clone()).is_err(), "{lines} {value}");
    }
}

#[test]
fn text_is_one_line() {
    for bad in ["a\nb", "a\0", "a\r", "\u{1b}[0m", "\u{85}"] {
        assert!(taken("", json!(bad)).is_err(), "{bad:?}");
    }
    assert!(taken("", json!("x".repeat(64 * 1024 + 1))).is_err());
    assert_eq!(taken("", json!("")), Ok(json!("")));
    assert!(taken("required = true", json!("")).is_err());
    assert!(taken("secret = true", json!("")).is_err());
}

#[test]
fn limits_options_and_patterns() {
    assert!(taken("type = \"integer\"\n minimum = 1\n maximum = 5", json!(6)).unwrap_err().contains("at most 5"));
    assert!(taken("type = \"number\"\n minimum = 0.5", json!(0.4)).unwrap_err().contains("at least 0.5"));
    assert!(taken("minimum = 3", json!("äö")).unwrap_err().contains("at least 3 characters"));
    assert_eq!(taken("maximum = 2", json!("äö")), Ok(json!("äö")));
    assert_eq!(taken("options = [\"a\", \"b\"]", json!("b")), Ok(json!("b")));
    assert!(taken("options = [\"a\", \"b\"]", json!("c")).unwrap_err().contains("`a`, `b`"));
    assert_eq!(taken("type = \"integer\"\n options = [1, 2]", json!("2")), Ok(json!(2)));
    let domain = "pattern = \"[a-z0-9]{1,63}(\\\\.[a-z0-9]{1,63})*\"";
    assert_eq!(taken(domain, json!("home.example")), Ok(json!("home.example")));
    for bad in ["home.example ", "x home.example", "a..b", "a b"] {
        assert!(taken(domain, json!(bad)).is_err(), "{bad}");
    }
    assert!(taken("pattern = \"a|b\"", json!("ab")).is_err(), "the pattern holds from end to end");
}

#[test]
fn a_pattern_takes_linear_time() {
    let started = std::time::Instant::now();
    assert!(taken("pattern = \"(a+)+b\"", json!("a".repeat(20_000))).is_err());
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn the_schema() {
    let definition = definition(
        "setting \"password\" {\n secret = true\n generate = 24\n }\n setting \"domain\" {\n required = true\n description = \"Where.\"\n pattern = \"[a-z.]+\"\n maximum = 63\n }\n setting \"level\" {\n type = \"integer\"\n default = 1\n options = [1, 2]\n advanced = true\n }",
    );
    let expected = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "password": { "type": "string", "title": "Password", "writeOnly": true, "x-generate": 24 },
            "domain": { "type": "string", "title": "Domain", "description": "Where.", "maxLength": 63, "pattern": "^(?:[a-z.]+)$" },
            "level": { "type": "integer", "title": "Level", "default": 1, "enum": [1, 2], "x-advanced": true },
        },
        "required": ["domain"],
        "additionalProperties": false,
    });
    assert_eq!(json_schema(&definition), expected);
}
