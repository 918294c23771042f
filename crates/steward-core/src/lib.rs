//! What things are: names, ids, definitions, plans, states, roles, events, errors.
//!
//! This crate does no I/O and knows no clock, no async, no HTTP and no SQL: the same input gives
//! the same answer. Everything that crosses a boundary is parsed here, once, into a type that
//! cannot hold a bad value.

pub mod audit;
pub mod backup;
pub mod capture;
pub mod compose;
pub mod definition;
pub mod deployment;
pub mod device;
pub mod diff;
pub mod event;
pub mod id;
pub mod log;
pub mod name;
pub mod operation;
pub mod plan;
pub mod preflight;
pub mod reconciler;
pub mod redact;
pub mod refusal;
pub mod retention;
pub mod rights;
pub mod role;
pub mod schedule;
pub mod script;
pub mod time;
pub mod user;

pub use id::{AuditId, DeploymentId, DeviceId, GrantId, OperationId, ScheduleId, SessionId, TokenId, UserId};
pub use refusal::{Code, Refusal};
pub use time::Timestamp;
