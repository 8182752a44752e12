//! Test tones and the chime: sound that needs no file, for "identify this node" and level checks.
//!
//! Every tone begins and ends softly, so that a horn never clicks.

use std::f64::consts::TAU;
use std::time::Duration;

use crate::SAMPLE_RATE;

/// Fade at both ends of a tone, in seconds: long enough not to click, too short to be noticed.
const FADE_S: f64 = 0.01;

/// A sine of `frequency` Hz whose peaks are at `level` dBFS (0 is full scale), as 48 kHz mono samples.
pub fn sine(frequency: f64, duration: Duration, level: f64) -> Vec<f32> {
    let samples = samples(duration);
    let amplitude = 10_f64.powf(level / 20.0);
    (0..samples)
        .map(|n| (amplitude * fade(n, samples) * (TAU * frequency * seconds(n)).sin()) as f32)
        .collect()
}

/// The two-tone chime that goes before a bulletin and marks an identified node: E5 then C5, two seconds in all,
/// peaks at `level` dBFS.
pub fn chime(level: f64) -> Vec<f32> {
    const NOTES: [(f64, f64); 2] = [(659.255, 0.0), (523.251, 0.7)];
    const SECONDS: f64 = 2.0;
    let samples = samples(Duration::from_secs_f64(SECONDS));
    let raw: Vec<f64> = (0..samples)
        .map(|n| {
            let sound: f64 = NOTES
                .iter()
                .filter_map(|(frequency, start)| {
                    let t = seconds(n) - start;
                    // A struck bar: the octave fades faster than the note; 10 ms to speak.
                    let attack = (t / FADE_S).min(1.0);
                    let phase = TAU * frequency * t;
                    (t >= 0.0).then(|| {
                        attack
                            * ((-3.0 * t).exp() * phase.sin() + 0.3 * (-6.0 * t).exp() * (2.0 * phase).sin())
                    })
                })
                .sum();
            sound * fade(n, samples)
        })
        .collect();
    let peak = raw.iter().fold(0.0_f64, |peak, s| peak.max(s.abs()));
    let gain = 10_f64.powf(level / 20.0) / peak;
    raw.into_iter().map(|s| (s * gain) as f32).collect()
}

fn samples(duration: Duration) -> usize {
    (duration.as_secs_f64() * f64::from(SAMPLE_RATE)).round() as usize
}

fn seconds(sample: usize) -> f64 {
    sample as f64 / f64::from(SAMPLE_RATE)
}

/// Raised-cosine gain at sample `n` of `samples`.
fn fade(n: usize, samples: usize) -> f64 {
    let from_end = seconds(n.min(samples - 1 - n));
    if from_end >= FADE_S { 1.0 } else { 0.5 - 0.5 * (TAU / 2.0 * from_end / FADE_S).cos() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_has_its_length_and_level_and_soft_ends() {
        let tone = sine(1_000.0, Duration::from_millis(500), -6.0);
        assert_eq!(tone.len(), 24_000);
        let peak = tone.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        assert!((20.0 * peak.log10() + 6.0).abs() < 0.01, "{peak}");
        assert!(tone[..10].iter().chain(&tone[23_990..]).all(|s| s.abs() < 0.01));
    }

    #[test]
    fn a_tone_of_no_length_is_empty() {
        assert_eq!(sine(1_000.0, Duration::ZERO, 0.0), Vec::<f32>::new());
    }

    #[test]
    fn the_chime_stays_at_its_level_and_ends_soft() {
        let chime = chime(-3.0);
        assert_eq!(chime.len(), 96_000);
        let peak = chime.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        assert!((20.0 * peak.log10() + 3.0).abs() < 0.01, "{peak}");
        assert!(chime[95_999].abs() < 1e-4);
    }
}
