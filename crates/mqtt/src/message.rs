//! What travels on the bus. Payloads are opaque bytes here.

use std::time::Duration;

use bytes::Bytes;

/// Quality of service (MQTT 5, section 4.3). Loa uses no QoS 2: receivers recognise a repeated message by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qos {
    /// Sent once, never repeated: heartbeats and live audio.
    AtMostOnce,
    /// Repeated until acknowledged: everything else.
    AtLeastOnce,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Full topic name, without wildcards.
    pub topic: String,
    /// The body; at most [`crate::MAX_PACKET_BYTES`] with the topic and headers.
    pub payload: Bytes,
    /// Delivery guarantee.
    pub qos: Qos,
    /// Kept by the server as the topic's latest message. An empty retained payload clears it.
    pub retain: bool,
    /// How long it is worth delivering, in whole seconds rounded up; `None`: for ever.
    pub expiry: Option<Duration>,
}

impl Publish {
    /// An at-least-once message, not retained, that does not expire.
    pub fn new(topic: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            qos: Qos::AtLeastOnce,
            retain: false,
            expiry: None,
        }
    }

    /// The same, kept by the server as the topic's latest message.
    #[must_use]
    pub fn retained(mut self) -> Self {
        self.retain = true;
        self
    }

    /// The same, sent once and never repeated.
    #[must_use]
    pub fn at_most_once(mut self) -> Self {
        self.qos = Qos::AtMostOnce;
        self
    }

    /// The same, not delivered when older than `age`.
    #[must_use]
    pub fn expiring(mut self, age: Duration) -> Self {
        self.expiry = Some(age);
        self
    }
}

/// MQTT counts expiry in whole seconds (section 3.3.2.3.3); rounded up, so that nothing expires too early.
pub(crate) fn expiry_seconds(expiry: Duration) -> u32 {
    let up = expiry.as_secs().saturating_add(u64::from(expiry.subsec_nanos() > 0));
    u32::try_from(up).unwrap_or(u32::MAX)
}

/// A message that arrived on a [`crate::Bus`] subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Full topic name.
    pub topic: String,
    /// The body.
    pub payload: Bytes,
    /// Guarantee it was delivered with.
    pub qos: Qos,
    /// It was the topic's stored latest message when the subscription was made.
    pub retain: bool,
    /// It may have been delivered before.
    pub dup: bool,
}

/// A topic filter and the best guarantee wanted for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Topic filter; `+` and `#` only where the server allows them.
    pub filter: String,
    /// Best guarantee wanted.
    pub qos: Qos,
}

impl Subscription {
    /// At-least-once subscription.
    pub fn new(filter: impl Into<String>) -> Self {
        Self { filter: filter.into(), qos: Qos::AtLeastOnce }
    }

    /// At-most-once subscription, for live audio.
    pub fn at_most_once(filter: impl Into<String>) -> Self {
        Self { filter: filter.into(), qos: Qos::AtMostOnce }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_rounded_up_to_whole_seconds() {
        assert_eq!(expiry_seconds(Duration::from_millis(1)), 1);
        assert_eq!(expiry_seconds(Duration::from_secs(5)), 5);
        assert_eq!(expiry_seconds(Duration::from_millis(5001)), 6);
        assert_eq!(expiry_seconds(Duration::MAX), u32::MAX);
    }
}
