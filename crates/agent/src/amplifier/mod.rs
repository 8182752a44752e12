//! The amplifier between the sound device and the horns: awake before the first syllable, asleep when nothing plays.
//!
//! What can't be switched is tried again until it can, and is told as a fault; sound is never held up by it, for horns may be on all
//! the same. It is off when the agent begins and when it ends; after a crash, `loa-agent amplifier off` sees to that.

mod command;
mod gpio;

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use command::ByCommand;
use gpio::ByLine;
pub use gpio::LineName;

/// First wait before another try; doubles up to [`LAST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// How often the end of the agent looks whether the amplifier is off.
const LOOK: Duration = Duration::from_millis(10);

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
    /// Looks at what was begun, and tries again what failed; `now` is monotonic.
    fn tend(&mut self, _now: Duration) {}
    /// Whether it wants to be tended soon.
    fn busy(&self) -> bool {
        false
    }
    /// Why it isn't as it was told to be.
    fn fault(&self) -> Option<&Fault> {
        None
    }
    /// Whether there is anything to switch.
    fn is_there(&self) -> bool {
        true
    }
}

/// Why the amplifier could not be switched. Each is for the installer, and each may pass by itself: all are tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No such chip, or none at all.
    #[error("there is no GPIO chip {0:?}; `gpiodetect` lists those there are")]
    NoChip(String),
    /// The chip has no such line.
    #[error("there is no GPIO line {0}; `gpioinfo` lists those there are")]
    NoLine(String),
    /// Another program, or the kernel, has the line.
    #[error("GPIO line {0} is in use by another program or by the kernel; `gpioinfo` says by whom")]
    LineBusy(String),
    /// This user may not open the chip.
    #[error("{0} may not be opened: the agent's user must be in the group that owns it (gpio)")]
    NotPermitted(String),
    /// Any other answer of the kernel.
    #[error("the GPIO line can't be switched: {0}")]
    Line(String),
    /// The program can't be run.
    #[error("the amplifier's program {program} can't be run: {why}")]
    NotRun {
        /// Which.
        program: String,
        /// What the system says.
        why: String,
    },
    /// The program ended with an error.
    #[error("the amplifier's program said it failed ({0})")]
    ProgramFailed(String),
    /// The program did not end in time and was ended.
    #[error("the amplifier's program did not end within {0} s and was ended")]
    ProgramHangs(u64),
}

impl Fault {
    /// How heartbeats name it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoChip(_) => "amplifier_no_chip",
            Self::NoLine(_) => "amplifier_no_line",
            Self::LineBusy(_) => "amplifier_line_busy",
            Self::NotPermitted(_) => "amplifier_not_permitted",
            Self::Line(_) => "amplifier_line",
            Self::NotRun { .. } => "amplifier_not_run",
            Self::ProgramFailed(_) => "amplifier_program_failed",
            Self::ProgramHangs(_) => "amplifier_program_hangs",
        }
    }
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
    /// A line of a GPIO chip.
    Gpio {
        /// The chip's name (`gpiochip0`) or label (`pinctrl-rp1`); any chip that has the line, if absent.
        #[serde(default)]
        chip: Option<String>,
        /// The line's name (`GPIO17`) or offset on the chip (`17`).
        line: LineName,
        /// Whether the amplifier is on while the line is low.
        #[serde(default)]
        active_low: bool,
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
            Self::Command { command, lead_ms, linger_ms } => {
                Box::new(Switched::new(ByCommand::new(command.clone()), *lead_ms, *linger_ms))
            }
            Self::Gpio { chip, line, active_low, lead_ms, linger_ms } => {
                let line = ByLine::new(chip.clone(), line.clone(), *active_low);
                Box::new(Switched::new(line, *lead_ms, *linger_ms))
            }
        }
    }

    /// Whether it could be switched, so far as can be said without doing it.
    pub fn look(&self) -> Result<(), Fault> {
        match self {
            Self::None => Ok(()),
            Self::Command { command, .. } => command::look(command),
            Self::Gpio { chip, line, active_low, .. } => {
                ByLine::new(chip.clone(), line.clone(), *active_low).look()
            }
        }
    }

    /// Switches it off and waits until it is: for whatever cleans up after an agent that crashed.
    pub fn switch_off(&self) -> Result<(), Fault> {
        match self {
            Self::None => Ok(()),
            Self::Command { command, .. } => off_and_wait(&mut ByCommand::new(command.clone())),
            Self::Gpio { chip, line, active_low, .. } => {
                off_and_wait(&mut ByLine::new(chip.clone(), line.clone(), *active_low))
            }
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
    fn is_there(&self) -> bool {
        false
    }
}

/// How an amplifier is switched. Nothing blocks.
trait Switch: Send {
    /// Begins to switch; what was begun before and hasn't ended is given up.
    fn set(&mut self, on: bool) -> Result<(), Fault>;
    /// Whether what was begun is done.
    fn done(&mut self) -> Result<bool, Fault>;
}

#[allow(clippy::disallowed_methods)] // nobody else waits for it, and its patience is in real time
fn real_time() -> Instant {
    Instant::now()
}

fn off_and_wait(switch: &mut impl Switch) -> Result<(), Fault> {
    switch.set(false)?;
    while !switch.done()? {
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Keeps a switch as it was last told to be.
struct Switched<S: Switch> {
    switch: S,
    lead: Duration,
    linger: Duration,
    wanted: bool,
    /// Begun and not known to be done.
    begun: bool,
    fault: Option<Fault>,
    failures: u32,
    /// When to try again; absent until it is known what time it is.
    retry_at: Option<Duration>,
}

impl<S: Switch> Switched<S> {
    fn new(switch: S, lead_ms: u64, linger_ms: u64) -> Self {
        Self {
            switch,
            lead: Duration::from_millis(lead_ms),
            linger: Duration::from_millis(linger_ms),
            wanted: false,
            begun: false,
            fault: None,
            failures: 0,
            retry_at: None,
        }
    }

    fn set(&mut self, on: bool) {
        self.wanted = on;
        let result = self.switch.set(on);
        self.begun = result.is_ok();
        if let Err(fault) = result {
            self.failed(fault);
        }
    }

    fn failed(&mut self, fault: Fault) {
        self.begun = false;
        self.retry_at = None;
        self.failures = self.failures.saturating_add(1);
        if self.fault.as_ref() != Some(&fault) {
            tracing::error!(code = fault.code(), "{fault}; trying again");
        }
        self.fault = Some(fault);
    }
}

impl<S: Switch> Amplifier for Switched<S> {
    fn on(&mut self) {
        self.set(true);
    }

    fn off(&mut self) {
        self.set(false);
    }

    fn lead(&self) -> Duration {
        self.lead
    }

    fn linger(&self) -> Duration {
        self.linger
    }

    fn tend(&mut self, now: Duration) {
        if self.begun {
            match self.switch.done() {
                Ok(true) => {
                    self.begun = false;
                    self.failures = 0;
                    if self.fault.take().is_some() {
                        tracing::info!("the amplifier can be switched again");
                    }
                }
                Ok(false) => {}
                Err(fault) => self.failed(fault),
            }
        }
        if self.begun || self.fault.is_none() {
            return;
        }
        let wait = FIRST_RETRY.saturating_mul(1 << self.failures.saturating_sub(1).min(8)).min(LAST_RETRY);
        if now >= *self.retry_at.get_or_insert(now + wait) {
            self.set(self.wanted);
        }
    }

    fn busy(&self) -> bool {
        self.begun || self.fault.is_some()
    }

    fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

impl<S: Switch> Drop for Switched<S> {
    fn drop(&mut self) {
        if self.begun && !self.wanted {
            while matches!(self.switch.done(), Ok(false)) {
                thread::sleep(LOOK);
            }
        } else if (self.wanted || self.fault.is_some())
            && let Err(fault) = off_and_wait(&mut self.switch)
        {
            tracing::error!(code = fault.code(), "the amplifier may still be on: {fault}");
        }
    }
}

#[cfg(test)]
mod tests;
