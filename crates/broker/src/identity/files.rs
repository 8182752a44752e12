//! The identity on disk: `ca.pem`, `ca.key.pem` and `keys.json` in a folder of mode 0700, files 0600.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::{IdentityError, certificates::Ca};

const CA: &str = "ca.pem";
const CA_KEY: &str = "ca.key.pem";
const KEYS: &str = "keys.json";

/// What the folder holds.
pub(super) struct Stored {
    pub(super) ca_certificate_pem: String,
    pub(super) ca_key_pem: String,
    pub(super) authority_seed: Vec<u8>,
    pub(super) signing_seed: Vec<u8>,
    pub(super) created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Keys {
    created_at: Timestamp,
    authority_seed: String,
    signing_seed: String,
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> IdentityError + '_ {
    move |source| IdentityError::File { path: path.display().to_string(), source }
}

fn damaged(path: &Path) -> IdentityError {
    IdentityError::Damaged { path: path.display().to_string() }
}

fn seed() -> Result<String, IdentityError> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| IdentityError::Random)?;
    Ok(B64.encode(seed))
}

/// Writes a new identity: into a folder beside, made durable, then renamed into place.
pub(super) fn create(folder: &Path, ca: &Ca, now: Timestamp) -> Result<(), IdentityError> {
    let mut beside = folder.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    if beside.exists() {
        fs::remove_dir_all(&beside).map_err(failed(&beside))?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&beside).map_err(failed(&beside))?;
    let keys = Keys { created_at: now, authority_seed: seed()?, signing_seed: seed()? };
    let keys = serde_json::to_string_pretty(&keys).map_err(|_| damaged(&beside))?;
    for (name, text) in [(CA, ca.pem()), (CA_KEY, &ca.key_pem()), (KEYS, &keys)] {
        let path = beside.join(name);
        write_secret(&path, text).map_err(failed(&path))?;
    }
    File::open(&beside).and_then(|f| f.sync_all()).map_err(failed(&beside))?;
    fs::rename(&beside, folder).map_err(failed(folder))?;
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|f| f.sync_all()).map_err(failed(parent))
}

/// A secret of 32 random bytes in a file of its own, made if it isn't there.
pub fn seed_in(path: &Path) -> Result<Vec<u8>, IdentityError> {
    if !path.exists() {
        // Beside and then renamed, so that it is never there by half.
        let beside = path.with_extension("new");
        let _ = fs::remove_file(&beside);
        write_secret(&beside, &seed()?).map_err(failed(&beside))?;
        fs::rename(&beside, path).map_err(failed(path))?;
    }
    let text = fs::read_to_string(path).map_err(failed(path))?;
    let seed = B64.decode(text.trim()).map_err(|_| damaged(path))?;
    if seed.len() == 32 { Ok(seed) } else { Err(damaged(path)) }
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads the identity. A missing file is an error: see the module above.
pub(super) fn open(folder: &Path) -> Result<Stored, IdentityError> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(failed(&path))
    };
    let path = folder.join(KEYS);
    let keys: Keys = serde_json::from_str(&read(KEYS)?).map_err(|_| damaged(&path))?;
    let decode = |text: &str| B64.decode(text).map_err(|_| damaged(&path));
    Ok(Stored {
        ca_certificate_pem: read(CA)?,
        ca_key_pem: read(CA_KEY)?,
        authority_seed: decode(&keys.authority_seed)?,
        signing_seed: decode(&keys.signing_seed)?,
        created_at: keys.created_at,
    })
}
