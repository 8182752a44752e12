//! The amplifier between the sound device and the horns: awake before the first syllable, asleep when nothing plays.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;

/// Switches the amplifier. Called on the player's thread, so it must not block.
pub trait Amplifier: Send {
    /// Switch on.
    fn on(&mut self);
    /// Switch off.
    fn off(&mut self);
    /// How long before the first sample it must be on.
    fn lead(&self) -> Duration;
    /// How long after the last sample it stays on.
    fn linger(&self) -> Duration;
}

/// Which amplifier, as in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AmplifierConfig {
    /// Always on, or none.
    #[default]
    None,
    /// A program that is run with the argument `on` or `off`.
    Command {
        /// The program and its first arguments. Not a shell line.
        command: Vec<String>,
        /// How long before the first sample, milliseconds.
        #[serde(default = "default_lead")]
        lead_ms: u64,
        /// How long after the last sample, milliseconds.
        #[serde(default = "default_linger")]
        linger_ms: u64,
    },
}

fn default_lead() -> u64 {
    300
}

fn default_linger() -> u64 {
    5_000
}

impl AmplifierConfig {
    /// The amplifier so configured.
    pub fn make(&self) -> Box<dyn Amplifier> {
        match self {
            Self::None => Box::new(AlwaysOn),
            Self::Command { command, lead_ms, linger_ms } => Box::new(ByCommand {
                command: command.clone(),
                lead: Duration::from_millis(*lead_ms),
                linger: Duration::from_millis(*linger_ms),
                running: None,
            }),
        }
    }
}

struct AlwaysOn;

impl Amplifier for AlwaysOn {
    fn on(&mut self) {}
    fn off(&mut self) {}
    fn lead(&self) -> Duration {
        Duration::ZERO
    }
    fn linger(&self) -> Duration {
        Duration::ZERO
    }
}

struct ByCommand {
    command: Vec<String>,
    lead: Duration,
    linger: Duration,
    running: Option<Child>,
}

impl ByCommand {
    fn run(&mut self, word: &str) {
        if let Some(running) = &mut self.running {
            // The order of `on` and `off` matters more than a program that hangs.
            if !matches!(running.try_wait(), Ok(Some(_))) {
                tracing::warn!("the amplifier's program still ran when it was needed again; ended it");
                let _ = running.kill();
                let _ = running.wait();
            }
        }
        self.running = None;
        let Some((program, arguments)) = self.command.split_first() else { return };
        match Command::new(program)
            .args(arguments)
            .arg(word)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
        {
            Ok(child) => self.running = Some(child),
            Err(error) => tracing::error!(%program, %error, "the amplifier's program can't be run"),
        }
    }
}

impl Amplifier for ByCommand {
    fn on(&mut self) {
        self.run("on");
    }

    fn off(&mut self) {
        self.run("off");
    }

    fn lead(&self) -> Duration {
        self.lead
    }

    fn linger(&self) -> Duration {
        self.linger
    }
}

impl Drop for ByCommand {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.wait();
        }
    }
}
