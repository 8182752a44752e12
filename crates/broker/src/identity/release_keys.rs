//! Keys that sign releases of the agent. Each is a file of its own, made beside the authority's key and kept where releases are built: the
//! broker itself needs none of them.
//!
//! A key's number is the second it was made in, so that numbers grow without anything to remember, and its certificate revokes all keys
//! before it: nodes that have seen a release of the new one believe the older ones no more.

use std::path::Path;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use jiff::{SignedDuration, Timestamp};
use loa_protocol::{AuthorityPublicKey, ReleaseKey, keys::Standing};
use serde::{Deserialize, Serialize};

use super::{
    IdentityError,
    files::{failed, write_secret},
    keys::{authority_at, damaged, get, seed},
};

/// How long a key may sign: what it has signed is good no longer either.
const LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 2);
/// The clocks of the machine that makes the key and of the broker may differ by this.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

#[derive(Serialize, Deserialize)]
struct KeyFile {
    authority: AuthorityPublicKey,
    release_seed: String,
    certificate: String,
}

/// Makes a key and writes it into a file that doesn't exist yet.
pub fn make(authority: &Path, to: &Path, now: Timestamp) -> Result<ReleaseKey, IdentityError> {
    let authority_key = authority_at(authority)?;
    let release_seed = seed()?;
    let secret = B64.decode(&release_seed).map_err(|_| damaged(to))?;
    let number = u32::try_from(now.as_second()).map_err(|_| damaged(authority))?;
    let standing = Standing { number, floor: number };
    let from = now.saturating_sub(CLOCKS_DIFFER).unwrap_or(now);
    let until = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
    let key =
        authority_key.certify_release_key(standing, &secret, from, until).map_err(|_| damaged(authority))?;
    let file = KeyFile {
        authority: authority_key.public_key(),
        release_seed,
        certificate: key.sealed_certificate().to_owned(),
    };
    let text = serde_json::to_string_pretty(&file).map_err(|_| damaged(to))?;
    write_secret(to, &text).map_err(failed(to))?;
    Ok(key)
}

/// Reads a key from its file.
pub fn read(path: &Path) -> Result<ReleaseKey, IdentityError> {
    let file: KeyFile = get(path)?;
    let secret = B64.decode(&file.release_seed).map_err(|_| damaged(path))?;
    ReleaseKey::certified(&secret, &file.certificate, &file.authority).map_err(|_| damaged(path))
}
