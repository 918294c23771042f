//! Refusals: what Steward answers when it will not or cannot do something.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $exit:literal;)*) => {
        /// Why something was refused. Stable: programs decide by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] #[schema(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code, for the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The HTTP status that carries it.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// The exit code of the CLI.
            pub fn exit(self) -> u8 {
                match self { $(Code::$variant => $exit,)* }
            }
        }
    };
}

codes! {
    /// An id that cannot be one.
    InvalidId = "invalid_id", 422, 2;
    /// A name out of pattern.
    InvalidName = "invalid_name", 422, 2;
    /// A value of the wrong type or out of range.
    InvalidValue = "invalid_value", 422, 2;
    /// A field that does not exist.
    UnknownField = "unknown_field", 422, 2;
    /// The body is no JSON, or not of this shape.
    InvalidBody = "invalid_body", 400, 2;
    /// The content type is not JSON.
    UnsupportedMediaType = "unsupported_media_type", 415, 2;
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", 413, 2;
    /// A catalog entry or definition does not parse.
    InvalidDefinition = "invalid_definition", 422, 2;
    /// Something a definition or Compose file may not ask for.
    ForbiddenByPolicy = "forbidden_by_policy", 422, 2;
    /// There is no such thing, or none that this actor may see.
    NotFound = "not_found", 404, 3;
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, 2;
    /// Nobody is signed in.
    NotSignedIn = "not_signed_in", 401, 4;
    /// Wrong name or password.
    SignInFailed = "sign_in_failed", 401, 4;
    /// The role does not allow it.
    NotAllowed = "not_allowed", 403, 4;
    /// A development instance may not touch a device that is not marked as development.
    DevelopmentOnly = "development_only", 403, 4;
    /// A wrong set-up code.
    SetupCodeWrong = "setup_code_wrong", 403, 4;
    /// A request from another site.
    CrossOrigin = "cross_origin", 403, 4;
    /// A request that changes something came over plain HTTP to a server that speaks HTTPS.
    HttpsRequired = "https_required", 403, 2;
    /// The Host header names a host that is not this server.
    UnknownHost = "unknown_host", 421, 4;
    /// Too many tries.
    TooManyRequests = "too_many_requests", 429, 4;
    /// The name is taken.
    NameTaken = "name_taken", 409, 8;
    /// A pre-flight check failed; nothing was changed.
    PreflightFailed = "preflight_failed", 409, 5;
    /// The world changed since the plan was made.
    PlanStale = "plan_stale", 409, 8;
    /// Another operation holds the lock.
    Locked = "locked", 409, 8;
    /// The object changed since it was read.
    Conflict = "conflict", 409, 8;
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", 409, 8;
    /// The operation is not in a state that allows this.
    WrongState = "wrong_state", 409, 8;
    /// The typed confirmation is missing or wrong.
    ConfirmationRequired = "confirmation_required", 422, 2;
    /// The device, or its engine, does not answer.
    DeviceUnreachable = "device_unreachable", 503, 9;
    /// Something outside took too long.
    TimedOut = "timed_out", 504, 1;
    /// A step failed.
    StepFailed = "step_failed", 500, 6;
    /// Steward cannot store anything now.
    StorageUnavailable = "storage_unavailable", 503, 1;
    /// A defect of Steward's own.
    Internal = "internal", 500, 1;
}

/// One refusal: a code for programs, a sentence for people, and where it applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// One sentence that names the thing and the place.
    pub message: String,
    /// The field of the request that is meant, as a dotted path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(nullable = false)]
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal with a code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, hint: None }
    }

    /// Names the field that is meant.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `not_found` for a kind of thing and what was asked for.
    pub fn not_found(what: &str, which: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} `{which}`"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
