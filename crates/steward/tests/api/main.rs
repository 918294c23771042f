//! The API from outside: the real router on a real port, on a simulated machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test panics, and talks to the server by raw sockets"
)]

mod accounts;
mod backups;
mod bodies;
mod deployments;
mod description;
mod development;
mod grants;
mod guard;
mod https;
mod limits;
mod live;
mod logs;
mod matrix;
mod operations;
mod pages;
mod reconcilers;
mod retention;
mod routes;
mod schedules;
mod scripts;
mod secrets;
mod setup;
mod socket;
mod support;
