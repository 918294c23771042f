//! Where catalog entries come from: the ones inside this program, and folders of the user's own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use rustix::fs::OFlags;
use steward_core::definition::MAX_FILE;
use steward_engine::catalog::{CatalogSource, Format, Origin, RawEntry};

/// The largest icon that is read.
const MAX_ICON: usize = 64 * 1024;
/// Entries that are read from one folder; more are a mistake.
const MAX_ENTRIES: usize = 1000;
/// The name of an entry's icon.
const ICON: &str = "icon.svg";

#[derive(RustEmbed)]
#[folder = "../../catalog"]
#[allow_missing = true]
struct Builtin;

/// The entries inside this program, and those in folders. A folder's entry replaces one of the same
/// name that came before it.
pub struct Sources {
    builtin: Vec<RawEntry>,
    folders: Vec<PathBuf>,
}

impl Sources {
    /// The entries inside this program, and those in these folders.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { builtin: builtin(), folders }
    }
}

impl CatalogSource for Sources {
    fn entries(&self) -> Vec<RawEntry> {
        let local = self.folders.iter().flat_map(|folder| local(folder));
        self.builtin.iter().cloned().chain(local).collect()
    }
}

fn builtin() -> Vec<RawEntry> {
    let mut folders: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for path in Builtin::iter() {
        // Templates and other files of an entry lie deeper and are none of its definition.
        let Some((folder, name)) = path.split_once('/').filter(|(_, name)| !name.contains('/')) else { continue };
        let Some(text) = Builtin::get(&path).and_then(|file| String::from_utf8(file.data.into_owned()).ok()) else { continue };
        folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), text);
    }
    let entry = |(folder, mut files): (String, BTreeMap<String, String>)| {
        let (format, text) = FORMATS.into_iter().find_map(|format| Some((format, files.remove(format.file_name())?)))?;
        Some(RawEntry { folder, format, text, icon: files.remove(ICON), origin: Origin::Builtin })
    };
    folders.into_iter().filter_map(entry).collect()
}

/// The first of these that is there defines an application.
const FORMATS: [Format; 2] = [Format::Hcl, Format::Compose];

fn local(folder: &Path) -> Vec<RawEntry> {
    // A folder that is not there has no entries.
    let Ok(listed) = fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        listed.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).take(MAX_ENTRIES).collect();
    folders.sort();
    folders.iter().filter_map(|folder| local_entry(folder)).collect()
}

fn local_entry(folder: &Path) -> Option<RawEntry> {
    let name = folder.file_name()?.to_str()?.to_owned();
    let found =
        FORMATS.into_iter().map(|format| (format, folder.join(format.file_name()))).find(|(_, path)| path.symlink_metadata().is_ok());
    let (format, path) = found?;
    // A file that cannot be read is an entry that is broken, not one that is missing: the user put
    // it there and should see why it does not work.
    let text = read(&path, MAX_FILE).unwrap_or_default();
    let icon = read(&folder.join(ICON), MAX_ICON).filter(|icon| icon.len() <= MAX_ICON);
    Some(RawEntry { folder: name, format, text, icon, origin: Origin::Local })
}

/// A regular file's text, and one byte more than the limit at most, so that the reader sees that it
/// is too long. No link is followed, and nothing that could block is opened.
fn read(path: &Path, limit: usize) -> Option<String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, text: &str) {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    /// N2, N7: a folder that is added is an entry, one that is removed is none.
    #[test]
    fn folders_are_entries() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "one/service.hcl", "a");
        put(root.path(), "one/icon.svg", "<svg/>");
        put(root.path(), "two/compose.yaml", "b");
        put(root.path(), "none/README.md", "c");
        let sources = Sources { builtin: Vec::new(), folders: vec![root.path().to_owned(), root.path().join("missing")] };
        let found: Vec<_> =
            sources.entries().into_iter().map(|entry| (entry.folder, entry.format, entry.text, entry.icon.is_some())).collect();
        let expected = [("one".to_owned(), Format::Hcl, "a".to_owned(), true), ("two".to_owned(), Format::Compose, "b".to_owned(), false)];
        assert_eq!(found, expected);
        fs::remove_dir_all(root.path().join("one")).unwrap();
        assert_eq!(sources.entries().len(), 1);
    }

    /// R27, R29: no link is followed, no pipe is waited for, and no more is read than may be.
    #[test]
    fn what_is_read_is_bounded() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "long/service.hcl", &"x".repeat(MAX_FILE + 100));
        fs::create_dir_all(root.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link/service.hcl")).unwrap();
        let entries = local(root.path());
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].text, "", "a link is not followed");
        assert_eq!(entries[1].text.len(), MAX_FILE + 1);
    }
}
