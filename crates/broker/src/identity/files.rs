//! The identity on disk: `ca.pem`, `ca.key.pem` and the keys of [`super::keys`] in a folder of mode 0700, files 0600.
//!
//! While one CA takes another's place there are `ca-next.pem` and `ca-next.key.pem` as well. The certificate is written last and moved last,
//! so that after a crash it says by itself how far that had come.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::Timestamp;

use super::{IdentityError, certificates::Ca, keys};

const CA: &str = "ca.pem";
const CA_KEY: &str = "ca.key.pem";
const NEXT: &str = "ca-next.pem";
const NEXT_KEY: &str = "ca-next.key.pem";

/// What the folder holds.
pub(super) struct Stored {
    pub(super) ca_certificate_pem: String,
    pub(super) ca_key_pem: String,
    /// Certificate and key of the CA that takes its place.
    pub(super) next_ca: Option<(String, String)>,
    pub(super) keys: keys::Keys,
}

pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> IdentityError + '_ {
    move |source| IdentityError::File { path: path.display().to_string(), source }
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
    keys::create(&beside, now)?;
    for (name, text) in [(CA, ca.pem()), (CA_KEY, &ca.key_pem())] {
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
        write_secret(&beside, &keys::seed()?).map_err(failed(&beside))?;
        fs::rename(&beside, path).map_err(failed(path))?;
    }
    let text = fs::read_to_string(path).map_err(failed(path))?;
    let seed = B64.decode(text.trim()).map_err(|_| keys::damaged(path))?;
    if seed.len() == 32 { Ok(seed) } else { Err(keys::damaged(path)) }
}

pub(super) fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads the identity. A missing file is an error: see the module above.
pub(super) fn open(folder: &Path, now: Timestamp) -> Result<Stored, IdentityError> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(failed(&path))
    };
    if folder.join(NEXT).exists() && !folder.join(NEXT_KEY).exists() {
        // The key has moved, and a crash kept the certificate from it.
        rename(folder, NEXT, CA)?;
    }
    let next_ca = if folder.join(NEXT).exists() { Some((read(NEXT)?, read(NEXT_KEY)?)) } else { None };
    Ok(Stored {
        ca_certificate_pem: read(CA)?,
        ca_key_pem: read(CA_KEY)?,
        next_ca,
        keys: keys::open(folder, now)?,
    })
}

/// Puts a new CA beside the present one.
pub(super) fn add_ca(folder: &Path, ca: &Ca) -> Result<(), IdentityError> {
    // One whose certificate wasn't written was never used.
    let key = folder.join(NEXT_KEY);
    match fs::remove_file(&key) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&key)(error)),
        _ => {}
    }
    write_secret(&key, &ca.key_pem()).map_err(failed(&key))?;
    let beside = folder.join("ca-next.new");
    let _ = fs::remove_file(&beside);
    write_secret(&beside, ca.pem()).map_err(failed(&beside))?;
    rename(folder, "ca-next.new", NEXT)
}

/// Puts the new CA in the place of the old one, whose key is gone then.
pub(super) fn drop_old_ca(folder: &Path) -> Result<(), IdentityError> {
    rename(folder, NEXT_KEY, CA_KEY)?;
    rename(folder, NEXT, CA)
}

fn rename(folder: &Path, from: &str, to: &str) -> Result<(), IdentityError> {
    let from = folder.join(from);
    fs::rename(&from, folder.join(to))
        .and_then(|()| File::open(folder))
        .and_then(|folder| folder.sync_all())
        .map_err(failed(&from))
}
