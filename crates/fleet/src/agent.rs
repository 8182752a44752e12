//! A `loa-agent` under the fleet's control.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use nix::sys::signal::Signal;

use crate::{
    api::Claim,
    process::{self, Process, Program, StartError},
    supervision::{Patience, Supervision},
};

/// An agent that hasn't faded out and said farewell by then hangs.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// An agent that is gone is started again after this long (`RestartSec=` of its unit).
pub(crate) const RESTART_AFTER: Duration = Duration::from_secs(2);
/// Enrolment is one HTTPS request; an agent gives up by itself before this.
const ENROL_WITHIN: Duration = Duration::from_secs(60);

/// Where an agent's sound goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The machine's default sound device.
    Default,
    /// A PCM by its ALSA name.
    Alsa(String),
    /// Files of what would be heard, in this folder.
    Wav(PathBuf),
}

impl Output {
    fn argument(&self) -> OsString {
        match self {
            Self::Default => "default".into(),
            Self::Alsa(name) => format!("alsa:{name}").into(),
            Self::Wav(folder) => {
                let mut argument = OsString::from("wav:");
                argument.push(folder);
                argument
            }
        }
    }
}

/// How to start an agent.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// Name in messages.
    pub name: String,
    /// Its data folder.
    pub data: PathBuf,
    /// Where its sound goes.
    pub output: Output,
    /// Where its log goes.
    pub log: PathBuf,
    /// More arguments to `run`.
    pub args: Vec<OsString>,
    /// Added to its environment.
    pub env: Vec<(OsString, OsString)>,
    /// Out of reach of the terminal's Ctrl-C.
    pub own_group: bool,
    /// Be to it what a service manager is. Without one it never replaces itself by another release.
    pub supervised: Option<Patience>,
}

/// Why an agent isn't enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The agent could not be run.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The agent says why; a new claim code or another address puts it right.
    #[error("{said}")]
    Refused {
        /// Its exit code; each reason has its own.
        code: Option<i32>,
        /// What it wrote to standard error.
        said: String,
    },
}

impl AgentOptions {
    /// An agent with everything below `folder`.
    pub fn below(folder: &Path, name: &str, output: Output) -> Self {
        Self {
            name: name.to_owned(),
            data: folder.join("agents").join(name),
            output,
            log: folder.join("logs").join(format!("agent-{name}.log")),
            args: Vec::new(),
            // The nodes of one machine are few.
            env: vec![("LOA_AGENT_FETCH_JITTER_S".into(), "0".into())],
            own_group: false,
            supervised: None,
        }
    }

    fn program(&self, args: Vec<OsString>) -> Result<Program, StartError> {
        Ok(Program {
            name: format!("loa-agent {}", self.name),
            path: process::find("loa-agent")?,
            args,
            env: self.env.clone(),
            log: self.log.clone(),
            own_group: self.own_group,
        })
    }

    /// Runs `loa-agent enrol` with a claim to its end. Gives what it printed.
    pub async fn enrol(&self, claim: &Claim) -> Result<String, EnrolError> {
        self.run_enrol(vec![
            "--server".into(),
            claim.server.clone().into(),
            "--ca-fingerprint".into(),
            claim.ca_fingerprint.clone().into(),
            "--code".into(),
            claim.code.clone().into(),
        ])
        .await
    }

    /// The same with a claim file.
    pub async fn enrol_by_file(&self, claim: &Path) -> Result<String, EnrolError> {
        self.run_enrol(vec!["--claim".into(), claim.into()]).await
    }

    async fn run_enrol(&self, claim: Vec<OsString>) -> Result<String, EnrolError> {
        let mut args: Vec<OsString> = vec!["enrol".into(), "--data".into(), self.data.clone().into()];
        args.extend(claim);
        let program = self.program(args)?;
        if let Some(folder) = self.data.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|source| StartError::Io { program: program.name.clone(), source })?;
        }
        let run = tokio::process::Command::new(&program.path)
            .args(&program.args)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = match tokio::time::timeout(ENROL_WITHIN, run).await {
            Ok(Ok(output)) => output,
            Ok(Err(source)) => return Err(StartError::Io { program: program.name, source }.into()),
            Err(_) => {
                let slow =
                    StartError::Slow { program: program.name, limit: ENROL_WITHIN, words: String::new() };
                return Err(slow.into());
            }
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(EnrolError::Refused { code: output.status.code(), said: text(&output.stderr) })
        }
    }
}

/// A running agent. Dropping it kills it.
pub struct Agent {
    options: AgentOptions,
    process: Process,
    supervision: Option<Supervision>,
}

/// Why an agent is there no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It ended by itself.
    Ended,
    /// It was not ready in time, and was killed.
    NotReady,
    /// It gave no sign of life any more, and was killed.
    Hung,
}

impl Agent {
    /// Starts `loa-agent run`. That it has reached the broker is seen on the broker's side.
    pub fn start(options: AgentOptions) -> Result<Self, StartError> {
        let (process, supervision) = Self::launch(&options)?;
        Ok(Self { options, process, supervision })
    }

    fn launch(options: &AgentOptions) -> Result<(Process, Option<Supervision>), StartError> {
        let mut args: Vec<OsString> = vec!["run".into(), "--data".into(), options.data.clone().into()];
        args.extend(["--output".into(), options.output.argument()]);
        args.extend(options.args.iter().cloned());
        let mut program = options.program(args)?;
        let supervision = options.supervised.map(Supervision::new).transpose();
        let supervision =
            supervision.map_err(|source| StartError::Io { program: program.name.clone(), source })?;
        program.env.extend(supervision.iter().flat_map(Supervision::environment));
        let mut process = Process::start(&program)?;
        process.drain();
        Ok((process, supervision))
    }

    /// How it was started.
    pub fn options(&self) -> &AgentOptions {
        &self.options
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Its process id, until it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Kills it as a power cut would.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Freezes it (SIGSTOP): alive to the network stack, dead to everyone else.
    pub fn freeze(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// Asks it to stop, and waits. `None` when it had to be killed.
    pub async fn stop(&mut self) -> Option<ExitStatus> {
        self.process.stop(STOP_WITHIN).await
    }

    /// Starts it again, after [`Self::kill`] or [`Self::stop`].
    pub async fn start_again(&mut self) -> Result<(), StartError> {
        self.process.kill().await;
        (self.process, self.supervision) = Self::launch(&self.options)?;
        Ok(())
    }

    /// Waits until it is there no more. If it is supervised, it is killed when it isn't ready in time or gives no sign of life.
    pub async fn gone(&mut self) -> Gone {
        let Some(supervision) = &mut self.supervision else {
            let _ = self.process.ended().await;
            return Gone::Ended;
        };
        let was_ready = tokio::select! {
            _ = self.process.ended() => return Gone::Ended,
            was_ready = supervision.loses_patience() => was_ready,
        };
        self.process.kill().await;
        if was_ready { Gone::Hung } else { Gone::NotReady }
    }

    /// Keeps it running as its unit does: whenever it is gone it is started again. `say` is told why it was gone, and whether it had become ready.
    pub async fn keep(
        &mut self,
        say: &mut dyn FnMut(Gone, bool),
    ) -> Result<std::convert::Infallible, StartError> {
        loop {
            let gone = self.gone().await;
            say(gone, self.supervision.as_ref().is_some_and(Supervision::is_ready));
            tokio::time::sleep(RESTART_AFTER).await;
            self.start_again().await?;
        }
    }
}
