//! The node's timetable: what it airs, when, once, and what it says of the rest.

mod turns;
mod update;

use jiff::civil::time;
use loa_protocol::{Every, Latch, Limit, Planned, Repeats, Timetable, policy::Span};

use super::*;

/// 15:00 in Vietnam on Friday, 15 January 2027: [`at`] of 0.
const NOON: i8 = 15;

fn zone() -> jiff::tz::TimeZone {
    loa_schedule::programme::zone("Asia/Ho_Chi_Minh")
}

fn day(second: i64) -> jiff::civil::Date {
    zone().to_datetime(at(second)).date()
}

/// A daily broadcast at [`NOON`] and so many minutes.
fn daily(name: u8, minute: i8) -> Planned {
    let clip = clip();
    Planned {
        id: BroadcastId::from_bits([name; 16]),
        since: at(0),
        class: Class::Normal,
        title: "Bản tin sáng".into(),
        language: "vi".into(),
        clip: ClipRef {
            hash: ClipHash::of(&clip),
            bytes: clip.len() as u64,
            duration_ms: 2_000,
            attached: false,
        },
        timetable: Timetable {
            every: Every::Day,
            days: Vec::new(),
            times: vec![time(NOON, minute, 0, 0)],
            from: day(0),
            until: None,
            except: Vec::new(),
        },
        time_zone: None,
        repeats: Repeats::default(),
        catch_up_s: 600,
        expires_at: None,
        order: 0,
        resume: false,
        exceeds: Vec::new(),
    }
}

fn plan(generation: u64, issued: i64, broadcasts: Vec<Planned>) -> Plan {
    Plan {
        cas: Vec::new(),
        node: "n1".parse().unwrap(),
        generation,
        issued_at: at(issued),
        name: "Ấp Chợ".into(),
        areas: vec![area("94"), area("31699"), area("31699-01")],
        time_zone: "Asia/Ho_Chi_Minh".into(),
        volume: Volume { percent: 80, emergency_percent: 100 },
        policy: Policy::unlimited(),
        latch: None,
        release: None,
        broadcasts,
    }
}

impl Bench {
    /// A node that holds a plan, and its clip.
    fn planned(broadcasts: Vec<Planned>) -> Self {
        let mut bench = Self::new();
        bench.node.cache.keep(&ClipHash::of(&clip()), &clip()).unwrap();
        bench.hold(&plan(1, 0, broadcasts));
        bench
    }

    fn hold(&mut self, plan: &Plan) {
        let payload = frame(&seal(&self.broker.key, plan).unwrap(), None).unwrap();
        self.hear(PLAN, &payload);
    }

    /// Hears whatever sounds to its end.
    fn hear_out(&mut self) {
        for id in self.node.sounds.keys().copied().collect::<Vec<_>>() {
            let now = self.clock.now();
            self.node.played(Event::Started { id, at: now });
            *self.clock.0.lock().unwrap() += Duration::from_secs(2);
            self.end(id, End::Complete, 96_000);
        }
    }

    /// Lets time pass second by second; what sounds is heard to its end.
    fn live(&mut self, seconds: i64) {
        let end = self.clock.now() + SignedDuration::from_secs(seconds);
        while self.clock.now() < end {
            self.pass(1);
            self.hear_out();
        }
    }

    fn starts(&self) -> Vec<i64> {
        let receipts = self.node.journal.receipts();
        receipts.map(|receipt| receipt.start.unwrap().duration_since(at(0)).as_secs()).collect()
    }

    fn acknowledge_all(&mut self) {
        let airings: Vec<_> = self.node.journal.receipts().map(|receipt| receipt.airing.clone()).collect();
        let now = self.clock.now().duration_since(at(0)).as_secs();
        self.command(now, Action::Acknowledge { airings }, None);
    }
}

const PLAYED: (Outcome, Option<Reason>, u64) = (Outcome::Played, None, 96_000);

fn unheard(outcome: Outcome, reason: Reason) -> (Outcome, Option<Reason>, u64) {
    (outcome, Some(reason), 0)
}

#[test]
fn an_airing_begins_at_its_instant_and_is_given_to_a_free_output_ahead() {
    let mut bench = Bench::planned(vec![daily(1, 1)]);
    bench.pass(58);
    assert!(bench.sounds().is_empty());
    bench.pass(1);
    let [sound] = &bench.sounds()[..] else { panic!("silent") };
    assert_eq!((sound.at, sound.skip), (Some(at(60)), 0));
    bench.hear_out();
    assert_eq!((bench.outcomes(), bench.starts()), (vec![PLAYED], vec![60]));
}

#[test]
fn each_airing_is_aired_once_through_restarts_and_acknowledgements() {
    let mut bench = Bench::planned(vec![daily(1, 1)]);
    for day in 0..3 {
        bench.live(100);
        assert_eq!(bench.starts(), [60 + day * 86_400]);
        bench.restart();
        bench.acknowledge_all();
        bench.restart();
        bench.live(100);
        assert!(bench.starts().is_empty() && bench.sounds().is_empty(), "aired again on day {day}");
        let next = at((day + 1) * 86_400).duration_since(bench.clock.now()).as_secs();
        bench.pass(next.unsigned_abs());
    }
}

#[test]
fn what_a_switched_off_node_missed_is_reported_and_what_may_still_begin_begins() {
    let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 30)]);
    *bench.clock.0.lock().unwrap() += Duration::from_secs(2 * 86_400 + 31 * 60);
    bench.restart();
    let missed = bench.outcomes();
    assert_eq!(missed, vec![unheard(Outcome::Missed, Reason::NodeOff); 5]);
    assert_eq!(bench.sounds().len(), 1, "half past three is a minute ago");
    bench.hear_out();
    assert_eq!(bench.outcomes().last(), Some(&PLAYED));
}

#[test]
fn a_plan_that_comes_after_its_airings_has_them_reported_from_its_own_beginning_on() {
    let mut bench = Bench::planned(vec![daily(1, 1)]);
    bench.live(100);
    bench.acknowledge_all();
    bench.pass(2 * 86_400);
    let before = bench.outcomes().len();
    let late = Planned { since: at(86_400), ..daily(2, 0) };
    bench.hold(&plan(2, 2 * 86_400 + 60, vec![daily(1, 1), late]));
    let news: Vec<_> = bench.outcomes().split_off(before);
    // Its airing of the second day began when it was made; the third day's may still begin.
    assert_eq!(news, [unheard(Outcome::Missed, Reason::PlanLate)]);
    assert_eq!(bench.sounds().len(), 2);
}

#[test]
fn what_was_due_before_the_hardware_came_is_neither_aired_nor_reported() {
    // Old as the broadcast is, and late as it may begin: a week of it was another's, and the last one a moment ago.
    let old = |minute| Planned { since: at(-7 * 86_400), catch_up_s: 86_400, ..daily(1, minute) };
    let mut bench = Bench::planned(vec![old(1)]);
    bench.live(120);
    assert_eq!(bench.starts(), [60]);
    assert_eq!(bench.outcomes(), [(Outcome::Played, None, 96_000)]);
}

#[test]
fn a_broadcast_taken_out_of_the_plan_is_not_aired() {
    let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 2)]);
    bench.hold(&plan(2, 10, vec![daily(2, 2)]));
    bench.live(200);
    assert_eq!(bench.starts(), [120]);
}

#[test]
fn an_untrusted_clock_plays_no_timetable_and_says_why_afterwards() {
    let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 20)]);
    bench.clock.distrust(true);
    bench.live(15 * 60);
    assert!(bench.sounds().is_empty());
    assert_eq!(bench.states().last().unwrap().clock, ClockTrust::Unknown);
    bench.clock.distrust(false);
    bench.live(600);
    assert_eq!(bench.outcomes(), [unheard(Outcome::Missed, Reason::ClockUntrusted), PLAYED]);
}

#[test]
fn a_command_waits_for_a_clock_that_can_be_trusted() {
    let mut bench = Bench::planned(Vec::new());
    bench.clock.distrust(true);
    bench.play(1, Class::Emergency);
    assert!(bench.sounds().is_empty());
    bench.clock.distrust(false);
    bench.work();
    assert_eq!(bench.sounds().len(), 1);
}

#[test]
fn a_clock_put_back_doubles_nothing_and_lets_come_again_what_was_not_heard() {
    let mut bench = Bench::planned(vec![daily(1, 1)]);
    bench.live(100);
    // Two days ahead by mistake: two airings are missed, and then the mistake is seen.
    bench.clock.step(2 * 86_400 + 1_200);
    bench.work();
    let missed = unheard(Outcome::Missed, Reason::NodeOff);
    assert_eq!(bench.outcomes(), [PLAYED, missed, missed]);
    bench.clock.step(-2 * 86_400 - 1_200);
    bench.work();
    assert_eq!(bench.outcomes(), [PLAYED]);
    bench.clock.step(-60);
    bench.live(200);
    assert_eq!(bench.outcomes(), [PLAYED], "heard twice");
    bench.clock.step(86_400 - 200);
    bench.live(200);
    assert_eq!(bench.outcomes(), [PLAYED, PLAYED]);
    assert_eq!(bench.starts(), [60, 60 + 86_400]);
}

#[test]
fn what_waits_for_its_turn_is_withdrawn_when_its_time_is_yet_to_come() {
    let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 2)]);
    bench.clock.step(150);
    bench.work();
    assert_eq!((bench.sounds().len(), bench.node.arbiter.waiting().len()), (1, 1));
    bench.clock.step(-150);
    bench.work();
    assert!(bench.node.arbiter.waiting().is_empty());
    bench.hear_out();
    bench.live(200);
    // The first had begun, and isn't begun again.
    assert_eq!((bench.outcomes(), bench.starts()), (vec![PLAYED, PLAYED], vec![60, 120]));
}

#[test]
fn a_stop_reaches_what_waits_for_a_trusted_clock() {
    let mut bench = Bench::planned(Vec::new());
    bench.clock.distrust(true);
    bench.play(1, Class::Normal);
    bench.command(1, Action::Stop { broadcast: None, latch: false }, None);
    assert_eq!(bench.outcomes(), [unheard(Outcome::Missed, Reason::Stopped)]);
    bench.clock.distrust(false);
    bench.work();
    assert!(bench.sounds().is_empty());
}

#[test]
fn a_stop_that_latches_holds_through_restarts_until_a_newer_plan_releases_it() {
    let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 3), daily(3, 5)]);
    bench.live(61);
    bench.command(62, Action::Stop { broadcast: None, latch: true }, None);
    bench.restart();
    assert!(bench.states().last().unwrap().latched);
    bench.live(120);
    bench.play(9, Class::Emergency);
    // One issued before the stop doesn't release it, though it comes after.
    bench.hold(&plan(2, 61, vec![daily(1, 1), daily(2, 3), daily(3, 5)]));
    assert!(bench.states().last().unwrap().latched);
    let latch = Some(Latch { since: at(62), by: "Nguyễn Thị Hoa".into() });
    bench.hold(&Plan { latch, ..plan(3, 190, vec![daily(3, 5)]) });
    bench.restart();
    assert!(bench.states().last().unwrap().latched);
    bench.hold(&plan(4, 200, vec![daily(3, 5)]));
    assert!(!bench.states().last().unwrap().latched);
    bench.live(150);
    let latched = unheard(Outcome::Refused, Reason::Latched);
    assert_eq!(bench.outcomes(), [PLAYED, latched, latched, PLAYED]);
}

#[test]
fn a_latch_that_comes_by_the_plan_alone_silences_what_sounds() {
    let mut bench = Bench::planned(vec![daily(1, 1)]);
    bench.pass(61);
    let [sound] = &bench.sounds()[..] else { panic!("silent") };
    let latch = Some(Latch { since: at(60), by: "Nguyễn Thị Hoa".into() });
    bench.hold(&Plan { latch, ..plan(2, 61, vec![daily(1, 1)]) });
    assert!(bench.stopped().contains(&sound.id));
}

#[test]
fn the_node_refuses_by_itself_what_its_policy_forbids() {
    let hours = |from: u16, to: u16| std::array::from_fn(|_| vec![Span { from: from * 60, to: to * 60 }]);
    let open = Policy::unlimited();
    let cases = [
        (Policy { hours: hours(5, 15), ..open.clone() }, Reason::OutsideHours),
        (Policy { session_minutes: Some(0), ..open.clone() }, Reason::SessionTooLong),
        (Policy { sessions_per_day: Some(0), ..open.clone() }, Reason::TooManySessions),
    ];
    for (policy, reason) in cases {
        let mut bench = Bench::planned(Vec::new());
        let urgent = Planned { class: Class::Emergency, ..daily(3, 2) };
        bench.hold(&Plan { policy, ..plan(2, 0, vec![daily(1, 1), urgent]) });
        bench.play(2, Class::Priority);
        bench.live(150);
        let refused = unheard(Outcome::Refused, reason);
        assert_eq!(bench.outcomes(), [refused, refused, PLAYED], "{reason:?}");
    }
}

#[test]
fn limits_are_lifted_only_where_policy_and_broadcast_both_say_so() {
    let exceeds = vec![Limit::SessionsPerDay];
    let lifted = Planned { exceeds: exceeds.clone(), ..daily(1, 1) };
    for (exceedable, expected) in
        [(Vec::new(), unheard(Outcome::Refused, Reason::TooManySessions)), (exceeds, PLAYED)]
    {
        let policy = Policy { sessions_per_day: Some(0), exceedable, ..Policy::unlimited() };
        let mut bench = Bench::planned(Vec::new());
        bench.hold(&Plan { policy, ..plan(2, 0, vec![lifted.clone()]) });
        bench.live(100);
        assert_eq!(bench.outcomes(), [expected]);
    }
}

#[test]
fn sessions_of_the_day_are_counted_across_a_restart() {
    let policy = Policy { sessions_per_day: Some(1), ..Policy::unlimited() };
    let mut bench = Bench::planned(Vec::new());
    bench.hold(&Plan { policy, ..plan(2, 0, vec![daily(1, 1), daily(2, 2), daily(3, 20)]) });
    bench.live(150);
    bench.acknowledge_all();
    bench.restart();
    bench.live(20 * 60);
    // The second belongs to the first one's session; the third would be another.
    assert_eq!(bench.outcomes(), [unheard(Outcome::Refused, Reason::TooManySessions)]);
}

#[test]
fn a_zone_that_is_not_known_is_silent_and_reported() {
    let strange = Planned { time_zone: Some("Asia/Nowhere".into()), ..daily(1, 1) };
    let mut bench = Bench::planned(vec![strange, daily(2, 2)]);
    bench.live(150);
    assert_eq!((bench.outcomes(), bench.starts()), (vec![PLAYED], vec![120]));
    assert!(bench.node.faults.totals()["unknown_zone"] > 0);
}

#[test]
fn volume_keeps_below_the_ceiling_of_the_hour() {
    let ceilings = vec![loa_protocol::policy::Ceiling { from: 15 * 60, to: 16 * 60, percent: 40 }];
    let mut bench = Bench::planned(Vec::new());
    let policy = Policy { ceilings, ..Policy::unlimited() };
    let urgent = Planned { class: Class::Emergency, ..daily(2, 2) };
    bench.hold(&Plan { policy, ..plan(2, 0, vec![daily(1, 1), urgent]) });
    bench.live(150);
    let gains: Vec<_> = bench.sounds().iter().map(|sound| (sound.gain * 100.0).round() as u8).collect();
    assert_eq!(gains, [40, 100]);
}

#[test]
fn what_was_pre_empted_goes_on_where_it_stopped_if_it_was_to() {
    let resuming = Planned { resume: true, ..daily(1, 1) };
    let mut bench = Bench::planned(vec![resuming]);
    bench.pass(60);
    let [first] = &bench.sounds()[..] else { panic!("silent") };
    bench.node.played(Event::Started { id: first.id, at: at(60) });
    bench.play(9, Class::Emergency);
    assert_eq!(bench.stopped(), [first.id]);
    bench.end(first.id, End::Stopped, 40_000);
    assert!(bench.outcomes().is_empty(), "it isn't over");
    let second = bench.sounds()[1].id;
    bench.end(second, End::Complete, 96_000);
    let third = bench.sounds()[2].clone();
    assert_eq!(third.skip, 40_000);
    bench.end(third.id, End::Complete, 56_000);
    let outcomes = bench.outcomes();
    assert_eq!(outcomes, [PLAYED, (Outcome::Played, Some(Reason::StrongerClass), 96_000)]);
}

#[test]
fn clips_of_the_plan_are_fetched_ahead_the_soonest_needed_first_and_told_while_lacking() {
    let later =
        Planned { clip: ClipRef { hash: ClipHash::of(b"later"), ..daily(1, 1).clip }, ..daily(2, 50) };
    let sooner =
        Planned { clip: ClipRef { hash: ClipHash::of(b"sooner"), ..daily(1, 1).clip }, ..daily(3, 10) };
    let mut bench = Bench::planned(vec![later.clone(), sooner.clone(), daily(1, 1)]);
    let asked = |bench: &Bench| {
        let fetches = bench.asked.iter().filter_map(|request| match request {
            Request::Fetch { clip, partial, hurry, .. } => {
                Some((clip.hash.clone(), partial.clone(), hurry.clone()))
            }
            _ => None,
        });
        fetches.collect::<Vec<_>>()
    };
    let [(hash, partial, hurry)] = &asked(&bench)[..] else { panic!("{:?}", bench.asked) };
    assert_eq!(*hash, sooner.clip.hash);
    assert_eq!(bench.states().last().unwrap().lacking, [sooner.clip.hash.clone(), later.clip.hash.clone()]);
    assert!(!hurry.load(std::sync::atomic::Ordering::Relaxed));
    bench.pass(600);
    assert!(hurry.load(std::sync::atomic::Ordering::Relaxed), "an airing waits for it");
    std::fs::write(partial, clip()).unwrap();
    bench.node.fetched(hash, Ok(()));
    bench.work();
    assert_eq!(asked(&bench)[1].0, later.clip.hash);
    assert_eq!(bench.states().last().unwrap().lacking, [later.clip.hash]);
}

#[test]
fn a_clip_that_cannot_be_had_ahead_stands_in_no_others_way_and_is_tried_again() {
    let of = |bytes: &[u8]| ClipRef { hash: ClipHash::of(bytes), ..daily(1, 1).clip };
    let gone = Planned { clip: of(b"gone"), ..daily(2, 40) };
    let there = Planned { clip: of(b"there"), ..daily(3, 50) };
    let mut bench = Bench::planned(vec![gone.clone(), there.clone()]);
    let last_asked = |bench: &Bench| {
        let fetches = bench.asked.iter().filter_map(|request| match request {
            Request::Fetch { clip, .. } => Some(clip.hash.clone()),
            _ => None,
        });
        fetches.last().unwrap()
    };
    assert_eq!(last_asked(&bench), gone.clip.hash);
    bench.node.fetched(&gone.clip.hash, Err(FetchError::Refused(404)));
    bench.work();
    assert_eq!(last_asked(&bench), there.clip.hash);
    bench.node.fetched(&there.clip.hash, Err(FetchError::Unavailable("no way".into())));
    bench.asked.retain(|request| !matches!(request, Request::Fetch { .. }));
    bench.pass(601);
    assert_eq!(last_asked(&bench), gone.clip.hash);
}
