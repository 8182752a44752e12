//! Airings whose turn comes while others sound, fade out, or have just been doubted.

use super::*;

/// At some second after [`NOON`] and a minute, so long.
fn lasting(name: u8, second: i8, seconds: u64) -> Planned {
    let mut planned = daily(name, 1);
    planned.timetable.times = vec![time(NOON, 1, second, 0)];
    planned.clip.duration_ms = seconds * 1_000;
    planned
}

#[test]
fn what_would_make_the_session_too_long_interrupts_nothing() {
    let policy = Policy { session_minutes: Some(1), ..Policy::unlimited() };
    let urgent = Planned { class: Class::Priority, ..lasting(2, 30, 40) };
    let mut bench = Bench::planned(Vec::new());
    bench.hold(&Plan { policy, ..plan(2, 0, vec![lasting(1, 0, 50), urgent]) });
    bench.pass(60);
    let [sound] = &bench.sounds()[..] else { panic!("silent") };
    bench.node.played(Event::Started { id: sound.id, at: at(60) });
    bench.pass(30);
    assert_eq!(bench.outcomes(), [unheard(Outcome::Refused, Reason::SessionTooLong)]);
    assert!(bench.stopped().is_empty());
}

#[test]
fn what_was_taken_on_by_a_clock_that_was_ahead_waits_for_its_time_after_a_power_cut() {
    for distrusted in [false, true] {
        let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 2)]);
        bench.clock.step(150);
        bench.work();
        assert_eq!(bench.node.arbiter.waiting().len(), 1);
        bench.clock.step(-150);
        bench.clock.distrust(distrusted);
        bench.restart();
        bench.clock.distrust(false);
        bench.live(100);
        assert!(bench.sounds().is_empty(), "too early");
        bench.live(60);
        let [second] = &bench.sounds()[..] else { panic!("silent") };
        assert_eq!(second.at, Some(at(120)));
    }
}

#[test]
fn what_was_suspended_and_given_up_ended_when_it_last_sounded() {
    let resuming = Planned { resume: true, catch_up_s: 100, ..daily(1, 1) };
    let mut bench = Bench::planned(vec![resuming]);
    bench.pass(60);
    let [first] = &bench.sounds()[..] else { panic!("silent") };
    bench.node.played(Event::Started { id: first.id, at: at(60) });
    bench.play(9, Class::Emergency);
    bench.end(first.id, End::Stopped, 40_000);
    bench.pass(200);
    let given_up = bench.node.journal.receipts().next().unwrap();
    assert_eq!((given_up.outcome, given_up.frames), (Outcome::PreEmpted, 40_000));
    assert_eq!((given_up.started_at, given_up.ended_at), (Some(at(60)), at(60)));
}

#[test]
fn what_is_refused_while_it_fades_out_is_reported_as_far_as_it_was_heard() {
    let mut bench = Bench::planned(vec![Planned { resume: true, ..lasting(1, 0, 50) }]);
    bench.pass(60);
    let [sound] = &bench.sounds()[..] else { panic!("silent") };
    bench.node.played(Event::Started { id: sound.id, at: at(60) });
    bench.play(9, Class::Emergency);
    let closed = Policy { hours: std::array::from_fn(|_| Vec::new()), ..Policy::unlimited() };
    bench.hold(&Plan { policy: closed, ..plan(3, 60, vec![Planned { resume: true, ..lasting(1, 0, 50) }]) });
    let emergency = Some(BroadcastId::from_bits([9; 16]));
    bench.command(60, Action::Stop { broadcast: emergency, latch: false }, None);
    assert!(bench.outcomes().is_empty(), "it still fades out");
    bench.end(sound.id, End::Stopped, 40_000);
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::OutsideHours), 40_000)]);
}

#[test]
fn a_turn_that_comes_while_the_clock_is_doubted_waits_until_it_is_trusted_again() {
    let mut bench = Bench::planned(vec![daily(1, 1), daily(2, 1)]);
    bench.pass(60);
    let [first] = &bench.sounds()[..] else { panic!("silent") };
    bench.clock.distrust(true);
    bench.end(first.id, End::Complete, 96_000);
    assert_eq!(bench.sounds().len(), 1);
    bench.clock.distrust(false);
    bench.work();
    assert_eq!(bench.sounds().len(), 2);
}

#[test]
fn what_had_begun_when_the_power_went_is_not_begun_again_by_a_clock_put_back() {
    let mut bench = Bench::planned(vec![daily(1, 1)]);
    bench.pass(60);
    assert_eq!(bench.sounds().len(), 1);
    bench.restart();
    bench.clock.step(-100);
    bench.live(200);
    assert!(bench.sounds().is_empty(), "doubled");
    assert_eq!(bench.outcomes(), [(Outcome::Partial, Some(Reason::AgentRestarted), 0)]);
}
