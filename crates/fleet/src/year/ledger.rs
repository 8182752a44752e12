//! What the broker expects of a node, and what the node knew of it: from the history of plans alone, by the rules of `loa_schedule`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::RangeInclusive,
};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{Action, AiringId, BroadcastId, Class, NodeId, Planned};
use loa_schedule::{Slot, programme::slots};

use super::{
    clock::later,
    judge::Ordered,
    office::{Office, Version},
    pole::Record,
};

/// What is older than this when a node first hears of it, or can look again, isn't reported by the node: the broker says that it was silent.
pub(super) const REPORTED: SignedDuration = SignedDuration::from_hours(40 * 24);

/// An airing that the broker wrote down when it fell due.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) airing: AiringId,
    pub(super) start: Timestamp,
}

/// A broadcast as it was from `since` on.
type Edition = (BroadcastId, Timestamp);

/// What a node was to air by timetable, as decided: each version counts for what starts while it is in force.
pub(super) fn expected(office: &Office, index: usize, node: &NodeId) -> Vec<Expected> {
    let mut expected = BTreeMap::new();
    for (place, version) in office.versions.iter().enumerate() {
        let until = office.versions.get(place + 1).map_or(office.quiet_from(), |next| next.at);
        for planned in mine(version, index) {
            for slot in slots(planned, &office.zone, version.at, until) {
                let airing = AiringId::derive(&planned.id, node, slot.start);
                expected.insert((slot.start, airing.clone()), Expected { airing, start: slot.start });
            }
        }
    }
    expected.into_values().collect()
}

fn mine(version: &Version, index: usize) -> impl Iterator<Item = &Planned> {
    let mine = version.programme.iter().filter(move |entry| entry.nodes.get(index) == Some(&true));
    mine.map(|entry| &*entry.planned)
}

fn editions(office: &Office, index: usize, generation: Option<u64>) -> Vec<&Planned> {
    let held = generation.and_then(|generation| usize::try_from(generation).ok()?.checked_sub(1));
    let version = held.and_then(|place| office.versions.get(place));
    version.map(|version| mine(version, index).collect()).unwrap_or_default()
}

/// What a node knew.
pub(super) struct Known {
    /// Everything that it was ever ordered to air.
    pub(super) ordered: HashMap<AiringId, Vec<Ordered>>,
    /// What it was to air or to report.
    pub(super) owed: Vec<AiringId>,
    /// What was expected of it and it never learnt of, or never with a clock to be believed.
    pub(super) untold: usize,
}

/// What a node knew, by the plans that it held, what its clock showed when it looked at them, and the orders that reached it.
pub(super) fn known(
    office: &Office,
    index: usize,
    node: &NodeId,
    record: &Record,
    expected: &[Expected],
) -> Known {
    let mut looked: HashMap<Edition, (&Planned, Timestamp)> = HashMap::new();
    let mut considered: HashMap<Edition, Vec<RangeInclusive<Timestamp>>> = HashMap::new();
    for span in &record.held {
        let Some(until) = span.looked else { continue };
        for planned in editions(office, index, span.generation) {
            let edition = (planned.id.clone(), planned.since);
            let entry = looked.entry(edition.clone()).or_insert((planned, until));
            entry.1 = entry.1.max(until);
            if let Some(truly) = span.truly.filter(|_| span.trusted) {
                considered.entry(edition).or_default().push(later(span.first, -REPORTED)..=truly);
            }
        }
    }
    let mut ordered: HashMap<AiringId, Vec<Ordered>> = HashMap::new();
    let mut owed = HashSet::new();
    for (edition, (planned, until)) in &looked {
        let ahead = later(*until, SignedDuration::from_secs(2));
        for slot in slots(planned, &office.zone, planned.since, ahead) {
            let airing = AiringId::derive(&planned.id, node, slot.start);
            if considered
                .get(edition)
                .is_some_and(|looked| looked.iter().any(|span| span.contains(&slot.start)))
            {
                owed.insert(airing.clone());
            }
            ordered.entry(airing).or_default().push(of_plan(planned, slot));
        }
    }
    let untold = expected.iter().filter(|expected| !owed.contains(&expected.airing)).count();
    let expected: HashSet<_> = expected.iter().map(|expected| &expected.airing).collect();
    // What a plan brought that was changed by then is the node's own affair.
    owed.retain(|airing| expected.contains(airing));
    let orders = record.told.iter().map(|place| (place, true));
    for (place, told) in orders.chain(record.half_told.iter().map(|place| (place, false))) {
        let Some(order) = office.orders.get(*place) else { continue };
        if let Action::Play(play) = &order.action {
            let airing = AiringId::derive(&play.broadcast, node, order.at);
            if told {
                owed.insert(airing.clone());
            }
            let (start, expires_at, class) = (order.at, order.expires_at, play.class);
            let order = Ordered { start, expires_at, class, exceeds: Vec::new(), by_plan: false };
            ordered.entry(airing).or_default().push(order);
        }
    }
    let mut owed: Vec<_> = owed.into_iter().collect();
    owed.sort_unstable();
    Known { ordered, owed, untold }
}

fn of_plan(planned: &Planned, Slot { start, expires_at, .. }: Slot) -> Ordered {
    let (class, exceeds): (Class, _) = (planned.class, planned.exceeds.clone());
    Ordered { start, expires_at, class, exceeds, by_plan: true }
}
