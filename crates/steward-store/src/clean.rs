//! The mark of a clean end: it spares the next start the look through every page.
//!
//! A database that was closed in order, and that nobody has touched since, is what it was. So the end
//! writes down what the file looked like, and the start compares. Anything that differs, a crash
//! (which leaves a log, and no mark), or a file that was put back brings the whole look back.

use std::fs::{self, File, FileTimes, Metadata};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::error::{Result, on_disk};
use crate::open::private;

/// The file that holds the mark, beside the database.
pub(crate) const MARK: &str = "steward.clean";

/// What tells that a file is the same one, unchanged: its number, size and times. Whoever sets the time
/// of a change back changes the other one, which nobody can set.
fn looks(found: &Metadata) -> String {
    format!(
        "inode {} size {} modified {}.{:09} changed {}.{:09}\n",
        found.ino(),
        found.size(),
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec()
    )
}

/// Writes the mark of a database that no connection has open any more.
pub(crate) fn leave(folder: &Path, file: &Path) -> Result<()> {
    let database = File::options().write(true).open(file).map_err(on_disk(file))?;
    let modified = database.metadata().and_then(|found| found.modified()).map_err(on_disk(file))?;
    // The system's own times move in ticks of some milliseconds, in which a change could hide. One beside
    // a tick is no time that a change would get.
    let times = FileTimes::new().set_modified(modified + Duration::from_nanos(1));
    database.set_times(times).and_then(|()| database.sync_all()).map_err(on_disk(file))?;
    let text = looks(&database.metadata().map_err(on_disk(file))?);
    let mark = folder.join(MARK);
    let mut written = private().create(true).truncate(true).open(&mark).map_err(on_disk(&mark))?;
    written.write_all(text.as_bytes()).and_then(|()| written.sync_all()).map_err(on_disk(&mark))
}

/// Whether there is a mark, and the file is as it says.
pub(crate) fn holds(folder: &Path, file: &Path) -> Result<bool> {
    let mark = folder.join(MARK);
    match fs::read_to_string(&mark) {
        Ok(text) => Ok(text == looks(&fs::metadata(file).map_err(on_disk(file))?)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(false),
        Err(error) => Err(on_disk(&mark)(error)),
    }
}

/// Takes the mark away before the first write. Once this returns, a crash cannot bring it back.
pub(crate) fn take(folder: &Path) -> Result<()> {
    let mark = folder.join(MARK);
    match fs::remove_file(&mark) {
        Ok(()) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(on_disk(folder)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(on_disk(&mark)(error)),
    }
}
