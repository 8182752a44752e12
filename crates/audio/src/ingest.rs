//! The whole way in: an uploaded file becomes a clip.

use crate::decode::{DecodeError, Limits, Mix, Pcm, Source, Warning, samples_to_duration};
use crate::opus_file::{EncodeError, Encoder};
use crate::prepare::{Chain, Levels, Replay, Silent, Target, find_levels};

/// Sound up to this length is kept in memory between the passes, longer sound is decoded again: 2 minutes, 23 MB.
const KEEP_SAMPLES: usize = 120 * crate::SAMPLE_RATE as usize;
/// Blocks are gathered to this many samples before they go on.
const BLOCK: usize = 4_800;

/// A processed sound, ready to be stored under the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// The Ogg Opus file.
    pub ogg: Vec<u8>,
    /// Its length in samples at 48 kHz.
    pub samples: u64,
    /// Its length in ms, rounded up.
    pub duration_ms: u64,
    /// Loudness and peak of the sound before encoding.
    pub levels: Levels,
    /// What whoever listens to the preview should be told.
    pub warnings: Vec<Warning>,
}

/// Why a file did not become a clip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The file cannot be used as it is. Its sender can send another.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// There is nothing to hear. Whoever recorded it should check the microphone.
    #[error(transparent)]
    Silent(#[from] Silent),
    /// The target's bitrate is wrong, or a fault of this program.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl IngestError {
    /// A stable word for the error, for `application/problem+json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.code(),
            Self::Silent(_) => "silent",
            Self::Encode(_) => "encode_failed",
        }
    }
}

/// Makes a clip of a file of any known format.
///
/// Takes the memory of the file, of two minutes of sound, and of the clip; the file is decoded two to seven times.
/// This is work for a blocking thread.
pub fn ingest(file: &[u8], limits: &Limits, target: &Target) -> Result<Clip, IngestError> {
    let mut recording = Recording { file, limits, mix: Mix::All, kept: Kept::Not, warnings: Vec::new() };
    recording.first()?;
    let mut warnings = std::mem::take(&mut recording.warnings);
    let levels = find_levels(&mut |each| recording.replay(each), target)?.ok_or(Silent)?;
    let (ogg, samples) = encode(&mut |each| recording.replay(each), target, &levels)?;
    warnings.extend(levels.warnings(target));
    Ok(Clip::new(ogg, samples, levels, warnings))
}

/// Makes a clip of sound in memory: synthesised speech, a recording from a live microphone.
pub fn clip(pcm: &Pcm, target: &Target) -> Result<Clip, IngestError> {
    let mut replay = |each: &mut dyn FnMut(&[f32])| -> Result<(), IngestError> {
        pcm.samples.chunks(BLOCK).for_each(each);
        Ok(())
    };
    let levels = find_levels(&mut replay, target)?.ok_or(Silent)?;
    let (ogg, samples) = encode(&mut replay, target, &levels)?;
    let warnings = pcm.warnings.iter().copied().chain(levels.warnings(target)).collect();
    Ok(Clip::new(ogg, samples, levels, warnings))
}

impl Clip {
    fn new(ogg: Vec<u8>, samples: u64, levels: Levels, warnings: Vec<Warning>) -> Self {
        let duration_ms = samples_to_duration(samples).as_micros().div_ceil(1_000) as u64;
        Self { ogg, samples, duration_ms, levels, warnings }
    }
}

fn encode(
    replay: &mut Replay<'_, IngestError>,
    target: &Target,
    levels: &Levels,
) -> Result<(Vec<u8>, u64), IngestError> {
    let mut encoder = Encoder::new(target.bitrate)?;
    let mut chain = Chain::new(target, levels);
    let mut out = Vec::new();
    let mut samples = 0;
    let mut failed = None;
    replay(&mut |block| {
        out.clear();
        chain.process(block, &mut out);
        samples += out.len() as u64;
        if failed.is_none() {
            failed = encoder.push(&out).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.clear();
    chain.finish(&mut out);
    samples += out.len() as u64;
    encoder.push(&out)?;
    Ok((encoder.finish()?, samples))
}

/// A file that can be decoded again and again.
struct Recording<'a> {
    file: &'a [u8],
    limits: &'a Limits,
    mix: Mix,
    kept: Kept,
    warnings: Vec<Warning>,
}

/// Samples kept from the first pass.
enum Kept {
    /// Too many to keep.
    Not,
    All(Vec<f32>),
}

impl Recording<'_> {
    /// Decodes once to see whether it can be, what is to be told, and whether the channels cancel each other.
    fn first(&mut self) -> Result<(), DecodeError> {
        let mut report = self.pass()?;
        if report.cancels {
            self.mix = Mix::First;
            report = self.pass()?;
            report.warnings.push(Warning::OneChannelUsed);
        }
        self.warnings = report.warnings;
        Ok(())
    }

    fn pass(&mut self) -> Result<crate::decode::Report, DecodeError> {
        let mut kept = Some(Vec::new());
        let report = decode_blocks(self.file, self.limits, self.mix, &mut |block| {
            if kept.as_ref().is_some_and(|kept: &Vec<f32>| kept.len() + block.len() > KEEP_SAMPLES) {
                kept = None;
            }
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(block);
            }
        })?;
        self.kept = kept.map_or(Kept::Not, Kept::All);
        Ok(report)
    }

    fn replay(&mut self, each: &mut dyn FnMut(&[f32])) -> Result<(), IngestError> {
        match &self.kept {
            Kept::All(samples) => samples.chunks(BLOCK).for_each(each),
            Kept::Not => {
                decode_blocks(self.file, self.limits, self.mix, each)?;
            }
        }
        Ok(())
    }
}

/// Decodes a file once, in blocks of [`BLOCK`] samples, so that every pass sees the same blocks.
fn decode_blocks(
    file: &[u8],
    limits: &Limits,
    mix: Mix,
    each: &mut dyn FnMut(&[f32]),
) -> Result<crate::decode::Report, DecodeError> {
    let mut source = Source::open(file, limits, mix)?;
    let mut pending = Vec::new();
    while source.next(&mut pending)? {
        let whole = pending.len() / BLOCK * BLOCK;
        pending[..whole].chunks(BLOCK).for_each(&mut *each);
        pending.drain(..whole);
    }
    pending.chunks(BLOCK).for_each(&mut *each);
    source.finish()
}
