//! From a timetable to instants.
//!
//! Clocks that jump have rules of their own here, the ones of RFC 5545 (section 3.3.5): a local time that a forward jump leaves out
//! is later by the length of the jump (02:30 becomes 03:30), and one that a backward jump brings twice is meant the first time.
//! Two times that fall on one instant that way are one airing.

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::{AmbiguousOffset, Offset, TimeZone},
};
use loa_protocol::{Every, Timetable};

/// Most times of day in one timetable.
pub const TIMES: usize = 24;
/// Most days left out.
pub const EXCEPTIONS: usize = 366;

/// Why a timetable can't be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimetableError {
    /// It names no time of day, or too many.
    #[error("one to {TIMES} times of day")]
    Times,
    /// Its days don't fit its rhythm.
    #[error("days of the week are 1 to 7, days of the month 1 to 31 or -1, and only those have any")]
    Days,
    /// It ends before it begins.
    #[error("the last day is before the first")]
    Until,
    /// It leaves out more days than a year has.
    #[error("too many days left out")]
    Except,
}

/// Whether a timetable can be meant.
pub fn check(timetable: &Timetable) -> Result<(), TimetableError> {
    let days = &timetable.days;
    let days_fit = match timetable.every {
        Every::Once | Every::Day => days.is_empty(),
        Every::Week => !days.is_empty() && days.iter().all(|day| (1..=7).contains(day)),
        Every::Month => !days.is_empty() && days.iter().all(|day| (1..=31).contains(day) || *day == -1),
    };
    if !days_fit {
        Err(TimetableError::Days)
    } else if timetable.times.is_empty() || timetable.times.len() > TIMES {
        Err(TimetableError::Times)
    } else if timetable.until.is_some_and(|until| until < timetable.from) {
        Err(TimetableError::Until)
    } else if timetable.except.len() > EXCEPTIONS {
        Err(TimetableError::Except)
    } else {
        Ok(())
    }
}

/// The instants of a timetable in `zone`, from `from` up to but without `to`, in order, each once.
pub fn instants(
    timetable: &Timetable,
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Timestamp> {
    let mut times = timetable.times.clone();
    times.sort_unstable();
    times.dedup();
    let mut except = timetable.except.clone();
    except.sort_unstable();
    let zone = zone.clone();
    // A jump of the clock moves a time by a day at most (Samoa left one out), so an instant of this range is of a day next to it.
    let first = days_from(zone.to_datetime(from).date(), -2).max(timetable.from);
    let last = days_from(zone.to_datetime(to).date(), 1).min(last_day(timetable));
    let timetable = timetable.clone();
    let by_day = days(first, last)
        .filter(move |day| is_day(&timetable, *day) && except.binary_search(day).is_err())
        .map(move |day| (day, of_day(day, &times, &zone)));
    in_order(by_day).skip_while(move |at| *at < from).take_while(move |at| *at < to)
}

/// The instants of successive days in order, each once. A jump forward over midnight puts times of one day among those of the next.
fn in_order(days: impl Iterator<Item = (Date, Vec<Timestamp>)>) -> impl Iterator<Item = Timestamp> {
    let mut days = days.peekable();
    let mut known = BTreeSet::new();
    std::iter::from_fn(move || {
        while let Some((_, instants)) =
            days.next_if(|(day, _)| known.first().is_none_or(|first| *first >= earliest(*day)))
        {
            known.extend(instants);
        }
        known.pop_first()
    })
}

/// No zone has an instant of this day, or of a later one, before.
fn earliest(day: Date) -> Timestamp {
    Offset::MAX.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(Timestamp::MIN)
}

/// Whether no instant of a timetable is left at or after `now`.
pub fn is_over(timetable: &Timetable, zone: &TimeZone, now: Timestamp) -> bool {
    let has_days = match timetable.every {
        Every::Once | Every::Day => true,
        Every::Week => timetable.days.iter().any(|day| (1..=7).contains(day)),
        Every::Month => timetable.days.iter().any(|day| (1..=31).contains(day) || *day == -1),
    };
    if timetable.times.is_empty() || !has_days {
        return true;
    }
    // Days left out are counted; what has no end has more.
    let endless = timetable.every != Every::Once && timetable.until.is_none();
    !endless && instants(timetable, zone, now, Timestamp::MAX).next().is_none()
}

fn last_day(timetable: &Timetable) -> Date {
    match timetable.every {
        Every::Once => timetable.from,
        _ => timetable.until.unwrap_or(Date::MAX),
    }
}

fn days_from(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(move |day| *day <= last)
}

fn is_day(timetable: &Timetable, day: Date) -> bool {
    match timetable.every {
        Every::Once => day == timetable.from,
        Every::Day => true,
        Every::Week => timetable.days.contains(&day.weekday().to_monday_one_offset()),
        Every::Month => {
            timetable.days.contains(&day.day())
                || (timetable.days.contains(&-1) && day.day() == day.days_in_month())
        }
    }
}

/// The instants of one day, in order: a jump forward may put a later time before an earlier one.
fn of_day(day: Date, times: &[Time], zone: &TimeZone) -> Vec<Timestamp> {
    let mut instants: Vec<_> = times.iter().filter_map(|time| instant(day, *time, zone)).collect();
    instants.sort_unstable();
    instants
}

fn instant(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let wall = day.to_datetime(time);
    let offset = match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        // The offset from before the jump makes it later by the length of the jump, and, in an overlap, the first of two.
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    offset.to_timestamp(wall).ok()
}
