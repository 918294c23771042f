//! The signals by which the system ends the server.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::exit::Exit;

/// Those that are listened for; nothing when they cannot be heard.
pub struct Signals(Option<(Signal, Signal)>);

impl Signals {
    /// Begins to listen: from now on they do not end the process by themselves.
    pub fn listen() -> Self {
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => Self(Some((terminate, interrupt))),
            _ => {
                tracing::error!("signals cannot be heard; the server runs until it is killed");
                Self(None)
            }
        }
    }

    /// Returns when the server is to stop.
    pub async fn heard(&mut self) {
        let Some((terminate, interrupt)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }

    /// From now on a signal ends the process at once.
    pub fn end_the_process(&mut self) {
        let mut rest = Self(self.0.take());
        // Asked for by the tracker of nobody: it lives until the process ends, which is its only work.
        tokio::spawn(async move {
            rest.heard().await;
            std::process::exit(i32::from(Exit::OTHER.0));
        });
    }
}
