//! How machines are touched. The only crate that starts a process, opens an engine's socket or
//! writes a file on a device.
//!
//! A [`Host`] takes typed requests and never a command line. It knows nothing of deployments,
//! roles or SQL. [`local::LocalHost`] is the machine Steward runs on; [`simulated::SimulatedHost`]
//! stands in for a machine in tests. Requests do not assume that the machine is local.

// The lint forbids the constructors of processes, sockets and files everywhere but here: this crate
// is the one place where machines are touched.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod backup;
mod beneath;
mod compose;
pub mod error;
pub mod host;
pub mod local;
pub mod own_program;
mod project;
pub mod simulated;

pub use error::{HostError, HostErrorKind};
pub use host::{
    CommandReport, ComposeAction, ComposeRequest, EngineEvent, Host, LogsRequest, PortProbe, ProbeOutcome, ProgressSink, ProjectFile,
    ScriptRequest, Silent,
};
