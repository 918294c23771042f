//! Why a key of a Compose file is not taken.

use crate::definition::nearest::did_you_mean;

/// Keys at the top of the file.
pub(super) fn top(key: &str) -> String {
    let why = match key {
        "networks" => "each deployment has a network of its own; remove it",
        "include" | "extends" => "it would read another file, which nobody has looked at; write everything in this one",
        "configs" | "secrets" => "it would read files of the device; use an environment variable, which becomes a setting",
        _ => {
            let near = did_you_mean(key, ["name", "services", "volumes", "x-steward"]);
            return format!("`{key}` is not taken here{near} (known are name, services, volumes, x-steward)");
        }
    };
    format!("`{key}` is not allowed: {why}")
}

/// Options of a volume.
pub(super) fn volume(key: &str) -> String {
    let why = match key {
        "driver_opts" => "options can mount any folder of the device, disguised as a volume",
        "driver" => "another driver keeps the data where Steward cannot look after it; the driver is `local`",
        "external" | "name" => "it could take the data of another deployment; Steward names the volume itself",
        _ => return format!("`{key}` is not taken here; a volume has a name and nothing else"),
    };
    format!("`{key}` is not allowed: {why}")
}

/// Keys of a service that are taken.
pub(super) const SERVICE: &[&str] = &[
    "image",
    "command",
    "ports",
    "environment",
    "volumes",
    "depends_on",
    "healthcheck",
    "user",
    "mem_limit",
    "deploy",
    "restart",
    "labels",
    "expose",
    "pull_policy",
];

/// Keys of a service.
pub(super) fn service(key: &str) -> String {
    let why = match key {
        "privileged" => "a privileged container is root on the device",
        "devices" | "device_cgroup_rules" | "gpus" => "it would give the container hardware of the device",
        "cap_add" => "it would give the container rights over the device",
        "security_opt" | "apparmor" | "credential_spec" => "it can switch off what keeps the container from the device",
        "network_mode" => {
            "the container would use the network of the device or of another container; each deployment has a network of its own"
        }
        "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "cgroup_parent" => "the container would see what belongs to the device",
        "sysctls" | "oom_kill_disable" | "oom_score_adj" | "blkio_config" => "it would change how the device treats its programs",
        "volumes_from" => "it would mount whatever another container has; name the volumes",
        "env_file" => "it would read a file of the device; write the variables under `environment`",
        "extends" => "it would read another file, which nobody has looked at; write everything in this one",
        "build" => "Steward runs images and builds none; name an `image`",
        "configs" | "secrets" => "it would read files of the device; use an environment variable, which becomes a setting",
        "container_name" => "two deployments could not exist at once; Steward names containers itself",
        "networks" => "each deployment has a network of its own, on which its services find each other by name; remove it",
        "links" | "external_links" => "services find each other by name already; remove it",
        "use_api_socket" => "whoever has the engine's socket is root on the device",
        _ => {
            let near = did_you_mean(key, SERVICE.iter().copied());
            return format!("`{key}` is not taken here{near} (known are {})", SERVICE.join(", "));
        }
    };
    format!("`{key}` is not allowed: {why}")
}

/// A source of a mount that is not a named volume.
pub(super) fn mount(source: &str) -> String {
    if source.contains("docker.sock") || source.contains("podman.sock") || source.contains("containerd.sock") {
        return "the engine's socket is not allowed: whoever has it is root on the device".to_owned();
    }
    "a folder of the device is not allowed: a definition uses named volumes only; name it under `volumes` at the top".to_owned()
}
