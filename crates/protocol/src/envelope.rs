//! The signed envelope: JSON Web Signature, compact serialisation, `EdDSA` (RFC 7515, RFC 8037).
//!
//! The header names the message type and version (`typ`: `loa1+command`), the signing key (`kid`) and carries the
//! authority's certificate for that key (`cert`, itself such an envelope). Nothing of the body is looked at before the
//! signature holds. On MQTT an envelope may be followed by one line feed and an attachment: raw bytes that the body names by
//! SHA-256, so that audio need not be base64.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::Timestamp;
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    keys::{self, AuthorityPublicKey, KeyCertificate, PublicKey, SigningKey, Voucher},
    limits, version,
};

/// What may travel in an envelope.
pub trait Message: Serialize + DeserializeOwned {
    /// Its name in the header's `typ`.
    const TYPE: &'static str;
}

/// Why a node doesn't act on a message. None of these can be put right by trying the same bytes again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not an envelope, or its body isn't what its type promises. The sender is broken.
    #[error("the message is malformed")]
    Malformed,
    /// Larger than the protocol allows.
    #[error("the message is too large")]
    TooLarge,
    /// A good message of another type than is expected here.
    #[error("the message is of another type")]
    WrongType,
    /// Of a protocol version this side doesn't know: update it.
    #[error("the message is of a newer protocol version")]
    NewerVersion,
    /// Signed by a key that the pinned authority doesn't vouch for.
    #[error("the signing key is not known")]
    UnknownKey,
    /// The signing key's certificate is not yet, or no longer, in force; or this side's clock is far off.
    #[error("the signing key is not in force")]
    KeyNotInForce,
    /// The signing key was revoked.
    #[error("the signing key was revoked")]
    KeyRevoked,
    /// The bytes are not what was signed.
    #[error("the signature does not hold")]
    BadSignature,
    /// Meant for others.
    #[error("the message is not for this node")]
    NotForThisNode,
    /// Its time has passed.
    #[error("the message has expired")]
    Expired,
    /// Seen before.
    #[error("the message is a replay")]
    Replayed,
    /// A plan older than the one held.
    #[error("the plan is older than the one held")]
    OldGeneration,
    /// The attachment is not the one the body names.
    #[error("the attachment is not what was signed")]
    WrongAttachment,
}

impl Refusal {
    /// The stable name, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::WrongType => "wrong_type",
            Self::NewerVersion => "newer_version",
            Self::UnknownKey => "unknown_key",
            Self::KeyNotInForce => "key_not_in_force",
            Self::KeyRevoked => "key_revoked",
            Self::BadSignature => "bad_signature",
            Self::NotForThisNode => "not_for_this_node",
            Self::Expired => "expired",
            Self::Replayed => "replayed",
            Self::OldGeneration => "old_generation",
            Self::WrongAttachment => "wrong_attachment",
        }
    }
}

/// The protected header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    alg: String,
    pub(crate) kid: String,
    typ: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cert: Option<String>,
    /// RFC 7515 section 4.1.11: extensions that must be understood. We know none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<Vec<String>>,
}

impl Header {
    pub(crate) fn new<M: Message>(kid: String, cert: Option<String>) -> Self {
        Self {
            alg: "EdDSA".into(),
            kid,
            typ: format!("loa{}+{}", version::CURRENT, M::TYPE),
            cert,
            crit: None,
        }
    }

    /// Whether the header is of a version we know, the one algorithm, and this message type.
    pub(crate) fn expect<M: Message>(&self) -> Result<(), Refusal> {
        let (number, name) =
            self.typ.strip_prefix("loa").and_then(|t| t.split_once('+')).ok_or(Refusal::Malformed)?;
        let number: u16 = number.parse().map_err(|_| Refusal::Malformed)?;
        if number > version::CURRENT {
            return Err(Refusal::NewerVersion);
        }
        if name != M::TYPE {
            return Err(Refusal::WrongType);
        }
        if number == 0 || self.alg != "EdDSA" || self.crit.is_some() {
            return Err(Refusal::Malformed);
        }
        Ok(())
    }
}

/// A compact envelope taken apart, its signature not yet checked.
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    signed: &'a str,
    body: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(crate) fn split(envelope: &'a str) -> Result<Self, Refusal> {
        if envelope.len() > limits::ENVELOPE_BYTES {
            return Err(Refusal::TooLarge);
        }
        let (signed, signature) = envelope.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, body) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let header = B64.decode(header).map_err(|_| Refusal::Malformed)?;
        let header = serde_json::from_slice(&header).map_err(|_| Refusal::Malformed)?;
        let signature = B64.decode(signature).map_err(|_| Refusal::Malformed)?;
        Ok(Self { header, signed, body, signature })
    }

    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), Refusal> {
        if key.verifies(self.signed.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(Refusal::BadSignature)
        }
    }

    pub(crate) fn body<M: Message>(&self) -> Result<M, Refusal> {
        let body = B64.decode(self.body).map_err(|_| Refusal::Malformed)?;
        serde_json::from_slice(&body).map_err(|_| Refusal::Malformed)
    }
}

/// A message can't be sealed; a fault of this program, not of its user.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The body can't be written as JSON.
    #[error("the message can't be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The envelope or attachment would be larger than a receiver accepts.
    #[error("the message would have {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
}

pub(crate) fn sign<M: Message>(
    pair: &Ed25519KeyPair,
    header: &Header,
    body: &M,
) -> Result<String, SealError> {
    let mut envelope = B64.encode(serde_json::to_vec(header)?);
    envelope.push('.');
    B64.encode_string(serde_json::to_vec(body)?, &mut envelope);
    let signature = pair.sign(envelope.as_bytes());
    envelope.push('.');
    B64.encode_string(signature, &mut envelope);
    if envelope.len() > limits::ENVELOPE_BYTES {
        return Err(SealError::TooLarge { bytes: envelope.len(), limit: limits::ENVELOPE_BYTES });
    }
    Ok(envelope)
}

/// Signs a message: a compact JWS.
pub fn seal<M: Message>(key: &SigningKey, body: &M) -> Result<String, SealError> {
    sign(key.pair(), &key.header::<M>(), body)
}

/// Opens an envelope whose key the pinned authority vouches for at `now`. Says nothing yet about audience, expiry or replay:
/// see [`crate::guard`]; nor about revoked keys: see [`open_above`].
pub fn open<M: Message>(
    envelope: &str,
    authority: &AuthorityPublicKey,
    now: Timestamp,
) -> Result<M, Refusal> {
    open_above(envelope, authority, 0, now).map(|(message, _)| message)
}

/// The same for who remembers which keys are revoked: those with a number below `floor`. Gives the floor to remember from now on, which is never
/// lower.
pub fn open_above<M: Message>(
    envelope: &str,
    authority: &AuthorityPublicKey,
    floor: u32,
    now: Timestamp,
) -> Result<(M, u32), Refusal> {
    open_vouched::<M, KeyCertificate>(envelope, authority, floor, now)
}

/// The same for a key that the authority vouches for in an envelope of type `C`.
pub(crate) fn open_vouched<M: Message, C: Voucher>(
    envelope: &str,
    authority: &AuthorityPublicKey,
    floor: u32,
    now: Timestamp,
) -> Result<(M, u32), Refusal> {
    let parts = Parts::split(envelope)?;
    parts.header.expect::<M>()?;
    let certificate = parts.header.cert.as_deref().ok_or(Refusal::UnknownKey)?;
    let (key, standing) = keys::certified::<C>(certificate, &parts.header.kid, authority, now)?;
    parts.verify(&key)?;
    let floor = floor.max(standing.floor);
    if standing.number < floor {
        return Err(Refusal::KeyRevoked);
    }
    Ok((parts.body()?, floor))
}

/// An envelope and its attachment as one MQTT payload.
pub fn frame(envelope: &str, attachment: Option<&[u8]>) -> Result<Vec<u8>, SealError> {
    let attachment = attachment.unwrap_or_default();
    if attachment.len() > limits::ATTACHMENT_BYTES {
        return Err(SealError::TooLarge { bytes: attachment.len(), limit: limits::ATTACHMENT_BYTES });
    }
    let mut payload = Vec::with_capacity(envelope.len() + 1 + attachment.len());
    payload.extend_from_slice(envelope.as_bytes());
    if !attachment.is_empty() {
        payload.push(b'\n');
        payload.extend_from_slice(attachment);
    }
    Ok(payload)
}

/// An MQTT payload taken apart again: the envelope and what follows it.
pub fn unframe(payload: &[u8]) -> Result<(&str, Option<&[u8]>), Refusal> {
    let (envelope, attachment) = match payload.iter().position(|&b| b == b'\n') {
        Some(at) => (&payload[..at], Some(&payload[at + 1..])),
        None => (payload, None),
    };
    if envelope.len() > limits::ENVELOPE_BYTES
        || attachment.is_some_and(|a| a.len() > limits::ATTACHMENT_BYTES)
    {
        return Err(Refusal::TooLarge);
    }
    Ok((std::str::from_utf8(envelope).map_err(|_| Refusal::Malformed)?, attachment))
}
