//! The second step at sign-in: time-based one-time passwords (RFC 6238) of six digits, SHA-1, 30 s, as every authenticator app has them.
//!
//! A secret is not stored: it is derived from a salt in the database and a key in a file outside it, so that a stolen database gives no codes.

use std::{fmt::Write, path::Path};

use jiff::Timestamp;
use ring::hmac;

use crate::{identity::IdentityError, secrets};

/// Seconds that a code is for (RFC 6238 section 5.2).
const STEP_S: i64 = 30;
/// Codes of so many steps before and after are taken too: a phone's clock may be off, and typing takes a while.
const SLACK: i64 = 1;
/// Bytes of a secret (RFC 4226 section 4 recommends 160 bits).
const SECRET: usize = 20;

/// The key from which all secrets are derived.
pub struct TotpKey(hmac::Key);

/// A secret that a person's app and the broker share.
pub struct TotpSecret([u8; SECRET]);

impl TotpKey {
    /// Opens the key in a file, or makes it there.
    pub fn open_or_create(file: &Path) -> Result<Self, IdentityError> {
        let seed = crate::identity::seed_in(file)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &seed)))
    }

    /// The secret of a person with this salt.
    pub fn secret(&self, person: &str, salt: &str) -> TotpSecret {
        let tag = hmac::sign(&self.0, format!("loa-totp\n{person}\n{salt}").as_bytes());
        let mut secret = [0; SECRET];
        secret.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        TotpSecret(secret)
    }
}

impl TotpSecret {
    /// The code of a step (RFC 4226 section 5.3).
    fn code(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
        let word = tag.iter().skip(at).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        word & 0x7fff_ffff
    }

    /// The step whose code this is, newer than the last that was used, if it is the code of about now.
    pub fn step_of(&self, code: &str, now: Timestamp, used: i64) -> Option<i64> {
        let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() != 6 || !typed.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let typed: u32 = typed.parse().ok()?;
        let current = now.as_second().div_euclid(STEP_S);
        let mut steps = current - SLACK..=current + SLACK;
        steps.find(|step| *step > used && self.code(*step) % 1_000_000 == typed)
    }

    /// As an app takes it by hand: RFC 4648 base 32, without padding.
    pub fn base32(&self) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = String::with_capacity(SECRET * 8 / 5);
        for group in self.0.chunks(5) {
            let word = group.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
            for digit in (0..8).rev() {
                text.push(char::from(ALPHABET[(word >> (digit * 5)) as usize % 32]));
            }
        }
        text
    }

    /// As an app takes it from a QR code.
    pub fn uri(&self, username: &str) -> String {
        let secret = self.base32();
        let name: String = username.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
            text
        });
        format!("otpauth://totp/Loa:{name}?secret={secret}&issuer=Loa")
    }
}

/// How many codes there are for the day the phone is lost.
const RECOVERY_CODES: usize = 8;

/// New recovery codes.
pub fn recovery_codes() -> Result<Vec<String>, secrets::NoRandom> {
    (0..RECOVERY_CODES).map(|_| secrets::recovery_code()).collect()
}

/// What is stored of a recovery code, however it is typed.
pub fn recovery_hash(code: &str) -> String {
    secrets::hash(&loa_protocol::enrolment::canonical_code(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        for (second, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(secret().code(second / STEP_S) % 100_000_000, code, "at {second}");
        }
    }

    #[test]
    fn a_code_is_taken_once_about_its_time_and_never_again() {
        let now = at(1_111_111_111);
        let step = secret().step_of("050471", now, 0).unwrap();
        assert_eq!(secret().step_of("050 471", now, step - 1), Some(step));
        assert_eq!(secret().step_of("050471", now, step), None, "used");
        assert_eq!(secret().step_of("050471", at(1_111_111_111 + 30), 0), Some(step));
        assert_eq!(secret().step_of("050471", at(1_111_111_111 + 90), 0), None, "old");
        assert_eq!(secret().step_of("050472", now, 0), None, "another");
        for none in ["", "50471", "0050471", "+50471", "05o471"] {
            assert_eq!(secret().step_of(none, now, 0), None, "{none:?}");
        }
    }

    #[test]
    fn an_app_gets_the_secret_in_base_32() {
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            secret().uri("chị.lan"),
            "otpauth://totp/Loa:ch%E1%BB%8B.lan?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Loa"
        );
    }

    #[test]
    fn each_person_and_each_salt_has_a_secret_and_the_key_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("two-step.key");
        let key = TotpKey::open_or_create(&file).unwrap();
        let again = TotpKey::open_or_create(&file).unwrap();
        let other = TotpKey::open_or_create(&folder.path().join("other.key")).unwrap();
        let secret = |key: &TotpKey, person, salt| key.secret(person, salt).base32();
        assert_eq!(secret(&key, "p", "s"), secret(&again, "p", "s"));
        assert_ne!(secret(&key, "p", "s"), secret(&other, "p", "s"));
        assert_ne!(secret(&key, "p", "s"), secret(&key, "q", "s"));
        assert_ne!(secret(&key, "p", "s"), secret(&key, "p", "t"));
    }
}
