//! Where sound goes: a sound card, or a file that stands in for one. Both pull from the same [`Mixer`], at their own pace.

mod alsa;
mod wav;

use std::{
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use loa_protocol::Clock;
use serde::Deserialize;

pub use alsa::SoundCard;
pub use wav::WavFile;

use crate::player::mixer::Mixer;

/// A place that sound can go to. Opened when something is to sound, closed when nothing was for a while.
pub trait Output: Send {
    /// Opens it and starts pulling from `mixer`.
    fn open(&mut self, mixer: Mixer) -> Result<Box<dyn Stream>, OutputError>;

    /// Finds out whether it could be opened now, without a sound.
    fn probe(&mut self) -> Result<(), OutputError>;
}

/// An output that is open; closed by dropping it.
pub trait Stream: Send {
    /// Whether it stopped working: it must be dropped and opened anew.
    fn failed(&self) -> bool;
}

/// Why an output doesn't work. All but [`OutputError::Unsupported`] may pass by themselves; the player tries again for ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// No such device now: unplugged, or named wrongly in the configuration.
    #[error("there is no sound device {0}")]
    Absent(String),
    /// The device takes no sound format that we can make: for the installer (name a `plughw:` device).
    #[error("the sound device takes no format that the agent can make: {0}")]
    Unsupported(String),
    /// Busy, not permitted, or anything else the system says.
    #[error("the sound device can't be opened: {0}")]
    Failed(String),
}

/// Which output, as in the configuration: `alsa:NAME`, `wav:FOLDER` or `default`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OutputName {
    /// The system's default sound device.
    Default,
    /// An ALSA PCM by name: `plughw:CARD=Headphones,DEV=0`.
    Alsa(String),
    /// A folder that gets `NODE.wav`.
    Wav(PathBuf),
}

impl FromStr for OutputName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "default" => Ok(Self::Default),
            Some(("alsa", name)) if !name.is_empty() => Ok(Self::Alsa(name.to_owned())),
            Some(("wav", folder)) if !folder.is_empty() => Ok(Self::Wav(folder.into())),
            _ => Err(format!("{text:?} is not an output: write alsa:NAME, wav:FOLDER or default")),
        }
    }
}

impl TryFrom<String> for OutputName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl OutputName {
    /// The output so named, for the node called `node`.
    pub fn make(&self, node: &str, trouble: Trouble, clock: Arc<dyn Clock>) -> Box<dyn Output> {
        match self {
            Self::Default => Box::new(SoundCard::new(None, trouble)),
            Self::Alsa(name) => Box::new(SoundCard::new(Some(name.clone()), trouble)),
            Self::Wav(folder) => Box::new(WavFile::new(folder.join(format!("{node}.wav")), trouble, clock)),
        }
    }
}

/// Counts what went wrong with the output; shared with the heartbeat.
#[derive(Debug, Clone, Default)]
pub struct Trouble(Arc<AtomicU64>);

impl Trouble {
    /// One more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Set by an output's thread when it can't go on.
#[derive(Debug, Clone, Default)]
struct Failure(Arc<AtomicBool>);

impl Failure {
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_as_in_the_documentation() {
        for (text, expected) in [
            ("default", Some(OutputName::Default)),
            ("alsa:plughw:CARD=A,DEV=0", Some(OutputName::Alsa("plughw:CARD=A,DEV=0".into()))),
            ("wav:/tmp/heard", Some(OutputName::Wav("/tmp/heard".into()))),
            ("alsa:", None),
            ("wav:", None),
            ("pulse:x", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
