//! The sending side: reconciles subscriptions on every connection, sends what waits, and keeps each message until
//! its acknowledgement, also across a session that the server lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rumqttc::{
    PubAckReason, PublishNoticeError, PublishOptions, PublishProperties, PublishResult, RetainForwardRule,
    SubscribeFilterInput, SubscribeReasonCode,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::config::wire_qos;
use super::{Connection, Delivery, HEADER_ALLOWANCE, PublishError, SEND_WINDOW, Shared, Wanted, lock};
use crate::message::{Publish, Qos, expiry_seconds};

/// State of the line, from the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Down,
    /// `fresh_sessions` counts the logins that found no session, so that none is overlooked however fast they come.
    Up {
        session_present: bool,
        fresh_sessions: u64,
        largest_packet: usize,
        retain: bool,
    },
    Ended,
}

/// A message on its way, and whom to tell.
#[derive(Debug)]
pub(super) struct Job {
    publish: Publish,
    queued: Instant,
    done: oneshot::Sender<Result<(), PublishError>>,
}

impl Job {
    pub(super) fn new(publish: Publish) -> (Self, Delivery) {
        let (done, delivery) = oneshot::channel();
        (Self { publish, queued: Instant::now(), done }, Delivery(delivery))
    }

    fn finish(self, outcome: Result<(), PublishError>) {
        // Nobody waiting is fine.
        let _ = self.done.send(outcome);
    }
}

type Answer = (u64, Job, Result<PublishResult, PublishNoticeError>);

struct Desk {
    shared: Arc<Shared>,
    /// Number of the next message taken from the queue; messages to repeat keep theirs, and so their order.
    next_number: u64,
    repeat: BTreeMap<u64, Job>,
    in_flight: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// What the server's session held when last heard of.
    applied: BTreeMap<String, Qos>,
    /// What of it was confirmed on this connection. A server may drop a subscription that is no longer allowed
    /// without a word, so each connection asks for all of them.
    confirmed: BTreeSet<String>,
    refused: Vec<String>,
    fresh_sessions: u64,
}

/// Longest wait for the answer to a subscription.
const SUBSCRIBE_LIMIT: Duration = Duration::from_secs(20);

pub(super) async fn run(shared: Arc<Shared>, mut jobs: mpsc::Receiver<Job>, mut line: watch::Receiver<Line>) {
    let mut desk = Desk {
        shared: Arc::clone(&shared),
        next_number: 0,
        repeat: BTreeMap::new(),
        in_flight: FuturesUnordered::new(),
        applied: BTreeMap::new(),
        confirmed: BTreeSet::new(),
        refused: Vec::new(),
        fresh_sessions: 0,
    };
    loop {
        let now = line.borrow_and_update().clone();
        let stay = match now {
            Line::Ended => break,
            Line::Down => {
                tokio::select! {
                    changed = line.changed() => changed.is_ok(),
                    Some(answer) = desk.in_flight.next() => { desk.settle(answer); true }
                }
            }
            Line::Up { session_present, fresh_sessions, largest_packet, retain } => {
                if desk.fresh_sessions != fresh_sessions {
                    desk.fresh_sessions = fresh_sessions;
                    desk.applied.clear();
                }
                desk.confirmed.clear();
                tokio::select! {
                    biased;
                    changed = line.changed() => changed.is_ok(),
                    () = desk.serve(&mut jobs, session_present, largest_packet, retain) => true,
                }
            }
        };
        if !stay {
            break;
        }
    }
    jobs.close();
    // Whoever waits learns by the dropped sender that the client was stopped.
}

impl Desk {
    /// Serves one connection; never returns. Cancelled
    /// when the line changes: every message stands in `repeat` or `in_flight` at each await.
    async fn serve(
        &mut self,
        jobs: &mut mpsc::Receiver<Job>,
        session_present: bool,
        largest_packet: usize,
        retain: bool,
    ) {
        let Some(version) = self.reconcile_in_time().await else { return self.give_up().await };
        let shared = Arc::clone(&self.shared);
        let report = |refused: &[String], version| {
            shared.state.send_replace(Connection::Connected { session_present, refused: refused.to_vec() });
            shared.told.send_replace(version);
        };
        tracing::info!(session_present, "connected");
        report(&self.refused, version);
        loop {
            while self.in_flight.len() < usize::from(SEND_WINDOW) {
                let Some((number, job)) = self.repeat.pop_first() else { break };
                self.send(number, job, largest_packet, retain);
            }
            tokio::select! {
                Some(answer) = self.in_flight.next() => self.settle(answer),
                () = shared.wanted_changed.notified() => {
                    let refused = self.refused.clone();
                    let Some(version) = self.reconcile_in_time().await else { return self.give_up().await };
                    if refused == self.refused {
                        shared.told.send_replace(version);
                    } else {
                        report(&self.refused, version);
                    }
                }
                Some(job) = jobs.recv(), if self.in_flight.len() < usize::from(SEND_WINDOW) => {
                    self.next_number += 1;
                    self.send(self.next_number, job, largest_packet, retain);
                }
            }
        }
    }

    fn send(&mut self, number: u64, job: Job, largest_packet: usize, retain: bool) {
        let publish = &job.publish;
        let bytes = publish.payload.len() + publish.topic.len() + HEADER_ALLOWANCE;
        if bytes > largest_packet {
            return job.finish(Err(PublishError::TooLarge { bytes, limit: largest_packet }));
        }
        if publish.retain && !retain {
            return job.finish(Err(PublishError::Refused("RetainNotSupported".to_owned())));
        }
        let mut properties = PublishProperties::default();
        if let Some(expiry) = publish.expiry {
            let Some(left) = expiry.checked_sub(job.queued.elapsed()).filter(|left| !left.is_zero()) else {
                return job.finish(Err(PublishError::Expired));
            };
            properties.message_expiry_interval = Some(expiry_seconds(left));
        }
        let options =
            PublishOptions::new(wire_qos(publish.qos)).retain(publish.retain).properties(properties);
        match self.shared.requests.try_publish_tracked(
            publish.topic.clone(),
            publish.payload.clone(),
            options,
        ) {
            Ok(notice) => {
                self.in_flight.push(notice.wait_async().map(move |answer| (number, job, answer)).boxed());
            }
            Err(rumqttc::ClientError::InvalidRequest(_)) => {
                let topic = job.publish.topic.clone();
                job.finish(Err(PublishError::InvalidTopic(topic)));
            }
            Err(error) => {
                // The windows leave room for everything; without it the link is ending.
                tracing::debug!(%error, "the event loop takes no message");
                job.finish(Err(PublishError::Stopped));
            }
        }
    }

    fn settle(&mut self, (number, job, answer): Answer) {
        match answer {
            Ok(PublishResult::Qos0Flushed) => job.finish(Ok(())),
            Ok(PublishResult::Qos1(ack)) => job.finish(match ack.reason {
                PubAckReason::Success | PubAckReason::NoMatchingSubscribers => Ok(()),
                other => Err(PublishError::Refused(format!("{other:?}"))),
            }),
            Ok(other) => job.finish(Err(PublishError::Refused(format!("{other:?}")))),
            Err(PublishNoticeError::RetainNotSupported) => {
                job.finish(Err(PublishError::Refused("RetainNotSupported".to_owned())));
            }
            Err(_) if self.shared.stop.is_cancelled() => job.finish(Err(PublishError::Stopped)),
            Err(_) if job.publish.qos == Qos::AtMostOnce => job.finish(Err(PublishError::NotConnected)),
            // The session was lost with the message unacknowledged: send it again.
            Err(_) => drop(self.repeat.insert(number, job)),
        }
    }

    /// Has the connection given up, and waits for its end.
    async fn give_up(&mut self) {
        self.shared.useless.notify_one();
        std::future::pending::<()>().await;
    }

    async fn reconcile_in_time(&mut self) -> Option<u64> {
        tokio::time::timeout(SUBSCRIBE_LIMIT, self.reconcile()).await.ok().flatten()
    }

    /// Makes the server's subscriptions what is wanted; tells which version that was. `None` when the connection
    /// can't be relied on.
    async fn reconcile(&mut self) -> Option<u64> {
        let Wanted { filters: wanted, version } = lock(&self.shared.wanted).clone();
        self.refused.retain(|filter| wanted.contains_key(filter));
        let surplus: Vec<String> =
            self.applied.keys().filter(|f| !wanted.contains_key(*f)).cloned().collect();
        if !surplus.is_empty() {
            let filters = surplus.iter().map(String::as_str);
            let notice = self.shared.requests.unsubscribe_many_tracked(filters).await.ok()?;
            notice.wait_async().await.ok()?;
            self.applied.retain(|filter, _| wanted.contains_key(filter));
            self.confirmed.retain(|filter| wanted.contains_key(filter));
        }
        let missing: Vec<(String, Qos)> = wanted
            .into_iter()
            .filter(|(filter, qos)| !self.confirmed.contains(filter) || self.applied.get(filter) != Some(qos))
            .collect();
        if missing.is_empty() {
            return Some(version);
        }
        let filters = missing.iter().map(|(filter, qos)| {
            // What the session should hold brings its retained message only if it was lost meanwhile.
            let rule = if self.applied.contains_key(filter) {
                RetainForwardRule::OnNewSubscribe
            } else {
                RetainForwardRule::OnEverySubscribe
            };
            SubscribeFilterInput::new(filter.as_str(), wire_qos(*qos)).retain_forward_rule(rule)
        });
        let notice = self.shared.requests.subscribe_many_tracked(filters).await.ok()?;
        let answer = notice.wait_async().await.ok()?;
        for ((filter, qos), code) in missing.into_iter().zip(answer.return_codes) {
            self.refused.retain(|refused| *refused != filter);
            if let SubscribeReasonCode::Success(_) = code {
                self.confirmed.insert(filter.clone());
                self.applied.insert(filter, qos);
            } else {
                self.applied.remove(&filter);
                tracing::warn!(filter, ?code, "subscription refused");
                self.refused.push(filter);
            }
        }
        Some(version)
    }
}
