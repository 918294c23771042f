//! What gets done: the one door.
//!
//! Nothing changes a device except an operation, and every operation passes the same door:
//! parsed into types, authorized, planned, audited, locked, run step by step under a deadline,
//! journalled, undone last-in-first-out when a step fails, recovered after a crash, reported live.

mod accept;
pub mod accounts;
pub mod backups;
pub mod bus;
pub mod catalog;
mod control;
mod development;
mod door;
mod engine;
mod error;
pub mod faults;
mod logs;
mod observe;
pub mod operations;
mod queries;
mod reconcile;
mod recovery;
mod restart;
mod retention;
mod reveal;
mod rights;
mod run;
mod schedules;
mod seams;
mod supervise;
mod vault;
mod worker;

pub use backups::BackupConfig;
pub use door::{Accepted, Refused, Submission};
pub use engine::{Engine, EngineConfig, StartError, Timing};
pub use logs::{LogBatch, LogQuery};
pub use queries::{
    Busy, ConfigView, DeploymentView, DeviceView, FileView, Link, Problem, RevisionView, ScriptLastRun, ScriptView, ScriptsView,
    ServiceView, VolumeView,
};
pub use restart::{Process, Restart};
pub use retention::RetentionView;
pub use schedules::{CalendarDay, CalendarQuery, RunView, SchedulePreview, ScheduleView};
pub use seams::{Clock, OsRandom, Random, SystemClock};
