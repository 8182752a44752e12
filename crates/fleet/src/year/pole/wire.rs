//! Between broker and node: three in ten messages don't get through at once, in either direction. What must get through is sent again.

use std::{fs, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use loa_agent::cache::FetchError;
use loa_mqtt::Publish;
use loa_protocol::{
    Action, Audience, ClipRef, Clock, Command, CommandId, NodeState, Plan, ReceiptBatch,
    envelope::{Message, frame},
    seal, topic,
    topic::FromNode,
};
use rand::Rng;

use super::{Event, Pole, areas};
use crate::year::{
    clock::later,
    judge::Got,
    office::{Version, clip_bytes},
};

/// Of all messages, those that don't get through.
const LOSS: f64 = 0.3;
/// Exchanges on one connection.
const EXCHANGES: usize = 30;

impl Pole<'_> {
    fn lost(&mut self) -> bool {
        self.chance.random_bool(LOSS)
    }

    /// What people decided until now is on its way.
    pub(super) fn decide(&mut self) {
        let (office, now) = (self.office, self.now);
        while office.versions.get(self.decided.0).is_some_and(|version| version.at <= now) {
            self.plan = Some(self.decided.0);
            self.decided.0 += 1;
        }
        while let Some(order) = office.orders.get(self.decided.1).filter(|order| order.at <= now) {
            if order.nodes.get(self.index) == Some(&true) {
                self.orders.push_back(self.decided.1);
            }
            self.decided.1 += 1;
        }
        let version = office.versions.get(self.decided.0).map(|version| version.at);
        let order = office.orders.get(self.decided.1).map(|order| order.at);
        if let Some(next) = version.into_iter().chain(order).min() {
            self.at(next, None, Event::Decided);
        }
        let after = SignedDuration::from_millis(self.chance.random_range(30..3_000));
        self.at(later(now, after), None, Event::Deliver);
    }

    /// Tries to get through with what waits.
    pub(super) fn deliver(&mut self) {
        let now = self.now;
        let office = self.office;
        self.orders.retain(|order| office.orders.get(*order).is_some_and(|order| now < order.expires_at));
        while self.link && self.node.is_some() && (self.plan.is_some() || !self.orders.is_empty()) {
            if self.lost() {
                let after = SignedDuration::from_millis(self.chance.random_range(1_000..400_000));
                self.at(later(now, after), None, Event::Deliver);
                return;
            }
            let plan_first = self.orders.is_empty() || self.chance.random_bool(0.5);
            let through = match self.plan {
                Some(version) if plan_first => self.deliver_plan(version),
                _ => self.deliver_order(),
            };
            if !through {
                return;
            }
            self.turn();
        }
    }

    fn deliver_plan(&mut self, index: usize) -> bool {
        let Some(version) = self.office.versions.get(index) else { return false };
        let plan = self.plan_of(index, version);
        let topic = topic::plan(&self.id);
        if !self.hear(&topic, &plan) {
            return false;
        }
        self.plan = None;
        self.generation = Some(plan.generation);
        if plan.latch.is_some() {
            self.latched = Some(plan.issued_at);
        } else if self.latched.is_some_and(|since| since < plan.issued_at) {
            self.latched = None;
        }
        true
    }

    fn plan_of(&self, index: usize, version: &Version) -> Plan {
        let mine = version.programme.iter().filter(|entry| entry.nodes.get(self.index) == Some(&true));
        Plan {
            cas: Vec::new(),
            node: self.id.clone(),
            generation: index as u64 + 1,
            issued_at: version.at,
            name: "Ấp Chợ".into(),
            areas: areas(),
            time_zone: self.office.zone_name.into(),
            volume: version.volume,
            policy: (*version.policy).clone(),
            latch: version.latch.clone(),
            release: None,
            broadcasts: mine.map(|entry| (*entry.planned).clone()).collect(),
        }
    }

    fn deliver_order(&mut self) -> bool {
        let Some(index) = self.orders.front().copied() else { return false };
        let Some(order) = self.office.orders.get(index) else { return false };
        let command = Command {
            id: order.id.clone(),
            issued_at: order.at,
            expires_at: order.expires_at,
            audience: Audience::node(self.id.clone()),
            action: order.action.clone(),
        };
        let topic = topic::command(&self.id);
        if !self.hear(&topic, &command) {
            self.record.half_told.push(index);
            return false;
        }
        self.orders.pop_front();
        self.record.told.push(index);
        if matches!(order.action, Action::Stop { latch: true, .. }) {
            let released = self.generation.and_then(|held| {
                let version = self.office.versions.get(usize::try_from(held).ok()?.checked_sub(1)?)?;
                Some(version.at > order.at && version.latch.is_none())
            });
            if released != Some(true) {
                self.latched = Some(order.at);
            }
        }
        true
    }

    fn hear(&mut self, topic: &str, message: &impl Message) -> bool {
        let sealed = seal(&self.broker.key, message).and_then(|sealed| frame(&sealed, None));
        let Ok(payload) = sealed else { return false };
        self.operate(|node| node.heard(topic, &payload))
    }

    /// The node connects, says what it has to say, hears the answers, and is gone again.
    pub(super) fn connect(&mut self) {
        if !self.link || self.node.is_none() || (self.now < self.office.to && self.lost()) {
            return;
        }
        self.connected = true;
        self.operate(loa_agent::node::Node::connected);
        for _ in 0..EXCHANGES {
            self.turn();
            let mail = std::mem::take(&mut self.mail);
            if mail.is_empty() || self.node.is_none() {
                break;
            }
            for publish in mail {
                self.arrives(&publish);
            }
        }
        self.operate(loa_agent::node::Node::disconnected);
        self.connected = false;
        self.turn();
    }

    fn arrives(&mut self, publish: &Publish) {
        let lost = self.now < self.office.to && self.lost();
        match topic::parse_from_node(&publish.topic) {
            Some((_, FromNode::State)) if !lost => {
                let state: Option<NodeState> = serde_json::from_slice(&publish.payload).ok();
                if let Some(answers) = state.and_then(|state| state.ask) {
                    self.answer(Action::Time { answers, now: self.now });
                }
            }
            Some((_, FromNode::Receipt)) => {
                if !lost && let Ok(mut batch) = serde_json::from_slice::<ReceiptBatch>(&publish.payload) {
                    // As the broker does: what is still to come was reported by a clock that is ahead, and is not acknowledged.
                    let soon = later(self.now, SignedDuration::from_mins(1));
                    batch.receipts.retain(|receipt| receipt.start.is_none_or(|start| start <= soon));
                    let airings = batch.receipts.iter().map(|receipt| receipt.airing.clone()).collect();
                    for receipt in batch.receipts {
                        let got = Got { at: self.now, receipt };
                        self.record.receipts.entry(got.receipt.airing.clone()).or_insert(got);
                    }
                    self.answer(Action::Acknowledge { airings });
                }
                self.operate(loa_agent::node::Node::receipts_sent);
            }
            _ => {}
        }
    }

    fn answer(&mut self, action: Action) {
        if self.now < self.office.to && self.lost() {
            return;
        }
        let command = Command {
            id: CommandId::from_bits(self.chance.random()),
            issued_at: self.now,
            expires_at: later(self.now, SignedDuration::from_secs(600)),
            audience: Audience::node(self.id.clone()),
            action,
        };
        let topic = topic::command(&self.id);
        self.hear(&topic, &command);
    }

    /// Tries to fetch a clip, until nobody needs it.
    pub(super) fn fetch(&mut self, clip: ClipRef, partial: PathBuf, until: Timestamp) {
        let result = if self.clock.now() >= until {
            Err(FetchError::Unavailable("in vain".into()))
        } else if !self.link || self.lost() {
            self.after_s(20..900, Event::Fetch(clip, partial, until));
            return;
        } else {
            self.clip(&clip).map_or(Err(FetchError::Corrupt), |bytes| {
                fs::write(&partial, bytes).map_err(|error| FetchError::Disk(error.to_string()))
            })
        };
        self.operate(|node| node.fetched(&clip.hash, result));
        self.turn();
    }

    fn clip(&self, clip: &ClipRef) -> Option<Vec<u8>> {
        let planned = self.office.versions.iter().rev().flat_map(|version| &version.programme);
        let planned = planned.map(|entry| (&entry.planned.id, &entry.planned.clip));
        let orders = self.office.orders.iter().filter_map(|order| match &order.action {
            Action::Play(play) => Some((&play.broadcast, &play.clip)),
            _ => None,
        });
        planned.chain(orders).find(|(_, known)| known.hash == clip.hash).map(|(id, _)| clip_bytes(id))
    }
}
