//! The bus through an external MQTT 5 broker: Mosquitto on one machine, a cluster for a large province.
//!
//! The access rules are then the operator's. For Mosquitto: [`crate::rules::mosquitto_acl`] as `acl_file`, with
//! `require_certificate true`, `use_identity_as_username true`, `use_username_as_clientid true`, a `crlfile` of
//! revoked certificates, `persistence true`, `max_queued_messages 10000` and `max_packet_size 1048576`. Two things
//! it does otherwise than the embedded broker: it accepts a foreign subscription or last will and makes it mute, and
//! it gives a node with another's client id its own.
//!
//! An incoming message is acknowledged when it was put into this process's receiver. The server sends a retained
//! message once for a filter: a second subscription to the same filter doesn't get it.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use crate::bus::{Bus, BusError, Receivers, check_filters};
use crate::client::{Client, ClientConfig, ClientError, Connection, PublishError};
use crate::message::{Message, Publish, Subscription};

/// A [`Bus`] served elsewhere.
pub struct ExternalBus {
    client: Client,
    receivers: Arc<Receivers>,
    connected: watch::Receiver<bool>,
}

impl ExternalBus {
    /// Starts the link on the current Tokio runtime; it connects by itself, for ever.
    pub fn start(config: &ClientConfig) -> Result<Self, ClientError> {
        let (client, mut incoming) = Client::start(config)?;
        let receivers = Arc::new(Receivers::default());
        let to = Arc::clone(&receivers);
        tokio::spawn(async move {
            while let Some(arrived) = incoming.recv().await {
                let message = Message {
                    topic: arrived.topic,
                    payload: arrived.payload,
                    qos: arrived.qos,
                    retain: arrived.retain,
                    dup: arrived.dup,
                };
                to.dispatch(&message).await;
                arrived.ack.ack();
            }
            to.close().await;
        });
        let (connected_now, connected) = watch::channel(false);
        let mut state = client.connection();
        tokio::spawn(async move {
            loop {
                let up = state.borrow_and_update().is_connected();
                connected_now.send_if_modified(|was| std::mem::replace(was, up) != up);
                if state.changed().await.is_err() {
                    break;
                }
            }
        });
        Ok(Self { client, receivers, connected })
    }

    /// The link beneath.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl From<PublishError> for BusError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::InvalidTopic(topic) => Self::InvalidTopic(topic),
            PublishError::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            PublishError::Refused(why) => Self::Refused(why),
            PublishError::QueueFull | PublishError::NotConnected | PublishError::Expired => {
                Self::Unavailable(error.to_string())
            }
            PublishError::Stopped => Self::Stopped,
        }
    }
}

impl Bus for ExternalBus {
    fn publish(&self, publish: Publish) -> BoxFuture<'_, Result<(), BusError>> {
        self.client.publish(publish).map(|done| done.map_err(BusError::from)).boxed()
    }

    fn subscribe(
        &self,
        filters: Vec<Subscription>,
    ) -> BoxFuture<'_, Result<mpsc::Receiver<Message>, BusError>> {
        async move {
            check_filters(&filters)?;
            // The server sends the retained ones by itself.
            let receiver = self.receivers.add(&filters, async { Vec::new() }).await;
            for subscription in filters.clone() {
                self.client.subscribe(subscription)?;
            }
            // Without a connection it takes effect with the next.
            self.client.settled().await;
            if let Connection::Connected { refused, .. } = &*self.client.connection().borrow()
                && let Some(refused) = filters.iter().find(|wanted| refused.contains(&wanted.filter))
            {
                return Err(BusError::Refused(format!("subscription to {}", refused.filter)));
            }
            Ok(receiver)
        }
        .boxed()
    }

    fn disconnect_client(&self, _node_id: &str) -> BoxFuture<'_, Result<(), BusError>> {
        async { Err(BusError::Unsupported("disconnect a client")) }.boxed()
    }

    fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        async move {
            // A cloud broker has no last will, so there is nothing to say.
            let _ = self.client.clone().shutdown(None, std::time::Duration::from_secs(2)).await;
            self.receivers.close().await;
        }
        .boxed()
    }
}
