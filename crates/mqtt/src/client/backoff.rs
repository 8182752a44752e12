//! How long to wait before the next attempt: exponential, fully jittered, never zero.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Limits of the wait before another connection attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffRange {
    /// Upper bound of the first wait; doubles with every failure.
    pub first: Duration,
    /// Upper bound of every later wait.
    pub most: Duration,
    /// A connection that lasted so long proves the path: the next failure starts from `first` again.
    pub proven_after: Duration,
}

impl Default for BackoffRange {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
            proven_after: Duration::from_secs(30),
        }
    }
}

/// Least wait, as a fraction of the upper bound: jitter spreads the fleet, this keeps one node from spinning.
const FLOOR: f64 = 0.1;

pub(super) struct Backoff {
    range: BackoffRange,
    failures: u32,
    chance: StdRng,
}

impl Backoff {
    pub(super) fn new(range: BackoffRange, seed: u64) -> Self {
        Self { range, failures: 0, chance: StdRng::seed_from_u64(seed) }
    }

    /// The wait after one more failure; `lasted` is how long the connection had stood, if it had.
    pub(super) fn next_wait(&mut self, lasted: Option<Duration>) -> Duration {
        if lasted.is_some_and(|lasted| lasted >= self.range.proven_after) {
            self.failures = 0;
        }
        let bound = self.range.first.saturating_mul(1 << self.failures.min(16)).min(self.range.most);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(self.chance.random_range(FLOOR..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_are_never_zero() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(BackoffRange::default(), seed);
            let mut bound = 1.0_f64;
            for _ in 0..100 {
                let wait = backoff.next_wait(None).as_secs_f64();
                assert!(wait >= bound * FLOOR * 0.99 && wait <= bound * 1.01, "{wait} of {bound}");
                bound = (bound * 2.0).min(60.0);
            }
        }
    }

    #[test]
    fn two_nodes_do_not_wait_alike_but_a_seed_does() {
        let waits = |seed| {
            let mut backoff = Backoff::new(BackoffRange::default(), seed);
            (0..8).map(|_| backoff.next_wait(None)).collect::<Vec<_>>()
        };
        assert_ne!(waits(1), waits(2));
        assert_eq!(waits(3), waits(3));
    }

    #[test]
    fn only_a_connection_that_lasted_resets_the_wait() {
        let mut backoff = Backoff::new(BackoffRange::default(), 7);
        for _ in 0..10 {
            backoff.next_wait(Some(Duration::from_secs(1)));
        }
        assert!(backoff.next_wait(Some(Duration::from_secs(2))) > Duration::from_secs(5));
        assert!(backoff.next_wait(Some(Duration::from_secs(30))) <= Duration::from_secs(1));
    }
}
