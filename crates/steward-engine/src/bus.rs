//! The event bus: one broadcast, a bounded queue for each receiver.

use steward_core::event::Event;
use tokio::sync::broadcast;

/// How many events a receiver may be behind before it has to refetch.
const CAPACITY: usize = 1024;

/// Sends events to whoever listens.
#[derive(Clone)]
pub struct Bus {
    sender: broadcast::Sender<Event>,
}

impl Bus {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0 }
    }

    /// Sends; nobody listening is fine.
    pub(crate) fn send(&self, event: Event) {
        let _ = self.sender.send(event);
    }

    /// A receiver of all events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
