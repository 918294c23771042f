//! The engine on a simulated machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

mod accounts;
mod backups;
mod bulk;
mod deploy;
mod development;
mod disk;
mod faults;
mod lifecycle;
mod process;
mod reconcilers;
mod recovery;
mod reference;
mod restart;
mod retention;
mod scene;
mod schedule_changes;
mod schedules;
mod scripts;
mod simulation;
mod stage;
mod throughput;
mod twice;
