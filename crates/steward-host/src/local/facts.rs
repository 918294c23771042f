//! What the machine is and has, read from the kernel's own files.

use std::io;
use std::path::Path;

use procfs_core::{FromBufRead, FromRead, LoadAverage, Meminfo, Uptime};
use steward_core::device::Facts;

use crate::error::{HostError, HostErrorKind};
use crate::host::Result;

/// Reads the facts. `data_root` is where the engine keeps its data, when that is known and can be seen.
pub(crate) fn read(data_root: Option<&Path>) -> Result<Facts> {
    let system = rustix::system::uname();
    let memory = parsed("/proc/meminfo", |bytes| Meminfo::from_buf_read(bytes))?;
    let load = parsed("/proc/loadavg", |bytes| LoadAverage::from_read(bytes))?;
    let uptime = parsed("/proc/uptime", |bytes| Uptime::from_read(bytes))?;
    let release = std::fs::read_to_string("/etc/os-release").or_else(|_| std::fs::read_to_string("/usr/lib/os-release"));
    let (os, os_id) = parse_os_release(&release.unwrap_or_default());
    let (disk_total, disk_available) = disk(data_root)?;
    Ok(Facts {
        hostname: system.nodename().to_string_lossy().into_owned(),
        os,
        os_id,
        kernel: system.release().to_string_lossy().into_owned(),
        architecture: architecture(&system.machine().to_string_lossy()),
        cpus: count_cpus(&std::fs::read_to_string("/proc/stat").map_err(|error| unreadable("/proc/stat", &error))?),
        load_1m: f64::from(load.one),
        memory_total: memory.mem_total,
        // Absent before Linux 3.14, where free memory is the best answer.
        memory_available: memory.mem_available.unwrap_or(memory.mem_free),
        disk_total,
        disk_available,
        uptime_seconds: uptime.uptime_duration().as_secs(),
    })
}

fn parsed<T>(path: &str, parse: impl FnOnce(&[u8]) -> procfs_core::ProcResult<T>) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    parse(&bytes).map_err(|error| HostError::new(HostErrorKind::BadAnswer, format!("`{path}` cannot be understood: {error}")))
}

fn unreadable(path: &str, error: &io::Error) -> HostError {
    HostError::new(HostErrorKind::Failed, format!("`{path}` cannot be read: {error}"))
}

/// Size and free space of the file system that holds the engine's data. The engine may keep it
/// where Steward's user cannot look, or in a namespace of its own; then the root counts.
fn disk(data_root: Option<&Path>) -> Result<(u64, u64)> {
    let found = data_root.and_then(|path| rustix::fs::statvfs(path).ok());
    let stat = match found {
        Some(stat) => stat,
        None => rustix::fs::statvfs("/").map_err(|error| unreadable("/", &error.into()))?,
    };
    Ok((stat.f_blocks.saturating_mul(stat.f_frsize), stat.f_bavail.saturating_mul(stat.f_frsize)))
}

/// The distribution's name and id. The file has `KEY=value` lines, values sometimes in quotes.
fn parse_os_release(text: &str) -> (String, String) {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches(['"', '\'']).to_owned())
    };
    let name = value("PRETTY_NAME").or_else(|| value("NAME"));
    (name.unwrap_or_else(|| "Linux".to_owned()), value("ID").unwrap_or_else(|| "linux".to_owned()))
}

/// The kernel's word for a processor in Docker's words.
fn architecture(machine: &str) -> String {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i586" | "i686" => "386",
        arm if arm.starts_with("arm") => "arm",
        other => other,
    }
    .to_owned()
}

/// Counts `cpu0`, `cpu1`, ... in `/proc/stat`; the line `cpu` is their sum.
fn count_cpus(stat: &str) -> u32 {
    let single = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    u32::try_from(stat.lines().filter(single).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn distributions() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!(parse_os_release(debian), ("Debian GNU/Linux 12 (bookworm)".to_owned(), "debian".to_owned()));
        assert_eq!(parse_os_release("NAME='Alpine Linux'\nID=\"alpine\""), ("Alpine Linux".to_owned(), "alpine".to_owned()));
        assert_eq!(parse_os_release(""), ("Linux".to_owned(), "linux".to_owned()));
    }

    #[test]
    fn architectures_in_dockers_words() {
        for (machine, word) in [("x86_64", "amd64"), ("aarch64", "arm64"), ("armv7l", "arm"), ("i686", "386"), ("riscv64", "riscv64")] {
            assert_eq!(architecture(machine), word);
        }
    }

    #[test]
    fn processors_are_counted() {
        assert_eq!(count_cpus("cpu  1 2\ncpu0 1 2\ncpu1 1 2\ncpufreq 1\nintr 5\n"), 2);
    }

    #[test]
    fn this_machine_has_facts() {
        let facts = read(None).unwrap();
        assert!(facts.cpus > 0 && facts.memory_total > facts.memory_available && facts.disk_total > 0);
        assert!(facts.uptime_seconds > 0 && !facts.hostname.is_empty() && !facts.kernel.is_empty());
        assert_eq!(read(Some(Path::new("/nowhere"))).unwrap().disk_total, facts.disk_total);
    }
}
