//! How fast clips are fetched that no airing waits for yet: not all nodes of a commune at the same moment, and slowly enough to leave
//! the link to what is said now. As soon as an airing waits for a clip, neither holds.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// How often a wait looks whether there is a hurry by now.
const LOOK: Duration = Duration::from_millis(250);

/// What a node may take of its link to fetch ahead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// kbit/s; 0 is as fast as it goes.
    pub kbit_s: u32,
    /// Longest wait before a fetch begins.
    pub jitter: Duration,
    /// Seed of the jitter; must differ between nodes.
    pub seed: u64,
}

impl Pace {
    /// How long to wait after `bytes` have come in `elapsed`.
    pub(super) fn hold_back(self, bytes: u64, elapsed: Duration) -> Duration {
        match self.kbit_s {
            0 => Duration::ZERO,
            kbit_s => {
                Duration::from_millis(bytes.saturating_mul(8) / u64::from(kbit_s)).saturating_sub(elapsed)
            }
        }
    }
}

/// Waits for so long, unless there is a hurry.
pub(super) async fn wait(time: Duration, hurry: &AtomicBool) {
    let until = Instant::now() + time;
    while !hurry.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        sleep(left.min(LOOK)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_takes_as_long_as_its_rate_says_whatever_the_pieces() {
        let pace = Pace { kbit_s: 512, ..Pace::default() };
        for piece in [1_000, 16_000, 64_000] {
            let mut elapsed = Duration::ZERO;
            for sent in 1..=640_000 / piece {
                elapsed += Duration::from_millis(1);
                elapsed += pace.hold_back(sent * piece, elapsed);
            }
            assert_eq!(elapsed.as_millis(), 10_000, "pieces of {piece}");
        }
        assert_eq!(
            pace.hold_back(64_000, Duration::from_secs(2)),
            Duration::ZERO,
            "a slow link waits no longer"
        );
        assert_eq!(Pace::default().hold_back(1_000_000_000, Duration::ZERO), Duration::ZERO);
    }
}
