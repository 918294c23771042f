//! Host maintenance scripts: which there are, and which of them may be run.
//!
//! Only root can put a script in place: the folder, everything above it, and the file belong to root
//! and nobody else can write to them. Each part of the path is opened from the handle of the one above
//! it, without following links, and judged by that handle; so what is judged is what is listed and run.

mod run;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;
use sha2::{Digest, Sha256};
use steward_core::name::ScriptName;
use steward_core::script::{HostScript, HostScripts, header};

/// The largest script that is run; a program that is larger is started by a small one.
const LARGEST: u64 = 4 * 1024 * 1024;
/// How much of a script is searched for its header.
const HEADER: usize = 8 * 1024;
/// Files in the folder that are judged.
const MOST: usize = 256;

/// Why something is refused.
type Refused = String;

/// A script that may be run, and the handle by which it was judged.
pub(super) struct Judged {
    /// The open file.
    pub handle: OwnedFd,
    /// Its SHA-256 in hex.
    pub sha256: String,
    header: steward_core::script::Header,
}

/// Every script of a folder.
pub(super) fn list(root: &Path) -> HostScripts {
    let mut found = HostScripts { folder: root.display().to_string(), runs_as: runs_as(), problem: None, scripts: Vec::new() };
    match open_folder(root).and_then(|folder| Ok((names(&folder)?, folder))) {
        Ok((names, folder)) => {
            if names.len() > MOST {
                found.problem = Some(format!("there are {} files in it, of which only the first {MOST} are looked at", names.len()));
            }
            found.scripts = names.iter().take(MOST).map(|name| describe(root, &folder, name)).collect();
        }
        Err(why) => found.problem = Some(why),
    }
    found
}

/// The user that scripts run as, in words.
fn runs_as() -> String {
    let id = geteuid().as_raw();
    if id == 0 { "root".to_owned() } else { format!("Steward's own user (id {id})") }
}

fn describe(root: &Path, folder: &OwnedFd, name: &str) -> HostScript {
    let judged = judge(folder, name);
    let (sha256, refused, header) = match judged {
        Ok(judged) => (Some(judged.sha256), None, Some(judged.header)),
        Err(why) => (None, Some(why), None),
    };
    let deadline = header.as_ref().map_or(steward_core::script::LONGEST, |header| header.deadline);
    let (title, description) = header.map(|header| (header.title, header.description)).unwrap_or_default();
    // A name can hold anything but a slash; what cannot be one is shown, and refused.
    let shown = steward_core::capture::visible(name);
    let path = root.join(&shown).display().to_string();
    HostScript { name: shown, path, title, description, deadline_seconds: deadline.as_secs(), sha256, refused }
}

/// Opens a script and judges it; the handle stays open as long as it is needed.
pub(super) fn judge(folder: &OwnedFd, name: &str) -> Result<Judged, Refused> {
    ScriptName::parse(name).map_err(|refusal| refusal.message)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let handle = rustix::fs::openat2(folder, name, flags, Mode::empty(), resolve).map_err(why_not_open)?;
    let found = stat(&handle)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err("it is not a regular file".to_owned());
    }
    only_roots(&found)?;
    let mode = Mode::from_raw_mode(found.st_mode);
    if !mode.intersects(Mode::XUSR | Mode::XGRP | Mode::XOTH) {
        return Err("it is not executable; as root: chmod 755".to_owned());
    }
    if mode.intersects(Mode::SUID | Mode::SGID) {
        return Err("it would change the user by itself (setuid or setgid)".to_owned());
    }
    let bytes = read(&handle)?;
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER)]).into_owned();
    Ok(Judged { handle, sha256: hex::encode(Sha256::digest(&bytes)), header: header(&beginning)? })
}

fn read(handle: &OwnedFd) -> Result<Vec<u8>, Refused> {
    let unreadable = |error: io::Error| format!("it cannot be read: {error}");
    let mut bytes = Vec::new();
    File::from(handle.try_clone().map_err(unreadable)?).take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST { Err(format!("it is larger than {} MiB", LARGEST / 1024 / 1024)) } else { Ok(bytes) }
}

/// Opens the folder, part by part from the root, and judges each part.
pub(super) fn open_folder(root: &Path) -> Result<OwnedFd, Refused> {
    if !root.is_absolute() {
        return Err(format!("`{}` is not an absolute path", root.display()));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut reached = Path::new("/").to_owned();
    let open = |reached: &Path, opened: Result<OwnedFd, Errno>| {
        let told = |why: String| format!("`{}`: {why}", reached.display());
        let handle = opened.map_err(|error| told(why_not_open(error)))?;
        only_roots(&stat(&handle).map_err(told)?).map_err(told)?;
        Ok::<_, Refused>(handle)
    };
    let mut handle = open(&reached, rustix::fs::open("/", flags, Mode::empty()))?;
    for part in root.components() {
        match part {
            Component::RootDir => {}
            Component::Normal(name) => {
                reached.push(name);
                handle = open(&reached, rustix::fs::openat(&handle, name, flags, Mode::empty()))?;
            }
            _ => return Err(format!("`{}` has `..` in it", root.display())),
        }
    }
    Ok(handle)
}

/// The names in a folder, in order.
fn names(folder: &OwnedFd) -> Result<Vec<String>, Refused> {
    let unreadable = |error: Errno| format!("it cannot be read: {}", io::Error::from(error));
    let mut names = Vec::new();
    for entry in Dir::read_from(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn stat(handle: impl AsFd) -> Result<Stat, Refused> {
    rustix::fs::fstat(handle).map_err(|error| format!("it cannot be looked at: {}", io::Error::from(error)))
}

/// Refuses what does not belong to root, or what others can write.
fn only_roots(found: &Stat) -> Result<(), Refused> {
    if found.st_uid != 0 {
        return Err(format!("it belongs to user {}, not to root", found.st_uid));
    }
    // The bits of the group are also the upper bound of what access control lists give.
    if Mode::from_raw_mode(found.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
        return Err("others than root can write to it; as root: chmod go-w".to_owned());
    }
    Ok(())
}

fn why_not_open(error: Errno) -> Refused {
    match error {
        Errno::LOOP | Errno::NOTDIR => "it is a symbolic link or no folder; links are not followed".to_owned(),
        Errno::NOENT => "it is not there".to_owned(),
        Errno::ACCESS => "Steward's user may not read it".to_owned(),
        Errno::NOSYS => "openat2 is missing: Steward needs Linux 5.6 or later, and no RestrictSUIDSGID in its unit".to_owned(),
        other => format!("it cannot be opened: {}", io::Error::from(other)),
    }
}

#[cfg(test)]
mod tests;
