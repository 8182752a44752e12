//! Clips on disk, by the SHA-256 of their bytes.
//!
//! A file that bears a clip's name has its bytes: attached clips are checked before they are kept, fetched ones while they
//! arrive, and found ones when they are played after a restart. What hasn't been used for longest goes first when the budget or the disk
//! is exhausted; a clip that an airing still needs, or that the plan names, never goes. What arrived of a clip before the agent or the
//! network stopped is kept as well, and continued.

mod fetch;
mod pace;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use loa_protocol::ClipHash;
use ring::digest::{Context, SHA256};

use crate::{files, health};

pub(crate) use fetch::client;
pub use fetch::{FetchError, Fetcher};
pub use pace::Pace;

const FOLDER: &str = "clips";
const PARTIAL: &str = "partial";

/// Clips on disk.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Bytes that all clips together may take.
    budget: u64,
    clips: HashMap<ClipHash, Clip>,
    /// Counts uses; the least is the oldest.
    uses: u64,
    needed: HashMap<ClipHash, usize>,
    /// What the plan names.
    planned: HashSet<ClipHash>,
    plan_known: bool,
}

#[derive(Debug)]
struct Clip {
    bytes: u64,
    used: u64,
    /// Its bytes were checked since the agent started.
    checked: bool,
}

impl Cache {
    /// Opens the cache in the data folder; a folder that can't be used is an empty cache.
    pub fn open(data: &Path, budget: u64) -> Self {
        let folder = data.join(FOLDER);
        if let Err(error) = fs::create_dir_all(folder.join(PARTIAL)) {
            tracing::warn!(path = %folder.display(), %error, "clips can't be kept on disk");
        }
        let mut found: Vec<_> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let hash: ClipHash = entry.file_name().to_str()?.parse().ok()?;
                let about = entry.metadata().ok()?;
                Some((about.modified().ok()?, hash, about.len()))
            })
            .collect();
        found.sort();
        let mut cache = Self {
            folder,
            budget,
            clips: HashMap::new(),
            uses: 0,
            needed: HashMap::new(),
            planned: HashSet::new(),
            plan_known: false,
        };
        for (_, hash, bytes) in found {
            cache.uses += 1;
            cache.clips.insert(hash, Clip { bytes, used: cache.uses, checked: false });
        }
        cache
    }

    /// Removes what arrived in part of clips that nobody waits for any more.
    fn drop_unfinished(&self) {
        for entry in fs::read_dir(self.folder.join(PARTIAL)).into_iter().flatten().flatten() {
            let clip: Option<ClipHash> = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if !clip.is_some_and(|clip| self.is_wanted(&clip)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn is_wanted(&self, hash: &ClipHash) -> bool {
        self.needed.contains_key(hash) || self.planned.contains(hash)
    }

    /// Where a clip's file is or will be.
    pub fn path(&self, hash: &ClipHash) -> PathBuf {
        self.folder.join(hash.as_str())
    }

    /// Where a clip is put while it arrives.
    pub fn partial_path(&self, hash: &ClipHash) -> PathBuf {
        self.folder.join(PARTIAL).join(hash.as_str())
    }

    /// The file of a clip, if its bytes are here and right.
    pub fn find(&mut self, hash: &ClipHash) -> Option<PathBuf> {
        let path = self.path(hash);
        let clip = self.clips.get_mut(hash)?;
        if !clip.checked {
            match hash_file(&path) {
                Ok((found, _)) if found == *hash => clip.checked = true,
                _ => {
                    tracing::warn!(clip = %hash, "a clip on disk is damaged; removed");
                    self.remove(hash);
                    return None;
                }
            }
        }
        self.uses += 1;
        clip.used = self.uses;
        Some(path)
    }

    /// Keeps the bytes of an attached clip, already checked. Not synchronised: a clip lost by a power cut is fetched again.
    pub fn keep(&mut self, hash: &ClipHash, bytes: &[u8]) -> io::Result<()> {
        if self.clips.contains_key(hash) {
            return Ok(());
        }
        self.make_room(bytes.len() as u64);
        match self.write(hash, bytes) {
            Err(error) if files::is_full(&error) => {
                self.empty();
                self.write(hash, bytes)
            }
            done => done,
        }
    }

    fn write(&mut self, hash: &ClipHash, bytes: &[u8]) -> io::Result<()> {
        let partial = self.partial_path(hash);
        fs::write(&partial, bytes).and_then(|()| self.adopt(hash)).inspect_err(|_| {
            let _ = fs::remove_file(&partial);
        })
    }

    /// Takes over the whole and checked file at [`Cache::partial_path`].
    pub fn adopt(&mut self, hash: &ClipHash) -> io::Result<()> {
        let partial = self.partial_path(hash);
        let bytes = fs::metadata(&partial)?.len();
        fs::rename(&partial, self.path(hash))?;
        self.uses += 1;
        self.clips.insert(hash.clone(), Clip { bytes, used: self.uses, checked: true });
        self.make_room(0);
        Ok(())
    }

    /// Whether a clip is on disk, as far as known without reading it.
    pub fn has(&self, hash: &ClipHash) -> bool {
        self.clips.contains_key(hash)
    }

    /// The plan names these: they are never evicted, even if they are more than the budget. Until this is first said nothing is evicted.
    pub fn keep_for_plan(&mut self, hashes: HashSet<ClipHash>) {
        let first = !std::mem::replace(&mut self.plan_known, true);
        if first || self.planned != hashes {
            self.planned = hashes;
            self.drop_unfinished();
            self.make_room(0);
        }
    }

    /// An airing needs this clip until [`Cache::release`].
    pub fn need(&mut self, hash: &ClipHash) {
        *self.needed.entry(hash.clone()).or_default() += 1;
    }

    /// An airing has done with this clip.
    pub fn release(&mut self, hash: &ClipHash) {
        if let Some(count) = self.needed.get_mut(hash) {
            *count -= 1;
            if *count == 0 {
                self.needed.remove(hash);
            }
        }
    }

    /// Removes clips until `more` bytes fit into the budget, the longest unused first.
    pub fn make_room(&mut self, more: u64) {
        let mut total: u64 = self.clips.values().map(|clip| clip.bytes).sum::<u64>() + more;
        while total > self.budget {
            let Some(hash) = self.least_needed() else { return };
            total -= self.clips.get(&hash).map_or(0, |clip| clip.bytes);
            self.remove(&hash);
        }
    }

    /// Removes clips until the disk itself has room for `more` bytes, the longest unused first.
    pub fn make_room_on_disk(&mut self, more: u64) {
        while health::disk_free(&self.folder).is_some_and(|free| free < more) {
            let Some(hash) = self.least_needed() else { return };
            self.remove(&hash);
        }
    }

    /// Removes everything that neither an airing nor the plan needs, because the disk is full.
    pub fn empty(&mut self) {
        if !self.plan_known {
            return;
        }
        let needless: HashSet<_> = self.clips.keys().filter(|hash| !self.is_wanted(hash)).cloned().collect();
        for hash in needless {
            self.remove(&hash);
        }
        self.drop_unfinished();
    }

    fn least_needed(&self) -> Option<ClipHash> {
        self.clips
            .iter()
            .filter(|(hash, _)| self.plan_known && !self.is_wanted(hash))
            .min_by_key(|(_, clip)| clip.used)
            .map(|(hash, _)| hash.clone())
    }

    fn remove(&mut self, hash: &ClipHash) {
        self.clips.remove(hash);
        if let Err(error) = fs::remove_file(self.path(hash))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(clip = %hash, %error, "a clip can't be removed");
        }
    }
}

/// Name and size of the clip that a file's bytes are.
fn hash_file(path: &Path) -> io::Result<(ClipHash, u64)> {
    let mut context = Context::new(&SHA256);
    let bytes = hash_into(&mut context, File::open(path)?)?;
    Ok((finish(context), bytes))
}

fn hash_into(context: &mut Context, mut from: impl Read) -> io::Result<u64> {
    let mut buffer = [0; 16 * 1024];
    let mut total = 0;
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(total),
            count => {
                context.update(&buffer[..count]);
                total += count as u64;
            }
        }
    }
}

fn finish(context: Context) -> ClipHash {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(context.finish().as_ref());
    ClipHash::from_sha256(sha256)
}
