//! Whose word the node takes: the authority that it pinned at enrolment, the signing keys that this vouches for, and not those that were
//! revoked since.
//!
//! Which keys are revoked comes with the messages themselves: each carries its key's certificate, and that says below which number keys are
//! believed no more. The highest such floor is kept on disk, so that a stolen key stays worthless after a restart. Only what the
//! authority signed raises it; nothing lowers it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use loa_protocol::{
    AuthorityPublicKey, Refusal, ReleaseManifest,
    envelope::{self, Message},
    release,
};
use serde::{Deserialize, Serialize};

use crate::files;

const FILE: &str = "keys";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Signing keys with a lower number are revoked.
    floor: u32,
    /// Keys that sign releases, with a lower number, are revoked.
    #[serde(default)]
    release_floor: u32,
}

/// What the node believes.
#[derive(Debug)]
pub struct Trust {
    path: PathBuf,
    authority: AuthorityPublicKey,
    kept: Kept,
    unsaved: bool,
}

impl Trust {
    /// Reads what is kept in the data folder. The second value tells where a damaged file was put; the next message then says anew which keys
    /// are revoked.
    pub fn open(data: &Path, authority: AuthorityPublicKey) -> (Self, Option<PathBuf>) {
        let path = data.join(FILE);
        let mut aside = None;
        let kept = match fs::read(&path) {
            Ok(bytes) => {
                let text = bytes.strip_suffix(b"\n").and_then(files::text_of);
                let kept = text.and_then(|text| serde_json::from_str::<Kept>(text).ok());
                if kept.is_none() {
                    aside = Some(files::set_aside(&path).unwrap_or_else(|_| path.clone()));
                }
                kept.unwrap_or_default()
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "which keys are revoked can't be read");
                }
                Kept::default()
            }
        };
        (Self { path, authority, kept, unsaved: false }, aside)
    }

    /// Opens an envelope if its key is one to believe at `now`.
    pub fn read<M: Message>(&mut self, sealed: &str, now: Timestamp) -> Result<M, Refusal> {
        let (message, floor) = envelope::open_above(sealed, &self.authority, self.kept.floor, now)?;
        if floor > self.kept.floor {
            tracing::warn!(floor, "older signing keys are revoked");
            self.kept.floor = floor;
            self.unsaved = true;
        }
        Ok(message)
    }

    /// Opens a release if the key that signed it is one to believe at `now`.
    pub fn read_release(&mut self, sealed: &str, now: Timestamp) -> Result<ReleaseManifest, Refusal> {
        let (manifest, floor) = release::open(sealed, &self.authority, self.kept.release_floor, now)?;
        if floor > self.kept.release_floor {
            self.kept.release_floor = floor;
            self.unsaved = true;
        }
        Ok(manifest)
    }

    /// Writes what is not yet on disk. On an error it holds in memory, and the next call tries again.
    pub fn save(&mut self) -> io::Result<()> {
        if self.unsaved {
            let text = serde_json::to_string(&self.kept)?;
            files::write_atomically(&self.path, files::checked_line(&text).as_bytes(), 0o600)?;
            self.unsaved = false;
        }
        Ok(())
    }

    /// Whether something is in memory only.
    pub fn unsaved(&self) -> bool {
        self.unsaved
    }
}

#[cfg(test)]
mod tests {
    use loa_protocol::{
        Action, Audience, AuthorityKey, Command, CommandId, SigningKey, keys::Standing, seal,
    };

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn authority() -> AuthorityKey {
        AuthorityKey::from_seed(&[1; 32]).unwrap()
    }

    fn key(number: u32, floor: u32) -> SigningKey {
        let seed = [u8::try_from(number).unwrap() + 10; 32];
        authority().certify_as(Standing { number, floor }, &seed, at(-100), at(100)).unwrap()
    }

    fn said_by(key: &SigningKey) -> String {
        let command = Command {
            id: CommandId::from_bits([1; 16]),
            issued_at: at(0),
            expires_at: at(60),
            audience: Audience::node("n1".parse().unwrap()),
            action: Action::Identify,
        };
        seal(key, &command).unwrap()
    }

    fn read(trust: &mut Trust, key: &SigningKey) -> Result<(), Refusal> {
        trust.read::<Command>(&said_by(key), at(0)).map(drop)
    }

    #[test]
    fn a_new_key_is_believed_beside_the_old_one_until_it_revokes_it() {
        let data = tempfile::tempdir().unwrap();
        let (mut trust, _) = Trust::open(data.path(), authority().public_key());
        for key in [key(0, 0), key(1, 0), key(0, 0), key(2, 2)] {
            read(&mut trust, &key).unwrap();
        }
        for revoked in [key(0, 0), key(1, 0)] {
            assert_eq!(read(&mut trust, &revoked), Err(Refusal::KeyRevoked));
        }
        read(&mut trust, &key(2, 2)).unwrap();
    }

    #[test]
    fn what_is_revoked_stays_so_after_a_restart() {
        let data = tempfile::tempdir().unwrap();
        let (mut trust, _) = Trust::open(data.path(), authority().public_key());
        read(&mut trust, &key(3, 3)).unwrap();
        assert!(trust.unsaved());
        trust.save().unwrap();
        let (mut trust, aside) = Trust::open(data.path(), authority().public_key());
        assert_eq!(aside, None);
        assert_eq!(read(&mut trust, &key(2, 0)), Err(Refusal::KeyRevoked));
        read(&mut trust, &key(4, 3)).unwrap();
        assert!(!trust.unsaved(), "nothing new was learnt");
    }

    #[test]
    fn only_the_authority_revokes() {
        let data = tempfile::tempdir().unwrap();
        let (mut trust, _) = Trust::open(data.path(), authority().public_key());
        let other = AuthorityKey::from_seed(&[9; 32]).unwrap();
        let standing = Standing { number: 7, floor: 7 };
        let foreign = other.certify_as(standing, &[8; 32], at(-100), at(100)).unwrap();
        assert_eq!(read(&mut trust, &foreign), Err(Refusal::UnknownKey));
        // Rightly certified, but what it is attached to was changed.
        let mut changed = said_by(&key(5, 5));
        changed.replace_range(changed.len() - 4.., "AAAA");
        assert_eq!(trust.read::<Command>(&changed, at(0)).map(drop), Err(Refusal::BadSignature));
        read(&mut trust, &key(0, 0)).unwrap();
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_written_anew_by_the_next_message() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(FILE);
        for damage in [&b""[..], b"\0\0\0", b"{\"floor\":9}"] {
            fs::write(&path, damage).unwrap();
            let (mut trust, aside) = Trust::open(data.path(), authority().public_key());
            assert!(aside.unwrap().exists());
            read(&mut trust, &key(2, 2)).unwrap();
            trust.save().unwrap();
            let (mut trust, _) = Trust::open(data.path(), authority().public_key());
            assert_eq!(read(&mut trust, &key(1, 0)), Err(Refusal::KeyRevoked));
        }
    }
}
