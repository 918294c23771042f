//! Names: newtypes that hold only what their pattern allows, so that a name can never be a flag,
//! a path or a piece of another language.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};

fn lower_or_digit(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// `[a-z0-9]([a-z0-9-]*[a-z0-9])?` without two hyphens in a row.
fn is_slug(text: &str) -> bool {
    text.bytes().next().is_some_and(lower_or_digit)
        && text.bytes().last().is_some_and(lower_or_digit)
        && text.bytes().all(|b| lower_or_digit(b) || b == b'-')
        && !text.contains("--")
}

/// What Docker takes as the name of a volume, a container or a network.
fn is_docker_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn is_user_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-@".contains(&b))
}

/// `steward-20250704T101112.123Z.tar.age`.
fn is_backup_name(text: &str) -> bool {
    let shape = b"steward-00000000T000000.000Z.tar.age";
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(found, expected)| if *expected == b'0' { found.is_ascii_digit() } else { found == *expected })
}

fn is_env_key(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_setting_key(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) && text.bytes().all(|b| lower_or_digit(b) || b == b'_')
}

/// An absolute path inside a container, without `.` or `..` parts and without `:`, which separates
/// the parts of a mount.
fn is_container_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() > 1
        && !text.bytes().any(|b| b.is_ascii_control() || b == b':' || b == b',' || b == b'\\')
        && text.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != "..")
}

/// `[registry[:port]/]path[:tag][@sha256:digest]`, the grammar of the distribution specification.
fn is_image_reference(text: &str) -> bool {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        let good = digest
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        if !good {
            return false;
        }
    }
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (rest, None),
    };
    if let Some(tag) = tag {
        let good = !tag.is_empty()
            && tag.len() <= 128
            && tag.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if !good {
            return false;
        }
    }
    let mut parts = path.split('/').peekable();
    let first = parts.peek().copied().unwrap_or_default();
    let is_registry = path.contains('/') && (first.contains('.') || first.contains(':') || first == "localhost");
    if is_registry {
        parts.next();
        let (host, port) = first.split_once(':').map_or((first, None), |(h, p)| (h, Some(p)));
        // Labels of letters, digits and inner hyphens, with single dots between them.
        let host_good = host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        if !host_good || port.is_some_and(|p| p.parse::<u16>().is_err()) {
            return false;
        }
    }
    let mut any = false;
    for part in parts {
        any = true;
        let good = part.bytes().next().is_some_and(lower_or_digit)
            && part.bytes().last().is_some_and(lower_or_digit)
            && part.bytes().all(|b| lower_or_digit(b) || b"._-".contains(&b));
        if !good {
            return false;
        }
    }
    any
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $check:path, 1..=$max:literal, $field:literal, $rule:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// The longest name, in bytes.
            pub const MAX: usize = $max;

            /// Parses a name.
            ///
            /// # Errors
            /// `invalid_name` when it is empty, too long or out of pattern.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                if !text.is_empty() && text.len() <= $max && $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Refusal::new(Code::InvalidName, concat!("the ", $field, " is ", $rule, ", at most ", stringify!($max), " characters")).with_field($field))
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refusal;
            fn from_str(text: &str) -> Result<Self, Refusal> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a catalog entry: its folder's name.
    Slug: is_slug, 1..=48, "slug", "lower-case letters, digits and single hyphens, starting and ending with a letter or digit";
    /// The name of a deployment; also the Compose project name behind `steward-`.
    DeploymentName: is_slug, 1..=40, "name", "lower-case letters, digits and single hyphens, starting and ending with a letter or digit";
    /// The name of one container of a deployment.
    ServiceName: is_slug, 1..=40, "service", "lower-case letters, digits and single hyphens, starting and ending with a letter or digit";
    /// The short name of a volume within a definition.
    VolumeKey: is_slug, 1..=48, "volume", "lower-case letters, digits and single hyphens, starting and ending with a letter or digit";
    /// The name of a Docker volume on a device.
    VolumeName: is_docker_name, 1..=128, "volume name", "letters, digits, `_`, `.` and `-`, starting with a letter or digit";
    /// An image reference: registry, path, tag, digest.
    ImageRef: is_image_reference, 1..=255, "image", "an image reference such as `nginx:1.28` or `ghcr.io/owner/name:tag`";
    /// The key of an environment variable.
    EnvKey: is_env_key, 1..=128, "env", "letters, digits and `_`, not starting with a digit";
    /// The key of a setting.
    SettingKey: is_setting_key, 1..=48, "setting", "lower-case letters, digits and `_`, starting with a letter";
    /// An absolute path inside a container.
    ContainerPath: is_container_path, 1..=255, "path", "an absolute path without `.`, `..`, `:` or control characters";
    /// The name of a host maintenance script: its file's name.
    ScriptName: is_docker_name, 1..=64, "script", "letters, digits, `_`, `.` and `-`, starting with a letter or digit";
    /// The name of a schedule.
    ScheduleName: is_slug, 1..=40, "name", "lower-case letters, digits and single hyphens, starting and ending with a letter or digit";
    /// The name of a backup of Steward's own state: its file's name.
    BackupName: is_backup_name, 1..=36, "backup", "`steward-`, the time in UTC and `.tar.age`, such as `steward-20250704T101112.123Z.tar.age`";
    /// The name of a user account.
    UserName: is_user_name, 1..=64, "user", "letters, digits, `_`, `.`, `-` and `@`, starting with a letter";
}

impl DeploymentName {
    /// The Compose project of this deployment: fixed when the deployment is made, never derived
    /// from a folder.
    pub fn project(&self) -> String {
        format!("steward-{self}")
    }

    /// The Docker volume that holds a definition's volume for this deployment.
    ///
    /// # Errors
    /// `invalid_name` when the two names together are too long for Docker.
    pub fn volume(&self, key: &VolumeKey) -> Result<VolumeName, Refusal> {
        VolumeName::parse(&format!("steward-{self}_{key}"))
    }
}

impl ImageRef {
    /// The registry host this image is pulled from, `docker.io` when none is written.
    pub fn registry(&self) -> &str {
        match self.0.split_once('/') {
            Some((first, _)) if first.contains('.') || first.contains(':') || first == "localhost" => first,
            _ => "docker.io",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R3: whatever kind of name it is, none can be taken for a flag, a path or a piece of another language, and all have
    /// a length.
    #[test]
    fn no_name_is_a_flag_a_path_or_a_program() {
        type Parse = fn(&str) -> bool;
        let names: [(&str, usize, Parse); 12] = [
            ("slug", Slug::MAX, |text| Slug::parse(text).is_ok()),
            ("deployment", DeploymentName::MAX, |text| DeploymentName::parse(text).is_ok()),
            ("service", ServiceName::MAX, |text| ServiceName::parse(text).is_ok()),
            ("volume key", VolumeKey::MAX, |text| VolumeKey::parse(text).is_ok()),
            ("volume", VolumeName::MAX, |text| VolumeName::parse(text).is_ok()),
            ("image", ImageRef::MAX, |text| ImageRef::parse(text).is_ok()),
            ("env", EnvKey::MAX, |text| EnvKey::parse(text).is_ok()),
            ("setting", SettingKey::MAX, |text| SettingKey::parse(text).is_ok()),
            ("script", ScriptName::MAX, |text| ScriptName::parse(text).is_ok()),
            ("schedule", ScheduleName::MAX, |text| ScheduleName::parse(text).is_ok()),
            ("backup", BackupName::MAX, |text| BackupName::parse(text).is_ok()),
            ("user", UserName::MAX, |text| UserName::parse(text).is_ok()),
        ];
        let bad = [
            "",
            "-",
            "-rf",
            "--privileged",
            "..",
            "../a",
            "/etc/passwd",
            "a/../b",
            "a b",
            " a",
            "a;id",
            "a|id",
            "a&b",
            "$(id)",
            "`id`",
            "${a}",
        ];
        let bad =
            bad.into_iter().chain(["a\n", "a\0", "a\u{1b}[31m", "'a'", "\"a\"", "a\\b", "a*", "a?", "~", "a<b", "a=b", "a,b", "ä", "а"]);
        for (kind, max, parses) in names {
            for text in bad.clone() {
                assert!(!parses(text), "{kind}: {text:?}");
            }
            assert!(!parses(&"a".repeat(max + 1)), "{kind}");
            assert!(kind == "backup" || parses("a") || parses("A"), "{kind}");
        }
    }

    #[test]
    fn slugs() {
        for good in ["a", "hello", "uptime-kuma", "a1", "1a"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "a.b", "a/b", "..", "a b", "ä", "a\n", "a\0", &"a".repeat(49)] {
            assert!(Slug::parse(bad).is_err(), "{bad:?}");
        }
    }

    /// R3.
    #[test]
    fn image_references() {
        for good in [
            "nginx",
            "nginx:1.28",
            "library/nginx:latest",
            "ghcr.io/immich-app/immich-server:v1.132.3",
            "localhost:5000/a/b:c",
            "10.66.0.1/x",
            "a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(ImageRef::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-nginx",
            "nginx:",
            "nginx:-x",
            "NGINX",
            "a//b",
            "a b",
            "nginx@sha256:12",
            "host:99999/a",
            "../a",
            "a/..",
            "nginx;ls",
            "--privileged",
        ] {
            assert!(ImageRef::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn registries() {
        let registry = |text: &str| ImageRef::parse(text).map(|i| i.registry().to_owned());
        assert_eq!(registry("nginx:1"), Ok("docker.io".to_owned()));
        assert_eq!(registry("louislam/uptime-kuma:1"), Ok("docker.io".to_owned()));
        assert_eq!(registry("ghcr.io/a/b"), Ok("ghcr.io".to_owned()));
    }

    /// R3.
    #[test]
    fn container_paths() {
        for good in ["/data", "/var/www/html", "/a-b_c.d"] {
            assert!(ContainerPath::parse(good).is_ok(), "{good}");
        }
        for bad in ["data", "/", "/a/../b", "/a//b", "/a:ro", "/a/.", "/a\n", "/a/"] {
            assert!(ContainerPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn user_names_and_env_keys() {
        assert!(UserName::parse("anna").is_ok());
        assert!(UserName::parse("anna@home").is_ok());
        assert!(UserName::parse("-anna").is_err());
        assert!(UserName::parse("").is_err());
        assert!(EnvKey::parse("A_B1").is_ok());
        assert!(EnvKey::parse("1A").is_err());
        assert!(EnvKey::parse("A=B").is_err());
    }

    /// R39: from the deployment's own name, not from a folder.
    #[test]
    fn a_deployment_names_its_project_and_volumes() -> Result<(), Refusal> {
        let name = DeploymentName::parse("photos")?;
        assert_eq!(name.project(), "steward-photos");
        assert_eq!(name.volume(&VolumeKey::parse("library")?)?.as_str(), "steward-photos_library");
        Ok(())
    }

    #[test]
    fn a_refused_name_says_which_field() {
        assert_eq!(DeploymentName::parse("No").map_err(|r| r.field), Err(Some("name".to_owned())));
    }
}
