//! Drives the MQTT event loop: connect, hand over what arrives, tell the desk when the line is up or down, wait,
//! again. The event loop is polled here only and never cancelled in the middle of a login, except to give the
//! connection up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rumqttc::{
    AckMode, AsyncClient, ConnAck, ConnectionError, Event, EventLoop, LastWill, LastWillProperties,
    MqttOptions, Packet, StateError, TopicAliasPolicy, Transport,
};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::config::{ClientConfig, ClientError, wire_qos};
use super::desk::{self, Line};
use super::reason::DisconnectReason;
use super::session::NothingInFlight;
use super::{
    AckHandle, Client, Connection, Incoming, RECEIVE_WINDOW, SEND_WINDOW, Shared, StopOnDrop, Wanted, lock,
    wire,
};
use crate::message::Qos;

/// Requests that may stand between the desk and the event loop: every acknowledgement and every message in the
/// windows, and a few subscriptions.
const REQUEST_ROOM: usize = 2 * (RECEIVE_WINDOW as usize + SEND_WINDOW as usize);

pub(super) fn start(config: &ClientConfig) -> Result<(Client, mpsc::Receiver<Incoming>), ClientError> {
    config.check()?;
    let identity = wire::Identity::new(config.identity.as_ref(), config.tls_time.clone())?;
    let counters = wire::Counters::default();
    let options = options(config, identity.clone(), counters.clone());
    let (requests, event_loop) = AsyncClient::builder(options).capacity(REQUEST_ROOM).build();
    let filters = config.subscriptions.iter().map(|s| (s.filter.clone(), s.qos)).collect();
    let stop = CancellationToken::new();
    let shared = Arc::new(Shared {
        requests,
        state: watch::Sender::new(Connection::Disconnected { reason: DisconnectReason::Starting }),
        epoch: Mutex::new(0),
        wanted: Mutex::new(Wanted { filters, version: 0 }),
        told: watch::Sender::new(0),
        wanted_changed: Notify::new(),
        kick: Notify::new(),
        useless: Notify::new(),
        counters,
        overrun: AtomicU64::new(0),
        identity,
        stop: stop.clone(),
    });
    let (queue, jobs) = mpsc::channel(config.queue.max(1));
    let (incoming, received) = mpsc::channel(usize::from(RECEIVE_WINDOW));
    let line = watch::Sender::new(Line::Down);
    tokio::spawn(desk::run(Arc::clone(&shared), jobs, line.subscribe()));
    let backoff = Backoff::new(config.backoff, config.seed);
    let link = Link {
        event_loop,
        shared: Arc::clone(&shared),
        incoming,
        line,
        backoff,
        keep_alive: whole_seconds(config.keep_alive),
        up_since: None,
        fresh_sessions: 0,
    };
    tokio::spawn(link.run());
    Ok((Client { shared, queue, _stop_on_drop: Arc::new(StopOnDrop(stop)) }, received))
}

fn whole_seconds(duration: Duration) -> u16 {
    u16::try_from(duration.as_secs()).unwrap_or(u16::MAX).max(1)
}

fn options(config: &ClientConfig, identity: wire::Identity, counters: wire::Counters) -> MqttOptions {
    let server = config.server.clone();
    let mut options = MqttOptions::new(config.client_id.clone(), (server.host.clone(), server.port));
    let session_expiry = u32::try_from(config.session_expiry.as_secs()).unwrap_or(u32::MAX);
    options
        // Our connector makes the TLS connection too, so that its errors can be told apart.
        .set_transport(Transport::Tcp)
        .set_socket_connector(move |_, _| wire::connect(server.clone(), identity.clone(), counters.clone()))
        .set_connect_timeout(config.connect_limit)
        .set_clean_start(false)
        .set_session_expiry_interval(Some(session_expiry))
        .set_session_store(NothingInFlight { session_expiry, send_window: SEND_WINDOW })
        .set_keep_alive(whole_seconds(config.keep_alive))
        .set_ack_mode(AckMode::Manual)
        .set_receive_maximum(Some(RECEIVE_WINDOW))
        .set_outgoing_inflight_upper_limit(SEND_WINDOW)
        .set_max_packet_size(Some(crate::MAX_PACKET_BYTES))
        .set_max_request_batch(16)
        .set_topic_alias_policy(TopicAliasPolicy::Monotonic);
    if let Some(will) = &config.will {
        let properties = LastWillProperties {
            delay_interval: Some(u32::from(whole_seconds(will.delay))).filter(|_| !will.delay.is_zero()),
            payload_format_indicator: None,
            message_expiry_interval: None,
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: Vec::new(),
        };
        let qos = wire_qos(Qos::AtLeastOnce);
        let will =
            LastWill::new(will.topic.clone(), will.payload.to_vec(), qos, will.retain, Some(properties));
        options.set_last_will(will);
    }
    options
}

struct Link {
    event_loop: EventLoop,
    shared: Arc<Shared>,
    incoming: mpsc::Sender<Incoming>,
    line: watch::Sender<Line>,
    backoff: Backoff,
    keep_alive: u16,
    up_since: Option<Instant>,
    fresh_sessions: u64,
}

/// How a connection or an attempt ended.
enum Ended {
    Failed(ConnectionError),
    /// The desk found that the server doesn't answer.
    Useless,
    /// Somebody wants a new one.
    AsAsked,
}

impl Link {
    async fn run(mut self) {
        let stop = self.shared.stop.clone();
        loop {
            let polled = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.shared.kick.notified() => Err(Ended::AsAsked),
                () = self.shared.useless.notified() => Err(Ended::Useless),
                polled = self.event_loop.poll() => polled.map_err(Ended::Failed),
            };
            match polled {
                Ok(Event::Incoming(Packet::ConnAck(login))) => self.up(&login),
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.hand_over(message) => {}
                    }
                }
                Ok(_) => {}
                Err(Ended::Failed(ConnectionError::RequestsDone)) => break,
                Err(ended) => {
                    let wait = self.down(&ended);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.shared.kick.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
        *lock(&self.shared.epoch) += 1;
        self.line.send_replace(Line::Ended);
        self.shared.state.send_replace(Connection::Disconnected { reason: DisconnectReason::Stopped });
        stop.cancel();
    }

    fn up(&mut self, login: &ConnAck) {
        self.up_since = Some(Instant::now());
        // From here on the event loop itself knows the session.
        self.event_loop.options.clear_session_store();
        // A server drops us after one and a half times the keep-alive; pinging a little after one keep-alive lets a
        // heartbeat every 30 s take the ping's place.
        let promised = self.event_loop.options.keep_alive().as_secs();
        let ping_after = promised + promised / 7;
        self.event_loop.options.set_keep_alive(u16::try_from(ping_after).unwrap_or(u16::MAX));
        let properties = login.properties.as_ref();
        let server_limit = properties.and_then(|p| p.max_packet_size).unwrap_or(u32::MAX);
        let retain = properties.and_then(|p| p.retain_available) != Some(0);
        self.fresh_sessions += u64::from(!login.session_present);
        self.line.send_replace(Line::Up {
            session_present: login.session_present,
            fresh_sessions: self.fresh_sessions,
            largest_packet: server_limit.min(crate::MAX_PACKET_BYTES) as usize,
            retain,
        });
    }

    /// Takes note of a lost connection or failed attempt, and says how long to wait.
    fn down(&mut self, ended: &Ended) -> Duration {
        {
            // Late acknowledgements are shut out before the event loop forgets the old ones.
            let mut epoch = lock(&self.shared.epoch);
            *epoch += 1;
            self.event_loop.clean();
        }
        self.event_loop.options.set_keep_alive(self.keep_alive);
        if let Ended::Failed(ConnectionError::MqttState(StateError::OutgoingPacketTooLarge { .. })) = ended {
            // What the server can't take must not be tried for ever. The desk has the messages and sorts them.
            self.event_loop.reset_session_state();
        }
        let lasted = self.up_since.take().map(|since| since.elapsed());
        let (reason, wait) = match ended {
            Ended::AsAsked => (DisconnectReason::Reconnecting, Duration::ZERO),
            Ended::Useless => (DisconnectReason::TimedOut, self.backoff.next_wait(None)),
            Ended::Failed(error) => (DisconnectReason::of(error), self.backoff.next_wait(lasted)),
        };
        tracing::info!(%reason, ?wait, "not connected");
        self.line.send_replace(Line::Down);
        self.shared.state.send_replace(Connection::Disconnected { reason });
        wait
    }

    async fn hand_over(&self, message: rumqttc::Publish) {
        let Ok(topic) = String::from_utf8(message.topic.to_vec()) else { return };
        let pending = self
            .shared
            .requests
            .prepare_ack(&message)
            .map(|ack| (Arc::clone(&self.shared), *lock(&self.shared.epoch), ack));
        let qos = if pending.is_some() { Qos::AtLeastOnce } else { Qos::AtMostOnce };
        let arrived = Incoming {
            topic,
            payload: message.payload,
            qos,
            retain: message.retain,
            dup: message.dup,
            ack: AckHandle { pending },
        };
        match qos {
            // An error means that nobody listens any more; unacknowledged, it comes again to whoever does.
            Qos::AtLeastOnce => drop(self.incoming.send(arrived).await),
            Qos::AtMostOnce => {
                if self.incoming.try_send(arrived).is_err() {
                    self.shared.overrun.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}
