//! An append-only file of checked lines. A torn end is cut off, damage in the middle is skipped; both are kept aside for inspection.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::files;

/// Freed when the disk is full, so that receipts of what sounds now still find room, bytes.
const RESERVE_BYTES: usize = 64 * 1024;

/// What was wrong with the file when it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// The last line was not whole: the power went while it was written.
    pub torn: bool,
    /// Lines elsewhere are not what was written: the card is failing.
    pub corrupt_lines: usize,
    /// The file couldn't be read at all.
    pub unreadable: bool,
}

#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    reserve: PathBuf,
    file: Option<File>,
    /// Bytes of whole lines in the file.
    length: u64,
    /// Bytes handed to the disk since it was opened.
    written: u64,
    /// Why there is no reserve.
    no_reserve: Option<io::ErrorKind>,
}

impl Lines {
    /// Opens or makes the file; hands each whole line's text to `line`.
    pub(super) fn open(path: &Path, mut line: impl FnMut(&str) -> bool) -> (Self, Damage) {
        let mut damage = Damage::default();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "the journal can't be read");
                damage.unreadable = true;
                let _ = files::set_aside(path);
                Vec::new()
            }
        };
        let mut good = 0;
        let mut pieces = bytes.split_inclusive(|b| *b == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let text = piece.strip_suffix(b"\n").and_then(files::text_of);
            if text.is_some_and(&mut line) {
                good += piece.len();
            } else if pieces.peek().is_none() {
                damage.torn = true;
            } else {
                damage.corrupt_lines += 1;
                good += piece.len();
            }
        }
        if damage.torn || damage.corrupt_lines > 0 {
            let kept = if damage.corrupt_lines > 0 { &bytes } else { &bytes[good..] };
            let aside = files::free_place_aside(path);
            if let Err(error) = fs::write(&aside, kept) {
                tracing::warn!(path = %aside.display(), %error, "the journal's damaged part can't be kept");
            }
        }
        let mut lines = Self {
            path: path.to_owned(),
            reserve: path.with_extension("reserve"),
            file: None,
            length: good as u64,
            written: 0,
            no_reserve: None,
        };
        if let Err(error) = lines.reopen() {
            tracing::error!(path = %path.display(), %error, "the journal can't be opened for writing");
        }
        lines.keep_reserve();
        (lines, damage)
    }

    fn reopen(&mut self) -> io::Result<&mut File> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::End(0))?;
        files::sync_folder_of(&self.path)?;
        Ok(self.file.insert(file))
    }

    /// Makes the reserve if it isn't there.
    pub(super) fn keep_reserve(&mut self) {
        self.no_reserve = None;
        if !self.reserve.exists()
            && let Err(error) = fs::write(&self.reserve, vec![b'.'; RESERVE_BYTES])
        {
            self.no_reserve = Some(error.kind());
            let _ = fs::remove_file(&self.reserve);
        }
    }

    /// Why there is no reserve, when there is none: it was used up, or could not be made.
    pub(super) fn no_reserve(&self) -> Option<io::ErrorKind> {
        self.no_reserve
    }

    /// Appends whole lines; all of them or, as far as readers see, none.
    pub(super) fn append(&mut self, lines: &str, sync: bool) -> io::Result<()> {
        match self.try_append(lines, sync) {
            Err(error) if files::is_full(&error) && fs::remove_file(&self.reserve).is_ok() => {
                self.no_reserve = Some(error.kind());
                self.try_append(lines, sync)
            }
            done => done,
        }
    }

    fn try_append(&mut self, lines: &str, sync: bool) -> io::Result<()> {
        let length = self.length;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.reopen()?,
        };
        let written =
            file.write_all(lines.as_bytes()).and_then(|()| if sync { file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => {
                self.length = length + lines.len() as u64;
                self.written += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Reopening cuts off what was written in part, now or when the disk works again.
                self.file = None;
                let _ = self.reopen();
                Err(error)
            }
        }
    }

    /// Replaces the whole content.
    pub(super) fn rewrite(&mut self, content: &str) -> io::Result<()> {
        files::write_atomically(&self.path, content.as_bytes(), 0o600)?;
        self.length = content.len() as u64;
        self.written += self.length;
        self.file = None;
        self.reopen()?;
        self.keep_reserve();
        Ok(())
    }

    /// As after a failed write: the next one opens the file anew.
    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }
}
