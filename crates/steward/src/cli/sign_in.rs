//! The sign-in that is kept between two commands.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exit::Exit;
use super::failure::Failure;

const FILE: &str = "sign-in.json";

/// Where somebody is signed in, as whom, and with what.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// The server.
    pub url: String,
    /// The account's name.
    #[serde(default)]
    pub user: String,
    /// The session's token.
    #[serde(default)]
    pub token: Option<String>,
    /// The authority that this server was believed by, in PEM; none when the system vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

fn failure(action: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::OTHER, "sign_in_file", format!("cannot {action} `{}`: {error}", path.display()))
}

/// The file in the folder of the configuration.
///
/// # Errors
/// When there is no such folder and not even a home folder.
fn file(folder: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    folder.map(|folder| folder.join(FILE)).ok_or_else(|| {
        Failure::usage("there is no home folder to keep the sign-in in").hint("Set STEWARD_CONFIG_DIR, or STEWARD_URL and STEWARD_TOKEN.")
    })
}

/// What is kept, when anything is.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn load(folder: Option<&PathBuf>) -> Result<Option<SignIn>, Failure> {
    let Some(path) = folder.map(|folder| folder.join(FILE)) else { return Ok(None) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failure("read", &path, &error)),
    };
    // Somebody copied or made it with looser rights; from now on they are right.
    if fs::metadata(&path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
        let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o600));
    }
    let hint = format!("Remove the file and sign in again: rm '{}'", path.display());
    serde_json::from_str(&text).map(Some).map_err(|error| failure("read", &path, &error).hint(hint))
}

/// Keeps a sign-in: the folder for its owner alone, the file too. The file is replaced whole.
///
/// # Errors
/// When it cannot be written.
pub fn save(folder: Option<&PathBuf>, sign_in: &SignIn) -> Result<PathBuf, Failure> {
    let path = file(folder)?;
    let Some(parent) = path.parent() else { return Err(failure("write", &path, &"it has no folder")) };
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|error| failure("make", parent, &error))?;
    let text = serde_json::to_string_pretty(sign_in).map_err(|error| failure("write", &path, &error))?;
    let new = parent.join(format!(".{FILE}.{}", std::process::id()));
    let written = || -> std::io::Result<()> {
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.sync_all()?;
        fs::rename(&new, &path)
    };
    // A leftover of a run with the same number that was killed is in the way of `create_new`.
    let _ = fs::remove_file(&new);
    written().map_err(|error| {
        let _ = fs::remove_file(&new);
        failure("write", &path, &error)
    })?;
    Ok(path)
}

/// Forgets the token and keeps the address. It is fine when there is none.
///
/// # Errors
/// When the file cannot be written.
pub fn forget_token(folder: Option<&PathBuf>) -> Result<(), Failure> {
    match load(folder)? {
        Some(kept) => save(folder, &SignIn { token: None, ..kept }).map(|_| ()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_its_owner_alone() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let config = Some(folder.path().join("a").join("steward"));
        let sign_in = SignIn { url: "http://x".to_owned(), user: "anna".to_owned(), token: Some("t".to_owned()), authority: None };
        let text = |f: Failure| f.message;
        assert!(load(config.as_ref()).map_err(text)?.is_none());
        for _ in 0..2 {
            let path = save(config.as_ref(), &sign_in).map_err(text)?;
            assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
            let parent = path.parent().ok_or("no folder")?;
            assert_eq!(fs::metadata(parent)?.permissions().mode() & 0o777, 0o700);
            assert_eq!(fs::read_dir(parent)?.count(), 1);
        }
        assert_eq!(load(config.as_ref()).map_err(text)?.and_then(|s| s.token).as_deref(), Some("t"));
        for _ in 0..2 {
            forget_token(config.as_ref()).map_err(text)?;
            let kept = load(config.as_ref()).map_err(text)?.ok_or("the address is gone")?;
            assert_eq!((kept.url.as_str(), kept.token), ("http://x", None));
        }
        Ok(())
    }
}
