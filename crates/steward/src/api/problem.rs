//! Every answer that is not a success, in one place: problem documents after RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steward_core::plan::Plan;
use steward_core::{Code, OperationId, Refusal};
use steward_engine::Refused;

/// The content type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";
/// After this time guesses are forgotten, so the next try is allowed by then at the latest.
const RETRY_GUESSES: &str = "900";
/// A busy disk or engine may answer again soon.
const RETRY_SOON: &str = "2";

/// Why a request was refused or failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: programs decide by `code`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The words of the HTTP status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// One sentence that names the thing and the place.
    pub detail: String,
    /// Why, for programs.
    pub code: Code,
    /// The field of the request that is meant, as a dotted path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub hint: Option<String>,
    /// The operation that it is about or that is in the way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub operation_id: Option<OperationId>,
    /// Everything that is wrong, when it is more than one thing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<Refusal>,
    /// The plan that cannot be followed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub plan: Option<Plan>,
}

/// What a handler answers when it cannot answer what was asked.
#[derive(Clone, Debug)]
pub struct Failure(Box<Problem>);

impl Failure {
    /// A problem with a code and a sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Refusal::new(code, detail).into()
    }

    /// What is said.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// Whether it says that nobody is signed in.
    pub fn is_not_signed_in(&self) -> bool {
        self.0.code == Code::NotSignedIn
    }
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let status = status(refusal.code);
        Self(Box::new(Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: refusal.message,
            code: refusal.code,
            field: refusal.field,
            hint: refusal.hint,
            operation_id: None,
            errors: Vec::new(),
            plan: None,
        }))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let mut failure = Self::from(refused.refusal);
        failure.0.plan = refused.plan.map(|plan| *plan);
        failure.0.operation_id = refused.operation_id;
        failure
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = self.0.code;
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status(code), [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
        let headers = response.headers_mut();
        match code {
            Code::NotSignedIn => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::TooManyRequests => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_GUESSES));
            }
            Code::StorageUnavailable | Code::DeviceUnreachable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SOON));
            }
            _ => {}
        }
        response
    }
}

/// The answer for a path that does not exist.
pub fn not_found() -> Failure {
    Failure::new(Code::NotFound, "there is nothing at this path")
}

/// The answer for a method that a path does not have.
pub async fn method_not_allowed() -> Failure {
    Failure::new(Code::MethodNotAllowed, "this path does not have this method")
}

/// The answer after a defect; the log has the rest.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Failure::new(Code::Internal, "an internal error happened; the server's log has the details").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M6: every code has a status that exists, and its words.
    #[test]
    fn every_code_becomes_a_problem() {
        for code in Code::ALL {
            let failure = Failure::new(*code, "why");
            assert_eq!(failure.problem().status, code.status(), "{code:?}");
            assert!(!failure.problem().title.is_empty(), "{code:?}");
            assert_eq!(failure.into_response().headers()[header::CONTENT_TYPE], CONTENT_TYPE);
        }
    }
}
