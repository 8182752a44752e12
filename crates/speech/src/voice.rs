//! What a voice is.

use std::{future::Future, pin::Pin};

/// A voice that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoiceEntry {
    /// Its name in requests and files.
    pub id: &'static str,
    /// What to call it in Vietnamese.
    pub label_vi: &'static str,
    /// What to call it in English.
    pub label_en: &'static str,
    /// BCP 47 language it speaks.
    pub language: &'static str,
}

/// Why nothing was said.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// There is nothing to say. The writer writes something.
    #[error("there is nothing to say")]
    Empty,
    /// More than a voice is given at once. The writer shortens it.
    #[error("the text has {characters} characters, more than {most}")]
    TooLong {
        /// What it has.
        characters: usize,
        /// What is taken.
        most: usize,
    },
    /// No voice of this name.
    #[error("there is no voice {0:?}")]
    UnknownVoice(String),
    /// The voice's program isn't installed; the operator installs it.
    #[error("{program} can't be started: {source}")]
    Missing {
        /// The program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The voice's program took too long and was ended. Trying again may help.
    #[error("the voice did not finish in time")]
    TimedOut,
    /// The voice's program failed.
    #[error("the voice failed: {0}")]
    Failed(String),
    /// What the program gave is no sound.
    #[error("the voice gave no sound: {0}")]
    NoSound(String),
}

impl SpeechError {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::UnknownVoice(_) => "unknown_voice",
            Self::Missing { .. } => "missing",
            Self::TimedOut => "timed_out",
            Self::Failed(_) => "failed",
            Self::NoSound(_) => "no_sound",
        }
    }
}

/// A WAV file to come.
pub type Speaking<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, SpeechError>> + Send + 'a>>;

/// Something that speaks.
pub trait Voice: Send + Sync {
    /// The voices it offers.
    fn voices(&self) -> &[VoiceEntry];

    /// Says a text that is already written out as it is read: a mono WAV file. `rate` is 1 for the voice's own speed.
    fn speak<'a>(&'a self, voice: &'a VoiceEntry, text: &'a str, rate: f32) -> Speaking<'a>;
}
