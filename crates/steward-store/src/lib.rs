//! What is remembered: all SQL is in this crate, and nothing but SQL.
//!
//! [`Store`] owns the database file; each module holds the functions for one kind of thing. They
//! take a [`Connection`], so that callers combine several of them in one transaction:
//!
//! ```no_run
//! # async fn example(store: &steward_store::Store) -> steward_store::Result<()> {
//! let mut tx = store.begin().await?;
//! steward_store::meta::put(&mut tx, "colour", "green").await?;
//! tx.commit().await
//! # }
//! ```
//!
//! Every value that is read is parsed again with the types of `steward-core`: what another program
//! wrote into the file cannot become a name or an id that these types would refuse.

mod clean;
mod copy;
mod error;
mod faults;
mod migrate;
mod open;
mod row;
mod store;

pub mod audit;
pub mod commands;
pub mod deployments;
pub mod devices;
pub mod grants;
pub mod idempotency;
pub mod journal;
pub mod locks;
pub mod meta;
pub mod operations;
pub mod retention;
pub mod revisions;
pub mod schedule_runs;
pub mod schedules;
pub mod secrets;
pub mod sessions;
pub mod targets;
pub mod tokens;
pub mod users;

pub use copy::{Copy, inspect, put_meta};
pub use error::{Result, StoreError};
pub use faults::WriteFaults;
pub use migrate::KNOWN_VERSION;
pub use open::{APPLICATION_ID, FILE, FolderLock, LOCK_FILE};
pub use store::{Connection, Reader, Store, Tx};
