//! Builds the image `steward/hello:1`, which every Steward carries in itself, so that a first
//! deployment works without a network; and sees to the folder of the web pages.
//!
//! The program in it (`hello/server.rs`) is compiled by the very compiler that compiles Steward, for
//! the same target, and packed as `docker save` would. The same sources give the same bytes.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a build script runs the compiler and is told by variables which")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use sha2::{Digest, Sha256};

const TAG: &str = "steward/hello:1";
const SOURCES: &[&str] = &["hello/server.rs", "hello/kernel.rs", "hello/memory.rs", "hello/text.rs"];

/// What the build of the web UI writes, and the program takes in.
const WEB: &str = "../../web/dist";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    web_folder()?;
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let program = out.join("hello");
    compile(&program)?;
    let image = image(&fs::read(&program)?, architecture()?)?;
    fs::write(out.join("hello.tar"), image)?;
    Ok(())
}

/// A build without optimisation reads the pages from their folder while it runs, whenever they come;
/// others have them inside, and are built again when they change.
fn web_folder() -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(WEB)?;
    if env::var("PROFILE")? == "release" {
        println!("cargo::rerun-if-changed={WEB}");
    }
    Ok(())
}

/// The architecture in Docker's words.
fn architecture() -> Result<&'static str, Box<dyn Error>> {
    match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => Err(format!("the program of the image {TAG} knows no system calls of `{other}`; add them to hello/kernel.rs").into()),
    }
}

fn compile(program: &Path) -> Result<(), Box<dyn Error>> {
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc.args(["--edition", "2024", "--crate-name", "hello", "--crate-type", "bin", "--target"]).arg(env::var("TARGET")?);
    for option in [
        "panic=abort",
        "opt-level=s",
        "relocation-model=static",
        "strip=symbols",
        "link-arg=-nostdlib",
        "link-arg=-static",
        "link-arg=-nostartfiles",
    ] {
        rustc.args(["-C", option]);
    }
    // A build for another machine names the linker that knows it.
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let status = rustc.arg("-o").arg(program).arg(SOURCES.first().ok_or("no source")?).status()?;
    if status.success() { Ok(()) } else { Err(format!("compiling the program of the image {TAG}: {status}").into()) }
}

/// The image, as `docker save` writes one: a list of images, their configurations, their layers.
fn image(program: &[u8], architecture: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let layer = archive(&[("hello", program, 0o755)])?;
    let layer_digest = hex::encode(Sha256::digest(&layer));
    let config = format!(
        concat!(
            r#"{{"architecture":"{architecture}","os":"linux","created":"1970-01-01T00:00:00Z","#,
            r#""config":{{"User":"65534:65534","ExposedPorts":{{"8080/tcp":{{}}}},"Env":["PATH=/"],"Entrypoint":["/hello"],"WorkingDir":"/"}},"#,
            r#""rootfs":{{"type":"layers","diff_ids":["sha256:{layer_digest}"]}},"#,
            r#""history":[{{"created":"1970-01-01T00:00:00Z","created_by":"steward"}}]}}"#,
        ),
        architecture = architecture,
        layer_digest = layer_digest,
    );
    let config_name = format!("{}.json", hex::encode(Sha256::digest(&config)));
    let layer_name = format!("{layer_digest}/layer.tar");
    let manifest = format!(r#"[{{"Config":"{config_name}","RepoTags":["{TAG}"],"Layers":["{layer_name}"]}}]"#);
    archive(&[(&layer_name, &layer, 0o644), (&config_name, config.as_bytes(), 0o644), ("manifest.json", manifest.as_bytes(), 0o644)])
}

/// An archive of files that belong to root and have no age.
fn archive(files: &[(&str, &[u8], u32)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content, mode) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        builder.append_data(&mut header, name, *content)?;
    }
    Ok(builder.into_inner()?)
}
