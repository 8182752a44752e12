//! From any sound to sound for horns: high-pass, one loudness for every clip, peaks held.
//!
//! Works in passes over a sound that can be replayed, so that an hour takes no more memory than a second: measure;
//! if the peaks are too high, find the gain at which the limited sound has the wanted loudness; then deliver.

use crate::decode::{Pcm, Warning};
use crate::filter::HighPass;
use crate::limiter::Limiter;
use crate::loudness::{Loudness, Meter};

/// Loudness below which a sound is called silent, in LUFS. A phone's own noise is about here; speech that quiet could
/// not be raised to anything a village understands.
pub const SILENT_LUFS: f64 = -60.0;
/// Gain from which a listener is told that noise was raised as well, in dB.
const QUIET_DB: f64 = 20.0;
/// Loudness this near to the wanted is good, in LU.
const TOLERANCE_LU: f64 = 0.1;
/// Loudness this far from the wanted is told, in LU.
const TELL_LU: f64 = 0.3;
/// Most that the limiter may be driven beyond the gain that the loudness asks for, in dB: more would crush the speech.
const MAX_DRIVE_DB: f64 = 6.0;
/// Passes in search of the gain.
const MAX_SEARCH: u32 = 5;
/// Samples of a block between replaying and filtering.
const BLOCK: usize = 4_800;

/// What the sound should become.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Integrated loudness in LUFS. Default -16, as for spoken podcasts: loud, yet with room for the peaks of speech.
    pub loudness_lufs: f64,
    /// True-peak ceiling in dBTP. Default -1.5: what Opus at low bitrates adds to peaks stays below full scale.
    pub true_peak_dbtp: f64,
    /// Corner of the high-pass in Hz. Default 250; see [`crate::filter`].
    pub high_pass_hz: f64,
    /// Bitrate of the clip in bit/s. Default 24,000: clear speech, 3 kB/s over a SIM card.
    pub bitrate: u32,
}

impl Default for Target {
    fn default() -> Self {
        Self { loudness_lufs: -16.0, true_peak_dbtp: -1.5, high_pass_hz: 250.0, bitrate: 24_000 }
    }
}

/// Sound ready for horns.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// 48 kHz mono samples, as many as came in.
    pub samples: Vec<f32>,
    /// What was done.
    pub levels: Levels,
    /// Those of the input, and what preparing adds to them.
    pub warnings: Vec<Warning>,
}

/// What preparing measured and did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Integrated loudness after the high-pass, before the gain, in LUFS.
    pub loudness_before_lufs: f64,
    /// Integrated loudness of the result, in LUFS.
    pub loudness_lufs: f64,
    /// True peak of the result, in dBTP.
    pub true_peak_dbtp: f64,
    /// Gain in dB.
    pub gain_db: f64,
    /// Whether the limiter is in use.
    pub limited: bool,
}

/// The sound is silent (below [`SILENT_LUFS`] once filtered) or has no samples. Whoever recorded it should check the
/// microphone. A silent clip is refused because it would be reported as played although nobody heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sound is silent")]
pub struct Silent;

/// Prepares sound in memory.
pub fn prepare(pcm: Pcm, target: &Target) -> Result<Prepared, Silent> {
    let Pcm { samples, mut warnings } = pcm;
    let mut replay = |each: &mut dyn FnMut(&[f32])| -> Result<(), Silent> {
        samples.chunks(BLOCK).for_each(each);
        Ok(())
    };
    let levels = find_levels(&mut replay, target)?.ok_or(Silent)?;
    let mut out = Vec::with_capacity(samples.len());
    let mut chain = Chain::new(target, &levels);
    samples.chunks(BLOCK).for_each(|block| chain.process(block, &mut out));
    chain.finish(&mut out);
    warnings.extend(levels.warnings(target));
    Ok(Prepared { samples: out, levels, warnings })
}

/// Gives the whole sound, in blocks, to the function; may be called again and again.
pub(crate) type Replay<'a, E> = dyn FnMut(&mut dyn FnMut(&[f32])) -> Result<(), E> + 'a;

/// Finds the gain for a sound; `None` if it is silent.
pub(crate) fn find_levels<E>(replay: &mut Replay<'_, E>, target: &Target) -> Result<Option<Levels>, E> {
    let mut filter = HighPass::new(target.high_pass_hz);
    let before = measure(replay, |block, out| {
        let start = out.len();
        out.extend_from_slice(block);
        filter.process(&mut out[start..]);
    })?;
    let Some(loudness) = before.integrated_lufs.filter(|lufs| *lufs >= SILENT_LUFS) else {
        return Ok(None);
    };
    let plain = target.loudness_lufs - loudness;
    let mut levels = Levels {
        loudness_before_lufs: loudness,
        loudness_lufs: target.loudness_lufs,
        true_peak_dbtp: before.true_peak_dbtp + plain,
        gain_db: plain,
        limited: false,
    };
    if levels.true_peak_dbtp <= target.true_peak_dbtp {
        return Ok(Some(levels));
    }

    // The limiter takes loudness away: drive it harder until the loudness is right.
    levels.limited = true;
    for search in 1..=MAX_SEARCH {
        let mut chain = Some(Chain::new(target, &levels));
        let after = measure_to_end(replay, |block, out| match block {
            Some(block) => chain.iter_mut().for_each(|chain| chain.process(block, out)),
            None => chain.take().into_iter().for_each(|chain| chain.finish(out)),
        })?;
        levels.loudness_lufs = after.integrated_lufs.unwrap_or(f64::NEG_INFINITY);
        levels.true_peak_dbtp = after.true_peak_dbtp;
        let missing = target.loudness_lufs - levels.loudness_lufs;
        let next = (levels.gain_db + missing).min(plain + MAX_DRIVE_DB);
        if missing.abs() <= TOLERANCE_LU || search == MAX_SEARCH || (next - levels.gain_db).abs() < 0.01 {
            break;
        }
        levels.gain_db = next;
    }
    Ok(Some(levels))
}

fn measure<E>(
    replay: &mut Replay<'_, E>,
    mut process: impl FnMut(&[f32], &mut Vec<f32>),
) -> Result<Loudness, E> {
    measure_to_end(replay, |block, out| {
        if let Some(block) = block {
            process(block, out);
        }
    })
}

/// Measures what `process` makes of the sound; at its end `process` gets `None`.
fn measure_to_end<E>(
    replay: &mut Replay<'_, E>,
    mut process: impl FnMut(Option<&[f32]>, &mut Vec<f32>),
) -> Result<Loudness, E> {
    let mut meter = Meter::default();
    let mut out = Vec::new();
    replay(&mut |block| {
        out.clear();
        process(Some(block), &mut out);
        meter.push(&out);
    })?;
    out.clear();
    process(None, &mut out);
    meter.push(&out);
    Ok(meter.finish())
}

impl Levels {
    /// What a listener should be told.
    pub(crate) fn warnings(&self, target: &Target) -> impl Iterator<Item = Warning> + use<> {
        let quiet = target.loudness_lufs - self.loudness_before_lufs;
        let missing = target.loudness_lufs - self.loudness_lufs;
        let quiet = (quiet >= QUIET_DB).then_some(Warning::Quiet { gain_db: quiet });
        let below = (missing > TELL_LU).then_some(Warning::BelowLoudness { missing_lu: missing });
        quiet.into_iter().chain(below)
    }
}

/// High-pass, gain and limiter, a block at a time.
pub(crate) struct Chain {
    filter: HighPass,
    gain: f32,
    limiter: Option<Limiter>,
    block: Vec<f32>,
}

impl Chain {
    pub(crate) fn new(target: &Target, levels: &Levels) -> Self {
        Self {
            filter: HighPass::new(target.high_pass_hz),
            gain: 10_f64.powf(levels.gain_db / 20.0) as f32,
            limiter: levels.limited.then(|| Limiter::new(target.true_peak_dbtp)),
            block: Vec::new(),
        }
    }

    /// Takes the next samples; appends to `out` what is ready.
    pub(crate) fn process(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.block.clear();
        self.block.extend_from_slice(samples);
        self.filter.process(&mut self.block);
        match &mut self.limiter {
            Some(limiter) => limiter.process(&self.block, self.gain, out),
            None => out.extend(self.block.iter().map(|sample| sample * self.gain)),
        }
    }

    /// Appends the rest.
    pub(crate) fn finish(self, out: &mut Vec<f32>) {
        if let Some(limiter) = self.limiter {
            limiter.finish(out);
        }
    }
}
