//! The store on real files.

// A crash can only be tried on another process, and this is not the program that must not start any.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::disallowed_types)]

mod accounts;
mod at_use;
mod audit;
mod copies;
mod disk;
mod disks;
mod faults;
mod grants;
mod kept;
mod migrating;
mod opening;
mod operations;
mod retention;
mod sample;
mod schedules;
