//! Where settings come from: the command line first, then the environment, then defaults.
//!
//! This is the only module that reads the environment by itself; options of the command line that
//! may also come from the environment say so where they are declared.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

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

/// The data folder as an absolute path: the one that is named, or the default.
///
/// # Errors
/// When none is named and there is not even a home folder.
pub fn data_dir(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let folder = named.map(Path::to_owned).or_else(default_data_dir);
    let folder = folder.ok_or_else(|| anyhow!("there is no home folder; name one for the data with --data-dir"))?;
    std::path::absolute(folder).context("the data folder has no absolute path")
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

/// The addresses under which this machine is reached from elsewhere; none when the system does not say.
pub fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    // An address of one link means nothing without the name of the interface.
    let linked = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let reached = interfaces.into_iter().filter(|interface| !is_of_containers(&interface.name));
    reached.map(|interface| interface.ip()).filter(|address| !address.is_loopback() && !linked(address)).collect()
}

/// Interfaces that engines make for their containers come and go, and nobody asks this machine there.
fn is_of_containers(interface: &str) -> bool {
    let bridge = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    interface.starts_with("docker") || interface.starts_with("veth") || interface.strip_prefix("br-").is_some_and(bridge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridges_of_containers_are_told_from_others() {
        for of_containers in ["docker0", "docker_gwbridge", "veth12ab", "br-0123456789ab"] {
            assert!(is_of_containers(of_containers), "{of_containers}");
        }
        for other in ["eth0", "br-lan", "br0", "wlan0", "tailscale0", "br-0123456789abc"] {
            assert!(!is_of_containers(other), "{other}");
        }
    }
}
