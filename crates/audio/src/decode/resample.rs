//! Any rate to 48 kHz, a block at a time, aligned to the sample: no delay at the start, none lost at the end.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

use super::DecodeError;
use crate::SAMPLE_RATE;

/// Rates that are taken, in Hz. Beyond them a header is more likely to be wrong than the sound to be of use.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Input samples of one transform, about: long enough for a steep filter, short enough for the ear not to hear it ring.
const CHUNK: usize = 1_024;

/// Input samples of one transform for a rate. Even, because the filter's middle must fall on a sample: with an odd
/// number the engine's output is half an input sample late.
fn chunk(rate: u32) -> usize {
    let (mut unit, mut rest) = (rate, SAMPLE_RATE);
    while rest > 0 {
        (unit, rest) = (rest, unit % rest);
    }
    let smallest = (rate / unit) as usize;
    let count = CHUNK.div_ceil(smallest);
    if (smallest * count).is_multiple_of(2) { smallest * count } else { smallest * (count + 1) }
}

/// Converts one stream to 48 kHz.
pub(super) enum ToOutputRate {
    /// It has that rate already.
    Same,
    /// It must be converted.
    Convert(Box<Converter>),
}

/// The state of a conversion.
pub(super) struct Converter {
    engine: Fft<f32>,
    rate: u32,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Output samples still to drop: the engine's delay.
    delay: usize,
    taken: u64,
    given: u64,
}

impl ToOutputRate {
    pub(super) fn from(rate: u32) -> Result<Self, DecodeError> {
        if rate == SAMPLE_RATE {
            return Ok(Self::Same);
        }
        if !RATES.contains(&rate) {
            return Err(DecodeError::UnsupportedCodec { detail: "sample rate" });
        }
        let engine = Fft::new_custom(
            rate as usize,
            SAMPLE_RATE as usize,
            chunk(rate),
            1,
            1,
            rubato::WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|_| DecodeError::UnsupportedCodec { detail: "sample rate" })?;
        let output = vec![0.0; engine.output_frames_max()];
        let delay = engine.output_delay();
        Ok(Self::Convert(Box::new(Converter {
            engine,
            rate,
            input: Vec::new(),
            output,
            delay,
            taken: 0,
            given: 0,
        })))
    }

    /// Converts `samples`; appends what is ready to `out`.
    pub(super) fn process(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<(), DecodeError> {
        match self {
            Self::Same => out.extend_from_slice(samples),
            Self::Convert(converter) => {
                converter.taken += samples.len() as u64;
                converter.input.extend_from_slice(samples);
                let mut at = 0;
                loop {
                    let need = converter.engine.input_frames_next();
                    if converter.input.len() - at < need {
                        break;
                    }
                    converter.run(at, need, out)?;
                    at += need;
                }
                converter.input.drain(..at);
            }
        }
        Ok(())
    }

    /// Appends the rest, so that the output is exactly as long as the input was.
    pub(super) fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), DecodeError> {
        let Self::Convert(converter) = self else { return Ok(()) };
        let total = converter.total();
        let left = converter.input.len();
        converter.run(0, left, out)?;
        converter.input.clear();
        while converter.given < total {
            converter.run(0, 0, out)?;
        }
        Ok(())
    }
}

impl Converter {
    /// Output samples that the input so far stands for.
    fn total(&self) -> u64 {
        let (rate, wanted) = (u128::from(self.rate), u128::from(SAMPLE_RATE));
        ((u128::from(self.taken) * wanted + rate / 2) / rate) as u64
    }

    /// Runs the engine on `length` pending input samples from `at`, silence after them.
    fn run(&mut self, at: usize, length: usize, out: &mut Vec<f32>) -> Result<(), DecodeError> {
        const FAULT: DecodeError = DecodeError::UnsupportedCodec { detail: "resampler" };
        let frames = self.output.len();
        let input = InterleavedSlice::new(&self.input[at..], 1, self.input.len() - at).map_err(|_| FAULT)?;
        let mut output = InterleavedSlice::new_mut(&mut self.output, 1, frames).map_err(|_| FAULT)?;
        let indexing = Indexing::new().partial_len(length);
        let (_, made) =
            self.engine.process_into_buffer(&input, &mut output, Some(&indexing)).map_err(|_| FAULT)?;
        let dropped = made.min(self.delay);
        self.delay -= dropped;
        let room = usize::try_from(self.total() - self.given).unwrap_or(usize::MAX);
        let kept = (made - dropped).min(room);
        out.extend_from_slice(&self.output[dropped..dropped + kept]);
        self.given += kept as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Power of `signal` over that of its difference to `wanted`, in dB.
    fn snr(signal: &[f32], wanted: impl Fn(usize) -> f64, range: std::ops::Range<usize>) -> f64 {
        let (mut power, mut error) = (0.0, 0.0);
        for n in range {
            power += wanted(n).powi(2);
            error += (f64::from(signal[n]) - wanted(n)).powi(2);
        }
        10.0 * (power / error).log10()
    }

    #[rstest::rstest]
    #[case(8_000)]
    #[case(11_025)]
    #[case(16_000)]
    #[case(22_050)]
    #[case(24_000)]
    #[case(32_000)]
    #[case(37_800)]
    #[case(44_100)]
    #[case(44_101)]
    #[case(88_200)]
    #[case(96_000)]
    #[case(192_000)]
    fn a_sine_keeps_its_shape_place_and_length(#[case] rate: u32) {
        let tone = |n: usize, rate: u32| 0.5 * (TAU * 997.0 * n as f64 / f64::from(rate)).sin();
        let input: Vec<f32> = (0..2 * rate as usize + 17).map(|n| tone(n, rate) as f32).collect();
        let mut out = Vec::new();
        let mut converter = ToOutputRate::from(rate).unwrap();
        for block in input.chunks(777) {
            converter.process(block, &mut out).unwrap();
        }
        converter.finish(&mut out).unwrap();
        let exact = input.len() as f64 * 48_000.0 / f64::from(rate);
        assert!((out.len() as f64 - exact).abs() <= 0.5, "{} {exact}", out.len());
        let snr = snr(&out, |n| tone(n, 48_000), 4_800..91_200);
        assert!(snr > 90.0, "{snr} dB");
    }

    #[test]
    fn the_shortest_sound_keeps_its_length() {
        for length in 0..20_usize {
            let mut out = Vec::new();
            let mut converter = ToOutputRate::from(44_100).unwrap();
            converter.process(&vec![0.5; length], &mut out).unwrap();
            converter.finish(&mut out).unwrap();
            assert_eq!(out.len(), (length * 480 + 220) / 441, "{length}");
        }
    }

    #[test]
    fn an_absurd_rate_is_refused() {
        for rate in [0, 1, 3_999, 384_001, u32::MAX] {
            assert!(ToOutputRate::from(rate).is_err(), "{rate}");
        }
    }
}
