//! The command line as a person or a script uses it: the real program, against a real server, and
//! against a made-up one where an operation has to end in a certain way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::disallowed_types)]

mod account;
mod acme;
mod catalog;
#[allow(dead_code, reason = "the store's tests use all of it")]
#[path = "../../../steward-store/tests/store/disk.rs"]
mod disk;
mod disks;
mod errors;
mod health;
mod https;
mod https_trust;
mod keeping;
mod lab;
mod logs;
mod output;
mod own;
mod restart;
mod schedules;
mod server;
mod stub;
mod tls;
mod waiting;
