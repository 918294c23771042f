//! Where settings come from: the command line first, then the environment, then defaults.
//!
//! This is the only module that reads the environment by itself; options of the command line that
//! may also come from the environment say so where they are declared.

use std::ffi::OsString;
use std::path::PathBuf;

// The one place where the environment is read.
#[allow(clippy::disallowed_methods)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The data folder when none is named: `$XDG_DATA_HOME/steward`, else `~/.local/share/steward`.
/// None when there is not even a home folder.
pub fn default_data_dir() -> Option<PathBuf> {
    // The specification of these folders says that a relative path in the variable is to be ignored.
    let data = variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    data.or_else(|| home().map(|home| home.join(".local/share"))).map(|folder| folder.join("steward"))
}

/// The home folder of the user that Steward runs as; Docker keeps plugins and sign-ins there.
pub fn home() -> Option<PathBuf> {
    variable("HOME").map(PathBuf::from)
}

/// Where programs are looked for.
pub fn search_path() -> Option<OsString> {
    variable("PATH")
}

/// This machine's name.
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The names by which this machine is asked in its own network.
pub fn machine_names() -> Vec<String> {
    let name = machine_name();
    if name.is_empty() { Vec::new() } else { vec![format!("{name}.local"), name] }
}
