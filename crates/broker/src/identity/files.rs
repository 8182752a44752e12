//! The identity on disk: `ca.pem`, `ca.key.pem` and the keys of [`super::keys`] in a folder of mode 0700, files 0600.

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

/// What the folder holds.
pub(super) struct Stored {
    pub(super) ca_certificate_pem: String,
    pub(super) ca_key_pem: String,
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
    Ok(Stored { ca_certificate_pem: read(CA)?, ca_key_pem: read(CA_KEY)?, keys: keys::open(folder, now)? })
}
