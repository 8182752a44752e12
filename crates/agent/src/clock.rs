//! The node's clock: the machine's, with a floor under it and what is known of its trustworthiness.
//!
//! A board without a battery wakes up in 1970, or on the day of its last power cut. What is rightly signed says what time it is at least: the
//! *floor*. From there the time goes on by the monotonic clock, so that what has expired stays expired even while the machine's clock
//! is behind. Everything that asks the time asks this: admission, expiry, receipts, and TLS, or a node couldn't get through to learn the time.
//!
//! The kernel's own word (`adjtimex`) can't be had without unsafe code or a C call that no safe crate wraps, so this reads
//! what systemd-timesyncd leaves behind: `/run/systemd/timesync/synchronized` appears when the clock was first synchronised after boot. A
//! machine with another time daemon is therefore only `set`, never falsely `synchronised`.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use loa_protocol::{Clock, ClockTrust, SystemClock};
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;

const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

/// When this program was built: a floor for a node that knows nothing else yet.
pub fn built_at() -> Timestamp {
    env!("LOA_BUILT_AT")
        .parse()
        .ok()
        .and_then(|at| Timestamp::from_second(at).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The machine's clock, never before the floor.
#[derive(Debug)]
pub struct NodeClock<M = SystemClock> {
    machine: M,
    /// The floor at the monotonic clock's zero, microseconds since 1970. An atomic, because the sound card's callback asks too.
    floor: AtomicI64,
    mark: PathBuf,
}

impl NodeClock {
    /// A clock that can't be right while it shows less than `floor`, nor less than the day this program was built.
    pub fn new(floor: Timestamp) -> Self {
        Self::on(SystemClock::new(), floor.max(built_at()))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl<M: Clock> NodeClock<M> {
    /// The same on another machine's clock.
    pub fn on(machine: M, floor: Timestamp) -> Self {
        let clock = Self { machine, floor: AtomicI64::new(i64::MIN), mark: SYNCHRONISED.into() };
        clock.not_before(floor);
        clock
    }

    /// What the present is not before.
    fn floor(&self) -> Timestamp {
        let at = self.floor.load(Ordering::Relaxed).saturating_add(micros(self.machine.monotonic()));
        Timestamp::from_microsecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

impl<M: Clock> Clock for NodeClock<M> {
    fn now(&self) -> Timestamp {
        self.machine.now().max(self.floor())
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }

    fn not_before(&self, at: Timestamp) {
        let at = at.as_microsecond().saturating_sub(micros(self.machine.monotonic()));
        self.floor.fetch_max(at, Ordering::Relaxed);
    }

    fn trust(&self) -> ClockTrust {
        if self.machine.now() < self.floor() {
            ClockTrust::Unknown
        } else if self.mark.exists() {
            ClockTrust::Synchronised
        } else {
            ClockTrust::Set
        }
    }
}

/// The time at which TLS judges certificates: the node's clock, floor and all.
pub struct TlsTime(Arc<dyn Clock>);

impl TlsTime {
    /// Time by this clock.
    pub fn by(clock: Arc<dyn Clock>) -> Arc<dyn TimeProvider> {
        Arc::new(Self(clock))
    }
}

impl std::fmt::Debug for TlsTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsTime").finish_non_exhaustive()
    }
}

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A machine whose clocks stand where they are put.
    struct Machine(Mutex<(Timestamp, Duration)>);

    impl Machine {
        fn at(now: &str) -> Self {
            Self(Mutex::new((now.parse().unwrap(), Duration::from_secs(100))))
        }

        fn pass(&self, seconds: u64) {
            let mut clocks = self.0.lock().unwrap();
            let passed = Duration::from_secs(seconds);
            *clocks = (clocks.0 + passed, clocks.1 + passed);
        }

        fn set(&self, now: &str) {
            self.0.lock().unwrap().0 = now.parse().unwrap();
        }
    }

    impl Clock for Machine {
        fn now(&self) -> Timestamp {
            self.0.lock().unwrap().0
        }

        fn monotonic(&self) -> Duration {
            self.0.lock().unwrap().1
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_woke_in_1970_goes_on_from_the_latest_that_was_signed() {
        let clock = NodeClock::on(Machine::at("1970-01-01T00:00:05Z"), at("2026-11-24T00:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-24T00:00:00Z"));
        clock.machine.pass(60);
        assert_eq!(clock.now(), at("2026-11-24T00:01:00Z"), "what has expired stays expired");
        clock.not_before(at("2026-11-24T00:00:30Z"));
        assert_eq!(clock.now(), at("2026-11-24T00:01:00Z"), "an older word changes nothing");
        clock.not_before(at("2026-11-24T05:00:00Z"));
        clock.machine.pass(1);
        assert_eq!(clock.now(), at("2026-11-24T05:00:01Z"));
        assert_eq!(clock.trust(), ClockTrust::Unknown);
        clock.machine.set("2026-11-24T06:00:00Z");
        assert_eq!(clock.now(), at("2026-11-24T06:00:00Z"), "a clock that was set is believed");
        assert_eq!(clock.trust(), ClockTrust::Set);
    }

    #[test]
    fn a_clock_is_trusted_as_far_as_something_vouches_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut clock = NodeClock::new(Timestamp::UNIX_EPOCH);
        clock.mark = folder.path().join("synchronized");
        assert_eq!(clock.trust(), ClockTrust::Set);
        std::fs::write(&clock.mark, "").unwrap();
        assert_eq!(clock.trust(), ClockTrust::Synchronised);
        clock.not_before(at("9000-01-01T00:00:00Z"));
        assert_eq!(clock.trust(), ClockTrust::Unknown);
    }

    #[test]
    fn the_program_knows_when_it_was_built() {
        assert!(built_at() > at("2026-01-01T00:00:00Z"), "{}", built_at());
        assert!(built_at() <= SystemClock::new().now());
    }
}
