use std::{
    fs::File,
    sync::Mutex,
    time::{Duration, UNIX_EPOCH},
};

use super::*;

/// A machine whose clocks stand where they are put, and its time daemon.
struct Bench {
    clock: NodeClock<Machine>,
    mark: PathBuf,
    _folder: tempfile::TempDir,
}

struct Machine(Mutex<(Timestamp, Duration)>);

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

const FLOOR: &str = "2026-11-24T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Bench {
    /// Starts at `wall`, with or without a battery behind it, on [`FLOOR`]; `marked`: the time daemon synchronised it just then.
    fn start(wall: &str, battery: bool, marked: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("synchronized");
        if marked {
            touch(&mark, at(wall));
        }
        let machine = Machine(Mutex::new((at(wall), Duration::from_secs(100))));
        Self { clock: NodeClock::on(machine, at(FLOOR), battery, &mark), mark, _folder: folder }
    }

    fn pass(&self, seconds: u64) {
        let mut clocks = self.clock.machine.0.lock().unwrap();
        let passed = Duration::from_secs(seconds);
        *clocks = (clocks.0 + passed, clocks.1 + passed);
    }

    /// Somebody sets the machine's wall clock.
    fn step(&self, seconds: f64) {
        let mut clocks = self.clock.machine.0.lock().unwrap();
        clocks.0 += jiff::SignedDuration::from_secs_f64(seconds);
    }

    /// The time daemon touches its mark.
    fn renew(&self) {
        touch(&self.mark, self.clock.machine.now());
    }

    fn shows(&self, text: &str, trust: ClockTrust) {
        assert_eq!(self.clock.trust(), trust);
        assert_eq!(self.clock.now(), at(text));
    }

    fn told(&self, now: &str, round_trip_ms: u64) {
        self.clock.told(at(now), Duration::from_millis(round_trip_ms));
    }
}

fn touch(mark: &Path, wall: Timestamp) {
    let since = Duration::try_from(wall.duration_since(Timestamp::UNIX_EPOCH)).unwrap();
    File::create(mark).unwrap().set_modified(UNIX_EPOCH + since).unwrap();
}

use ClockTrust::{Set, Synchronised, Unknown};

#[test]
fn a_clock_that_woke_in_1970_goes_on_from_the_latest_that_was_signed() {
    let bench = Bench::start("1970-01-01T00:00:05Z", true, false);
    bench.shows("2026-11-24T00:00:00Z", Unknown);
    bench.pass(60);
    bench.shows("2026-11-24T00:01:00Z", Unknown);
    bench.clock.not_before(at("2026-11-24T00:00:30Z"));
    bench.shows("2026-11-24T00:01:00Z", Unknown);
    bench.clock.not_before(at("2026-11-24T05:00:00Z"));
    bench.pass(1);
    bench.shows("2026-11-24T05:00:01Z", Unknown);
}

#[test]
fn a_clock_that_a_battery_kept_is_set_from_the_start_unless_it_is_behind_the_floor() {
    let bench = Bench::start("2026-11-25T08:00:00Z", true, false);
    bench.pass(5);
    bench.shows("2026-11-25T08:00:05Z", Set);
    bench.clock.not_before(at("2026-11-25T08:00:06Z"));
    bench.shows("2026-11-25T08:00:06Z", Set);
    bench.clock.not_before(at("2026-11-25T09:00:00Z"));
    bench.shows("2026-11-25T09:00:00Z", Unknown);
}

#[test]
fn after_a_blackout_the_time_that_a_file_kept_is_not_believed() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, false);
    bench.pass(5);
    bench.shows("2026-11-24T00:00:05Z", Unknown);
}

#[test]
fn a_step_without_evidence_changes_nothing() {
    let bench = Bench::start("2026-11-25T08:00:00Z", true, false);
    for step in [3_600.0, -7_200.0, 86_400.0 * 365.0] {
        bench.step(step);
        bench.pass(10);
        assert_eq!(bench.clock.trust(), Set);
    }
    bench.shows("2026-11-25T08:00:30Z", Set);
}

#[test]
fn the_time_daemon_puts_the_clock_right_both_ways() {
    for step in [-600.0, 600.0] {
        let bench = Bench::start("2026-11-25T08:00:00Z", true, false);
        bench.shows("2026-11-25T08:00:00Z", Set);
        bench.pass(30);
        bench.step(step);
        bench.renew();
        bench.pass(2);
        assert_eq!(bench.clock.trust(), Synchronised);
        assert_eq!(bench.clock.now(), bench.clock.machine.now());
    }
}

#[test]
fn a_board_that_woke_in_1970_is_synchronised_by_its_time_daemon() {
    let bench = Bench::start("1970-01-01T00:00:05Z", false, false);
    assert_eq!(bench.clock.trust(), Unknown);
    bench.pass(20);
    bench.clock.machine.0.lock().unwrap().0 = at("2026-11-26T10:00:00Z");
    bench.renew();
    bench.pass(3);
    bench.shows("2026-11-26T10:00:03Z", Synchronised);
}

#[test]
fn a_synchronised_clock_that_is_stepped_far_is_doubted_until_its_daemon_has_looked_again() {
    for step in [-3_600.0, -6.0, 6.0, 3_600.0] {
        let bench = Bench::start("2026-11-25T08:00:00Z", false, true);
        bench.pass(10);
        bench.shows("2026-11-25T08:00:10Z", Synchronised);
        bench.step(step);
        bench.pass(10);
        bench.shows("2026-11-25T08:00:20Z", Unknown);
        bench.pass(4_000);
        bench.shows("2026-11-25T09:07:00Z", Unknown);
        bench.step(-step);
        bench.pass(10);
        bench.shows("2026-11-25T09:07:10Z", Unknown);
        bench.renew();
        bench.pass(10);
        bench.shows("2026-11-25T09:07:20Z", Synchronised);
    }
}

#[test]
fn a_synchronised_clock_that_is_stepped_a_little_goes_on_and_is_no_longer_synchronised() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, true);
    bench.pass(10);
    bench.shows("2026-11-25T08:00:10Z", Synchronised);
    bench.step(-3.0);
    bench.pass(10);
    bench.shows("2026-11-25T08:00:20Z", Set);
    bench.renew();
    bench.shows("2026-11-25T08:00:17Z", Synchronised);
}

#[test]
fn a_mark_set_before_a_step_says_nothing_of_the_clock_after_it() {
    let bench = Bench::start("2026-11-25T08:00:00Z", true, false);
    bench.pass(10);
    assert_eq!(bench.clock.trust(), Set);
    // Both between two looks: the mark is of the clock before.
    bench.renew();
    bench.step(40.0);
    bench.pass(20);
    bench.shows("2026-11-25T08:00:30Z", Set);
    // Found at the start, and from the future.
    let bench = Bench::start("2026-11-25T08:00:00Z", true, false);
    touch(&bench.mark, at("2026-11-25T09:00:00Z"));
    let machine = Machine(Mutex::new((at("2026-11-25T08:00:00Z"), Duration::ZERO)));
    assert_eq!(NodeClock::on(machine, at(FLOOR), true, &bench.mark).trust(), Set);
}

#[test]
fn a_time_daemon_that_is_gone_leaves_a_clock_that_is_set() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, true);
    bench.pass(10);
    bench.shows("2026-11-25T08:00:10Z", Synchronised);
    std::fs::remove_file(&bench.mark).unwrap();
    bench.pass(10);
    bench.shows("2026-11-25T08:00:20Z", Set);
}

#[test]
fn the_brokers_answer_sets_a_clock_that_knows_nothing_to_the_middle_of_its_way() {
    let bench = Bench::start("1970-01-01T00:00:05Z", false, false);
    bench.told("2026-11-25T10:00:00Z", 5_001);
    bench.shows("2026-11-24T00:00:00Z", Unknown);
    bench.told("2026-11-25T10:00:00Z", 400);
    bench.shows("2026-11-25T10:00:00.2Z", Set);
    bench.step(1e6);
    bench.pass(60);
    bench.shows("2026-11-25T10:01:00.2Z", Set);
}

#[test]
fn a_battery_clock_that_is_ahead_is_put_back_by_the_broker() {
    let bench = Bench::start("2031-01-01T00:00:00Z", true, false);
    bench.shows("2031-01-01T00:00:00Z", Set);
    bench.told("2026-11-25T10:00:00Z", 100);
    bench.shows("2026-11-25T10:00:00.05Z", Set);
}

#[test]
fn a_better_answer_replaces_another_and_a_worse_one_only_after_an_hour_or_when_both_cannot_be_right() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, false);
    bench.told("2026-11-25T10:00:00Z", 1_000);
    bench.shows("2026-11-25T10:00:00.5Z", Set);
    bench.told("2026-11-25T10:00:00Z", 200);
    bench.shows("2026-11-25T10:00:00.1Z", Set);
    bench.told("2026-11-25T10:00:00Z", 1_000);
    bench.shows("2026-11-25T10:00:00.1Z", Set);
    bench.pass(3_601);
    bench.told("2026-11-25T11:00:01Z", 1_000);
    bench.shows("2026-11-25T11:00:01.5Z", Set);
    bench.told("2026-11-25T15:00:00Z", 2_000);
    bench.shows("2026-11-25T15:00:01Z", Set);
}

#[test]
fn the_broker_is_believed_before_a_time_daemon_that_is_far_off_for_as_long_as_it_is() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, true);
    bench.told("2026-11-25T08:00:01Z", 1_000);
    bench.shows("2026-11-25T08:00:00Z", Synchronised);
    bench.told("2026-11-25T10:00:00Z", 1_000);
    bench.shows("2026-11-25T10:00:00.5Z", Set);
    bench.pass(2_048);
    bench.renew();
    bench.shows("2026-11-25T10:34:08.5Z", Set);
    bench.step(7_200.0);
    bench.renew();
    bench.shows("2026-11-25T10:34:08Z", Synchronised);
}

#[test]
fn a_doubted_clock_is_set_by_the_brokers_answer() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, true);
    bench.step(-86_400.0);
    bench.pass(10);
    bench.shows("2026-11-25T08:00:10Z", Unknown);
    bench.told("2026-11-25T08:00:12Z", 100);
    bench.shows("2026-11-25T08:00:12.05Z", Set);
}

#[test]
fn an_old_answer_does_not_contradict_a_time_daemon_by_more_than_the_boards_drift() {
    let bench = Bench::start("2026-11-25T08:00:00Z", false, false);
    bench.told("2026-11-25T08:00:00Z", 0);
    bench.pass(30 * 86_400);
    // A month without a network at 50 ppm.
    bench.step(-130.0);
    bench.renew();
    bench.shows("2026-12-25T07:57:50Z", Synchronised);
}

#[test]
fn the_program_knows_when_it_was_built() {
    assert!(built_at() > at("2026-01-01T00:00:00Z"), "{}", built_at());
    assert!(built_at() <= SystemClock::new().now());
}
