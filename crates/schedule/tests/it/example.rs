//! What the examples are made of.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use loa_protocol::{
    BroadcastId, Class, ClipHash, ClipRef, Every, Planned, Policy, Timetable, plan, policy::Span,
    timetable::Repeats,
};
use loa_schedule::{Slot, programme};

/// Monday 2026-11-23 is the first day of the examples' week.
pub(crate) const VIETNAM: &str = "Asia/Ho_Chi_Minh";

pub(crate) fn zone(name: &str) -> TimeZone {
    programme::known_zone(name).unwrap()
}

pub(crate) fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

/// An instant by what the clock shows in Vietnam, "2026-11-23 05:00".
pub(crate) fn local(wall: &str) -> Timestamp {
    format!("{}+07:00", wall.replace(' ', "T")).parse().unwrap()
}

/// What the clock shows in a zone.
pub(crate) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%F %H:%M").to_string()
}

pub(crate) fn times(times: &str) -> Vec<Time> {
    times.split(' ').map(|time| time.parse().unwrap()).collect()
}

pub(crate) fn daily(at: &str) -> Timetable {
    let from: Date = "2026-11-23".parse().unwrap();
    Timetable { every: Every::Day, days: Vec::new(), times: times(at), from, until: None, except: Vec::new() }
}

/// A normal bulletin of so many minutes in a window of ten.
pub(crate) fn planned(name: u8, timetable: Timetable, minutes: u64) -> Planned {
    Planned {
        id: BroadcastId::from_bits([name; 16]),
        since: Timestamp::UNIX_EPOCH,
        class: Class::Normal,
        title: "Tin sáng".into(),
        language: "vi".into(),
        clip: ClipRef {
            hash: ClipHash::of(&[name]),
            bytes: 1,
            duration_ms: minutes * 60_000,
            attached: false,
        },
        timetable,
        time_zone: None,
        repeats: Repeats::default(),
        catch_up_s: 600,
        expires_at: None,
        order: 0,
        resume: false,
        exceeds: Vec::new(),
    }
}

pub(crate) fn repeated(planned: Planned, count: u8, gap_s: u32) -> Planned {
    plan::Planned { repeats: Repeats { count, gap_s }, ..planned }
}

/// Allows these spans of each day, "05:00-22:00 23:00-24:00".
pub(crate) fn hours(spans: &str) -> Policy {
    let minute = |time: &str| {
        let (hour, minute) = time.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    };
    let span = |span: &str| {
        let (from, to) = span.split_once('-').unwrap();
        Span { from: minute(from), to: minute(to) }
    };
    let spans: Vec<_> = spans.split_whitespace().map(span).collect();
    Policy { hours: std::array::from_fn(|_| spans.clone()), ..Policy::default() }
}

/// Starts by the clock in Vietnam, each with its repeat.
pub(crate) fn starts(slots: &[Slot]) -> Vec<(String, u8)> {
    slots.iter().map(|slot| (shown(slot.start, &zone(VIETNAM)), slot.repeat)).collect()
}
