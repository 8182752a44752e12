//! A node's link to the broker: one persistent MQTT 5 session over mutual TLS, kept alive for ever.
//!
//! It promises: a QoS 1 message given to [`Client::publish`] is repeated until the server acknowledges it; an
//! incoming QoS 1 message is acknowledged only when its [`AckHandle`] says that the work is safe; after a lost
//! connection it waits a random time that grows from one second to a minute, so that ten thousand nodes don't
//! return at once. It never spins: every failed attempt waits. It doesn't outlive the process: what must
//! arrive after a restart is kept by the caller.
//!
//! Subscriptions are reconciled: [`Client::subscribe`] changes what is wanted, and each connection makes it so. A
//! retained message comes with the first connection after start, whenever the server has lost the session or the
//! subscription, and when it changes; not with every reconnect.
//!
//! Traffic of an idle link: a QoS 0 publish costs its payload + 30 bytes of TLS and MQTT once the server has
//! given a topic alias. [`ClientConfig::keep_alive`] is 28 s: a server drops a silent client after 42 s, and its
//! last will appears 2 s later (the delay keeps a quick reconnect from looking like a loss), inside the 45 s
//! that a lost node may stay unnoticed. A ping (48 bytes both ways) goes out only after 32 s without another
//! packet: with a heartbeat every 30 s there are none. A dead path is noticed by TCP within 30 s of the first
//! unacknowledged byte (`TCP_USER_TIMEOUT`).

mod backoff;
mod config;
mod desk;
mod link;
mod reason;
mod session;
mod wire;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{AsyncClient, ManualAck};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use backoff::BackoffRange;
pub use config::{ClientConfig, ClientError, ServerAddress, Will};
pub use reason::DisconnectReason;

use crate::message::{Publish, Qos, Subscription};
use crate::{TlsIdentity, topic};

/// Unacknowledged QoS 1 messages the server may send ahead; also the depth of the incoming channel.
pub(crate) const RECEIVE_WINDOW: u16 = 64;
/// QoS 1 messages sent ahead of the server's acknowledgement.
pub(crate) const SEND_WINDOW: u16 = 32;
/// Bytes of topic and headers allowed on top of a payload when its size is checked.
pub(crate) const HEADER_ALLOWANCE: usize = 64;

/// What the link is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Logged in and subscribed.
    Connected {
        /// The server still held the session: nothing sent meanwhile was lost.
        session_present: bool,
        /// Filters the server refused; the operator's or the broker's business.
        refused: Vec<String>,
    },
    /// Not connected; the next attempt follows by itself.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
}

impl Connection {
    /// True when connected.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

/// A message that arrived.
#[derive(Debug)]
pub struct Incoming {
    /// Full topic name.
    pub topic: String,
    /// The body.
    pub payload: Bytes,
    /// Guarantee it was delivered with.
    pub qos: Qos,
    /// It was the topic's stored latest message.
    pub retain: bool,
    /// It may have been delivered before.
    pub dup: bool,
    /// Acknowledge it with this, when the work is safe.
    pub ack: AckHandle,
}

/// The right to acknowledge one message. Dropped without [`AckHandle::ack`], the message comes again after the
/// next reconnect.
#[derive(Debug)]
pub struct AckHandle {
    pending: Option<(Arc<Shared>, u64, ManualAck)>,
}

impl AckHandle {
    /// Tells the server that the work is safe. Does nothing for QoS 0, or when the connection it came on is
    /// gone: then the server sends the message again.
    pub fn ack(mut self) {
        let Some((shared, epoch, ack)) = self.pending.take() else { return };
        // Held while queuing: an acknowledgement must not slip into the next connection, where the same packet
        // number means another message.
        let now = lock(&shared.epoch);
        if *now == epoch && shared.requests.try_manual_ack(ack).is_err() {
            tracing::debug!("an acknowledgement found no room; the message will come again");
        }
    }
}

/// Why a message was not delivered to the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The caller's mistake.
    #[error("not a valid topic: {0:?}")]
    InvalidTopic(String),
    /// The caller's mistake.
    #[error("message of {bytes} bytes; the server takes {limit}")]
    TooLarge {
        /// Size of the message, bytes.
        bytes: usize,
        /// Largest the server takes, bytes.
        limit: usize,
    },
    /// Too much is waiting already. Try later.
    #[error("too many messages are waiting to be sent")]
    QueueFull,
    /// A QoS 0 message without a connection: it is not kept.
    #[error("not connected")]
    NotConnected,
    /// It waited longer than it was worth.
    #[error("expired before it could be sent")]
    Expired,
    /// The server's access rules or limits; the operator's business.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The client was shut down.
    #[error("the client was shut down")]
    Stopped,
}

/// Resolves when the server has acknowledged a message (QoS 1) or it was written out (QoS 0). Dropping it
/// doesn't take the message back.
#[derive(Debug)]
pub struct Delivery(oneshot::Receiver<Result<(), PublishError>>);

impl Future for Delivery {
    type Output = Result<(), PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|done| done.unwrap_or(Err(PublishError::Stopped)))
    }
}

/// Bytes on the TCP connections so far, TLS included, TCP and IP headers not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Sent, bytes.
    pub sent: u64,
    /// Received, bytes.
    pub received: u64,
}

/// What the client's tasks and handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    requests: AsyncClient,
    state: watch::Sender<Connection>,
    /// Number of the current connection.
    epoch: Mutex<u64>,
    wanted: Mutex<Wanted>,
    wanted_changed: Notify,
    /// The version of `wanted` that the server was last told.
    told: watch::Sender<u64>,
    /// Give the current connection up and make a new one.
    kick: Notify,
    /// The same, because the connection proved useless: wait before the next one.
    useless: Notify,
    counters: wire::Counters,
    /// QoS 0 messages lost because nobody took them in time.
    overrun: AtomicU64,
    identity: wire::Identity,
    stop: CancellationToken,
}

/// The subscriptions wanted, and how often they changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    filters: BTreeMap<String, Qos>,
    version: u64,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handle to a running link. Clones share it. Dropping all of them stops it without a farewell.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    queue: mpsc::Sender<desk::Job>,
    _stop_on_drop: Arc<StopOnDrop>,
}

#[derive(Debug)]
struct StopOnDrop(CancellationToken);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Client {
    /// Starts the link on the current Tokio runtime and returns it with the stream of incoming messages, which
    /// must be drained: while it is full, nothing else moves.
    pub fn start(config: &ClientConfig) -> Result<(Self, mpsc::Receiver<Incoming>), ClientError> {
        link::start(config)
    }

    /// Sends a message and waits until the server has it. Waits for room in the queue, and through outages.
    pub async fn publish(&self, publish: Publish) -> Result<(), PublishError> {
        self.check(&publish)?;
        let place = self.queue.reserve().await.map_err(|_| PublishError::Stopped)?;
        let (job, delivery) = desk::Job::new(publish);
        place.send(job);
        delivery.await
    }

    /// Queues a message without waiting; the returned [`Delivery`] tells its fate.
    pub fn try_publish(&self, publish: Publish) -> Result<Delivery, PublishError> {
        self.check(&publish)?;
        let (job, delivery) = desk::Job::new(publish);
        match self.queue.try_send(job) {
            Ok(()) => Ok(delivery),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PublishError::QueueFull),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(PublishError::Stopped),
        }
    }

    fn check(&self, publish: &Publish) -> Result<(), PublishError> {
        if !topic::is_valid_name(&publish.topic) {
            return Err(PublishError::InvalidTopic(publish.topic.clone()));
        }
        let bytes = publish.payload.len() + publish.topic.len() + HEADER_ALLOWANCE;
        let limit = crate::MAX_PACKET_BYTES as usize;
        if bytes > limit {
            return Err(PublishError::TooLarge { bytes, limit });
        }
        if publish.qos == Qos::AtMostOnce && !self.shared.state.borrow().is_connected() {
            return Err(PublishError::NotConnected);
        }
        Ok(())
    }

    /// Wants `subscription` from now on, on this connection and all later ones.
    pub fn subscribe(&self, subscription: Subscription) -> Result<(), PublishError> {
        if !topic::is_valid_filter(&subscription.filter) {
            return Err(PublishError::InvalidTopic(subscription.filter));
        }
        self.change_wanted(|filters| {
            filters.insert(subscription.filter, subscription.qos);
        });
        Ok(())
    }

    /// Stops wanting `filter`.
    pub fn unsubscribe(&self, filter: &str) {
        self.change_wanted(|filters| {
            filters.remove(filter);
        });
    }

    fn change_wanted(&self, change: impl FnOnce(&mut BTreeMap<String, Qos>)) {
        let mut wanted = lock(&self.shared.wanted);
        change(&mut wanted.filters);
        wanted.version += 1;
        drop(wanted);
        self.shared.wanted_changed.notify_one();
    }

    /// Waits until the server has answered every change of subscriptions made so far, or the connection is lost;
    /// what it refused stands in [`Connection::Connected`].
    pub async fn settled(&self) {
        let version = lock(&self.shared.wanted).version;
        let (mut told, mut state) = (self.shared.told.subscribe(), self.connection());
        tokio::select! {
            _ = told.wait_for(|told| *told >= version) => {}
            _ = state.wait_for(|state| !state.is_connected()) => {}
        }
    }

    /// The state of the connection, now and as it changes.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.shared.state.subscribe()
    }

    /// Gives the connection up and makes a new one: after a change of network, or of certificate.
    pub fn reconnect(&self) {
        self.shared.kick.notify_one();
    }

    /// Uses another certificate from the next connection on; see [`Client::reconnect`].
    pub fn set_identity(&self, identity: &TlsIdentity) -> Result<(), ClientError> {
        self.shared.identity.replace(identity)
    }

    /// Bytes on the wire so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.counters.read()
    }

    /// QoS 0 messages lost because the incoming stream was full.
    pub fn overrun(&self) -> u64 {
        self.shared.overrun.load(Ordering::Relaxed)
    }

    /// Ends the link. When connected, `farewell` is published, acknowledgements given are sent, and the server is
    /// told to forget the last will, all within `limit`; when not, the last will stands. Other messages still
    /// waiting are given up when they hold this up for half of `limit`.
    pub async fn shutdown(self, farewell: Option<Publish>, limit: Duration) -> Result<(), PublishError> {
        let said = if self.shared.state.borrow().is_connected() {
            tokio::time::timeout(limit, self.say_farewell(farewell, limit / 2))
                .await
                .unwrap_or(Err(PublishError::NotConnected))
        } else {
            Err(PublishError::NotConnected)
        };
        self.shared.stop.cancel();
        said
    }

    async fn say_farewell(&self, farewell: Option<Publish>, patience: Duration) -> Result<(), PublishError> {
        if let Some(farewell) = farewell {
            self.publish(farewell).await?;
        }
        let gone = |_| PublishError::Stopped;
        // In order behind what is queued; the link ends by itself when it is out.
        self.shared.requests.disconnect().await.map_err(gone)?;
        let mut state = self.connection();
        let mut ended = std::pin::pin!(state.wait_for(|state| !state.is_connected()));
        if tokio::time::timeout(patience, &mut ended).await.is_err() {
            self.shared.requests.disconnect_now().await.map_err(gone)?;
            let _ = ended.await;
        }
        Ok(())
    }
}
