//! The daily programme at the broker: what may be put into it, what comes of it, and what stands in its way.
//!
//! Everything that judges is pure, and the same code of `loa-schedule` that the nodes run. What is in the programme reaches the nodes by
//! [`crate::plans`] alone.

pub mod alarms;
pub mod entry;
pub mod expect;
pub mod judge;
pub mod now;
pub mod preview;
pub mod territory;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use loa_protocol::Planned;
use loa_schedule::{
    Slot,
    programme::{duration, slots, zone},
};

use crate::store::ProgrammeRow;

/// Spans that are searched for the next airings, days: most have one within a week, and the 29th of February comes within eight years.
const SEARCHED_DAYS: [i64; 4] = [8, 62, 366, 8 * 366];

/// When a local day begins.
pub fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().ok()
}

/// The next airings from an instant on, at most so many.
pub fn next_slots(planned: &Planned, zone: &TimeZone, from: Timestamp, many: usize) -> Vec<Slot> {
    let first_day = midnight(planned.timetable.from, zone).unwrap_or(from);
    // A jump of the clock moves a time by a day at most.
    let start = from.max(first_day.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(from));
    let mut found = Vec::new();
    for days in SEARCHED_DAYS {
        let to = start.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
        found = slots(planned, zone, start, to);
        if found.len() >= many {
            break;
        }
    }
    found.truncate(many);
    found
}

/// Whether nothing of an entry is to come any more, nor may still be caught up or be sounding.
pub fn is_over(entry: &ProgrammeRow, now: Timestamp) -> bool {
    let planned = entry.planned();
    let back = SignedDuration::from_secs(planned.catch_up_s.into()).saturating_add(duration(&planned));
    let from = now.saturating_sub(back).unwrap_or(Timestamp::MIN);
    next_slots(&planned, &zone(&entry.time_zone), from, 1).is_empty()
}
