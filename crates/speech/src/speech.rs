//! All voices behind one door: reads a text as Vietnamese is read, picks the voice, bounds the work.

use std::{num::NonZeroUsize, sync::Arc};

use tokio::sync::Semaphore;

use crate::{
    TEXT_CHARACTERS,
    normalise::{Reading, read},
    voice::{SpeechError, Voice, VoiceEntry},
};

/// Speech and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// A mono WAV file.
    pub wav: Vec<u8>,
    /// How the text was read.
    pub reading: Reading,
}

/// All voices.
#[derive(Clone)]
pub struct Speech {
    speakers: Arc<[Box<dyn Voice>]>,
    turns: Arc<Semaphore>,
}

impl Speech {
    /// These voices, so many of them speaking at once.
    pub fn new(speakers: Vec<Box<dyn Voice>>, at_once: NonZeroUsize) -> Self {
        Self { speakers: speakers.into(), turns: Arc::new(Semaphore::new(at_once.get())) }
    }

    /// What can be chosen.
    pub fn voices(&self) -> Vec<VoiceEntry> {
        self.speakers.iter().flat_map(|speaker| speaker.voices().iter().copied()).collect()
    }

    /// Says a text.
    pub async fn speak(&self, voice: &str, text: &str, rate: f32) -> Result<Spoken, SpeechError> {
        let characters = text.chars().count();
        if characters > TEXT_CHARACTERS {
            return Err(SpeechError::TooLong { characters, most: TEXT_CHARACTERS });
        }
        let (speaker, entry) = self.find(voice)?;
        let reading = if entry.language == "vi" {
            read(text)
        } else {
            Reading { text: text.to_owned(), changes: Vec::new() }
        };
        let words = plain(&reading.text);
        if !words.chars().any(char::is_alphanumeric) {
            return Err(SpeechError::Empty);
        }
        let _turn = self.turns.acquire().await.map_err(|error| SpeechError::Failed(error.to_string()))?;
        let wav = speaker.speak(&entry, &words, rate).await?;
        Ok(Spoken { wav, reading })
    }

    fn find(&self, voice: &str) -> Result<(&dyn Voice, VoiceEntry), SpeechError> {
        for speaker in self.speakers.iter() {
            if let Some(entry) = speaker.voices().iter().find(|entry| entry.id == voice) {
                return Ok((speaker.as_ref(), *entry));
            }
        }
        Err(SpeechError::UnknownVoice(voice.to_owned()))
    }
}

/// A text without what a speaking program may take for a command: control characters (NUL ends a text in C), and the double
/// brackets by which espeak-ng takes phonemes.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '\n',
            '[' | ']' => ',',
            _ if c.is_control() => ' ',
            _ => c,
        })
        .collect()
}
