//! Ears for tests: what was heard, judged with numbers.
//!
//! Everything works on one channel of samples with full scale ±1. Nothing here knows the sound card or a program, and
//! each measure is itself tested with signals whose answer is known.

mod matching;
mod recording;

use std::ops::Range;

pub use matching::{Match, find};
pub use recording::Recording;

/// The level given for digital silence, in dBFS: below one step of 24 bits.
pub const SILENCE_DBFS: f64 = -150.0;

/// Decibels relative to full scale of an amplitude.
pub fn dbfs(amplitude: f64) -> f64 {
    if amplitude <= 0.0 { SILENCE_DBFS } else { (20.0 * amplitude.log10()).max(SILENCE_DBFS) }
}

/// The amplitude of a level in dBFS.
pub fn amplitude(dbfs: f64) -> f64 {
    10f64.powf(dbfs / 20.0)
}

/// Root mean square, in dBFS: a full-scale sine is -3.01, a full-scale square 0.
pub fn rms_dbfs(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    dbfs((energy / samples.len().max(1) as f64).sqrt())
}

/// The largest sample, in dBFS. Peaks between samples are not seen.
pub fn peak_dbfs(samples: &[f32]) -> f64 {
    dbfs(samples.iter().map(|s| f64::from(s.abs())).fold(0.0, f64::max))
}

/// From the first sample of at least `threshold` to after the last; `None` if there is none.
pub fn sounding(samples: &[f32], threshold: f32) -> Option<Range<usize>> {
    let first = samples.iter().position(|s| s.abs() >= threshold)?;
    let last = samples.iter().rposition(|s| s.abs() >= threshold)?;
    Some(first..last + 1)
}

/// Holes in the sound: runs of at least `shortest` samples below `threshold`, with sound before and after.
pub fn gaps(samples: &[f32], threshold: f32, shortest: usize) -> Vec<Range<usize>> {
    let Some(sound) = sounding(samples, threshold) else { return Vec::new() };
    let mut gaps = Vec::new();
    let mut quiet_since = None;
    for index in sound {
        if samples[index].abs() < threshold {
            quiet_since.get_or_insert(index);
        } else if let Some(start) = quiet_since.take()
            && index - start >= shortest
        {
            gaps.push(start..index);
        }
    }
    gaps
}

/// How far around a jump [`clicks`] looks, in samples: 2 ms at 48 kHz.
const NEIGHBOURHOOD: usize = 96;

/// Clicks: places where the signal jumps, from one sample to the next, by at least `smallest` (of full scale 1) and
/// five times as far as anywhere within 96 samples around. A sound cut off or begun without a ramp clicks; noise and
/// speech, whose neighbours jump as well, do not. Returns the index of the sample after each jump.
pub fn clicks(samples: &[f32], smallest: f32) -> Vec<usize> {
    const TIMES: f32 = 5.0;
    let jumps: Vec<f32> = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let stands_out = |index: usize| {
        let jump = jumps[index];
        let before = &jumps[index.saturating_sub(NEIGHBOURHOOD)..index];
        let after = &jumps[index + 1..(index + 1 + NEIGHBOURHOOD).min(jumps.len())];
        jump >= smallest && before.iter().chain(after).all(|&other| other * TIMES <= jump)
    };
    (0..jumps.len()).filter(|&index| stands_out(index)).map(|index| index + 1).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn sine(frames: usize, hertz: f64, amplitude: f64) -> Vec<f32> {
        let turn = std::f64::consts::TAU * hertz / 48_000.0;
        (0..frames).map(|n| (amplitude * (turn * n as f64).sin()) as f32).collect()
    }

    #[test]
    fn levels_are_those_of_textbook_signals() {
        let full = sine(48_000, 1_000.0, 1.0);
        assert!((rms_dbfs(&full) + 3.0103).abs() < 0.001, "{}", rms_dbfs(&full));
        assert!(peak_dbfs(&full).abs() < 0.001);
        let tenth = sine(48_000, 1_000.0, 0.1);
        assert!((peak_dbfs(&tenth) + 20.0).abs() < 0.001);
        assert!(rms_dbfs(&[1.0, -1.0]).abs() < 1e-9);
        assert!((amplitude(-6.0) - 0.501_187).abs() < 1e-6);
        for silent in [&[] as &[f32], &[0.0; 10]] {
            assert!((rms_dbfs(silent) - SILENCE_DBFS).abs() < 1e-9);
            assert!((peak_dbfs(silent) - SILENCE_DBFS).abs() < 1e-9);
        }
    }

    #[test]
    fn sound_reaches_from_the_first_loud_sample_to_the_last() {
        let mut samples = vec![0.0; 100];
        assert_eq!(sounding(&samples, 0.01), None);
        samples[20] = -0.5;
        samples[70] = 0.01;
        samples[80] = 0.009;
        assert_eq!(sounding(&samples, 0.01), Some(20..71));
    }

    #[rstest]
    #[case::none(0, 480, None)]
    #[case::shorter_than_asked(479, 480, None)]
    #[case::as_long_as_asked(480, 480, Some(10_000..10_480))]
    fn a_gap_is_silence_with_sound_on_both_sides(
        #[case] silent: usize,
        #[case] shortest: usize,
        #[case] expected: Option<Range<usize>>,
    ) {
        // A square wave, so that only the hole is quiet; silence before and after the sound is no gap.
        let mut samples = vec![0.0; 1_000];
        samples.extend((0..20_000).map(|n| if n / 24 % 2 == 0 { 0.5 } else { -0.5 }));
        samples.extend([0.0; 1_000]);
        samples[10_000..10_000 + silent].fill(0.0);
        assert_eq!(gaps(&samples, 0.01, shortest), Vec::from_iter(expected));
    }

    #[test]
    fn two_gaps_are_two() {
        let mut samples = vec![0.5; 1_000];
        samples[100..200].fill(0.0);
        samples[300..450].fill(0.001);
        assert_eq!(gaps(&samples, 0.01, 50), [100..200, 300..450]);
    }

    #[test]
    fn a_cut_a_hole_and_a_lost_stretch_click() {
        let whole = sine(48_000, 440.0, 0.5);
        assert!(clicks(&whole, 0.02).is_empty(), "a clean sine has no click");

        let peak = 27 + 109 * 100; // a quarter turn in, and whole turns on
        let mut cut = whole.clone();
        cut[peak..].fill(0.0);
        assert_eq!(clicks(&cut, 0.02), [peak]);

        let mut hole = whole.clone();
        hole[peak..peak + 500].fill(0.0);
        let found = clicks(&hole, 0.02);
        assert_eq!(found.first(), Some(&peak));

        let mut lost = whole.clone();
        lost.drain(peak..peak + 54); // half a turn: from the top to the bottom
        assert_eq!(clicks(&lost, 0.02), [peak]);
    }

    #[test]
    fn a_ramp_and_noise_do_not_click() {
        let mut ramped = sine(48_000, 440.0, 0.5);
        for (n, sample) in ramped[20_000..20_480].iter_mut().enumerate() {
            *sample *= 1.0 - n as f32 / 480.0;
        }
        ramped[20_480..].fill(0.0);
        assert!(clicks(&ramped, 0.02).is_empty());
        assert!(clicks(&matching::noise(48_000, 1), 0.02).is_empty());
    }
}
