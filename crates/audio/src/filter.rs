//! The high-pass that keeps out of a horn what a horn cannot play.
//!
//! Below its cut-off a horn no longer loads the driver: the diaphragm swings wide, makes no sound and tears, and
//! the amplifier's power is spent on it. The reflex horns on village poles begin at 250 to 350 Hz. Speech loses
//! nearly nothing: the bands below 225 Hz carry about 2 % of its intelligibility (ANSI S3.5-1997, table 3, the 160
//! and 200 Hz bands), and the tones of Vietnamese are heard from the harmonics, as on a telephone, which
//! begins at 300 Hz (ITU-T G.712). Hence 250 Hz, fourth order: untouched above 400 Hz, 24 dB down at 125 Hz,
//! so that wind, handling and mains hum neither reach the horn nor take part in the loudness.

use std::f64::consts::TAU;

use crate::SAMPLE_RATE;

/// Quality of the two sections that make a fourth-order Butterworth filter: 1/(2 cos(π/8)), 1/(2 cos(3π/8)).
const SECTIONS: [f64; 2] = [0.541_196_100_146_197, 1.306_562_964_876_376_5];

/// A state this small is silence; left alone it would decay into denormal numbers, which are slow.
const SILENCE: f64 = 1e-25;

/// A Butterworth high-pass of the fourth order at 48 kHz.
#[derive(Debug, Clone)]
pub struct HighPass {
    sections: [Section; 2],
}

/// One section, in transposed direct form II; coefficients after R. Bristow-Johnson's "Audio EQ Cookbook".
#[derive(Debug, Clone)]
struct Section {
    b0: f64,
    b1: f64,
    a1: f64,
    a2: f64,
    s1: f64,
    s2: f64,
}

impl HighPass {
    /// A filter that is 3 dB down at `frequency` Hz (kept between 1 Hz and 20 kHz).
    pub fn new(frequency: f64) -> Self {
        let w = TAU * frequency.clamp(1.0, 20_000.0) / f64::from(SAMPLE_RATE);
        Self {
            sections: SECTIONS.map(|q| {
                let alpha = w.sin() / (2.0 * q);
                let a0 = 1.0 + alpha;
                let b0 = f64::midpoint(1.0, w.cos()) / a0;
                Section {
                    b0,
                    b1: -2.0 * b0,
                    a1: -2.0 * w.cos() / a0,
                    a2: (1.0 - alpha) / a0,
                    s1: 0.0,
                    s2: 0.0,
                }
            }),
        }
    }

    /// Filters the next samples in place.
    pub fn process(&mut self, samples: &mut [f32]) {
        for section in &mut self.sections {
            for sample in samples.iter_mut() {
                *sample = section.step(f64::from(*sample)) as f32;
            }
            if section.s1.abs() + section.s2.abs() < SILENCE {
                (section.s1, section.s2) = (0.0, 0.0);
            }
        }
    }
}

impl Section {
    fn step(&mut self, x: f64) -> f64 {
        let y = self.b0 * x + self.s1;
        self.s1 = self.b1 * x - self.a1 * y + self.s2;
        self.s2 = self.b0 * x - self.a2 * y;
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gain at a frequency, in dB, measured with a sine once the filter has settled.
    fn gain(filter: f64, frequency: f64) -> f64 {
        let mut tone: Vec<f32> =
            (0..96_000).map(|n| (TAU * frequency * f64::from(n) / 48_000.0).sin() as f32).collect();
        let power = |s: &[f32]| s[48_000..].iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        let before = power(&tone);
        HighPass::new(filter).process(&mut tone);
        10.0 * (power(&tone) / before).log10()
    }

    #[rstest::rstest]
    #[case(50.0, -55.9)]
    #[case(125.0, -24.1)]
    #[case(250.0, -3.01)]
    #[case(400.0, -0.1)]
    #[case(1_000.0, 0.0)]
    #[case(8_000.0, 0.0)]
    fn the_response_is_that_of_a_fourth_order_butterworth(#[case] frequency: f64, #[case] wanted: f64) {
        let found = gain(250.0, frequency);
        assert!((found - wanted).abs() < 0.1, "{found} dB at {frequency} Hz, not {wanted}");
    }

    #[test]
    fn blocks_make_no_difference() {
        let tone: Vec<f32> = (0..5_000).map(|n| (n as f32 * 0.37).sin()).collect();
        let (mut whole, mut parts) = (tone.clone(), tone);
        HighPass::new(250.0).process(&mut whole);
        let mut filter = HighPass::new(250.0);
        parts.chunks_mut(77).for_each(|block| filter.process(block));
        assert_eq!(whole, parts);
    }
}
