//! Passwords and the brakes on guessing.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// Shortest password accepted (NIST SP 800-63B asks for 8; an official types it once a month).
pub const PASSWORD_CHARACTERS: usize = 10;

/// Passwords everybody tries first. Length keeps most of such lists out already.
const COMMON: [&str; 12] = [
    "1234567890",
    "0123456789",
    "12345678910",
    "0987654321",
    "1111111111",
    "0000000000",
    "password123",
    "qwertyuiop",
    "matkhau123",
    "matkhau1234",
    "1q2w3e4r5t",
    "iloveyou12",
];

/// Why a password isn't taken. The person chooses another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("the password has fewer than {PASSWORD_CHARACTERS} characters")]
    Short,
    /// Among the first that anybody tries.
    #[error("the password is too common")]
    Common,
}

/// A password can't be hashed or checked; a fault of this program or of what is stored.
#[derive(Debug, thiserror::Error)]
#[error("password hashing: {0}")]
pub struct HashError(String);

/// Whether a password may be chosen.
pub fn check_strength(password: &str, username: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < PASSWORD_CHARACTERS {
        return Err(WeakPassword::Short);
    }
    let lower = password.to_lowercase();
    let mut characters = lower.chars();
    let first = characters.next();
    if COMMON.contains(&lower.as_str())
        || characters.all(|c| Some(c) == first)
        || lower == username.to_lowercase()
    {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// Argon2id of a password, with the parameters of RFC 9106's crate defaults (19 MiB, 2 passes), in the PHC string format.
/// Takes tens of milliseconds: for a blocking thread.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| HashError(error.to_string()))
}

/// Whether this is the password. For a blocking thread.
pub fn is_password(password: &str, hash: &str) -> Result<bool, HashError> {
    let hash = PasswordHash::new(hash).map_err(|error| HashError(error.to_string()))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Tries that fail make the next one wait: nothing for the first three, then 1 s, doubling up to 5 minutes; forgotten after an hour
/// without a try. Counted by whatever key the caller gives: a user name, an address.
#[derive(Default)]
pub struct Throttle {
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Duration,
}

const FREE_TRIES: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_mins(5);
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
const KEYS: usize = 10_000;

impl Throttle {
    /// How long this key must still wait; `now` is monotonic time.
    pub fn wait(&self, key: &str, now: Duration) -> Option<Duration> {
        let failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Failures { count, last } = *failures.get(key)?;
        if count < FREE_TRIES {
            return None;
        }
        let wait = Duration::from_secs(1 << (count - FREE_TRIES).min(9)).min(LONGEST_WAIT);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let hash = hash_password("đài truyền thanh").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(is_password("đài truyền thanh", &hash).unwrap());
        assert!(!is_password("đài truyền hình", &hash).unwrap());
        assert_ne!(hash, hash_password("đài truyền thanh").unwrap());
    }

    #[test]
    fn short_and_common_passwords_are_not_taken() {
        assert_eq!(check_strength("đài123", "ubnd"), Err(WeakPassword::Short));
        assert_eq!(check_strength("Matkhau123", "ubnd"), Err(WeakPassword::Common));
        assert_eq!(check_strength("aaaaaaaaaaaa", "ubnd"), Err(WeakPassword::Common));
        assert_eq!(check_strength("UBND-DAIAN2", "ubnd-daian2"), Err(WeakPassword::Common));
        assert_eq!(check_strength("loa ấp chợ năm giờ", "ubnd"), Ok(()));
    }

    #[test]
    fn guessing_gets_slower_and_knowing_does_not() {
        let throttle = Throttle::default();
        let mut now = Duration::ZERO;
        let mut tries = 0;
        while now < FORGOTTEN_AFTER * 2 {
            if let Some(wait) = throttle.wait("ubnd", now) {
                now += wait;
            } else {
                throttle.failed("ubnd", now);
                tries += 1;
            }
        }
        assert!(tries < 50, "{tries} guesses in two hours");
        assert_eq!(throttle.wait("someone else", now), None);
        throttle.succeeded("ubnd");
        assert_eq!(throttle.wait("ubnd", now), None);
    }
}
