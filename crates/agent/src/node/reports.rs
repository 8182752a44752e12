//! What the node says: its state on each change, heartbeats, receipts until they are acknowledged.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use loa_mqtt::Publish;
use loa_protocol::{
    AiringId, NodeState, ReceiptBatch,
    health::{CHANGES_BYTES, FULL_EVERY, Heartbeat, Report},
    limits,
    state::Playing,
    topic,
    version::VersionRange,
};
use serde::Serialize;

use super::{Node, Request, update::Update};
use crate::{health::Machine, player::Plays};

/// The agent's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Least time between two heartbeats that something prompted.
const PROMPT_EVERY: Duration = Duration::from_secs(5);
/// First wait for the broker's acknowledgement of a receipt; doubles up to [`LAST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LAST_WAIT: Duration = Duration::from_secs(15 * 60);

/// Which receipts are on their way, and when they are to be sent again.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// A batch is on its way to the server.
    on_its_way: bool,
    sent: HashMap<AiringId, Sent>,
}

#[derive(Debug)]
struct Sent {
    again_at: Duration,
    wait: Duration,
}

impl Sending {
    /// A new connection: what was sent and never acknowledged may be sent at once.
    pub(super) fn again(&mut self) {
        for sent in self.sent.values_mut() {
            sent.again_at = Duration::ZERO;
        }
    }

    pub(super) fn forget(&mut self, airings: &[AiringId]) {
        for airing in airings {
            self.sent.remove(airing);
        }
    }

    fn is_due(&self, airing: &AiringId, now: Duration) -> bool {
        self.sent.get(airing).is_none_or(|sent| sent.again_at <= now)
    }

    fn sent(&mut self, airing: &AiringId, now: Duration) {
        let wait = self.sent.get(airing).map_or(FIRST_WAIT, |sent| (sent.wait * 2).min(LAST_WAIT));
        self.sent.insert(airing.clone(), Sent { again_at: now + wait, wait });
    }
}

pub(super) fn json(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}

impl<P: Plays> Node<P> {
    /// The node's state now.
    pub(super) fn state(&self) -> NodeState {
        let sounding = self.sounds.values().filter_map(|airing| self.airings.get(airing));
        let on_air = self.arbiter.on_air().map(|item| &item.airing);
        let playing = sounding.filter(|taken| Some(&taken.accepted.airing) == on_air).find_map(|taken| {
            Some(Playing {
                airing: taken.accepted.airing.clone(),
                broadcast: taken.accepted.broadcast.clone(),
                class: taken.accepted.class,
                started_at: taken.started_at?,
                duration_ms: taken.accepted.clip.duration_ms,
            })
        });
        NodeState {
            online: true,
            farewell: false,
            at: self.clock.now(),
            version: self.version(),
            protocol: VersionRange::OURS,
            boot: self.boot.clone(),
            generation: self.plan.held().map(|plan| plan.generation),
            clock: self.clock.trust(),
            playing,
            waiting: self.arbiter.waiting().iter().map(|item| item.airing.clone()).collect(),
            output: self.output,
            latched: self.is_latched(),
            lacking: self.lacking.iter().take(limits::LACKING_TOLD).map(|clip| clip.hash.clone()).collect(),
            release: self.update.as_ref().map(Update::state),
            ask: self.asking.as_ref().map(|asking| asking.question.clone()),
        }
    }

    /// Says the state if it changed.
    pub(super) fn say_state(&mut self) {
        if !self.connected {
            return;
        }
        let state = self.state();
        let news = self.said.as_ref().is_none_or(|said| {
            // That a question was answered is no news.
            let ask = if state.ask.is_none() { None } else { said.ask.clone() };
            NodeState { at: state.at, ask, ..said.clone() } != state
        });
        if news {
            self.asked();
            self.requests
                .push(Request::Publish(Publish::new(topic::state(&self.id), json(&state)).retained()));
            self.said = Some(state);
        }
    }

    /// Something happened that a person may want to know before the next regular heartbeat.
    pub(super) fn report_soon(&mut self) {
        self.heartbeat_due = self.heartbeat_due.min(self.last_heartbeat + PROMPT_EVERY);
    }

    /// When a report is due next (monotonic), while connected.
    pub(super) fn next_report(&self) -> Option<Duration> {
        if !self.connected {
            return None;
        }
        let receipts = if self.sending.on_its_way {
            None
        } else {
            self.journal
                .receipts()
                .map(|r| self.sending.sent.get(&r.airing).map_or(Duration::ZERO, |sent| sent.again_at))
                .min()
        };
        receipts.into_iter().chain([self.heartbeat_due]).min()
    }

    pub(super) fn send_due(&mut self, now: Duration) {
        if !self.connected {
            return;
        }
        self.send_receipts(now);
        if now >= self.heartbeat_due {
            self.last_heartbeat = now;
            self.heartbeat_due = now + limits::HEARTBEAT;
            let report = self.heartbeat(now);
            let publish = Publish::new(topic::heartbeat(&self.id), json(&report)).at_most_once();
            self.requests.push(Request::Publish(publish));
        }
    }

    fn send_receipts(&mut self, now: Duration) {
        if self.sending.on_its_way {
            return;
        }
        let receipts: Vec<_> = self
            .journal
            .receipts()
            .filter(|receipt| self.sending.is_due(&receipt.airing, now))
            .take(limits::RECEIPTS_PER_BATCH)
            .cloned()
            .collect();
        if receipts.is_empty() {
            return;
        }
        for receipt in &receipts {
            self.sending.sent(&receipt.airing, now);
        }
        self.sending.on_its_way = true;
        let batch = ReceiptBatch { receipts };
        self.requests.push(Request::Receipts(Publish::new(topic::receipt(&self.id), json(&batch))));
    }

    /// The server has the batch last asked for, or it was given up; they stay owed until the broker acknowledges them.
    pub fn receipts_sent(&mut self) {
        self.sending.on_its_way = false;
    }

    fn heartbeat(&mut self, now: Duration) -> Report {
        let figures = self.figures();
        if let Some((full, sent_at, cost)) = &mut self.full
            && now < *sent_at + FULL_EVERY
        {
            let changes = figures.changes_since(full);
            if changes.base.is_none() {
                return Report::Changes(changes);
            }
            *cost += json(&changes).len();
            if *cost <= CHANGES_BYTES {
                return Report::Changes(changes);
            }
        }
        self.heartbeat_number = self.heartbeat_number.wrapping_add(1);
        let full = Heartbeat { number: self.heartbeat_number, ..figures };
        self.full = Some((full.clone(), now, 0));
        Report::Full(Box::new(full))
    }

    fn figures(&self) -> Heartbeat {
        let machine = Machine::measure(self.folder());
        Heartbeat {
            number: 0,
            at: self.clock.now(),
            started_at: self.started_at,
            version: self.version(),
            cpu_temperature_c: machine.cpu_temperature_c,
            load: machine.load,
            agent_rss_mib: machine.agent_rss_mib,
            memory_free_mib: machine.memory_free_mib,
            disk_free_mib: machine.disk_free_mib,
            network: machine.network,
            playing: !self.sounds.is_empty(),
            amplifier: self.amplifier,
            volume: self.plan.volume().percent,
            output_errors: self.player.errors(),
            receipts_waiting: self.journal.owed() as u64,
            refused: self.refused.totals(),
            faults: self.faults.totals(),
        }
    }
}
