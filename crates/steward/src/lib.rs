//! Who asks: the REST and WebSocket API, the command line, the embedded web pages.
//!
//! Nothing here decides whether something may happen. A handler extracts, asks the engine, and
//! converts the answer; the command line is a client of the same API.

pub mod api;
pub mod catalog_source;
pub mod cli;
pub mod config;
pub mod embed;
pub mod hello;
pub mod logging;
pub mod master_key;
pub mod no_start;
pub mod restart;
pub mod serve;
pub mod signals;
pub mod tls;
