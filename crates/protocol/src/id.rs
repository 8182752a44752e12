//! Names of things, checked when made: an id that exists is safe in a topic, a path and a log line.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize, de};

/// Why a text is not an id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {text:?} is not of the form {form}")]
pub struct InvalidId {
    /// The kind of id that was wanted.
    pub kind: &'static str,
    /// The form it must have.
    pub form: &'static str,
    /// What was given, cut to 80 characters.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $form:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: stringify!($name), form: $form, text: text.chars().take(80).collect() })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

macro_rules! random_id {
    ($name:ident) => {
        impl $name {
            /// An id from 128 random bits, given by the caller.
            pub fn from_bits(bits: [u8; 16]) -> Self {
                Self(hex(&bits))
            }
        }
    };
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_area(text: &str) -> bool {
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    digits(text, 2)
        || digits(text, 5)
        || text.split_once('-').is_some_and(|(c, h)| digits(c, 5) && digits(h, 2))
}

id!(
    /// A node: one agent with its amplifier and horns. Given by the broker at enrolment, kept for life.
    NodeId, "1 to 40 of a-z, 0-9 and -",
    |t| (1..=40).contains(&t.len()) && t.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
);
id!(
    /// An area: province (2 digits), commune (5 digits) or hamlet (its commune's code, `-`, 2 digits).
    AreaCode, "NN, NNNNN or NNNNN-NN", is_area
);
id!(
    /// One order to put a bulletin on air.
    BroadcastId, "32 hexadecimal digits", |t| is_hex(t, 32)
);
id!(
    /// One command.
    CommandId, "32 hexadecimal digits", |t| is_hex(t, 32)
);
id!(
    /// One occurrence of one broadcast on one node. Derived, never random, so both sides arrive at the same one.
    AiringId, "32 hexadecimal digits", |t| is_hex(t, 32)
);
id!(
    /// A clip: the SHA-256 of its bytes.
    ClipHash, "64 hexadecimal digits", |t| is_hex(t, 64)
);
id!(
    /// A release's program: the SHA-256 of its bytes.
    ReleaseHash, "64 hexadecimal digits", |t| is_hex(t, 64)
);
random_id!(BroadcastId);
random_id!(CommandId);
random_id!(NodeId);

impl ClipHash {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(digest(&SHA256, bytes).as_ref()))
    }

    /// The name of bytes whose SHA-256 was computed elsewhere, as when streaming.
    pub fn from_sha256(sha256: [u8; 32]) -> Self {
        Self(hex(&sha256))
    }
}

impl ReleaseHash {
    /// The name of bytes whose SHA-256 was computed elsewhere, as when streaming.
    pub fn from_sha256(sha256: [u8; 32]) -> Self {
        Self(hex(&sha256))
    }
}

impl AiringId {
    /// The airing of `broadcast` on `node` whose nominal start is `start`:
    /// the first 16 bytes of SHA-256 over `loa-airing`, broadcast, node and the start in microseconds since 1970,
    /// separated by line feeds.
    pub fn derive(broadcast: &BroadcastId, node: &NodeId, start: Timestamp) -> Self {
        let text = format!("loa-airing\n{broadcast}\n{node}\n{}", start.as_microsecond());
        Self(hex(&digest(&SHA256, text.as_bytes()).as_ref()[..16]))
    }
}

impl BroadcastId {
    /// The name of the command that airs it: its own, so that a command sent twice is refused as a replay.
    pub fn command(&self) -> CommandId {
        CommandId(self.0.clone())
    }
}

impl AreaCode {
    /// The commune this area is or lies in; none for a province.
    pub fn commune(&self) -> Option<AreaCode> {
        (self.0.len() >= 5).then(|| AreaCode(self.0[..5].to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_escape_a_topic_or_a_path_is_refused() {
        for text in ["", "a/b", "a#", "+", "../x", "A", "é", "a b", &"x".repeat(41)] {
            assert!(text.parse::<NodeId>().is_err(), "{text:?} passed");
        }
        for text in ["3", "316", "31699-1", "31699-001", "31699/01", "3169a"] {
            assert!(text.parse::<AreaCode>().is_err(), "{text:?} passed");
        }
        assert!("31699-05".parse::<AreaCode>().is_ok());
        assert!(serde_json::from_str::<NodeId>("\"a/b\"").is_err());
    }

    #[test]
    fn a_hamlet_knows_its_commune() {
        let hamlet: AreaCode = "31699-05".parse().unwrap();
        assert_eq!(hamlet.commune().unwrap().as_str(), "31699");
        assert_eq!("31".parse::<AreaCode>().unwrap().commune(), None);
    }

    #[test]
    fn an_airing_id_depends_on_broadcast_node_and_start_alone() {
        let broadcast = BroadcastId::from_bits([7; 16]);
        let node: NodeId = "n1".parse().unwrap();
        let at: Timestamp = "2026-11-24T05:00:00Z".parse().unwrap();
        let id = AiringId::derive(&broadcast, &node, at);
        assert_eq!(id, AiringId::derive(&broadcast, &node, at));
        assert_ne!(id, AiringId::derive(&broadcast, &"n2".parse().unwrap(), at));
        assert_ne!(id, AiringId::derive(&BroadcastId::from_bits([8; 16]), &node, at));
        assert_ne!(id, AiringId::derive(&broadcast, &node, "2026-11-24T05:00:01Z".parse().unwrap()));
        // Written in docs/protocol.md as a test vector for other implementations.
        assert_eq!(id.as_str(), "24ca022b661a31b5c4e52376efe03b86");
    }
}
