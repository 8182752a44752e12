//! Which program is started: asked by the package's, each time the service starts it.

use std::{env, fs, io, os::unix::process::CommandExt, path::Path, process::Command};

use loa_protocol::Version;

use super::{CURRENT, Releases, Why};

/// Names the machine's start.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// How many starts of the machine a release on trial may see. A power cut is not its fault; but what takes the whole machine down each time is.
const STARTS: u32 = 3;

/// What is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The package's program, which asks.
    Package,
    /// This release.
    Release(Version),
}

/// Decides, and notes that a release on trial was started.
pub fn choose(releases: &Releases, packaged: Version, boot: &str) -> io::Result<Choice> {
    let mut record = releases.read();
    let Some(mut current) = releases.current() else { return Ok(Choice::Package) };
    if record.packaged != Some(packaged) {
        record.packaged = Some(packaged);
        if let Err(error) = releases.write(&record) {
            tracing::warn!(%error, "the package's version can't be noted");
        }
    }
    if packaged >= current && record.below != Some(packaged) {
        tracing::info!(%current, %packaged, "the package's program is no older than the release; it runs from now on");
        releases.point(CURRENT, None)?;
        return Ok(Choice::Package);
    }
    loop {
        let mut record = releases.read();
        let proved = record.confirmed == Some(current);
        let signed =
            if proved { record.sha256.clone() } else { record.trial_of(current).map(|t| t.sha256.clone()) };
        let back = if !releases.program(current).is_file() {
            releases.revert(current, Why::Missing)?
        } else if signed.is_some_and(|sha256| releases.hash_of(current).ok() != Some(sha256)) {
            tracing::error!(version = %current, "the release on disk is not what was signed; going back");
            releases.revert(current, Why::Damaged)?
        } else if proved {
            return Ok(Choice::Release(current));
        } else if let Some(trial) = record.trial_of(current) {
            let again = trial.boot.as_deref() == Some(boot);
            if trial.starts == 0 || (!again && trial.starts < STARTS) {
                trial.starts += 1;
                trial.boot = Some(boot.to_owned());
                releases.write(&record)?;
                tracing::warn!(version = %current, "a release is tried");
                return Ok(Choice::Release(current));
            }
            tracing::error!(version = %current, "the release did not become ready; going back");
            releases.revert(current, Why::NotReady)?
        } else {
            // The power went while it was gone back from, or the record is lost.
            releases.revert(current, Why::Unknown)?
        };
        match back {
            Some(version) => current = version,
            None => return Ok(Choice::Package),
        }
    }
}

/// Whether the running program is a release of this data folder, not the package's.
pub fn is_released(data: &Path) -> bool {
    let folder = fs::canonicalize(&Releases::of(data).folder);
    matches!((&folder, env::current_exe()), (Ok(folder), Ok(program)) if program.starts_with(folder))
}

/// Becomes the program that is to run, if that is another. Returns when it is this one.
pub fn hand_over(data: &Path, packaged: Version) {
    if is_released(data) {
        return;
    }
    // Held while another agent runs on this data: what it tries is not to be counted as failed.
    let Ok(_lock) = crate::run::lock(data) else { return };
    let releases = Releases::of(data);
    let boot = fs::read_to_string(BOOT).unwrap_or_default();
    loop {
        match choose(&releases, packaged, boot.trim()) {
            Ok(Choice::Package) => return,
            Ok(Choice::Release(version)) => {
                let program = releases.program(version);
                // The lock ends with this program.
                let error = Command::new(program).args(env::args_os().skip(1)).exec();
                tracing::error!(%version, %error, "the release can't be started; going back");
                if releases.revert(version, Why::CantStart).is_err() {
                    return;
                }
            }
            Err(error) => {
                // Nothing is tried that can't be noted: it could not be gone back from.
                tracing::error!(%error, "which release is to run can't be noted; the package's program runs");
                return;
            }
        }
    }
}
