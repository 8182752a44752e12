//! A small disk that can be full: a memory file system of its own, mounted below a folder.
//!
//! Full is full: every write that needs another block gets `ENOSPC` from the kernel, as on an SD card. Mounting needs root.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// What takes the room.
const BALLAST: &str = "ballast";

/// A mounted disk. Dropped, it is gone with all that is on it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// A disk of so many KiB at `folder`, which is made.
    pub fn mount(folder: &Path, kib: u32) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=0700"), "tmpfs"]).arg(folder);
        run(&mut mount).context("these tests mount a disk of their own, and need root for it")?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes all the room there is, to the last block.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = OpenOptions::new().append(true).create(true).open(self.folder.join(BALLAST))?;
        let mut piece = 64 * 1024;
        while piece > 0 {
            match ballast.write_all(&vec![b'.'; piece]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => piece /= 2,
                Err(error) => return Err(error).context("filling the disk"),
            }
        }
        let proof = self.folder.join("proof");
        let written = fs::write(&proof, [b'.'; 4096]);
        let _ = fs::remove_file(&proof);
        ensure!(written.is_err(), "the disk should be full");
        Ok(())
    }

    /// Gives so many KiB of the room back.
    pub fn give_back(&self, kib: u64) -> Result<()> {
        let ballast = OpenOptions::new().write(true).open(self.folder.join(BALLAST))?;
        let left = ballast.metadata()?.len().checked_sub(kib * 1024).context("there is not so much")?;
        Ok(ballast.set_len(left)?)
    }

    /// Gives all of the room back.
    pub fn free(&self) -> Result<()> {
        fs::remove_file(self.folder.join(BALLAST)).context("it was not filled")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a program that was killed may take a moment to let go of it.
        let _ = run(Command::new("umount").arg("-l").arg(&self.folder));
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_until_it_is_freed() {
        let below = tempfile::tempdir().unwrap();
        let disk = SmallDisk::mount(&below.path().join("disk"), 256).unwrap();
        let file = disk.folder().join("file");
        fs::write(&file, [b'x'; 8192]).unwrap();
        disk.fill().unwrap();
        let refused = OpenOptions::new().append(true).open(&file).unwrap().write_all(&[b'x'; 8192]);
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::StorageFull);
        disk.give_back(8).unwrap();
        fs::write(disk.folder().join("small"), [b'x'; 8192]).unwrap();
        fs::write(disk.folder().join("more"), [b'x'; 1]).unwrap_err();
        disk.free().unwrap();
        OpenOptions::new().append(true).open(&file).unwrap().write_all(&[b'x'; 8192]).unwrap();
        let folder = disk.folder().to_owned();
        drop(disk);
        assert!(!folder.join("file").exists(), "it is unmounted");
    }
}
