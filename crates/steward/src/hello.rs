//! The image that Steward carries in itself, for a first deployment that needs no network.

/// The name of the image.
pub const IMAGE: &str = "steward/hello:1";

/// The image as an archive, as an engine loads it.
pub static ARCHIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hello.tar"));

#[cfg(test)]
#[path = "hello_tests.rs"]
mod tests;
