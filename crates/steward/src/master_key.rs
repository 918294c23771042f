//! The key that secrets are sealed with: a file in the data folder that only Steward's user reads.
//!
//! The operating system's keychain comes later; where there is none, as on most servers, this file
//! stays. A backup of the data folder that should not open its secrets leaves this file out.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use steward_engine::Random;

/// Its name in the data folder.
pub const FILE: &str = "master.key";
/// Bytes of a key.
const LENGTH: usize = 32;
/// Readable and writable by its owner, and by nobody else.
const MODE: u32 = 0o600;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key file {0} cannot be read or made")]
    Io(PathBuf, #[source] io::Error),
    /// Others than its owner may read it, so it may not be a secret any more.
    #[error("the key file {0} has the mode {1:o}; it must be 600, readable by its owner alone. If nobody else has read it: chmod 600 {0}")]
    Mode(PathBuf, u32),
    /// It is no key.
    #[error("the key file {0} is no regular file of 32 bytes; put back the right one from a backup")]
    Shape(PathBuf),
}

/// Reads the key, or makes it on the first start.
///
/// # Errors
/// When it cannot be read or made, when others can read it, or when it is no key.
pub fn load_or_make(folder: &Path, random: &dyn Random) -> Result<[u8; LENGTH], KeyError> {
    let path = folder.join(FILE);
    match make(&path, random) {
        Ok(key) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(KeyError::Io(path, error)),
    }
}

fn make(path: &Path, random: &dyn Random) -> io::Result<[u8; LENGTH]> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    let mut key = [0; LENGTH];
    random.fill(&mut key);
    let written = file
        // The mode that was asked for is cut down by the umask; a mode that is set is not.
        .set_permissions(Permissions::from_mode(MODE))
        .and_then(|()| file.write_all(&key))
        .and_then(|()| file.sync_all())
        .and_then(|()| path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()));
    if let Err(error) = written {
        // Half a key would be refused at every later start, and nothing is sealed with it yet.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(key)
}

fn read(path: &Path) -> Result<[u8; LENGTH], KeyError> {
    let failed = |error| KeyError::Io(path.to_owned(), error);
    // Without following a link: whoever may place one would choose the key.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() || about.size() != LENGTH as u64 {
        return Err(KeyError::Shape(path.to_owned()));
    }
    let mode = about.mode() & 0o7777;
    if mode != MODE {
        return Err(KeyError::Mode(path.to_owned(), mode));
    }
    let mut key = [0; LENGTH];
    file.read_exact(&mut key).map_err(failed)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use steward_engine::OsRandom;

    /// C10, M8: the key is made once, private whatever the umask, and the same ever after.
    #[test]
    fn it_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_make(folder.path(), &OsRandom).unwrap();
        assert_eq!(load_or_make(folder.path(), &OsRandom).unwrap(), first);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o600);
    }

    /// C10: a key that others could read, or that is none, is refused and left as it is.
    #[test]
    fn what_is_not_private_or_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        load_or_make(folder.path(), &OsRandom).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load_or_make(folder.path(), &OsRandom), Err(KeyError::Mode(_, 0o640))));
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(load_or_make(folder.path(), &OsRandom), Err(KeyError::Shape(_))));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(matches!(load_or_make(folder.path(), &OsRandom), Err(KeyError::Io(..))));
    }
}
