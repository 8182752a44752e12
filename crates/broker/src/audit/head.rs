//! The newest record, signed, in a file beside the database: what shows that the log was cut off at its end.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use loa_protocol::{AuthorityPublicKey, SigningKey, envelope, envelope::Message, seal};
use serde::{Deserialize, Serialize};

use super::Tampered;
use crate::store::AuditRow;

const FILE: &str = "audit.head";

/// Which record was the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// When it was written.
    pub at: Timestamp,
}

impl Message for Head {
    const TYPE: &'static str = "audit-head";
}

/// The file.
pub struct HeadFile {
    path: PathBuf,
    /// The newest number written, so that a slower writer never puts an older one in its place.
    written: Mutex<i64>,
}

impl HeadFile {
    /// In a data folder.
    pub fn of(data: &Path) -> Self {
        Self { path: data.join(FILE), written: Mutex::new(0) }
    }

    /// Notes a record as the newest. A failure is logged: the next record notes it again.
    pub fn note(&self, row: &AuditRow, key: &SigningKey) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if row.seq <= *written {
            return;
        }
        match self.write(&Head { seq: row.seq, hash: row.hash.clone(), at: row.at }, key) {
            Ok(()) => *written = row.seq,
            Err(error) => {
                tracing::warn!(%error, path = %self.path.display(), "the newest record of the audit log could not be noted");
            }
        }
    }

    fn write(&self, head: &Head, key: &SigningKey) -> std::io::Result<()> {
        let text = seal(key, head).map_err(std::io::Error::other)?;
        let beside = self.path.with_extension("head.new");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&beside, &self.path)
    }

    /// Reads it; none when nothing was ever recorded.
    pub fn read(&self, authority: &AuthorityPublicKey, now: Timestamp) -> Result<Option<Head>, Tampered> {
        let bad = || Tampered::Head(self.path.display().to_string());
        match fs::read_to_string(&self.path) {
            Ok(text) => envelope::open(&text, authority, now).map(Some).map_err(|_| bad()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) => Err(bad()),
        }
    }
}
