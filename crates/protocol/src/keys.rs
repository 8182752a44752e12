//! Ed25519 keys (RFC 8032) and who vouches for them.
//!
//! A node pins one key, the *authority*'s, at enrolment. The authority signs certificates for *signing keys*, and those
//! sign messages; each envelope carries its key's certificate, so a signing key can be replaced without touching nodes.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::Timestamp;
use ring::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};

use crate::envelope::{self, Header, Refusal};

/// A public Ed25519 key, 32 bytes, written as unpadded base64url (the `x` of RFC 8037).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key's name: its JWK thumbprint (RFC 7638, RFC 8037 appendix A.3).
    pub fn kid(&self) -> String {
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, B64.encode(self.0));
        B64.encode(digest(&SHA256, jwk.as_bytes()))
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", B64.encode(self.0))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&B64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = B64.decode(text).map_err(serde::de::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("an Ed25519 key has 32 bytes"))
    }
}

/// The key a node pins at enrolment.
pub type AuthorityPublicKey = PublicKey;

/// Where a signing key stands among those of its authority. Keys are numbered as they are made; whoever holds a certificate whose floor
/// is above an older key's number believes that key no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The key's number; the first has 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub number: u32,
    /// Keys with a lower number are revoked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub floor: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Says that a key may sign messages for nodes, from when until when, and which keys may no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCertificate {
    /// The key vouched for.
    pub key: PublicKey,
    /// Its number, and whom it revokes.
    #[serde(flatten)]
    pub standing: Standing,
    /// Not good before this instant.
    pub not_before: Timestamp,
    /// Not good from this instant on.
    pub not_after: Timestamp,
}

impl envelope::Message for KeyCertificate {
    const TYPE: &'static str = "key";
}

/// How the authority vouches for a key: the type of envelope says for what.
pub(crate) trait Voucher: envelope::Message + From<KeyCertificate> + Into<KeyCertificate> {}

impl<C: envelope::Message + From<KeyCertificate> + Into<KeyCertificate>> Voucher for C {}

/// A secret key can't be read, or isn't one.
#[derive(Debug, thiserror::Error)]
#[error("not a 32-byte Ed25519 seed")]
pub struct InvalidKey;

fn pair(seed: &[u8]) -> Result<Ed25519KeyPair, InvalidKey> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidKey)
}

fn public(pair: &Ed25519KeyPair) -> PublicKey {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(pair.public_key().as_ref());
    PublicKey(bytes)
}

/// The root of a broker's word: vouches for signing keys, signs nothing else.
pub struct AuthorityKey {
    pair: Ed25519KeyPair,
}

impl AuthorityKey {
    /// From a secret seed of 32 random bytes (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8]) -> Result<Self, InvalidKey> {
        pair(seed).map(|pair| Self { pair })
    }

    /// What nodes pin.
    pub fn public_key(&self) -> AuthorityPublicKey {
        public(&self.pair)
    }

    /// Makes the key of `seed` the first signing key, for the given time.
    pub fn certify(
        &self,
        seed: &[u8],
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<SigningKey, InvalidKey> {
        self.certify_as(Standing::default(), seed, not_before, not_after)
    }

    /// Makes the key of `seed` a signing key of that standing, for the given time.
    pub fn certify_as(
        &self,
        standing: Standing,
        seed: &[u8],
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<SigningKey, InvalidKey> {
        self.certify_with::<KeyCertificate>(standing, seed, not_before, not_after)
    }

    pub(crate) fn certify_with<C: Voucher>(
        &self,
        standing: Standing,
        seed: &[u8],
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<SigningKey, InvalidKey> {
        let pair = pair(seed)?;
        let key = public(&pair);
        let header = Header::new::<C>(self.public_key().kid(), None);
        let certificate = KeyCertificate { key, standing, not_before, not_after };
        let sealed =
            envelope::sign(&self.pair, &header, &C::from(certificate.clone())).map_err(|_| InvalidKey)?;
        Ok(SigningKey { pair, kid: key.kid(), sealed, certificate })
    }
}

/// A key that signs messages, with the authority's word for it.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    kid: String,
    /// The certificate as it travels.
    sealed: String,
    certificate: KeyCertificate,
}

impl SigningKey {
    /// From its secret seed and the certificate that an authority gave it: the authority's own key isn't needed.
    pub fn certified(
        seed: &[u8],
        certificate: &str,
        authority: &AuthorityPublicKey,
    ) -> Result<Self, InvalidKey> {
        Self::certified_as::<KeyCertificate>(seed, certificate, authority)
    }

    pub(crate) fn certified_as<C: Voucher>(
        seed: &[u8],
        certificate: &str,
        authority: &AuthorityPublicKey,
    ) -> Result<Self, InvalidKey> {
        let pair = pair(seed)?;
        let kid = public(&pair).kid();
        let known = vouched::<C>(certificate, &kid, authority).map_err(|_| InvalidKey)?;
        Ok(Self { pair, kid, sealed: certificate.to_owned(), certificate: known })
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What the authority said of it.
    pub fn certificate(&self) -> &KeyCertificate {
        &self.certificate
    }

    /// The same, as it travels: an envelope.
    pub fn sealed_certificate(&self) -> &str {
        &self.sealed
    }

    pub(crate) fn header<M: envelope::Message>(&self) -> Header {
        Header::new::<M>(self.kid.clone(), Some(self.sealed.clone()))
    }

    pub(crate) fn pair(&self) -> &Ed25519KeyPair {
        &self.pair
    }
}

/// What a certificate says, if the authority signed it and it names `kid`.
fn vouched<C: Voucher>(
    certificate: &str,
    kid: &str,
    authority: &AuthorityPublicKey,
) -> Result<KeyCertificate, Refusal> {
    let parts = envelope::Parts::split(certificate)?;
    parts.header.expect::<C>()?;
    if parts.header.kid != authority.kid() {
        return Err(Refusal::UnknownKey);
    }
    parts.verify(authority)?;
    let certificate: KeyCertificate = parts.body::<C>()?.into();
    if certificate.key.kid() != kid {
        return Err(Refusal::UnknownKey);
    }
    Ok(certificate)
}

/// The key a certificate vouches for, if the authority signed it, it names `kid` and it is in force at `now`; and its standing.
pub(crate) fn certified<C: Voucher>(
    certificate: &str,
    kid: &str,
    authority: &AuthorityPublicKey,
    now: Timestamp,
) -> Result<(PublicKey, Standing), Refusal> {
    let certificate = vouched::<C>(certificate, kid, authority)?;
    if now < certificate.not_before || now >= certificate.not_after {
        return Err(Refusal::KeyNotInForce);
    }
    Ok((certificate.key, certificate.standing))
}
