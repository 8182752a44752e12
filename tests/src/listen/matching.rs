//! Where, how loud and how faithfully a known sound is in what was heard: normalised cross-correlation.

use realfft::RealFftPlanner;

/// Where a reference was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// The sample of what was heard at which the reference begins; negative if its beginning is missing.
    pub offset: isize,
    /// How much louder than the reference; negative if its polarity is reversed.
    pub gain: f64,
    /// 1: the reference, scaled; 0: nothing of it. Noise as loud as the reference gives 0.71; a missing half as well.
    pub similarity: f64,
}

/// Finds the place where `heard` is most like `reference`, wholly inside it or hanging over either end.
///
/// At each offset the correlation is divided by the energies of the whole reference and of the stretch it is laid on
/// (Cauchy-Schwarz, so at most 1). Stretches 60 dB below the loudest count as that loud, so that silence, where any
/// crumb would look like a perfect match, cannot win. `None` if either is empty or silent.
pub fn find(reference: &[f32], heard: &[f32]) -> Option<Match> {
    let reference_energy = energy(reference);
    if reference_energy <= 0.0 || energy(heard) <= 0.0 {
        return None;
    }
    let correlation = correlate(reference, heard);
    let sums = running_energy(heard);
    let (length, end) = (reference.len().cast_signed(), heard.len().cast_signed());
    let before = length - 1;
    // The energy of `heard` under the reference laid at `offset`.
    let under = |offset: isize| {
        let clamp = |index: isize| index.clamp(0, end).cast_unsigned();
        sums[clamp(offset + length)] - sums[clamp(offset)]
    };
    let offsets = -before..end;
    let floor = offsets.clone().map(under).fold(0.0, f64::max) * 1e-6;
    let score = |offset: isize| {
        let product = f64::from(correlation[(offset + before).cast_unsigned()]);
        product.abs() / (reference_energy * under(offset).max(floor)).sqrt()
    };
    let offset = offsets.max_by(|&a, &b| score(a).total_cmp(&score(b)))?;

    // The transform is in single precision: the winner is computed again, exactly.
    let skip = usize::try_from(-offset).unwrap_or(0);
    let start = usize::try_from(offset).unwrap_or(0);
    let pairs = || reference[skip..].iter().zip(&heard[start..]).map(|(&r, &h)| (f64::from(r), f64::from(h)));
    let product: f64 = pairs().map(|(r, h)| r * h).sum();
    let covered: f64 = pairs().map(|(r, _)| r * r).sum();
    let similarity = product.abs() / (reference_energy * under(offset).max(floor)).sqrt();
    Some(Match { offset, gain: product / covered.max(f64::MIN_POSITIVE), similarity: similarity.min(1.0) })
}

fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum()
}

/// `sums[n]` is the energy of the first `n` samples.
fn running_energy(samples: &[f32]) -> Vec<f64> {
    let mut sum = 0.0;
    let rest = samples.iter().map(|&s| {
        sum += f64::from(s) * f64::from(s);
        sum
    });
    std::iter::once(0.0).chain(rest).collect()
}

/// Σ reference[n] · heard[n + offset] for each offset from `1 - reference.len()` to `heard.len() - 1`, in that order.
fn correlate(reference: &[f32], heard: &[f32]) -> Vec<f32> {
    // Correlation is convolution with the reference reversed.
    let length = reference.len() + heard.len() - 1;
    let size = length.next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
    let transform = |samples: &mut dyn Iterator<Item = f32>| {
        let mut input: Vec<f32> = samples.collect();
        input.resize(size, 0.0);
        let mut output = forward.make_output_vec();
        // Only lengths could be wrong, and these vectors are made for them.
        forward.process(&mut input, &mut output).map(|()| output).unwrap_or_default()
    };
    let mut spectrum = transform(&mut heard.iter().copied());
    let reversed = transform(&mut reference.iter().rev().copied());
    for (a, b) in spectrum.iter_mut().zip(&reversed) {
        *a *= b;
    }
    // Real signals have real ends of the spectrum; rounding must not say otherwise.
    for end in [0, spectrum.len() - 1] {
        spectrum[end].im = 0.0;
    }
    let mut output = inverse.make_output_vec();
    let done = inverse.process(&mut spectrum, &mut output);
    debug_assert!(done.is_ok(), "{done:?}");
    output.truncate(length);
    for sample in &mut output {
        *sample /= size as f32;
    }
    output
}

/// White noise of ±0.5, the same for the same seed.
#[cfg(test)]
pub(super) fn noise(frames: usize, seed: u32) -> Vec<f32> {
    let mut state = u64::from(seed) * 2 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..frames).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// `reference` laid into silence at `offset`, scaled.
    fn laid(reference: &[f32], offset: isize, gain: f32, frames: usize) -> Vec<f32> {
        let mut heard = vec![0.0; frames];
        for (n, sample) in reference.iter().enumerate() {
            if let Some(place) = n.checked_add_signed(offset).and_then(|at| heard.get_mut(at)) {
                *place = sample * gain;
            }
        }
        heard
    }

    #[rstest]
    #[case::at_the_start(0, 1.0)]
    #[case::later_and_softer(12_345, 0.25)]
    #[case::louder(777, 1.7)]
    #[case::upside_down(4_000, -0.5)]
    fn a_sound_is_found_where_it_was_put(#[case] offset: isize, #[case] gain: f32) {
        let reference = noise(9_600, 3);
        let found = find(&reference, &laid(&reference, offset, gain, 48_000)).unwrap();
        assert_eq!(found.offset, offset);
        assert!((found.gain - f64::from(gain)).abs() < 1e-6, "{found:?}");
        assert!(found.similarity > 0.999_999, "{found:?}");
    }

    #[test]
    fn a_sound_whose_beginning_is_missing_is_found_before_the_start() {
        let reference = noise(9_600, 3);
        let found = find(&reference, &laid(&reference, -2_400, 1.0, 20_000)).unwrap();
        assert_eq!(found.offset, -2_400);
        assert!((found.gain - 1.0).abs() < 1e-6);
        // A quarter is missing: the square root of three quarters is left.
        assert!((found.similarity - 0.75f64.sqrt()).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn a_loud_stranger_does_not_hide_a_soft_reference() {
        let reference = noise(9_600, 3);
        let mut heard = laid(&reference, 30_000, 0.05, 48_000);
        for (sample, stranger) in heard.iter_mut().zip(noise(20_000, 9)) {
            *sample += stranger;
        }
        let found = find(&reference, &heard).unwrap();
        assert_eq!(found.offset, 30_000);
        assert!(found.similarity > 0.999, "{found:?}");
    }

    #[test]
    fn noise_as_loud_as_the_reference_leaves_seven_tenths() {
        let reference = noise(20_000, 3);
        let mut heard = laid(&reference, 100, 1.0, 30_000);
        for (sample, hiss) in heard.iter_mut().zip(noise(30_000, 5)) {
            *sample += hiss;
        }
        let found = find(&reference, &heard).unwrap();
        assert_eq!(found.offset, 100);
        assert!((found.similarity - 0.5f64.sqrt()).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn a_stranger_is_not_similar() {
        let found = find(&noise(20_000, 3), &noise(40_000, 5)).unwrap();
        assert!(found.similarity < 0.1, "{found:?}");
    }

    #[test]
    fn silence_matches_nothing() {
        let reference = noise(100, 3);
        assert_eq!(find(&reference, &[0.0; 1_000]), None);
        assert_eq!(find(&[0.0; 100], &reference), None);
        assert_eq!(find(&reference, &[]), None);
        assert_eq!(find(&[], &reference), None);
    }

    #[test]
    fn a_reference_longer_than_what_was_heard_is_found() {
        let reference = noise(9_600, 3);
        let found = find(&reference, &reference[3_000..5_000]).unwrap();
        assert_eq!(found.offset, -3_000);
        assert!((found.gain - 1.0).abs() < 1e-6);
    }
}
