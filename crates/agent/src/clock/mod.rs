//! The node's clock: the best evidence of the present that there is, a floor under it, and how far it may be trusted.
//!
//! A board without a battery wakes up in 1970, or on the day of its last power cut. What is rightly signed says what time it is at least: the
//! *floor*. What it is, says the machine's time daemon, or the broker when it is asked, or a clock that a battery kept ([`evidence`]).
//! From there the time goes on by the monotonic clock: nothing that is done to the machine's wall clock without evidence moves it, and what has
//! expired stays expired. Everything that asks the time asks this: timetables, admission, expiry, receipts, and TLS, or a node couldn't get
//! through to learn the time.
//!
//! The kernel's own word (`adjtimex`) can't be had without unsafe code or a C call that no safe crate wraps, so this reads
//! what systemd-timesyncd leaves behind: a file that appears when the clock is first synchronised after boot and is touched each time
//! after. Another time daemon can be made to touch a file as well; without one the clock is never falsely `synchronised`.
//!
//! [`NodeClock::now`] is asked by the sound card's callback: it takes no lock and asks nothing but the monotonic clock. The machine is looked
//! at by [`NodeClock::trust`]: whoever decides by the trust asks for it *before* the time.

mod evidence;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use jiff::Timestamp;
use loa_protocol::{Clock, ClockTrust, SystemClock};
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;
use serde::Deserialize;

use evidence::{Evidence, Reading};

/// Where systemd-timesyncd leaves its mark.
pub const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// Where Linux lists clocks that a battery keeps.
const BATTERY_CLOCKS: &str = "/sys/class/rtc";
/// Longest time between the two readings of one look at the machine's clocks.
const AT_ONCE: i64 = 1_000;

/// Whether the machine has a clock that runs while it is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatteryClock {
    /// If Linux knows of one.
    #[default]
    Auto,
    /// It has.
    Yes,
    /// It has none, or one whose battery is not to be relied on.
    No,
}

impl BatteryClock {
    /// Whether there is one.
    pub fn is_there(self) -> bool {
        match self {
            Self::Yes => true,
            Self::No => false,
            Self::Auto => fs::read_dir(BATTERY_CLOCKS)
                .into_iter()
                .flatten()
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().starts_with("rtc")),
        }
    }
}

/// When this program was built: a floor for a node that knows nothing else yet.
pub fn built_at() -> Timestamp {
    env!("LOA_BUILT_AT")
        .parse()
        .ok()
        .and_then(|at| Timestamp::from_second(at).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Nothing speaks for any time.
const NONE: i64 = i64::MIN;

/// The present, as far as it is known.
#[derive(Debug)]
pub struct NodeClock<M = SystemClock> {
    machine: M,
    /// The floor at the monotonic clock's zero, microseconds since 1970.
    floor: AtomicI64,
    /// The estimate at the monotonic clock's zero, or [`NONE`]. Follows `evidence`; an atomic, because the sound card's callback asks.
    estimate: AtomicI64,
    evidence: Mutex<Evidence>,
    mark: PathBuf,
}

impl NodeClock {
    /// The machine's clock, which can't be right while it shows less than `floor`, nor less than the day this program was built.
    /// `mark`: what the machine's time daemon touches whenever it has synchronised the clock.
    pub fn new(floor: Timestamp, battery: BatteryClock, mark: &Path) -> Self {
        Self::on(SystemClock::new(), floor.max(built_at()), battery.is_there(), mark)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

impl<M: Clock> NodeClock<M> {
    /// The same on another machine's clock; `kept`: a battery kept it while the machine was off.
    pub fn on(machine: M, floor: Timestamp, kept: bool, mark: &Path) -> Self {
        let evidence = Evidence::new(read(&machine, mark), kept);
        let clock = Self {
            estimate: AtomicI64::new(evidence.offset().unwrap_or(NONE)),
            evidence: Mutex::new(evidence),
            floor: AtomicI64::new(NONE),
            mark: mark.to_owned(),
            machine,
        };
        clock.not_before(floor);
        clock
    }

    /// Has the evidence changed by `change`, which is given what the machine says now; how far the clock is to be trusted then.
    fn weigh(&self, change: impl FnOnce(&mut Evidence, Reading)) -> ClockTrust {
        let mut evidence = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        let before = evidence.trust(self.floor.load(Ordering::Relaxed));
        change(&mut evidence, read(&self.machine, &self.mark));
        let estimate = evidence.offset().unwrap_or(NONE);
        let earlier = self.estimate.swap(estimate, Ordering::Relaxed);
        let trust = evidence.trust(self.floor.load(Ordering::Relaxed));
        drop(evidence);
        let moved_ms = estimate.saturating_sub(earlier) / 1_000;
        if trust != before || moved_ms != 0 {
            tracing::info!(?trust, moved_ms, now = %self.now(), "the clock moved, or its trust did");
        }
        trust
    }
}

/// Reads both of the machine's clocks, as nearly at once as it lets itself be asked, and its time daemon's mark.
fn read(machine: &impl Clock, mark: &Path) -> Reading {
    let mark = fs::metadata(mark)
        .and_then(|about| about.modified())
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map(micros);
    let mut tries = 0;
    loop {
        let before = micros(machine.monotonic());
        let wall = machine.now().as_microsecond();
        let monotonic = micros(machine.monotonic());
        tries += 1;
        if monotonic - before <= AT_ONCE || tries == 5 {
            return Reading { wall, monotonic: before + (monotonic - before) / 2, mark };
        }
    }
}

impl<M: Clock> Clock for NodeClock<M> {
    fn now(&self) -> Timestamp {
        let offset = self.estimate.load(Ordering::Relaxed).max(self.floor.load(Ordering::Relaxed));
        timestamp(offset.saturating_add(micros(self.machine.monotonic())))
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }

    fn not_before(&self, at: Timestamp) {
        let at = at.as_microsecond().saturating_sub(micros(self.machine.monotonic()));
        self.floor.fetch_max(at, Ordering::Relaxed);
    }

    fn told(&self, now: Timestamp, round_trip: Duration) {
        self.weigh(|evidence, reading| evidence.told(reading, now.as_microsecond(), round_trip));
    }

    fn trust(&self) -> ClockTrust {
        self.weigh(Evidence::look)
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
