//! A child's output into a file of bounded size, with its last words kept for error messages.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
};

/// A log grows to this many bytes, then becomes `NAME.1` and a new one is begun: two of these a program at most.
const LIMIT: u64 = 5 * 1024 * 1024;
/// How much of the end is kept in memory, bytes.
const TAIL: usize = 4096;

/// The end of a log.
#[derive(Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    fn push(&self, bytes: &[u8]) {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(bytes);
        let surplus = tail.len().saturating_sub(TAIL);
        tail.drain(..surplus);
    }

    /// The last lines, as text.
    pub(crate) fn text(&self) -> String {
        let tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&tail).trim().to_owned()
    }
}

/// A log file that is turned over when it is full.
struct BoundedLog {
    path: PathBuf,
    file: File,
    written: u64,
    limit: u64,
}

impl BoundedLog {
    async fn open(path: &Path, limit: u64) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path).await?;
        let written = file.metadata().await?.len();
        Ok(Self { path: path.to_owned(), file, written, limit })
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.written + bytes.len() as u64 > self.limit {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            tokio::fs::rename(&self.path, old).await?;
            self.file = OpenOptions::new().create(true).append(true).open(&self.path).await?;
            self.written = 0;
        }
        self.file.write_all(bytes).await?;
        self.file.flush().await?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// Copies a stream to the log at `path` until it ends. A full disk loses the log, never stalls the child.
pub(crate) async fn collect(mut from: impl AsyncRead + Unpin, path: PathBuf, tail: Tail) {
    let mut log = BoundedLog::open(&path, LIMIT).await.ok();
    let mut buffer = vec![0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        tail.push(&buffer[..read]);
        if let Some(open) = &mut log
            && open.write(&buffer[..read]).await.is_err()
        {
            log = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_is_turned_over_when_full_and_stays_within_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let mut log = BoundedLog::open(&path, 100).await.unwrap();
        for n in 0..50 {
            log.write(format!("line {n:04}\n").as_bytes()).await.unwrap();
        }
        let (new, old) =
            (std::fs::read(&path).unwrap(), std::fs::read(folder.path().join("x.log.1")).unwrap());
        assert!(new.len() <= 100 && old.len() <= 100, "{} and {}", new.len(), old.len());
        assert!(String::from_utf8(new).unwrap().ends_with("line 0049\n"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn the_tail_keeps_the_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let tail = Tail::default();
        let spoken = ["filler\n".repeat(2000), "the last words\n".into()].concat();
        collect(spoken.as_bytes(), folder.path().join("x.log"), tail.clone()).await;
        assert!(tail.text().ends_with("the last words"));
        assert!(tail.text().len() <= TAIL);
        assert_eq!(std::fs::read_to_string(folder.path().join("x.log")).unwrap(), spoken);
    }
}
