//! Speech as the API offers it: the crate `speech`'s voices and readings in the API's words.

use bytes::Bytes;
use loa_speech::{Speech, SpeechError};

use crate::http::{
    problem::{Code, Problem},
    sound::{Reading, Voice},
};

/// Longest text, characters: an hour of speech, and more than anybody listens to.
pub const TEXT_CHARACTERS: usize = 20_000;

/// Refuses a text that has nothing to say or too much.
pub fn check_length(text: &str) -> Result<(), Problem> {
    let characters = text.chars().count();
    if characters > TEXT_CHARACTERS {
        return Err(Problem::new(Code::TextTooLong)
            .with("most", TEXT_CHARACTERS)
            .with("characters", characters));
    }
    if text.trim().is_empty() {
        return Err(Problem::new(Code::TextEmpty));
    }
    Ok(())
}

/// All voices.
pub fn voices(speech: &Speech) -> Vec<Voice> {
    let voice = |voice: &loa_speech::VoiceEntry| {
        Voice::new(
            voice.id.to_string(),
            voice.label_vi.to_string(),
            voice.label_en.to_string(),
            voice.language.to_string(),
        )
    };
    speech.voices().iter().map(voice).collect()
}

/// How a text will be read.
pub fn reading(text: &str) -> Reading {
    let reading = loa_speech::read(text);
    Reading::new(reading.text, reading.changes.into_iter().map(|change| (change.from, change.to)))
}

/// Speaks a text; a WAV file.
pub async fn speak(speech: &Speech, text: &str, voice: &str, rate: f32) -> Result<Bytes, Problem> {
    check_length(text)?;
    if !(0.5..=2.0).contains(&rate) {
        return Err(Problem::field("rate"));
    }
    let spoken = speech.speak(voice, text, rate).await.map_err(|error| refused(&error))?;
    Ok(spoken.wav.into())
}

fn refused(error: &SpeechError) -> Problem {
    match error.code() {
        "unknown_voice" => Problem::new(Code::VoiceUnknown),
        "empty" => Problem::new(Code::TextEmpty),
        "too_long" => Problem::new(Code::TextTooLong).with("most", TEXT_CHARACTERS),
        code => {
            tracing::error!(%error, "a voice could not speak");
            Problem::new(Code::SpeechFailed).with("cause", code)
        }
    }
}
