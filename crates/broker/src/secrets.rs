//! Random names and tokens, from the system's generator: whoever guesses one gets in.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};

/// The system gives no random numbers; nothing can be done but try later.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no random numbers from the system")]
pub struct NoRandom;

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

/// A token of 256 random bits for a link or a cookie.
pub fn token() -> Result<String, NoRandom> {
    random::<32>().map(|bytes| B64.encode(bytes))
}

/// What is stored of a token or a claim code: enough to know it again, useless to whoever steals the database.
pub fn hash(token: &str) -> String {
    hex(digest(&SHA256, token.as_bytes()).as_ref())
}

/// A random id of 32 hexadecimal digits.
pub fn id() -> Result<String, NoRandom> {
    random::<16>().map(|bytes| hex(&bytes))
}

/// A recovery code: fifteen characters, 75 random bits, in three groups.
pub fn recovery_code() -> Result<String, NoRandom> {
    let (most, rest) = (claim_code()?, claim_code()?);
    Ok(format!("{most}-{}", rest.split_once('-').map_or(rest.as_str(), |(group, _)| group)))
}

/// A claim code: ten characters of Crockford's base 32, 50 random bits, in two groups as a person reads them.
pub fn claim_code() -> Result<String, NoRandom> {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bytes = random::<10>()?;
    let mut code = String::with_capacity(11);
    for (index, byte) in bytes.iter().enumerate() {
        if index == 5 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Ok(code)
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_code_survives_being_typed() {
        let code = claim_code().unwrap();
        assert_eq!(code.len(), 11);
        let typed = code.to_lowercase().replace('-', " ");
        let canonical = loa_protocol::enrolment::canonical_code;
        assert_eq!(canonical(&typed), canonical(&code));
        assert_eq!(canonical(&code), code.replace('-', ""));
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let tokens: std::collections::BTreeSet<_> = (0..100).map(|_| token().unwrap()).collect();
        assert_eq!(tokens.len(), 100);
        assert!(tokens.iter().all(|token| token.len() == 43));
    }
}
