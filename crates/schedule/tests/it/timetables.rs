//! Each rule of a timetable by example.

use loa_protocol::{Every, Timetable};
use loa_schedule::timetable::{self, TimetableError, check};
use rstest::rstest;

use crate::example::{VIETNAM, at, daily, shown, times, zone};

fn table(every: Every, days: &[i8], at: &str, from: &str) -> Timetable {
    Timetable { every, days: days.to_vec(), from: from.parse().unwrap(), ..daily(at) }
}

/// What the clock shows at each airing of the 40 days from 2026-11-20 on.
fn airings(timetable: &Timetable) -> Vec<String> {
    let zone = zone(VIETNAM);
    let (from, to) = (at("2026-11-20T00:00:00Z"), at("2026-12-31T17:00:00Z"));
    timetable::instants(timetable, &zone, from, to).map(|at| shown(at, &zone)).collect()
}

#[test]
fn once_is_on_one_day_at_each_of_its_times() {
    let once = table(Every::Once, &[], "17:00 05:00 17:00", "2026-12-01");
    assert_eq!(airings(&once), ["2026-12-01 05:00", "2026-12-01 17:00"]);
}

#[test]
fn a_day_is_from_its_first_midnight_to_the_next() {
    let until = "2026-11-24".parse().ok();
    let daily = Timetable { until, ..table(Every::Day, &[], "00:00 23:59:59", "2026-11-23") };
    let expected = ["2026-11-23 00:00", "2026-11-23 23:59", "2026-11-24 00:00", "2026-11-24 23:59"];
    assert_eq!(airings(&daily), expected);
}

#[test]
fn weekdays_are_counted_from_monday() {
    let except = vec!["2026-11-29".parse().unwrap()];
    let until = "2026-12-07".parse().ok();
    let weekly = Timetable { except, until, ..table(Every::Week, &[1, 7], "05:00", "2026-11-24") };
    // Monday the 23rd is before the first day, Sunday the 29th is left out.
    assert_eq!(airings(&weekly), ["2026-11-30 05:00", "2026-12-06 05:00", "2026-12-07 05:00"]);
}

#[test]
fn a_month_without_the_day_is_passed_over_and_the_last_day_is_one_airing_though_named_twice() {
    let monthly = table(Every::Month, &[31, -1, 1], "05:00", "2026-11-01");
    assert_eq!(airings(&monthly), ["2026-11-30 05:00", "2026-12-01 05:00", "2026-12-31 05:00"]);
    let thirty_first = table(Every::Month, &[31], "05:00", "2026-11-01");
    assert_eq!(airings(&thirty_first), ["2026-12-31 05:00"]);
}

#[rstest]
// Forward from 02:00 to 03:00.
#[case("Europe/Berlin", "2026-03-29", "02:30", &["2026-03-29T01:30:00Z"])]
#[case("Europe/Berlin", "2026-03-29", "02:00 03:00", &["2026-03-29T01:00:00Z"])]
#[case("Europe/Berlin", "2026-03-29", "02:30 03:10", &["2026-03-29T01:10:00Z", "2026-03-29T01:30:00Z"])]
// Back from 03:00 to 02:00.
#[case("Europe/Berlin", "2026-10-25", "02:30", &["2026-10-25T00:30:00Z"])]
#[case("Europe/Berlin", "2026-10-25", "03:00", &["2026-10-25T02:00:00Z"])]
// Half an hour.
#[case("Australia/Lord_Howe", "2026-10-04", "02:15", &["2026-10-03T15:45:00Z"])]
#[case("Australia/Lord_Howe", "2026-04-05", "01:45", &["2026-04-04T14:45:00Z"])]
// Midnight itself is left out.
#[case("America/Sao_Paulo", "2018-11-04", "00:00", &["2018-11-04T03:00:00Z"])]
// A day that never was.
#[case("Pacific/Apia", "2011-12-30", "05:00", &["2011-12-30T15:00:00Z"])]
fn a_time_that_is_left_out_is_later_by_the_jump_and_one_that_comes_twice_is_the_first(
    #[case] name: &str,
    #[case] day: &str,
    #[case] at_times: &str,
    #[case] expected: &[&str],
) {
    let once = table(Every::Once, &[], at_times, day);
    let (from, to) = (at("2000-01-01T00:00:00Z"), at("2100-01-01T00:00:00Z"));
    let given: Vec<_> = timetable::instants(&once, &zone(name), from, to).map(|at| at.to_string()).collect();
    assert_eq!(given, expected);
}

#[test]
fn a_day_that_never_was_is_not_aired_twice_on_the_next() {
    let until = "2011-12-31".parse().ok();
    let daily = Timetable { until, ..table(Every::Day, &[], "05:00 18:00", "2011-12-30") };
    let (from, to) = (at("2011-12-01T00:00:00Z"), at("2012-02-01T00:00:00Z"));
    let apia = zone("Pacific/Apia");
    let given: Vec<_> = timetable::instants(&daily, &apia, from, to).map(|at| shown(at, &apia)).collect();
    assert_eq!(given, ["2011-12-31 05:00", "2011-12-31 18:00"]);
}

#[rstest]
#[case(table(Every::Day, &[1], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(table(Every::Once, &[1], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(table(Every::Week, &[], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(table(Every::Week, &[0], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(table(Every::Week, &[8], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(table(Every::Month, &[-2], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(table(Every::Month, &[32], "05:00", "2026-11-23"), TimetableError::Days)]
#[case(Timetable { times: Vec::new(), ..daily("05:00") }, TimetableError::Times)]
#[case(Timetable { times: vec![times("05:00")[0]; 25], ..daily("05:00") }, TimetableError::Times)]
#[case(Timetable { until: "2026-11-22".parse().ok(), ..daily("05:00") }, TimetableError::Until)]
#[case(Timetable { except: vec!["2026-11-25".parse().unwrap(); 367], ..daily("05:00") }, TimetableError::Except)]
fn what_can_t_be_meant_is_refused_with_what_is_wrong(
    #[case] timetable: Timetable,
    #[case] error: TimetableError,
) {
    assert_eq!(check(&timetable), Err(error));
    assert_eq!(check(&daily("05:00")), Ok(()));
}

#[test]
fn without_a_last_day_it_is_never_over_unless_no_day_fits() {
    let zone = zone(VIETNAM);
    let far = at("2400-01-01T00:00:00Z");
    assert!(!timetable::is_over(&daily("05:00"), &zone, far));
    // A year of Mondays left out, one after the other.
    let mondays = (0..366)
        .map(|week| "2026-11-23".parse::<jiff::civil::Date>().unwrap() + jiff::Span::new().weeks(week));
    let until = "2033-12-31".parse().ok();
    let weekly =
        Timetable { except: mondays.collect(), until, ..table(Every::Week, &[1], "05:00", "2026-11-23") };
    assert!(!timetable::is_over(&weekly, &zone, at("2026-11-01T00:00:00Z")), "seven years later it airs");
    assert!(timetable::is_over(&Timetable { days: vec![9], ..weekly.clone() }, &zone, far));
    assert!(timetable::is_over(&Timetable { days: vec![9], until: None, ..weekly }, &zone, far));
    assert!(timetable::is_over(&Timetable { times: Vec::new(), ..daily("05:00") }, &zone, far));
}
