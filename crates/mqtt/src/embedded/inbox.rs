//! This process's own seat among the subscribers: a client of the router without a connection.
//!
//! QoS 1 messages beyond the lane wait in the router's queue for this seat and are fetched from there, in order;
//! a node whose messages nobody takes is held up, up to two seconds a message, before they queue.

use std::sync::Arc;

use mqtt5::QoS;
use mqtt5::broker::router::{DeliveryLanes, LaneReceivers, MessageRouter, SubscriptionRequest};
use mqtt5::broker::storage::client_queue::QueueHandle;
use mqtt5::packet::publish::PublishPacket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bus::{BusError, Receivers, check_filters};
use crate::message::{Message, Qos, Subscription};

/// The seat's client id. No certificate can be for it: a node's id has no colon.
pub(super) const CLIENT_ID: &str = "loa:broker";

/// Messages waiting for this process in memory, of each QoS: every node's state after a restart fits.
const DEPTH: usize = 16_384;
/// Messages fetched from the queue at a time.
const BATCH: usize = 64;

/// Takes the seat, before anyone is let in. After `stop` it hands out what has arrived, and is given up.
pub(super) async fn open(
    router: Arc<MessageRouter>,
    receivers: Arc<Receivers>,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let (lanes, mut taken) = DeliveryLanes::channel(DEPTH);
    let queue = router.queue_handle(CLIENT_ID);
    // Held for as long as the seat is taken; nobody takes it over.
    let (held, displaced) = oneshot::channel();
    router.register_client(CLIENT_ID.to_owned(), lanes, Arc::clone(&queue), held).await;
    queue.notify();
    tokio::spawn(async move {
        attend(&mut taken, &queue, &receivers, &stop).await;
        drop(displaced);
    })
}

async fn attend(
    lanes: &mut LaneReceivers,
    queue: &QueueHandle,
    receivers: &Receivers,
    stop: &CancellationToken,
) {
    loop {
        tokio::select! {
            biased;
            Some(first) = lanes.qos1.recv() => receivers.dispatch(&message(first.publish)).await,
            Some(first) = lanes.qos0.recv() => receivers.dispatch(&message(first.publish)).await,
            () = queue.notified() => {
                loop {
                    let batch = queue.take(BATCH).await;
                    if batch.is_empty() {
                        break;
                    }
                    for waiting in batch {
                        receivers.dispatch(&message(waiting.to_publish_packet())).await;
                    }
                    queue.finish_drain();
                }
            }
            () = stop.cancelled() => return,
        }
    }
}

fn message(packet: PublishPacket) -> Message {
    Message {
        topic: packet.topic_name,
        payload: packet.payload,
        qos: if packet.qos == QoS::AtMostOnce { Qos::AtMostOnce } else { Qos::AtLeastOnce },
        retain: packet.retain,
        dup: packet.dup,
    }
}

pub(super) async fn subscribe(
    router: &MessageRouter,
    receivers: &Receivers,
    filters: &[Subscription],
) -> Result<mpsc::Receiver<Message>, BusError> {
    check_filters(filters)?;
    for Subscription { filter, qos } in filters {
        let qos = match qos {
            Qos::AtMostOnce => QoS::AtMostOnce,
            Qos::AtLeastOnce => QoS::AtLeastOnce,
        };
        let request = SubscriptionRequest::new(CLIENT_ID, filter, qos);
        router.subscribe(request).await.map_err(|_| BusError::InvalidTopic(filter.clone()))?;
    }
    let retained = async {
        let mut retained = Vec::new();
        for Subscription { filter, .. } in filters {
            retained.extend(router.get_retained_messages(filter).await.into_iter().map(|packet| {
                let mut message = message(packet);
                message.retain = true;
                message
            }));
        }
        retained
    };
    Ok(receivers.add(filters, retained).await)
}
