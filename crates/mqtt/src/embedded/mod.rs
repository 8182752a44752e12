//! The MQTT 5 broker inside this process: crate `mqtt5` behind our own TLS door.
//!
//! It promises: nobody gets through the door without a certificate of our authority, in time, and the caller's
//! consent ([`Admission`]); a node does only what the [`AccessRules`] let it; sessions, retained messages and
//! waiting QoS 1 messages survive a restart. An acknowledged message may be up to 250 ms from disk, and up to
//! [`LANE_DEPTH`] messages for a slow but connected node are in memory only: what must arrive is kept by the
//! sender until the node's own acknowledgement.
//!
//! A node's rights are looked up when it connects. Whoever changes them (another commune, a revoked
//! certificate) then calls [`Bus::disconnect_client`]; the node comes back with the new ones.

mod connections;
mod door;
mod identity;
mod inbox;
mod provider;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mqtt5::QoS;
use mqtt5::broker::config::{BrokerConfig, StorageConfig};
use mqtt5::broker::resource_monitor::{ResourceLimits, ResourceMonitor};
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::storage::client_queue::QueueLimits;
use mqtt5::broker::storage::{DynamicStorage, FileBackend, StorageBackend};
use mqtt5::broker::sys_topics::BrokerStats;
use mqtt5::packet::publish::PublishPacket;
use rustls::ServerConfig;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::{Bus, BusError, Receivers};
use crate::message::{Message, Publish, Qos, Subscription, expiry_seconds};
use crate::{AccessRules, ServerTls, TlsError, tls, topic};

use connections::Connections;
pub use identity::CertificateIdentity;

/// Messages in memory for one connected node, of each QoS, before they queue on disk (QoS 1) or are lost (QoS 0:
/// more than a second of live audio).
pub const LANE_DEPTH: usize = 64;

/// Packet headers and properties allowed on top of a payload when its size is checked, bytes.
const HEADER_ALLOWANCE: usize = 64;

/// How long connections may take to end at shutdown.
const CONNECTIONS_END: Duration = Duration::from_secs(5);
/// How long receivers may take to take the last messages.
const SEAT_END: Duration = Duration::from_secs(2);

/// The caller's consent to a login, asked once the certificate proved good.
pub trait Admission: Send + Sync {
    /// Looks the node up. Must answer within seconds; the login waits.
    fn admit<'a>(&'a self, who: &'a CertificateIdentity) -> BoxFuture<'a, Admitted>;
}

/// The answer to a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// Let in.
    Yes {
        /// The commune whose commands the node may hear.
        commune: Option<String>,
    },
    /// Refused: revoked, or unknown.
    No,
}

/// Settings of an [`EmbeddedBroker`].
#[derive(Clone)]
pub struct EmbeddedConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of sessions and messages; made when missing, and locked.
    pub folder: PathBuf,
    /// Certificates.
    pub tls: ServerTls,
    /// Who is let in.
    pub admission: Arc<dyn Admission>,
    /// What a node may do.
    pub rules: Arc<dyn AccessRules>,
    /// Most connections at once, logins included.
    pub max_connections: usize,
    /// Most connections from one IP address; `None`: a carrier's address translation may hide a whole province.
    pub max_connections_per_address: Option<usize>,
    /// Largest packet, bytes.
    pub max_packet_bytes: u32,
    /// Longest TLS handshake; the CONNECT packet gets ten seconds more.
    pub handshake_limit: Duration,
    /// Longest life of a session without a connection.
    pub max_session_expiry: Duration,
}

impl EmbeddedConfig {
    /// Settings for up to 12,000 nodes.
    pub fn new(
        listen: SocketAddr,
        folder: impl Into<PathBuf>,
        tls: ServerTls,
        admission: Arc<dyn Admission>,
        rules: Arc<dyn AccessRules>,
    ) -> Self {
        Self {
            listen,
            folder: folder.into(),
            tls,
            admission,
            rules,
            max_connections: 12_000,
            max_connections_per_address: None,
            max_packet_bytes: crate::MAX_PACKET_BYTES,
            handshake_limit: Duration::from_secs(10),
            max_session_expiry: Duration::from_secs(60 * 24 * 3600),
        }
    }
}

/// Why the embedded broker can't start; the operator puts it right.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The folder can't be used: rights, or another broker holds it.
    #[error("the message folder can't be used: {0}")]
    Storage(String),
    /// The certificates can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The port is taken, or not allowed.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// What the door and the connections share.
pub(crate) struct Core {
    config: EmbeddedConfig,
    broker: Arc<BrokerConfig>,
    router: Arc<MessageRouter>,
    storage: Arc<DynamicStorage>,
    stats: Arc<BrokerStats>,
    monitor: Arc<ResourceMonitor>,
    connections: Connections,
    tls: RwLock<Arc<ServerConfig>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A running broker. Dropping it without [`Bus::shutdown`] is like a power cut.
pub struct EmbeddedBroker {
    core: Arc<Core>,
    receivers: Arc<Receivers>,
    serving: watch::Sender<bool>,
    /// This process's own seat; given up after the nodes' connections.
    seat: Mutex<Option<JoinHandle<()>>>,
    leave_seat: CancellationToken,
}

impl EmbeddedBroker {
    /// Opens the folder and gets everything ready, but lets nobody in yet: subscribe first, then
    /// [`EmbeddedBroker::listen`], and no message is missed.
    pub async fn open(config: EmbeddedConfig) -> Result<Self, EmbeddedError> {
        let storage_error = |error: mqtt5::MqttError| EmbeddedError::Storage(error.to_string());
        let server_config = tls::server_config(&config.tls)?;
        let limits = QueueLimits { max_messages: 10_000, max_bytes: 64 * 1024 * 1024 };
        let files = FileBackend::with_queue_limits(&config.folder, limits).await.map_err(storage_error)?;
        let storage = Arc::new(DynamicStorage::File(files));
        let broker = broker_config(&config);
        let router = Arc::new(MessageRouter::with_storage(Arc::clone(&storage)));
        let longest = u32::try_from(config.max_session_expiry.as_secs()).unwrap_or(u32::MAX);
        router.recover_sessions(longest).await.map_err(storage_error)?;
        storage.cleanup_expired().await.map_err(storage_error)?;
        router.initialize().await.map_err(storage_error)?;
        let core = Arc::new(Core {
            connections: Connections::new(config.max_connections, config.max_connections_per_address),
            monitor: Arc::new(ResourceMonitor::new(resource_limits(&config))),
            broker: Arc::new(broker),
            router,
            storage,
            stats: Arc::new(BrokerStats::new()),
            tls: RwLock::new(server_config),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            config,
        });
        let receivers = Arc::new(Receivers::default());
        let leave_seat = CancellationToken::new();
        let seat = inbox::open(Arc::clone(&core.router), Arc::clone(&receivers), leave_seat.clone()).await;
        core.tasks.spawn(maintain(Arc::clone(&core)));
        let serving = watch::Sender::new(false);
        Ok(Self { core, receivers, serving, seat: Mutex::new(Some(seat)), leave_seat })
    }

    /// Lets nodes in; returns the address listened on.
    pub async fn listen(&self) -> Result<SocketAddr, EmbeddedError> {
        let address = self.core.config.listen;
        let failed = |source| EmbeddedError::Listen { address, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        self.core.tasks.spawn(door::keep(Arc::clone(&self.core), listener));
        self.serving.send_replace(true);
        Ok(address)
    }

    /// Uses other certificates for logins from now on; connections that stand are not touched.
    pub fn set_tls(&self, tls: &ServerTls) -> Result<(), TlsError> {
        let config = tls::server_config(tls)?;
        *self.core.tls.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Nodes logged in now.
    pub fn connected_nodes(&self) -> Vec<String> {
        self.core.connections.nodes()
    }
}

fn broker_config(config: &EmbeddedConfig) -> BrokerConfig {
    let storage = StorageConfig::default().with_base_dir(config.folder.clone());
    let mut broker = BrokerConfig::default()
        .with_max_packet_size(config.max_packet_bytes as usize)
        .with_maximum_qos(1)
        .with_session_expiry(config.max_session_expiry)
        .with_max_subscriptions_per_client(32)
        .with_client_channel_capacity(LANE_DEPTH)
        .with_sys_topics_enabled(false)
        .with_server_receive_maximum(64)
        .with_storage(storage);
    broker.bind_addresses = Vec::new();
    broker.max_clients = config.max_connections;
    broker.topic_alias_maximum = 16;
    broker.wildcard_subscription_available = false;
    broker.shared_subscription_available = false;
    broker
}

/// The door counts connections; these only keep the crate's own counters from refusing.
fn resource_limits(config: &EmbeddedConfig) -> ResourceLimits {
    ResourceLimits {
        max_connections: config.max_connections,
        max_connections_per_ip: usize::MAX,
        max_message_rate_per_client: 0,
        max_bandwidth_per_client: 0,
        max_connection_rate: u32::MAX,
        rate_limit_window: Duration::from_secs(1),
    }
}

/// Forgets expired messages and sessions, every ten minutes.
async fn maintain(core: Arc<Core>) {
    let mut tick = tokio::time::interval(Duration::from_secs(600));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tick.tick().await;
    loop {
        tokio::select! {
            () = core.stop.cancelled() => return,
            _ = tick.tick() => {
                if let Err(error) = core.storage.cleanup_expired().await {
                    tracing::warn!(%error, "expired messages could not be cleared away");
                }
                core.router.sweep_sessions().await;
            }
        }
    }
}

impl Bus for EmbeddedBroker {
    fn publish(&self, publish: Publish) -> BoxFuture<'_, Result<(), BusError>> {
        async move {
            if self.core.stop.is_cancelled() {
                return Err(BusError::Stopped);
            }
            if !topic::is_valid_name(&publish.topic) {
                return Err(BusError::InvalidTopic(publish.topic));
            }
            let bytes = publish.payload.len() + publish.topic.len() + HEADER_ALLOWANCE;
            let limit = self.core.config.max_packet_bytes as usize;
            if bytes > limit {
                return Err(BusError::TooLarge { bytes, limit });
            }
            let qos = match publish.qos {
                Qos::AtMostOnce => QoS::AtMostOnce,
                Qos::AtLeastOnce => QoS::AtLeastOnce,
            };
            let mut packet =
                PublishPacket::new(publish.topic, publish.payload, qos).with_retain(publish.retain);
            if let Some(expiry) = publish.expiry {
                packet = packet.with_message_expiry_interval(expiry_seconds(expiry));
            }
            // No time to wait for a slow node: beyond its lane a message goes to its queue at once.
            self.core
                .router
                .route_message_with_deadline(&packet, Some(inbox::CLIENT_ID), Instant::now())
                .await;
            Ok(())
        }
        .boxed()
    }

    fn subscribe(
        &self,
        filters: Vec<Subscription>,
    ) -> BoxFuture<'_, Result<mpsc::Receiver<Message>, BusError>> {
        async move {
            if self.core.stop.is_cancelled() {
                return Err(BusError::Stopped);
            }
            inbox::subscribe(&self.core.router, &self.receivers, &filters).await
        }
        .boxed()
    }

    fn disconnect_client(&self, node_id: &str) -> BoxFuture<'_, Result<(), BusError>> {
        let node_id = node_id.to_owned();
        async move {
            self.core.connections.cut(&node_id, &self.core.router).await;
            Ok(())
        }
        .boxed()
    }

    fn connected(&self) -> watch::Receiver<bool> {
        self.serving.subscribe()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        async move {
            self.core.stop.cancel();
            self.serving.send_replace(false);
            self.core.tasks.close();
            if tokio::time::timeout(CONNECTIONS_END, self.core.tasks.wait()).await.is_err() {
                tracing::warn!("some connections did not end in time");
            }
            // What the nodes sent before the end is still handed out.
            self.leave_seat.cancel();
            let seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(seat) = seat
                && tokio::time::timeout(SEAT_END, seat).await.is_err()
            {
                tracing::warn!("nobody took the last messages");
            }
            self.receivers.close().await;
            if let Err(error) = self.core.storage.shutdown().await {
                tracing::error!(%error, "messages could not be written down at shutdown");
            }
        }
        .boxed()
    }
}
