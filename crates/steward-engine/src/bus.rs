//! The event bus: one broadcast, a bounded queue for each receiver.

use steward_core::event::Event;
use tokio::sync::{broadcast, watch};

/// How many events a receiver may be behind before it has to refetch.
const CAPACITY: usize = 1024;

/// Sends events to whoever listens.
#[derive(Clone)]
pub struct Bus {
    sender: broadcast::Sender<Event>,
    rights: watch::Sender<()>,
}

impl Bus {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0, rights: watch::Sender::new(()) }
    }

    /// Sends; nobody listening is fine.
    pub(crate) fn send(&self, event: Event) {
        let _ = self.sender.send(event);
    }

    /// Says that somebody's rights may be others than they were: what is open is judged again.
    pub(crate) fn rights_changed(&self) {
        self.rights.send_replace(());
    }

    /// Changes whenever that was said.
    pub fn rights_changes(&self) -> watch::Receiver<()> {
        self.rights.subscribe()
    }

    /// A receiver of all events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
