//! Reads as much of a Compose file as the simulated engine acts on. What it does not know still
//! counts for the configuration hash, so that any change makes a new container as it does for real.

use std::collections::BTreeMap;

use serde_json::Value;
use steward_core::device::{Protocol, PublishedPort};
use steward_core::name::ImageRef;

use super::image::fingerprint;
use super::interpolate::{fill, parse_env_file};

/// A Compose project as its file says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComposeFile {
    /// The services, each after those that it depends on.
    pub(crate) services: Vec<Service>,
    pub(crate) volumes: Vec<Part>,
    pub(crate) networks: Vec<Part>,
}

/// One service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) container_name: Option<String>,
    pub(crate) image: ImageRef,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) ports: Vec<PublishedPort>,
    /// Names of engine volumes.
    pub(crate) volumes: Vec<String>,
    pub(crate) has_health_check: bool,
    pub(crate) restarts: bool,
    /// Services that must be healthy before this one starts.
    pub(crate) waits_for_healthy: Vec<String>,
    depends_on: Vec<String>,
    pub(crate) hash: String,
    /// The whole service, with variables filled in.
    pub(crate) config: Value,
}

/// A volume or a network of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The key in the file.
    pub(crate) key: String,
    /// The engine's name for it.
    pub(crate) name: String,
    pub(crate) external: bool,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Parses a Compose file; the error is what Compose would print.
pub(crate) fn parse(project: &str, text: &str, secrets: Option<&str>) -> Result<ComposeFile, String> {
    let mut root: Value = serde_saphyr::from_str(text).map_err(|e| format!("yaml: {e}"))?;
    fill(&mut root, &parse_env_file(secrets.unwrap_or_default()))?;
    let volumes = parts(project, &root["volumes"]);
    let mut networks = parts(project, &root["networks"]);
    if !networks.iter().any(|network| network.key == "default") {
        networks.push(Part { key: "default".into(), name: format!("{project}_default"), external: false, labels: BTreeMap::new() });
    }
    let services = root["services"].as_object().ok_or("empty compose file")?;
    let services = services.iter().map(|(name, value)| service(name, value, &volumes)).collect::<Result<Vec<_>, _>>()?;
    Ok(ComposeFile { services: in_order(services)?, volumes, networks })
}

fn parts(project: &str, value: &Value) -> Vec<Part> {
    let entries = value.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| {
            let external = value["external"].as_bool().unwrap_or(false);
            let default = if external { key.clone() } else { format!("{project}_{key}") };
            let name = value["name"].as_str().map_or(default, str::to_owned);
            Part { key: key.clone(), name, external, labels: pairs(&value["labels"]) }
        })
        .collect()
}

fn service(name: &str, value: &Value, volumes: &[Part]) -> Result<Service, String> {
    let image = value["image"].as_str().ok_or_else(|| format!("service \"{name}\" has neither an image nor a build context specified"))?;
    let image = ImageRef::parse(image).map_err(|_| format!("invalid reference format: {image}"))?;
    let test = &value["healthcheck"]["test"];
    let disabled = value["healthcheck"]["disable"].as_bool().unwrap_or(false);
    Ok(Service {
        name: name.to_owned(),
        container_name: value["container_name"].as_str().map(str::to_owned),
        image,
        labels: pairs(&value["labels"]),
        ports: ports(name, &value["ports"])?,
        volumes: mounts(name, &value["volumes"], volumes)?,
        has_health_check: !disabled && !test.is_null(),
        restarts: !matches!(value["restart"].as_str(), None | Some("no")),
        waits_for_healthy: dependencies(&value["depends_on"], true),
        depends_on: dependencies(&value["depends_on"], false),
        hash: format!("{:016x}", fingerprint(&value.to_string(), 0)),
        config: value.clone(),
    })
}

/// A map, or a list of `key=value`.
fn pairs(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), scalar(value))).collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(|item| item.split_once('=').unwrap_or((item, "")))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        _ => BTreeMap::new(),
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn ports(service: &str, value: &Value) -> Result<Vec<PublishedPort>, String> {
    let mut ports = Vec::new();
    for item in value.as_array().into_iter().flatten() {
        let (text, protocol) = if item.is_object() {
            if item["published"].is_null() {
                continue;
            }
            let text = format!("{}:{}", scalar(&item["published"]), scalar(&item["target"]));
            (text, item["protocol"].as_str().unwrap_or("tcp").to_owned())
        } else {
            let text = scalar(item);
            let (text, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
            (text.to_owned(), protocol.to_owned())
        };
        let protocol = if protocol == "udp" { Protocol::Udp } else { Protocol::Tcp };
        let numbers: Vec<&str> = text.rsplit(':').collect();
        let number = |text: &str| text.parse::<u16>().map_err(|_| format!("services.{service}.ports: invalid port `{text}`"));
        if let [internal, external, ..] = numbers[..] {
            ports.push(PublishedPort { internal: number(internal)?, external: number(external)?, protocol });
        }
    }
    Ok(ports)
}

/// The engine volumes that a service mounts; folders of the device do not count.
fn mounts(service: &str, value: &Value, volumes: &[Part]) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for item in value.as_array().into_iter().flatten() {
        let source = match item {
            Value::Object(map) if map.get("type").and_then(Value::as_str) == Some("volume") => item["source"].as_str(),
            Value::String(text) => text.split_once(':').map(|(source, _)| source),
            _ => None,
        };
        let Some(source) = source.filter(|source| !source.starts_with(['/', '.', '~'])) else { continue };
        let volume = volumes.iter().find(|volume| volume.key == source);
        let volume = volume.ok_or_else(|| format!("service \"{service}\" refers to undefined volume {source}: invalid compose project"))?;
        if !names.contains(&volume.name) {
            names.push(volume.name.clone());
        }
    }
    Ok(names)
}

fn dependencies(value: &Value, healthy_only: bool) -> Vec<String> {
    match value {
        Value::Array(items) if !healthy_only => items.iter().map(scalar).collect(),
        Value::Object(map) => {
            let wanted = |value: &Value| !healthy_only || value["condition"].as_str() == Some("service_healthy");
            map.iter().filter(|(_, value)| wanted(value)).map(|(key, _)| key.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// Puts every service after those it depends on.
fn in_order(mut waiting: Vec<Service>) -> Result<Vec<Service>, String> {
    let names: Vec<String> = waiting.iter().map(|service| service.name.clone()).collect();
    for service in &waiting {
        if let Some(unknown) = service.depends_on.iter().find(|name| !names.contains(name)) {
            return Err(format!("service \"{}\" depends on undefined service \"{unknown}\": invalid compose project", service.name));
        }
    }
    let mut ordered: Vec<Service> = Vec::new();
    while !waiting.is_empty() {
        let done = |service: &Service| service.depends_on.iter().all(|name| ordered.iter().any(|other| &other.name == name));
        let next = waiting.iter().position(done).ok_or("dependency cycle detected")?;
        let service = waiting.remove(next);
        ordered.push(service);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: &str = r#"
services:
  web:
    image: nginx:1.28
    ports: ["8080:80", "127.0.0.1:53:5353/udp", {target: 443, published: "8443"}]
    volumes: ["data:/data:ro", "/etc/x:/x", {type: volume, source: data, target: /y}]
    depends_on: {db: {condition: service_healthy}}
    environment: {PASSWORD: "${PASSWORD}"}
  db:
    image: postgres
    restart: unless-stopped
    healthcheck: {test: [CMD, "true"]}
    labels: ["a=b"]
volumes:
  data: {name: steward-x_data}
"#;

    #[test]
    fn a_file_is_read() {
        let file = parse("steward-x", FILE, Some("PASSWORD=p")).unwrap();
        let [db, web] = &file.services[..] else { panic!("two services") };
        assert_eq!((db.name.as_str(), db.restarts, db.has_health_check), ("db", true, true));
        assert_eq!(db.labels["a"], "b");
        assert_eq!(web.waits_for_healthy, ["db"]);
        assert_eq!(web.volumes, ["steward-x_data"]);
        let ports: Vec<_> = web.ports.iter().map(|p| (p.external, p.internal, p.protocol)).collect();
        assert_eq!(ports, [(8080, 80, Protocol::Tcp), (53, 5353, Protocol::Udp), (8443, 443, Protocol::Tcp)]);
        assert_eq!(web.config["environment"]["PASSWORD"], "p");
        assert_eq!(file.networks[0].name, "steward-x_default");
    }

    #[test]
    fn a_changed_secret_changes_the_hash() {
        let hash = |secrets| parse("p", FILE, Some(secrets)).unwrap().services[1].hash.clone();
        assert_eq!(hash("PASSWORD=a"), hash("PASSWORD=a"));
        assert_ne!(hash("PASSWORD=a"), hash("PASSWORD=b"));
    }

    #[test]
    fn bad_files_are_refused() {
        for bad in [
            "",
            "services: {a: {}}",
            "services: {a: {image: x, depends_on: [b]}}",
            "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}",
            "services: {a: {image: x, volumes: [\"v:/v\"]}}",
            "services: {a: {image: x, ports: [\"a:b\"]}}",
            "services: [",
        ] {
            assert!(parse("p", bad, None).is_err(), "{bad}");
        }
    }
}
