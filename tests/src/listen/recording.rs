//! A WAV file as samples.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// What a WAV file holds.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Frames a second.
    pub rate: u32,
    /// Samples in a frame.
    pub channels: u16,
    /// Samples, full scale ±1, channels interleaved.
    pub samples: Vec<f32>,
}

impl Recording {
    /// Reads a WAV file of integers (8 to 32 bits) or floats.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut reader = hound::WavReader::open(path).with_context(|| path.display().to_string())?;
        let spec = reader.spec();
        let samples = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
            hound::SampleFormat::Int => {
                let full = f64::from(1u32 << (spec.bits_per_sample - 1));
                reader.samples::<i32>().map(|s| s.map(|s| (f64::from(s) / full) as f32)).collect()
            }
        };
        let samples = samples.with_context(|| path.display().to_string())?;
        Ok(Self { rate: spec.sample_rate, channels: spec.channels, samples })
    }

    /// The first channel.
    pub fn mono(&self) -> Vec<f32> {
        self.samples.iter().step_by(usize::from(self.channels)).copied().collect()
    }

    /// Frames in it.
    pub fn frames(&self) -> usize {
        self.samples.len() / usize::from(self.channels)
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.frames() as f64 / f64::from(self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stereo_file_of_integers_gives_its_samples_and_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for sample in [i16::MIN, 0, 16_384, 1, i16::MAX, 2, -1, 3] {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let recording = Recording::read(&path).unwrap();
        assert_eq!((recording.rate, recording.channels, recording.frames()), (8_000, 2, 4));
        assert_eq!(recording.mono(), [-1.0, 0.5, 32_767.0 / 32_768.0, -1.0 / 32_768.0]);
        assert_eq!(recording.duration(), Duration::from_micros(500));
    }

    #[test]
    fn a_missing_or_broken_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken.wav");
        assert!(format!("{:#}", Recording::read(&path).unwrap_err()).contains("broken.wav"));
        std::fs::write(&path, "RIFF....WAVEnothing").unwrap();
        assert!(Recording::read(&path).is_err());
    }
}
