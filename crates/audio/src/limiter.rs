//! A look-ahead limiter that holds the true peak, the peak between the samples included.
//!
//! What it promises: the output is as long as the input, later by nothing, and its true peak does not exceed the
//! ceiling. How: the signal is interpolated four times (ITU-R BS.1770-4, annex 2) to find each peak; the gain that
//! each peak needs is spread over the look-ahead before it by a moving minimum and two moving averages, so
//! that it is reached smoothly and in time; after it the gain recovers exponentially. Gain that needs no
//! change is exactly 1.

use std::collections::VecDeque;

/// Time in which the gain goes down before a peak: 5 ms, in samples. Shorter distorts, longer is heard.
const LOOK_AHEAD: usize = 240;
/// Samples around a peak for which its gain is held, so that its neighbours, from which the peak between them arises,
/// are reduced like it.
const HOLD: usize = 8;
/// Time constant of the recovery: 100 ms, in samples.
const RELEASE: f64 = 4_800.0;
/// Aimed below the ceiling by this, in dB: near half the sampling rate, meters with other interpolation filters read more
/// than this one, up to 0.25 dB on white noise (seen with the `ebur128` crate).
const MARGIN_DB: f64 = 0.4;

/// Interpolated points between two samples.
const BETWEEN: usize = 3;
/// Samples that each of them is made from: 12 before, 12 after.
const TAPS: usize = 24;
/// Output is later than input by this inside the limiter.
const DELAY: usize = TAPS / 2 + HOLD + LOOK_AHEAD;

/// Samples that are looked at together: where none of them comes near the ceiling, no point between them is computed.
const GROUP: usize = 64;

/// Limits 48 kHz mono sound.
pub struct Limiter {
    ceiling: f64,
    filters: [[f32; TAPS]; BETWEEN],
    /// No point between samples is higher than this times the highest of the samples it is made from.
    overshoot: f32,
    /// The last `TAPS - 1` samples, oldest first, and then the group at hand.
    window: Vec<f32>,
    /// Highest point between the two newest samples whose neighbours are all known.
    peak_before: f64,
    /// Samples whose output is still to come.
    delayed: VecDeque<f32>,
    minimum: MovingMinimum,
    recovering: f64,
    averages: [MovingAverage; 2],
    /// Samples of the output that stand for the time before the first input.
    lead: usize,
}

impl Limiter {
    /// A limiter to `ceiling` dBTP.
    pub fn new(ceiling: f64) -> Self {
        let filters = interpolators();
        let sums = filters.iter().map(|taps| taps.iter().map(|tap| tap.abs()).sum::<f32>());
        Self {
            ceiling: 10_f64.powf((ceiling - MARGIN_DB) / 20.0),
            overshoot: sums.fold(1.0, f32::max),
            filters,
            window: vec![0.0; TAPS - 1],
            peak_before: 0.0,
            delayed: VecDeque::with_capacity(DELAY + 1),
            minimum: MovingMinimum::new(LOOK_AHEAD + 2 * HOLD + 1),
            recovering: 1.0,
            averages: [MovingAverage::new(LOOK_AHEAD / 2), MovingAverage::new(LOOK_AHEAD / 2 + 1)],
            lead: DELAY,
        }
    }

    /// Takes the next samples, amplified by `gain` (a factor); appends to `out` what is ready.
    pub fn process(&mut self, samples: &[f32], gain: f32, out: &mut Vec<f32>) {
        out.reserve(samples.len());
        for group in samples.chunks(GROUP) {
            self.window.truncate(TAPS - 1);
            self.window.extend(group.iter().map(|sample| sample * gain));
            let highest = self.window.iter().fold(0.0_f32, |highest, sample| highest.max(sample.abs()));
            let near = f64::from(highest * self.overshoot) > self.ceiling;
            for at in 0..group.len() {
                let need = if near { self.needed_gain(at) } else { 1.0 };
                self.step(self.window[at + TAPS - 1], need, out);
            }
            if !near {
                self.peak_before = 0.0;
            }
            self.window.copy_within(group.len().., 0);
        }
    }

    /// Appends the rest, so that as many samples have come out as went in.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        self.process(&[0.0; DELAY], 1.0, out);
    }

    /// The gain at which neither the middle sample of the window's `TAPS` samples from `at`, nor the points on either
    /// side of it, exceed the ceiling.
    fn needed_gain(&mut self, at: usize) -> f64 {
        let samples = &self.window[at..at + TAPS];
        let mut after = 0.0_f32;
        for filter in &self.filters {
            let point: f32 = filter.iter().zip(samples).map(|(tap, sample)| tap * sample).sum();
            after = after.max(point.abs());
        }
        let here = f64::from(samples[TAPS / 2 - 1].abs().max(after)).max(self.peak_before);
        self.peak_before = after.into();
        if here > self.ceiling { self.ceiling / here } else { 1.0 }
    }

    /// Takes the newest sample and the gain that the middle one needs.
    fn step(&mut self, sample: f32, need: f64, out: &mut Vec<f32>) {
        self.delayed.push_back(sample);
        let lowest = self.minimum.push(need);
        // Recover slowly, fall at once: the averages make the fall smooth.
        self.recovering = lowest.min(self.recovering + (1.0 - self.recovering) / RELEASE);
        if self.recovering > 1.0 - 1e-9 {
            self.recovering = lowest.min(1.0);
        }
        let [first, second] = &mut self.averages;
        let gain = second.push(first.push(self.recovering));
        if self.lead > 0 {
            self.lead -= 1;
        } else if let Some(sample) = self.delayed.pop_front() {
            out.push((f64::from(sample) * gain) as f32);
        }
    }
}

/// Filters that give the points a quarter, a half and three quarters of the way between two samples: a sinc under a
/// Kaiser window (β = 6), each scaled to pass a constant unchanged.
fn interpolators() -> [[f32; TAPS]; BETWEEN] {
    const BETA: f64 = 6.0;
    std::array::from_fn(|k| {
        let place = (k + 1) as f64 / (BETWEEN + 1) as f64;
        let taps: [f64; TAPS] = std::array::from_fn(|n| {
            // Distance of tap n from the point, in samples.
            let x = n as f64 - (TAPS / 2 - 1) as f64 - place;
            let sinc = (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x);
            let edge = (2.0 * x / TAPS as f64).abs().min(1.0);
            sinc * bessel(BETA * (1.0 - edge * edge).sqrt()) / bessel(BETA)
        });
        let sum: f64 = taps.iter().sum();
        taps.map(|tap| (tap / sum) as f32)
    })
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// The lowest of the last `length` values.
struct MovingMinimum {
    length: usize,
    count: usize,
    /// Values that may still become the lowest, rising, each with the number of its push.
    candidates: VecDeque<(usize, f64)>,
}

impl MovingMinimum {
    fn new(length: usize) -> Self {
        Self { length, count: 0, candidates: VecDeque::new() }
    }

    fn push(&mut self, value: f64) -> f64 {
        while self.candidates.back().is_some_and(|(_, other)| *other >= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.count, value));
        if self.candidates.front().is_some_and(|(pushed, _)| pushed + self.length <= self.count) {
            self.candidates.pop_front();
        }
        self.count += 1;
        self.candidates.front().map_or(value, |(_, lowest)| *lowest)
    }
}

/// The average of the last `length` values; of ones before the first.
///
/// Sums integers, so that no error gathers over hours and an average of ones is exactly 1.
struct MovingAverage {
    values: VecDeque<u64>,
    sum: u64,
}

impl MovingAverage {
    /// One, as an integer: 240 times this is far below the range.
    const ONE: f64 = (1_u64 << 40) as f64;

    fn new(length: usize) -> Self {
        Self { values: VecDeque::from(vec![1 << 40; length]), sum: (length as u64) << 40 }
    }

    fn push(&mut self, value: f64) -> f64 {
        let value = (value * Self::ONE) as u64;
        self.sum += value;
        self.values.push_back(value);
        self.sum -= self.values.pop_front().unwrap_or(0);
        self.sum as f64 / (Self::ONE * self.values.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loudness::Meter;
    use std::f64::consts::TAU;

    fn limit(samples: &[f32], gain: f32, ceiling: f64) -> Vec<f32> {
        let mut limiter = Limiter::new(ceiling);
        let mut out = Vec::new();
        samples.chunks(333).for_each(|block| limiter.process(block, gain, &mut out));
        limiter.finish(&mut out);
        out
    }

    fn true_peak(samples: &[f32]) -> f64 {
        let mut meter = Meter::default();
        meter.push(samples);
        meter.finish().true_peak_dbtp
    }

    #[test]
    fn sound_below_the_ceiling_comes_out_as_it_went_in() {
        for length in [0, 1, 100, 50_000_usize] {
            let sound: Vec<f32> = (0..length).map(|n| 0.8 * (n as f32 * 0.13).sin()).collect();
            assert_eq!(limit(&sound, 1.0, -1.5), sound);
        }
    }

    /// Sounds that are hard on a limiter, 2 s each.
    fn hard(kind: &str) -> Vec<f32> {
        let mut noise = 0x1234_5678_u32;
        (0..96_000_u32)
            .map(|n| {
                let t = f64::from(n) / 48_000.0;
                (match kind {
                    // A quarter of the rate at 45 degrees: its samples are 3 dB below its peaks.
                    "between samples" => (TAU * 12_000.0 * t + TAU / 8.0).sin(),
                    "high" => (TAU * 15_500.0 * t + 0.3).sin(),
                    "square" => (TAU * 441.0 * t).sin().signum(),
                    "clicks" => f64::from(u8::from(n % 4_801 == 0)),
                    "bursts" => (TAU * 1_000.0 * t).sin() * if n / 4_800 % 3 == 0 { 1.0 } else { 0.05 },
                    "noise" => {
                        noise ^= noise << 13;
                        noise ^= noise >> 17;
                        noise ^= noise << 5;
                        f64::from(noise) / f64::from(u32::MAX) * 2.0 - 1.0
                    }
                    "step" => {
                        if n < 48_000 {
                            0.0
                        } else {
                            (TAU * 300.0 * t).cos()
                        }
                    }
                    other => unreachable!("{other}"),
                }) as f32
            })
            .collect()
    }

    #[rstest::rstest]
    fn the_true_peak_stays_below_the_ceiling(
        #[values("between samples", "high", "square", "clicks", "bursts", "noise", "step")] kind: &str,
        #[values(1.0, 2.0, 10.0)] gain: f32,
    ) {
        let sound = hard(kind);
        let out = limit(&sound, gain, -1.5);
        assert_eq!(out.len(), sound.len());
        let peak = true_peak(&out);
        assert!(peak <= -1.5, "{kind} at {gain}: {peak} dBTP");
    }

    #[test]
    fn the_gain_is_down_in_time_comes_back_and_moves_smoothly() {
        // Constant, so that the output is the gain; a peak of 6 dB over the ceiling in the middle.
        let mut sound = vec![0.1_f32; 96_000];
        sound[48_000] = 2.0;
        let out = limit(&sound, 1.0, 0.0);
        assert!(out[48_000] < 1.0 && out[48_000] > 0.9, "{}", out[48_000]);
        let gain: Vec<f32> = out.iter().zip(&sound).map(|(o, s)| o / s).collect();
        assert!((gain[47_000] - 1.0).abs() < 1e-6, "too early: {}", gain[47_000]);
        assert!(gain[95_000] > 0.999, "not back: {}", gain[95_000]);
        let step = gain.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.01, "{step}");
    }
}
