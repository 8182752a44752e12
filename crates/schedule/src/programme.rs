//! From a plan's broadcasts to airings: what is due when, how late it may be, and what of it the policy would refuse.

use std::sync::LazyLock;

use jiff::{
    SignedDuration, Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use loa_protocol::{Class, Plan, Planned, Policy};

use crate::{
    policy::{Breach, Spell, Wish, judge},
    timetable,
};

/// Longest catch-up window.
pub const LONGEST_CATCH_UP: SignedDuration = SignedDuration::from_hours(24);

/// One airing of a broadcast, the same on every node but for its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Its nominal start.
    pub start: Timestamp,
    /// Which of the repeats it is, from 0.
    pub repeat: u8,
    /// It may not begin from this instant on.
    pub expires_at: Timestamp,
}

/// The zones that come with this program, not the machine's: broker and nodes must mean the same by a name.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of a name, if there is one.
pub fn known_zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// The zone of a name that was checked when it was chosen; UTC should it be gone.
pub fn zone(name: &str) -> TimeZone {
    known_zone(name).unwrap_or(TimeZone::UTC)
}

/// The zone of a planned broadcast.
pub fn zone_of(plan: &Plan, planned: &Planned) -> TimeZone {
    zone(planned.time_zone.as_deref().unwrap_or(&plan.time_zone))
}

/// The airings of a broadcast whose nominal start is in `from..to`, in order. None is before the broadcast was made, nor at or after its
/// expiry.
pub fn slots(planned: &Planned, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Slot> {
    let count = planned.repeats.count.max(1);
    let step = duration(planned).saturating_add(SignedDuration::from_secs(planned.repeats.gap_s.into()));
    let back = step.saturating_mul(i32::from(count) - 1);
    let first = from.saturating_sub(back).unwrap_or(Timestamp::MIN).max(planned.since);
    let window = SignedDuration::from_secs(planned.catch_up_s.into()).min(LONGEST_CATCH_UP);
    let until = planned.expires_at.unwrap_or(Timestamp::MAX);
    let mut slots: Vec<_> = timetable::instants(&planned.timetable, zone, first, to)
        .flat_map(|at| (0..count).map(move |repeat| (at, repeat)))
        .filter_map(|(at, repeat)| {
            let start = at.checked_add(step.saturating_mul(i32::from(repeat))).ok()?;
            let expires_at = start.saturating_add(window).unwrap_or(Timestamp::MAX).min(until);
            (from <= start && start < to && start < until).then_some(Slot { start, repeat, expires_at })
        })
        .collect();
    slots.sort_unstable();
    // Repeats of one time may fall on another: one instant is one airing.
    slots.dedup_by_key(|slot| slot.start);
    slots
}

/// How long a broadcast's clip sounds.
pub fn duration(planned: &Planned) -> SignedDuration {
    SignedDuration::from_millis(planned.clip.duration_ms.cast_signed())
}

/// An airing of a programme that its node would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Which broadcast of the programme.
    pub index: usize,
    /// Which airing.
    pub slot: Slot,
    /// Why.
    pub breach: Breach,
}

/// What of a programme in `from..to` would break a policy, by nominal times, in order. What is refused doesn't count against what comes after.
pub fn refusals(
    programme: &[(&Planned, TimeZone)],
    policy: &Policy,
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Refused> {
    let mut all: Vec<_> = programme
        .iter()
        .enumerate()
        .flat_map(|(index, (planned, zone))| {
            slots(planned, zone, from, to).into_iter().map(move |slot| (slot, index))
        })
        .collect();
    all.sort_unstable();
    let mut day = None;
    let (mut heard, mut refused) = (Vec::new(), Vec::new());
    for (slot, index) in all {
        let Some((planned, _)) = programme.get(index) else { continue };
        let today = crate::policy::day_of(slot.start, zone);
        if day.replace(today) != Some(today) {
            heard.clear();
        }
        let to = slot.start.saturating_add(duration(planned)).unwrap_or(Timestamp::MAX);
        let spell = Spell { from: slot.start, to };
        let wish = Wish { class: planned.class, spell, exceeds: &planned.exceeds };
        match judge(policy, zone, &wish, &heard) {
            Ok(()) if planned.class != Class::Emergency => heard.push(spell),
            Ok(()) => {}
            Err(breach) => refused.push(Refused { index, slot, breach }),
        }
    }
    refused
}

/// Two airings of a programme that want the output at once, by nominal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collision {
    /// Which broadcast of the programme.
    pub index: usize,
    /// Its airing.
    pub slot: Slot,
    /// The broadcast it meets.
    pub other: usize,
    /// That one's airing.
    pub other_slot: Slot,
}

/// The collisions of one broadcast of a programme with the others in `from..to`, in order.
pub fn collisions(
    programme: &[(&Planned, TimeZone)],
    index: usize,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Collision> {
    let Some((ours, ours_zone)) = programme.get(index) else { return Vec::new() };
    let ours_long = duration(ours);
    let mut found = Vec::new();
    for (other, (theirs, zone)) in programme.iter().enumerate().filter(|(other, _)| *other != index) {
        let long = duration(theirs);
        let theirs = slots(theirs, zone, from.saturating_sub(long).unwrap_or(from), to);
        for slot in slots(ours, ours_zone, from, to) {
            let end = slot.start.saturating_add(ours_long).unwrap_or(Timestamp::MAX);
            let after =
                theirs.partition_point(|t| t.start.saturating_add(long).is_ok_and(|end| end <= slot.start));
            found.extend(theirs[after..].iter().take_while(|t| t.start < end).map(|t| Collision {
                index,
                slot,
                other,
                other_slot: *t,
            }));
        }
    }
    found.sort_unstable_by_key(|c| (c.slot, c.other_slot));
    found
}
