//! Releases of the agent: who vouches for one, which node it is for, and what a node says of its update.
//!
//! A release is signed by a *release key*, which the authority certifies in an envelope of a type of its own. What signs plans and commands
//! all day signs no program, and what signs programs says nothing to nodes: neither key can do the other's work, whoever holds it.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de};

use crate::{
    envelope::{self, Message, Refusal, SealError},
    id::ReleaseHash,
    keys::{AuthorityKey, AuthorityPublicKey, InvalidKey, KeyCertificate, SigningKey, Standing},
    limits,
};

/// A version: three numbers. Safe as a file's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version([u32; 3]);

/// A text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a version; it has the form 1.2.3")]
pub struct InvalidVersion(String);

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let number = |part: &str| {
            // One way to write each: it is a folder's name, and compared as text by people.
            let plain = part == "0" || !part.starts_with('0');
            let digits = (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if plain && digits { part.parse().ok() } else { None }
        };
        let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
        parts
            .and_then(|parts| parts.try_into().ok())
            .map(Self)
            .ok_or_else(|| InvalidVersion(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// One program that a node may run instead of the one it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseManifest {
    /// Its version.
    pub version: Version,
    /// A node that runs an older one can't go to it in one step.
    pub minimum_version: Version,
    /// The machine it is built for, as Rust names it: `aarch64-unknown-linux-gnu`.
    pub target: String,
    /// What the program's bytes are.
    pub sha256: ReleaseHash,
    /// How many they are.
    pub bytes: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// It is not installed from this instant on.
    pub not_after: Timestamp,
    /// It may take the place of a newer one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback: bool,
}

impl Message for ReleaseManifest {
    const TYPE: &'static str = "release";
}

/// Why a rightly signed release is not for this node, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is what runs.
    #[error("this version runs already")]
    Running,
    /// Built for another kind of machine.
    #[error("it is built for another machine")]
    WrongTarget,
    /// Older than what runs, and not meant to be.
    #[error("it is older than the version that runs")]
    Downgrade,
    /// What runs is too old to go to it in one step.
    #[error("the version that runs is too old for it")]
    TooOld,
    /// Its time has passed.
    #[error("it has expired")]
    Expired,
    /// No release of ours is as large, or it has no bytes.
    #[error("its size is not possible")]
    Size,
}

impl Unfit {
    /// The stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::WrongTarget => "wrong_target",
            Self::Downgrade => "downgrade",
            Self::TooOld => "too_old",
            Self::Expired => "expired",
            Self::Size => "size",
        }
    }
}

impl ReleaseManifest {
    /// Whether a node that runs `running` on a machine of kind `target` may install it at `now`.
    pub fn fits(&self, running: Version, target: &str, now: Timestamp) -> Result<(), Unfit> {
        if self.version == running {
            return Err(Unfit::Running);
        }
        if self.target != target {
            return Err(Unfit::WrongTarget);
        }
        if self.version < running && !self.rollback {
            return Err(Unfit::Downgrade);
        }
        if running < self.minimum_version {
            return Err(Unfit::TooOld);
        }
        if now >= self.not_after {
            return Err(Unfit::Expired);
        }
        if !(1..=limits::RELEASE_BYTES).contains(&self.bytes) {
            return Err(Unfit::Size);
        }
        Ok(())
    }
}

/// Says that a key may sign releases, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseKeyCertificate(KeyCertificate);

impl Message for ReleaseKeyCertificate {
    const TYPE: &'static str = "release-key";
}

impl From<KeyCertificate> for ReleaseKeyCertificate {
    fn from(certificate: KeyCertificate) -> Self {
        Self(certificate)
    }
}

impl From<ReleaseKeyCertificate> for KeyCertificate {
    fn from(certificate: ReleaseKeyCertificate) -> Self {
        certificate.0
    }
}

/// A key that signs releases, with the authority's word for it.
pub struct ReleaseKey(SigningKey);

impl ReleaseKey {
    /// From its secret seed and the certificate that an authority gave it.
    pub fn certified(
        seed: &[u8],
        certificate: &str,
        authority: &AuthorityPublicKey,
    ) -> Result<Self, InvalidKey> {
        SigningKey::certified_as::<ReleaseKeyCertificate>(seed, certificate, authority).map(Self)
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// What the authority said of it.
    pub fn certificate(&self) -> &KeyCertificate {
        self.0.certificate()
    }

    /// The same, as it travels: an envelope.
    pub fn sealed_certificate(&self) -> &str {
        self.0.sealed_certificate()
    }

    /// Signs a release.
    pub fn seal(&self, manifest: &ReleaseManifest) -> Result<String, SealError> {
        envelope::seal(&self.0, manifest)
    }
}

impl AuthorityKey {
    /// Makes the key of `seed` one that signs releases, for the given time.
    pub fn certify_release_key(
        &self,
        standing: Standing,
        seed: &[u8],
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<ReleaseKey, InvalidKey> {
        self.certify_with::<ReleaseKeyCertificate>(standing, seed, not_before, not_after).map(ReleaseKey)
    }
}

/// Opens a release whose key the authority vouches for at `now`, and whose number is not below `floor`. Gives the floor to remember from now on.
/// Says nothing yet about whether the release is for this node: see [`ReleaseManifest::fits`].
pub fn open(
    sealed: &str,
    authority: &AuthorityPublicKey,
    floor: u32,
    now: Timestamp,
) -> Result<(ReleaseManifest, u32), Refusal> {
    envelope::open_vouched::<ReleaseManifest, ReleaseKeyCertificate>(sealed, authority, floor, now)
}

/// What a node says of its own program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseState {
    /// The kind of machine it is built for.
    pub target: String,
    /// What it does about the release that its plan names; absent when there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// What became of the last release that it tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Tried>,
}

/// On the way to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// To which; absent when that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// How far.
    pub doing: Doing,
    /// Why it doesn't go on, by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far a node is with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Fetches it, and lets it test itself.
    Fetching,
    /// Has it, and waits until nothing sounds and nothing is about to.
    Waiting,
    /// On trial: it runs, and has still to prove itself.
    Trying,
    /// Doesn't install it; the reason says why.
    Refused,
    /// Could not; it tries again later.
    Failed,
    /// What a later version says.
    #[serde(other)]
    Other,
}

/// What became of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Which.
    pub version: Version,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, by code, if it was rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How the trial of a release ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It runs.
    Updated,
    /// The one before runs again.
    RolledBack,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_plain_numbers_and_nothing_else() {
        assert_eq!("0.10.2".parse::<Version>().unwrap().to_string(), "0.10.2");
        assert!("0.9.0".parse::<Version>().unwrap() < "0.10.0".parse().unwrap());
        for text in
            ["", "1", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1.2.3-rc", "../..", "1.2.-3", "1.2.1234567"]
        {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn manifest() -> ReleaseManifest {
        ReleaseManifest {
            version: v("0.3.0"),
            minimum_version: v("0.1.0"),
            target: "aarch64-unknown-linux-gnu".into(),
            sha256: ReleaseHash::from_sha256([7; 32]),
            bytes: 9_000_000,
            issued_at: at(0),
            not_after: at(1000),
            rollback: false,
        }
    }

    #[test]
    fn a_release_is_only_for_the_machine_the_versions_and_the_time_it_names() {
        let arm = "aarch64-unknown-linux-gnu";
        let fits = |manifest: &ReleaseManifest, running: &str| manifest.fits(v(running), arm, at(1));
        assert_eq!(fits(&manifest(), "0.2.9"), Ok(()));
        assert_eq!(fits(&manifest(), "0.3.0"), Err(Unfit::Running));
        assert_eq!(fits(&manifest(), "0.3.1"), Err(Unfit::Downgrade));
        assert_eq!(fits(&manifest(), "0.0.9"), Err(Unfit::TooOld));
        assert_eq!(manifest().fits(v("0.2.0"), "x86_64-unknown-linux-gnu", at(1)), Err(Unfit::WrongTarget));
        assert_eq!(manifest().fits(v("0.2.0"), arm, at(1000)), Err(Unfit::Expired));
        for bytes in [0, limits::RELEASE_BYTES + 1] {
            assert_eq!(fits(&ReleaseManifest { bytes, ..manifest() }, "0.2.0"), Err(Unfit::Size));
        }
        let back = ReleaseManifest { rollback: true, ..manifest() };
        assert_eq!(fits(&back, "0.3.1"), Ok(()), "meant to go back");
        assert_eq!(fits(&back, "0.3.0"), Err(Unfit::Running));
    }

    fn authority() -> AuthorityKey {
        AuthorityKey::from_seed(&[1; 32]).unwrap()
    }

    fn release_key(number: u32) -> ReleaseKey {
        let standing = Standing { number, floor: number };
        let seed = [u8::try_from(number).unwrap(); 32];
        authority().certify_release_key(standing, &seed, at(-100), at(100)).unwrap()
    }

    fn opened(sealed: &str, floor: u32, now: i64) -> Result<u32, Refusal> {
        open(sealed, &authority().public_key(), floor, at(now)).map(|(release, floor)| {
            assert_eq!(release, manifest());
            floor
        })
    }

    #[test]
    fn a_release_is_believed_from_a_release_key_in_force_and_not_revoked() {
        let sealed = release_key(3).seal(&manifest()).unwrap();
        assert_eq!(opened(&sealed, 0, 0), Ok(3));
        assert_eq!(opened(&sealed, 3, 0), Ok(3));
        assert_eq!(opened(&sealed, 4, 0), Err(Refusal::KeyRevoked));
        assert_eq!(opened(&sealed, 0, 100), Err(Refusal::KeyNotInForce));
        assert_eq!(opened(&sealed, 0, -101), Err(Refusal::KeyNotInForce));
    }

    #[test]
    fn the_key_that_signs_plans_can_sign_no_release() {
        let signing = authority().certify(&[2; 32], at(-100), at(100)).unwrap();
        let sealed = envelope::seal(&signing, &manifest()).unwrap();
        assert_eq!(opened(&sealed, 0, 0), Err(Refusal::WrongType));
    }

    #[test]
    fn the_key_that_signs_releases_can_sign_nothing_else() {
        let key = release_key(3);
        let sealed = envelope::seal(
            &key.0,
            &crate::Command {
                id: crate::CommandId::from_bits([1; 16]),
                issued_at: at(0),
                expires_at: at(60),
                audience: crate::Audience::node("n1".parse().unwrap()),
                action: crate::Action::Identify,
            },
        );
        let opened = envelope::open::<crate::Command>(&sealed.unwrap(), &authority().public_key(), at(0));
        assert_eq!(opened, Err(Refusal::WrongType));
        assert!(
            SigningKey::certified(&[3; 32], key.sealed_certificate(), &authority().public_key()).is_err()
        );
        ReleaseKey::certified(&[3; 32], key.sealed_certificate(), &authority().public_key()).unwrap();
    }

    #[test]
    fn another_authority_and_changed_bytes_are_refused() {
        let other = AuthorityKey::from_seed(&[9; 32]).unwrap();
        let foreign = other.certify_release_key(Standing::default(), &[3; 32], at(-100), at(100)).unwrap();
        assert_eq!(opened(&foreign.seal(&manifest()).unwrap(), 0, 0), Err(Refusal::UnknownKey));
        // The body of one release under the signature of another.
        let good = release_key(3).seal(&manifest()).unwrap();
        let larger = ReleaseManifest { bytes: 1, ..manifest() };
        let other = release_key(3).seal(&larger).unwrap();
        let [header, _, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
        let body = other.split('.').nth(1).unwrap();
        assert_eq!(opened(&format!("{header}.{body}.{signature}"), 0, 0), Err(Refusal::BadSignature));
        // A release key's certificate around another key.
        let stolen = authority().certify(&[4; 32], at(-100), at(100)).unwrap();
        let sealed = envelope::seal(&stolen, &manifest()).unwrap();
        assert_eq!(opened(&sealed, 0, 0), Err(Refusal::WrongType));
    }
}
