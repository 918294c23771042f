//! Writes a backup.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};
use steward_core::backup::{DATABASE, MANIFEST, Manifest};

use super::error::{BackupError, Result, at};
use super::{BackupKey, Stop, collect};

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The file's size in bytes.
    pub size: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// Writes the files that a manifest names into a new file, encrypted, and waits until it is on the
/// disk. The database is read from `database`, everything else from the data folder.
///
/// # Errors
/// `Changed` when a file is not as the manifest says any more; `Io` when it cannot be written.
pub fn seal(data: &Path, database: &Path, manifest: &Manifest, key: &BackupKey, to: &Path, stop: &Stop) -> Result<Sealed> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(at(to))?;
    // The mode that was asked for is cut down by the umask; a mode that is set is not.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(at(to))?;
    let counted = Counted { inner: &file, hash: Sha256::new(), size: 0 };
    let public = key.public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&public as &dyn age::Recipient))
        .map_err(|error| BackupError::Damaged(error.to_string()))?;
    let mut tar = tar::Builder::new(encryptor.wrap_output(counted).map_err(at(to))?);
    let text = serde_json::to_vec(manifest).map_err(|error| BackupError::Damaged(error.to_string()))?;
    add(&mut tar, to, MANIFEST, text.len() as u64, text.as_slice())?;
    for member in &manifest.members {
        let path = member.path.as_str();
        let from = if path == DATABASE { File::open(database).map_err(at(database))? } else { collect::open(data, path)? };
        // Another length would shift everything that follows.
        let length = from.metadata().map_err(at(to))?.len();
        if length != member.size {
            return Err(BackupError::Changed(path.to_owned()));
        }
        let mut watched =
            Watched { inner: BufReader::with_capacity(64 * 1024, from.take(member.size)), hash: Sha256::new(), read: 0, stop };
        let added = add(&mut tar, to, path, member.size, &mut watched);
        if stop.load(Ordering::Relaxed) {
            return Err(BackupError::Stopped);
        }
        added?;
        if watched.read != member.size || hex::encode(watched.hash.finalize()) != member.sha256 {
            return Err(BackupError::Changed(path.to_owned()));
        }
    }
    let counted = tar.into_inner().and_then(age::stream::StreamWriter::finish).map_err(at(to))?;
    let sealed = Sealed { size: counted.size, sha256: hex::encode(counted.hash.finalize()) };
    file.sync_all().map_err(at(to))?;
    // What is read again to check it must come from the disk and not from memory.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    Ok(sealed)
}

fn add(tar: &mut tar::Builder<impl Write>, to: &Path, path: &str, size: u64, from: impl Read) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    tar.append_data(&mut header, path, from).map_err(at(to))
}

/// Counts and hashes what is written.
struct Counted<'a> {
    inner: &'a File,
    hash: Sha256,
    size: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes what is read, and ends early when nobody wants it any more.
struct Watched<'a, R> {
    inner: R,
    hash: Sha256,
    read: u64,
    stop: &'a Stop,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("stopped"));
        }
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.read += read as u64;
        Ok(read)
    }
}
