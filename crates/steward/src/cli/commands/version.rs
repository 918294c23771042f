//! `steward version`.

use serde_json::json;

use super::super::context::Context;
use super::super::failure::Failure;

/// The version of this program. The server's is in `steward status`.
///
/// # Errors
/// When it cannot be written.
pub fn run(context: &Context) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    context.printer.object(&json!({ "name": "steward", "version": version }), "version", || Ok(format!("steward {version}\n")))
}
