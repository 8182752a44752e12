//! Sounds for tests to upload: loud but for their ends, and nowhere like themselves at another place, so that where, when and how whole
//! they were heard can be told to the sample.

/// Frames a second.
pub const RATE: u32 = 48_000;

/// Frames of fading at both ends, and of silence after that: a player ramps where a sound begins or ends loudly, and that ramp would
/// be heard as a difference.
const FADE: usize = RATE as usize / 20;

/// A glide through the speech band, in steps that only repeat after minutes; full scale ±0.5.
pub fn samples(seed: u32, seconds: f64) -> Vec<f32> {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1u32 << 24)
    };
    let frames = (seconds * f64::from(RATE)) as usize;
    let (mut phase, mut pitch, mut aim) = (0.0_f64, 800.0, 800.0);
    let glide = f64::from(RATE) * 0.05;
    (0..frames)
        .map(|frame| {
            if frame % (RATE as usize / 20) == 0 {
                aim = 400.0 + 2_000.0 * random();
            }
            pitch += (aim - pitch) / glide * 4.0;
            phase += std::f64::consts::TAU * pitch / f64::from(RATE);
            let to_an_end = frame.min((frames - frame).saturating_sub(FADE)) as f64;
            (0.5 * phase.sin() * (to_an_end / FADE as f64).min(1.0)) as f32
        })
        .collect()
}

/// The same as a WAV file, 16 bit mono.
pub fn wav(seed: u32, seconds: f64) -> Vec<u8> {
    let samples = samples(seed, seconds);
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    for (value, width) in [(16, 4), (1, 2), (1, 2), (RATE, 4), (RATE * 2, 4), (2, 2), (16, 2)] {
        file.extend_from_slice(&u32::to_le_bytes(value)[..width]);
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()));
    file
}
