//! What a hamlet heard, held against what it should have.

use anyhow::{Context, Result, ensure};

use crate::{
    listen::{self, Match},
    soundcard::Capture,
};

/// Opus decoders agree to the sample, volume is a plain factor and a sound card takes 16 bit: what is the same clip is this alike. A clip
/// with a hole of 1 % is not.
const SAME: f64 = 0.998;
/// How far what was heard may be from the clip's level times the volume, dB.
const LEVEL_TOLERANCE_DB: f64 = 0.2;

/// Finds a clip in what was heard and holds it to be whole, once, at the right volume, with nothing else before or after it.
/// `volume` is the factor by voltage.
pub fn heard_whole(capture: &Capture, clip: &[f32], volume: f64) -> Result<Match> {
    let heard = capture.mono();
    let found = listen::find(clip, &heard).context("nothing was heard")?;
    ensure!(found.similarity >= SAME, "what was heard is not the clip: {found:?}");
    let level = 20.0 * (found.gain / volume).abs().log10();
    ensure!(found.gain > 0.0 && level.abs() <= LEVEL_TOLERANCE_DB, "{level:.2} dB off: {found:?}");
    let start = usize::try_from(found.offset).context("its beginning was cut off")?;
    ensure!(heard.len() >= start + clip.len(), "its end was cut off: {found:?} of {}", heard.len());
    for (place, outside) in [("before", &heard[..start]), ("after", &heard[start + clip.len()..])] {
        let loudest = listen::peak_dbfs(outside);
        ensure!(loudest < -80.0, "something sounded {place} the clip, at {loudest:.1} dBFS");
    }
    Ok(found)
}

/// Holds that nothing at all sounded.
pub fn heard_nothing(capture: &Capture) -> Result<()> {
    let loudest = listen::peak_dbfs(&capture.mono());
    ensure!(loudest <= listen::SILENCE_DBFS, "something sounded, at {loudest:.1} dBFS");
    Ok(())
}
