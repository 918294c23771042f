//! Published ports, in Compose's short and long form.

use super::plain;
use crate::definition::compose_file::node::{Kind, Node};
use crate::definition::compose_file::reader::Reader;
use crate::definition::draft::{At, DraftPort};
use crate::device::Protocol;

/// Reads one port.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<At<DraftPort>> {
    let port = match node.kind {
        Kind::Map(_) => long(reader, node)?,
        _ => {
            let text = plain(reader, node)?;
            reader.problems.take(node.spot, short(&text))?
        }
    };
    Some(At::new(node.spot, port))
}

/// `8080:80/tcp`, or `80`: then the port on the device is the same one, for Steward does not leave
/// it to chance as Compose does.
fn short(text: &str) -> Result<DraftPort, String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol_of(protocol)?;
    let parts: Vec<&str> = ports.split(':').collect();
    let (external, internal) = match parts.as_slice() {
        [only] => (*only, *only),
        [external, internal] => (*external, *internal),
        _ => {
            return Err("an address in front of the port is not taken: Steward publishes on every address of the device; write `8080:80`"
                .to_owned());
        }
    };
    Ok(DraftPort { internal: number(internal)?, external: Some(number(external)?), protocol, web: None })
}

fn number(text: &str) -> Result<u16, String> {
    if text.contains('-') {
        return Err("a range of ports is not taken; write each port on its own line".to_owned());
    }
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| "a port is a number from 1 to 65535, such as `8080:80`".to_owned())
}

fn protocol_of(text: &str) -> Result<Protocol, String> {
    match text {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        _ => Err("a protocol is `tcp` or `udp`".to_owned()),
    }
}

fn long(reader: &mut Reader<'_>, node: &Node) -> Option<DraftPort> {
    let (mut internal, mut external, mut protocol, mut web) = (None, None, Protocol::Tcp, None);
    for (key, value) in reader.map(node) {
        let text = plain(reader, value).unwrap_or_default();
        let mut port = || reader.problems.take(value.spot, number(&text));
        match key.value.as_str() {
            "target" => internal = port(),
            "published" => external = port(),
            "protocol" => protocol = reader.problems.take(value.spot, protocol_of(&text))?,
            "app_protocol" => web = Some(text == "http" || text == "https"),
            "name" | "mode" => {}
            "host_ip" => reader.problems.add(key.spot, "`host_ip` is not taken: Steward publishes on every address of the device"),
            other => {
                reader.problems.add(key.spot, format!("`{other}` is not taken here (known are target, published, protocol, app_protocol)"))
            }
        }
    }
    if internal.is_none() {
        reader.problems.add(node.spot, "the port has no `target`: its number inside the container");
    }
    Some(DraftPort { internal: internal?, external, protocol, web })
}
