//! What was refused and what went wrong: counted by code for the heartbeat, logged without flooding.

use std::{collections::BTreeMap, time::Duration};

use loa_protocol::Refusal;

/// One code is logged at most this often: a stranger who floods the node must not fill its disk with log.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Counts by code.
#[derive(Debug, Default)]
pub struct Counts {
    counts: BTreeMap<&'static str, Count>,
}

#[derive(Debug, Default)]
struct Count {
    total: u64,
    logged_at: Option<Duration>,
    unlogged: u64,
}

impl Counts {
    /// Counts one of `code`; when it should be logged, how many have been counted silently since the last log.
    pub fn add(&mut self, code: &'static str, now: Duration) -> Option<u64> {
        let count = self.counts.entry(code).or_default();
        count.total += 1;
        if count.logged_at.is_some_and(|at| now < at + LOG_EVERY) {
            count.unlogged += 1;
            return None;
        }
        count.logged_at = Some(now);
        Some(std::mem::take(&mut count.unlogged))
    }

    /// Counts and logs a refused message.
    pub fn refuse(&mut self, refusal: Refusal, topic: &str, now: Duration) {
        if let Some(silently) = self.add(refusal.code(), now) {
            tracing::warn!(
                code = refusal.code(),
                topic,
                since_last_log = silently,
                "refused a message: {refusal}"
            );
        }
    }

    /// Totals by code.
    pub fn totals(&self) -> BTreeMap<String, u64> {
        self.counts.iter().map(|(code, count)| ((*code).to_owned(), count.total)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_but_a_flood_is_logged_rarely() {
        let mut counts = Counts::default();
        let logged: Vec<_> =
            (0..100).filter_map(|n| counts.add("replayed", Duration::from_millis(n * 250))).collect();
        assert_eq!(logged, [0, 39, 39]);
        assert_eq!(counts.add("expired", Duration::ZERO), Some(0));
        assert_eq!(counts.totals(), BTreeMap::from([("replayed".into(), 100), ("expired".into(), 1)]));
    }
}
