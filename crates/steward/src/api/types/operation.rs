//! Operations.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::event::Progress;
use steward_core::operation::{Kind, Operation, OperationDetail, Request};
use steward_core::{Code, Refusal};

use crate::api::parse::from_value;

/// An accepted request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Accepted {
    /// The operation.
    pub operation: Operation,
    /// Whether everything was so already, and nothing is done.
    pub unchanged: bool,
}

impl From<steward_engine::Accepted> for Accepted {
    fn from(accepted: steward_engine::Accepted) -> Self {
        Self { operation: accepted.operation, unchanged: accepted.unchanged }
    }
}

/// One line of an operation's events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum OperationEvent {
    /// The operation as it is now; sent first, and with every change.
    Operation {
        /// The operation.
        operation: Box<OperationDetail>,
    },
    /// How far its running step is.
    Progress {
        /// How far.
        progress: Progress,
    },
}

/// A request of any kind, as it is sent.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "read by `read_submission`, which names what is wrong by its path; this describes it")]
pub struct SubmitRequest {
    /// What is asked.
    #[schema(inline = false)]
    #[serde(flatten)]
    request: Request,
    /// The plan that was seen; refused when another one holds now.
    plan_hash: Option<String>,
}

/// Reads a request of any kind, and the hash of the plan that was seen.
///
/// # Errors
/// `invalid_value` and `unknown_field` with the field.
pub fn read_submission(mut body: Value) -> Result<(Request, Option<String>), Refusal> {
    let hash = match body.as_object_mut().and_then(|fields| fields.shift_remove("plan_hash")) {
        None | Some(Value::Null) => None,
        Some(Value::String(hash)) => Some(hash),
        Some(_) => return Err(Refusal::new(Code::InvalidValue, "`plan_hash` must be a string").with_field("plan_hash")),
    };
    Ok((read_request(body)?, hash))
}

/// Reads a request of any kind. The kind is looked at first, so that what is wrong with its
/// parameters can be named by its path.
///
/// # Errors
/// `invalid_value` and `unknown_field` with the field.
pub fn read_request(mut body: Value) -> Result<Request, Refusal> {
    let wrong = |message: &str| Refusal::new(Code::InvalidValue, message).with_field("kind");
    let fields = body.as_object_mut().ok_or_else(|| Refusal::new(Code::InvalidValue, "the body must be an object"))?;
    let kind = fields.shift_remove("kind").ok_or_else(|| wrong("`kind` is required"))?;
    let kind = kind.as_str().and_then(Kind::parse).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        wrong("there is no operation of this kind").with_hint(format!("Known: {}.", known.join(", ")))
    })?;
    Ok(match kind {
        Kind::DeploymentDeploy => Request::DeploymentDeploy(from_value(body)?),
        Kind::DeploymentStart => Request::DeploymentStart(from_value(body)?),
        Kind::DeploymentStop => Request::DeploymentStop(from_value(body)?),
        Kind::DeploymentRestart => Request::DeploymentRestart(from_value(body)?),
        Kind::DeploymentUpdate => Request::DeploymentUpdate(from_value(body)?),
        Kind::DeploymentRollback => Request::DeploymentRollback(from_value(body)?),
        Kind::DeploymentRemove => Request::DeploymentRemove(from_value(body)?),
        Kind::DeploymentBulk => Request::DeploymentBulk(from_value(body)?),
        Kind::VolumeDelete => Request::VolumeDelete(from_value(body)?),
        Kind::ScriptRun => Request::ScriptRun(from_value(body)?),
        Kind::StewardBackup => Request::StewardBackup(from_value(body)?),
        Kind::StewardRestart => Request::StewardRestart(from_value(body)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// P1, R16: nothing but the known kinds, with nothing but their own parameters.
    #[test]
    fn requests_are_read_strictly() {
        let request = read_request(json!({ "kind": "deployment.deploy", "application": "hello" }));
        assert_eq!(request.map(|request| request.kind()), Ok(Kind::DeploymentDeploy));
        let cases = [
            (json!([]), Code::InvalidValue, None),
            (json!({}), Code::InvalidValue, Some("kind")),
            (json!({ "kind": 1 }), Code::InvalidValue, Some("kind")),
            (json!({ "kind": "shell", "command": "ls" }), Code::InvalidValue, Some("kind")),
            (json!({ "kind": "deployment.deploy" }), Code::InvalidValue, Some("application")),
            (json!({ "kind": "deployment.deploy", "application": "../x" }), Code::InvalidValue, Some("application")),
            (json!({ "kind": "deployment.deploy", "application": "x", "shell": "ls" }), Code::UnknownField, Some("shell")),
            (
                json!({ "kind": "deployment.deploy", "application": "x", "ports": { "80/tcp": "x" } }),
                Code::InvalidValue,
                Some("ports.80/tcp"),
            ),
        ];
        for (body, code, field) in cases {
            let refusal = read_request(body.clone()).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (code, field), "{body}: {refusal}");
        }
    }
}
