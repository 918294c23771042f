//! The store on real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod accounts;
mod audit;
mod faults;
mod kept;
mod opening;
mod operations;
mod sample;
