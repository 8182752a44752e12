//! From a plan's broadcasts to airings: what is due when, how late it may be, and what of it the policy would refuse.

use std::{cmp::Reverse, sync::LazyLock};

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    tz::{TimeZone, TimeZoneDatabase},
};
use loa_protocol::{Class, Plan, Planned, Policy};

use crate::{
    policy::{Breach, Spell, Wish, judge},
    timetable,
};

/// Longest catch-up window.
pub const LONGEST_CATCH_UP: SignedDuration = SignedDuration::from_hours(24);
/// What ended so long ago counts for no session and no day any more.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(49);

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

/// The airings of a broadcast whose nominal start is in `from..to`, in order. None starts before [`Planned::since`], nor at or after its
/// expiry.
pub fn slots(planned: &Planned, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Slot> {
    let mut slots: Vec<_> = by_time(planned, zone, from, to).collect();
    slots.sort_unstable();
    // Repeats of one time may fall on another: one instant is one airing.
    slots.dedup_by_key(|slot| slot.start);
    slots
}

/// Whether a broadcast has no airing left that starts at or after `now`.
pub fn is_over(planned: &Planned, zone: &TimeZone, now: Timestamp) -> bool {
    let first = now.saturating_sub(last_repeat(planned)).unwrap_or(Timestamp::MIN);
    timetable::is_over(&planned.timetable, zone, first)
        || by_time(planned, zone, now, Timestamp::MAX).next().is_none()
}

/// The airings, in the order of the times they repeat.
fn by_time(planned: &Planned, zone: &TimeZone, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Slot> {
    let (count, step) = (planned.repeats.count.max(1), step(planned));
    let from = from.max(planned.since);
    let to = planned.expires_at.map_or(to, |until| to.min(until));
    let first = from.saturating_sub(last_repeat(planned)).unwrap_or(Timestamp::MIN);
    let window = SignedDuration::from_secs(planned.catch_up_s.into()).min(LONGEST_CATCH_UP);
    let until = planned.expires_at.unwrap_or(Timestamp::MAX);
    timetable::instants(&planned.timetable, zone, first, to)
        .flat_map(move |at| (0..count).map(move |repeat| (at, repeat)))
        .filter_map(move |(at, repeat)| {
            let start = at.checked_add(step.saturating_mul(i32::from(repeat))).ok()?;
            let expires_at = start.saturating_add(window).unwrap_or(Timestamp::MAX).min(until);
            (from <= start && start < to).then_some(Slot { start, repeat, expires_at })
        })
}

/// From the start of one repeat to the start of the next.
fn step(planned: &Planned) -> SignedDuration {
    duration(planned).saturating_add(SignedDuration::from_secs(planned.repeats.gap_s.into()))
}

/// From the first start to the last repeat's.
fn last_repeat(planned: &Planned) -> SignedDuration {
    step(planned).saturating_mul(i32::from(planned.repeats.count.max(1)) - 1)
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

/// What of a programme in `from..to` would break a policy, in order. Airings begin at their nominal start, or when what is before them ends:
/// behind equals and stronger ones they wait, weaker ones they cut short. What is refused doesn't count against what comes after.
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
        .flat_map(|(index, (planned, zone_of))| {
            let slots = slots(planned, zone_of, day_before(from, zone), to);
            slots.into_iter().map(move |slot| (slot, index, *planned))
        })
        .collect();
    all.sort_by_key(|(slot, index, planned)| {
        (slot.start, Reverse(planned.class), planned.order, slot.repeat, *index)
    });
    let mut on_air: Option<(Spell, Class)> = None;
    let (mut heard, mut refused): (Vec<Spell>, Vec<_>) = (Vec::new(), Vec::new());
    for (slot, index, planned) in all {
        heard.retain(|spell| slot.start.duration_since(spell.to) < REMEMBERED);
        let waits = on_air.filter(|(spell, class)| *class >= planned.class && slot.start < spell.to);
        let begins = match waits {
            Some((_, Class::Emergency)) if planned.class == Class::Emergency => slot.start,
            Some((spell, _)) => spell.to,
            None => slot.start,
        };
        if begins >= slot.expires_at {
            continue;
        }
        let spell =
            Spell { from: begins, to: begins.saturating_add(duration(planned)).unwrap_or(Timestamp::MAX) };
        let wish = Wish { class: planned.class, spell, exceeds: &planned.exceeds };
        match judge(policy, zone, &wish, &heard) {
            Ok(()) => {
                // Emergencies aside, what sounded until now is last.
                if let Some(last) = heard.last_mut() {
                    last.to = last.to.min(begins);
                }
                if planned.class != Class::Emergency {
                    heard.push(spell);
                }
                on_air = Some((spell, planned.class));
            }
            Err(breach) if slot.start >= from => refused.push(Refused { index, slot, breach }),
            Err(_) => {}
        }
    }
    refused
}

/// The midnight before the local day before an instant: no session that goes on at that instant, or is of that day, began earlier.
fn day_before(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let day = zone.to_datetime(at).date().saturating_sub(1.day());
    zone.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
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
    let (ours_slots, ours_long) = (slots(ours, ours_zone, from, to), duration(ours));
    let mut found = Vec::new();
    for (other, (theirs, zone)) in programme.iter().enumerate().filter(|(other, _)| *other != index) {
        let long = duration(theirs);
        let theirs = slots(theirs, zone, from.saturating_sub(long).unwrap_or(from), to);
        for slot in ours_slots.iter().copied() {
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
