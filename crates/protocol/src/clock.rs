//! Time, injected: everything that decides by the time asks a [`Clock`], so that a test can move it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a node believes its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockTrust {
    /// Nothing vouches for it: a board without a battery after a blackout.
    Unknown,
    /// Set once (real-time clock, by hand), not being disciplined.
    Set,
    /// Disciplined by the network; the kernel says so.
    Synchronised,
}

/// The only source of time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, UTC.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment; never goes back, unlike [`Clock::now`].
    fn monotonic(&self) -> Duration;
    /// Something trustworthy says that the present is not before `at`. A clock that can be behind, as on a board without a battery,
    /// shows no less from now on.
    fn not_before(&self, _at: Timestamp) {}
    /// The broker says that the present was `now` at some moment of the last `round_trip`: it answered a question of ours.
    fn told(&self, _now: Timestamp, _round_trip: Duration) {}
    /// Whether [`Clock::now`] may be believed.
    fn trust(&self) -> ClockTrust {
        ClockTrust::Set
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    origin: std::time::Instant,
}

#[allow(clippy::disallowed_methods)] // the one place that asks the machine
impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> Self {
        Self { origin: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(clippy::disallowed_methods)] // the one place that asks the machine
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}
