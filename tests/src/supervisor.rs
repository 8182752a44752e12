//! A service manager's ear: the socket that `Type=notify` programs report to. And a thread held fast, while the rest of its program runs on.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use nix::{
    sys::{
        ptrace,
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};

/// Hears what a program says of itself.
pub struct Ear {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Ear {
    /// One that listens at a path below `folder`.
    pub fn below(folder: &Path) -> Result<Self> {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path)?;
        Ok(Self { socket, path })
    }

    /// What the program's environment must say: where the ear is, and that it expects a sign of life that often.
    pub fn environment(&self, watchdog: Duration) -> Vec<(OsString, OsString)> {
        vec![
            ("NOTIFY_SOCKET".into(), self.path.clone().into()),
            ("WATCHDOG_USEC".into(), watchdog.as_micros().to_string().into()),
        ]
    }

    /// The next thing that is said within so long.
    pub fn hears(&self, within: Duration) -> Result<Option<String>> {
        self.socket.set_read_timeout(Some(within))?;
        let mut datagram = [0; 1024];
        match self.socket.recv(&mut datagram) {
            Ok(length) => Ok(Some(String::from_utf8_lossy(&datagram[..length]).trim_end().to_owned())),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets what was said so far.
    pub fn forget(&self) -> Result<()> {
        while self.hears(Duration::from_millis(1))?.is_some() {}
        Ok(())
    }
}

/// A thread of a child process that stands still until this is dropped. Not to be sent to another thread: the kernel lets only the one
/// that took hold let go.
pub struct Held {
    thread: Pid,
    _here: std::marker::PhantomData<*const ()>,
}

impl Held {
    /// Takes hold of the thread of this name.
    pub fn thread(process: u32, name: &str) -> Result<Self> {
        let found = fs::read_dir(format!("/proc/{process}/task"))?.filter_map(Result::ok).find(|task| {
            fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
        });
        let found = found.with_context(|| format!("no thread {name}"))?;
        let thread = Pid::from_raw(found.file_name().to_string_lossy().parse()?);
        ptrace::attach(thread)?;
        waitpid(thread, Some(WaitPidFlag::__WALL))?;
        Ok(Self { thread, _here: std::marker::PhantomData })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = ptrace::detach(self.thread, None);
    }
}
