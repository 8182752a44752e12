//! Passwords: which may be chosen, and how they are kept.

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
}
