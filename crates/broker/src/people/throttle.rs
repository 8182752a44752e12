//! The brakes on guessing.

use std::{collections::HashMap, net::IpAddr, sync::Mutex, time::Duration};

/// Tries that fail make the next one wait: nothing for the first few, then 1 s, doubling up to a bound; forgotten after an hour without a try. Counted
/// by whatever key the caller gives: a user name, an address.
pub struct Throttle {
    failures: Mutex<HashMap<String, Failures>>,
    free_tries: u32,
    longest_wait: Duration,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Duration,
}

const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
const KEYS: usize = 10_000;

impl Default for Throttle {
    /// For one name or one secret: three free tries, then up to 5 minutes.
    fn default() -> Self {
        Self::new(3, Duration::from_mins(5))
    }
}

impl Throttle {
    fn new(free_tries: u32, longest_wait: Duration) -> Self {
        Self { failures: Mutex::default(), free_tries, longest_wait }
    }

    /// For an address, behind which an office may be: more free tries, and never a long wait.
    pub fn of_addresses() -> Self {
        Self::new(20, Duration::from_secs(30))
    }

    /// How long this key must still wait; `now` is monotonic time.
    pub fn wait(&self, key: &str, now: Duration) -> Option<Duration> {
        let failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Failures { count, last } = *failures.get(key)?;
        if count < self.free_tries {
            return None;
        }
        let wait = Duration::from_secs(1 << (count - self.free_tries).min(9)).min(self.longest_wait);
        (last + wait).checked_sub(now).filter(|left| !left.is_zero())
    }

    /// A try failed.
    pub fn failed(&self, key: &str, now: Duration) {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() >= KEYS {
            failures.retain(|_, f| now < f.last + FORGOTTEN_AFTER);
        }
        let entry = failures.entry(key.to_owned()).or_insert(Failures { count: 0, last: now });
        if now >= entry.last + FORGOTTEN_AFTER {
            entry.count = 0;
        }
        entry.count += 1;
        entry.last = now;
    }

    /// A try succeeded.
    pub fn succeeded(&self, key: &str) {
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(key);
    }
}

/// What addresses are counted by: whoever has one IPv6 address has the 2⁶⁴ of its network.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the guesses of two hours are looked at.
    fn guesses(throttle: &Throttle) -> (u32, Duration) {
        let (mut now, mut tries) = (Duration::ZERO, 0);
        while now < FORGOTTEN_AFTER * 2 {
            if let Some(wait) = throttle.wait("ubnd", now) {
                now += wait;
            } else {
                throttle.failed("ubnd", now);
                tries += 1;
            }
        }
        (tries, now)
    }

    #[test]
    fn guessing_gets_slower_and_knowing_does_not() {
        let throttle = Throttle::default();
        let (tries, now) = guesses(&throttle);
        assert!(tries < 50, "{tries} guesses in two hours");
        assert_eq!(throttle.wait("someone else", now), None);
        throttle.succeeded("ubnd");
        assert_eq!(throttle.wait("ubnd", now), None);
    }

    #[test]
    fn an_address_is_slowed_but_never_shut_out_for_long() {
        let throttle = Throttle::of_addresses();
        let (tries, now) = guesses(&throttle);
        assert!(tries < 300, "{tries} guesses in two hours");
        assert!(throttle.wait("ubnd", now).is_none_or(|wait| wait <= Duration::from_secs(30)));
    }

    #[test]
    fn an_address_counts_as_its_network() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("192.0.2.7"), network("::ffff:192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff::8"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
    }
}
