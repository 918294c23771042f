//! Ports that something listens on, from the kernel's tables, with the program that holds them as
//! far as Steward's user may see it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;

use procfs_core::net::{TcpNetEntries, TcpState, UdpNetEntries, UdpState};
use procfs_core::{ExplicitSystemInfo, FromBufReadSI};
use steward_core::device::{Container, ListeningPort, Protocol};

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listener {
    port: u16,
    protocol: Protocol,
    inode: u64,
}

/// Reads the machine's listening ports. A table that is missing, as without IPv6, counts as empty.
pub(crate) fn read(containers: &[Container]) -> Vec<ListeningPort> {
    let table = |name: &str| std::fs::read(format!("/proc/net/{name}")).unwrap_or_default();
    let mut listeners = Vec::new();
    for name in ["tcp", "tcp6"] {
        listeners.extend(tcp(&table(name)));
    }
    for name in ["udp", "udp6"] {
        listeners.extend(udp(&table(name)));
    }
    let owners = owners(Path::new("/proc"), &listeners.iter().map(|listener| listener.inode).collect());
    merge(&listeners, &owners, containers)
}

fn tcp(table: &[u8]) -> Vec<Listener> {
    let entries = TcpNetEntries::from_buf_read(table, &system()).map(|entries| entries.0).unwrap_or_default();
    let listening = entries.into_iter().filter(|entry| entry.state == TcpState::Listen);
    listening.map(|entry| listener(entry.local_address, Protocol::Tcp, entry.inode)).collect()
}

/// UDP has no listening state: a socket that is bound and not connected can receive from anyone.
fn udp(table: &[u8]) -> Vec<Listener> {
    let entries = UdpNetEntries::from_buf_read(table, &system()).map(|entries| entries.0).unwrap_or_default();
    let waiting = entries.into_iter().filter(|entry| entry.state == UdpState::Close && entry.remote_address.port() == 0);
    waiting.map(|entry| listener(entry.local_address, Protocol::Udp, entry.inode)).collect()
}

fn listener(address: SocketAddr, protocol: Protocol, inode: u64) -> Listener {
    Listener { port: address.port(), protocol, inode }
}

/// The tables hold addresses in the machine's own byte order; nothing else of this is used.
fn system() -> ExplicitSystemInfo {
    ExplicitSystemInfo { boot_time_secs: 0, ticks_per_second: 100, page_size: 4096, is_little_endian: cfg!(target_endian = "little") }
}

/// Names of the programs that hold sockets. Other users' processes cannot be looked into.
fn owners(proc: &Path, wanted: &HashSet<u64>) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    let Ok(processes) = std::fs::read_dir(proc) else { return found };
    for process in processes.flatten() {
        let is_process = process.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit());
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else { continue };
        if !is_process {
            continue;
        }
        let targets = descriptors.flatten().filter_map(|fd| std::fs::read_link(fd.path()).ok());
        let inodes: Vec<u64> =
            targets.filter_map(|target| socket_inode(&target.to_string_lossy())).filter(|inode| wanted.contains(inode)).collect();
        if inodes.is_empty() {
            continue;
        }
        let Ok(name) = std::fs::read_to_string(process.path().join("comm")) else { continue };
        for inode in inodes {
            found.entry(inode).or_insert_with(|| name.trim_end().to_owned());
        }
    }
    found
}

/// `socket:[12345]`.
fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// One entry for each port and protocol. A container that publishes the port is its owner, whatever
/// process of the engine holds the socket; without that process the engine forwards by itself.
fn merge(listeners: &[Listener], owners: &HashMap<u64, String>, containers: &[Container]) -> Vec<ListeningPort> {
    let mut ports: BTreeMap<(u16, Protocol), Option<String>> = BTreeMap::new();
    for listener in listeners.iter().filter(|listener| listener.port != 0) {
        let owner = ports.entry((listener.port, listener.protocol)).or_default();
        if owner.is_none() {
            *owner = owners.get(&listener.inode).cloned();
        }
    }
    for container in containers {
        for port in &container.ports {
            ports.insert((port.external, port.protocol), Some(container.name.clone()));
        }
    }
    ports.into_iter().map(|((port, protocol), owner)| ListeningPort { port, protocol, owner }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use steward_core::device::{ContainerState, Health, PublishedPort};

    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:0277 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
";
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
";
    const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  120: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4714 2 0000000000000000 0
  121: 0100007F:9999 0100007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 4715 2 0000000000000000 0
";

    fn brief(listeners: Vec<Listener>) -> Vec<(u16, u64)> {
        listeners.into_iter().map(|listener| (listener.port, listener.inode)).collect()
    }

    #[test]
    fn tables_are_read() {
        assert_eq!(brief(tcp(TCP.as_bytes())), [(8080, 4711)]);
        assert_eq!(brief(tcp(TCP6.as_bytes())), [(22, 4713)]);
        assert_eq!(brief(udp(UDP.as_bytes())), [(53, 4714)]);
        assert!(tcp(b"").is_empty() && tcp(b"\xff\n\xff\n").is_empty());
    }

    #[test]
    fn links_of_sockets() {
        assert_eq!(socket_inode("socket:[4711]"), Some(4711));
        assert_eq!(socket_inode("/dev/null"), None);
    }

    #[test]
    fn a_container_owns_what_it_publishes() {
        let container = Container {
            id: String::new(),
            name: "web".into(),
            image: String::new(),
            image_id: String::new(),
            state: ContainerState::Running,
            health: Health::None,
            exit_code: None,
            restart_count: 0,
            started_at: None,
            labels: BTreeMap::new(),
            ports: vec![PublishedPort { internal: 80, external: 8080, protocol: Protocol::Tcp }],
            volumes: Vec::new(),
        };
        let owners = HashMap::from([(4711, "docker-proxy".to_owned()), (4713, "sshd".to_owned())]);
        let mut listeners = tcp(TCP.as_bytes());
        listeners.extend(tcp(TCP6.as_bytes()));
        listeners.extend(udp(UDP.as_bytes()));
        let ports = merge(&listeners, &owners, &[container]);
        let brief: Vec<_> = ports.iter().map(|p| (p.port, p.owner.as_deref())).collect();
        assert_eq!(brief, [(22, Some("sshd")), (53, None), (8080, Some("web"))]);
    }

    #[test]
    fn a_listener_of_this_process_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let found = read(&[]).into_iter().find(|found| found.port == port).unwrap();
        assert!(found.owner.is_some());
    }
}
