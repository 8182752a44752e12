//! What a policy says, by example and by property.

use jiff::SignedDuration;
use loa_protocol::{
    Class, Limit, Policy,
    policy::{Ceiling, Span},
};
use loa_schedule::policy::{Breach, Spell, Wish, ceiling, is_sound, judge, loosened, tightened};
use proptest::prelude::*;
use rstest::rstest;

use crate::example::{VIETNAM, at, hours, local, zone};

fn spell(from: &str, minutes: i64) -> Spell {
    let from = local(from);
    Spell { from, to: from + SignedDuration::from_mins(minutes) }
}

fn asks(class: Class, spell: Spell) -> Wish<'static> {
    Wish { class, spell, exceeds: &[] }
}

#[rstest]
#[case("2026-11-23 04:59", 1, "05:00-22:00", false)]
#[case("2026-11-23 05:00", 1, "05:00-22:00", true)]
#[case("2026-11-23 21:59", 1, "05:00-22:00", true)]
#[case("2026-11-23 21:59", 2, "05:00-22:00", false)]
#[case("2026-11-23 03:15", 10, "05:00-22:00", false)]
#[case("2026-11-23 03:15", 0, "05:00-22:00", false)]
#[case("2026-11-23 10:59", 2, "05:00-11:00 13:00-22:00", false)]
#[case("2026-11-23 23:50", 20, "00:00-01:00 23:00-24:00", true)]
#[case("2026-11-23 23:50", 71, "00:00-01:00 23:00-24:00", false)]
#[case("2026-11-23 23:50", 10, "23:00-24:00", true)]
#[case("2026-11-23 23:50", 11, "23:00-24:00", false)]
#[case("2026-11-23 12:00", 2880, "00:00-24:00", true)]
#[case("2026-11-23 12:00", 1, "", false)]
fn normal_and_priority_keep_the_hours_and_emergencies_pass(
    #[case] from: &str,
    #[case] minutes: i64,
    #[case] allowed: &str,
    #[case] passes: bool,
) {
    let (policy, zone, spell) = (hours(allowed), zone(VIETNAM), spell(from, minutes));
    for class in [Class::Normal, Class::Priority] {
        let expected = if passes { Ok(()) } else { Err(Breach::Hours) };
        assert_eq!(judge(&policy, &zone, &asks(class, spell), &[]), expected);
    }
    assert_eq!(judge(&policy, &zone, &asks(Class::Emergency, spell), &[]), Ok(()));
}

#[test]
fn hours_are_the_weekday_s() {
    let mut policy = hours("05:00-22:00");
    policy.hours[6] = vec![Span { from: 420, to: 1320 }];
    let judge = |day| judge(&policy, &zone(VIETNAM), &asks(Class::Normal, spell(day, 1)), &[]);
    assert_eq!(judge("2026-11-28 05:00"), Ok(()));
    assert_eq!(judge("2026-11-29 05:00"), Err(Breach::Hours), "Sunday");
    assert_eq!(judge("2026-11-30 05:00"), Ok(()));
}

#[rstest]
// The clock goes back at 03:00: half an hour from 02:50 on ends at 02:20 by the clock.
#[case("2026-10-25T00:50:00Z", "05:00-22:00", false)]
#[case("2026-10-25T00:50:00Z", "02:30-03:00", false)]
#[case("2026-10-25T00:50:00Z", "02:00-03:00", true)]
// It goes forward at 02:00: half an hour from 01:45 on is 01:45 to 02:00 and 03:00 to 03:15.
#[case("2026-03-29T00:45:00Z", "01:00-02:00 03:00-04:00", true)]
#[case("2026-03-29T00:45:00Z", "01:00-02:00", false)]
#[case("2026-03-29T00:45:00Z", "01:30-03:00", false)]
fn while_the_clock_jumps_the_hours_are_what_it_shows(
    #[case] from: &str,
    #[case] allowed: &str,
    #[case] passes: bool,
) {
    let spell = Spell { from: at(from), to: at(from) + SignedDuration::from_mins(30) };
    let verdict = judge(&hours(allowed), &zone("Europe/Berlin"), &asks(Class::Normal, spell), &[]);
    assert_eq!(verdict.is_ok(), passes);
}

#[test]
fn pauses_shorter_than_five_minutes_belong_to_the_session() {
    let policy = Policy { session_minutes: Some(30), ..Policy::default() };
    let earlier = [spell("2026-11-23 05:00", 10), spell("2026-11-23 05:14", 10)];
    let judge =
        |from, minutes| judge(&policy, &zone(VIETNAM), &asks(Class::Normal, spell(from, minutes)), &earlier);
    assert_eq!(judge("2026-11-23 05:28", 2), Ok(()));
    assert_eq!(judge("2026-11-23 05:28", 3), Err(Breach::SessionMinutes { would: 31, may: 30 }));
    assert_eq!(judge("2026-11-23 05:29", 30), Ok(()), "five minutes are a pause");
    assert_eq!(judge("2026-11-23 05:29", 31), Err(Breach::SessionMinutes { would: 31, may: 30 }));
}

#[test]
fn sessions_are_counted_by_the_local_day_on_which_they_begin() {
    let policy = Policy { sessions_per_day: Some(2), ..hours("00:00-24:00") };
    let earlier = [spell("2026-11-23 05:00", 10), spell("2026-11-23 23:50", 15)];
    let judge = |from| judge(&policy, &zone(VIETNAM), &asks(Class::Normal, spell(from, 5)), &earlier);
    let full = Err(Breach::SessionsPerDay { may: 2 });
    assert_eq!(judge("2026-11-23 12:00"), Ok(()));
    assert_eq!(judge("2026-11-23 23:58"), Ok(()), "part of the second");
    assert_eq!(judge("2026-11-24 00:07"), Ok(()), "still part of Monday's second");
    let monday = [spell("2026-11-23 05:00", 10), spell("2026-11-23 12:00", 10)];
    let later = asks(Class::Priority, spell("2026-11-23 23:50", 5));
    assert_eq!(loa_schedule::policy::judge(&policy, &zone(VIETNAM), &later, &monday), full);
    assert_eq!(judge("2026-11-24 05:00"), Ok(()));
}

#[test]
fn midnight_ends_no_session() {
    let policy = Policy { session_minutes: Some(30), ..hours("00:00-24:00") };
    let earlier = [spell("2026-11-23 23:40", 19)];
    let wish = asks(Class::Normal, spell("2026-11-24 00:01", 10));
    let verdict = judge(&policy, &zone(VIETNAM), &wish, &earlier);
    assert_eq!(verdict, Err(Breach::SessionMinutes { would: 31, may: 30 }));
}

#[test]
fn a_limit_is_lifted_only_where_the_policy_lets_it_be() {
    let night = spell("2026-11-23 03:15", 90);
    let strict = Policy { session_minutes: Some(60), ..Policy::default() };
    let lenient = Policy { exceedable: vec![Limit::Hours], ..strict.clone() };
    let wish = Wish { class: Class::Normal, spell: night, exceeds: &[Limit::Hours, Limit::SessionMinutes] };
    assert_eq!(judge(&strict, &zone(VIETNAM), &wish, &[]), Err(Breach::Hours));
    let breach = Breach::SessionMinutes { would: 90, may: 60 };
    assert_eq!(judge(&lenient, &zone(VIETNAM), &wish, &[]), Err(breach));
    assert_eq!(breach.limit(), Limit::SessionMinutes);
    let all = Policy { exceedable: vec![Limit::Hours, Limit::SessionMinutes], ..strict };
    assert_eq!(judge(&all, &zone(VIETNAM), &wish, &[]), Ok(()));
}

#[test]
fn the_lowest_ceiling_of_the_hour_holds_for_all_but_emergencies_and_what_may_exceed_it() {
    let policy = Policy {
        ceilings: vec![
            Ceiling { from: 300, to: 420, percent: 60 },
            Ceiling { from: 360, to: 1440, percent: 90 },
        ],
        exceedable: vec![Limit::Volume],
        ..Policy::default()
    };
    let ceiling = |class, exceeds: &[Limit], at| ceiling(&policy, &zone(VIETNAM), class, exceeds, local(at));
    assert_eq!(ceiling(Class::Normal, &[], "2026-11-23 04:59"), 100);
    assert_eq!(ceiling(Class::Normal, &[], "2026-11-23 05:00"), 60);
    assert_eq!(ceiling(Class::Priority, &[], "2026-11-23 06:30"), 60);
    assert_eq!(ceiling(Class::Normal, &[], "2026-11-23 07:00"), 90);
    assert_eq!(ceiling(Class::Normal, &[Limit::Volume], "2026-11-23 06:30"), 100);
    assert_eq!(ceiling(Class::Emergency, &[], "2026-11-23 06:30"), 100);
}

#[test]
fn what_an_area_may_lift_that_the_outer_one_may_not_is_loosened() {
    let inner = Policy { exceedable: vec![Limit::Hours], ..Policy::default() };
    assert_eq!(loosened(&Policy::default(), &inner), [Limit::Hours]);
    assert_eq!(loosened(&inner, &Policy::default()), []);
    assert_eq!(tightened(&Policy::default(), &inner).exceedable, []);
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::btree_set(0u16..=24, 0..5).prop_map(|edges| {
        let edges: Vec<_> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|edge| Span { from: edge[0] * 60, to: edge[1] * 60 }).collect()
    })
}

fn ceilings() -> impl Strategy<Value = Vec<Ceiling>> {
    let one = (0u16..24, 1u16..=24, 0u8..=10).prop_filter_map("not empty", |(from, to, tenths)| {
        (from < to).then_some(Ceiling { from: from * 60, to: to * 60, percent: tenths * 10 })
    });
    prop::collection::vec(one, 0..3)
}

prop_compose! {
    fn any_policy()(
        days in prop::collection::vec(spans(), 7..=7),
        session_minutes in prop::option::of(1u16..90),
        sessions_per_day in prop::option::of(0u16..4),
        ceilings in ceilings(),
        exceedable in prop::sample::subsequence(vec![Limit::Volume, Limit::Hours, Limit::SessionMinutes, Limit::SessionsPerDay], 0..=4),
    ) -> Policy {
        Policy { hours: days.try_into().unwrap(), session_minutes, sessions_per_day, ceilings, exceedable }
    }
}

prop_compose! {
    fn any_spell()(minute in 0i64..20_160, lasts in 0i64..120) -> Spell {
        let from = local("2026-11-23 00:00") + SignedDuration::from_mins(minute);
        Spell { from, to: from + SignedDuration::from_mins(lasts) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tightened_allows_exactly_what_both_allow(
        outer in any_policy(), inner in any_policy(), wished in any_spell(),
        earlier in prop::collection::vec(any_spell(), 0..6),
        lifted in prop::sample::subsequence(vec![Limit::Volume, Limit::Hours, Limit::SessionMinutes, Limit::SessionsPerDay], 0..=4),
    ) {
        let (both, zone) = (tightened(&outer, &inner), zone(VIETNAM));
        prop_assert!(is_sound(&both));
        prop_assert_eq!(&tightened(&inner, &outer).hours, &both.hours);
        for exceeds in [&[][..], &lifted] {
            let wish = Wish { class: Class::Normal, spell: wished, exceeds };
            let allowed = |policy| judge(policy, &zone, &wish, &earlier).is_ok();
            prop_assert!(!allowed(&both) || (allowed(&outer) && allowed(&inner)));
            if exceeds.is_empty() {
                prop_assert_eq!(allowed(&both), allowed(&outer) && allowed(&inner));
            }
            let most = |policy| ceiling(policy, &zone, Class::Normal, exceeds, wished.from);
            prop_assert!(most(&both) <= most(&outer).min(most(&inner)));
        }
    }

    #[test]
    fn loosened_names_exactly_what_tightening_changes(outer in any_policy(), inner in any_policy()) {
        let (both, same) = (tightened(&outer, &inner), tightened(&inner, &inner));
        let limits = loosened(&outer, &inner);
        prop_assert_eq!(limits.is_empty(), both == same, "{:?} {:?}", both, same);
        prop_assert_eq!(loosened(&outer, &both), []);
        prop_assert_eq!(loosened(&inner, &both), []);
        prop_assert!(limits.contains(&Limit::Hours) || both.hours == same.hours);
        prop_assert_eq!(loosened(&outer, &outer), []);
    }
}
