//! Airings of a broadcast: repeats, beginnings, ends, windows, and what collides.

use jiff::SignedDuration;
use loa_protocol::{Every, Planned, Timetable};
use loa_schedule::programme::{self, LONGEST_CATCH_UP, collisions, slots};
use rstest::rstest;

use crate::example::{VIETNAM, daily, local, planned, repeated, shown, starts, times, zone};

fn of_day(planned: &Planned, from: &str, to: &str) -> Vec<(String, u8)> {
    starts(&slots(planned, &zone(VIETNAM), local(from), local(to)))
}

fn pairs(expected: &[(&str, u8)]) -> Vec<(String, u8)> {
    expected.iter().map(|(start, repeat)| ((*start).to_owned(), *repeat)).collect()
}

#[test]
fn a_repeat_begins_a_gap_after_the_end_of_the_one_before() {
    let thrice = repeated(planned(1, daily("05:00 23:50"), 10), 3, 300);
    let day = [
        ("2026-11-24 00:05", 1), // Monday's last ones
        ("2026-11-24 00:20", 2),
        ("2026-11-24 05:00", 0),
        ("2026-11-24 05:15", 1),
        ("2026-11-24 05:30", 2),
        ("2026-11-24 23:50", 0),
    ];
    assert_eq!(of_day(&thrice, "2026-11-24 00:00", "2026-11-25 00:00"), pairs(&day));
    assert_eq!(of_day(&thrice, "2026-11-24 05:01", "2026-11-24 05:30"), pairs(&day[3..4]));
}

#[test]
fn repeats_that_fall_on_another_time_are_one_airing() {
    let twice = repeated(planned(1, daily("05:00 05:15 05:20"), 10), 2, 300);
    let expected = [
        ("2026-11-24 05:00", 0),
        ("2026-11-24 05:15", 0),
        ("2026-11-24 05:20", 0),
        ("2026-11-24 05:30", 1),
        ("2026-11-24 05:35", 1),
    ];
    assert_eq!(of_day(&twice, "2026-11-24 00:00", "2026-11-25 00:00"), pairs(&expected));
}

#[test]
fn what_was_before_the_broadcast_or_comes_after_its_expiry_is_none_of_its_airings() {
    let base = repeated(planned(1, daily("05:00"), 10), 3, 300);
    let since = Planned { since: local("2026-11-24 05:15"), ..base.clone() };
    let rest = [("2026-11-24 05:15", 1), ("2026-11-24 05:30", 2)];
    assert_eq!(of_day(&since, "2026-11-23 00:00", "2026-11-25 00:00"), pairs(&rest));
    let until = Planned { expires_at: Some(local("2026-11-24 05:15")), ..base };
    assert_eq!(of_day(&until, "2026-11-24 00:00", "2026-11-26 00:00"), pairs(&[("2026-11-24 05:00", 0)]));
}

#[rstest]
#[case(600, None, "05:10")]
#[case(600, Some("2026-11-23 05:04"), "05:04")]
#[case(600, Some("2026-11-23 06:00"), "05:10")]
fn an_airing_s_window_ends_with_its_catch_up_or_its_expiry(
    #[case] catch_up_s: u32,
    #[case] expires: Option<&str>,
    #[case] expected: &str,
) {
    let expires_at = expires.map(local);
    let planned = Planned { catch_up_s, expires_at, ..planned(1, daily("05:00"), 1) };
    let given = slots(&planned, &zone(VIETNAM), local("2026-11-23 00:00"), local("2026-11-24 00:00"));
    assert_eq!(shown(given[0].expires_at, &zone(VIETNAM)), format!("2026-11-23 {expected}"));
}

#[test]
fn no_window_is_longer_than_a_day() {
    let planned = Planned { catch_up_s: u32::MAX, ..planned(1, daily("05:00"), 1) };
    let given = slots(&planned, &zone(VIETNAM), local("2026-11-23 00:00"), local("2026-11-24 00:00"));
    assert_eq!(given[0].expires_at.duration_since(given[0].start), LONGEST_CATCH_UP);
}

#[test]
fn a_broadcast_is_over_with_its_last_repeat() {
    let zone = zone(VIETNAM);
    let once = Timetable { every: Every::Once, ..daily("05:00") };
    let thrice = repeated(planned(1, once, 10), 3, 300);
    let over = |planned: &Planned, at| programme::is_over(planned, &zone, local(at));
    assert!(!over(&thrice, "2026-11-23 05:30"));
    assert!(over(&thrice, "2026-11-23 05:31"));
    let late = Planned { since: local("2026-11-23 05:31"), ..thrice.clone() };
    assert!(over(&late, "2026-11-01 00:00"), "it was made after its last");
    let expired = Planned { expires_at: Some(local("2026-11-23 05:30")), ..thrice };
    assert!(!over(&expired, "2026-11-23 05:15"));
    assert!(over(&expired, "2026-11-23 05:16"));
    let endless = planned(1, daily("05:00"), 10);
    assert!(!over(&endless, "2099-01-01 00:00"));
    let ended = Planned { expires_at: Some(local("2027-11-23 05:00")), ..endless };
    assert!(!over(&ended, "2027-11-22 05:00"));
    assert!(over(&ended, "2027-11-22 05:01"));
}

#[test]
fn wild_figures_of_a_plan_do_no_harm() {
    let mut wild = repeated(planned(1, daily("05:00"), 1), 255, u32::MAX);
    wild.clip.duration_ms = u64::MAX;
    let given = slots(&wild, &zone(VIETNAM), local("2026-11-23 00:00"), local("2026-11-24 00:00"));
    assert!(given.iter().all(|slot| slot.start < slot.expires_at));
}

#[test]
fn two_that_want_the_output_at_once_collide_and_neighbours_do_not() {
    let zone = zone(VIETNAM);
    let until = "2026-11-24".parse().ok();
    let ours = planned(1, Timetable { until, ..daily("05:00 17:00") }, 10);
    let touching = planned(2, Timetable { times: times("04:50 05:10"), ..daily("05:00") }, 10);
    let inside = planned(3, Timetable { times: times("05:05"), ..daily("05:00") }, 1);
    let around = planned(4, Timetable { times: times("16:30"), ..daily("05:00") }, 60);
    let programme = [&ours, &touching, &inside, &around].map(|planned| (planned, zone.clone()));
    let found = collisions(&programme, 0, local("2026-11-23 00:00"), local("2026-11-24 00:00"));
    let found: Vec<_> = found
        .iter()
        .map(|c| (shown(c.slot.start, &zone), c.other, shown(c.other_slot.start, &zone)))
        .collect();
    let expected = [("2026-11-23 05:00", 2, "2026-11-23 05:05"), ("2026-11-23 17:00", 3, "2026-11-23 16:30")];
    assert_eq!(found, expected.map(|(a, other, b)| (a.to_owned(), other, b.to_owned())));
    assert_eq!(collisions(&programme, 9, local("2026-11-23 00:00"), local("2026-11-24 00:00")), []);
}

#[test]
fn the_longest_chain_of_repeats_is_found_from_its_middle() {
    let many = repeated(planned(1, daily("22:00"), 30), 10, 0);
    let night = of_day(&many, "2026-11-24 00:00", "2026-11-24 04:00");
    let expected = ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30"];
    let given: Vec<_> = night.iter().map(|(start, _)| &start[11..]).collect();
    assert_eq!(given, expected);
    assert_eq!(programme::duration(&many), SignedDuration::from_mins(30));
}
