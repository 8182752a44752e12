//! Timetables by other people's code: days by the crate `rrule` (RFC 5545), zones by `chrono-tz`. Nothing here asks jiff, and `rrule` is
//! asked for wall times only, as if all were UTC: what it and chrono do with a time that a jump of the clock leaves out (it is
//! passed over) is not the rule of RFC 5545, section 3.3.5, which is written out in [`Zone::instant`].

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono::{NaiveTime, Offset};
use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use loa_protocol::{Every, Timetable};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Weekday};

/// Zones with all that zones do: none, half an hour, two hours at once, over midnight, twice a year more for Ramadan, a day left out.
pub(crate) const ZONES: [&str; 10] = [
    "Asia/Ho_Chi_Minh",
    "Asia/Phnom_Penh",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Tehran",
    "Antarctica/Troll",
];

/// Until when the oracle's zones are to be believed: jiff's are newer, and know that Morocco gives up its jumps in September 2026.
fn known_until(name: &str) -> NaiveDateTime {
    match name {
        "Africa/Casablanca" => midnight(2026),
        _ => midnight(2038),
    }
}

/// A zone and its jumps from 1990 to 2037.
pub(crate) struct Zone {
    tz: chrono_tz::Tz,
    until: NaiveDateTime,
    pub(crate) jumps: Vec<Jump>,
}

/// The clock jumps at an instant (UTC), from one offset to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jump {
    at: NaiveDateTime,
    before: TimeDelta,
    after: TimeDelta,
}

impl Jump {
    /// What the clock shows last, and first.
    pub(crate) fn walls(&self) -> (NaiveDateTime, NaiveDateTime) {
        (self.at + self.before, self.at + self.after)
    }
}

impl Zone {
    pub(crate) fn new(name: &str) -> Self {
        let mut zone = Self { tz: name.parse().unwrap(), until: known_until(name), jumps: Vec::new() };
        let step = TimeDelta::hours(6);
        let mut at = midnight(1990);
        while at < zone.until {
            if zone.offset(at) != zone.offset(at + step) {
                zone.jumps.push(zone.jump_between(at, at + step));
            }
            at += step;
        }
        zone
    }

    /// Whether the oracle can be asked about this day.
    pub(crate) fn knows(&self, day: Date) -> bool {
        utc(day, Time::midnight()).naive_utc() < self.until
    }

    fn jump_between(&self, mut from: NaiveDateTime, mut to: NaiveDateTime) -> Jump {
        let (before, after) = (self.offset(from), self.offset(to));
        while to - from > TimeDelta::seconds(1) {
            let middle = from + TimeDelta::seconds((to - from).num_seconds() / 2);
            if self.offset(middle) == before { from = middle } else { to = middle }
        }
        Jump { at: to, before, after }
    }

    fn offset(&self, utc: NaiveDateTime) -> TimeDelta {
        let offset = self.tz.offset_from_utc_datetime(&utc).fix();
        TimeDelta::seconds(offset.local_minus_utc().into())
    }

    /// When the clock shows `wall` the first time; if it never does, when it shows that much later as it jumped over.
    fn instant(&self, wall: NaiveDateTime) -> NaiveDateTime {
        let near: Vec<_> =
            self.jumps.iter().filter(|jump| (jump.at - wall).abs() < TimeDelta::days(3)).collect();
        let offsets = near.iter().flat_map(|jump| [jump.before, jump.after]).chain([self.offset(wall)]);
        let shown = offsets.map(|offset| wall - offset).filter(|at| *at + self.offset(*at) == wall).min();
        shown.unwrap_or_else(|| {
            let jump = near.into_iter().find(|jump| jump.walls().0 <= wall && wall < jump.walls().1);
            let jump = jump.expect("what the clock never shows is jumped over");
            wall + (jump.after - jump.before) - jump.after
        })
    }

    /// The instants of a timetable of which the wall times lie in `from..to`.
    pub(crate) fn instants(&self, timetable: &Timetable, days: (Date, Date)) -> BTreeSet<Timestamp> {
        walls(timetable, days)
            .into_iter()
            .map(|wall| Timestamp::from_second(self.instant(wall).and_utc().timestamp()).unwrap())
            .collect()
    }
}

/// The wall times of a timetable on some days, the last included.
fn walls(timetable: &Timetable, (first, last): (Date, Date)) -> BTreeSet<NaiveDateTime> {
    let mut walls = BTreeSet::new();
    for time in &timetable.times {
        let start = utc(timetable.from, *time);
        let until = match timetable.every {
            Every::Once => start,
            _ => utc(timetable.until.map_or(last, |until| until.min(last)), *time),
        };
        if until < start {
            continue;
        }
        let rule = match timetable.every {
            Every::Once | Every::Day => RRule::new(Frequency::Daily),
            Every::Week => RRule::new(Frequency::Weekly)
                .by_weekday(timetable.days.iter().map(|day| NWeekday::Every(weekday(*day))).collect()),
            Every::Month => RRule::new(Frequency::Monthly).by_month_day(timetable.days.clone()),
        };
        let rule = rule.until(until).validate(start).unwrap();
        let except = timetable.except.iter().map(|day| utc(*day, *time)).collect();
        let set = RRuleSet::new(start).rrule(rule).set_exdates(except);
        let set = set.after(utc(first, Time::midnight())).before(utc(last, *time));
        let all = set.all(u16::MAX);
        assert!(!all.limited, "a whole answer");
        walls.extend(all.dates.into_iter().map(|at| at.naive_utc()));
    }
    walls
}

fn weekday(day: i8) -> Weekday {
    Weekday::try_from(u8::try_from(day - 1).unwrap()).unwrap()
}

fn utc(day: Date, time: Time) -> DateTime<Tz> {
    let day = NaiveDate::from_ymd_opt(day.year().into(), part(day.month()), part(day.day())).unwrap();
    let time = NaiveTime::from_hms_opt(part(time.hour()), part(time.minute()), part(time.second())).unwrap();
    Tz::UTC.from_utc_datetime(&day.and_time(time))
}

fn part(value: i8) -> u32 {
    u32::try_from(value).unwrap()
}

fn midnight(year: i32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(NaiveTime::MIN)
}

/// The same day in the words of the crate under test.
pub(crate) fn day_of(wall: NaiveDateTime) -> Date {
    let part = |value: u32| i8::try_from(value).unwrap();
    Date::new(i16::try_from(wall.year()).unwrap(), part(wall.month()), part(wall.day())).unwrap()
}

/// The same time of day in the words of the crate under test.
pub(crate) fn time_of(wall: NaiveDateTime) -> Time {
    let part = |value: u32| i8::try_from(value).unwrap();
    Time::new(part(wall.hour()), part(wall.minute()), part(wall.second()), 0).unwrap()
}
