//! Any recording that an official may upload, as 48 kHz mono samples.
//!
//! Promises: the answer to any bytes is sound or a [`DecodeError`] with a stable code, never a panic; memory
//! does not grow with the length of the recording (except in [`decode`], which returns it whole); a limit is
//! enforced by what was decoded, not by what a header claims. It must never guess sound out of rubbish: what
//! is not clearly a known format is refused, because noise would go out to a village.

mod aac;
mod edits;
mod error;
mod mix;
mod opus_track;
mod resample;
mod sniff;
mod source;
mod track;

use std::time::Duration;

pub use error::{DecodeError, Warning};
pub(crate) use mix::Mix;
pub(crate) use source::{Report, Source};

use crate::SAMPLE_RATE;

/// How much an upload may ask of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest sound that is accepted. Default 60 minutes: longer than any policy's session, and
    /// about 11 MB as a clip at 24 kbit/s.
    pub max_duration: Duration,
    /// Most channels that are mixed down. Default 8 (7.1).
    pub max_channels: usize,
    /// Largest file that is looked at, in bytes. Default 100 MiB.
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_duration: Duration::from_secs(60 * 60), max_channels: 8, max_bytes: 100 << 20 }
    }
}

impl Limits {
    /// [`max_duration`](Self::max_duration) in samples at 48 kHz.
    pub(crate) fn max_samples(&self) -> u64 {
        let nanos = self.max_duration.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000;
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

/// Sound in memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pcm {
    /// 48 kHz mono samples; ±1 is full scale.
    pub samples: Vec<f32>,
    /// What the listener should know of how it was decoded.
    pub warnings: Vec<Warning>,
}

impl Pcm {
    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        samples_to_duration(self.samples.len() as u64)
    }
}

/// The time that `samples` take at 48 kHz.
pub(crate) fn samples_to_duration(samples: u64) -> Duration {
    let rate = u64::from(SAMPLE_RATE);
    Duration::new(samples / rate, (samples % rate * 1_000_000_000 / rate) as u32)
}

/// Decodes a whole file to memory: 11.5 MB for each minute. [`ingest`](crate::ingest) needs far less.
///
/// Takes WAV, FLAC, MP3, AAC (ADTS), M4A/MP4 (AAC, Opus, FLAC), Ogg (Vorbis, Opus, FLAC), WebM/Matroska (Opus,
/// Vorbis, and the rest of these), told apart by their content, never by a name.
pub fn decode(file: &[u8], limits: &Limits) -> Result<Pcm, DecodeError> {
    let run = |mix| -> Result<_, DecodeError> {
        let mut source = Source::open(file, limits, mix)?;
        let mut samples = Vec::new();
        while source.next(&mut samples)? {}
        Ok((samples, source.finish()?))
    };
    let (samples, report) = run(Mix::All)?;
    if report.cancels {
        let (samples, mut report) = run(Mix::First)?;
        report.warnings.push(Warning::OneChannelUsed);
        return Ok(Pcm { samples, warnings: report.warnings });
    }
    Ok(Pcm { samples, warnings: report.warnings })
}
