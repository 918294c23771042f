//! Ports on the device: the definition's own, or those that a user chose.

use std::collections::BTreeMap;

use crate::definition::{ContainerSpec, Definition, PortSpec};
use crate::operation::PortChoices;
use crate::refusal::{Code, Refusal};

/// The port on the device; absent when the port is not published.
fn chosen(port: &PortSpec, choices: &PortChoices) -> Option<u16> {
    port.external.map(|own| choices.get(&port.key()).copied().unwrap_or(own))
}

/// The published ports of a container, as Compose writes them: `8081:80/tcp`.
pub(super) fn published<'a>(container: &'a ContainerSpec, choices: &'a PortChoices) -> impl Iterator<Item = String> + 'a {
    container.ports.iter().filter_map(move |port| Some(format!("{}:{}", chosen(port, choices)?, port.key())))
}

/// Checks ports that a user chose.
///
/// # Errors
/// Every choice that cannot be taken, with the field `ports.80/tcp`.
pub fn check_ports(definition: &Definition, ports: &PortChoices) -> Result<(), Vec<Refusal>> {
    let all = || definition.containers.iter().flat_map(|container| &container.ports).filter(|port| port.external.is_some());
    let mut refusals = Vec::new();
    for (key, external) in ports {
        let refuse = |code, message: String| Refusal::new(code, message).with_field(format!("ports.{key}"));
        if !all().any(|port| &port.key() == key) {
            let known: Vec<String> = all().map(PortSpec::key).collect();
            let hint = if known.is_empty() {
                "this application publishes no port".to_owned()
            } else {
                format!("it publishes {}", known.join(", "))
            };
            refusals.push(refuse(Code::UnknownField, format!("this application publishes no port `{key}`")).with_hint(hint));
        } else if *external == 0 {
            refusals.push(refuse(Code::InvalidValue, "a port is a number from 1 to 65535".to_owned()));
        }
    }
    let mut taken: BTreeMap<_, &PortSpec> = BTreeMap::new();
    for port in all() {
        let Some(external) = chosen(port, ports) else { continue };
        let Some(other) = taken.insert((external, port.protocol), port) else { continue };
        // Named by the choice that made them meet, which the definition by itself cannot.
        let named = if ports.contains_key(&port.key()) { port } else { other };
        let message = format!("{} and {} cannot both be port {external} on the device", other.key(), port.key());
        refusals.push(Refusal::new(Code::InvalidValue, message).with_field(format!("ports.{}", named.key())));
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}
