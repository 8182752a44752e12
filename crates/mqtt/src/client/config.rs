//! What a link needs to know.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::time_provider::TimeProvider;

use super::BackoffRange;
use crate::message::{Qos, Subscription};
use crate::{TlsError, TlsIdentity};

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// Name or IP address; the server's certificate must be for it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS. Without it only a loopback address is accepted.
    pub tls: bool,
}

impl ServerAddress {
    /// A server that speaks TLS.
    pub fn tls(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, tls: true }
    }
}

impl FromStr for ServerAddress {
    type Err = ClientError;

    /// Reads `mqtts://host[:8883]`, or `mqtt://127.0.0.1[:1883]` for tests on one machine. An IPv6 address
    /// stands in brackets.
    fn from_str(url: &str) -> Result<Self, ClientError> {
        let bad = || ClientError::Url(url.to_owned());
        let (tls, rest) = match url.split_once("://") {
            Some(("mqtts", rest)) => (true, rest),
            Some(("mqtt", rest)) => (false, rest),
            _ => return Err(bad()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
            let (host, after) = bracketed.split_once(']').ok_or_else(bad)?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or_else(bad)?) })
        } else {
            match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        if host.is_empty() || host.contains(['/', '@', '?', '#', ' ']) {
            return Err(bad());
        }
        let port = match port {
            Some(port) => port.parse().map_err(|_| bad())?,
            None if tls => 8883,
            None => 1883,
        };
        let address = Self { host: host.to_owned(), port, tls };
        address.check()?;
        Ok(address)
    }
}

impl ServerAddress {
    fn check(&self) -> Result<(), ClientError> {
        let loopback = self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if self.tls || loopback { Ok(()) } else { Err(ClientError::PlainText) }
    }
}

/// What the server publishes when this client is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Full topic name.
    pub topic: String,
    /// The body.
    pub payload: Bytes,
    /// Kept as the topic's latest message.
    pub retain: bool,
    /// How long after the loss, whole seconds; a reconnect within it cancels the will.
    pub delay: Duration,
}

impl Will {
    /// A retained will two seconds after the loss, so that a quick reconnect is not shown as a loss.
    pub fn new(topic: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self { topic: topic.into(), payload: payload.into(), retain: true, delay: Duration::from_secs(2) }
    }
}

/// Settings of a [`super::Client`]; [`ClientConfig::new`] fills in what a node uses.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where to connect.
    pub server: ServerAddress,
    /// Certificates; needed with TLS.
    pub identity: Option<TlsIdentity>,
    /// The time at which certificates are judged; the machine's clock by default.
    pub tls_time: Option<Arc<dyn TimeProvider>>,
    /// Client id; a node's id, the same as its certificate's name.
    pub client_id: String,
    /// What to hear from the first connection on.
    pub subscriptions: Vec<Subscription>,
    /// What the server says when this client is lost.
    pub will: Option<Will>,
    /// Longest silence promised to the server, whole seconds. It gives up after one and a half times this.
    pub keep_alive: Duration,
    /// How long the server keeps the session without a connection.
    pub session_expiry: Duration,
    /// Longest attempt to connect, from name look-up to login.
    pub connect_limit: Duration,
    /// Waits between attempts.
    pub backoff: BackoffRange,
    /// Messages that may wait to be sent.
    pub queue: usize,
    /// Seed of the jitter; must differ between nodes.
    pub seed: u64,
}

impl ClientConfig {
    /// A node's settings.
    pub fn new(server: ServerAddress, client_id: impl Into<String>, seed: u64) -> Self {
        Self {
            server,
            identity: None,
            tls_time: None,
            client_id: client_id.into(),
            subscriptions: Vec::new(),
            will: None,
            keep_alive: Duration::from_secs(28),
            session_expiry: Duration::from_secs(30 * 24 * 3600),
            connect_limit: Duration::from_secs(20),
            backoff: BackoffRange::default(),
            queue: 256,
            seed,
        }
    }

    pub(super) fn check(&self) -> Result<(), ClientError> {
        self.server.check()?;
        if self.client_id.is_empty() {
            return Err(ClientError::NoClientId);
        }
        if self.server.tls && self.identity.is_none() {
            return Err(ClientError::NoIdentity);
        }
        let bad = self.subscriptions.iter().find(|s| !crate::topic::is_valid_filter(&s.filter));
        if let Some(bad) = bad {
            return Err(ClientError::InvalidTopic(bad.filter.clone()));
        }
        match &self.will {
            Some(will) if !crate::topic::is_valid_name(&will.topic) => {
                Err(ClientError::InvalidTopic(will.topic.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// The configuration can't work; whoever wrote it puts it right.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not `mqtts://host[:port]`.
    #[error("not an MQTT server's URL: {0:?}")]
    Url(String),
    /// TLS is not optional.
    #[error("without TLS only a server on this machine can be used")]
    PlainText,
    /// A client without an id has no session.
    #[error("a client id is needed")]
    NoClientId,
    /// TLS without certificates.
    #[error("certificates are needed")]
    NoIdentity,
    /// A subscription or the will.
    #[error("not a valid topic: {0:?}")]
    InvalidTopic(String),
    /// Certificates that can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

pub(super) fn wire_qos(qos: Qos) -> rumqttc::QoS {
    match qos {
        Qos::AtMostOnce => rumqttc::QoS::AtMostOnce,
        Qos::AtLeastOnce => rumqttc::QoS::AtLeastOnce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let table = [
            ("mqtts://mqtt.example.vn", Some(("mqtt.example.vn", 8883, true))),
            ("mqtts://mqtt.example.vn:443/", Some(("mqtt.example.vn", 443, true))),
            ("mqtts://[2001:db8::1]:8884", Some(("2001:db8::1", 8884, true))),
            ("mqtt://127.0.0.1:1884", Some(("127.0.0.1", 1884, false))),
            ("mqtt://[::1]", Some(("::1", 1883, false))),
            ("mqtt://localhost", Some(("localhost", 1883, false))),
            ("mqtt://mqtt.example.vn", None),
            ("https://mqtt.example.vn", None),
            ("mqtts://", None),
            ("mqtts://user:secret@host", None),
            ("mqtts://host:99999", None),
            ("mqtts://[::1", None),
            ("host:8883", None),
        ];
        for (url, expected) in table {
            let read = url.parse::<ServerAddress>().ok();
            assert_eq!(read.as_ref().map(|a| (a.host.as_str(), a.port, a.tls)), expected, "{url}");
        }
    }
}
