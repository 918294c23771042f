//! Keeps secrets out of text that is stored or shown.

/// What stands where a secret stood.
pub const MASK: &str = "••••••";

/// Replaces known secrets in text. Secrets shorter than four bytes are left alone: masking them
/// would destroy the text and hide nothing.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// A redactor that knows these secrets, and their forms in JSON and in Compose files.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut known: Vec<String> = Vec::new();
        for secret in secrets {
            if secret.len() < 4 {
                continue;
            }
            let json = serde_json::Value::String(secret.clone()).to_string();
            let json = json.trim_matches('"').to_owned();
            let dollars = secret.replace('$', "$$");
            for form in [secret, json, dollars] {
                if !known.contains(&form) {
                    known.push(form);
                }
            }
        }
        // Longest first, so that a secret that contains another one is masked whole.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { secrets: known }
    }

    /// The text with every known secret masked.
    pub fn redact(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for secret in &self.secrets {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), MASK);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_their_encoded_forms_are_masked() {
        let redactor = Redactor::new(["pa$s\"word".to_owned()]);
        assert_eq!(redactor.redact("x pa$s\"word y"), format!("x {MASK} y"));
        assert_eq!(redactor.redact(r#"{"p":"pa$s\"word"}"#), format!(r#"{{"p":"{MASK}"}}"#));
        assert_eq!(redactor.redact("pa$$s\"word"), MASK);
    }

    #[test]
    fn a_secret_inside_another_is_masked_whole() {
        let redactor = Redactor::new(["abcd".to_owned(), "abcdefgh".to_owned()]);
        assert_eq!(redactor.redact("abcdefgh abcd"), format!("{MASK} {MASK}"));
    }

    #[test]
    fn short_secrets_do_not_destroy_text() {
        assert_eq!(Redactor::new(["a".to_owned()]).redact("banana"), "banana");
    }
}
