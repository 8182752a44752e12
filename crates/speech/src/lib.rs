//! Vietnamese text to speech: how a text is read aloud, and voices that say it.
//!
//! Text → [`read`] (numbers, dates, abbreviations written out) → a [`Voice`] → WAV. The voices are programs of their own, run as child
//! processes; nothing of theirs is linked.

mod espeak;
pub mod normalise;
mod speech;
mod voice;
mod wav;

pub use espeak::Espeak;
pub use normalise::{Certainty, Change, Reading, normalise, read};
pub use speech::{Speech, Spoken};
pub use voice::{Speaking, SpeechError, Voice, VoiceEntry};

/// Longest text that is spoken, characters: about an hour.
pub const TEXT_CHARACTERS: usize = 20_000;
