//! What is remembered of releases. Programs of different versions read and write this file, so its fields keep their names and meanings for ever,
//! and what a later version adds may be lost under an earlier one without harm.
//!
//! A release counts as proved only where the record says so. If the record is lost, what was before is started, and the plan brings the
//! release again.

use std::{fs, io, path::Path};

use loa_protocol::{ReleaseHash, ReleaseManifest, Version, release::Tried};
use serde::{Deserialize, Serialize};

use crate::files;

/// Failed releases that are remembered.
const FAILED_KEPT: usize = 16;

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// What has proved itself; none: the package's program.
    pub(super) confirmed: Option<Version>,
    /// What its program is, where that is known.
    pub(super) sha256: Option<ReleaseHash>,
    /// The same of what `previous` names.
    pub(super) before: Option<ReleaseHash>,
    /// What is on trial, if `current` names it.
    pub(super) trial: Option<Trial>,
    /// What failed here.
    pub(super) failed: Vec<Failed>,
    /// What became of the last one tried.
    pub(super) last: Option<Tried>,
    /// The package's version.
    pub(super) packaged: Option<Version>,
    /// The package's version that `current` is meant to be older than.
    pub(super) below: Option<Version>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trial {
    pub(super) version: Version,
    pub(super) sha256: ReleaseHash,
    /// How often it was started.
    pub(super) starts: u32,
    /// The machine's start under which it last was.
    pub(super) boot: Option<String>,
}

/// A release that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    version: Version,
    /// Its program, if it was on trial; otherwise every program of that version.
    sha256: Option<ReleaseHash>,
}

impl Failed {
    /// Whether this is it.
    pub fn is(&self, release: &ReleaseManifest) -> bool {
        match &self.sha256 {
            Some(sha256) => *sha256 == release.sha256,
            None => self.version == release.version,
        }
    }
}

impl Record {
    pub(super) fn read(path: &Path) -> Self {
        let Ok(bytes) = fs::read(path) else { return Self::default() };
        let text = bytes.strip_suffix(b"\n").and_then(files::text_of);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| {
            tracing::error!(path = %path.display(), "the record of releases is damaged");
            let _ = files::set_aside(path);
            Self::default()
        })
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        files::write_atomically(path, files::checked_line(&serde_json::to_string(self)?).as_bytes(), 0o600)
    }

    /// The trial of this version.
    pub(super) fn trial_of(&mut self, version: Version) -> Option<&mut Trial> {
        self.trial.as_mut().filter(|trial| trial.version == version)
    }

    pub(super) fn fail(&mut self, version: Version) {
        let sha256 = self.trial_of(version).map(|trial| trial.sha256.clone());
        let failed = Failed { version, sha256 };
        if !self.failed.contains(&failed) {
            self.failed.push(failed);
        }
        let many = self.failed.len().saturating_sub(FAILED_KEPT);
        self.failed.drain(..many);
    }
}
