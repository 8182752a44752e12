//! The authority key and the signing key on disk, and how a signing key takes another's place.
//!
//! `authority.json` holds the key that every node has pinned; it is needed only to certify a signing key, so it can be kept elsewhere.
//! `signing.json` holds the key that signs what goes to nodes, with the authority's certificate for it. A new signing key
//! needs nothing of the nodes: each message carries its key's certificate. One that revokes the older keys makes each node that hears it deaf to
//! them for good.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AuthorityKey, AuthorityPublicKey, SigningKey, keys::Standing};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{IdentityError, files::failed};

const AUTHORITY: &str = "authority.json";
const SIGNING: &str = "signing.json";
/// Both, as older versions kept them.
const TOGETHER: &str = "keys.json";

/// How long a signing key is certified for. While the authority key is at hand it is certified anew at half of it.
const LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 5);

#[derive(Serialize, Deserialize)]
struct AuthorityFile {
    authority_seed: String,
}

#[derive(Serialize, Deserialize)]
struct SigningFile {
    /// The day of the whole identity: from then on its certificates are in force.
    created_at: Timestamp,
    authority: AuthorityPublicKey,
    signing_seed: String,
    certificate: String,
}

#[derive(Deserialize)]
struct TogetherFile {
    created_at: Timestamp,
    authority_seed: String,
    signing_seed: String,
}

/// The keys, opened.
pub(super) struct Keys {
    pub(super) authority: AuthorityPublicKey,
    pub(super) signing: SigningKey,
    pub(super) created_at: Timestamp,
    /// Whether the authority's secret lies beside them.
    pub(super) authority_here: bool,
}

/// Makes both keys in a new folder.
pub(super) fn create(folder: &Path, now: Timestamp) -> Result<(), IdentityError> {
    let authority_seed = seed()?;
    let authority = authority_of(&authority_seed, folder)?;
    put(&folder.join(AUTHORITY), &AuthorityFile { authority_seed })?;
    certify(folder, &authority, Standing::default(), &seed()?, now, now)?;
    Ok(())
}

/// Reads the keys. Those of an older version are taken apart first.
pub(super) fn open(folder: &Path, now: Timestamp) -> Result<Keys, IdentityError> {
    take_apart(folder, now)?;
    let path = folder.join(SIGNING);
    let file: SigningFile = get(&path)?;
    let seed = B64.decode(&file.signing_seed).map_err(|_| damaged(&path))?;
    let mut signing =
        SigningKey::certified(&seed, &file.certificate, &file.authority).map_err(|_| damaged(&path))?;
    let authority_path = folder.join(AUTHORITY);
    let authority_here = authority_path.exists();
    if authority_here {
        let authority = authority_at(&authority_path)?;
        if authority.public_key() != file.authority {
            return Err(damaged(&authority_path));
        }
        if signing.certificate().not_after.duration_since(now) < LIFE / 2 {
            let standing = signing.certificate().standing;
            signing = certify(folder, &authority, standing, &file.signing_seed, file.created_at, now)?;
        }
    }
    Ok(Keys { authority: file.authority, signing, created_at: file.created_at, authority_here })
}

/// Puts a new signing key in the place of the present one; with `revoke` nodes that hear it believe no older one any more. The authority's key
/// comes from `authority`, or from the folder.
pub(super) fn rotate(
    folder: &Path,
    authority: Option<&Path>,
    revoke: bool,
    now: Timestamp,
) -> Result<SigningKey, IdentityError> {
    let Keys { authority: pinned, signing, created_at, .. } = open(folder, now)?;
    let path = authority.map_or_else(|| folder.join(AUTHORITY), Path::to_owned);
    if !path.exists() {
        return Err(IdentityError::NoAuthority);
    }
    let authority = authority_at(&path)?;
    if authority.public_key() != pinned {
        return Err(IdentityError::ForeignAuthority { path: path.display().to_string() });
    }
    let last = signing.certificate().standing;
    let number = last.number.checked_add(1).ok_or_else(|| damaged(&folder.join(SIGNING)))?;
    let standing = Standing { number, floor: if revoke { number } else { last.floor } };
    certify(folder, &authority, standing, &seed()?, created_at, now)
}

/// Moves the authority's key into a file outside, which must not exist yet.
pub(super) fn take_out(folder: &Path, to: &Path, now: Timestamp) -> Result<(), IdentityError> {
    open(folder, now)?;
    let from = folder.join(AUTHORITY);
    if !from.exists() {
        return Err(IdentityError::NoAuthority);
    }
    let text = fs::read_to_string(&from).map_err(failed(&from))?;
    write_new(to, &text).map_err(failed(to))?;
    sync_folder(to).map_err(failed(to))?;
    if fs::read_to_string(to).map_err(failed(to))? != text {
        return Err(damaged(to));
    }
    fs::remove_file(&from).map_err(failed(&from))?;
    sync_folder(&from).map_err(failed(&from))
}

fn take_apart(folder: &Path, now: Timestamp) -> Result<(), IdentityError> {
    let path = folder.join(TOGETHER);
    if !path.exists() {
        return Ok(());
    }
    let old: TogetherFile = get(&path)?;
    let authority = authority_of(&old.authority_seed, &path)?;
    put(&folder.join(AUTHORITY), &AuthorityFile { authority_seed: old.authority_seed })?;
    certify(folder, &authority, Standing::default(), &old.signing_seed, old.created_at, now)?;
    fs::remove_file(&path).map_err(failed(&path))?;
    sync_folder(&path).map_err(failed(&path))
}

/// In force from the day of the identity, not from today: a node whose clock is behind must still believe it.
fn certify(
    folder: &Path,
    authority: &AuthorityKey,
    standing: Standing,
    signing_seed: &str,
    created_at: Timestamp,
    now: Timestamp,
) -> Result<SigningKey, IdentityError> {
    let path = folder.join(SIGNING);
    let seed = B64.decode(signing_seed).map_err(|_| damaged(&path))?;
    let not_after = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
    let key = authority.certify_as(standing, &seed, created_at, not_after).map_err(|_| damaged(&path))?;
    let file = SigningFile {
        created_at,
        authority: authority.public_key(),
        signing_seed: signing_seed.to_owned(),
        certificate: key.sealed_certificate().to_owned(),
    };
    put(&path, &file)?;
    Ok(key)
}

pub(super) fn authority_at(path: &Path) -> Result<AuthorityKey, IdentityError> {
    authority_of(&get::<AuthorityFile>(path)?.authority_seed, path)
}

fn authority_of(seed: &str, path: &Path) -> Result<AuthorityKey, IdentityError> {
    let seed = B64.decode(seed).map_err(|_| damaged(path))?;
    AuthorityKey::from_seed(&seed).map_err(|_| damaged(path))
}

pub(super) fn damaged(path: &Path) -> IdentityError {
    IdentityError::Damaged { path: path.display().to_string() }
}

pub(super) fn seed() -> Result<String, IdentityError> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| IdentityError::Random)?;
    Ok(B64.encode(seed))
}

pub(super) fn get<T: DeserializeOwned>(path: &Path) -> Result<T, IdentityError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    serde_json::from_str(&text).map_err(|_| damaged(path))
}

/// Writes a file whole or not at all, readable by its owner alone.
fn put(path: &Path, content: &impl Serialize) -> Result<(), IdentityError> {
    let text = serde_json::to_string_pretty(content).map_err(|_| damaged(path))?;
    let beside: PathBuf = path.with_extension("json.new");
    let written = (|| {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        write_new(&beside, &text)?;
        fs::rename(&beside, path)?;
        sync_folder(path)
    })();
    written.map_err(failed(path))
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
