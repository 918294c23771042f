//! What the CLI says when something did not work: object, cause, effect, next command.

use std::io;

use serde::Deserialize;
use serde_json::{Value, json};
use steward_core::plan::Plan;
use steward_core::{Code, Refusal};

use super::exit::{self, Exit};
use super::paint::Paint;
use super::text;

/// One thing that was wrong, beside the first.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Detail {
    /// One sentence.
    pub message: String,
    /// The field that is meant.
    #[serde(default)]
    pub field: Option<String>,
    /// What to do.
    #[serde(default)]
    pub hint: Option<String>,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// Why, for programs.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The field of the request that is meant.
    pub field: Option<String>,
    /// The operation it is about.
    pub operation: Option<String>,
    /// Everything that is wrong, when it is more than one thing.
    pub details: Vec<Detail>,
    /// Lines for people below the hint: what was undone, what is left.
    pub notes: Vec<String>,
    /// The plan that was refused.
    pub plan: Option<Box<Plan>>,
    /// Whether there is nothing to print, because the reader of the output is gone.
    pub silent: bool,
}

impl Failure {
    /// A failure with an exit code, a code for programs and a sentence.
    pub fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.into(),
            message: message.into(),
            hint: None,
            field: None,
            operation: None,
            details: Vec::new(),
            notes: Vec::new(),
            plan: None,
            silent: false,
        }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::USAGE, "usage", message)
    }

    /// A bad value of a flag.
    pub fn value(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Exit::USAGE, Code::InvalidValue.as_str(), message) }
    }

    /// There is no such thing.
    pub fn not_found(what: &str, which: &str) -> Self {
        Self::new(Exit::NOT_FOUND, Code::NotFound.as_str(), format!("there is no {what} `{which}`"))
    }

    /// An answer that this program does not understand.
    pub fn strange(message: impl Into<String>) -> Self {
        Self::new(Exit::OTHER, "unexpected_answer", message)
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// From an answer of the server. `problem` is its body when that was problem details.
    pub fn from_answer(status: u16, problem: Option<&Value>) -> Self {
        let Some(problem) = problem.filter(|body| body.get("code").is_some()) else {
            return Self::strange(format!("the answer was status {status} without a reason that Steward gives"))
                .hint("Is this the address of Steward?");
        };
        let text = |key: &str| problem.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let code = text("code").unwrap_or_default();
        let known = Code::ALL.iter().find(|known| known.as_str() == code);
        let message = text("detail").or_else(|| text("title")).unwrap_or_else(|| format!("refused with status {status}"));
        Self {
            hint: text("hint"),
            field: text("field"),
            operation: text("operation_id"),
            details: read(problem, "errors").unwrap_or_default(),
            plan: read(problem, "plan"),
            ..Self::new(known.map_or_else(|| exit::of_status(status), |known| Exit(known.exit())), code, message)
        }
    }

    /// The failure as one line of JSON. Every key is always there.
    pub fn json(&self) -> String {
        let error = json!({
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "field": self.field,
            "operation": self.operation,
        });
        text::json_line(&json!({ "error": error }))
    }

    /// The failure for people, with a line break at its end.
    pub fn human(&self, paint: Paint) -> String {
        let mut out = format!("{}: {}\n", paint.bad(&format!("error[{}]", self.code)), text::clean_block(&self.message));
        if let Some(hint) = &self.hint {
            out.push_str(&format!("  hint: {}\n", text::clean_block(hint)));
        }
        // The first of several is the one that was said already.
        for detail in self.details.iter().filter(|detail| detail.message != self.message) {
            out.push_str(&format!("  also: {}\n", text::clean_block(&detail.message)));
            if let Some(hint) = &detail.hint {
                out.push_str(&format!("        hint: {}\n", text::clean_block(hint)));
            }
        }
        for note in &self.notes {
            out.push_str(&format!("  {}\n", text::clean_block(note)));
        }
        out
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value, key: &str) -> Option<T> {
    value.get(key).filter(|v| !v.is_null()).and_then(|v| T::deserialize(v).ok())
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { hint: refusal.hint, field: refusal.field, ..Self::new(Exit(refusal.code.exit()), refusal.code.as_str(), refusal.message) }
    }
}

impl From<io::Error> for Failure {
    /// Writing failed. When the reader went away (`steward logs | head`), that is no failure.
    fn from(error: io::Error) -> Self {
        let gone = error.kind() == io::ErrorKind::BrokenPipe;
        let exit = if gone { Exit::DONE } else { Exit::OTHER };
        Self { silent: gone, ..Self::new(exit, "output_failed", format!("cannot write the output: {error}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_details_become_a_failure() {
        let body = json!({
            "type": "about:blank", "title": "Conflict", "status": 409, "code": "locked",
            "detail": "`hello` is busy", "hint": "Wait.", "operation_id": "op_1"
        });
        let failure = Failure::from_answer(409, Some(&body));
        assert_eq!(failure.exit, Exit::CONFLICT);
        assert_eq!(
            failure.json(),
            r#"{"error":{"code":"locked","message":"`hello` is busy","hint":"Wait.","field":null,"operation":"op_1"}}"#
        );
        assert_eq!(failure.human(Paint::OFF), "error[locked]: `hello` is busy\n  hint: Wait.\n");
    }

    #[test]
    fn an_answer_of_something_else_is_no_refusal() {
        assert_eq!(Failure::from_answer(404, None).exit, Exit::OTHER);
        assert_eq!(Failure::from_answer(404, Some(&json!({"message": "nginx"}))).code, "unexpected_answer");
    }

    #[test]
    fn a_code_that_is_not_known_goes_by_its_status() {
        let failure = Failure::from_answer(404, Some(&json!({"code": "gone_fishing", "detail": "x"})));
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::NOT_FOUND, "gone_fishing"));
    }

    #[test]
    fn text_of_the_server_cannot_steer_the_terminal() {
        let failure = Failure::usage("a\u{1b}]0;x\u{7}b\nc");
        assert_eq!(failure.human(Paint::OFF), "error[usage]: ab\n  c\n");
        assert!(!failure.json().contains('\u{1b}'));
    }
}
