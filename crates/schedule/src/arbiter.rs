//! Which airing owns a node's output.
//!
//! The stronger rank takes the output from the weaker, which is reported pre-empted. Of equals the first stays and the others wait
//! their turn, except that a newer emergency replaces an older one: it knows better. What waits past its expiry never plays.
//! Every item offered leaves by exactly one decision that names it ([`Decision::is_final`]), or by [`Arbiter::ended`].

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
    /// It may not begin from this instant on.
    pub expires_at: Timestamp,
    /// Among waiting equals the least goes first.
    pub order: u32,
    /// Pre-empted, it waits to go on.
    pub resume: bool,
}

/// What the player must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Begin this airing; the output is free, or becomes free by the decision before this one.
    Start(Item),
    /// Fade this airing out, a stronger or newer one has come; or it never begins for that reason.
    PreEmpt(Item),
    /// Fade this airing out; it waits to go on.
    Suspend(Item),
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
    /// Strongest first; of equals, first come first.
    waiting: Vec<Item>,
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

    /// An airing asks for the output. One that is already known is not taken twice.
    pub fn offer(&mut self, item: Item, now: Timestamp) -> Vec<Decision> {
        if self.on_air.iter().chain(&self.waiting).any(|known| known.airing == item.airing) {
            return Vec::new();
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
            decisions.push(Decision::PreEmpt(current));
        }
        let place = self.waiting.partition_point(|waiting| waiting.rank >= item.rank);
        self.waiting.insert(place, item);
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
    }
}

fn replaces(newer: &Item, older: &Item) -> bool {
    newer.rank == Rank::Emergency && older.rank == Rank::Emergency && newer.start > older.start
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use loa_protocol::NodeId;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const RANKS: [Rank; 6] =
        [Rank::Relay, Rank::Normal, Rank::Priority, Rank::Live, Rank::Emergency, Rank::EmergencyLive];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn item(name: u8, rank: Rank, start: i64) -> Item {
        let broadcast = BroadcastId::from_bits([name; 16]);
        let node: NodeId = "n1".parse().unwrap();
        let airing = AiringId::derive(&broadcast, &node, at(start));
        Item {
            airing,
            broadcast,
            rank,
            start: at(start),
            expires_at: at(start + 60),
            order: 0,
            resume: false,
        }
    }

    #[test]
    fn a_free_output_is_taken_at_once() {
        let mut arbiter = Arbiter::default();
        let a = item(1, Rank::Normal, 0);
        assert_eq!(arbiter.offer(a.clone(), at(0)), [Decision::Start(a)]);
    }

    #[test]
    fn the_stronger_rank_takes_the_output_and_the_weaker_waits() {
        for (i, &weak) in RANKS.iter().enumerate() {
            for &strong in &RANKS[i + 1..] {
                let (a, b) = (item(1, weak, 0), item(2, strong, 1));
                let mut arbiter = Arbiter::default();
                arbiter.offer(a.clone(), at(0));
                let decisions = arbiter.offer(b.clone(), at(1));
                assert_eq!(
                    decisions,
                    [Decision::PreEmpt(a.clone()), Decision::Start(b.clone())],
                    "{weak:?} {strong:?}"
                );

                let mut arbiter = Arbiter::default();
                arbiter.offer(b.clone(), at(1));
                assert_eq!(arbiter.offer(a.clone(), at(2)), []);
                assert_eq!(
                    arbiter.ended(&b.airing, at(3)),
                    [Decision::Start(a)],
                    "{weak:?} after {strong:?}"
                );
            }
        }
    }

    #[rstest]
    #[case(Rank::Relay)]
    #[case(Rank::Normal)]
    #[case(Rank::Priority)]
    #[case(Rank::Live)]
    #[case(Rank::EmergencyLive)]
    fn of_equals_the_first_stays(#[case] rank: Rank) {
        let (a, b) = (item(1, rank, 0), item(2, rank, 1));
        let mut arbiter = Arbiter::default();
        arbiter.offer(a.clone(), at(0));
        assert_eq!(arbiter.offer(b.clone(), at(1)), []);
        assert_eq!(arbiter.ended(&a.airing, at(2)), [Decision::Start(b)]);
    }

    #[test]
    fn a_newer_emergency_replaces_an_older_whichever_arrives_first() {
        let (older, newer) = (item(1, Rank::Emergency, 0), item(2, Rank::Emergency, 1));
        let mut arbiter = Arbiter::default();
        arbiter.offer(older.clone(), at(1));
        assert_eq!(
            arbiter.offer(newer.clone(), at(1)),
            [Decision::PreEmpt(older.clone()), Decision::Start(newer.clone())]
        );
        assert_eq!(arbiter.offer(older.clone(), at(2)), [Decision::PreEmpt(older)]);
        assert_eq!(arbiter.on_air(), Some(&newer));
    }

    #[test]
    fn an_expired_emergency_never_plays() {
        let mut arbiter = Arbiter::default();
        let (live, emergency) = (item(1, Rank::EmergencyLive, 0), item(2, Rank::Emergency, 0));
        arbiter.offer(live.clone(), at(0));
        arbiter.offer(emergency.clone(), at(0));
        assert_eq!(arbiter.next_expiry(), Some(at(60)));
        assert_eq!(arbiter.ended(&live.airing, at(60)), [Decision::Expire(emergency.clone())]);
        assert_eq!(arbiter.offer(emergency.clone(), at(60)), [Decision::Expire(emergency)]);
    }

    #[test]
    fn stop_everything_leaves_nothing() {
        let mut arbiter = Arbiter::default();
        let items = [item(1, Rank::Normal, 0), item(2, Rank::Normal, 1), item(3, Rank::Relay, 2)];
        for item in &items {
            arbiter.offer(item.clone(), at(2));
        }
        assert_eq!(arbiter.stop(None, at(3)), items.clone().map(Decision::Stop));
        assert_eq!(arbiter.on_air(), None);
        assert!(arbiter.waiting().is_empty());
    }

    #[test]
    fn stopping_one_broadcast_lets_the_next_begin() {
        let mut arbiter = Arbiter::default();
        let (a, b) = (item(1, Rank::Normal, 0), item(2, Rank::Normal, 1));
        arbiter.offer(a.clone(), at(1));
        arbiter.offer(b.clone(), at(1));
        assert_eq!(arbiter.stop(Some(&a.broadcast), at(2)), [Decision::Stop(a), Decision::Start(b)]);
    }

    #[test]
    fn the_same_airing_is_not_taken_twice() {
        let mut arbiter = Arbiter::default();
        let (a, b) = (item(1, Rank::Normal, 0), item(2, Rank::Normal, 1));
        for it in [&a, &b] {
            arbiter.offer(it.clone(), at(1));
            assert_eq!(arbiter.offer(it.clone(), at(1)), []);
        }
        assert_eq!(arbiter.waiting(), [b]);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Offer(u8, usize),
        End,
        Stop(Option<u8>),
        Tick,
    }

    fn step() -> impl Strategy<Value = (u16, Step)> {
        let what = prop_oneof![
            (0u8..30, 0usize..6).prop_map(|(name, rank)| Step::Offer(name, rank)),
            Just(Step::End),
            prop::option::of(0u8..30).prop_map(Step::Stop),
            Just(Step::Tick),
        ];
        (0u16..40, what)
    }

    proptest! {
        #[test]
        fn every_item_leaves_exactly_once_and_never_starts_late_or_below_another(
            steps in prop::collection::vec(step(), 1..80)
        ) {
            let mut arbiter = Arbiter::default();
            let (mut now, mut taken, mut left, mut started) = (0i64, BTreeSet::new(), Vec::new(), BTreeSet::new());
            for (wait, step) in steps {
                now += i64::from(wait);
                let decisions = match step {
                    Step::Offer(name, rank) => {
                        let offered = item(name, RANKS[rank], 0);
                        let offered = Item { start: at(now), expires_at: at(now + 60), ..offered };
                        if !taken.insert(offered.airing.clone()) {
                            continue; // the agent's guard admits a command once
                        }
                        arbiter.offer(offered, at(now))
                    }
                    Step::End => match arbiter.on_air().map(|item| item.airing.clone()) {
                        Some(airing) => {
                            left.push(airing.clone());
                            arbiter.ended(&airing, at(now))
                        }
                        None => continue,
                    },
                    Step::Stop(name) => arbiter.stop(name.map(|n| BroadcastId::from_bits([n; 16])).as_ref(), at(now)),
                    Step::Tick => arbiter.tick(at(now)),
                };
                for decision in decisions {
                    if let Decision::Start(item) = &decision {
                        prop_assert!(at(now) < item.expires_at);
                        prop_assert!(started.insert(item.airing.clone()), "started twice");
                    } else {
                        left.push(decision.item().airing.clone());
                    }
                }
                prop_assert!(arbiter.waiting().is_sorted_by(|a, b| a.rank >= b.rank));
                match arbiter.on_air() {
                    Some(current) => prop_assert!(arbiter.waiting().iter().all(|w| w.rank <= current.rank)),
                    None => prop_assert!(arbiter.waiting().is_empty()),
                }
            }
            let inside: Vec<_> = arbiter.on_air().into_iter().chain(arbiter.waiting()).map(|i| i.airing.clone()).collect();
            let distinct: BTreeSet<_> = left.iter().chain(&inside).cloned().collect();
            prop_assert_eq!(distinct.len(), left.len() + inside.len(), "an item left twice");
            prop_assert_eq!(distinct, taken);
        }
    }
}
