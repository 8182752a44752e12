//! From a signed release to a program on disk that has tested itself: fetched, continued where it broke off, checked, put in its place whole, asked.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use loa_protocol::{ReleaseHash, ReleaseManifest, Version};
use ring::digest::{Context, SHA256};

use super::{ARRIVING, PROGRAM, Program, Releases, self_test};
use crate::{
    cache::{FetchError, Fetcher},
    config::Config,
    files, health,
};

/// What must be left on the disk for everything else, bytes.
const SPARED: u64 = 32 * 1024 * 1024;
/// A program that hasn't answered by then hangs. Reading a full journal on a slow card takes a second.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Why a release could not be prepared. Tried again later, all of them.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is no room for it.
    #[error("the disk has no room for it")]
    NoRoom,
    /// The disk refuses.
    #[error("{0}")]
    Disk(#[from] io::Error),
    /// It says itself that it can't run here.
    #[error("the release failed its self-test: {0}")]
    SelfTest(String),
}

impl PrepareError {
    /// The stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(FetchError::Unavailable(_)) => "unavailable",
            Self::Fetch(FetchError::Refused(_)) => "not_given",
            Self::Fetch(FetchError::Corrupt | FetchError::TooLarge) => "corrupt",
            Self::Fetch(FetchError::DiskFull) | Self::NoRoom => "no_room",
            Self::Fetch(FetchError::Disk(_)) | Self::Disk(_) => "disk_error",
            Self::SelfTest(_) => "self_test",
        }
    }
}

impl Releases {
    /// Fetches a release, puts it in its place and lets it test itself. What runs is not touched.
    pub async fn prepare(
        &self,
        release: &ReleaseManifest,
        fetcher: &Fetcher,
        program: &Program,
        data: &Path,
        config: &Config,
    ) -> Result<(), PrepareError> {
        // Not on this thread: ten megabytes are read or synchronised, and a stop must not wait for that.
        let (releases, wanted) = (self.clone(), release.clone());
        let held = tokio::task::spawn_blocking(move || releases.holds(&wanted)).await;
        if !held.unwrap_or(false) {
            let partial = self.room_for(release)?;
            fetcher.fetch_release(release, &partial).await?;
            let (releases, wanted) = (self.clone(), release.clone());
            tokio::task::spawn_blocking(move || releases.place(&wanted, &partial))
                .await
                .map_err(io::Error::other)??;
        }
        self.ask(release, program, data, config).await
    }

    /// Whether the program of a release is in its place, whole and right.
    pub(super) fn holds(&self, release: &ReleaseManifest) -> bool {
        self.hash_of(release.version).is_ok_and(|hash| hash == release.sha256)
    }

    /// What the program of a release on disk is.
    pub(super) fn hash_of(&self, version: Version) -> io::Result<ReleaseHash> {
        let mut hash = Hash(Context::new(&SHA256));
        io::copy(&mut File::open(self.program(version))?, &mut hash)?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(hash.0.finish().as_ref());
        Ok(ReleaseHash::from_sha256(sha256))
    }

    /// Where a release is put while it arrives. What arrived of others goes.
    fn room_for(&self, release: &ReleaseManifest) -> Result<PathBuf, PrepareError> {
        let folder = self.folder.join(ARRIVING);
        self.make_folder(&folder)?;
        for entry in fs::read_dir(&folder)?.flatten() {
            if entry.file_name() != release.sha256.as_str() {
                fs::remove_file(entry.path())?;
            }
        }
        let partial = folder.join(release.sha256.as_str());
        let arrived = fs::metadata(&partial).map_or(0, |about| about.len());
        let missing = release.bytes.saturating_sub(arrived);
        if health::disk_free(&folder).is_some_and(|free| free < missing + SPARED) {
            return Err(PrepareError::NoRoom);
        }
        Ok(partial)
    }

    /// Puts a whole and checked file in its place, by one rename.
    pub(super) fn place(&self, release: &ReleaseManifest, partial: &Path) -> io::Result<()> {
        let folder = self.folder.join(release.version.to_string());
        let beside = self.folder.join(format!("{}.new", release.version));
        for old in [&beside, &folder] {
            match fs::remove_dir_all(old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.make_folder(&beside)?;
        fs::set_permissions(partial, Permissions::from_mode(0o755))?;
        let program = beside.join(PROGRAM);
        fs::rename(partial, &program)?;
        File::open(&program)?.sync_all()?;
        files::sync_folder_of(&program)?;
        fs::rename(&beside, &folder)?;
        files::sync_folder_of(&folder)
    }

    /// Lets the new program say whether it could take over, and that it is the version it was signed as.
    async fn ask(
        &self,
        release: &ReleaseManifest,
        program: &Program,
        data: &Path,
        config: &Config,
    ) -> Result<(), PrepareError> {
        let mut asked = tokio::process::Command::new(self.program(release.version));
        asked.arg("self-test").args(&program.arguments).stdin(Stdio::null()).kill_on_drop(true);
        // It has nothing to tell whoever supervises this program.
        asked.env_remove("NOTIFY_SOCKET");
        let failed = |text: &str| PrepareError::SelfTest(text.chars().take(300).collect());
        let answer = match tokio::time::timeout(ANSWERS_WITHIN, asked.output()).await {
            Ok(answer) => answer.map_err(|error| failed(&format!("it can't be started: {error}")))?,
            Err(_) => return Err(failed("it did not end")),
        };
        let said = String::from_utf8_lossy(&answer.stderr);
        let said = said.trim();
        let silent = answer.status.code() == Some(self_test::SOUND.into());
        if silent && self_test::sounds(data, config).is_err() {
            tracing::warn!(said, "sound is not to be had by the new release, nor by this one");
        } else if !answer.status.success() {
            return Err(failed(if said.is_empty() { "it failed" } else { said }));
        }
        let word = self_test::word(&Program { version: release.version, ..program.clone() });
        if String::from_utf8_lossy(&answer.stdout).lines().any(|line| line == word) {
            Ok(())
        } else {
            Err(failed("it is not the version that it was signed as"))
        }
    }
}

struct Hash(Context);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
