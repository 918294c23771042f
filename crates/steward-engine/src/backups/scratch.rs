//! A folder of one's own for a short time.

use std::path::{Path, PathBuf};

use steward_host::backup::{BackupError, empty_folder, remove_folder};

use crate::seams::{OsRandom, Random};

/// A folder below the system's temporary one that only its owner may look into, and that goes with this.
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub fn new() -> Result<Self, BackupError> {
        let mut random = [0; 16];
        OsRandom.fill(&mut random);
        empty_folder(&std::env::temp_dir().join(format!("steward-check-{}", hex::encode(random)))).map(|path| Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A left-over temporary folder harms nobody, and there is nobody left to tell.
        let _ = remove_folder(&self.path);
    }
}
