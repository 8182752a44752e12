//! The message bus of Loa: an embedded MQTT 5 broker, and a client that survives bad networks.
//!
//! Three things stand here, and nothing of what the messages mean:
//!
//! * [`Bus`], what the cloud broker's process publishes to and listens on. [`embedded`] serves it from
//!   inside the process (feature `embedded`); [`external`] speaks to an MQTT 5 broker by URL.
//! * [`Client`], the agent's link: mutual TLS, a persistent session, acknowledgement when the work is safe,
//!   its own jittered back-off.
//! * [`rules`], the one table of what a node may publish and subscribe to.
//!
//! It promises that an accepted QoS 1 message is delivered at least once while the session lasts; what must
//! arrive whatever happens is kept by the sender until the receiver's own acknowledgement, one layer up.
//! It never looks into a payload.

mod bus;
pub mod client;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod external;
mod message;
pub mod rules;
pub mod tls;
pub mod topic;

pub use bus::{Bus, BusError};
pub use client::{
    AckHandle, BackoffRange, Client, ClientConfig, ClientError, Connection, Delivery, DisconnectReason,
    Incoming, PublishError, ServerAddress, Traffic, Will,
};
pub use message::{Message, Publish, Qos, Subscription};
pub use rules::{AccessRules, Action, NodeRules};
pub use tls::{ServerTls, TlsError, TlsIdentity};

/// Largest MQTT packet either side accepts, bytes. "Play now" carries at most 256 KiB of audio, and a plan is
/// far smaller; beyond this a packet is a mistake or an attack.
pub const MAX_PACKET_BYTES: u32 = 1024 * 1024;
