//! The node's clock: the machine's, with what is known of its trustworthiness.
//!
//! The kernel's own word (`adjtimex`) can't be had without unsafe code or a C call that no safe crate wraps, so this reads
//! what systemd-timesyncd leaves behind: `/run/systemd/timesync/synchronized` appears when the clock was first synchronised after boot. A
//! machine with another time daemon is therefore only `set`, never falsely `synchronised`.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use loa_protocol::{Clock, ClockTrust, SystemClock};
use rustls_pki_types::UnixTime;

const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

/// The machine's clock, never believed before `floor`.
#[derive(Debug)]
pub struct NodeClock {
    machine: SystemClock,
    floor: Timestamp,
    mark: PathBuf,
}

impl NodeClock {
    /// A clock that can't be right while it shows less than `floor`: the broker's time at enrolment.
    pub fn new(floor: Timestamp) -> Self {
        Self { machine: SystemClock::new(), floor, mark: SYNCHRONISED.into() }
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.machine.now()
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }

    fn trust(&self) -> ClockTrust {
        if self.now() < self.floor {
            ClockTrust::Unknown
        } else if self.mark.exists() {
            ClockTrust::Synchronised
        } else {
            ClockTrust::Set
        }
    }
}

/// The present for verifying certificates: a board that woke up in 1970 must still believe the broker.
#[derive(Debug)]
pub struct TlsTime {
    floor: Timestamp,
}

impl TlsTime {
    /// The clock's time, but never before `floor`.
    pub fn not_before(floor: Timestamp) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self { floor })
    }
}

impl rustls::time_provider::TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = SystemClock::new().now().max(self.floor);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.as_second()).ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_trusted_as_far_as_something_vouches_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut clock = NodeClock::new(Timestamp::UNIX_EPOCH);
        clock.mark = folder.path().join("synchronized");
        assert_eq!(clock.trust(), ClockTrust::Set);
        std::fs::write(&clock.mark, "").unwrap();
        assert_eq!(clock.trust(), ClockTrust::Synchronised);
        clock.floor = Timestamp::MAX;
        assert_eq!(clock.trust(), ClockTrust::Unknown);
    }
}
