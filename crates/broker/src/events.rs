//! What open pages are told as it happens. A page that misses some asks for everything again.

use serde_json::Value;
use tokio::sync::broadcast;

/// Events a slow page may lag behind before it is told to start over.
const DEPTH: usize = 512;

/// One event, ready to be sent.
#[derive(Debug, Clone)]
pub struct Event {
    /// `node`, `airing`, `broadcast`, `latches`, `alarms`, `programme`.
    pub name: &'static str,
    /// The thing as the API shows it.
    pub body: Value,
}

/// The way to open pages.
pub struct Events {
    sender: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(DEPTH) }
    }
}

impl Events {
    /// Tells all open pages.
    pub fn tell<T: serde::Serialize>(&self, name: &'static str, body: &T) {
        if self.sender.receiver_count() > 0 {
            match serde_json::to_value(body) {
                Ok(body) => drop(self.sender.send(Event { name, body })),
                Err(error) => tracing::error!(%error, name, "an event can't be written"),
            }
        }
    }

    /// Whether any page is open.
    pub fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
