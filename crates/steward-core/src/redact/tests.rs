use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::log::{MAX_LINE, cap_line};

#[test]
fn secrets_and_their_encoded_forms_are_masked() {
    let redactor = Redactor::new(["pa$s\"word".to_owned()]);
    assert_eq!(redactor.redact("x pa$s\"word y"), format!("x {MASK} y"));
    assert_eq!(redactor.redact(r#"{"p":"pa$s\"word"}"#), format!(r#"{{"p":"{MASK}"}}"#));
    assert_eq!(redactor.redact("pa$$s\"word"), MASK);
    assert_eq!(redactor.redact("/x?p=pa%24s%22word&y"), format!("/x?p={MASK}&y"));
    assert_eq!(redactor.redact("7061247322776f7264 7061247322776F7264"), format!("{MASK} {MASK}"));
    assert_eq!(redactor.redact("cGEkcyJ3b3Jk\nnext"), format!("{MASK}\nnext"));
}

#[test]
fn a_secret_inside_another_is_masked_whole() {
    let redactor = Redactor::new(["abcd".to_owned(), "abcdefgh".to_owned()]);
    assert_eq!(redactor.redact("abcdefgh abcd"), format!("{MASK} {MASK}"));
}

#[test]
fn short_secrets_do_not_destroy_text() {
    assert_eq!(Redactor::new(["a".to_owned()]).redact("banana"), "banana");
    let nothing = Redactor::new(["hunter2-hunter2".to_owned()]);
    let text = "Container web  Started\n{\"a\":1} 50% + 50% \\n ok";
    assert_eq!(nothing.redact(text), text);
}

#[test]
fn a_part_of_a_secret_of_several_lines_is_masked() {
    let key = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIE\nIJ2Jm0q4ZbVx8Hq0\n-----END KEY-----\n";
    let redactor = Redactor::new([key.to_owned()]);
    assert_eq!(redactor.redact(&format!("> {key}<")), format!("> {MASK}<"));
    assert_eq!(redactor.redact("IJ2Jm0q4ZbVx8Hq0"), MASK);
}

/// What stands around a secret in the texts of the properties: nothing that could be a part of it.
const AROUND: &str = "[ -~\n]{0,40}";
/// A secret as people and generators make them, with what encodings change.
const SECRET: &str = "[A-Za-z0-9 $%&/=?+\"\\\\'äß€😀-]{6,60}";

/// Whether at least five bytes in a row of the secret stand in the text.
fn shows(text: &str, secret: &str) -> bool {
    secret.as_bytes().windows(5.min(secret.len())).any(|part| text.as_bytes().windows(part.len()).any(|found| found == part))
}

fn percent(secret: &str, all: bool) -> String {
    let keep = |byte: u8| !all && (byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    secret.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn unicode_escapes(secret: &str) -> String {
    secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// As `base64` prints it: lines of 76 characters.
fn wrapped(encoded: &str) -> String {
    encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect()
}

proptest! {
    /// R35: whatever stands around it, and in whichever of these forms, a secret is not in the text.
    #[test]
    fn no_form_of_a_secret_stays(secret in SECRET, before in AROUND, after in AROUND) {
        let redactor = Redactor::new([secret.clone()]);
        let json = serde_json::Value::String(secret.clone()).to_string();
        let forms = [
            secret.clone(),
            json[1..json.len() - 1].to_owned(),
            json,
            secret.replace('$', "$$"),
            percent(&secret, false),
            percent(&secret, true).to_lowercase(),
            percent(&secret, false).replace("%20", "+"),
            hex::encode(&secret),
            hex::encode_upper(&secret),
            hex::encode(&secret).as_bytes().chunks(2).map(|two| String::from_utf8_lossy(two).into_owned()).collect::<Vec<_>>().join(":"),
            unicode_escapes(&secret),
        ];
        for form in forms {
            let text = redactor.redact(&format!("{before}\n{form}\n{after}"));
            prop_assert!(text.contains(MASK), "{form:?} in {text:?}");
            prop_assert!(!text.contains(&form), "{form:?} in {text:?}");
        }
    }

    /// R35: in Base64 of a longer text, at each of the three alignments, in both alphabets, with and
    /// without padding and line breaks; what is left decodes to nothing of the secret.
    #[test]
    fn no_base64_of_a_secret_stays(secret in SECRET, before in "[a-z]{0,80}", after in "[a-z]{0,80}") {
        let redactor = Redactor::new([secret.clone()]);
        let whole = format!("{before}{secret}{after}");
        for encoded in [
            encoded_by(&whole, &STANDARD),
            encoded_by(&whole, &STANDARD_NO_PAD),
            encoded_by(&whole, &URL_SAFE),
            encoded_by(&whole, &URL_SAFE_NO_PAD),
        ] {
            for text in [encoded.clone(), wrapped(&encoded)] {
                let redacted = redactor.redact(&text);
                prop_assert!(redacted.contains(MASK), "{text:?} is {redacted:?}");
                for left in redacted.split(MASK) {
                    let left: String = left.chars().filter(|c| !c.is_whitespace() && *c != '=').map(|c| match c { '-' => '+', '_' => '/', c => c }).collect();
                    for skip in 0..4.min(left.len()) {
                        let part = &left[skip..left.len() - (left.len() - skip) % 4];
                        let decoded = STANDARD.decode(part).unwrap_or_default();
                        prop_assert!(!shows(&String::from_utf8_lossy(&decoded), &secret) || shows(&format!("{before} {after}"), &secret), "{redacted:?}");
                    }
                }
            }
        }
    }

    /// R35, R36: a line that was cut in the middle of a secret does not end with its beginning.
    #[test]
    fn a_cut_leaves_no_beginning(secret in "[A-Za-z0-9$%&/=?+äß€-]{12,60}", seed in 0_usize..1000, form in 0_usize..4) {
        // What a cut leaves of each form at least: four bytes of the secret.
        let (form, least) = match form {
            0 => (secret.clone(), 8),
            1 => (percent(&secret, true), 12),
            2 => (hex::encode(&secret), 8),
            _ => (unicode_escapes(&secret), 24),
        };
        let fill = MAX_LINE - least - seed % (form.len() - least);
        let line = cap_line("·".repeat(fill / 2) + if fill % 2 == 1 { " " } else { "" } + &form + &"·".repeat(MAX_LINE));
        let redacted = Redactor::new([secret.clone()]).redact(&line);
        prop_assert!(redacted.ends_with(CUT));
        let end = &redacted[..redacted.len() - CUT.len()];
        prop_assert!(end.ends_with(MASK), "{:?}", end.chars().rev().take(80).collect::<String>());
    }

    /// A text without secrets is not changed, whatever is in it.
    #[test]
    fn other_text_stays(text in "[a-z %\\\\+$=\n]{0,200}") {
        prop_assert_eq!(Redactor::new(["A1B2C3D4E5".to_owned()]).redact(&text), text);
    }

    /// Nothing that comes in makes it fail.
    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}", secret in "\\PC{0,20}") {
        let redacted = Redactor::new([secret.clone()]).redact(&text);
        prop_assert!(secret.len() < 4 || !redacted.contains(&secret) || MASK.contains(&secret));
    }
}

fn encoded_by(text: &str, engine: &impl Engine) -> String {
    let mut out = String::new();
    engine.encode_string(text, &mut out);
    out
}
