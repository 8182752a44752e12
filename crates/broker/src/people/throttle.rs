//! The brakes on guessing.

use std::{collections::HashMap, net::IpAddr, sync::Mutex, time::Duration};

/// Tries that fail make the next one wait: nothing for the first few, then 1 s, doubling up to a bound; forgotten after an hour without a try. Counted
/// by whatever key the caller gives: a user name, an address.
///
/// A try counts as failed from its beginning until it is told otherwise: of many at once, no more are let through than one after the other.
pub struct Throttle {
    failures: Mutex<HashMap<String, Failures>>,
    free_tries: u32,
    longest_wait: Duration,
}

#[derive(Clone, Copy, PartialEq)]
struct Failures {
    count: u32,
    last: Duration,
}

/// A try that has begun. Dropped, it stays a failure.
#[must_use]
pub struct Try {
    key: String,
    before: Option<Failures>,
    counted: Failures,
}

const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
const KEYS: usize = 10_000;

/// Forgets what is old; else the key with the fewest tries, so that many new names can't wash away the one that is being guessed at.
fn make_room(failures: &mut HashMap<String, Failures>, now: Duration) {
    failures.retain(|_, known| now < known.last + FORGOTTEN_AFTER);
    while failures.len() >= KEYS {
        let least = failures.iter().min_by_key(|(_, known)| (known.count, known.last));
        let Some(key) = least.map(|(key, _)| key.clone()) else { return };
        failures.remove(&key);
    }
}

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
        failures.get(key).and_then(|failures| self.left(*failures, now))
    }

    fn left(&self, Failures { count, last }: Failures, now: Duration) -> Option<Duration> {
        if count < self.free_tries {
            return None;
        }
        let wait = Duration::from_secs(1 << (count - self.free_tries).min(9)).min(self.longest_wait);
        (last + wait).checked_sub(now).filter(|left| !left.is_zero())
    }

    /// Begins a try, counted as one that failed; or how long this key must still wait.
    pub fn begin(&self, key: &str, now: Duration) -> Result<Try, Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = failures.get(key).copied();
        if let Some(wait) = before.and_then(|failures| self.left(failures, now)) {
            return Err(wait);
        }
        if before.is_none() && failures.len() >= KEYS {
            make_room(&mut failures, now);
        }
        let earlier = before.filter(|before| now < before.last + FORGOTTEN_AFTER);
        let counted = Failures { count: earlier.map_or(0, |before| before.count) + 1, last: now };
        failures.insert(key.to_owned(), counted);
        Ok(Try { key: key.to_owned(), before, counted })
    }

    /// It was no guess, wrong or right: as if it had never been.
    pub fn take_back(&self, tried: &Try) {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(entry) = failures.get_mut(&tried.key) else { return };
        match tried.before {
            // Others have begun since: theirs stay.
            _ if *entry != tried.counted => entry.count = entry.count.saturating_sub(1),
            Some(before) => *entry = before,
            None => drop(failures.remove(&tried.key)),
        }
    }

    /// A try succeeded: all before it is forgotten.
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
                drop(throttle.begin("ubnd", now).unwrap());
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
    fn of_tries_that_begin_at_once_no_more_are_let_through_than_one_after_the_other() {
        let throttle = Throttle::default();
        let begun: Vec<_> = (0..100).filter_map(|_| throttle.begin("ubnd", Duration::ZERO).ok()).collect();
        assert_eq!(begun.len(), 3);
    }

    #[test]
    fn many_other_names_neither_fill_the_memory_nor_wash_away_the_one_that_is_guessed_at() {
        let throttle = Throttle::default();
        for _ in 0..3 {
            drop(throttle.begin("ubnd", Duration::ZERO).unwrap());
        }
        for other in 0..KEYS + 100 {
            drop(throttle.begin(&other.to_string(), Duration::from_millis(1)).unwrap());
        }
        assert!(throttle.begin("ubnd", Duration::from_millis(2)).is_err());
        assert_eq!(throttle.failures.lock().unwrap().len(), KEYS);
    }

    #[test]
    fn a_try_that_is_taken_back_leaves_what_was_before_it() {
        let throttle = Throttle::default();
        let second = Duration::from_secs(1);
        throttle.take_back(&throttle.begin("ubnd", Duration::ZERO).unwrap());
        for number in 0..5 {
            drop(throttle.begin("ubnd", second * 10 * number).unwrap());
        }
        let wait = throttle.wait("ubnd", second * 41);
        let none = throttle.begin("ubnd", second * 50).unwrap();
        assert!(wait.is_some() && throttle.wait("ubnd", second * 50).is_some());
        throttle.take_back(&none);
        assert_eq!(throttle.wait("ubnd", second * 41), wait);
        // Of two, the one that is taken back doesn't take the other with it.
        let (first, other) = (throttle.begin("ub", second).unwrap(), throttle.begin("ub", second).unwrap());
        throttle.take_back(&first);
        drop(other);
        let left = (0..9).take_while(|_| throttle.begin("ub", second).is_ok()).count();
        assert_eq!(left, 2);
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
