//! Loudness and true peak after EBU R 128 (ITU-R BS.1770-4), of sound that comes in blocks.

use ebur128::{EbuR128, Mode};

use crate::SAMPLE_RATE;

/// The shortest sound that the standard can measure, in samples: one gating block of 400 ms.
const GATING_BLOCK: u64 = 19_200;

/// What was measured of a whole sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// Integrated loudness in LUFS; `None` if there is nothing above the standard's gate of -70 LUFS.
    pub integrated_lufs: Option<f64>,
    /// Highest true peak in dBTP; negative infinity for digital silence.
    pub true_peak_dbtp: f64,
    /// Samples that were measured.
    pub samples: u64,
}

/// Measures 48 kHz mono sound.
pub struct Meter {
    /// `None` never happens: the parameters are constant. It saves a panic.
    ebu: Option<EbuR128>,
    samples: u64,
}

impl Default for Meter {
    fn default() -> Self {
        Self { ebu: EbuR128::new(1, SAMPLE_RATE, Mode::I | Mode::TRUE_PEAK).ok(), samples: 0 }
    }
}

impl Meter {
    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        if let Some(ebu) = &mut self.ebu {
            // It can only fail on a wrong number of channels.
            let _ = ebu.add_frames_f32(samples);
        }
    }

    /// The measurement.
    ///
    /// A sound shorter than a gating block is measured as if it went on at the same loudness: silence is
    /// added up to one block, and the block's loudness raised by what the silence has taken.
    pub fn finish(mut self) -> Loudness {
        let samples = self.samples;
        let mut correction = 0.0;
        if (1..GATING_BLOCK).contains(&samples) {
            correction = 10.0 * (GATING_BLOCK as f64 / samples as f64).log10();
            self.push(&vec![0.0; (GATING_BLOCK - samples) as usize]);
        }
        let lufs = self.ebu.as_ref().and_then(|ebu| ebu.loudness_global().ok());
        let peak = self.ebu.as_ref().and_then(|ebu| ebu.true_peak(0).ok()).unwrap_or(0.0);
        Loudness {
            integrated_lufs: lufs.filter(|l| l.is_finite()).map(|l| l + correction),
            true_peak_dbtp: 20.0 * peak.log10(),
            samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;
    use std::time::Duration;

    fn measure(samples: &[f32]) -> Loudness {
        let mut meter = Meter::default();
        samples.chunks(1_000).for_each(|block| meter.push(block));
        meter.finish()
    }

    #[test]
    fn a_sine_of_1_khz_has_the_loudness_that_the_standard_gives_it() {
        // BS.1770-4: a 997 Hz sine at 0 dBFS in one front channel reads -3.01 LKFS.
        let found = measure(&tone::sine(997.0, Duration::from_secs(5), -20.0));
        assert!((found.integrated_lufs.unwrap() + 23.01).abs() < 0.05, "{found:?}");
        assert!((found.true_peak_dbtp + 20.0).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn a_short_sound_is_as_loud_as_a_long_one() {
        let found = measure(&tone::sine(997.0, Duration::from_millis(200), -20.0));
        // Its fades take a little.
        assert!((found.integrated_lufs.unwrap() + 23.01).abs() < 0.5, "{found:?}");
    }

    #[test]
    fn silence_has_no_loudness() {
        for samples in [vec![], vec![0.0; 100], vec![0.0; 48_000], vec![1e-6; 48_000]] {
            assert_eq!(measure(&samples).integrated_lufs, None);
        }
    }
}
