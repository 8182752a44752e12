//! The bus as the cloud broker's process sees it, whoever serves it.

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use crate::message::{Message, Publish, Qos, Subscription};
use crate::topic;

/// Publish to nodes, hear them, cut one off. Shared by reference; every method may be called concurrently.
pub trait Bus: Send + Sync {
    /// Hands a message to the server. Returns when the server has it: external, its acknowledgement arrived;
    /// embedded, it is stored and on its way to every connected subscriber. It may be up to 250 ms from disk:
    /// what must arrive is kept by the caller until the node's own acknowledgement.
    fn publish(&self, publish: Publish) -> BoxFuture<'_, Result<(), BusError>>;

    /// Messages matching any of `filters` (wildcards allowed here), from now on, and the retained ones first.
    /// Several subscriptions each get their own copy. A slow receiver slows the senders of QoS 1 down and loses
    /// QoS 0; drop the receiver to unsubscribe.
    fn subscribe(
        &self,
        filters: Vec<Subscription>,
    ) -> BoxFuture<'_, Result<mpsc::Receiver<Message>, BusError>>;

    /// Cuts a node's connection at once, for instance after its certificate was revoked or it moved to another
    /// commune. Not an error when it isn't connected. The caller first makes sure that its next login is refused.
    fn disconnect_client(&self, node_id: &str) -> BoxFuture<'_, Result<(), BusError>>;

    /// Whether messages flow now.
    fn connected(&self) -> watch::Receiver<bool>;

    /// Stops: sessions are written down, connections closed. Calls after it fail.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// Why the bus did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The caller's mistake: the topic or filter is not a valid one.
    #[error("not a valid topic: {0:?}")]
    InvalidTopic(String),
    /// The caller's mistake: the message is larger than the server takes.
    #[error("message of {bytes} bytes; the server takes {limit}")]
    TooLarge {
        /// Size of the packet, bytes.
        bytes: usize,
        /// Largest the server takes, bytes.
        limit: usize,
    },
    /// The operator's configuration of the external broker: it refused the message or subscription.
    #[error("the MQTT server refused: {0}")]
    Refused(String),
    /// Nobody needs to act: no connection to the external broker now, or too much is waiting. Try later.
    #[error("the MQTT server can't be reached now: {0}")]
    Unavailable(String),
    /// Not possible with this kind of server; the operator does it there.
    #[error("an external MQTT server can't be told to {0}")]
    Unsupported(&'static str),
    /// The bus was shut down.
    #[error("the bus was shut down")]
    Stopped,
}

/// Receivers on this process's side, each with its filters; both kinds of bus hand incoming messages to it.
#[derive(Default)]
pub(crate) struct Receivers {
    list: tokio::sync::Mutex<Vec<Receiving>>,
}

struct Receiving {
    filters: Vec<String>,
    sender: mpsc::Sender<Message>,
}

/// Messages a receiver may lag behind before its senders wait.
const RECEIVER_DEPTH: usize = 1024;

/// Refuses what can't be subscribed to.
pub(crate) fn check_filters(filters: &[Subscription]) -> Result<(), BusError> {
    match filters.iter().find(|s| !topic::is_valid_filter(&s.filter)) {
        Some(bad) => Err(BusError::InvalidTopic(bad.filter.clone())),
        None => Ok(()),
    }
}

impl Receivers {
    /// Adds a receiver that gets what `first` gives before anything else. No message is dispatched meanwhile, so a
    /// newer one never comes before an older.
    pub(crate) async fn add(
        &self,
        filters: &[Subscription],
        first: impl Future<Output = Vec<Message>>,
    ) -> mpsc::Receiver<Message> {
        let mut list = self.list.lock().await;
        let first = first.await;
        let (sender, receiver) = mpsc::channel(RECEIVER_DEPTH + first.len());
        for message in first {
            // There is room.
            let _ = sender.try_send(message);
        }
        let filters = filters.iter().map(|s| s.filter.clone()).collect();
        list.push(Receiving { filters, sender });
        receiver
    }

    /// Gives `message` to every receiver that wants it; waits for room when it must not be lost.
    pub(crate) async fn dispatch(&self, message: &Message) {
        let wanting: Vec<mpsc::Sender<Message>> = {
            let mut list = self.list.lock().await;
            list.retain(|r| !r.sender.is_closed());
            list.iter()
                .filter(|r| r.filters.iter().any(|f| topic::matches(f, &message.topic)))
                .map(|r| r.sender.clone())
                .collect()
        };
        for sender in wanting {
            match message.qos {
                Qos::AtMostOnce => {
                    if sender.try_send(message.clone()).is_err() {
                        tracing::debug!(topic = message.topic, "a slow receiver lost a QoS 0 message");
                    }
                }
                Qos::AtLeastOnce => {
                    // An error means that the receiver was dropped meanwhile.
                    let _ = sender.send(message.clone()).await;
                }
            }
        }
    }

    /// Ends every receiver's stream.
    pub(crate) async fn close(&self) {
        self.list.lock().await.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(topic: &str, qos: Qos) -> Message {
        Message { topic: topic.into(), payload: "x".into(), qos, retain: false, dup: false }
    }

    #[tokio::test]
    async fn each_receiver_gets_what_it_asked_for_after_what_was_stored() {
        let receivers = Receivers::default();
        let stored = message("a/1", Qos::AtLeastOnce);
        let mut a = receivers.add(&[Subscription::new("a/+")], async { vec![stored] }).await;
        let mut all = receivers.add(&[Subscription::new("#")], async { vec![] }).await;
        receivers.dispatch(&message("a/2", Qos::AtLeastOnce)).await;
        receivers.dispatch(&message("b/1", Qos::AtMostOnce)).await;
        receivers.close().await;
        let topics = |receiver: &mut mpsc::Receiver<Message>| {
            std::iter::from_fn(|| receiver.try_recv().ok()).map(|m| m.topic).collect::<Vec<_>>()
        };
        assert_eq!(topics(&mut a), ["a/1", "a/2"]);
        assert_eq!(topics(&mut all), ["a/2", "b/1"]);
        assert!(a.recv().await.is_none(), "closed");
    }

    #[tokio::test]
    async fn a_full_receiver_loses_qos_0_and_never_blocks_for_it() {
        let receivers = Receivers::default();
        let _slow = receivers.add(&[Subscription::new("#")], async { vec![] }).await;
        for _ in 0..2 * RECEIVER_DEPTH {
            receivers.dispatch(&message("a", Qos::AtMostOnce)).await;
        }
    }
}
