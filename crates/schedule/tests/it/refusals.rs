//! What of a programme its nodes would refuse.

use jiff::tz::TimeZone;
use loa_protocol::{Class, Planned, Policy, Timetable};
use loa_schedule::{
    policy::Breach,
    programme::{Refused, refusals},
};

use crate::example::{VIETNAM, daily, hours, local, planned, repeated, shown, zone};

/// Which broadcast, when and why, in the week of 2026-11-23.
fn refused(programme: &[&Planned], policy: &Policy) -> Vec<(usize, String, Breach)> {
    from(programme, policy, "2026-11-23 00:00")
}

fn from(programme: &[&Planned], policy: &Policy, from: &str) -> Vec<(usize, String, Breach)> {
    let zone = zone(VIETNAM);
    let programme: Vec<(&Planned, TimeZone)> =
        programme.iter().map(|planned| (*planned, zone.clone())).collect();
    refusals(&programme, policy, &zone, local(from), local("2026-11-30 00:00"))
        .into_iter()
        .map(|Refused { index, slot, breach }| (index, shown(slot.start, &zone), breach))
        .collect()
}

fn until(day: &str, planned: Planned) -> Planned {
    Planned { timetable: Timetable { until: day.parse().ok(), ..planned.timetable.clone() }, ..planned }
}

#[test]
fn the_airing_and_its_day_are_named() {
    let mut policy = hours("05:00-22:00");
    policy.hours[6].clear();
    let daily = planned(1, daily("05:00 21:55"), 10);
    let given = refused(&[&daily], &policy);
    let mut expected: Vec<_> = (23..=29)
        .map(|day| (0, format!("2026-11-{day} 21:55"), Breach::Hours))
        .chain([(0, "2026-11-29 05:00".to_owned(), Breach::Hours)])
        .collect();
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(given, expected);
}

#[test]
fn what_is_refused_doesn_t_count_and_emergencies_neither() {
    let policy = Policy { sessions_per_day: Some(1), ..hours("05:00-22:00") };
    let night = until("2026-11-23", planned(1, daily("03:15"), 10));
    let drill = Planned { class: Class::Emergency, ..until("2026-11-23", planned(2, daily("06:00"), 10)) };
    let morning = until("2026-11-23", planned(3, daily("07:00"), 10));
    let evening = until("2026-11-23", planned(4, daily("17:00"), 10));
    let given = refused(&[&night, &drill, &morning, &evening], &policy);
    let expected = [
        (0, "2026-11-23 03:15".to_owned(), Breach::Hours),
        (3, "2026-11-23 17:00".to_owned(), Breach::SessionsPerDay { may: 1 }),
    ];
    assert_eq!(given, expected);
}

#[test]
fn sessions_of_a_day_begun_before_the_span_asked_for_count() {
    let policy = Policy { sessions_per_day: Some(1), ..hours("05:00-22:00") };
    let twice = until("2026-11-23", planned(1, daily("07:00 17:00"), 10));
    let given = from(&[&twice], &policy, "2026-11-23 12:00");
    assert_eq!(given, [(0, "2026-11-23 17:00".to_owned(), Breach::SessionsPerDay { may: 1 })]);
}

#[test]
fn a_session_over_midnight_is_one() {
    let policy = Policy { session_minutes: Some(30), ..hours("00:00-24:00") };
    let long = repeated(until("2026-11-23", planned(1, daily("23:40"), 10)), 4, 0);
    let given = refused(&[&long], &policy);
    assert_eq!(given, [(0, "2026-11-24 00:10".to_owned(), Breach::SessionMinutes { would: 40, may: 30 })]);
    let given = from(&[&long], &policy, "2026-11-24 00:00");
    assert_eq!(given.len(), 1, "seen from the day after as well");
}

#[test]
fn of_two_at_once_the_second_is_judged_by_when_its_turn_comes() {
    let policy = Policy { session_minutes: Some(15), ..hours("05:00-22:00") };
    let at_five =
        |name| Planned { catch_up_s: 900, ..until("2026-11-23", planned(name, daily("05:00"), 10)) };
    let (first, second) = (at_five(1), at_five(2));
    let breach = Breach::SessionMinutes { would: 20, may: 15 };
    assert_eq!(refused(&[&first, &second], &policy), [(1, "2026-11-23 05:00".to_owned(), breach)]);
    let priority = Planned { class: Class::Priority, ..second.clone() };
    assert_eq!(refused(&[&first, &priority], &policy), [(0, "2026-11-23 05:00".to_owned(), breach)]);
    let ordered = Planned { order: 1, ..first.clone() };
    assert_eq!(refused(&[&ordered, &second], &policy), [(0, "2026-11-23 05:00".to_owned(), breach)]);
    let hurried = Planned { catch_up_s: 300, ..second };
    assert_eq!(refused(&[&first, &hurried], &policy), [], "its turn never comes");
}

#[test]
fn what_a_stronger_one_cuts_short_counts_as_far_as_it_came() {
    let policy = Policy { session_minutes: Some(12), ..hours("05:00-22:00") };
    let long = until("2026-11-23", planned(1, daily("05:00"), 12));
    let urgent = Planned { class: Class::Priority, ..until("2026-11-23", planned(2, daily("05:05"), 5)) };
    assert_eq!(refused(&[&long, &urgent], &policy), []);
}
