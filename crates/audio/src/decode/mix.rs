//! Many channels to one.

use symphonia::core::audio::{Channels, Position};

/// Which channels are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// All of them, weighted.
    All,
    /// The first (left) one only.
    First,
}

/// A stereo mix this much quieter than its louder channel means that the channels cancel each other: -15 dB as a
/// ratio of power. Speech in one channel only comes to -6 dB, unrelated channels to about -3 dB.
const CANCELLED: f64 = 0.032;

/// Mixes planes of samples to one, and watches whether they cancel.
pub(super) struct Mixer {
    mix: Mix,
    layout: Option<Channels>,
    weights: Vec<f32>,
    /// Power of the mix and of the two channels, summed over the sound.
    mixed: f64,
    sides: [f64; 2],
}

impl Mixer {
    pub(super) fn new(mix: Mix) -> Self {
        Self { mix, layout: None, weights: Vec::new(), mixed: 0.0, sides: [0.0; 2] }
    }

    /// Appends the mix of `planes` (one slice a channel, of equal length) to `out`.
    pub(super) fn mix(&mut self, planes: &[Vec<f32>], layout: &Channels, out: &mut Vec<f32>) {
        if self.layout.as_ref() != Some(layout) || self.weights.len() != planes.len() {
            self.weights = weights(layout, planes.len());
            self.layout = Some(layout.clone());
        }
        let Some(first) = planes.first() else { return };
        let start = out.len();
        if planes.len() == 1 || self.mix == Mix::First {
            out.extend(first.iter().map(|s| sane(*s)));
            return;
        }
        out.resize(start + first.len(), 0.0);
        for (plane, weight) in planes.iter().zip(&self.weights) {
            for (sum, sample) in out[start..].iter_mut().zip(plane) {
                *sum += weight * sane(*sample);
            }
        }
        if let [left, right] = planes {
            self.mixed += power(&out[start..]);
            self.sides[0] += power(left);
            self.sides[1] += power(right);
        }
    }

    /// Whether the channels of a stereo recording have cancelled each other.
    pub(super) fn cancels(&self) -> bool {
        self.mixed < CANCELLED * self.sides[0].max(self.sides[1])
    }
}

fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|s| f64::from(sane(*s)).powi(2)).sum()
}

/// A floating-point file may hold anything: what is not a number becomes silence, what is absurd is cut at 60 dB
/// above full scale, so that filters stay finite.
fn sane(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1_000.0, 1_000.0) } else { 0.0 }
}

/// Weight of each channel: centre and front in full, surrounds half as strong, no subwoofer (after the
/// mono mix of ITU-R BS.775, annex 4), scaled so that a sound in all channels keeps its level.
fn weights(layout: &Channels, count: usize) -> Vec<f32> {
    let raw: Vec<f32> = match layout {
        Channels::Positioned(positions) if positions.bits().count_ones() as usize == count && count > 2 => {
            positions.iter().map(weight).collect()
        }
        _ => vec![1.0; count],
    };
    let sum: f32 = raw.iter().sum();
    if sum > 0.0 { raw.iter().map(|w| w / sum).collect() } else { vec![1.0 / count as f32; count] }
}

fn weight(position: Position) -> f32 {
    if position == Position::FRONT_CENTER {
        1.0
    } else if position.intersects(Position::LFE1 | Position::LFE2) {
        0.0
    } else if position.intersects(
        Position::FRONT_LEFT
            | Position::FRONT_RIGHT
            | Position::FRONT_LEFT_CENTER
            | Position::FRONT_RIGHT_CENTER,
    ) {
        std::f32::consts::FRAC_1_SQRT_2
    } else {
        0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_5P1, CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};

    #[test]
    fn a_sound_in_all_channels_keeps_its_level() {
        for (layout, count) in
            [(CHANNEL_LAYOUT_MONO, 1), (CHANNEL_LAYOUT_STEREO, 2), (Channels::Discrete(7), 7)]
        {
            let mut out = Vec::new();
            Mixer::new(Mix::All).mix(&vec![vec![0.5; 4]; count], &layout, &mut out);
            assert!(out.iter().all(|s| (s - 0.5).abs() < 1e-6), "{count} {out:?}");
        }
    }

    #[test]
    fn the_subwoofer_is_left_out_and_the_centre_is_strongest() {
        let weights = weights(&CHANNEL_LAYOUT_5P1, 6);
        // Order of a WAV file: left, right, centre, subwoofer, two surrounds.
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(weights[3].abs() < 1e-9);
        assert!(weights[2] > weights[0] && weights[0] > weights[4], "{weights:?}");
    }

    #[test]
    fn opposite_channels_are_seen_to_cancel_and_one_silent_channel_is_not() {
        let wave: Vec<f32> = (0..480).map(|n| (n as f32 * 0.1).sin()).collect();
        for (right, cancels) in [
            (wave.iter().map(|s| -s).collect::<Vec<_>>(), true),
            (vec![0.0; 480], false),
            (wave.clone(), false),
        ] {
            let mut mixer = Mixer::new(Mix::All);
            mixer.mix(&[wave.clone(), right], &CHANNEL_LAYOUT_STEREO, &mut Vec::new());
            assert_eq!(mixer.cancels(), cancels);
        }
    }

    #[test]
    fn what_is_not_a_number_becomes_silence() {
        let mut out = Vec::new();
        let planes = [vec![f32::NAN, f32::INFINITY, 1e30, 0.5]];
        Mixer::new(Mix::All).mix(&planes, &CHANNEL_LAYOUT_MONO, &mut out);
        assert_eq!(out, [0.0, 0.0, 1_000.0, 0.5]);
    }
}
