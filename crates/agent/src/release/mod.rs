//! Releases of the agent on a node's disk: how one takes the place of another, and how the one before comes back.
//!
//! ```text
//! DATA/releases/0.2.0/loa-agent      a release: whole, checked, executable
//!               arriving/SHA256      what arrived so far of one
//!               current  -> 0.2.0    what is started; none: the program that the package installed
//!               previous -> 0.1.5    what is started again if that fails; none: the package's
//!               record               what is on trial, what has proved itself, what failed
//! ```
//!
//! The service always starts the package's program. That looks here and becomes what `current` names ([`start`]): so what decides is
//! never what is being tried. A release that was switched to is on trial until it has run well for a while. One that ends, hangs or can't be
//! started before that is not started a second time: whoever restarts the service (systemd, after its time-out or watchdog) thereby
//! brings back the one before, and the release is refused until there is another. Nothing here asks for a network.
//!
//! Each step is one file replaced whole. After a power cut between any two either the old program starts or the new one on trial.

mod install;
mod record;
pub mod self_test;
pub mod start;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt, symlink},
    path::{Path, PathBuf},
};

use loa_protocol::{
    ReleaseManifest, Version,
    release::{Outcome, Tried},
};

pub use install::PrepareError;
pub use record::Failed;
use record::{Record, Trial};

use crate::{config::Config, files, node::VERSION};

const FOLDER: &str = "releases";
const PROGRAM: &str = "loa-agent";
const ARRIVING: &str = "arriving";
const CURRENT: &str = "current";
const PREVIOUS: &str = "previous";
const RECORD: &str = "record";

/// A program of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its version.
    pub version: Version,
    /// The kind of machine it is built for.
    pub target: &'static str,
    /// What it was started with after `run`; a new one tests itself with the same.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// This one.
    pub fn this() -> Self {
        Self {
            version: VERSION.parse().unwrap_or_default(),
            target: env!("LOA_TARGET"),
            arguments: std::env::args_os().skip(2).collect(),
        }
    }
}

/// What a node knows of the program that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The program.
    pub program: Program,
    /// Whether it still has to prove itself.
    pub on_trial: bool,
    /// What became of the last release that was tried.
    pub last: Option<Tried>,
    /// Releases that failed here.
    pub failed: Vec<Failed>,
}

impl Installed {
    /// Whether this release failed here before.
    pub fn has_failed(&self, release: &ReleaseManifest) -> bool {
        self.failed.iter().any(|failed| failed.is(release))
    }
}

/// What the program that runs needs to replace itself.
#[derive(Debug, Clone)]
pub struct ReleaseMeans {
    /// Where releases are.
    pub releases: Releases,
    /// What runs.
    pub program: Program,
    /// Whether that is a release, not the package's program.
    pub released: bool,
    /// The node's data folder.
    pub data: PathBuf,
    /// Its settings.
    pub config: Config,
}

/// Why a release is gone back from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It was started on trial, and never proved itself.
    NotReady,
    /// The system doesn't start it.
    CantStart,
    /// Its file is gone.
    Missing,
    /// Its file is not what was signed.
    Damaged,
    /// Somebody wants it.
    ByHand,
    /// It was being gone back from already, or nothing is known of it.
    Unknown,
}

impl Why {
    /// The stable name, where it is told.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::NotReady => Some("not_ready"),
            Self::CantStart => Some("cant_start"),
            Self::Missing => Some("missing"),
            Self::Damaged => Some("damaged"),
            Self::ByHand => Some("by_hand"),
            Self::Unknown => None,
        }
    }

    /// Whether the release is refused from then on. What a failing card did to one that had proved itself is not its fault.
    fn blames(self, on_trial: bool) -> bool {
        match self {
            Self::NotReady | Self::ByHand => true,
            Self::CantStart => on_trial,
            Self::Missing | Self::Damaged | Self::Unknown => false,
        }
    }
}

/// The folder of releases.
#[derive(Debug, Clone)]
pub struct Releases {
    folder: PathBuf,
}

impl Releases {
    /// That of a data folder. It needn't exist.
    pub fn of(data: &Path) -> Self {
        Self { folder: data.join(FOLDER) }
    }

    /// Where the program of a release is.
    pub fn program(&self, version: Version) -> PathBuf {
        self.folder.join(version.to_string()).join(PROGRAM)
    }

    /// The release that is started; none: the package's.
    pub fn current(&self) -> Option<Version> {
        self.named_by(CURRENT)
    }

    /// The release that is started when that one fails; none: the package's.
    pub fn previous(&self) -> Option<Version> {
        self.named_by(PREVIOUS)
    }

    fn named_by(&self, link: &str) -> Option<Version> {
        fs::read_link(self.folder.join(link)).ok()?.to_str()?.parse().ok()
    }

    /// Lets a link name another release, or none.
    fn point(&self, link: &str, to: Option<Version>) -> io::Result<()> {
        let path = self.folder.join(link);
        let Some(version) = to else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => files::sync_folder_of(&path),
            };
        };
        let beside = self.folder.join(format!("{link}.new"));
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(version.to_string(), &beside)?;
        fs::rename(&beside, &path)?;
        files::sync_folder_of(&path)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        files::sync_folder_of(&self.folder)
    }

    fn read(&self) -> Record {
        Record::read(&self.folder.join(RECORD))
    }

    fn write(&self, record: &Record) -> io::Result<()> {
        self.make_folder(&self.folder)?;
        record.write(&self.folder.join(RECORD))
    }

    /// What a node is to know of `program`, which runs. `released`: it is not the package's.
    pub fn installed(&self, program: Program, released: bool) -> Installed {
        let record = self.read();
        let on_trial = released && record.confirmed != Some(program.version);
        Installed { on_trial, last: record.last, failed: record.failed, program }
    }

    /// Lets a prepared release be what is started from now on, on trial. `running`: what to go back to; none: the package's.
    pub fn switch(&self, release: &ReleaseManifest, running: Option<Version>) -> io::Result<()> {
        let mut record = self.read();
        record.trial =
            Some(Trial { version: release.version, sha256: release.sha256.clone(), starts: 0, boot: None });
        record.below = record.packaged.filter(|_| release.rollback);
        record.before = running.and(record.sha256.take());
        record.confirmed = running;
        self.write(&record)?;
        self.point(PREVIOUS, running)?;
        self.point(CURRENT, Some(release.version))
    }

    /// The release on trial has proved itself.
    pub fn confirm(&self, version: Version) -> io::Result<Tried> {
        let mut record = self.read();
        let tried = Tried { version, outcome: Outcome::Updated, reason: None };
        record.confirmed = Some(version);
        record.sha256 = record.trial.take().map(|trial| trial.sha256);
        record.last = Some(tried.clone());
        self.write(&record)?;
        self.tidy();
        Ok(tried)
    }

    /// Goes back from `version` to what was before it.
    fn revert(&self, version: Version, why: Why) -> io::Result<Option<Version>> {
        let mut record = self.read();
        let back = self.previous().filter(|back| *back != version && self.program(*back).is_file());
        let on_trial = record.trial_of(version).is_some();
        if why.blames(on_trial) {
            record.fail(version);
        }
        if let Some(code) = why.code() {
            record.last =
                Some(Tried { version, outcome: Outcome::RolledBack, reason: Some(code.to_owned()) });
        }
        record.trial = None;
        record.confirmed = back;
        record.sha256 = back.and(record.before.take());
        self.write(&record)?;
        self.point(CURRENT, back)?;
        Ok(back)
    }

    /// Goes back by hand, from whatever is current. What it went back from, and what to.
    pub fn roll_back(&self) -> io::Result<Option<(Version, Option<Version>)>> {
        let Some(version) = self.current() else { return Ok(None) };
        Ok(Some((version, self.revert(version, Why::ByHand)?)))
    }

    /// Removes what is neither started nor gone back to.
    fn tidy(&self) {
        let kept = [self.current(), self.previous()];
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let unfinished = name.strip_suffix(".new").unwrap_or(&name);
            let release: Option<Version> = unfinished.parse().ok();
            let needless =
                release.is_some_and(|version| unfinished != name || !kept.contains(&Some(version)));
            if (needless || name == ARRIVING)
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(path = %entry.path().display(), %error, "an old release can't be removed");
            }
        }
    }
}
