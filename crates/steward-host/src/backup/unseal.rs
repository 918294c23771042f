//! Reads a backup: the manifest alone, or everything, compared with the manifest.
//!
//! Who made the file is not known: whoever has the public key can make one that opens. So nothing of
//! it is believed: places, sizes and their number are limited before a byte is written.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use age::DecryptError;
use sha2::{Digest, Sha256};
use steward_core::backup::{DATABASE, FORMAT, Heading, MANIFEST, Manifest, Member, PRODUCT};

use super::error::{BackupError, Result, at};
use super::{BackupKey, LARGEST_MANIFEST, LARGEST_MEMBER, MOST_MEMBERS, Stop};

/// Reads the manifest of a backup. The file's size is compared with it, nothing else.
///
/// # Errors
/// `WrongKey`, `Foreign`, `Newer`, `Damaged`.
pub fn look(file: &Path, key: &BackupKey) -> Result<Manifest> {
    let size = std::fs::metadata(file).map_err(at(file))?.len();
    let mut tar = tar::Archive::new(open(file, key)?);
    let mut entries = tar.entries().map_err(broken)?;
    let manifest = manifest(&mut entries)?;
    if size < manifest.size() {
        return Err(BackupError::Damaged("it is shorter than what is in it".to_owned()));
    }
    Ok(manifest)
}

/// Reads a whole backup and compares each file with the manifest. Files that `wanted` names are
/// written below `to`, a folder that is there and empty; they are on the disk when this returns.
///
/// # Errors
/// `WrongKey`, `Foreign`, `Newer`, `Damaged`; `Io` when a file cannot be written.
pub fn extract(file: &Path, key: &BackupKey, to: &Path, wanted: impl Fn(&Member) -> bool, stop: &Stop) -> Result<Manifest> {
    let mut tar = tar::Archive::new(open(file, key)?);
    let mut entries = tar.entries().map_err(broken)?;
    let manifest = manifest(&mut entries)?;
    for member in &manifest.members {
        let mut entry = next(&mut entries)?.ok_or_else(|| BackupError::Damaged(format!("`{}` is missing", member.path)))?;
        if entry.path_bytes().as_ref() != member.path.as_str().as_bytes() || entry.size() != member.size {
            return Err(BackupError::Damaged(format!("`{}` is not where its manifest says", member.path)));
        }
        let target = if wanted(member) { Some(create(to, member.path.as_str())?) } else { None };
        copy(&mut entry, member, target, stop)?;
    }
    if next(&mut entries)?.is_some() {
        return Err(BackupError::Damaged("there is more in it than its manifest says".to_owned()));
    }
    // To its end, where the encryption says that nothing was cut off.
    let mut rest = tar.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(broken)?;
    sync_folders(to)?;
    Ok(manifest)
}

type Plain = age::stream::StreamReader<BufReader<File>>;

fn open(file: &Path, key: &BackupKey) -> Result<Plain> {
    let flags = rustix::fs::OFlags::NONBLOCK;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(file).map_err(at(file))?;
    if !opened.metadata().map_err(at(file))?.is_file() {
        return Err(BackupError::Foreign("it is no regular file".to_owned()));
    }
    let decryptor = age::Decryptor::new_buffered(BufReader::with_capacity(64 * 1024, opened)).map_err(undecrypted)?;
    decryptor.decrypt(key.identities()).map_err(undecrypted)
}

fn undecrypted(error: DecryptError) -> BackupError {
    match error {
        DecryptError::NoMatchingKeys => BackupError::WrongKey,
        DecryptError::InvalidHeader | DecryptError::UnknownFormat => {
            BackupError::Foreign("it is not encrypted in the age format, or its beginning is damaged".to_owned())
        }
        DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => BackupError::Damaged("it breaks off".to_owned()),
        DecryptError::Io(error) => broken(error),
        other => BackupError::Damaged(other.to_string()),
    }
}

/// Something that cannot be read on: the encryption does not hold, or it ends too early.
fn broken(error: io::Error) -> BackupError {
    BackupError::Damaged(match error.kind() {
        io::ErrorKind::UnexpectedEof => "it breaks off".to_owned(),
        _ => error.to_string(),
    })
}

type Entry<'a> = tar::Entry<'a, Plain>;

/// The next entry, which is a regular file: no backup has anything else.
fn next<'a>(entries: &mut tar::Entries<'a, Plain>) -> Result<Option<Entry<'a>>> {
    let Some(entry) = entries.next().transpose().map_err(broken)? else { return Ok(None) };
    if entry.header().entry_type() != tar::EntryType::Regular {
        return Err(BackupError::Damaged("there is something in it that is no regular file".to_owned()));
    }
    Ok(Some(entry))
}

fn manifest(entries: &mut tar::Entries<'_, Plain>) -> Result<Manifest> {
    let foreign = |why: &str| BackupError::Foreign(why.to_owned());
    let mut entry = match entries.next().transpose() {
        Ok(Some(entry)) => entry,
        Ok(None) => return Err(foreign("it is empty")),
        // A chunk that is not authentic is damage; a chunk that is and holds no archive is something else.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => return Err(broken(error)),
        Err(_) => return Err(foreign("there is no archive in it")),
    };
    if entry.path_bytes().as_ref() != MANIFEST.as_bytes() || entry.header().entry_type() != tar::EntryType::Regular {
        return Err(foreign("it does not begin with a manifest"));
    }
    if entry.size() > LARGEST_MANIFEST {
        return Err(foreign("its manifest is too large"));
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(broken)?;
    let heading: Heading = serde_json::from_slice(&text).map_err(|_| foreign("its manifest is none of Steward's"))?;
    if heading.product != PRODUCT {
        return Err(foreign("its manifest is none of Steward's"));
    }
    if heading.format > FORMAT {
        return Err(BackupError::Newer { found: heading.format, known: FORMAT });
    }
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| BackupError::Damaged(format!("its manifest cannot be read: {error}")))?;
    limits(&manifest)?;
    Ok(manifest)
}

fn limits(manifest: &Manifest) -> Result<()> {
    let damaged = |why: String| Err(BackupError::Damaged(why));
    if manifest.members.len() > MOST_MEMBERS {
        return damaged(format!("it says that it has more than {MOST_MEMBERS} files"));
    }
    let large = manifest.members.iter().find(|member| member.size > LARGEST_MEMBER && member.path.as_str() != DATABASE);
    if let Some(large) = large {
        return damaged(format!("`{}` is too large", large.path));
    }
    let mut paths: Vec<&str> = manifest.members.iter().map(|member| member.path.as_str()).collect();
    paths.sort_unstable();
    if let Some(twice) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
        return damaged(format!("`{}` is in it twice", twice[0]));
    }
    if !paths.contains(&DATABASE) {
        return damaged("there is no database in it".to_owned());
    }
    Ok(())
}

/// A new file below a folder that is this program's own and in which nobody makes links.
fn create(to: &Path, path: &str) -> Result<(PathBuf, File)> {
    let target = to.join(path);
    if let Some(folder) = target.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target).map_err(at(&target))?;
    Ok((target, file))
}

fn copy(entry: &mut Entry<'_>, member: &Member, mut target: Option<(PathBuf, File)>, stop: &Stop) -> Result<()> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(BackupError::Stopped);
        }
        let read = entry.read(&mut buffer).map_err(broken)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        size += read as u64;
        if let Some((path, file)) = &mut target {
            file.write_all(&buffer[..read]).map_err(at(path))?;
        }
    }
    if size != member.size || hex::encode(hash.finalize()) != member.sha256 {
        return Err(BackupError::Damaged(format!("`{}` is not as it was written", member.path)));
    }
    match target {
        Some((path, file)) => file.sync_all().map_err(at(&path)),
        None => Ok(()),
    }
}

/// Makes the names of all files durable.
pub(super) fn sync_folders(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        if entry.file_type().map_err(at(folder))?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(at(folder))
}
