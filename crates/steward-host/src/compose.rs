//! What every host knows of `docker compose`: its words, and the kinds of its errors.

use crate::error::HostErrorKind;
use crate::host::ComposeAction;

/// The words for an action. `down` never has `--volumes`: nothing but `volume_delete` removes data.
pub(crate) fn words(action: ComposeAction) -> &'static [&'static str] {
    match action {
        ComposeAction::Up => &["up", "--detach", "--no-build", "--pull", "never", "--remove-orphans"],
        ComposeAction::Start => &["start"],
        ComposeAction::Stop => &["stop"],
        ComposeAction::Restart => &["restart"],
        ComposeAction::Down => &["down", "--remove-orphans"],
    }
}

/// The kind of an error that Compose printed.
pub(crate) fn kind_of(message: &str) -> HostErrorKind {
    let text = message.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["cannot connect to the docker daemon", "permission denied while trying to connect to the docker"]) {
        HostErrorKind::Unreachable
    } else if any(&["port is already allocated", "address already in use", "is already in use by container"]) {
        HostErrorKind::Conflict
    } else {
        HostErrorKind::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart() {
        for (text, kind) in [
            (
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                HostErrorKind::Unreachable,
            ),
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", HostErrorKind::Conflict),
            ("failed to bind host port for 0.0.0.0:80:172.18.0.2:80/tcp: address already in use", HostErrorKind::Conflict),
            ("No such image: web:1", HostErrorKind::Failed),
        ] {
            assert_eq!(kind_of(text), kind, "{text}");
        }
    }
}
