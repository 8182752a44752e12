//! An amplifier that a program switches.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::unistd::{AccessFlags, access};

use super::{Fault, Switch, real_time};

/// Longest that the program may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether there is such a program, and this user may run it. A name without a slash is looked for on the path, as the system does.
pub(super) fn look(command: &[String]) -> Result<(), Fault> {
    let program = command.first().cloned().unwrap_or_default();
    let is_runnable = |path: &Path| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    let found = if program.contains('/') {
        is_runnable(program.as_ref())
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| is_runnable(&folder.join(&program)))
    };
    let why = || Fault::NotRun {
        program: program.clone(),
        why: "there is no such program that this user may run".into(),
    };
    if found { Ok(()) } else { Err(why()) }
}

pub(super) struct ByCommand {
    command: Vec<String>,
    pub(super) running: Option<(Child, Instant)>,
    pub(super) patience: Duration,
}

impl ByCommand {
    pub(super) fn new(command: Vec<String>) -> Self {
        Self { command, running: None, patience: PATIENCE }
    }

    fn end(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Switch for ByCommand {
    fn set(&mut self, on: bool) -> Result<(), Fault> {
        if !matches!(self.done(), Ok(true)) {
            // The order of `on` and `off` matters more than a program that hangs.
            tracing::warn!("the amplifier's program still ran when it was needed again, or failed");
            self.end();
        }
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Fault::NotRun { program: String::new(), why: "none is named".into() });
        };
        let child = Command::new(program)
            .args(arguments)
            .arg(if on { "on" } else { "off" })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| Fault::NotRun { program: program.clone(), why: error.to_string() })?;
        self.running = Some((child, real_time()));
        Ok(())
    }

    fn done(&mut self) -> Result<bool, Fault> {
        let Some((child, since)) = &mut self.running else { return Ok(true) };
        match child.try_wait() {
            Ok(None) if since.elapsed() < self.patience => Ok(false),
            Ok(None) => {
                self.end();
                Err(Fault::ProgramHangs(self.patience.as_secs()))
            }
            Ok(Some(status)) => {
                self.running = None;
                if status.success() { Ok(true) } else { Err(Fault::ProgramFailed(status.to_string())) }
            }
            Err(error) => {
                self.end();
                Err(Fault::ProgramFailed(error.to_string()))
            }
        }
    }
}

impl Drop for ByCommand {
    fn drop(&mut self) {
        self.end();
    }
}
