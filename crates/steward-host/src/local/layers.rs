//! The progress of a pull, added up over its layers.

use std::collections::HashMap;

use bollard::models::CreateImageInfo;
use steward_core::event::Progress;

/// How many layers are followed. No real image has as many; a registry could claim more.
const MOST: usize = 1024;

/// One layer.
#[derive(Clone, Copy, Debug, Default)]
struct Layer {
    current: u64,
    total: u64,
    done: bool,
}

/// All layers of a pull so far.
#[derive(Debug)]
pub(crate) struct Layers {
    message: String,
    layers: HashMap<String, Layer>,
}

impl Layers {
    pub(crate) fn new(message: String) -> Self {
        Self { message, layers: HashMap::new() }
    }

    /// Takes one message of the engine; says how far the whole is when the message is about a layer.
    pub(crate) fn take(&mut self, info: &CreateImageInfo) -> Option<Progress> {
        let (id, status) = (info.id.as_deref()?, info.status.as_deref()?);
        let is_new = !self.layers.contains_key(id);
        // `Pulling from library/nginx` has the tag as its id.
        if is_new && (!is_layer(status) || self.layers.len() >= MOST) {
            return None;
        }
        let layer = self.layers.entry(id.to_owned()).or_default();
        let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
        match status {
            "Downloading" => {
                if let Some(detail) = &info.progress_detail {
                    layer.current = number(detail.current);
                    layer.total = layer.total.max(number(detail.total));
                }
            }
            "Download complete" | "Verifying Checksum" => layer.current = layer.total,
            "Pull complete" | "Already exists" => {
                layer.current = layer.total;
                layer.done = true;
            }
            _ => {}
        }
        Some(self.progress())
    }

    fn progress(&self) -> Progress {
        let count = |value: usize| Some(u64::try_from(value).unwrap_or(u64::MAX));
        Progress {
            message: self.message.clone(),
            done: count(self.layers.values().filter(|layer| layer.done).count()),
            total: count(self.layers.len()),
            bytes_done: Some(self.layers.values().map(|layer| layer.current).sum()),
            bytes_total: Some(self.layers.values().map(|layer| layer.total).sum()),
            ..Progress::default()
        }
    }
}

fn is_layer(status: &str) -> bool {
    let words = [
        "Pulling fs layer",
        "Waiting",
        "Downloading",
        "Download complete",
        "Verifying Checksum",
        "Extracting",
        "Pull complete",
        "Already exists",
    ];
    words.contains(&status)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn brief(progress: Option<Progress>) -> Option<(u64, u64, u64, u64)> {
        let p = progress?;
        Some((p.done?, p.total?, p.bytes_done?, p.bytes_total?))
    }

    #[test]
    fn layers_add_up() {
        let mut layers = Layers::new("pulling nginx:1.28".into());
        for (line, want) in [
            (r#"{"status":"Pulling from library/nginx","id":"1.28"}"#, None),
            (r#"{"status":"Pulling fs layer","progressDetail":{},"id":"a"}"#, Some((0, 1, 0, 0))),
            (r#"{"status":"Already exists","progressDetail":{},"id":"b"}"#, Some((1, 2, 0, 0))),
            (r#"{"status":"Downloading","progressDetail":{"current":40,"total":100},"id":"a"}"#, Some((1, 2, 40, 100))),
            (r#"{"status":"Download complete","progressDetail":{},"id":"a"}"#, Some((1, 2, 100, 100))),
            (r#"{"status":"Extracting","progressDetail":{"current":5,"total":100},"id":"a"}"#, Some((1, 2, 100, 100))),
            (r#"{"status":"Pull complete","progressDetail":{},"id":"a"}"#, Some((2, 2, 100, 100))),
            (r#"{"status":"Digest: sha256:12"}"#, None),
        ] {
            assert_eq!(brief(layers.take(&serde_json::from_str(line).unwrap())), want, "{line}");
        }
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let mut layers = Layers::new(String::new());
        let line = r#"{"status":"Downloading","progressDetail":{"current":-1,"total":-1},"id":"a"}"#;
        assert_eq!(brief(layers.take(&serde_json::from_str(line).unwrap())), Some((0, 1, 0, 0)));
    }
}
