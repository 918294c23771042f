//! The key that opens backups: an identity file of `age`, readable by Steward's user alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::error::{BackupError, Result, at};

/// Its name in the data folder.
pub const KEY_FILE: &str = "backup.key";
/// The largest file that is read as one.
const LARGEST: u64 = 64 * 1024;
/// Readable and writable by its owner, and by nobody else.
const MODE: u32 = 0o600;

/// The key pair of the backups. Earlier keys may follow in the same file; they open, and are not used
/// for new backups.
pub struct BackupKey {
    identities: Vec<Identity>,
    text: Zeroizing<String>,
}

impl std::fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BackupKey({})", self.recipient())
    }
}

impl BackupKey {
    /// The key of a data folder; none when it has none yet.
    ///
    /// # Errors
    /// `NoKey` when the file is no key, or others may read it.
    pub fn load(data: &Path) -> Result<Option<Self>> {
        let path = data.join(KEY_FILE);
        let file = match open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(at(&path))?,
        };
        let mode = file.metadata().map_err(at(&path))?.permissions().mode() & 0o7777;
        if mode != MODE {
            return Err(BackupError::NoKey(path, "others than its owner may read it; its mode must be 600"));
        }
        read(&path, file).map(Some)
    }

    /// A key from any file.
    ///
    /// # Errors
    /// `NoKey` when it has none.
    pub fn from_file(path: &Path) -> Result<Self> {
        read(path, open(path).map_err(at(path))?)
    }

    /// Makes the key of a data folder that has none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make(data: &Path) -> Result<Self> {
        let identity = Identity::generate();
        let secret = identity.to_string();
        let text = Zeroizing::new(format!(
            "# The key of Steward's backups. Keep a copy where the backups are not.\n# public key: {}\n{}\n",
            identity.to_public(),
            secret.expose_secret()
        ));
        let key = Self { identities: vec![identity], text };
        key.write(&data.join(KEY_FILE))?;
        Ok(key)
    }

    /// Writes it to a file that is not there yet.
    ///
    /// # Errors
    /// When it is there, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let new = path.with_extension("key.new");
        let written = (|| {
            match std::fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&new)?;
            file.set_permissions(Permissions::from_mode(MODE))?;
            file.write_all(self.text.as_bytes())?;
            file.sync_all()?;
            // A link instead of a rename: another key that is there must not go.
            std::fs::hard_link(&new, path)?;
            std::fs::remove_file(&new)?;
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        })();
        written.map_err(at(path))
    }

    /// The public key, to which new backups are encrypted.
    pub fn recipient(&self) -> String {
        self.public().to_string()
    }

    /// The whole file: what has to be kept.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn public(&self) -> Recipient {
        // Never empty: a file without a key is refused.
        self.identities[0].to_public()
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.identities.iter().map(|identity| identity as &dyn age::Identity)
    }
}

/// Without following a link, and without waiting for whoever writes into a FIFO.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn read(path: &Path, file: File) -> Result<BackupKey> {
    let none = |why| BackupError::NoKey(path.to_owned(), why);
    if !file.metadata().map_err(at(path))?.is_file() {
        return Err(none("it is no regular file"));
    }
    let mut text = Zeroizing::new(String::new());
    match file.take(LARGEST).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(none("it is no key of age")),
        other => other.map_err(at(path))?,
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let identities: std::result::Result<Vec<Identity>, _> = lines.map(str::parse).collect();
    match identities {
        Ok(identities) if !identities.is_empty() => Ok(BackupKey { identities, text }),
        _ => Err(none("it is no key of age: a line AGE-SECRET-KEY-1... is expected")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    /// R33: made once, private, the same ever after; an earlier one in the same file still opens.
    #[test]
    fn a_key_is_made_once_and_private() {
        let data = tempfile::tempdir().unwrap();
        assert!(BackupKey::load(data.path()).unwrap().is_none());
        let made = BackupKey::make(data.path()).unwrap();
        let path = data.path().join(KEY_FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(BackupKey::load(data.path()).unwrap().unwrap().recipient(), made.recipient());
        assert!(BackupKey::make(data.path()).is_err(), "a key that is there stays");
        assert_eq!(BackupKey::load(data.path()).unwrap().unwrap().recipient(), made.recipient());
        assert_eq!(std::fs::metadata(&path).unwrap().nlink(), 1);
        let other = tempfile::tempdir().unwrap();
        let newer = BackupKey::make(other.path()).unwrap();
        std::fs::write(&path, format!("{}\n{}", newer.text(), made.text())).unwrap();
        let both = BackupKey::load(data.path()).unwrap().unwrap();
        assert_eq!((both.recipient(), both.identities().count()), (newer.recipient(), 2));
        assert!(!format!("{both:?}").contains("SECRET"), "R34");
    }

    #[test]
    fn what_is_no_key_or_not_private_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(KEY_FILE);
        BackupKey::make(data.path()).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(BackupKey::load(data.path()), Err(BackupError::NoKey(..))));
        assert!(BackupKey::from_file(&path).is_ok(), "a copy on another medium may have any mode");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for text in ["", "# nothing\n", "AGE-SECRET-KEY-1NONSENSE", "\u{0}"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(BackupKey::load(data.path()), Err(BackupError::NoKey(..))), "{text:?}");
        }
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert!(matches!(BackupKey::load(data.path()), Err(BackupError::NoKey(..))));
        std::fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        assert!(BackupKey::load(data.path()).is_err());
    }
}
