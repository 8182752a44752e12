//! What a person should know before saving an entry: its next real airings, what is refused, what is merely surprising.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use loa_protocol::{AreaCode, BroadcastId, Class};
use loa_schedule::{
    Slot,
    programme::{collisions, zone},
};

use super::{
    entry::Judged,
    judge::{self, AHEAD},
    next_slots,
};
use crate::store::ProgrammeRow;

/// How many of the next airings are shown.
pub const SHOWN: usize = 10;
/// From 21:00 to 05:00 people sleep.
const NIGHT: (i8, i8) = (21, 5);

/// Something that isn't refused and yet may not be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// It wants to sound while another entry does.
    Collides {
        /// The first airing of it that does.
        start: Timestamp,
        /// The other entry.
        entry: BroadcastId,
        /// Its title.
        title: String,
        /// Its class.
        class: Class,
        /// The airing of the other one.
        other_start: Timestamp,
    },
    /// An airing begins at night.
    Night {
        /// The first that does.
        start: Timestamp,
    },
    /// All hamlets of a commune hear it.
    WholeCommune(AreaCode),
    /// It has no airing at all.
    Never,
    /// Everything is stopped there.
    Latched(AreaCode),
    /// No node would play it.
    NoNodes,
}

/// Whether people sleep then.
pub fn is_night(at: Timestamp, zone_here: &TimeZone) -> bool {
    let hour = zone_here.to_datetime(at).hour();
    hour >= NIGHT.0 || hour < NIGHT.1
}

/// Whether an airing of an entry begins at night, within a year from its first.
pub fn sounds_at_night(entry: &ProgrammeRow, zone_here: &TimeZone, now: Timestamp) -> bool {
    let (planned, own_zone) = (entry.planned(), zone(&entry.time_zone));
    let Some(first) = next_slots(&planned, &own_zone, now, 1).first().map(|slot| slot.start) else {
        return false;
    };
    let to = first.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let slots = loa_schedule::programme::slots(&planned, &own_zone, first, to);
    slots.iter().any(|slot| is_night(slot.start, zone_here))
}

/// The next airings.
pub fn next(judged: &Judged, now: Timestamp) -> Vec<Slot> {
    next_slots(&judged.entry.planned(), &zone(&judged.entry.time_zone), now, SHOWN)
}

/// What to think of before saving. `nodes` is how many would play it; `zone_here` is the communes'.
pub fn warnings(judged: &Judged, nodes: usize, zone_here: &TimeZone, now: Timestamp) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let ours = (judged.entry.planned(), zone(&judged.entry.time_zone));
    let to = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let slots = loa_schedule::programme::slots(&ours.0, &ours.1, now, to);
    if slots.is_empty() && next(judged, now).is_empty() {
        warnings.push(Warning::Never);
    }
    if let Some(slot) = slots.iter().find(|slot| is_night(slot.start, zone_here)) {
        warnings.push(Warning::Night { start: slot.start });
    }
    warnings.extend(collides(judged, &ours, now, to));
    warnings.extend(judged.territory.whole_communes(&judged.hamlets).into_iter().map(Warning::WholeCommune));
    let latched: BTreeSet<_> = judged
        .hamlets
        .iter()
        .filter_map(|hamlet| judged.territory.latch(hamlet))
        .map(|latch| latch.area.clone())
        .collect();
    warnings.extend(latched.into_iter().map(Warning::Latched));
    if nodes == 0 {
        warnings.push(Warning::NoNodes);
    }
    warnings
}

/// The first collision with each other entry that shares a hamlet.
fn collides(
    judged: &Judged,
    ours: &(loa_protocol::Planned, TimeZone),
    now: Timestamp,
    to: Timestamp,
) -> Vec<Warning> {
    let groups = judge::neighbourhoods(&judged.territory, &judged.others, &judged.hamlets);
    let neighbours: BTreeSet<usize> = groups.into_iter().flat_map(|group| group.entries).collect();
    let mut found = Vec::new();
    for other in neighbours.into_iter().filter_map(|index| judged.others.get(index)) {
        let theirs = other.planned();
        let both = [(&ours.0, ours.1.clone()), (&theirs, zone(&other.time_zone))];
        if let Some(first) = collisions(&both, 0, now, to).first() {
            found.push(Warning::Collides {
                start: first.slot.start,
                entry: other.id.clone(),
                title: other.bulletin.title.clone(),
                class: other.bulletin.class,
                other_start: first.other_slot.start,
            });
        }
    }
    found
}
