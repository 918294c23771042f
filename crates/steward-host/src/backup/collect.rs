//! What a backup has of a data folder, the database apart.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::Ordering;

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use steward_core::backup::{CATALOG, MASTER_KEY, Member, MemberPath, PROJECTS, TLS};

use super::error::{BackupError, Result, at, os};
use super::{LARGEST_MEMBER, MOST_MEMBERS, Sealed, Stop};
use crate::beneath;

/// The files of a data folder that go into a backup, in order, and what stays out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Each file with its size and hash.
    pub members: Vec<Member>,
    /// Paths of links, of what is neither file nor folder, and of what is too large or too deep.
    pub left_out: Vec<String>,
}

/// Reads through the files of a data folder.
///
/// # Errors
/// When one cannot be read, or there are too many.
pub fn collect(data: &Path, stop: &Stop) -> Result<Contents> {
    let root = beneath::root(data).map_err(os(data))?;
    let mut walk = Walk { data, root, stop, found: Contents::default() };
    walk.entry(MASTER_KEY, 1)?;
    walk.entry(PROJECTS, 1)?;
    walk.entry(CATALOG, 1)?;
    walk.entry(TLS, 1)?;
    Ok(walk.found)
}

/// A file from anywhere as the member of this path.
///
/// # Errors
/// When it cannot be read, or the path is none that a backup has.
pub fn member(file: &Path, path: &str, stop: &Stop) -> Result<Member> {
    let path = MemberPath::parse(path).map_err(|refusal| BackupError::Damaged(refusal.message))?;
    let Sealed { size, sha256 } = hash(file, stop)?;
    Ok(Member { path, size, sha256 })
}

/// Size and SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn hash(file: &Path, stop: &Stop) -> Result<Sealed> {
    let (size, sha256) = digest(File::open(file).map_err(at(file))?, file, stop)?;
    Ok(Sealed { size, sha256 })
}

/// Opens a file that was collected.
pub(super) fn open(data: &Path, path: &str) -> Result<File> {
    let root = beneath::root(data).map_err(os(data))?;
    let fd = beneath::open(&root, path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).map_err(os(&data.join(path)))?;
    Ok(File::from(fd))
}

/// Size and SHA-256 in hex of what can be read.
fn digest(mut from: impl Read, path: &Path, stop: &Stop) -> Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(BackupError::Stopped);
        }
        let read = from.read(&mut buffer).map_err(at(path))?;
        if read == 0 {
            return Ok((size, hex::encode(hash.finalize())));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

struct Walk<'a> {
    data: &'a Path,
    root: OwnedFd,
    stop: &'a Stop,
    found: Contents,
}

impl Walk<'_> {
    /// A file or a folder; what is not there is no error.
    fn entry(&mut self, path: &str, depth: usize) -> Result<()> {
        let place = self.data.join(path);
        let fd = match beneath::open(&self.root, path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::LOOP | Errno::XDEV | Errno::NXIO) => {
                self.found.left_out.push(path.to_owned());
                return Ok(());
            }
            Err(error) => return Err(os(&place)(error)),
        };
        let about = rustix::fs::fstat(&fd).map_err(os(&place))?;
        match FileType::from_raw_mode(about.st_mode) {
            FileType::Directory if depth < MemberPath::DEPTH => self.folder(fd, path, depth),
            FileType::RegularFile => self.file(fd, path, u64::try_from(about.st_size).unwrap_or(u64::MAX)),
            _ => {
                self.found.left_out.push(path.to_owned());
                Ok(())
            }
        }
    }

    fn folder(&mut self, fd: OwnedFd, path: &str, depth: usize) -> Result<()> {
        let place = self.data.join(path);
        let mut names = Vec::new();
        for entry in Dir::new(fd).map_err(os(&place))? {
            let entry = entry.map_err(os(&place))?;
            match entry.file_name().to_str() {
                Ok("." | "..") => {}
                Ok(name) => names.push(name.to_owned()),
                Err(_) => self.found.left_out.push(format!("{path}/{}", entry.file_name().to_string_lossy())),
            }
        }
        names.sort();
        for name in names {
            self.entry(&format!("{path}/{name}"), depth + 1)?;
        }
        Ok(())
    }

    fn file(&mut self, fd: OwnedFd, path: &str, size: u64) -> Result<()> {
        let Some(member) = MemberPath::parse(path).ok().filter(|_| size <= LARGEST_MEMBER) else {
            self.found.left_out.push(path.to_owned());
            return Ok(());
        };
        if self.found.members.len() >= MOST_MEMBERS {
            return Err(BackupError::Damaged(format!("there are more than {MOST_MEMBERS} files in {}", self.data.display())));
        }
        // No more than the limit, also of a file that grows meanwhile.
        let (size, sha256) = digest(File::from(fd).take(LARGEST_MEMBER), &self.data.join(path), self.stop)?;
        self.found.members.push(Member { path: member, size, sha256 });
        Ok(())
    }
}
