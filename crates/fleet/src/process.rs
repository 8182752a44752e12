//! One child process: found, started, its output collected, signalled, and never left behind.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::log::{self, Tail};

/// Names the folder of the programs, when they are not beside the running one.
pub const BIN_DIR: &str = "LOA_BIN_DIR";

/// Why a program doesn't run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Build it (`make build`), or say where it is with `LOA_BIN_DIR`.
    #[error("{program} is not in {}; build it, or set {BIN_DIR}", .looked.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    NotFound {
        /// The program.
        program: String,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// The machine refused to start it, or to make its folder.
    #[error("{program} can't be started")]
    Io {
        /// The program.
        program: String,
        /// What the machine said.
        #[source]
        source: std::io::Error,
    },
    /// It ended before it was ready; its own words say why.
    #[error("{program} stopped before it was ready ({status}):\n{words}")]
    Ended {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// The end of its log.
        words: String,
    },
    /// It runs but doesn't become ready.
    #[error("{program} was not ready within {limit:?}:\n{words}")]
    Slow {
        /// The program.
        program: String,
        /// How long was waited.
        limit: Duration,
        /// The end of its log.
        words: String,
    },
}

/// Where a program of this project is: in `LOA_BIN_DIR`, else beside the running program, else one folder above it (a test
/// runs from `target/debug/deps`).
pub fn find(program: &str) -> Result<PathBuf, StartError> {
    let mut folders = Vec::new();
    if let Some(folder) = std::env::var_os(BIN_DIR) {
        folders.push(PathBuf::from(folder));
    } else if let Ok(own) = std::env::current_exe() {
        folders.extend(own.ancestors().skip(1).take(2).map(Path::to_owned));
    }
    match folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => Err(StartError::NotFound { program: program.into(), looked: folders }),
    }
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Program {
    /// Name in messages.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Added to its environment.
    pub env: Vec<(OsString, OsString)>,
    /// Where its standard error goes.
    pub log: PathBuf,
    /// Out of reach of the terminal's Ctrl-C, so that the parent decides the order of stopping.
    pub own_group: bool,
}

/// A running child. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    tail: Tail,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
}

impl Process {
    /// Starts it.
    pub fn start(program: &Program) -> Result<Self, StartError> {
        let failed = |source| StartError::Io { program: program.name.clone(), source };
        if let Some(folder) = program.log.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut command = Command::new(&program.path);
        command
            .args(&program.args)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if program.own_group {
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(failed)?;
        let tail = Tail::default();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log::collect(stderr, program.log.clone(), tail.clone()));
        }
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        Ok(Self { name: program.name.clone(), child, tail, stdout })
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, until it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The end of what it wrote to standard error.
    pub fn last_words(&self) -> String {
        self.tail.text()
    }

    /// The next line of its standard output; `None` when that has ended.
    pub async fn line(&mut self) -> Option<String> {
        self.stdout.as_mut()?.next_line().await.ok().flatten()
    }

    /// Throws away what else it prints on standard output, so that it never blocks on a full pipe.
    pub fn drain(&mut self) {
        if let Some(mut lines) = self.stdout.take() {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        }
    }

    /// Sends a signal; does nothing to a process that has ended.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
        }
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills it at once, as a power cut would (SIGKILL), and waits for its end.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    /// Asks it to stop (SIGTERM); kills it when it hasn't within `patience`. `None` when it had to be killed.
    pub async fn stop(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::SIGTERM);
        if let Ok(Ok(status)) = tokio::time::timeout(patience, self.ended()).await {
            return Some(status);
        }
        self.kill().await;
        None
    }
}
