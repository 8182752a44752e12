//! The clip folder: immutable files named by the SHA-256 of their bytes.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use loa_protocol::ClipHash;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, local::LocalFileSystem, path::Path as Key,
};

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
}

fn key(hash: &ClipHash) -> Key {
    // Two levels, so that no folder gets a file for each bulletin of ten years.
    Key::from(format!("{}/{}.ogg", &hash.as_str()[..2], hash))
}

impl ClipFolder {
    /// Opens the folder, made if it isn't there.
    pub fn open(folder: &Path) -> Result<Self, ClipError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| object_store::Error::Generic { store: "folder", source: Box::new(error) })?;
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)) })
    }

    /// Keeps a clip; its name.
    pub async fn keep(&self, ogg: Bytes) -> Result<ClipHash, ClipError> {
        let hash = ClipHash::of(&ogg);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&key(&hash), ogg.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(hash),
            Err(error) => Err(error.into()),
        }
    }

    /// A clip's bytes, checked against its name: what goes on air is what was approved.
    pub async fn read(&self, hash: &ClipHash) -> Result<Bytes, ClipError> {
        let bytes = self.store.get(&key(hash)).await?.bytes().await?;
        if ClipHash::of(&bytes) == *hash { Ok(bytes) } else { Err(ClipError::Damaged(hash.clone())) }
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
    async fn a_clip_that_was_changed_on_disk_does_not_go_on_air() {
        let folder = tempfile::tempdir().unwrap();
        let clips = ClipFolder::open(folder.path()).unwrap();
        let hash = clips.keep(Bytes::from_static(b"sound")).await.unwrap();
        let file = folder.path().join(&hash.as_str()[..2]).join(format!("{hash}.ogg"));
        std::fs::write(file, b"SOUND").unwrap();
        assert!(matches!(clips.read(&hash).await, Err(ClipError::Damaged(_))));
    }
}
