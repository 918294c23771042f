//! Checks the parts of a definition against each other and completes them with defaults. Whatever
//! a definition was read from, it becomes one here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{At, Draft, DraftContainer, DraftHealth, DraftPort, DraftTemplate, Problems};
use super::nearest::did_you_mean;
use super::{
    ContainerSpec, Definition, DefinitionProblem, HealthCheck, MAX_CONTAINERS, MAX_PER_CONTAINER, MAX_SETTINGS, PortSpec, ProbeSpec,
    Setting, Template, TemplatePart, VolumeSpec, settings,
};
use crate::device::Protocol;
use crate::name::{EnvKey, ServiceName, SettingKey};

/// Ports that usually speak to a browser. A definition says `web` where this guess is wrong.
const WEB_PORTS: &[u16] = &[80, 443, 3000, 5000, 8000, 8080, 8081, 8443];

/// Seconds between two tries of a health check.
const INTERVAL: u32 = 2;
/// Seconds that one try may take.
const TIMEOUT: u32 = 5;
/// Seconds in all.
const WITHIN: u32 = 120;

/// Makes a definition of what was read.
pub(super) fn finish(draft: Draft, mut problems: Problems) -> Result<Definition, Vec<DefinitionProblem>> {
    let problems_of_all = &mut problems;
    check_services(&draft, problems_of_all);
    check_published_ports(&draft, problems_of_all);
    check_settings(&draft, problems_of_all);
    check_database(&draft, problems_of_all);
    let mut containers = Vec::new();
    for container in draft.containers {
        containers.extend(finish_container(container, problems_of_all));
    }
    if !problems.is_empty() {
        return Err(problems.into_vec());
    }
    Ok(Definition {
        title: draft.title,
        description: draft.description,
        category: draft.category,
        website: draft.website,
        containers,
        resources: draft.resources,
        settings: draft.settings.into_iter().map(|setting| setting.value).collect(),
        database: draft.database.map(|database| database.value),
        public_access: draft.public_access,
        post_install: draft.post_install,
    })
}

/// Names of containers, and who waits for whom.
fn check_services(draft: &Draft, problems: &mut Problems) {
    if draft.containers.is_empty() && problems.is_empty() {
        problems.add(draft.spot, "there is no container; a service needs at least one");
    }
    if draft.containers.len() > MAX_CONTAINERS {
        problems.add(draft.spot, format!("there are more than {MAX_CONTAINERS} containers"));
    }
    let mut known: BTreeSet<&ServiceName> = BTreeSet::new();
    for container in &draft.containers {
        if !known.insert(&container.name.value) {
            problems.add(container.name.spot, format!("there are two containers named `{}`; give each its own name", container.name.value));
        }
    }
    for container in &draft.containers {
        let mut seen = BTreeSet::new();
        for other in &container.depends_on {
            if !known.contains(&other.value) {
                let near = did_you_mean(other.value.as_str(), known.iter().map(|name| name.as_str()));
                problems.add(other.spot, format!("there is no container `{}`{near}", other.value));
            }
            if !seen.insert(&other.value) {
                problems.add(other.spot, format!("`{}` is named twice", other.value));
            }
        }
    }
    check_for_circles(draft, problems);
}

/// Starts containers on paper, as Compose would: what can never start waits in a circle.
fn check_for_circles(draft: &Draft, problems: &mut Problems) {
    let names: BTreeSet<&ServiceName> = draft.containers.iter().map(|container| &container.name.value).collect();
    let mut started: BTreeSet<&ServiceName> = BTreeSet::new();
    let can_start = |container: &DraftContainer, started: &BTreeSet<&ServiceName>| {
        container.depends_on.iter().all(|other| started.contains(&other.value) || !names.contains(&other.value))
    };
    loop {
        let before = started.len();
        let next: Vec<&ServiceName> =
            draft.containers.iter().filter(|container| can_start(container, &started)).map(|container| &container.name.value).collect();
        started.extend(next);
        if started.len() == before {
            break;
        }
    }
    for container in &draft.containers {
        if let Some(other) = container.depends_on.iter().find(|other| names.contains(&other.value) && !started.contains(&other.value)) {
            problems
                .add(other.spot, format!("`{}` can never start: it waits in a circle, by way of `{}`", container.name.value, other.value));
        }
    }
}

/// What a device can publish only once, and what a user names a port by.
fn check_published_ports(draft: &Draft, problems: &mut Problems) {
    let mut on_device: BTreeSet<(u16, Protocol)> = BTreeSet::new();
    let mut keys: BTreeMap<(u16, Protocol), &ServiceName> = BTreeMap::new();
    for container in &draft.containers {
        for At { spot, value: port } in &container.ports {
            let Some(external) = port.external else { continue };
            let protocol = port.protocol.as_str();
            if !on_device.insert((external, port.protocol)) {
                problems.add(*spot, format!("the external port {external}/{protocol} is used twice"));
            }
            if let Some(other) = keys.insert((port.internal, port.protocol), &container.name.value)
                && other != &container.name.value
            {
                problems.add(
                    *spot,
                    format!(
                        "`{other}` publishes {}/{protocol} too, and a published port is chosen by that name; no two containers may publish the same internal port",
                        port.internal
                    ),
                );
            }
        }
    }
}

fn check_settings(draft: &Draft, problems: &mut Problems) {
    if draft.settings.len() > MAX_SETTINGS {
        problems.add(draft.spot, format!("there are more than {MAX_SETTINGS} settings"));
    }
    let mut known: BTreeSet<&SettingKey> = BTreeSet::new();
    for setting in &draft.settings {
        if !known.insert(&setting.value.key) {
            problems.add(setting.spot, format!("there are two settings named `{}`", setting.value.key));
        }
        check_setting(setting, problems);
    }
    for part in draft.containers.iter().flat_map(|container| &container.env).flat_map(|(_, template)| template) {
        if let TemplatePart::Setting(key) = &part.value
            && !known.contains(key)
        {
            let near = did_you_mean(key.as_str(), known.iter().map(|key| key.as_str()));
            problems.add(part.spot, format!("there is no setting `{key}`{near}"));
        }
    }
}

fn check_setting(setting: &At<Setting>, problems: &mut Problems) {
    if let Err(message) = settings::check_declared(&setting.value) {
        problems.add(setting.spot, format!("setting `{}`: {message}", setting.value.key));
    }
}

fn check_database(draft: &Draft, problems: &mut Problems) {
    let Some(At { spot, value: database }) = &draft.database else { return };
    if let Some(name) = &database.container
        && !draft.containers.iter().any(|container| &container.name.value == name)
    {
        let near = did_you_mean(name.as_str(), draft.containers.iter().map(|container| container.name.value.as_str()));
        problems.add(*spot, format!("there is no container `{name}`{near}"));
    }
}

fn finish_container(container: DraftContainer, problems: &mut Problems) -> Option<ContainerSpec> {
    let spot = container.name.spot;
    let counts = [
        ("ports", container.ports.len()),
        ("variables", container.env.len()),
        ("volumes", container.volumes.len()),
        ("arguments", container.command.len()),
    ];
    for (what, count) in counts {
        if count > MAX_PER_CONTAINER {
            problems.add(spot, format!("a container has at most {MAX_PER_CONTAINER} {what}, not {count}"));
        }
    }
    let health_check = container.health_check.and_then(|check| finish_health(check, &container.ports, problems));
    let ports = finish_ports(&container.ports, health_check.as_ref(), problems);
    let volumes = finish_volumes(container.volumes, problems);
    let env = finish_env(container.env, problems);
    Some(ContainerSpec {
        name: container.name.value,
        image: container.image?,
        command: container.command,
        ports,
        env,
        volumes,
        health_check,
        depends_on: container.depends_on.into_iter().map(|name| name.value).collect(),
        user: container.user,
        memory_limit: container.memory_limit,
    })
}

/// Fills in the port of a probe when there is only one it can mean, and the times.
fn finish_health(check: At<DraftHealth>, ports: &[At<DraftPort>], problems: &mut Problems) -> Option<HealthCheck> {
    let At { spot, value: mut check } = check;
    if let ProbeSpec::Http { port, .. } | ProbeSpec::Tcp { port } = &mut check.probe {
        let published: Vec<u16> = ports
            .iter()
            .filter(|port| port.value.protocol == Protocol::Tcp && port.value.external.is_some())
            .map(|port| port.value.internal)
            .collect();
        match (*port, published.as_slice()) {
            (0, [only]) => *port = *only,
            (0, _) => problems.add(spot, "say which `port` is asked"),
            (asked, published) if !published.contains(&asked) => problems.add(
                spot,
                format!("the health check asks port {asked}, and this container publishes no tcp port {asked}; give that port an `external` one, or use a command"),
            ),
            _ => {}
        }
    }
    // What is not said fits into what is.
    let longest = check.within.unwrap_or(u32::MAX);
    let interval = check.interval.unwrap_or(INTERVAL.min(longest));
    let timeout = check.timeout.unwrap_or(TIMEOUT.min(longest));
    let within = check.within.unwrap_or(WITHIN.max(interval).max(timeout));
    if interval > within || timeout > within {
        problems.add(spot, format!("`within` ({within} s) is the time in all; `interval` and `timeout` cannot be longer"));
    }
    Some(HealthCheck { probe: check.probe, interval, timeout, within })
}

fn finish_ports(ports: &[At<DraftPort>], health: Option<&HealthCheck>, problems: &mut Problems) -> Vec<PortSpec> {
    let probed = match health.map(|health| &health.probe) {
        Some(ProbeSpec::Http { port, .. }) => Some(*port),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    let mut finished = Vec::new();
    for At { spot, value: port } in ports {
        if !seen.insert((port.internal, port.protocol)) {
            problems.add(*spot, format!("the port {}/{} is written twice", port.internal, port.protocol.as_str()));
        }
        let reachable = port.protocol == Protocol::Tcp && port.external.is_some();
        if port.web == Some(true) && !reachable {
            problems.add(*spot, "only a tcp port with an `external` one can be opened in a browser");
        }
        let web = reachable && port.web.unwrap_or(probed == Some(port.internal) || WEB_PORTS.contains(&port.internal));
        finished.push(PortSpec { internal: port.internal, external: port.external, protocol: port.protocol, web });
    }
    finished
}

fn finish_volumes(volumes: Vec<At<VolumeSpec>>, problems: &mut Problems) -> Vec<VolumeSpec> {
    let mut paths = BTreeSet::new();
    for At { spot, value: volume } in &volumes {
        if !paths.insert(volume.path.as_str()) {
            problems.add(*spot, format!("two volumes are mounted at `{}`", volume.path));
        }
    }
    volumes.into_iter().map(|volume| volume.value).collect()
}

fn finish_env(env: Vec<(At<EnvKey>, DraftTemplate)>, problems: &mut Problems) -> BTreeMap<EnvKey, Template> {
    let mut finished = BTreeMap::new();
    for (key, template) in env {
        let template = Template { parts: template.into_iter().map(|part| part.value).collect() };
        if finished.insert(key.value.clone(), template).is_some() {
            problems.add(key.spot, format!("the variable `{}` is written twice", key.value));
        }
    }
    finished
}
