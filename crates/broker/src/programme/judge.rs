//! What of a programme the policies would refuse, hamlet by hamlet.
//!
//! Hamlets with the same policy and the same programme are judged once: a province of ten thousand is a handful of judgements.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_protocol::{AreaCode, BroadcastId, Class, Limit, Planned, Policy};
use loa_schedule::{
    Breach, Spell, Wish,
    policy::judge,
    programme::{Refused, duration, refusals, slots, zone as zone_named},
};

use super::territory::Territory;
use crate::store::ProgrammeRow;

/// How far ahead a programme is judged.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(366 * 24);
/// How far ahead a free instant is looked for.
const SEARCHED: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Hamlets with one policy and one programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbourhood {
    /// These.
    pub hamlets: Vec<AreaCode>,
    /// What is in force there.
    pub policy: Policy,
    /// Entries of the programme there, by index.
    pub entries: Vec<usize>,
}

/// An airing that a policy would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breached {
    /// Of this entry.
    pub entry: BroadcastId,
    /// When.
    pub start: Timestamp,
    /// In this hamlet; in others too, perhaps.
    pub hamlet: AreaCode,
    /// By what.
    pub breach: Breach,
}

impl Breached {
    /// The limit.
    pub fn limit(&self) -> Limit {
        self.breach.limit()
    }

    /// How many minutes the session would last, where that is the limit.
    pub fn would(&self) -> Option<u32> {
        match self.breach {
            Breach::SessionMinutes { would, .. } => Some(would),
            Breach::Hours | Breach::SessionsPerDay { .. } => None,
        }
    }

    /// The limit's value, where it has one.
    pub fn may(&self) -> Option<u16> {
        match self.breach {
            Breach::SessionMinutes { may, .. } | Breach::SessionsPerDay { may } => Some(may),
            Breach::Hours => None,
        }
    }
}

/// These hamlets, put together by what holds there.
pub fn neighbourhoods(
    territory: &Territory,
    programme: &[ProgrammeRow],
    hamlets: &[AreaCode],
) -> Vec<Neighbourhood> {
    let mut found: BTreeMap<(String, Vec<usize>), Neighbourhood> = BTreeMap::new();
    for hamlet in hamlets {
        let path = territory.path(hamlet);
        let here = |entry: &ProgrammeRow| entry.areas.iter().any(|area| path.contains(area));
        let entries: Vec<_> =
            programme.iter().enumerate().filter(|(_, entry)| here(entry)).map(|(index, _)| index).collect();
        let policy = territory.policy(hamlet);
        let key = (serde_json::to_string(&policy).unwrap_or_default(), entries.clone());
        let group =
            found.entry(key).or_insert_with(|| Neighbourhood { hamlets: Vec::new(), policy, entries });
        group.hamlets.push(hamlet.clone());
    }
    found.into_values().collect()
}

/// Entries as the schedule crate takes them.
pub fn planned(programme: &[ProgrammeRow]) -> Vec<(Planned, TimeZone)> {
    programme.iter().map(|entry| (entry.planned(), zone_named(&entry.time_zone))).collect()
}

/// What a programme with one more entry would have refused that it hasn't without: of that entry, or of another because of it. By start,
/// each airing once. `zone` is the policies'.
pub fn breaches_by(
    ours: (&Planned, &TimeZone),
    groups: &[Neighbourhood],
    programme: &[(Planned, TimeZone)],
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<Breached> {
    let to = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let mut found = BTreeMap::new();
    for group in groups {
        let mut there: Vec<_> = group
            .entries
            .iter()
            .filter_map(|index| programme.get(*index))
            .map(|(planned, zone)| (planned, zone.clone()))
            .collect();
        let without = refusals(&there, &group.policy, zone, now, to);
        let before: BTreeSet<_> = without.iter().map(|refused| (refused.index, refused.slot.start)).collect();
        there.push((ours.0, ours.1.clone()));
        for refused in refusals(&there, &group.policy, zone, now, to) {
            if !before.contains(&(refused.index, refused.slot.start)) {
                keep(&mut found, group, &there, &refused);
            }
        }
    }
    found.into_values().collect()
}

/// All that the policies refuse of a programme. By start, each airing once.
pub fn breaches_of(
    groups: &[Neighbourhood],
    programme: &[(Planned, TimeZone)],
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<Breached> {
    let to = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let mut found = BTreeMap::new();
    for group in groups {
        let there: Vec<_> = group
            .entries
            .iter()
            .filter_map(|index| programme.get(*index))
            .map(|(planned, zone)| (planned, zone.clone()))
            .collect();
        for refused in refusals(&there, &group.policy, zone, now, to) {
            keep(&mut found, group, &there, &refused);
        }
    }
    found.into_values().collect()
}

fn keep(
    found: &mut BTreeMap<(Timestamp, BroadcastId), Breached>,
    group: &Neighbourhood,
    there: &[(&Planned, TimeZone)],
    refused: &Refused,
) {
    let (Some((planned, _)), Some(hamlet)) = (there.get(refused.index), group.hamlets.first()) else {
        return;
    };
    let start = refused.slot.start;
    found.entry((start, planned.id.clone())).or_insert_with(|| Breached {
        entry: planned.id.clone(),
        start,
        hamlet: hamlet.clone(),
        breach: refused.breach,
    });
}

/// The first full minute at or after `from`, and before `until`, at which all these hamlets' policies allow something of this length
/// besides the programme. Searches eight days.
pub fn next_allowed(
    class: Class,
    length: SignedDuration,
    groups: &[Neighbourhood],
    programme: &[(Planned, TimeZone)],
    zone: &TimeZone,
    (from, until): (Timestamp, Option<Timestamp>),
) -> Option<Timestamp> {
    // Today's zones differ by whole minutes.
    let minutes = (from.as_microsecond() + 59_999_999).div_euclid(60_000_000);
    let first = Timestamp::from_second(minutes * 60).ok()?;
    let last = first.saturating_add(SEARCHED).ok()?.min(until.unwrap_or(Timestamp::MAX));
    let begun = from.saturating_sub(SignedDuration::from_hours(25)).unwrap_or(from);
    let busy: Vec<(&Policy, Vec<Spell>)> =
        groups.iter().map(|group| (&group.policy, spells(group, programme, begun, last))).collect();
    let minute = SignedDuration::from_mins(1);
    std::iter::successors(Some(first), |at| at.checked_add(minute).ok()).take_while(|at| *at < last).find(
        |at| {
            let spell = Spell { from: *at, to: at.saturating_add(length).unwrap_or(*at) };
            let wish = Wish { class, spell, exceeds: &[] };
            busy.iter().all(|(policy, busy)| {
                judge(policy, zone, &wish, busy).is_ok() && leaves_room(policy, zone, spell, busy)
            })
        },
    )
}

/// What a neighbourhood's programme sounds in `from..to`, emergencies left out.
fn spells(
    group: &Neighbourhood,
    programme: &[(Planned, TimeZone)],
    from: Timestamp,
    to: Timestamp,
) -> Vec<Spell> {
    let entries = group.entries.iter().filter_map(|index| programme.get(*index));
    let mut spells: Vec<_> = entries
        .filter(|(planned, _)| planned.class != Class::Emergency)
        .flat_map(|(planned, zone)| {
            let long = duration(planned);
            slots(planned, zone, from, to).into_iter().map(move |slot| Spell {
                from: slot.start,
                to: slot.start.saturating_add(long).unwrap_or(slot.start),
            })
        })
        .collect();
    spells.sort_unstable();
    spells
}

/// Whether what comes later on that day is still allowed after one more spell, as far as it was before.
fn leaves_room(policy: &Policy, zone: &TimeZone, spell: Spell, busy: &[Spell]) -> bool {
    if policy.session_minutes.is_none() && policy.sessions_per_day.is_none() {
        return true;
    }
    let day = |at: Timestamp| loa_schedule::policy::day_of(at, zone);
    let mut with = busy.to_vec();
    with.push(spell);
    let before = |all: &[Spell], later: Spell| {
        all.iter().copied().filter(|earlier| earlier.from < later.from).collect::<Vec<_>>()
    };
    // The last session of a day may go on over midnight.
    let concerned = |later: &&Spell| later.from > spell.from && day(later.from) <= day(spell.to);
    busy.iter().filter(concerned).all(|later| {
        let wish = Wish { class: Class::Normal, spell: *later, exceeds: &[] };
        let is_allowed = |all: &[Spell]| judge(policy, zone, &wish, &before(all, *later)).is_ok();
        !is_allowed(busy) || is_allowed(&with)
    })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
