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
    Item { airing, broadcast, rank, start: at(start), expires_at: at(start + 60), order: 0, resume: false }
}

/// One that goes on after an interruption.
fn patient(name: u8, rank: Rank, start: i64) -> Item {
    Item { resume: true, ..item(name, rank, start) }
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
            assert_eq!(arbiter.ended(&b.airing, at(3)), [Decision::Start(a)], "{weak:?} after {strong:?}");
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

#[test]
fn of_waiting_equals_the_commune_s_order_decides_and_then_who_came_first() {
    let mut arbiter = Arbiter::default();
    let on_air = item(0, Rank::Priority, 0);
    arbiter.offer(on_air.clone(), at(0));
    let ordered = |name, order| Item { order, ..item(name, Rank::Priority, 0) };
    for it in [ordered(1, 3), ordered(2, 1), ordered(3, 3), ordered(4, 2), item(5, Rank::Normal, 0)] {
        assert_eq!(arbiter.offer(it, at(0)), [], "the one on air is not disturbed");
    }
    let waiting: Vec<_> = arbiter.waiting().iter().map(|item| item.broadcast.clone()).collect();
    assert_eq!(waiting, [2, 4, 1, 3, 5].map(|name| BroadcastId::from_bits([name; 16])));
}

#[test]
fn what_asks_to_be_resumed_goes_on_before_its_equals_when_the_stronger_has_ended() {
    let mut arbiter = Arbiter::default();
    let (long, urgent) = (patient(1, Rank::Normal, 0), item(2, Rank::Priority, 1));
    let first_in_order = item(3, Rank::Normal, 0);
    arbiter.offer(Item { order: 7, ..long.clone() }, at(0));
    let long = Item { order: 7, ..long };
    arbiter.offer(first_in_order.clone(), at(0));
    let decisions = arbiter.offer(urgent.clone(), at(1));
    assert_eq!(decisions, [Decision::Suspend(long.clone()), Decision::Start(urgent.clone())]);
    assert!(!decisions[0].is_final());
    assert_eq!(arbiter.offer(item(4, Rank::Normal, 2), at(2)), []);
    assert_eq!(arbiter.ended(&urgent.airing, at(3)), [Decision::Start(long.clone())]);
    assert_eq!(arbiter.ended(&long.airing, at(4)), [Decision::Start(first_in_order)]);
}

#[test]
fn what_was_suspended_too_long_expires_and_can_be_stopped() {
    let long = patient(1, Rank::Normal, 0);
    let urgent = Item { expires_at: at(600), ..item(2, Rank::Priority, 1) };
    let suspended = || {
        let mut arbiter = Arbiter::default();
        arbiter.offer(long.clone(), at(0));
        arbiter.offer(urgent.clone(), at(1));
        arbiter
    };
    assert_eq!(suspended().next_expiry(), Some(at(60)));
    assert_eq!(suspended().ended(&urgent.airing, at(60)), [Decision::Expire(long.clone())]);
    assert_eq!(suspended().stop(Some(&long.broadcast), at(2)), [Decision::Stop(long.clone())]);
    let mut arbiter = suspended();
    assert_eq!(arbiter.ended(&long.airing, at(2)), [], "the player gave up its clip");
    assert_eq!(arbiter.ended(&urgent.airing, at(3)), []);
}

#[test]
fn what_has_no_time_left_to_be_resumed_is_pre_empted() {
    let mut arbiter = Arbiter::default();
    let (long, urgent) = (patient(1, Rank::Normal, 0), item(2, Rank::Priority, 60));
    arbiter.offer(long.clone(), at(0));
    assert_eq!(arbiter.offer(urgent.clone(), at(60)), [Decision::PreEmpt(long), Decision::Start(urgent)]);
}

#[rstest]
#[case(item(2, Rank::Emergency, 1))]
#[case(item(2, Rank::EmergencyLive, 1))]
fn an_interrupted_emergency_is_never_resumed(#[case] newer: Item) {
    let mut arbiter = Arbiter::default();
    let emergency = patient(1, Rank::Emergency, 0);
    arbiter.offer(emergency.clone(), at(0));
    assert_eq!(arbiter.offer(newer.clone(), at(1)), [Decision::PreEmpt(emergency), Decision::Start(newer)]);
}

#[test]
fn an_expired_emergency_interrupts_nothing() {
    let mut arbiter = Arbiter::default();
    let (a, late) = (Item { expires_at: at(600), ..item(1, Rank::Normal, 0) }, item(2, Rank::Emergency, 0));
    arbiter.offer(a.clone(), at(0));
    assert_eq!(arbiter.offer(late.clone(), at(60)), [Decision::Expire(late)]);
    assert_eq!(arbiter.on_air(), Some(&a));
}

#[derive(Debug, Clone)]
enum Step {
    Offer { name: u8, rank: usize, order: u32, resume: bool },
    End,
    Stop(Option<u8>),
    Tick,
}

fn step() -> impl Strategy<Value = (u16, Step)> {
    let what = prop_oneof![
        3 => (0u8..30, 0usize..6, 0u32..3, any::<bool>())
            .prop_map(|(name, rank, order, resume)| Step::Offer { name, rank, order, resume }),
        1 => Just(Step::End),
        1 => prop::option::of(0u8..30).prop_map(Step::Stop),
        1 => Just(Step::Tick),
    ];
    (0u16..40, what)
}

proptest! {
    #[test]
    fn every_item_leaves_exactly_once_and_never_starts_late_or_below_another(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let mut arbiter = Arbiter::default();
        let (mut now, mut taken, mut left) = (0i64, BTreeSet::new(), Vec::new());
        let (mut begun, mut suspended) = (BTreeSet::new(), BTreeSet::new());
        for (wait, step) in steps {
            now += i64::from(wait);
            let decisions = match step {
                Step::Offer { name, rank, order, resume } => {
                    let offered = item(name, RANKS[rank], 0);
                    let offered = Item { start: at(now), expires_at: at(now + 60), order, resume, ..offered };
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
                let item = decision.item();
                match &decision {
                    Decision::Start(_) => {
                        prop_assert!(at(now) < item.expires_at);
                        let goes_on = suspended.remove(&item.airing);
                        prop_assert!(begun.insert(item.airing.clone()) || goes_on, "started twice");
                    }
                    Decision::Suspend(_) => {
                        prop_assert!(item.resume && item.rank < Rank::Emergency && at(now) < item.expires_at);
                        prop_assert!(begun.contains(&item.airing) && suspended.insert(item.airing.clone()));
                    }
                    _ => {
                        suspended.remove(&item.airing);
                        left.push(item.airing.clone());
                    }
                }
            }
            prop_assert!(arbiter.waiting().is_sorted_by(|a, b| a.rank >= b.rank));
            let key = |item: &Item| (!suspended.contains(&item.airing), item.order);
            let in_order = arbiter.waiting().is_sorted_by(|a, b| a.rank > b.rank || key(a) <= key(b));
            prop_assert!(in_order, "{:?}", arbiter.waiting());
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
