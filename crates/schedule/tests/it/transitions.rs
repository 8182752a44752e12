//! Every jump of the clock from 1990 to 2037 in ten zones and more, with times of day before, in and after it, in every rhythm.

use chrono::TimeDelta;
use jiff::{Timestamp, ToSpan, civil::Time};
use loa_protocol::{Every, Timetable};
use loa_schedule::{programme::known_zone, timetable};
use rstest::rstest;

use crate::oracle::{Jump, ZONES, Zone, day_of, time_of};

/// Times of day around a jump, on its edges and within.
fn times(jump: &Jump) -> Vec<Time> {
    let (last, first) = jump.walls();
    let (from, to) = (last.min(first), last.max(first));
    let length = to - from;
    let second = TimeDelta::seconds(1);
    let edges = [from - second, from, from + second, to - second, to, to + second];
    let inside = [from + length / 3, from + length / 2];
    // Where a time that is left out falls on one that isn't.
    let meet = inside.map(|wall| wall + length);
    let around = [from - TimeDelta::minutes(90), to + TimeDelta::minutes(90)];
    let mut times: Vec<_> = edges.into_iter().chain(inside).chain(meet).chain(around).map(time_of).collect();
    times.extend([Time::midnight(), Time::constant(12, 0, 0, 0)]);
    times
}

fn rhythms(jump: &Jump) -> Vec<Timetable> {
    let (last, first) = jump.walls();
    let days = [day_of(last), day_of(first)];
    let from = days[0].min(days[1]).checked_sub(3.days()).unwrap();
    let base = Timetable {
        every: Every::Day,
        days: Vec::new(),
        times: times(jump),
        from,
        until: from.checked_add(8.days()).ok(),
        except: Vec::new(),
    };
    let weekdays = days.map(|day| day.weekday().to_monday_one_offset()).to_vec();
    let dates = days.iter().map(|day| day.day()).chain([-1]).collect();
    vec![
        Timetable { every: Every::Week, days: weekdays, until: None, ..base.clone() },
        Timetable { every: Every::Month, days: dates, until: None, ..base.clone() },
        Timetable { every: Every::Once, from: days[0], until: None, ..base.clone() },
        Timetable { every: Every::Once, from: days[1], until: None, ..base.clone() },
        Timetable { except: vec![days[1]], ..base.clone() },
        base,
    ]
}

#[rstest]
fn around_every_jump_of_the_clock_the_airings_are_the_oracle_s(
    #[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)] zone: usize,
) {
    agrees(ZONES[zone]);
}

#[test]
fn a_jump_over_midnight_too() {
    // One minute past midnight until 2011.
    agrees("America/St_Johns");
    // From 23:30 to 00:30 and the like.
    agrees("America/Scoresbysund");
}

fn agrees(name: &str) {
    let (theirs, ours) = (Zone::new(name), known_zone(name).unwrap());
    let still = ["Asia/Ho_Chi_Minh", "Asia/Phnom_Penh"].contains(&name);
    assert_eq!(theirs.jumps.is_empty(), still, "{name} has {} jumps", theirs.jumps.len());
    let from = "1989-12-25T00:00:00Z".parse().unwrap();
    for jump in &theirs.jumps {
        for timetable in rhythms(jump) {
            let days = (timetable.from, timetable.from.checked_add(10.days()).unwrap());
            let to: Timestamp =
                format!("{}T12:00:00Z", days.1.checked_sub(1.day()).unwrap()).parse().unwrap();
            let expected: Vec<_> =
                theirs.instants(&timetable, days).into_iter().filter(|at| *at < to).collect();
            let given: Vec<_> = timetable::instants(&timetable, &ours, from, to).collect();
            assert_eq!(given, expected, "{name} {jump:?} {timetable:?}");

            // Cut anywhere, nothing is lost and nothing doubled.
            for cut in &expected {
                let before = timetable::instants(&timetable, &ours, from, *cut);
                let after = timetable::instants(&timetable, &ours, *cut, to);
                assert!(before.chain(after).eq(given.iter().copied()), "cut at {cut}: {name} {timetable:?}");
            }
        }
    }
}
