//! Fetches clips from the broker: mutual TLS with the broker's own CA and no other, streamed to disk, hashed on the way, continued
//! where it broke off, until it is whole or nobody needs it any more. What arrived stays on disk meanwhile, also when it is given up: a later
//! fetch goes on from there.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use loa_protocol::{ClipHash, ClipRef, Clock, ReleaseManifest, limits};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, StatusCode, header};
use ring::digest::{Context, SHA256};

use super::{Pace, finish, hash_into, pace::wait};
use crate::{clock::TlsTime, files, health, identity::Identity};

/// Bytes asked for at a time while no airing waits for a clip: what the system takes in before it is read would not be held back by any pace,
/// and is lost when the transfer breaks off.
const SLICE: u64 = 32 * 1024;
/// A release is large, and all nodes are told of it at once: its fetches are spread over so many times what those of a clip are.
const RELEASE_SPREAD: u32 = 10;
/// Longest wait for a connection or for the next bytes.
const PATIENCE: Duration = Duration::from_secs(15);
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// The same while no airing waits for it.
const LAST_RETRY_AHEAD: Duration = Duration::from_secs(5 * 60);

/// Why a clip wasn't fetched in time.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The broker can't be reached; passes by itself.
    #[error("the clip can't be fetched: {0}")]
    Unavailable(String),
    /// The broker doesn't give it.
    #[error("the broker answers {0}")]
    Refused(u16),
    /// What comes is not what the name says: the broker's clip folder is damaged.
    #[error("what the broker sends is not the clip")]
    Corrupt,
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The disk won't take it for another reason.
    #[error("the clip can't be written: {0}")]
    Disk(String),
    /// Larger than any clip may be, or than was said: the command is wrong.
    #[error("the clip is too large")]
    TooLarge,
}

/// What is fetched: where it lies below the broker's address, what its bytes are, and how many.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    folder: &'static str,
    sha256: &'a str,
    bytes: u64,
}

impl<'a> Wanted<'a> {
    fn clip(clip: &'a ClipRef) -> Self {
        Self { folder: "clips", sha256: clip.hash.as_str(), bytes: clip.bytes }
    }
}

/// Fetches clips, and releases of the agent. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    identity: Identity,
    clock: Arc<dyn Clock>,
    pub(super) pace: Pace,
}

impl Fetcher {
    /// Fetches from where the node enrolled; at `pace`, while no airing waits for a clip.
    pub fn new(identity: Identity, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        Self { identity, clock, pace }
    }

    /// Fetches a clip to `partial`, trying again until `until`; when it returns well, the file is whole and right. `hurry`: an airing
    /// waits for it. Without, what the disk or the broker refuses is not tried again here: another clip may have more luck meanwhile.
    pub async fn fetch(
        &self,
        clip: &ClipRef,
        partial: &Path,
        until: Timestamp,
        hurry: &AtomicBool,
        seed: u64,
    ) -> Result<(), FetchError> {
        if clip.bytes > limits::CLIP_BYTES {
            return Err(FetchError::TooLarge);
        }
        let left = || Duration::try_from(until.duration_since(self.clock.now())).unwrap_or_default();
        let mut chance = StdRng::seed_from_u64(self.pace.seed ^ seed);
        wait(self.pace.jitter.mul_f64(chance.random()).min(left()), hurry).await;
        let mut bound = FIRST_RETRY;
        loop {
            let before = arrived(partial);
            let tried = tokio::time::timeout(left(), self.try_once(Wanted::clip(clip), partial, hurry)).await;
            let error = match tried {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(FetchError::TooLarge)) => return Err(FetchError::TooLarge),
                Ok(Err(error)) => error,
                Err(_) => FetchError::Unavailable("its time is over".into()),
            };
            let hurried = hurry.load(Ordering::Relaxed);
            if !hurried && !matches!(error, FetchError::Unavailable(_)) {
                return Err(error);
            }
            if arrived(partial) > before {
                bound = FIRST_RETRY;
            }
            let pause = bound.mul_f64(chance.random_range(0.5..=1.0));
            bound = (bound * 2).min(if hurried { LAST_RETRY } else { LAST_RETRY_AHEAD });
            if pause >= left() {
                return Err(error);
            }
            tracing::info!(clip = %clip.hash, %error, wait_ms = pause.as_millis() as u64, "will fetch again");
            if hurried {
                tokio::time::sleep(pause).await;
            } else {
                wait(pause, hurry).await;
            }
        }
    }

    /// Fetches a release's program to `partial`, or goes on with it, once; when it returns well, the file is whole and right.
    pub async fn fetch_release(&self, release: &ReleaseManifest, partial: &Path) -> Result<(), FetchError> {
        if release.bytes > limits::RELEASE_BYTES {
            return Err(FetchError::TooLarge);
        }
        if arrived(partial) == 0 {
            let chance = StdRng::seed_from_u64(self.pace.seed).random::<f64>();
            tokio::time::sleep((self.pace.jitter * RELEASE_SPREAD).mul_f64(chance)).await;
        }
        let wanted = Wanted { folder: "releases", sha256: release.sha256.as_str(), bytes: release.bytes };
        self.try_once(wanted, partial, &AtomicBool::new(false)).await
    }

    async fn try_once(
        &self,
        wanted: Wanted<'_>,
        partial: &Path,
        hurry: &AtomicBool,
    ) -> Result<(), FetchError> {
        let mut arriving = Arriving::open(partial)?;
        if arriving.bytes < wanted.bytes {
            // Asked first, so that a full disk costs no traffic, however often this is tried.
            if health::disk_free(partial).is_some_and(|free| free < wanted.bytes - arriving.bytes) {
                return Err(FetchError::DiskFull);
            }
            self.download(wanted, &mut arriving, hurry).await?;
        }
        if arriving.bytes == wanted.bytes && arriving.finish()?.as_str() == wanted.sha256 {
            return Ok(());
        }
        let _ = std::fs::remove_file(partial);
        Err(FetchError::Corrupt)
    }

    async fn download(
        &self,
        wanted: Wanted<'_>,
        arriving: &mut Arriving,
        hurry: &AtomicBool,
    ) -> Result<(), FetchError> {
        let Wanted { folder, sha256, bytes } = wanted;
        let address = format!("{}/{folder}/{sha256}", self.identity.enrolled.http.trim_end_matches('/'));
        let client = client(&self.identity, &self.clock)?;
        let (began, before) = (self.clock.monotonic(), arriving.bytes);
        while arriving.bytes < bytes {
            let first = arriving.bytes;
            let slice = (!hurry.load(Ordering::Relaxed)).then(|| (first + SLICE).min(bytes) - 1);
            let range = match slice {
                Some(last) => Some(format!("bytes={first}-{last}")),
                None => (first > 0).then(|| format!("bytes={first}-")),
            };
            let request = client.get(&address);
            let request = match range {
                Some(range) => request.header(header::RANGE, range),
                None => request,
            };
            take_in(request.send().await.map_err(unavailable)?, bytes, arriving).await?;
            if arriving.bytes < slice.map_or(bytes, |last| last + 1) {
                return Err(FetchError::Unavailable("the transfer broke off".into()));
            }
            let elapsed = self.clock.monotonic().saturating_sub(began);
            wait(self.pace.hold_back(arriving.bytes.saturating_sub(before), elapsed), hurry).await;
        }
        Ok(())
    }

    /// From now on the node's new certificate is shown.
    pub fn set_identity(&mut self, identity: Identity) {
        self.identity = identity;
    }
}

/// Made for each try: fetches are rare, and an idle client costs memory.
pub(crate) fn client(identity: &Identity, clock: &Arc<dyn Clock>) -> Result<Client, FetchError> {
    let time = TlsTime::by(Arc::clone(clock));
    let tls = loa_mqtt::tls::client_config(&identity.tls(), Some(&time))
        .map_err(|error| FetchError::Unavailable(error.to_string()))?;
    let tls = (*tls).clone();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build()
        .map_err(unavailable)
}

/// Writes down what the broker answers, if it is what was asked for or goes on where it broke off.
async fn take_in(
    mut response: reqwest::Response,
    whole: u64,
    arriving: &mut Arriving,
) -> Result<(), FetchError> {
    match response.status() {
        StatusCode::PARTIAL_CONTENT if continues_at(&response, arriving.bytes) => {}
        StatusCode::OK => arriving.restart()?,
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => {
            arriving.restart()?;
            return Err(FetchError::Unavailable("the broker can't continue where it broke off".into()));
        }
        status => return Err(FetchError::Refused(status.as_u16())),
    }
    while let Some(bytes) = response.chunk().await.map_err(unavailable)? {
        if arriving.bytes + bytes.len() as u64 > whole {
            arriving.restart()?;
            return Err(FetchError::Corrupt);
        }
        arriving.write(&bytes)?;
    }
    Ok(())
}

/// How much of a clip has arrived.
fn arrived(partial: &Path) -> u64 {
    std::fs::metadata(partial).map_or(0, |about| about.len())
}

fn continues_at(response: &reqwest::Response, at: u64) -> bool {
    response
        .headers()
        .get(header::CONTENT_RANGE)
        .and_then(|range| range.to_str().ok()?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok())
        == Some(at)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn unavailable(error: reqwest::Error) -> FetchError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    FetchError::Unavailable(text)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn disk(error: io::Error) -> FetchError {
    if files::is_full(&error) { FetchError::DiskFull } else { FetchError::Disk(error.to_string()) }
}

/// A clip while it arrives.
struct Arriving {
    file: File,
    hash: Context,
    bytes: u64,
    path: PathBuf,
}

impl Arriving {
    fn open(path: &Path) -> Result<Self, FetchError> {
        let mut hash = Context::new(&SHA256);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(disk)?;
        let bytes = hash_into(&mut hash, &file).map_err(disk)?;
        Ok(Self { file, hash, bytes, path: path.to_owned() })
    }

    fn restart(&mut self) -> Result<(), FetchError> {
        self.hash = Context::new(&SHA256);
        self.bytes = 0;
        self.file.set_len(0).map_err(disk)?;
        self.file.seek(SeekFrom::Start(0)).map_err(disk)?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written in part is not in the hash.
            let _ = self.file.set_len(self.bytes);
            return Err(disk(error));
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// The name of what arrived, once it is safely on disk.
    fn finish(self) -> Result<ClipHash, FetchError> {
        self.file.sync_all().map_err(disk).inspect_err(|_| {
            let _ = std::fs::remove_file(&self.path);
        })?;
        Ok(finish(self.hash))
    }
}
