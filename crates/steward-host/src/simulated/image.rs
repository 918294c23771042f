//! Images of the simulated registry, and how containers made from them behave.

use steward_core::device::Image;
use steward_core::name::ImageRef;

/// What a container does once it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Runs and is healthy after this many looks (`containers` or `probe`) since its start.
    HealthyAfter(u32),
    /// Runs and never becomes healthy.
    NeverHealthy,
    /// Ends at once with this exit code; a restart policy starts it again and again.
    Exits(i64),
}

/// An image as the simulated registry or engine holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedImage {
    pub(crate) reference: ImageRef,
    pub(crate) architecture: String,
    pub(crate) size: u64,
    pub(crate) has_health_check: bool,
    pub(crate) behaviour: Behaviour,
    pub(crate) revision: u32,
}

impl SimulatedImage {
    /// An `amd64` image of 10 MB without a health check of its own; its containers are healthy at once.
    pub fn new(reference: &ImageRef) -> Self {
        Self {
            reference: reference.clone(),
            architecture: "amd64".to_owned(),
            size: 10_000_000,
            has_health_check: false,
            behaviour: Behaviour::HealthyAfter(0),
            revision: 0,
        }
    }

    /// Sets the architecture, in Docker's words.
    #[must_use]
    pub fn architecture(mut self, architecture: &str) -> Self {
        architecture.clone_into(&mut self.architecture);
        self
    }

    /// Sets the size in bytes.
    #[must_use]
    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// Gives the image a health check of its own.
    #[must_use]
    pub fn with_health_check(mut self) -> Self {
        self.has_health_check = true;
        self
    }

    /// Sets what its containers do.
    #[must_use]
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    /// Sets the revision: the same reference with another revision is another image with another id.
    #[must_use]
    pub fn revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    /// The engine's id for it, the same for the same reference, architecture and revision.
    pub fn id(&self) -> String {
        let seed = format!("{} {} {}", canonical(&self.reference), self.architecture, self.revision);
        format!("sha256:{}", hex_id(&seed))
    }

    pub(crate) fn describe(&self, asked: &ImageRef) -> Image {
        Image {
            reference: asked.clone(),
            id: self.id(),
            architecture: self.architecture.clone(),
            size: self.size,
            has_health_check: self.has_health_check,
        }
    }
}

/// The reference as the engine files it: with a tag, without Docker Hub's prefixes.
pub(crate) fn canonical(reference: &ImageRef) -> String {
    let text = reference.as_str();
    let text = text.strip_prefix("docker.io/").unwrap_or(text);
    let text = text.strip_prefix("library/").unwrap_or(text);
    let name = text.rsplit('/').next().unwrap_or(text);
    if name.contains(':') || name.contains('@') { text.to_owned() } else { format!("{text}:latest") }
}

/// FNV-1a: the same on every machine and every run, which is all that an id needs here.
pub(crate) fn fingerprint(text: &str, seed: u64) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// 64 hexadecimal characters made from a text.
pub(crate) fn hex_id(text: &str) -> String {
    (0..4).map(|part| format!("{:016x}", fingerprint(text, part))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn references_are_filed_with_a_tag() {
        let filed = |text: &str| canonical(&ImageRef::parse(text).unwrap());
        assert_eq!(filed("nginx"), "nginx:latest");
        assert_eq!(filed("docker.io/library/nginx:1"), "nginx:1");
        assert_eq!(filed("localhost:5000/a"), "localhost:5000/a:latest");
    }

    #[test]
    fn another_revision_is_another_image() {
        let image = SimulatedImage::new(&ImageRef::parse("a:1").unwrap());
        assert_eq!(image.id(), image.clone().id());
        assert_ne!(image.id(), image.clone().revision(1).id());
        assert_eq!(image.id().len(), 71);
    }
}
