//! Everything the broker is, in one file, and back: the database, the keys, the clips.
//!
//! A backup is taken while the broker runs. The database is copied as it is at one instant; clips never change, and are copied after it, so that each
//! clip the database names is there. What MQTT keeps is left out: the broker gives it again from the database. A restored folder is complete or isn't
//! there, and every byte of it is what was backed up: an archive that isn't one of ours, is damaged, or names places outside is refused whole.
//!
//! The file holds the keys. Whoever has it can speak to every horn.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, EntryType, Header};

use crate::{
    secrets::hex,
    store::{Store, StoreError},
};

/// The database, in the data folder.
pub(crate) const DATABASE: &str = "loa.db";
/// The last entry: what the others must be.
const MANIFEST: &str = "manifest.json";
/// Not a copy of the database's files, which change while they are read; and what MQTT keeps.
const LEFT_OUT: [&str; 4] = [DATABASE, "loa.db-wal", "loa.db-shm", "mqtt"];
/// Larger manifests are none of ours, bytes.
const MANIFEST_BYTES: u64 = 64 << 20;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error("{0} is not the data folder of a broker that has run")]
    NoBroker(PathBuf),
    /// The target is taken.
    #[error("{0} is there already and is not overwritten")]
    Exists(PathBuf),
    /// The disk, or permissions.
    #[error("{path}: {source}")]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The archive isn't one of ours, or not as it was written.
    #[error("the backup is not whole: {0}; nothing was restored")]
    NotWhole(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// Of this kind of archive.
    loa_backup: u32,
    made_at: Timestamp,
    /// SHA-256 by name.
    files: BTreeMap<String, String>,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Writes a backup of a data folder to a new file, readable by its owner alone; how many files it holds.
pub async fn back_up(data: &Path, to: &Path, now: Timestamp) -> Result<usize, BackupError> {
    let database = data.join(DATABASE);
    if !database.is_file() || !data.join("identity").is_dir() {
        return Err(BackupError::NoBroker(data.to_owned()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let work = tempfile::Builder::new().prefix(".loa-backup-").tempdir_in(parent).map_err(failed(parent))?;
    // Before the database, which is then never behind it.
    let head = fs::read(data.join("audit.head")).ok();
    let copy = work.path().join(DATABASE);
    Store::open(&database).await?.copy_to(&copy).await?;
    let archive = work.path().join("archive");
    let (data, made) = (data.to_owned(), archive.clone());
    let files = tokio::task::spawn_blocking(move || write_archive(&data, &copy, head, &made, now))
        .await
        .map_err(|error| BackupError::NotWhole(error.to_string()))??;
    fs::rename(&archive, to).map_err(failed(to))?;
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed(parent))?;
    Ok(files)
}

fn write_archive(
    data: &Path,
    database: &Path,
    head: Option<Vec<u8>>,
    archive: &Path,
    now: Timestamp,
) -> Result<usize, BackupError> {
    let file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(archive).map_err(failed(archive))?;
    let mut to = Builder::new(io::BufWriter::new(file));
    let mut files = BTreeMap::new();
    let mut put = |name: &str, path: &Path| -> Result<(), BackupError> {
        let file = File::open(path).map_err(failed(path))?;
        let length = file.metadata().map_err(failed(path))?.len();
        let mut counted = Hashed::new(file.take(length));
        append(&mut to, name, length, &mut counted).map_err(failed(path))?;
        files.insert(name.to_owned(), counted.finish());
        Ok(())
    };
    put(DATABASE, database)?;
    for (name, path) in files_below(data)? {
        if name != "audit.head" {
            put(&name, &path)?;
        }
    }
    if let Some(head) = head {
        let mut counted = Hashed::new(head.as_slice());
        append(&mut to, "audit.head", head.len() as u64, &mut counted).map_err(failed(archive))?;
        files.insert("audit.head".into(), counted.finish());
    }
    let count = files.len();
    let manifest = serde_json::to_vec(&Manifest { loa_backup: 1, made_at: now, files })
        .map_err(|error| BackupError::NotWhole(error.to_string()))?;
    append(&mut to, MANIFEST, manifest.len() as u64, &mut manifest.as_slice()).map_err(failed(archive))?;
    let file = to.into_inner().and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error));
    file.and_then(|file| file.sync_all()).map_err(failed(archive))?;
    Ok(count)
}

fn append(to: &mut Builder<impl Write>, name: &str, length: u64, content: &mut impl Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o600);
    header.set_entry_type(EntryType::Regular);
    to.append_data(&mut header, name, content)
}

/// All regular files, by their name below the folder; without what is half written.
fn files_below(data: &Path) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let (mut found, mut folders) = (Vec::new(), vec![data.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let path = entry.map_err(failed(&folder))?.path();
            let Some(name) = path.strip_prefix(data).ok().and_then(Path::to_str) else { continue };
            let half_written = path.extension().is_some_and(|end| end == "new" || end == "tmp");
            if LEFT_OUT.contains(&name) || half_written {
                continue;
            }
            let kind = fs::symlink_metadata(&path).map_err(failed(&path))?.file_type();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                found.push((name.to_owned(), path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Restores a backup into a data folder that doesn't exist yet, or is empty; how many files.
pub async fn restore(from: &Path, data: &Path) -> Result<usize, BackupError> {
    if data.exists() && fs::read_dir(data).map_err(failed(data))?.next().is_some() {
        return Err(BackupError::Exists(data.to_owned()));
    }
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed(parent))?;
    // Kept only when all of it is right.
    let owner_alone = Permissions::from_mode(0o700);
    let mut work = tempfile::Builder::new();
    let work = work.prefix(".loa-restore-").permissions(owner_alone).tempdir_in(parent);
    let work = work.map_err(failed(parent))?;
    let (archive, place) = (from.to_owned(), work.path().to_owned());
    let files = tokio::task::spawn_blocking(move || read_archive(&archive, &place))
        .await
        .map_err(|error| BackupError::NotWhole(error.to_string()))??;
    Store::open(&work.path().join(DATABASE)).await?.check_whole().await?;
    if data.exists() {
        fs::remove_dir(data).map_err(failed(data))?;
    }
    fs::rename(work.keep(), data).map_err(failed(data))?;
    Ok(files)
}

fn read_archive(from: &Path, to: &Path) -> Result<usize, BackupError> {
    let not_whole = |error: io::Error| BackupError::NotWhole(error.to_string());
    let mut archive = Archive::new(io::BufReader::new(File::open(from).map_err(failed(from))?));
    let (mut files, mut manifest) = (BTreeMap::new(), None);
    for entry in archive.entries().map_err(not_whole)? {
        let mut entry = entry.map_err(not_whole)?;
        let name = safe_name(&entry.path().map_err(not_whole)?)
            .filter(|_| entry.header().entry_type() == EntryType::Regular)
            .ok_or_else(|| BackupError::NotWhole("it names a place outside of the data folder".into()))?;
        if manifest.is_some() {
            return Err(BackupError::NotWhole("there is more behind its end".into()));
        }
        if name == MANIFEST {
            let mut text = Vec::new();
            entry.by_ref().take(MANIFEST_BYTES).read_to_end(&mut text).map_err(not_whole)?;
            let read: Manifest = serde_json::from_slice(&text)
                .map_err(|_| BackupError::NotWhole("its list of files can't be read".into()))?;
            manifest = Some(read);
            continue;
        }
        let path = to.join(&name);
        let folder = path.parent().unwrap_or(to);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed(&path))?;
        let mut counted = Hashed::new(entry);
        io::copy(&mut counted, &mut file).map_err(not_whole)?;
        file.sync_all().map_err(failed(&path))?;
        files.insert(name, counted.finish());
    }
    let manifest = manifest.ok_or_else(|| BackupError::NotWhole("its end is missing".into()))?;
    if manifest.loa_backup != 1 {
        return Err(BackupError::NotWhole("it was made by a newer version".into()));
    }
    let differs = manifest.files.iter().find(|(name, hash)| files.get(*name) != Some(hash));
    if let Some((name, _)) = differs {
        return Err(BackupError::NotWhole(format!("{name} is missing or damaged")));
    }
    if files.len() != manifest.files.len() || !files.contains_key(DATABASE) {
        return Err(BackupError::NotWhole("it holds other files than it lists".into()));
    }
    Ok(files.len())
}

/// A name of plain parts only.
fn safe_name(path: &Path) -> Option<String> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let name = path.to_str().filter(|name| !name.is_empty())?;
    path.components().all(plain).then(|| name.to_owned())
}

/// A reader that knows the SHA-256 of what went through it.
struct Hashed<R> {
    from: R,
    digest: Context,
}

impl<R: Read> Hashed<R> {
    fn new(from: R) -> Self {
        Self { from, digest: Context::new(&SHA256) }
    }

    fn finish(self) -> String {
        hex(self.digest.finish().as_ref())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.digest.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
        let path = folder.join("archive");
        let mut to = Builder::new(File::create(&path).unwrap());
        for (name, content) in entries {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            // As an attacker would: the library itself refuses such names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            to.append(&header, *content).unwrap();
        }
        to.into_inner().unwrap();
        path
    }

    #[tokio::test]
    async fn an_archive_that_is_not_a_whole_backup_restores_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = br#"{"loa_backup":1,"made_at":"2026-11-24T00:00:00Z","files":{"loa.db":"00"}}"#;
        let cases: [&[(&str, &[u8])]; 6] = [
            &[],
            &[("loa.db", b"x")],
            &[("loa.db", b"x"), ("manifest.json", b"rubbish")],
            &[("loa.db", b"x"), ("manifest.json", manifest)],
            &[("../outside", b"x"), ("manifest.json", manifest)],
            &[("/etc/outside", b"x"), ("manifest.json", manifest)],
        ];
        for entries in cases {
            let path = archive(folder.path(), entries);
            let data = folder.path().join("data");
            let error = restore(&path, &data).await.unwrap_err();
            assert!(matches!(error, BackupError::NotWhole(_)), "{error}");
            assert!(!data.exists());
            let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(left, ["archive"]);
        }
    }

    #[test]
    fn names_have_plain_parts_only() {
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "./x"] {
            assert_eq!(safe_name(Path::new(bad)), None, "{bad}");
        }
        assert_eq!(safe_name(Path::new("clips/ab/x.ogg")).as_deref(), Some("clips/ab/x.ogg"));
    }
}
