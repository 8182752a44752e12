//! Files that survive a power cut: written whole or not at all, checked when read, set aside when damaged.
//!
//! A damaged file never stops the agent: it is renamed `NAME.corrupt-N` for whoever comes to look, and the agent goes on with
//! what it has. Only the newest few are kept, so that a failing card does not fill itself with its own ruins.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};

/// Damaged files of one name that are kept.
const KEPT_ASIDE: u32 = 4;
/// Hexadecimal digits of SHA-256 in front of each checked line: enough against accidents, which is what it is for.
const CHECK_DIGITS: usize = 16;

/// Writes `bytes` to `path` so that after a power cut either the old content is there or the new.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = with_suffix(path, "tmp");
    let written = (|| {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    fs::rename(&temporary, path)?;
    sync_folder_of(path)
}

/// Makes the names in the folder of `path` survive a power cut.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Renames a damaged file to the next free `NAME.corrupt-N`, dropping the oldest when there are many.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = free_place_aside(path);
    fs::rename(path, &aside)?;
    sync_folder_of(path)?;
    Ok(aside)
}

/// Where a damaged copy of `path` may be put.
pub fn free_place_aside(path: &Path) -> PathBuf {
    let place = |n: u32| with_suffix(path, &format!("corrupt-{n}"));
    let mut n = 1;
    while place(n).exists() {
        n += 1;
    }
    if let Some(oldest) = n.checked_sub(KEPT_ASIDE).filter(|oldest| *oldest > 0) {
        // An empty file stays, so that numbers keep growing.
        let _ = File::create(place(oldest));
    }
    place(n)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// A line that can tell whether it is whole: check digits, a space, the text, a line feed. The text has no line feed.
pub fn checked_line(text: &str) -> String {
    format!("{} {text}\n", check(text))
}

/// The text of a checked line (without its line feed); `None` if it is not what was written.
pub fn text_of(line: &[u8]) -> Option<&str> {
    let (digits, text) = std::str::from_utf8(line).ok()?.split_at_checked(CHECK_DIGITS)?;
    let text = text.strip_prefix(' ')?;
    (digits == check(text)).then_some(text)
}

fn check(text: &str) -> String {
    hex(&digest(&SHA256, text.as_bytes()).as_ref()[..CHECK_DIGITS / 2])
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the disk is full, or this user's part of it.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_any_byte_changed_is_not_believed() {
        let line = checked_line(r#"{"a":1}"#);
        let line = line.trim_end().as_bytes();
        assert_eq!(text_of(line), Some(r#"{"a":1}"#));
        for at in 0..line.len() {
            let mut bad = line.to_vec();
            bad[at] ^= 1;
            assert_eq!(text_of(&bad), None, "byte {at}");
            assert_eq!(text_of(&line[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn damaged_files_are_numbered_and_only_the_newest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan");
        for n in 1..=7_u32 {
            fs::write(&path, n.to_string()).unwrap();
            assert_eq!(set_aside(&path).unwrap(), folder.path().join(format!("plan.corrupt-{n}")));
        }
        let kept: Vec<_> = (1..=7_u32)
            .filter(|n| {
                fs::read_to_string(folder.path().join(format!("plan.corrupt-{n}"))).unwrap() == n.to_string()
            })
            .collect();
        assert_eq!(kept, [4, 5, 6, 7]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_content_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan");
        write_atomically(&path, b"old", 0o600).unwrap();
        fs::create_dir(folder.path().join("plan.tmp")).unwrap();
        assert!(write_atomically(&path, b"new", 0o600).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
