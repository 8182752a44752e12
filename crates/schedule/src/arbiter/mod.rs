//! Which airing owns a node's output.
//!
//! The stronger rank takes the output from the weaker, which is reported pre-empted, or waits to be resumed if it asks for that. Of equals
//! the first stays and the others wait their turn, except that a newer emergency replaces an older one: it knows better. What waits
//! past its expiry never plays. Every item offered leaves by exactly one decision that names it ([`Decision::is_final`]), or by
//! [`Arbiter::ended`].

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use jiff::Timestamp;
use loa_protocol::{AiringId, BroadcastId};

use crate::rank::Rank;

/// An airing that wants the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub airing: AiringId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Its strength.
    pub rank: Rank,
    /// Its nominal start; of two emergencies the later one is the newer.
    pub start: Timestamp,
    /// It may not begin, nor be resumed, from this instant on.
    pub expires_at: Timestamp,
    /// Of waiting equals the least goes first; of the same, first come.
    pub order: u32,
    /// Interrupted by a stronger rank, it waits to go on. An emergency never does.
    pub resume: bool,
}

/// What the player must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Begin this airing, or go on with it if it was suspended; the output is free, or becomes free by the decision before this one.
    Start(Item),
    /// Fade this airing out, a stronger one has come; it waits, before its equals, to be started again.
    Suspend(Item),
    /// Fade this airing out, a stronger or newer one has come; or it never begins for that reason.
    PreEmpt(Item),
    /// Fade this airing out, or forget it while it waits: a person stopped it.
    Stop(Item),
    /// Its turn did not come in time.
    Expire(Item),
}

impl Decision {
    /// Whether the arbiter has done with the item it names.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Start(_) | Self::Suspend(_))
    }

    /// The item it is about.
    pub fn item(&self) -> &Item {
        match self {
            Self::Start(item)
            | Self::Suspend(item)
            | Self::PreEmpt(item)
            | Self::Stop(item)
            | Self::Expire(item) => item,
        }
    }
}

/// The one owner of the output, and those who wait for it.
#[derive(Debug, Clone, Default)]
pub struct Arbiter {
    on_air: Option<Item>,
    /// Strongest first; of equals, what was suspended, then the least order, then first come.
    waiting: Vec<Item>,
    /// Which of those who wait have begun.
    suspended: Vec<AiringId>,
}

impl Arbiter {
    /// What owns the output.
    pub fn on_air(&self) -> Option<&Item> {
        self.on_air.as_ref()
    }

    /// What waits, in the order it will play.
    pub fn waiting(&self) -> &[Item] {
        &self.waiting
    }

    /// An airing asks for the output. One that is already known is not taken twice, and one that comes too late interrupts nothing.
    pub fn offer(&mut self, item: Item, now: Timestamp) -> Vec<Decision> {
        if self.on_air.iter().chain(&self.waiting).any(|known| known.airing == item.airing) {
            return Vec::new();
        }
        if now >= item.expires_at {
            return vec![Decision::Expire(item)];
        }
        if item.rank == Rank::Emergency && self.knows_a_newer_emergency(&item) {
            return vec![Decision::PreEmpt(item)];
        }
        let mut decisions = Vec::new();
        self.waiting.retain(|waiting| {
            let replaced = replaces(&item, waiting);
            if replaced {
                decisions.push(Decision::PreEmpt(waiting.clone()));
            }
            !replaced
        });
        if let Some(current) =
            self.on_air.take_if(|current| item.rank > current.rank || replaces(&item, current))
        {
            if current.resume && current.rank < Rank::Emergency && now < current.expires_at {
                decisions.push(Decision::Suspend(current.clone()));
                self.suspended.push(current.airing.clone());
                self.wait(current);
            } else {
                decisions.push(Decision::PreEmpt(current));
            }
        }
        self.wait(item);
        self.advance(now, &mut decisions);
        decisions
    }

    /// The player has done with this airing: heard to its end, or given up.
    pub fn ended(&mut self, airing: &AiringId, now: Timestamp) -> Vec<Decision> {
        let mut decisions = Vec::new();
        if self.on_air.take_if(|current| current.airing == *airing).is_some() {
            self.advance(now, &mut decisions);
        } else {
            self.waiting.retain(|waiting| waiting.airing != *airing);
            self.suspended.retain(|suspended| suspended != airing);
        }
        decisions
    }

    /// A person stops one broadcast, or everything.
    pub fn stop(&mut self, broadcast: Option<&BroadcastId>, now: Timestamp) -> Vec<Decision> {
        let meant = |item: &Item| broadcast.is_none_or(|broadcast| item.broadcast == *broadcast);
        let mut decisions: Vec<_> =
            self.on_air.take_if(|current| meant(current)).map(Decision::Stop).into_iter().collect();
        let (stopped, rest) = std::mem::take(&mut self.waiting).into_iter().partition(meant);
        self.waiting = rest;
        decisions.extend(Vec::<Item>::into_iter(stopped).map(Decision::Stop));
        self.advance(now, &mut decisions);
        decisions
    }

    /// Time has passed: what waited too long is let go.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Decision> {
        let mut decisions = Vec::new();
        self.advance(now, &mut decisions);
        decisions
    }

    /// When [`Arbiter::tick`] next has something to do.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|item| item.expires_at).min()
    }

    fn knows_a_newer_emergency(&self, item: &Item) -> bool {
        self.on_air.iter().chain(&self.waiting).any(|known| replaces(known, item))
    }

    fn wait(&mut self, item: Item) {
        let key = |item: &Item| (Reverse(item.rank), !self.suspended.contains(&item.airing), item.order);
        let place = self.waiting.partition_point(|waiting| key(waiting) <= key(&item));
        self.waiting.insert(place, item);
    }

    fn advance(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        self.waiting.retain(|item| {
            let in_time = now < item.expires_at;
            if !in_time {
                decisions.push(Decision::Expire(item.clone()));
            }
            in_time
        });
        if self.on_air.is_none() && !self.waiting.is_empty() {
            let next = self.waiting.remove(0);
            self.on_air = Some(next.clone());
            decisions.push(Decision::Start(next));
        }
        self.suspended.retain(|airing| self.waiting.iter().any(|item| item.airing == *airing));
    }
}

fn replaces(newer: &Item, older: &Item) -> bool {
    newer.rank == Rank::Emergency && older.rank == Rank::Emergency && newer.start > older.start
}
