//! Timetables of all kinds over long spans, against the oracle.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time, date},
};
use loa_protocol::{Every, Timetable};
use loa_schedule::{programme::known_zone, timetable};
use proptest::prelude::*;

use crate::oracle::{ZONES, Zone};

fn day() -> impl Strategy<Value = Date> {
    (0..17_400i32).prop_map(|days| date(1990, 1, 2).checked_add(days.days()).unwrap())
}

fn time() -> impl Strategy<Value = Time> {
    // Night and midnight more often: that is where clocks jump.
    let hour = prop_oneof![Just(0i8), 0i8..4, 0i8..24];
    (hour, prop_oneof![Just(0i8), Just(30), 0i8..60])
        .prop_map(|(hour, minute)| Time::constant(hour, minute, 0, 0))
}

fn rhythm() -> impl Strategy<Value = (Every, Vec<i8>)> {
    let date = prop_oneof![Just(-1i8), 28i8..=31, 1i8..=31];
    prop_oneof![
        Just((Every::Once, Vec::new())),
        Just((Every::Day, Vec::new())),
        prop::collection::vec(1i8..=7, 1..8).prop_map(|days| (Every::Week, days)),
        prop::collection::vec(date, 1..6).prop_map(|days| (Every::Month, days)),
    ]
}

prop_compose! {
    fn any_timetable()(
        (every, days) in rhythm(),
        times in prop::collection::vec(time(), 1..5),
        from in day(),
        length in prop::option::of(0i32..500),
        left_out in prop::collection::vec(0i32..60, 0..20),
    ) -> Timetable {
        let until = length.map(|days| from.saturating_add(days.days()));
        let except = left_out.into_iter().map(|days| from.saturating_add(days.days())).collect();
        Timetable { every, days, times, from, until, except }
    }
}

fn noon(day: Date) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_timetable_s_airings_are_the_oracle_s(
        timetable in any_timetable(), zone in 0usize..ZONES.len(), start in -40i32..300, length in 1i32..200,
    ) {
        prop_assert_eq!(timetable::check(&timetable), Ok(()));
        let (theirs, ours) = (Zone::new(ZONES[zone]), known_zone(ZONES[zone]).unwrap());
        let first = timetable.from.saturating_add(start.days());
        let last = first.saturating_add(length.days());
        prop_assume!(theirs.knows(last));
        let (from, to) = (noon(first), noon(last));
        let days = (first.saturating_sub(3.days()), last.saturating_add(3.days()));
        let expected: Vec<_> =
            theirs.instants(&timetable, days).into_iter().filter(|at| (from..to).contains(at)).collect();
        let given: Vec<_> = timetable::instants(&timetable, &ours, from, to).collect();
        prop_assert_eq!(&given, &expected);
    }

    #[test]
    fn it_is_over_after_its_last_airing_and_not_before(timetable in any_timetable(), zone in 0usize..ZONES.len()) {
        let (theirs, ours) = (Zone::new(ZONES[zone]), known_zone(ZONES[zone]).unwrap());
        let end = timetable.until.filter(|_| timetable.every != Every::Once);
        let days = (timetable.from, end.unwrap_or(timetable.from).saturating_add(3.days()));
        prop_assume!(theirs.knows(days.1));
        let endless = timetable.every != Every::Once && end.is_none();
        match theirs.instants(&timetable, days).last() {
            _ if endless => prop_assert!(!timetable::is_over(&timetable, &ours, noon(date(2100, 1, 1)))),
            Some(last) => {
                prop_assert!(!timetable::is_over(&timetable, &ours, *last));
                prop_assert!(timetable::is_over(&timetable, &ours, *last + 1.second()));
            }
            None => prop_assert!(timetable::is_over(&timetable, &ours, noon(timetable.from) - 240.hours())),
        }
    }
}
