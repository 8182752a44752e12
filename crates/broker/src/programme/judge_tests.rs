//! Tests of the judgement, and of how policies of areas become one.

use jiff::civil::Time;
use loa_protocol::{ClipHash, ClipRef, Every, Repeats, Timetable, policy::Span};

use super::*;
use crate::store::{AreaRow, Exceeder, LatchRow, PolicyRow, ProgrammeBulletin};

fn area(code: &str) -> AreaCode {
    code.parse().unwrap()
}

fn here() -> TimeZone {
    zone_named("Asia/Ho_Chi_Minh")
}

/// 12:00 on Friday the 15th of January 2027.
fn noon() -> Timestamp {
    "2027-01-15T12:00:00+07:00".parse().unwrap()
}

fn row(code: &str, policy: Policy) -> PolicyRow {
    PolicyRow {
        area: area(code),
        policy,
        exceeders: Vec::new(),
        own_approvers: Vec::new(),
        changed_at: noon(),
        changed_by: ("p".into(), "P".into()),
    }
}

fn hours(from: u16, to: u16) -> Policy {
    Policy {
        hours: std::array::from_fn(|_| vec![Span { from: from * 60, to: to * 60 }]),
        ..Policy::default()
    }
}

/// A province with two communes of two hamlets each.
fn territory(policies: Vec<PolicyRow>, latches: Vec<LatchRow>) -> Territory {
    let areas = [
        ("94", None),
        ("31699", Some("94")),
        ("31699-01", Some("31699")),
        ("31699-02", Some("31699")),
        ("31700", Some("94")),
        ("31700-01", Some("31700")),
        ("31700-02", Some("31700")),
    ];
    let area = |(code, parent): (&str, Option<&str>)| AreaRow {
        code: area(code),
        name: code.into(),
        parent: parent.map(area),
    };
    Territory::new(areas.map(area).into(), policies, latches)
}

fn daily(number: u8, at: &str, minutes: u64, areas: &[&str]) -> ProgrammeRow {
    let time: Time = at.parse().unwrap();
    ProgrammeRow {
        id: BroadcastId::from_bits([number; 16]),
        bulletin: ProgrammeBulletin {
            id: "b".into(),
            title: "Bản tin".into(),
            language: "vi".into(),
            class: Class::Normal,
            clip: ClipRef {
                hash: ClipHash::of(b"sound"),
                bytes: 5,
                duration_ms: minutes * 60_000,
                attached: false,
            },
        },
        areas: areas.iter().map(|code| area(code)).collect(),
        created_at: noon(),
        created_by: ("p".into(), "P".into()),
        idempotency_key: None,
        timetable: Timetable {
            every: Every::Day,
            days: Vec::new(),
            times: vec![time],
            from: "2027-01-16".parse().unwrap(),
            until: None,
            except: Vec::new(),
        },
        time_zone: "Asia/Ho_Chi_Minh".into(),
        repeats: Repeats::default(),
        catch_up_s: 600,
        expires_at: None,
        position: 0,
        resume: false,
        exceeds: Vec::new(),
        since: noon(),
        changed_at: noon(),
        retired_at: None,
        inbox_item: None,
    }
}

fn found(territory: &Territory, ours: &ProgrammeRow, others: &[ProgrammeRow]) -> Vec<Breached> {
    let groups = neighbourhoods(territory, others, &territory.hamlets(&ours.areas));
    breaches_by((&ours.planned(), &here()), &groups, &planned(others), &here(), noon())
}

#[test]
fn without_any_policy_the_night_is_forbidden_and_the_day_is_not() {
    let territory = territory(Vec::new(), Vec::new());
    assert!(found(&territory, &daily(1, "05:00", 10, &["31699"]), &[]).is_empty());
    let at_night = found(&territory, &daily(1, "03:15", 10, &["31699"]), &[]);
    assert_eq!(at_night.len(), 366);
    assert_eq!((at_night[0].limit(), at_night[0].hamlet.as_str()), (Limit::Hours, "31699-01"));
    assert_eq!(at_night[0].start, "2027-01-16T03:15:00+07:00".parse().unwrap());
}

#[test]
fn a_policy_below_only_tightens_and_binds_where_it_is() {
    let policies = vec![row("94", hours(5, 22)), row("31699", hours(6, 23)), row("31699-02", hours(7, 20))];
    let territory = territory(policies, Vec::new());
    let spans = |code| territory.policy(&area(code)).hours[0].clone();
    assert_eq!(spans("31700-01"), [Span { from: 5 * 60, to: 22 * 60 }]);
    assert_eq!(spans("31699-01"), [Span { from: 6 * 60, to: 22 * 60 }]);
    assert_eq!(spans("31699-02"), [Span { from: 7 * 60, to: 20 * 60 }]);
    let early = found(&territory, &daily(1, "06:30", 5, &["31699", "31700"]), &[]);
    assert!(early.iter().all(|breached| breached.hamlet.as_str() == "31699-02"));
    assert_eq!(early.len(), 366, "each airing is named once");
    assert!(found(&territory, &daily(1, "06:30", 5, &["31699-01", "31700"]), &[]).is_empty());
}

#[test]
fn hamlets_with_one_policy_and_one_programme_are_judged_once() {
    let territory = territory(vec![row("31699-02", hours(7, 20))], Vec::new());
    let others = [daily(1, "08:00", 5, &["31700-01"])];
    let groups = neighbourhoods(&territory, &others, &territory.hamlets(&[area("94")]));
    let mut hamlets: Vec<Vec<_>> =
        groups.iter().map(|group| group.hamlets.iter().map(AreaCode::as_str).collect()).collect();
    hamlets.sort();
    assert_eq!(hamlets, [vec!["31699-01", "31700-02"], vec!["31699-02"], vec!["31700-01"]]);
}

#[test]
fn an_entry_that_would_have_another_refused_is_a_breach_of_that_other() {
    let limited = Policy { sessions_per_day: Some(1), ..hours(5, 22) };
    let territory = territory(vec![row("94", limited)], Vec::new());
    let evening = daily(1, "17:00", 5, &["31699-01"]);
    let morning = daily(2, "06:00", 5, &["31699"]);
    let breaches = found(&territory, &morning, std::slice::from_ref(&evening));
    assert_eq!(breaches.len(), 365);
    assert_eq!((&breaches[0].entry, breaches[0].may()), (&evening.id, Some(1)));
    assert!(found(&territory, &daily(2, "17:05", 5, &["31699"]), &[evening]).is_empty(), "the same session");
}

#[test]
fn a_session_too_long_says_how_long_it_would_be() {
    let limited = Policy { session_minutes: Some(30), ..hours(5, 22) };
    let territory = territory(vec![row("94", limited)], Vec::new());
    let first = daily(1, "17:00", 20, &["31699"]);
    let breaches = found(&territory, &daily(2, "17:22", 20, &["31699-02"]), &[first]);
    assert_eq!(
        (breaches[0].limit(), breaches[0].would(), breaches[0].may()),
        (Limit::SessionMinutes, Some(42), Some(30))
    );
}

#[test]
fn only_a_named_person_lifts_what_all_areas_above_let_exceed() {
    let named = vec![Exceeder { person: "mai".into(), limits: vec![Limit::Hours] }];
    let lets = Policy { exceedable: vec![Limit::Hours], ..hours(5, 22) };
    let province = PolicyRow { exceeders: named, ..row("94", lets) };
    let strict = row("31700", hours(5, 22));
    let territory = territory(vec![province, strict], Vec::new());
    assert_eq!(territory.lifted("mai", &[area("31699-01")]), [Limit::Hours]);
    assert!(territory.lifted("mai", &[area("31699-01"), area("31700-01")]).is_empty());
    assert!(territory.lifted("lan", &[area("31699-01")]).is_empty());
    let mut lifted = daily(1, "23:00", 5, &["31699"]);
    lifted.exceeds = vec![Limit::Hours];
    assert!(found(&territory, &lifted, &[]).is_empty());
}

#[test]
fn the_newest_latch_on_the_way_up_holds() {
    let latch = |id: &str, code: &str| LatchRow {
        id: id.into(),
        area: area(code),
        since: noon(),
        set_by: ("p".into(), "P".into()),
        released: None,
    };
    let territory = territory(Vec::new(), vec![latch("commune", "31699"), latch("hamlet", "31699-01")]);
    let of = |code| territory.latch(&area(code)).map(|latch| latch.id.as_str());
    assert_eq!((of("31699-01"), of("31699-02"), of("31700-01")), (Some("hamlet"), Some("commune"), None));
}

#[test]
fn a_commune_is_whole_when_all_of_its_hamlets_are_meant() {
    let territory = territory(Vec::new(), Vec::new());
    let hamlets = territory.hamlets(&[area("31699"), area("31700-01")]);
    assert_eq!(territory.whole_communes(&hamlets), [area("31699")]);
}

#[test]
fn the_next_allowed_instant_is_now_by_day_and_the_morning_by_night() {
    let territory = territory(Vec::new(), Vec::new());
    let groups = neighbourhoods(&territory, &[], &territory.hamlets(&[area("31699")]));
    let next = |from: &str, until: Option<&str>| {
        let until = until.map(|until| until.parse().unwrap());
        let length = SignedDuration::from_mins(10);
        next_allowed(Class::Priority, length, &groups, &[], &here(), (from.parse().unwrap(), until))
    };
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    assert_eq!(next("2027-01-15T12:00:01+07:00", None), at("2027-01-15T12:01:00+07:00"));
    assert_eq!(next("2027-01-15T21:55:00+07:00", None), at("2027-01-16T05:00:00+07:00"));
    assert_eq!(next("2027-01-15T21:55:00+07:00", Some("2027-01-16T04:00:00+07:00")), None);
}

#[test]
fn the_next_allowed_instant_leaves_room_for_what_is_in_the_programme() {
    let limited = Policy { sessions_per_day: Some(1), ..hours(5, 22) };
    let territory = territory(vec![row("94", limited)], Vec::new());
    let others = [daily(1, "17:00", 5, &["31699"])];
    let groups = neighbourhoods(&territory, &others, &territory.hamlets(&[area("31699")]));
    let from = "2027-01-16T06:00:00+07:00".parse().unwrap();
    let length = SignedDuration::from_mins(2);
    let found =
        next_allowed(Class::Priority, length, &groups, &planned(&others), &here(), (from, None)).unwrap();
    // So close that both are one session.
    assert_eq!(found, "2027-01-16T16:54:00+07:00".parse().unwrap());
}
