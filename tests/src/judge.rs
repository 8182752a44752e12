//! What a hamlet heard, held against what it should have.

use std::{ops::Range, time::Duration};

use anyhow::{Context, Result, ensure};

use crate::{
    listen::{self, Match},
    soundcard::{Capture, Moment, Segment},
    world::AUDIBLE,
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

/// Where a stretch of what was heard stands in a clip.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The clip's frame that is the first of it to sound here.
    pub from: usize,
    /// How many of the clip's frames sounded, to the stretch's end or the clip's, whichever came first.
    pub frames: usize,
    /// When the clip's frame 0 sounded, or would have: nanoseconds of `CLOCK_MONOTONIC`.
    pub origin_ns: i64,
}

/// Finds which part of a clip a stretch of sound is; it must be nothing but that part. The clip should be speech: a decoder that starts in
/// the middle of a pure tone takes long to sound like one that didn't.
pub fn part_of(clip: &[f32], stretch: &Segment) -> Result<Part> {
    let heard = stretch.mono();
    let sound = listen::sounding(&heard, AUDIBLE).context("nothing was heard")?;
    let found = listen::find(&heard[sound.clone()], clip).context("nothing was heard")?;
    // Taken up in its middle, it fades in, and the decoder has forgotten what came before.
    ensure!(found.similarity >= 0.98, "what was heard is not a part of the clip: {found:?}");
    // A card that is opened for a sound begins with it; what is silent at the beginning is the clip's own.
    let from = found.offset - sound.start.cast_signed();
    let (from, lead) = (from.max(0).cast_unsigned(), (-from).max(0).cast_unsigned());
    let frames = (clip.len() - from).min(heard.len() - lead);
    let first = stretch.moment_of(lead).monotonic_ns;
    Ok(Part { from, frames, origin_ns: first - (from as f64 / 48_000.0 * 1e9) as i64 })
}

/// Some sound with silence around it.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// When its first audible frame sounded.
    pub at: Moment,
    /// Its samples, from the first audible one to the last.
    pub samples: Vec<f32>,
}

/// The stretches of sound in what was heard, in order, apart by pauses of at least `pause`.
pub fn stretches(capture: &Capture, pause: Duration) -> Vec<Stretch> {
    let mut found = Vec::new();
    for segment in &capture.segments {
        let mono = segment.mono();
        let pause = (pause.as_secs_f64() * f64::from(segment.rate)) as usize;
        let mut stretch: Option<Range<usize>> = None;
        let mut end = |stretch: Range<usize>| {
            found.push(Stretch { at: segment.moment_of(stretch.start), samples: mono[stretch].to_vec() });
        };
        for (frame, _) in mono.iter().enumerate().filter(|(_, sample)| sample.abs() >= AUDIBLE) {
            match &mut stretch {
                Some(open) if frame - open.end < pause => open.end = frame + 1,
                _ => {
                    if let Some(over) = stretch.replace(frame..frame + 1) {
                        end(over);
                    }
                }
            }
        }
        stretch.into_iter().for_each(&mut end);
    }
    found
}

/// Holds that nothing at all sounded.
pub fn heard_nothing(capture: &Capture) -> Result<()> {
    let loudest = listen::peak_dbfs(&capture.mono());
    ensure!(loudest <= listen::SILENCE_DBFS, "something sounded, at {loudest:.1} dBFS");
    Ok(())
}
