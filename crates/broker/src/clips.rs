//! The clip folder: immutable files named by the SHA-256 of their bytes.

use std::{io::ErrorKind, ops::Range, path::Path, sync::Arc};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use loa_protocol::ClipHash;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, local::LocalFileSystem,
    path::Path as Key,
};
use tokio::sync::{Mutex, MutexGuard};

/// The clip folder fails.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// No such clip.
    #[error("no such clip")]
    Unknown,
    /// The file's bytes are not what its name says: the disk is failing, or somebody changed it.
    #[error("clip {0} is damaged")]
    Damaged(ClipHash),
    /// The folder can't be read or written; for the operator.
    #[error("clip folder: {0}")]
    Folder(object_store::Error),
}

impl ClipError {
    /// Whether it is for want of room.
    pub fn is_full(&self) -> bool {
        let mut cause: Option<&dyn std::error::Error> = match self {
            Self::Folder(error) => Some(error),
            Self::Unknown | Self::Damaged(_) => None,
        };
        while let Some(error) = cause {
            let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            if matches!(io, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded)) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

impl From<object_store::Error> for ClipError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Unknown,
            error => Self::Folder(error),
        }
    }
}

/// Where clips are kept.
#[derive(Clone)]
pub struct ClipFolder {
    store: Arc<dyn ObjectStore>,
    /// What the names of its files end with.
    ending: &'static str,
    /// Held from keeping a clip until it is recorded: nobody else's clip is taken back meanwhile.
    recording: Arc<Mutex<()>>,
}

impl ClipFolder {
    /// Opens the folder, made if it isn't there.
    pub fn open(folder: &Path) -> Result<Self, ClipError> {
        Self::of_files(folder, "ogg")
    }

    /// The same of photos.
    pub fn of_photos(folder: &Path) -> Result<Self, ClipError> {
        Self::of_files(folder, "jpg")
    }

    fn of_files(folder: &Path, ending: &'static str) -> Result<Self, ClipError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| object_store::Error::Generic { store: "folder", source: Box::new(error) })?;
        let store = Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true));
        Ok(Self { store, ending, recording: Arc::default() })
    }

    fn key(&self, hash: &ClipHash) -> Key {
        // Two levels, so that no folder gets a file for each bulletin of ten years.
        Key::from(format!("{}/{}.{}", &hash.as_str()[..2], hash, self.ending))
    }

    /// Keeps a clip; its name.
    pub async fn keep(&self, ogg: Bytes) -> Result<ClipHash, ClipError> {
        let hash = ClipHash::of(&ogg);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.key(&hash), ogg.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(hash),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the turn to keep a clip and record it.
    pub async fn turn_to_record(&self) -> MutexGuard<'_, ()> {
        self.recording.lock().await
    }

    /// Takes a clip back that could not be recorded. In the turn to record only.
    pub async fn take_back(&self, hash: &ClipHash) {
        if let Err(error) = self.store.delete(&self.key(hash)).await {
            tracing::warn!(%hash, %error, "a clip that was not recorded stays in the folder");
        }
    }

    /// A clip's bytes, checked against its name: what goes on air is what was approved.
    pub async fn read(&self, hash: &ClipHash) -> Result<Bytes, ClipError> {
        let bytes = self.store.get(&self.key(hash)).await?.bytes().await?;
        if ClipHash::of(&bytes) == *hash { Ok(bytes) } else { Err(ClipError::Damaged(hash.clone())) }
    }

    /// How many bytes a clip has.
    pub async fn size(&self, hash: &ClipHash) -> Result<u64, ClipError> {
        Ok(self.store.head(&self.key(hash)).await?.size)
    }

    /// Some of a clip's bytes, by their numbers; it must have them. Not checked: who has the others checks the whole.
    pub async fn read_part(
        &self,
        hash: &ClipHash,
        part: Range<u64>,
    ) -> Result<BoxStream<'static, object_store::Result<Bytes>>, ClipError> {
        let options = GetOptions { range: Some(GetRange::Bounded(part)), ..GetOptions::default() };
        Ok(self.store.get_opts(&self.key(hash), options).await?.into_stream())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clip_is_found_by_its_hash_and_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let clips = ClipFolder::open(folder.path()).unwrap();
        let hash = clips.keep(Bytes::from_static(b"sound")).await.unwrap();
        assert_eq!(clips.keep(Bytes::from_static(b"sound")).await.unwrap(), hash);
        assert_eq!(clips.read(&hash).await.unwrap(), "sound");
        let other = ClipHash::of(b"other");
        assert!(matches!(clips.read(&other).await, Err(ClipError::Unknown)));
    }

    #[tokio::test]
    async fn a_clip_that_could_not_be_recorded_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let clips = ClipFolder::open(folder.path()).unwrap();
        let _turn = clips.turn_to_record().await;
        let hash = clips.keep(Bytes::from_static(b"sound")).await.unwrap();
        clips.take_back(&hash).await;
        assert!(matches!(clips.read(&hash).await, Err(ClipError::Unknown)));
    }

    #[test]
    fn want_of_room_is_told_from_other_faults() {
        let failed = |kind: ErrorKind| {
            ClipError::from(object_store::Error::Generic {
                store: "folder",
                source: Box::new(std::io::Error::from(kind)),
            })
        };
        assert!(failed(ErrorKind::StorageFull).is_full());
        assert!(!failed(ErrorKind::PermissionDenied).is_full());
        assert!(!ClipError::Unknown.is_full());
    }

    #[tokio::test]
    async fn a_clip_that_was_changed_on_disk_does_not_go_on_air() {
        let folder = tempfile::tempdir().unwrap();
        let clips = ClipFolder::open(folder.path()).unwrap();
        let hash = clips.keep(Bytes::from_static(b"sound")).await.unwrap();
        let file = folder.path().join(&hash.as_str()[..2]).join(format!("{hash}.ogg"));
        std::fs::write(file, b"SOUND").unwrap();
        assert!(matches!(clips.read(&hash).await, Err(ClipError::Damaged(_))));
    }
}
