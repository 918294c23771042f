//! Files of projects, reached from a handle of the projects' folder: no name and no link can lead
//! out of it, and what is written is there whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::beneath;
use crate::error::{HostError, HostErrorKind};
use crate::host::{ProjectFile, Result};
use crate::project;

/// The largest file that is read back; nothing that Steward writes comes near it.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Writers take turns: the temporary file has a fixed name, so that one which a crash left behind
/// is overwritten instead of kept for ever.
static WRITERS: Mutex<()> = Mutex::new(());

/// Reads a file; none when it is not there.
pub(crate) async fn read(root: &Path, project: &str, file: ProjectFile) -> Result<Option<String>> {
    let place = Place::new(root, project, file)?;
    blocking(move || place.read()).await
}

/// Writes a file.
pub(crate) async fn write(root: &Path, project: &str, file: ProjectFile, content: &str) -> Result<()> {
    let place = Place::new(root, project, file)?;
    let content = content.to_owned();
    blocking(move || place.write(content.as_bytes())).await
}

/// Removes a file, and the folder when nothing is left in it.
pub(crate) async fn remove(root: &Path, project: &str, file: ProjectFile) -> Result<()> {
    let place = Place::new(root, project, file)?;
    blocking(move || place.remove()).await
}

/// Whether a file is there.
pub(crate) async fn exists(root: &Path, project: &str, file: ProjectFile) -> Result<bool> {
    let place = Place::new(root, project, file)?;
    blocking(move || place.exists()).await
}

/// The disk can be slow, so it is never waited for on a thread that serves others.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(HostError::new(HostErrorKind::Failed, format!("a file operation broke off: {error}"))))
}

/// One file of one project.
#[derive(Debug)]
struct Place {
    root: PathBuf,
    project: String,
    name: &'static str,
}

impl Place {
    fn new(root: &Path, project: &str, file: ProjectFile) -> Result<Self> {
        Ok(Self { root: root.to_owned(), project: project::check(project)?.to_owned(), name: file.file_name() })
    }

    fn failed(&self, doing: &str, error: Errno) -> HostError {
        let path = self.root.join(&self.project).join(self.name);
        let reason = match error {
            Errno::NOSYS => "openat2 is missing: Steward needs Linux 5.6 or later, and no RestrictSUIDSGID in its unit".to_owned(),
            Errno::LOOP => "there is a symbolic link in its path, which Steward does not follow".to_owned(),
            other => io::Error::from(other).to_string(),
        };
        HostError::new(HostErrorKind::Failed, format!("{doing} `{}`: {reason}", path.display()))
    }

    fn temporary(&self) -> String {
        format!(".{}.new", self.name)
    }

    /// The project's folder, when it is there.
    fn folder(&self) -> std::result::Result<Option<OwnedFd>, Errno> {
        let Some(root) = missing_is_none(beneath::root(&self.root))? else { return Ok(None) };
        missing_is_none(beneath::open(&root, &self.project, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty()))
    }

    fn exists(&self) -> Result<bool> {
        let look = || -> std::result::Result<bool, Errno> {
            let Some(folder) = self.folder()? else { return Ok(false) };
            match rustix::fs::statat(&folder, self.name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => Ok(FileType::from_raw_mode(found.st_mode) == FileType::RegularFile),
                Err(Errno::NOENT) => Ok(false),
                Err(error) => Err(error),
            }
        };
        look().map_err(|error| self.failed("looking for", error))
    }

    fn read(&self) -> Result<Option<String>> {
        let opened = self.folder().and_then(|folder| {
            let Some(folder) = folder else { return Ok(None) };
            // A FIFO in the file's place must not hang the reader.
            missing_is_none(beneath::open(&folder, self.name, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()))
        });
        let Some(fd) = opened.map_err(|error| self.failed("reading", error))? else { return Ok(None) };
        let odd = |text: &str| HostError::new(HostErrorKind::BadAnswer, format!("reading `{}` of `{}`: {text}", self.name, self.project));
        let found = rustix::fs::fstat(&fd).map_err(|error| self.failed("reading", error))?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(odd("it is no regular file"));
        }
        let mut bytes = Vec::new();
        File::from(fd).take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| odd(&error.to_string()))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(odd("it is larger than 4 MiB"));
        }
        String::from_utf8(bytes).map(Some).map_err(|_| odd("it is not text in UTF-8"))
    }

    fn write(&self, content: &[u8]) -> Result<()> {
        let _turn = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
        self.try_write(content).map_err(|error| self.failed("writing", error))
    }

    fn try_write(&self, content: &[u8]) -> std::result::Result<(), Errno> {
        let root = make_root(&self.root)?;
        let folder = make_folder(&root, &self.project)?;
        let temporary = self.temporary();
        unlink(&folder, &temporary)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let private = Mode::RUSR | Mode::WUSR;
        let fd = beneath::open(&folder, &temporary, flags, private)?;
        // Whatever the umask took away is given back.
        rustix::fs::fchmod(&fd, private)?;
        let mut file = File::from(fd);
        let written = file.write_all(content).and_then(|()| file.sync_all());
        let renamed = written.map_err(errno).and_then(|()| rustix::fs::renameat(&folder, &temporary, &folder, self.name));
        if renamed.is_err() {
            // The first error counts; a leftover is overwritten by the next attempt.
            let _ = unlink(&folder, &temporary);
        }
        renamed?;
        rustix::fs::fsync(&folder)
    }

    fn remove(&self) -> Result<()> {
        let _turn = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
        self.try_remove().map_err(|error| self.failed("removing", error))
    }

    fn try_remove(&self) -> std::result::Result<(), Errno> {
        let Some(folder) = self.folder()? else { return Ok(()) };
        unlink(&folder, self.name)?;
        unlink(&folder, &self.temporary())?;
        rustix::fs::fsync(&folder)?;
        let root = beneath::root(&self.root)?;
        match rustix::fs::unlinkat(&root, &self.project, AtFlags::REMOVEDIR) {
            Ok(()) => rustix::fs::fsync(&root),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

fn missing_is_none<T>(result: std::result::Result<T, Errno>) -> std::result::Result<Option<T>, Errno> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

fn make_root(root: &Path) -> std::result::Result<OwnedFd, Errno> {
    if let Some(found) = missing_is_none(beneath::root(root))? {
        return Ok(found);
    }
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(errno)?;
    let made = beneath::root(root)?;
    rustix::fs::fchmod(&made, Mode::RWXU)?;
    Ok(made)
}

fn make_folder(root: &OwnedFd, name: &str) -> std::result::Result<OwnedFd, Errno> {
    let made = match rustix::fs::mkdirat(root, name, Mode::RWXU) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(error) => return Err(error),
    };
    let folder = beneath::open(root, name, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty())?;
    rustix::fs::fchmod(&folder, Mode::RWXU)?;
    if made {
        rustix::fs::fsync(root)?;
    }
    Ok(folder)
}

fn unlink(folder: &OwnedFd, name: &str) -> std::result::Result<(), Errno> {
    missing_is_none(rustix::fs::unlinkat(folder, name, AtFlags::empty())).map(|_| ())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const PROJECT: &str = "steward-web";

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_file_goes_round() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("data/projects");
        assert_eq!(read(&root, PROJECT, ProjectFile::Secrets).await.unwrap(), None);
        remove(&root, PROJECT, ProjectFile::Secrets).await.unwrap();
        for content in ["A=1\n", "A=2\n"] {
            write(&root, PROJECT, ProjectFile::Secrets, content).await.unwrap();
            assert_eq!(read(&root, PROJECT, ProjectFile::Secrets).await.unwrap().as_deref(), Some(content));
        }
        write(&root, PROJECT, ProjectFile::Compose, "services: {}").await.unwrap();
        let folder = root.join(PROJECT);
        assert_eq!((mode(&root), mode(&folder)), (0o700, 0o700));
        for file in ProjectFile::ALL {
            assert_eq!(mode(&folder.join(file.file_name())), 0o600);
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "no temporary file stays");
        remove(&root, PROJECT, ProjectFile::Secrets).await.unwrap();
        assert!(folder.exists());
        remove(&root, PROJECT, ProjectFile::Compose).await.unwrap();
        assert!(!folder.exists());
        remove(&root, PROJECT, ProjectFile::Compose).await.unwrap();
    }

    #[tokio::test]
    async fn links_are_not_followed() {
        let temporary = tempfile::tempdir().unwrap();
        let (root, outside) = (temporary.path().join("root"), temporary.path().join("outside"));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("compose.yaml"), "theirs").unwrap();
        symlink(&outside, root.join(PROJECT)).unwrap();
        assert!(read(&root, PROJECT, ProjectFile::Compose).await.is_err());
        assert!(write(&root, PROJECT, ProjectFile::Compose, "ours").await.is_err());
        assert!(remove(&root, PROJECT, ProjectFile::Compose).await.is_err());
        assert_eq!(std::fs::read_to_string(outside.join("compose.yaml")).unwrap(), "theirs");

        std::fs::create_dir(root.join("other")).unwrap();
        symlink(outside.join("compose.yaml"), root.join("other/compose.yaml")).unwrap();
        assert!(read(&root, "other", ProjectFile::Compose).await.unwrap_err().message.contains("symbolic link"));
        write(&root, "other", ProjectFile::Compose, "ours").await.unwrap();
        assert_eq!(std::fs::read_to_string(outside.join("compose.yaml")).unwrap(), "theirs");
    }

    #[tokio::test]
    async fn what_a_crash_left_behind_is_overwritten() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join(PROJECT);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(".compose.yaml.new"), "half").unwrap();
        write(temporary.path(), PROJECT, ProjectFile::Compose, "whole").await.unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn odd_files_and_names_are_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join(PROJECT);
        std::fs::create_dir_all(folder.join("compose.yaml")).unwrap();
        assert!(read(temporary.path(), PROJECT, ProjectFile::Compose).await.is_err());
        std::fs::write(folder.join("secrets.env"), b"\xff\xfe").unwrap();
        assert_eq!(read(temporary.path(), PROJECT, ProjectFile::Secrets).await.unwrap_err().kind, HostErrorKind::BadAnswer);
        for name in ["..", "a/b", "/etc", ""] {
            assert!(write(temporary.path(), name, ProjectFile::Compose, "x").await.is_err(), "{name}");
        }
    }
}
